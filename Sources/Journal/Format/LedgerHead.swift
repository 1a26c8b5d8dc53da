import Base
import Codec

/// Names a chain: the first half of a hash of its origin, so that nobody else's ledger can stand under it.
package typealias ChainID = ShortID

/// How far a chain had come, and the hash of all that was in it: 56 bytes that other signed records can hold.
///
/// Whoever remembers a head finds out when the chain is later shorter, or another up to there. It tells nothing of what the
/// entries say: each segment has a random salt.
package struct LedgerHead: Hashable, Sendable {
    package let chain: ChainID
    /// Entries so far, the erased ones too.
    package let count: UInt64
    /// The link of the last of them; zero where there is none.
    package let hash: Digest

    package static let byteCount = 56

    package init(chain: ChainID, count: UInt64, hash: Digest) {
        self.chain = chain
        self.count = count
        self.hash = hash
    }

    package init(_ r: inout ByteReader) throws {
        chain = try r.id()
        count = try r.u64()
        hash = try r.digest()
    }

    package func write(to w: inout ByteWriter) {
        w.id(chain)
        w.u64(count)
        w.digest(hash)
    }

    /// `<chain>:<count>:<hash>`, for a command line or a sheet of paper.
    package var text: String { "\(chain.hex):\(count):\(hash.hex)" }

    /// Nil for anything else than `text` gives.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let chain = ShortID(hex: parts[0]), let count = UInt64(parts[1]), String(count) == parts[1],
            let hash = Digest(hex: parts[2])
        else { return nil }
        self.init(chain: chain, count: count, hash: hash)
    }
}

/// The highest heads that somebody has seen: kept apart from the journal, they show a rollback of it.
package struct RememberedHeads: Sendable, Equatable {
    /// Most chains that are remembered.
    package static let limit = 65_536
    private static let magic = Array("HDSBHEAD".utf8)

    package private(set) var heads: [ChainID: LedgerHead] = [:]

    package init() {}

    package var all: [LedgerHead] { heads.values.sorted { $0.chain < $1.chain } }

    /// Takes a head that is ahead of the one remembered. Throws `.damaged` where it is behind, or another at the same count:
    /// then the one remembered stays.
    package mutating func advance(to head: LedgerHead) throws {
        if let known = heads[head.chain] {
            guard head.count > known.count || head == known else { throw Failure(.damaged, .journalRolledBack, object: head.chain.hex) }
        } else {
            guard heads.count < Self.limit else { throw Failure(.failed, .journalTooLong("heads", limit: Self.limit)) }
        }
        heads[head.chain] = head
    }

    package var encoded: [UInt8] {
        var w = ByteWriter()
        w.raw(Self.magic)
        w.u16(1)
        w.varint(UInt64(heads.count))
        for head in all { head.write(to: &w) }
        w.digest(sha256(w.bytes))
        return w.bytes
    }

    package init(decoding bytes: [UInt8]) throws {
        guard bytes.count >= 32, sha256(Array(bytes.dropLast(32))) == Digest(bytes.suffix(32)) else { throw Failure(.damaged, .badChecksum) }
        let list = try Array(bytes.dropLast(32)).decode { r in
            guard try r.raw(8) == Self.magic else { throw Failure(.damaged, .malformedRecord("magic")) }
            guard try r.u16() == 1 else { throw Failure(.format, .newerFormat) }
            return try (0..<r.count(limit: Self.limit, "heads")).map { _ in try LedgerHead(&r) }
        }
        for head in list { heads[head.chain] = head }
        guard heads.count == list.count else { throw Failure(.damaged, .malformedRecord("heads")) }
    }

    /// What the file at `path` remembers; nothing where there is none.
    package init(path: String) throws {
        guard let bytes = try Files.read(path, limit: 8 << 20) else {
            self.init()
            return
        }
        do { try self.init(decoding: bytes) } catch let failure as Failure { throw failure.of(path) }
    }

    /// Durable on return.
    package func store(_ path: String) throws { try Files.replace(path, encoded) }
}
