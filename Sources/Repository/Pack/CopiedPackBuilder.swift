import Base
import Codec
import Keys

/// A pack made of sealed blobs of other packs, with their key blocks: no key of theirs is needed. One thread at a time.
package final class CopiedPackBuilder {
    private let catalogue: CatalogueKey
    private let tenant: ShortID
    private let target: Int
    private var blobs: [UInt8] = []
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

    /// Whether the blob fits without the pack growing beyond its target or a limit. Into an empty one everything fits.
    package func hasRoom(for row: PackRow, _ block: KeyBlock) -> Bool {
        rows.isEmpty
            || blobs.count + Int(row.length) <= target && rows.count < PackLimits.rows
                && directoryBytes + Self.directoryBytes(row) <= PackLimits.directoryBytes / 2
                && (numbers[block.digest] != nil || blocks.count + 1 < PackLimits.keyBlocks)
    }

    /// `row` as the pack of origin has it; its kind, ordinal and references go with the blob.
    package func add(_ row: PackRow, _ block: KeyBlock, _ sealed: UnsafeRawBufferPointer) {
        var number = numbers[block.digest]
        if number == nil {
            blocks.append(block)
            number = UInt16(blocks.count)
            numbers[block.digest] = number
        }
        rows.append(
            PackRow(
                id: row.id, kind: row.kind, keyBlock: number!, ordinal: row.ordinal, offset: UInt32(blobs.count), length: row.length,
                references: row.references))
        blobs.append(contentsOf: sealed)
        directoryBytes += Self.directoryBytes(row)
    }

    private static func directoryBytes(_ row: PackRow) -> Int { 52 + 32 * row.references.count }

    /// Closes the pack; nil when nothing was added. The builder is empty again.
    package func finish() -> FinishedPack? {
        guard !rows.isEmpty else { return nil }
        let key = BlockKey.catalogue(catalogue, tenant: tenant)
        let header = PackHeader(tenant: tenant, domain: catalogue.domain, keyBlocks: [key.block] + blocks).encoded
        let moved = rows.map { row in
            PackRow(
                id: row.id, kind: row.kind, keyBlock: row.keyBlock, ordinal: row.ordinal, offset: row.offset + UInt32(header.count),
                length: row.length, references: row.references)
        }
        let sealed = RecordSeal.seal(PackDirectory.encode(moved), .directory, key: key, tenant: tenant, domain: catalogue.domain)
        let end = header.count + blobs.count + sealed.count + PackLimits.trailerBytes
        let padding = (PackLimits.step - end % PackLimits.step) % PackLimits.step
        let buffer = Buffer(capacity: end + padding)
        for part in [header, blobs, [UInt8](repeating: 0, count: padding), sealed, PackDirectory.trailer(sealedCount: sealed.count)] {
            buffer.append(part)
        }
        (blobs, rows, blocks, numbers, directoryBytes) = ([], [], [], [:], 0)
        return FinishedPack(digest: sha256(buffer.bytes), buffer: buffer, rows: moved)
    }
}
