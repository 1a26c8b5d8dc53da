import Base

/// The two kinds of pages: of the tree itself, and of long chunk lists (ids and lengths only).
package enum PageKind: UInt8, Sendable, CaseIterable {
    case treePage = 1
    case listPage = 2
}

/// A page of the snapshot tree, decoded and checked: entries at level 0, rows above.
package struct TreePage: Sendable {
    /// What a page above says about one below.
    package struct Row: Hashable, Sendable {
        /// The first key of the page below.
        package var key: [UInt8]
        package var child: Digest
        /// Entries below, at least 1.
        package var entries: UInt64
        /// The sizes of the files below, holes included; stays at the largest number when it is reached, which
        /// a few sparse files can do.
        package var bytes: UInt64

        package init(key: [UInt8], child: Digest, entries: UInt64, bytes: UInt64) {
            self.key = key
            self.child = child
            self.entries = entries
            self.bytes = bytes
        }
    }

    package let level: UInt8
    /// The entries of a level-0 page, by strictly increasing key.
    package private(set) var entries: [Entry] = []
    /// The rows of a page above, by strictly increasing key.
    package private(set) var rows: [Row] = []
    /// Every id that the entries or rows refer to, once, in order of first use.
    package let references: [Digest]
    /// Entries in and below this page.
    package private(set) var entryCount: UInt64 = 0
    /// The sizes of the files in and below this page.
    package private(set) var byteCount: UInt64 = 0

    package var count: Int { level == 0 ? entries.count : rows.count }
    package var firstKey: [UInt8]? { level == 0 ? entries.first?.key : rows.first?.key }
    package var lastKey: [UInt8]? { level == 0 ? entries.last?.key : rows.last?.key }

    /// Decodes a page. Throws `.damaged` for anything that an encoder does not write: there is one
    /// spelling of each page. Throws `.format` for a newer version.
    package init(decoding plain: [UInt8]) throws {
        guard plain.count <= TreeLimits.pageBytes else { throw Failure(.damaged, .malformedRecord("page length")) }
        self = try plain.decode { try TreePage(from: &$0) }
    }

    private init(from reader: inout ByteReader) throws {
        let header = try Header(from: &reader)
        level = header.level
        references = try header.references(from: &reader)
        guard Set(references).count == references.count else { throw Failure(.damaged, .malformedRecord("reference twice")) }
        if level == 0 {
            try decodeEntries(count: header.count, from: &reader)
        } else {
            try decodeRows(count: header.count, from: &reader)
        }
    }

    /// The ids that a page refers to, without decoding the rest of it.
    package static func references(ofPage plain: [UInt8]) throws -> [Digest] {
        try plain.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            return try Header(from: &reader).references(from: &reader)
        }
    }

    private mutating func add(entries: UInt64, bytes: UInt64) throws {
        let (sum, overflow) = entryCount.addingReportingOverflow(entries)
        guard !overflow else { throw Failure(.damaged, .malformedRecord("entries below")) }
        entryCount = sum
        byteCount = byteCount.addingSaturated(bytes)
    }
}

extension TreePage {
    /// What begins every tree page.
    private struct Header {
        let level: UInt8
        let count: Int
        let referenceCount: Int

        init(from reader: inout ByteReader) throws {
            guard try reader.u8() == 1 else { throw Failure(.format, .newerFormat) }
            level = try reader.u8()
            guard level < TreeLimits.levels, try reader.u16() == 0 else { throw Failure(.damaged, .malformedRecord("page header")) }
            let count = try reader.u32()
            let referenceCount = try reader.u32()
            guard count <= (level == 0 ? TreeLimits.entriesInPage : TreeLimits.rowsInPage), level == 0 || count > 0 else {
                throw Failure(.damaged, .malformedRecord("entry count"))
            }
            guard referenceCount <= TreeLimits.referencesInPage, Int(referenceCount) * 32 <= reader.remaining,
                level == 0 || referenceCount == count
            else { throw Failure(.damaged, .malformedRecord("reference count")) }
            self.count = Int(count)
            self.referenceCount = Int(referenceCount)
        }

        func references(from reader: inout ByteReader) throws -> [Digest] {
            var ids: [Digest] = []
            ids.reserveCapacity(referenceCount)
            for _ in 0..<referenceCount { ids.append(try reader.digest()) }
            return ids
        }
    }

    private mutating func decodeEntries(count: Int, from reader: inout ByteReader) throws {
        var decoder = EntryDecoder(owners: try Owner.table(from: &reader), references: references)
        entries.reserveCapacity(count)
        for _ in 0..<count {
            let entry = try decoder.next(from: &reader)
            try add(entries: 1, bytes: entry.size)
            entries.append(entry)
        }
        try decoder.finish()
    }

    private mutating func decodeRows(count: Int, from reader: inout ByteReader) throws {
        var key: [UInt8] = []
        rows.reserveCapacity(count)
        for i in 0..<count {
            let start = try nextKey(after: &key, isFirst: i == 0, from: &reader)
            if let problem = Entry.keyProblem(key, from: start) { throw Failure(.damaged, .malformedRecord("\(problem)")) }
            let row = Row(key: key, child: references[i], entries: try reader.varint(), bytes: try reader.varint())
            guard row.entries > 0 else { throw Failure(.damaged, .malformedRecord("entries below")) }
            try add(entries: row.entries, bytes: row.bytes)
            rows.append(row)
        }
    }
}

extension UInt64 {
    func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

/// Reads a key written as its difference to the one before, into `key`. Gives the start of the component
/// where they part. Refuses keys that do not increase, and shared prefixes shorter than they could be.
func nextKey(after key: inout [UInt8], isFirst: Bool, from reader: inout ByteReader) throws -> Int {
    let shared = try reader.count(limit: key.count, "shared key bytes")
    let suffix = try reader.view(try reader.count(limit: TreeLimits.keyBytes - shared, "key length"))
    if isFirst {
        key = Array(suffix)
        return 0
    }
    guard let first = suffix.first, shared == key.count || first > key[shared] else {
        throw Failure(.damaged, .malformedRecord("key order"))
    }
    let previous = key
    key = [UInt8](unsafeUninitializedCapacity: shared + suffix.count) { target, count in
        previous.withUnsafeBytes { UnsafeMutableRawBufferPointer(target).copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<shared])) }
        UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[shared...]).copyMemory(from: suffix)
        count = shared + suffix.count
    }
    // Where one key ends and the next goes on, the separator is the first byte of the suffix.
    var start = shared
    while start > 0, key[start - 1] != 0 { start -= 1 }
    return start
}
