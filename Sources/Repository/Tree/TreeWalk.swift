import Base

/// Goes through a tree in order, page by page: what comes next is an entry, or a page not yet read, which the
/// caller reads or passes over. Holds one decoded page of each level.
///
/// Each page read is checked against what its parent says: level one less, first key, keys within the
/// parent's bounds, entries and bytes below. So keys increase across the whole tree, and nothing can be
/// visited that was not announced.
struct TreeWalk {
    /// What comes next.
    enum Item {
        case entry(Entry)
        case page(TreePage.Row, level: UInt8)
        case end
    }

    private struct Frame {
        let page: TreePage
        var index = 0
        /// Every key in the page comes before this one; nil for no bound.
        let bound: [UInt8]?

        var isDone: Bool { index >= page.count }
    }

    private let source: any PageSource
    private var stack: [Frame] = []

    /// Reads the root page.
    init(source: any PageSource, root: Digest) throws {
        self.source = source
        let page = try source.treePage(root)
        guard page.level == 0 || page.rows.count > 1 else { throw Self.damaged("root of one row", root) }
        stack.append(Frame(page: page, bound: nil))
        settle()
    }

    // Frames are used in place: a copy of one costs more than an entry.
    private var top: Int { stack.count - 1 }

    var next: Item {
        if stack.isEmpty { return .end }
        let index = stack[top].index
        if stack[top].page.level == 0 { return .entry(stack[top].page.entries[index]) }
        return .page(stack[top].page.rows[index], level: stack[top].page.level - 1)
    }

    /// The key that comes next, without a copy of the entry.
    var nextKey: [UInt8]? {
        if stack.isEmpty { return nil }
        let index = stack[top].index
        return stack[top].page.level == 0 ? stack[top].page.entries[index].key : stack[top].page.rows[index].key
    }

    /// Passes over the next entry, or the next page unread.
    mutating func skip() {
        stack[top].index += 1
        settle()
    }

    /// Reads the next page: what comes next is its first entry or row.
    mutating func descend() throws {
        let above = stack[top]
        let row = above.page.rows[above.index]
        let bound = above.index + 1 < above.page.count ? above.page.rows[above.index + 1].key : above.bound
        let page = try source.treePage(row.child)
        guard page.level == above.page.level - 1 else { throw Self.damaged("level", row.child) }
        guard page.firstKey == row.key else { throw Self.damaged("first key", row.child) }
        if let bound, let last = page.lastKey, !last.precedes(bound) { throw Self.damaged("last key", row.child) }
        guard page.entryCount == row.entries, page.byteCount == row.bytes else { throw Self.damaged("sums", row.child) }
        stack[top].index += 1
        stack.append(Frame(page: page, bound: bound))
    }

    /// The entry that comes next, reading the pages above it.
    mutating func entry() throws -> Entry? {
        while true {
            switch next {
            case .entry(let entry): return entry
            case .page: try descend()
            case .end: return nil
            }
        }
    }

    /// Passes over everything before `key`, reading only the pages where it would be. Never goes back.
    mutating func seek(_ key: [UInt8]) throws {
        while let bound = stack.last?.bound, !key.precedes(bound) { stack.removeLast() }
        settle()
        while let frame = stack.last {
            if frame.page.level == 0 {
                stack[top].index = max(frame.index, frame.page.entries.firstIndex(sortedWhere: { !$0.key.precedes(key) }))
                settle()
                return
            }
            // The page of `key` is the last one whose first key does not come after it.
            let after = frame.page.rows.firstIndex(sortedWhere: { key.precedes($0.key) })
            guard after > frame.index else { return }
            stack[top].index = after - 1
            try descend()
        }
    }

    /// Leaves the pages that are done.
    private mutating func settle() {
        while !stack.isEmpty, stack[top].isDone { stack.removeLast() }
    }

    private static func damaged(_ rule: String, _ page: Digest) -> Failure {
        Failure(.damaged, .damagedTree(rule), object: "page \(page)")
    }
}

extension Array {
    /// The first index whose element satisfies `predicate`, by bisection; `count` when none does. Once one does,
    /// all that follow must.
    func firstIndex(sortedWhere predicate: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
