import Base

/// Makes the pages of a long chunk list, bottom up, holding at most one page of each level. The same chunks
/// give the same pages. One thread at a time; of no use after an error.
package struct ListBuilder {
    /// What identifies and measures a finished list.
    package struct Result: Hashable, Sendable {
        package let root: Digest
        /// The level of the root page: 0 when there is only one.
        package let level: UInt8
        package let chunkCount: UInt64
        package let length: UInt64
    }

    private let edges: PageEdges
    private let emit: PageEmitter
    private var chunks: [ChunkReference] = []
    /// Unfinished pages of the levels 1 and up.
    private var above: [[ListPage.Row]] = []
    private var chunkCount: UInt64 = 0
    private var length: UInt64 = 0

    /// `edgeKey` is `DomainKeys.pageEdgeKey`.
    package init(edgeKey: [UInt8], emit: @escaping PageEmitter) {
        edges = PageEdges(key: edgeKey)
        self.emit = emit
    }

    /// Adds the chunk that follows, of at least one byte.
    package mutating func append(_ chunk: ChunkReference) throws {
        precondition(chunk.length > 0)
        chunks.append(chunk)
        chunkCount += 1
        length += UInt64(chunk.length)
        if edges.endsList(after: chunk.id, level: 0, count: chunks.count) { try finishChunks() }
    }

    /// Hands on the pages that are left. A level of one page is the top. There must have been a chunk.
    package mutating func finish() throws -> Result {
        precondition(chunkCount > 0)
        if above.isEmpty { return result(try emitChunks(), level: 0) }
        if !chunks.isEmpty { try finishChunks() }
        var index = 0
        while true {
            if index == above.count - 1 {
                if above[index].count == 1 { return result(above[index][0].child, level: index) }
                return result(try emitRows(index), level: index + 1)
            }
            if !above[index].isEmpty { try finishRows(index) }
            index += 1
        }
    }

    private func result(_ root: Digest, level: Int) -> Result {
        Result(root: root, level: UInt8(level), chunkCount: chunkCount, length: length)
    }

    private func emitChunks() throws -> Digest {
        var seen = Set<Digest>()
        let references = chunks.lazy.map(\.id).filter { seen.insert($0).inserted }
        return try emit(.listPage, ListPage.encode(chunks), Array(references))
    }

    private func emitRows(_ index: Int) throws -> Digest {
        var seen = Set<Digest>()
        let references = above[index].lazy.map(\.child).filter { seen.insert($0).inserted }
        return try emit(.listPage, ListPage.encode(above[index], level: UInt8(index + 1)), Array(references))
    }

    private mutating func finishChunks() throws {
        let length = chunks.reduce(0) { $0 + UInt64($1.length) }
        let row = ListPage.Row(child: try emitChunks(), length: length, chunks: UInt64(chunks.count))
        chunks.removeAll(keepingCapacity: true)
        try add(row, 0)
    }

    private mutating func finishRows(_ index: Int) throws {
        let row = ListPage.Row(
            child: try emitRows(index), length: above[index].reduce(0) { $0 + $1.length },
            chunks: above[index].reduce(0) { $0 + $1.chunks })
        above[index].removeAll(keepingCapacity: true)
        try add(row, index + 1)
    }

    private mutating func add(_ row: ListPage.Row, _ index: Int) throws {
        guard index + 1 < TreeLimits.levels else { throw Failure(.failed, .treeTooDeep) }
        if index == above.count { above.append([]) }
        above[index].append(row)
        if edges.endsList(after: row.child, level: UInt8(index + 1), count: above[index].count) { try finishRows(index) }
    }
}

/// Collects the chunks of one file and says how its entry refers to them: within the entry while they are
/// few, in list pages when there are more.
package struct ChunkListBuilder {
    private let edgeKey: [UInt8]
    private let emit: PageEmitter
    private var chunks: [ChunkReference] = []
    private var list: ListBuilder?

    /// `edgeKey` is `DomainKeys.pageEdgeKey`.
    package init(edgeKey: [UInt8], emit: @escaping PageEmitter) {
        self.edgeKey = edgeKey
        self.emit = emit
    }

    /// Adds the chunk that follows, of at least one byte.
    package mutating func append(_ chunk: ChunkReference) throws {
        if list == nil, chunks.count < TreeLimits.chunks {
            chunks.append(chunk)
            return
        }
        if list == nil {
            list = ListBuilder(edgeKey: edgeKey, emit: emit)
            for earlier in chunks { try list?.append(earlier) }
            chunks = []
        }
        try list?.append(chunk)
    }

    /// What the entry says: no content, chunks, or the root of a list.
    package mutating func finish() throws -> Entry.Content {
        guard let result = try list?.finish() else { return chunks.isEmpty ? .none : .chunks(chunks) }
        return .list(root: result.root, level: result.level, chunkCount: result.chunkCount, length: result.length)
    }
}
