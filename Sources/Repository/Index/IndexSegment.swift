import Base
import Codec
import Keys

/// Where a blob is: which pack, and which of its bytes.
package struct IndexRow: Sendable, Equatable, Comparable {
    package let id: Digest
    /// Index into the segment's packs.
    package let pack: UInt32
    package let offset: UInt32
    package let length: UInt32

    package init(id: Digest, pack: UInt32, offset: UInt32, length: UInt32) {
        self.id = id
        self.pack = pack
        self.offset = offset
        self.length = length
    }

    package static func < (l: IndexRow, r: IndexRow) -> Bool {
        l.id != r.id ? l.id < r.id : l.pack != r.pack ? l.pack < r.pack : l.offset < r.offset
    }
}

/// A pack that a segment lists, and the node that sealed it: who sealed decides who may reuse.
package struct IndexedPack: Sendable, Equatable {
    package let key: PackKey
    package let writer: KeyID

    package init(key: PackKey, writer: KeyID) {
        self.key = key
        self.writer = writer
    }
}

/// The object `index/<session>.<n>`: a sorted table from blob id to place, for some packs of a domain.
/// Signed by its writer, sealed for the catalogue key.
///
///     statement body: domain 16 · site 16 · name 25 · created 12 · catalogue key block 72 · sealed table
///     table: pack count u32 · packs: sha256 32, session 20, attempt u8, writer 32
///            row count u32 · rows: id 32, pack u32, offset u32, length u32, by id
package struct IndexSegment: Sendable {
    /// Rows of a segment, at most.
    package static let rowLimit = 1 << 20
    private static let packLimit = 1 << 18

    package let domain: ShortID
    package let packs: [IndexedPack]
    package let rows: [IndexRow]

    package init(domain: ShortID, packs: [IndexedPack], rows: [IndexRow]) {
        self.domain = domain
        self.packs = packs
        self.rows = rows.sorted()
    }

    /// The statement body, sealed under `key`, a fresh catalogue key block.
    package func body(_ name: SegmentKey, site: ShortID, created: Timestamp = .now(), tenant: ShortID, key: BlockKey) -> [UInt8] {
        var table = ByteWriter(capacity: 8 + packs.count * 85 + rows.count * 44)
        table.u32(UInt32(packs.count))
        for pack in packs {
            pack.key.write(to: &table)
            table.digest(pack.writer)
        }
        table.u32(UInt32(rows.count))
        for row in rows {
            table.digest(row.id)
            table.u32(row.pack)
            table.u32(row.offset)
            table.u32(row.length)
        }
        var w = ByteWriter()
        w.id(domain)
        w.id(site)
        name.write(to: &w)
        w.timestamp(created)
        w.raw(key.block.encoded)
        w.raw(RecordSeal.seal(table.bytes, .segment, key: key, tenant: tenant, domain: domain))
        return w.bytes
    }

    /// What any reader may see of a segment.
    package struct Clear: Sendable {
        package let domain: ShortID
        package let site: ShortID
        package let name: SegmentKey
        package let created: Timestamp

        fileprivate init(_ r: inout ByteReader) throws {
            domain = try r.id()
            site = try r.id()
            name = try SegmentKey(&r)
            created = try r.timestamp()
        }

        package init(ofBody body: [UInt8]) throws {
            self = try body.withUnsafeBytes { bytes in
                var r = ByteReader(bytes)
                return try Clear(&r)
            }
        }
    }

    package init(body: [UInt8], tenant: ShortID, keys: KeyRing) throws {
        self = try body.withUnsafeBytes { bytes in
            var r = ByteReader(bytes)
            let domain = try Clear(&r).domain
            let block = try KeyBlock(&r)
            guard block.kind == .catalogue else { throw Failure(.damaged, .malformedRecord("key block")) }
            let table = try RecordSeal.open(
                try r.view(r.remaining), .segment, key: keys.key(for: block, domain: domain), tenant: tenant, domain: domain)
            return try table.decode { r in
                let packCount = Int(try r.u32())
                guard packCount <= Self.packLimit, packCount * 85 <= r.remaining else { throw Failure(.damaged, .malformedRecord("packs")) }
                let packs = try (0..<packCount).map { _ in IndexedPack(key: try PackKey(&r), writer: try r.digest()) }
                let rowCount = Int(try r.u32())
                guard rowCount <= Self.rowLimit, rowCount * 44 == r.remaining else { throw Failure(.damaged, .malformedRecord("rows")) }
                var rows: [IndexRow] = []
                rows.reserveCapacity(rowCount)
                for _ in 0..<rowCount {
                    let row = IndexRow(id: try r.digest(), pack: try r.u32(), offset: try r.u32(), length: try r.u32())
                    guard Int(row.pack) < packCount, UInt64(row.offset) + UInt64(row.length) <= UInt64(PackLimits.packBytes),
                        rows.last.map({ $0 < row }) ?? true
                    else { throw Failure(.damaged, .malformedRecord("rows")) }
                    rows.append(row)
                }
                return IndexSegment(sorted: rows, domain: domain, packs: packs)
            }
        }
    }

    private init(sorted rows: [IndexRow], domain: ShortID, packs: [IndexedPack]) {
        self.domain = domain
        self.packs = packs
        self.rows = rows
    }
}
