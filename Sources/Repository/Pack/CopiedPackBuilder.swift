import Base
import Codec
import Keys

/// A pack made of sealed blobs of other packs, with their key blocks: no key of theirs is needed. One thread at a time.
///
/// The blobs lie where the pack will, behind room for the longest header: memory is that of one pack.
package final class CopiedPackBuilder {
    private static let headRoom = PackLimits.headerBytes + PackLimits.keyBlocks * KeyBlock.mostBytes
    private static let tailRoom = PackLimits.directoryBytes + AEAD.overhead + PackLimits.trailerBytes + PackLimits.step

    private let catalogue: CatalogueKey
    private let tenant: ShortID
    private let target: Int
    private var buffer: Buffer?
    private var blobBytes = 0
    private var rows: [PackRow] = []
    /// Block 0 is the pack's own; it is made when the pack is finished.
    private var blocks: [KeyBlock] = []
    private var numbers: [Digest: UInt16] = [:]
    private var directoryBytes = 0

    /// `target`: bytes of a pack, about.
    package init(_ catalogue: CatalogueKey, tenant: ShortID, target: Int) {
        self.catalogue = catalogue
        self.tenant = tenant
        self.target = target
    }

    package var isEmpty: Bool { rows.isEmpty }

    /// Whether the blobs fit without the pack growing beyond its target or a limit. `blocks`: theirs, by the rows' numbers.
    package func hasRoom(for more: [PackRow], _ blocks: [KeyBlock]) -> Bool {
        let others = Set(more.map(\.keyBlock)).filter { numbers[blocks[Int($0)].digest] == nil }
        return blobBytes + more.reduce(0) { $0 + Int($1.length) } <= target && rows.count + more.count <= PackLimits.rows
            && directoryBytes + more.reduce(0) { $0 + Self.directoryBytes($1) } <= PackLimits.directoryBytes / 2
            && self.blocks.count + 1 + others.count <= PackLimits.keyBlocks
    }

    /// Makes room for `bytes` of blobs in a pack that is empty. What is not written to costs no memory.
    private func space(for bytes: Int) -> Buffer {
        let capacity = Self.headRoom + bytes + Self.tailRoom
        if let buffer, !rows.isEmpty || buffer.capacity >= capacity { return buffer }
        let new = Buffer(capacity: capacity)
        buffer = new
        return new
    }

    /// Adds blobs: `rows` as the pack of origin has them (kind, ordinal and references go with the blob), `blocks` its key blocks. Calls `fill` with the place of each
    /// blob, in the rows' order, to be written to before it returns. Where it throws nothing was added.
    package func add(_ more: [PackRow], _ blocks: [KeyBlock], _ fill: ([UnsafeMutableRawBufferPointer]) throws -> Void) throws {
        let length = more.reduce(0) { $0 + Int($1.length) }
        let buffer = space(for: max(target, length))
        var places: [UnsafeMutableRawBufferPointer] = []
        places.reserveCapacity(more.count)
        var end = Self.headRoom + blobBytes
        precondition(end + length + Self.tailRoom <= buffer.capacity)
        for row in more {
            places.append(UnsafeMutableRawBufferPointer(start: buffer.base + end, count: Int(row.length)))
            end += Int(row.length)
        }
        try fill(places)
        for row in more { note(row, blocks[Int(row.keyBlock)]) }
    }

    private func note(_ row: PackRow, _ block: KeyBlock) {
        let number =
            numbers[block.digest]
            ?? {
                blocks.append(block)
                numbers[block.digest] = UInt16(blocks.count)
                return UInt16(blocks.count)
            }()
        rows.append(
            PackRow(
                id: row.id, kind: row.kind, keyBlock: number, ordinal: row.ordinal, offset: UInt32(blobBytes), length: row.length,
                references: row.references))
        blobBytes += Int(row.length)
        directoryBytes += Self.directoryBytes(row)
    }

    private static func directoryBytes(_ row: PackRow) -> Int { 52 + 32 * row.references.count }

    /// Closes the pack; nil when nothing was added. The builder is empty again.
    package func finish() -> FinishedPack? {
        guard !rows.isEmpty, let buffer else { return nil }
        let key = BlockKey.catalogue(catalogue, tenant: tenant)
        let header = PackHeader(tenant: tenant, domain: catalogue.domain, keyBlocks: [key.block] + blocks).encoded
        rows = rows.map { row in
            PackRow(
                id: row.id, kind: row.kind, keyBlock: row.keyBlock, ordinal: row.ordinal, offset: row.offset + UInt32(header.count),
                length: row.length, references: row.references)
        }
        let sealed = RecordSeal.seal(PackDirectory.encode(rows), .directory, key: key, tenant: tenant, domain: catalogue.domain)
        let end = header.count + blobBytes + sealed.count + PackLimits.trailerBytes
        let padding = (PackLimits.step - end % PackLimits.step) % PackLimits.step
        buffer.append(header)
        (buffer.base + header.count).copyMemory(from: buffer.base + Self.headRoom, byteCount: blobBytes)
        buffer.count += blobBytes
        (buffer.base + buffer.count).initializeMemory(as: UInt8.self, repeating: 0, count: padding)
        buffer.count += padding
        for part in [sealed, PackDirectory.trailer(sealedCount: sealed.count)] { buffer.append(part) }
        defer { (self.buffer, blobBytes, rows, blocks, numbers, directoryBytes) = (nil, 0, [], [], [:], 0) }
        return FinishedPack(digest: sha256(buffer.bytes), buffer: buffer, rows: rows)
    }
}
