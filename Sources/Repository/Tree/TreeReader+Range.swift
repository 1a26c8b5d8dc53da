import Base

// A tree is one sorted map, so a part of it is a range of keys: what a rotating restore test takes, one after the other.
extension TreeReader {
    /// The first key that is `from` or comes after it, among `prefix` and what is below it; nil when there is none.
    package func firstKey(under prefix: [UInt8] = [], from: [UInt8]) throws -> [UInt8]? {
        var walk = try TreeWalk(source: source, root: root)
        try walk.seek(prefix.precedes(from) ? from : prefix)
        guard let key = walk.nextKey, key.isWithin(prefix) else { return nil }
        return key
    }

    /// The entries of `prefix` and below it from the key `from` on, in order; the folders above the first are not among them.
    package func entries(under prefix: [UInt8] = [], from: [UInt8]) throws -> EntryStream {
        try EntryStream(source: source, root: root, under: prefix, from: from)
    }

    /// The sizes of the files whose keys come before `key`, holes included. Reads one page of each level.
    package func bytes(before key: [UInt8]) throws -> UInt64 {
        var page = try source.treePage(root)
        var sum: UInt64 = 0
        while page.level > 0 {
            let after = page.rows.firstIndex(sortedWhere: { key.precedes($0.key) })
            guard after > 0 else { return sum }
            for row in page.rows[..<(after - 1)] { sum = sum.addingSaturated(row.bytes) }
            let below = try source.treePage(page.rows[after - 1].child)
            // Else two pages that name each other would be gone round for ever.
            guard below.level == page.level - 1 else { throw Failure(.damaged, .damagedTree("level"), object: "page \(page.rows[after - 1].child)") }
            page = below
        }
        for entry in page.entries {
            guard entry.key.precedes(key) else { break }
            sum = sum.addingSaturated(entry.size)
        }
        return sum
    }
}
