import Base

/// Reads a stored snapshot tree. Everything is checked on the way (see `TreeWalk` and `EntryStream`): what
/// contradicts itself throws `.damaged`, after bounded time and memory.
package struct TreeReader {
    package let source: any PageSource
    package let root: Digest

    package init(source: any PageSource, root: Digest) {
        self.source = source
        self.root = root
    }

    /// What the root page says of the tree: levels, entries, bytes; to compare with the snapshot's own figures.
    package func totals() throws -> TreeBuilder.Result {
        let page = try source.treePage(root)
        return TreeBuilder.Result(root: root, levels: page.level + 1, entries: page.entryCount, bytes: page.byteCount)
    }

    /// Every entry, in order.
    package func entries() throws -> EntryStream { try EntryStream(source: source, root: root, under: []) }

    /// The entry of `prefix` and every one below it, in order; none when it is not there. Reads only the pages
    /// that hold them and the folders above.
    package func entries(under prefix: [UInt8]) throws -> EntryStream {
        try EntryStream(source: source, root: root, under: prefix)
    }

    /// The entry at exactly `key`; nil when there is none. Reads one page of each level.
    package func entry(at key: [UInt8]) throws -> Entry? {
        var walk = try TreeWalk(source: source, root: root)
        return try walk.entry(at: key)
    }

    /// Calls `body` with every entry of the folder `key` (empty for the top) itself, not with what lies below
    /// those. Reads only the pages where they are, however much is below.
    package func forEachChild(of key: [UInt8], _ body: (Entry) throws -> Void) throws {
        var stream = try entries(under: key)
        while let entry = try stream.next() {
            if entry.key == key { continue }
            try body(entry)
            if entry.kind == .folder { try stream.skipBelow() }
        }
    }
}

/// The entries of a tree or of a part of it, in order. Checks that the folder that holds an entry came
/// before it.
package struct EntryStream {
    private var walk: TreeWalk
    private let prefix: [UInt8]
    private var chain = AncestorChain()

    /// `from`: the first key to give, where that is not `prefix` itself.
    init(source: any PageSource, root: Digest, under prefix: [UInt8], from: [UInt8] = []) throws {
        walk = try TreeWalk(source: source, root: root)
        self.prefix = prefix
        var start = prefix
        if prefix.precedes(from) {
            // A walk never goes back: another one finds where to begin, so that this one meets the folders above first.
            start = try TreeReader(source: source, root: root).firstKey(under: prefix, from: from) ?? from
        }
        guard !start.isEmpty else { return }
        for (at, byte) in start.enumerated() where byte == 0 {
            // A folder that is missing here is an error only if something lies below it: `next` finds out.
            guard let folder = try walk.entry(at: Array(start[..<at])) else { continue }
            _ = chain.admit(folder.key, isFolder: folder.kind == .folder)
        }
        try walk.seek(start)
    }

    /// The next entry; nil after the last. Throws `.damaged` where the tree contradicts itself.
    package mutating func next() throws -> Entry? {
        guard let key = walk.nextKey, key.isWithin(prefix), let entry = try walk.entry() else { return nil }
        walk.skip()
        switch chain.admit(entry.key, isFolder: entry.kind == .folder) {
        case .good: return entry
        case .outOfOrder: throw Failure(.damaged, .damagedTree("order"), object: printable(entry.path))
        case .orphan: throw Failure(.damaged, .damagedTree("no folder above"), object: printable(entry.path))
        }
    }

    /// Passes over everything below the entry given last, without reading its pages.
    package mutating func skipBelow() throws {
        // The least key that is not below it: children go on with 0x00.
        guard let last = chain.last, !last.isEmpty else { return }
        try walk.seek(last + [1])
    }
}

extension TreeWalk {
    /// Goes on to `key`; its entry if there is one.
    mutating func entry(at key: [UInt8]) throws -> Entry? {
        try seek(key)
        guard nextKey == key else { return nil }
        return try entry()
    }
}
