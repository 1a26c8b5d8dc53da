import Base
import Codec
import Keys

/// What all objects of the journal begin with, and the labels that keep its hashes and signatures apart from all others.
enum Wire {
    enum ObjectType: UInt8 {
        /// Header, entries, and a closing when it is closed.
        case segment = 1
        /// The closing alone: what is left of an erased segment, or what is known of one whose content is elsewhere.
        case stub = 2
        case erasure = 3
    }

    static let magic = Array("HDSBJRNL".utf8)
    static let version: UInt16 = 1
    /// SHA-256, Ed25519, ML-DSA-65.
    static let suite: UInt16 = 1
    static let prefixCount = 16

    static let chainLabel = Array("hdsbackup/1 journal chain".utf8)
    static let segmentLabel = Array("hdsbackup/1 journal segment".utf8)
    static let entryLabel = Array("hdsbackup/1 journal entry".utf8)
    static let closingLabel = Array("hdsbackup/1 journal closing".utf8)
    static let erasureLabel = Array("hdsbackup/1 journal erasure".utf8)

    static func writePrefix(_ type: ObjectType, to w: inout ByteWriter) {
        w.raw(magic)
        w.u16(version)
        w.u16(suite)
        w.u8(type.rawValue)
        w.raw([0, 0, 0])
    }

    /// Throws `.damaged` for what is no object of a journal, `.format` for a newer one.
    static func readPrefix(_ r: inout ByteReader) throws -> ObjectType {
        guard try r.raw(8) == magic else { throw Failure(.damaged, .malformedRecord("magic")) }
        guard try r.u16() == version, try r.u16() == suite else { throw Failure(.format, .newerFormat) }
        let type = try r.u8()
        guard try r.raw(3) == [0, 0, 0] else { throw Failure(.damaged, .malformedRecord("type")) }
        guard let known = ObjectType(rawValue: type) else { throw Failure(.format, .newerFormat) }
        return known
    }
}

/// Signatures under an object: as many as its ledger needs, all by one key.
struct Signatures: Sendable, Equatable {
    let list: [Signature]

    static func algorithms(_ ledger: Ledger) -> [Signature.Algorithm] { ledger.isLasting ? [.ed25519, .mldsa65] : [.ed25519] }

    /// Bytes that the signatures of a ledger take.
    static func count(_ ledger: Ledger) -> Int { algorithms(ledger).reduce(1) { $0 + 33 + $1.count } }

    init(_ message: [UInt8], _ ledger: Ledger, by key: SigningKey) throws { list = try key.sign(message, lasting: ledger.isLasting) }

    init(_ r: inout ByteReader, _ ledger: Ledger) throws {
        let needed = Self.algorithms(ledger)
        guard Int(try r.u8()) == needed.count else { throw Failure(.damaged, .malformedRecord("signatures")) }
        list = try needed.map { algorithm in
            guard try r.u8() == algorithm.rawValue else { throw Failure(.damaged, .malformedRecord("signature")) }
            return Signature(algorithm: algorithm, signer: try r.digest(), bytes: try r.raw(algorithm.count))
        }
    }

    func write(to w: inout ByteWriter) {
        w.u8(UInt8(list.count))
        for signature in list {
            w.u8(signature.algorithm.rawValue)
            w.digest(signature.signer)
            w.raw(signature.bytes)
        }
    }

    /// Whose they claim to be; nil where they are of several.
    var signer: KeyID? {
        guard let first = list.first, list.allSatisfy({ $0.signer == first.signer }) else { return nil }
        return first.signer
    }

    func verify(_ key: VerifyingKey, _ message: [UInt8]) -> Bool {
        let id = key.id
        return list.allSatisfy { $0.signer == id && key.verifies($0, message) }
    }
}

/// The names of objects in the folder of a chain.
enum ObjectName: Hashable {
    case open
    case segment(UInt32, attempt: UInt8)
    case stub(UInt32)
    case erasure(UInt32)
    /// What a writer keeps for itself, or set aside: no part of the chain.
    case own
    case unknown

    init(_ name: String) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        if name == "open" {
            self = .open
        } else if name.hasPrefix("new-") || name.hasPrefix("aside-") {
            self = .own
        } else if name.hasPrefix("erasure-"), let number = Self.number(name.dropFirst(8)) {
            self = .erasure(number)
        } else if parts.count == 1, let number = Self.number(name) {
            self = .segment(number, attempt: 0)
        } else if parts.count == 2, let number = Self.number(parts[0]), parts[1] == "stub" {
            self = .stub(number)
        } else if parts.count == 2, let number = Self.number(parts[0]), let attempt = UInt8(parts[1]), attempt > 0, String(attempt) == parts[1] {
            self = .segment(number, attempt: attempt)
        } else {
            self = .unknown
        }
    }

    /// Ten digits, so that names list in the order of numbers.
    static func digits(_ number: UInt32) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 10 - digits.count) + digits
    }

    private static func number(_ text: some StringProtocol) -> UInt32? {
        guard text.utf8.count == 10, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt32(text)
    }

    static let openName = "open"
    static func segmentName(_ number: UInt32) -> String { digits(number) }
    static func stubName(_ number: UInt32) -> String { digits(number) + ".stub" }
    static func erasureName(_ number: UInt32) -> String { "erasure-" + digits(number) }
}
