import Base
import Codec
import Keys

/// Limits that a reader checks before it allocates anything.
package enum PackLimits {
    package static let step = 256 << 10
    package static let packBytes = 128 << 20
    package static let rows = 65_536
    package static let directoryBytes = 8 << 20
    package static let keyBlocks = 256
    package static let chunkBytes = 16 << 20
    package static let pageBytes = 1 << 20
    package static let headerBytes = 56
    package static let trailerBytes = 16
    /// Frame header and tag around a blob's payload.
    package static let blobOverhead = 8 + AEAD.overhead
}

/// One sealed blob of a pack, as its directory lists it.
package struct PackRow: Sendable, Equatable {
    package let id: Digest
    package let kind: BlobKind
    package let keyBlock: UInt16
    /// Its number in the pack where it was sealed: its nonce.
    package let ordinal: UInt32
    package let offset: UInt32
    package let length: UInt32
    /// Chunks and pages that a tree page needs; empty for data, and for list pages, which are open to
    /// whoever reads this.
    package let references: [Digest]

    package init(id: Digest, kind: BlobKind, keyBlock: UInt16, ordinal: UInt32, offset: UInt32, length: UInt32, references: [Digest]) {
        self.id = id
        self.kind = kind
        self.keyBlock = keyBlock
        self.ordinal = ordinal
        self.offset = offset
        self.length = length
        self.references = references
    }
}

/// The clear beginning of a pack.
///
///     magic "HDSBPACK" · version u16 · suite u16 · header length u32 · tenant 16 · domain 16
///     key block count u16 · 6 zero · key blocks
///
/// Key block 0 is the pack's own catalogue block and seals the directory, nothing else.
package struct PackHeader: Sendable {
    private static let magic = Array("HDSBPACK".utf8)

    package let tenant: ShortID
    package let domain: ShortID
    package let keyBlocks: [KeyBlock]

    package init(tenant: ShortID, domain: ShortID, keyBlocks: [KeyBlock]) {
        self.tenant = tenant
        self.domain = domain
        self.keyBlocks = keyBlocks
    }

    package var encoded: [UInt8] {
        let blocks = keyBlocks.flatMap(\.encoded)
        var w = ByteWriter(capacity: PackLimits.headerBytes + blocks.count)
        w.raw(Self.magic)
        w.u16(1)
        w.u16(Statement.suite)
        w.u32(UInt32(PackLimits.headerBytes + blocks.count))
        w.id(tenant)
        w.id(domain)
        w.u16(UInt16(keyBlocks.count))
        w.raw([0, 0, 0, 0, 0, 0])
        w.raw(blocks)
        return w.bytes
    }

    /// Length of the whole header, from its first 56 bytes. Throws `.format` for a newer version,
    /// `.wrongPlace` for another tenant's pack.
    package static func length(_ start: UnsafeRawBufferPointer, tenant: ShortID) throws -> Int {
        var r = ByteReader(start)
        guard try r.raw(8) == magic else { throw Failure(.damaged, .malformedRecord("magic")) }
        guard try r.u16() == 1, try r.u16() == Statement.suite else { throw Failure(.format, .newerFormat) }
        let length = Int(try r.u32())
        guard try r.id() == tenant else { throw Failure(.wrongPlace, .foreignObject) }
        _ = try r.id()
        let count = Int(try r.u16())
        guard (1...PackLimits.keyBlocks).contains(count), length > PackLimits.headerBytes,
            length <= PackLimits.headerBytes + count * KeyBlock.mostBytes
        else {
            throw Failure(.damaged, .malformedRecord("header"))
        }
        return length
    }

    package init(_ bytes: UnsafeRawBufferPointer, tenant: ShortID) throws {
        let length = try Self.length(bytes, tenant: tenant)
        guard length <= bytes.count else { throw Failure(.damaged, .truncatedRecord) }
        var r = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        _ = try r.raw(16)
        self.tenant = try r.id()
        domain = try r.id()
        let count = Int(try r.u16())
        guard try r.raw(6) == [0, 0, 0, 0, 0, 0] else { throw Failure(.damaged, .malformedRecord("header")) }
        keyBlocks = try (0..<count).map { _ in try KeyBlock(&r) }
        try r.finish()
        guard keyBlocks[0].kind == .catalogue else { throw Failure(.damaged, .malformedRecord("key block")) }
    }
}

