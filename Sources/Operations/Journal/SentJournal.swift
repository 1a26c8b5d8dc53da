import Base
import Journal

/// How far a site has this machine's ledgers, as this machine remembers: of each chain, how many closings and how many erasures. A cache: without it
/// the site is asked.
struct SentJournal: Equatable {
    private struct Reach: Equatable {
        var closings: UInt32 = 0
        var erasures: UInt32 = 0
    }

    private var chains: [ChainID: Reach] = [:]

    /// Of the objects in the folders of chains that the site has now: closed segments, stubs and erasures, each without gaps.
    init(_ objects: [(ChainID, String)]) {
        for (chain, name) in objects {
            if let number = Self.number(name) { chains[chain, default: Reach()].closings = max(chains[chain]?.closings ?? 0, number + 1) }
            if let number = Self.erasure(name) { chains[chain, default: Reach()].erasures = max(chains[chain]?.erasures ?? 0, number + 1) }
        }
    }

    /// Nil where there is none, or none that can be read.
    init?(path: String) throws {
        guard let bytes = try Files.read(path, limit: 1 << 20) else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 3, let chain = ShortID(hex: parts[0]), let closings = UInt32(parts[1]), let erasures = UInt32(parts[2]) else {
                return nil
            }
            chains[chain] = Reach(closings: closings, erasures: erasures)
        }
    }

    func store(_ path: String) throws {
        let lines = chains.sorted { $0.key < $1.key }.map { "\($0.key.hex) \($0.value.closings) \($0.value.erasures)\n" }
        try Files.replace(path, Array(lines.joined().utf8))
    }

    func covers(_ chain: ChainID, _ name: String) -> Bool {
        guard let reach = chains[chain] else { return false }
        if let number = Self.erasure(name) { return number < reach.erasures }
        return Self.number(name).map { $0 < reach.closings } ?? false
    }

    private static func number(_ name: String) -> UInt32? {
        let digits = name.prefix(10)
        return digits.utf8.count == 10 && (name.utf8.count == 10 || name.hasSuffix(".stub")) ? UInt32(digits) : nil
    }

    private static func erasure(_ name: String) -> UInt32? { name.hasPrefix("erasure-") ? UInt32(name.dropFirst(8)) : nil }
}
