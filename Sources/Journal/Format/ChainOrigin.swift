import Base
import Codec
import Keys

/// Whose chain it is: said once for all, and bound into the chain's id and into all that is signed of it.
package struct ChainOrigin: Hashable, Sendable {
    package let ledger: Ledger
    /// Nil: entries that are of no tenant.
    package let tenant: ShortID?
    /// The one key that closes its segments.
    package let writer: KeyID
    package let created: Timestamp
    /// Random, so that two chains of the same second differ.
    package let nonce: ShortID
    /// Where the chain before it ended, after a change of key or a loss of the folder; nil for a first one.
    package let follows: LedgerHead?

    package static let byteCount = 77 + LedgerHead.byteCount

    package init(ledger: Ledger, tenant: ShortID?, writer: KeyID, created: Timestamp, nonce: ShortID = .random(), follows: LedgerHead? = nil) {
        self.ledger = ledger
        self.tenant = tenant
        self.writer = writer
        self.created = created
        self.nonce = nonce
        self.follows = follows
    }

    init(_ r: inout ByteReader) throws {
        guard let known = Ledger(rawValue: try r.u8()) else { throw Failure(.format, .newerFormat) }
        ledger = known
        let owner = try r.id()
        tenant = owner == .zero ? nil : owner
        writer = try r.digest()
        created = try r.time()
        nonce = try r.id()
        let before = try LedgerHead(&r)
        follows = before == Self.none ? nil : before
    }

    private static let none = LedgerHead(chain: .zero, count: 0, hash: .zero)

    func write(to w: inout ByteWriter) {
        w.u8(ledger.rawValue)
        w.id(tenant ?? .zero)
        w.digest(writer)
        w.time(created)
        w.id(nonce)
        (follows ?? Self.none).write(to: &w)
    }

    package var id: ChainID {
        var w = ByteWriter(capacity: 192)
        w.raw(Wire.chainLabel)
        write(to: &w)
        return ChainID(sha256(w.bytes))
    }
}