/// The sealed end of a pack.
package struct PackDirectory: Sendable {
    private static let magic = Array("HDSBPEND".utf8)
    private static let rowBytes = 52

    package let header: PackHeader
    package let rows: [PackRow]

    package static func encode(_ rows: [PackRow]) -> [UInt8] {
        var w = ByteWriter(capacity: 4 + rows.count * (rowBytes + 64))
        w.u32(UInt32(rows.count))
        for row in rows {
            w.digest(row.id)
            w.u8(row.kind.rawValue)
            w.u8(0)
            w.u16(row.keyBlock)
            w.u32(row.ordinal)
            w.u32(row.offset)
            w.u32(row.length)
            w.u32(UInt32(row.references.count))
        }
        for row in rows { for reference in row.references { w.digest(reference) } }
        return w.bytes
    }

    /// Length of the sealed directory, then the magic: the last 16 bytes of a pack.
    package static func trailer(sealedCount: Int) -> [UInt8] {
        var w = ByteWriter()
        w.u32(UInt32(sealedCount))
        w.u32(0)
        w.raw(magic)
        return w.bytes
    }

    /// Length of the sealed directory from the last 16 bytes of a pack of `packSize` bytes.
    package static func sealedCount(_ trailer: UnsafeRawBufferPointer, packSize: Int) throws -> Int {
        var r = ByteReader(trailer)
        let count = Int(try r.u32())
        guard try r.u32() == 0, try r.raw(8) == magic, count >= AEAD.overhead + 4, count <= PackLimits.directoryBytes + AEAD.overhead,
            count + PackLimits.trailerBytes + PackLimits.headerBytes <= packSize
        else { throw Failure(.damaged, .malformedRecord("trailer")) }
        return count
    }

    /// Opens the sealed directory with the catalogue key. Throws `.key` without it.
    package init(header: PackHeader, sealed: UnsafeRawBufferPointer, packSize: Int, keys: KeyRing) throws {
        let key = try keys.key(for: header.keyBlocks[0], domain: header.domain)
        let plain = try RecordSeal.open(sealed, .directory, key: key, tenant: header.tenant, domain: header.domain)
        self.header = header
        rows = try plain.decode { r in
            let count = Int(try r.u32())
            guard count <= PackLimits.rows, count * Self.rowBytes <= r.remaining else { throw Failure(.damaged, .malformedRecord("rows")) }
            var rows: [(Digest, BlobKind, UInt16, UInt32, UInt32, UInt32, Int)] = []
            rows.reserveCapacity(count)
            for _ in 0..<count {
                let id = try r.digest()
                guard let kind = BlobKind(rawValue: try r.u8()), kind.idKind != nil, try r.u8() == 0 else {
                    throw Failure(.damaged, .malformedRecord("row"))
                }
                let block = try r.u16()
                let ordinal = try r.u32()
                let offset = try r.u32()
                let length = try r.u32()
                let references = Int(try r.u32())
                guard block > 0, block < header.keyBlocks.count, (header.keyBlocks[Int(block)].kind == .catalogue) == (kind == .listPage),
                    UInt64(offset) + UInt64(length) <= UInt64(packSize), length >= PackLimits.blobOverhead,
                    references <= PackLimits.directoryBytes / 32
                else { throw Failure(.damaged, .malformedRecord("row")) }
                rows.append((id, kind, block, ordinal, offset, length, references))
            }
            return try rows.map { id, kind, block, ordinal, offset, length, count in
                PackRow(
                    id: id, kind: kind, keyBlock: block, ordinal: ordinal, offset: offset, length: length,
                    references: try (0..<count).map { _ in try r.digest() })
            }
        }
    }
}
