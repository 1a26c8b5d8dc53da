import Base
import Codec
import Keys

/// What a legal hold says: no retention drops these snapshots until it ends.
package struct Hold: Sendable, Equatable {
    /// The same for the hold and for its release.
    package let id: ShortID
    /// False for the record that ends it.
    package let isPlaced: Bool
    package let created: Timestamp
    /// Seconds since 1970; nil for a hold that only a release ends.
    package let until: Int64?
    /// Who placed or released it, as the system knows them.
    package let person: String
    package let reason: String
    package let snapshots: [ShortID]

    package init(id: ShortID = .random(), isPlaced: Bool, created: Timestamp, until: Int64?, person: String, reason: String, snapshots: [ShortID]) {
        self.id = id
        self.isPlaced = isPlaced
        self.created = created
        self.until = until
        self.person = person
        self.reason = reason
        self.snapshots = snapshots
    }

    private static let version: UInt8 = 1
    /// Bytes of a text, at most.
    package static let textBytes = 1024
    /// Snapshots of one hold, at most.
    package static let snapshotLimit = 1024

    package var encoded: [UInt8] {
        var w = ByteWriter()
        w.u8(Self.version)
        w.i64(until ?? 0)
        w.text(person)
        w.text(reason)
        w.varint(UInt64(snapshots.count))
        for snapshot in snapshots { w.id(snapshot) }
        // How long a reason is, is nobody's business.
        w.raw([UInt8](repeating: 0, count: (1024 - w.count % 1024) % 1024))
        return w.bytes
    }

    /// `bytes` as `encoded` gives them; the rest is what the record says in clear. Throws `.damaged`, `.format`.
    package init(decoding bytes: [UInt8], id: ShortID, isPlaced: Bool, created: Timestamp) throws {
        self = try bytes.withUnsafeBytes { bytes in
            var r = ByteReader(bytes)
            guard try r.u8() == Self.version else { throw Failure(.format, .newerFormat) }
            let until = try r.i64()
            return Hold(
                id: id, isPlaced: isPlaced, created: created, until: until == 0 ? nil : until, person: try r.text(limit: Self.textBytes, "person"),
                reason: try r.text(limit: Self.textBytes, "reason"),
                snapshots: try (0..<r.count(limit: Self.snapshotLimit, "snapshots")).map { _ in try r.id() })
        }
    }
}

/// The object `holds/<id>`, or `holds/<id>.released`: signed by maintenance, sealed for the catalogue key. A site learns that there is
/// a hold, and when.
///
///     statement body: id 16 · act u8 (1 placed, 2 released) · domain 16 · created 12 · catalogue key block 72 · sealed hold
package struct HoldRecord: Sendable {
    package static let folder = "holds/"

    package let id: ShortID
    package let isPlaced: Bool
    package let domain: ShortID
    package let created: Timestamp
    private let block: KeyBlock
    private let sealed: [UInt8]

    package var key: String { Self.folder + id.hex + (isPlaced ? "" : ".released") }

    package init(_ hold: Hold, domain: CatalogueKey, tenant: ShortID) {
        let key = BlockKey.catalogue(domain, tenant: tenant)
        (id, isPlaced, created) = (hold.id, hold.isPlaced, hold.created)
        self.domain = domain.domain
        block = key.block
        sealed = RecordSeal.seal(hold.encoded, .hold, key: key, tenant: tenant, domain: domain.domain, id: Self.sealID(id, isPlaced), ordinal: 0)
    }

    /// The hold's id and its act in the associated data.
    private static func sealID(_ id: ShortID, _ isPlaced: Bool) -> Digest {
        Digest(id.bytes + [isPlaced ? 1 : 2] + [UInt8](repeating: 0, count: 15))!
    }

    package var body: [UInt8] {
        var w = ByteWriter()
        w.id(id)
        w.u8(isPlaced ? 1 : 2)
        w.id(domain)
        w.timestamp(created)
        w.raw(block.encoded)
        w.counted(sealed)
        return w.bytes
    }

    package init(body: [UInt8]) throws {
        self = try body.decode { r in
            let id = try r.id()
            let act = try r.u8()
            guard act == 1 || act == 2 else { throw Failure(.format, .newerFormat) }
            let domain = try r.id()
            let created = try r.timestamp()
            let block = try KeyBlock(&r)
            guard block.kind == .catalogue else { throw Failure(.damaged, .malformedRecord("key block")) }
            return HoldRecord(
                id: id, isPlaced: act == 1, domain: domain, created: created, block: block, sealed: try r.counted(limit: 48 << 10, "hold"))
        }
    }

    private init(id: ShortID, isPlaced: Bool, domain: ShortID, created: Timestamp, block: KeyBlock, sealed: [UInt8]) {
        self.id = id
        self.isPlaced = isPlaced
        self.domain = domain
        self.created = created
        self.block = block
        self.sealed = sealed
    }

    /// Throws `.key` without the domain's catalogue key.
    package func open(_ keys: KeyRing) throws -> Hold {
        let key = try keys.key(for: block, domain: domain)
        let plain = try sealed.withUnsafeBytes {
            try RecordSeal.open($0, .hold, key: key, tenant: keys.tenant, domain: domain, id: Self.sealID(id, isPlaced), ordinal: 0)
        }
        return try Hold(decoding: plain, id: id, isPlaced: isPlaced, created: created)
    }
}
