import Base

extension TreeReader {
    /// The chunks of an entry's content in order, whether they stand in the entry or in list pages; none for
    /// inline, bundled and empty content.
    package func chunks(of entry: Entry) -> ChunkStream { ChunkStream(source: source, content: entry.content) }
}

/// The chunks of one file, in order. Holds one page of each level; each page is checked against what is
/// said of it above.
package struct ChunkStream {
    private struct Frame {
        let page: ListPage
        var index = 0
    }

    private let source: any PageSource
    private var chunks: [ChunkReference] = []
    private var index = 0
    private var stack: [Frame] = []
    /// A list whose root page is not yet read.
    private var unread: (row: ListPage.Row, level: UInt8)?

    package init(source: any PageSource, content: Entry.Content) {
        self.source = source
        switch content {
        case .none, .inline, .bundle: break
        case .chunks(let chunks): self.chunks = chunks
        case .list(let root, let level, let chunkCount, let length):
            unread = (ListPage.Row(child: root, length: length, chunks: chunkCount), level)
        }
    }

    /// The next chunk; nil after the last. Throws `.damaged` where pages contradict the entry or each other.
    package mutating func next() throws -> ChunkReference? {
        if let (row, level) = unread {
            unread = nil
            try read(row, level: level)
            if level > 0, stack[0].page.rows.count < 2 { throw Self.damaged("root of one row", row.child) }
        }
        while let top = stack.last {
            if top.index == top.page.count {
                stack.removeLast()
                continue
            }
            stack[stack.count - 1].index += 1
            if top.page.level == 0 { return top.page.chunks[top.index] }
            try read(top.page.rows[top.index], level: top.page.level - 1)
        }
        guard index < chunks.count else { return nil }
        index += 1
        return chunks[index - 1]
    }

    private mutating func read(_ row: ListPage.Row, level: UInt8) throws {
        let page = try source.listPage(row.child)
        guard page.level == level else { throw Self.damaged("level", row.child) }
        guard page.length == row.length, page.chunkCount == row.chunks else { throw Self.damaged("sums", row.child) }
        stack.append(Frame(page: page))
    }

    private static func damaged(_ rule: String, _ page: Digest) -> Failure {
        Failure(.damaged, .damagedTree(rule), object: "page \(page)")
    }
}
