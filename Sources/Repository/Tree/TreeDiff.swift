import Base

/// The differences between two trees, in order of keys. Subtrees of the same page id are passed over unread,
/// so that the cost is that of the changes.
package struct TreeDiff {
    package enum Change: Hashable, Sendable {
        /// Only in the second tree.
        case added(Entry)
        /// Only in the first tree.
        case removed(Entry)
        /// In both, with the same key, and not equal.
        case changed(from: Entry, to: Entry)
    }

    // Nil when there is nothing to compare.
    private var a: TreeWalk?
    private var b: TreeWalk?

    /// Compares `a`, the earlier, with `b`. Both must be of the same domain for equal parts to have equal ids.
    package init(from a: TreeReader, to b: TreeReader) throws {
        if a.root == b.root { return }
        self.a = try TreeWalk(source: a.source, root: a.root)
        self.b = try TreeWalk(source: b.source, root: b.root)
    }

    /// The next difference; nil after the last. Throws `.damaged` where a tree contradicts itself.
    ///
    /// Both sides stand at an entry or at a page not yet read. Everything before either was dealt with, so
    /// two pages of the same id can be passed over wherever they meet. Otherwise the side whose key comes
    /// first goes on; where keys are equal, the side that is higher up in its tree reads its page.
    package mutating func next() throws -> Change? {
        while let left = a?.next, let right = b?.next {
            switch (left, right) {
            case (.end, .end):
                return nil
            case (.page(let x, let xLevel), .page(let y, let yLevel)):
                if x.child == y.child {
                    a?.skip()
                    b?.skip()
                    continue
                }
                let xFirst = x.key.precedes(y.key)
                let yFirst = !xFirst && x.key != y.key
                if xFirst || (!yFirst && xLevel >= yLevel) { try a?.descend() }
                if yFirst || (!xFirst && yLevel >= xLevel) { try b?.descend() }
            case (.page(let x, _), .entry(let y)):
                if y.key.precedes(x.key) { return added(y) }
                try a?.descend()
            case (.entry(let x), .page(let y, _)):
                if x.key.precedes(y.key) { return removed(x) }
                try b?.descend()
            case (.page, .end):
                try a?.descend()
            case (.end, .page):
                try b?.descend()
            case (.entry(let x), .end):
                return removed(x)
            case (.end, .entry(let y)):
                return added(y)
            case (.entry(let x), .entry(let y)):
                if x.key.precedes(y.key) { return removed(x) }
                if y.key.precedes(x.key) { return added(y) }
                a?.skip()
                b?.skip()
                if x != y { return .changed(from: x, to: y) }
            }
        }
        return nil
    }

    private mutating func removed(_ entry: Entry) -> Change {
        a?.skip()
        return .removed(entry)
    }

    private mutating func added(_ entry: Entry) -> Change {
        b?.skip()
        return .added(entry)
    }
}
