import Base

/// Collects the entries or rows of one tree page and encodes them. Takes what it is given: order and
/// limits are the builder's.
final class TreePageEncoder {
    let level: UInt8
    private(set) var count = 0
    private(set) var firstKey: [UInt8]?
    private(set) var lastRow: TreePage.Row?
    /// Entries in and below the page.
    private(set) var entryCount: UInt64 = 0
    /// Sizes of the files in and below the page.
    private(set) var byteCount: UInt64 = 0
    private var entries = EntryEncoder()
    private var rows = ByteWriter()
    private var children: [Digest] = []

    init(level: UInt8) { self.level = level }

    /// What the page takes so far, but for its header.
    var encodedBytes: Int { level == 0 ? entries.byteCount : rows.count + 32 * children.count }

    func append(_ entry: Entry) {
        if count == 0 { firstKey = entry.key }
        entries.append(entry)
        add(entries: 1, bytes: entry.size)
    }

    func append(_ row: TreePage.Row) {
        let shared = lastRow?.key.commonPrefix(with: row.key) ?? 0
        if count == 0 { firstKey = row.key }
        rows.varint(UInt64(shared))
        rows.counted(row.key[shared...])
        rows.varint(row.entries)
        rows.varint(row.bytes)
        children.append(row.child)
        lastRow = row
        add(entries: row.entries, bytes: row.bytes)
    }

    private func add(entries: UInt64, bytes: UInt64) {
        count += 1
        entryCount = entryCount.addingSaturated(entries)
        byteCount = byteCount.addingSaturated(bytes)
    }

    /// The page and the ids it refers to; what follows goes to the next page.
    func finish() -> (plain: [UInt8], references: [Digest]) {
        let references = level == 0 ? entries.references : children
        var writer = ByteWriter(capacity: 16 + encodedBytes)
        writer.u8(1)
        writer.u8(level)
        writer.u16(0)
        writer.u32(UInt32(count))
        writer.u32(UInt32(references.count))
        for id in references { writer.digest(id) }
        if level == 0 {
            writer.varint(UInt64(entries.ownerCount))
            writer.raw(entries.ownerTable.bytes)
            writer.raw(entries.body.bytes)
        } else {
            writer.raw(rows.bytes)
        }
        removeAll()
        return (writer.bytes, references)
    }

    private func removeAll() {
        count = 0
        firstKey = nil
        lastRow = nil
        entryCount = 0
        byteCount = 0
        entries.removeAll()
        rows.bytes.removeAll(keepingCapacity: true)
        children.removeAll(keepingCapacity: true)
    }
}

extension TreePage {
    /// Encodes entries as one level-0 page, cut nowhere; they must be in order, good, and fit a page.
    package static func encode(_ entries: [Entry]) -> (plain: [UInt8], references: [Digest]) {
        let encoder = TreePageEncoder(level: 0)
        for entry in entries { encoder.append(entry) }
        return encoder.finish()
    }

    /// Encodes rows as one page of `level`, at least 1.
    package static func encode(_ rows: [Row], level: UInt8) -> (plain: [UInt8], references: [Digest]) {
        let encoder = TreePageEncoder(level: level)
        for row in rows { encoder.append(row) }
        return encoder.finish()
    }
}
