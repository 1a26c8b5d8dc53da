import Base

/// Hands on a finished page and gives its id. Called from the thread that appends; whoever is behind it
/// hashes, deduplicates, seals and queues. The references are distinct, in order of first use.
package typealias PageEmitter = (_ kind: PageKind, _ plain: [UInt8], _ references: [Digest]) throws -> Digest

/// Makes the pages of a snapshot tree from its entries in order, bottom up. Holds at most one page of each
/// level. The same entries give the same pages. One thread at a time; of no use after an error.
package struct TreeBuilder {
    /// What identifies and measures a finished tree.
    package struct Result: Hashable, Sendable {
        package let root: Digest
        /// Levels of pages, at least 1.
        package let levels: UInt8
        package let entries: UInt64
        /// Sizes of all files, holes included; stays at the largest number when it is reached.
        package let bytes: UInt64
    }

    private let edges: PageEdges
    private let emit: PageEmitter
    private var levels: [TreePageEncoder] = [TreePageEncoder(level: 0)]
    private var chain = AncestorChain()
    private var entryCount: UInt64 = 0
    private var byteCount: UInt64 = 0

    /// `edgeKey` is `DomainKeys.pageEdgeKey`.
    package init(edgeKey: [UInt8], emit: @escaping PageEmitter) {
        edges = PageEdges(key: edgeKey)
        self.emit = emit
    }

    /// Bytes of unfinished pages held now.
    package var heldBytes: Int { levels.reduce(0) { $0 + $1.encodedBytes } }

    /// Adds the entry that follows. Throws `.failed` when it breaks a rule of the format, its key does not
    /// come after the one before, or the folder that holds it was not appended.
    package mutating func append(_ entry: Entry) throws {
        switch chain.admit(entry.key, isFolder: entry.kind == .folder) {
        case .good: break
        case .outOfOrder: throw Failure(.failed, .entryUnfit("order"), object: printable(entry.path))
        case .orphan: throw Failure(.failed, .entryUnfit("no folder above"), object: printable(entry.path))
        }
        if let problem = entry.problem(keyFrom: chain.firstNew) {
            throw Failure(.failed, .entryUnfit("\(problem)"), object: printable(entry.path))
        }
        levels[0].append(entry)
        entryCount += 1
        byteCount = byteCount.addingSaturated(entry.size)
        if edges.endsEntries(after: entry.key, count: levels[0].count, bytes: levels[0].encodedBytes) { try finishPage(0) }
    }

    /// Hands on the pages that are left. A level of one page is the top. A tree without entries is one
    /// empty page.
    package mutating func finish() throws -> Result {
        var level = 0
        while true {
            let isTop = level == levels.count - 1
            if isTop, level > 0, levels[level].count == 1, let row = levels[level].lastRow { return result(row.child, level) }
            if isTop {
                let (plain, references) = levels[level].finish()
                return result(try emit(.treePage, plain, references), level + 1)
            }
            if levels[level].count > 0 { try finishPage(level) }
            level += 1
        }
    }

    private func result(_ root: Digest, _ levels: Int) -> Result {
        Result(root: root, levels: UInt8(levels), entries: entryCount, bytes: byteCount)
    }

    private mutating func finishPage(_ level: Int) throws {
        guard let key = levels[level].firstKey else { return }
        let (entries, bytes) = (levels[level].entryCount, levels[level].byteCount)
        let (plain, references) = levels[level].finish()
        let row = TreePage.Row(key: key, child: try emit(.treePage, plain, references), entries: entries, bytes: bytes)
        let above = level + 1
        guard above < TreeLimits.levels else { throw Failure(.failed, .treeTooDeep) }
        if above == levels.count { levels.append(TreePageEncoder(level: UInt8(above))) }
        levels[above].append(row)
        if edges.endsRows(after: key, level: UInt8(above), count: levels[above].count, bytes: levels[above].encodedBytes) {
            try finishPage(above)
        }
    }
}
