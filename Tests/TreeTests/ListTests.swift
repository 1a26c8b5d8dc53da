import Base
import Repository
import Testing

@Suite struct ListTests {
    private let pages = MemoryPages()

    private func chunks(_ count: Int, seed: UInt64 = 5) -> [ChunkReference] {
        var random = Seeded(seed)
        return (0..<count).map { _ in ChunkReference(id: random.digest(), length: 1 + UInt32(random.below(1 << 20))) }
    }

    private func content(_ chunks: [ChunkReference]) throws -> Entry.Content {
        var builder = ChunkListBuilder(edgeKey: edgeKey) { pages.put($0, $1, $2) }
        for chunk in chunks { try builder.append(chunk) }
        return try builder.finish()
    }

    private func read(_ content: Entry.Content) throws -> [ChunkReference] {
        var stream = ChunkStream(source: pages, content: content)
        var chunks: [ChunkReference] = []
        while let chunk = try stream.next() { chunks.append(chunk) }
        return chunks
    }

    @Test("A file's chunks come back in order", arguments: [0, 1, 32, 33, 500, 2_048, 5_000, 150_000])
    func roundTrip(count: Int) throws {
        let chunks = chunks(count)
        let content = try content(chunks)
        #expect(try read(content) == chunks)
        var file = entry("/f", .file)
        file.content = content
        file.size = RandomEntries.length(content)
        #expect(file.problem() == nil)
        if case .list(_, let level, let chunkCount, let length) = content {
            #expect(chunkCount == UInt64(count))
            #expect(length == chunks.reduce(0) { $0 + UInt64($1.length) })
            #expect(level > 0 || pages.pages.count == 1)
        } else {
            #expect(count <= 32)
        }
        for (id, plain) in pages.pages {
            #expect(pages.kinds[id] == .listPage)
            #expect(try ListPage.references(ofPage: plain) == pages.references[id])
        }
    }

    @Test("A chunk that changes, or one more, changes a few pages of a long list")
    func locality() throws {
        var chunks = chunks(100_000)
        _ = try content(chunks)
        let before = pages.pages.count
        chunks[50_000].length += 1
        _ = try content(chunks)
        chunks.insert(ChunkReference(id: .zero, length: 1), at: 20_000)
        _ = try content(chunks)
        #expect(pages.pages.count - before <= 12)
        #expect(before > 100)
    }

    @Test("A file of one chunk over and over takes few pages")
    func repeated() throws {
        let zeros = [ChunkReference](repeating: ChunkReference(id: .zero, length: 65536), count: 100_000)
        let content = try content(zeros)
        #expect(try read(content) == zeros)
        #expect(pages.pages.count < 10)
    }

    @Test("Pages that contradict the entry or each other are damage")
    func lies() throws {
        let chunks = chunks(5_000)
        guard case .list(let root, let level, let count, let length) = try content(chunks) else { throw Failure(.failed, .noSpace) }
        for wrong: Entry.Content in [
            .list(root: root, level: level, chunkCount: count + 1, length: length),
            .list(root: root, level: level, chunkCount: count, length: length - 1),
            .list(root: root, level: level + 1, chunkCount: count, length: length), .list(root: root, level: 0, chunkCount: count, length: length),
        ] {
            #expect(failure { _ = try read(wrong) } == .damaged)
        }
        let page = try ListPage(decoding: pages.pages[root]!)
        for change: (inout ListPage.Row) -> Void in [
            { $0.length += 1 }, { $0.chunks += 1 }, { $0.child = root }, { $0.length = .max }, { $0.chunks = 0 }, { $0.length = 0 },
        ] {
            var rows = page.rows
            change(&rows[1])
            let crafted = pages.put(.listPage, ListPage.encode(rows, level: level))
            let (chunks, bytes) = rows.reduce((UInt64(0), UInt64(0))) { ($0.0 &+ $1.chunks, $0.1 &+ $1.length) }
            #expect(failure { _ = try read(.list(root: crafted, level: level, chunkCount: chunks, length: bytes)) } == .damaged)
        }
        let single = pages.put(.listPage, ListPage.encode([page.rows[0]], level: level))
        #expect(failure { _ = try read(.list(root: single, level: level, chunkCount: page.rows[0].chunks, length: page.rows[0].length)) } == .damaged)
    }

    @Test("Changed list pages are refused, or are what an encoder writes for what they say")
    func mutations() throws {
        var random = Seeded(9)
        let rows = (0..<5).map { ListPage.Row(child: Digest(a: $0, b: 0, c: 0, d: 0), length: 10, chunks: 3) }
        let originals = [ListPage.encode(chunks(10)), ListPage.encode(rows, level: 2)]
        for i in 0..<5_000 {
            let mutated = mutate(originals[i % 2], &random)
            do {
                let page = try ListPage(decoding: mutated)
                #expect((page.level == 0 ? ListPage.encode(page.chunks) : ListPage.encode(page.rows, level: page.level)) == mutated)
            } catch let failure as Failure {
                #expect(failure.kind == .damaged || failure.kind == .format)
            }
        }
    }

    @Test("Counts and levels out of bounds are refused")
    func bounds() {
        let row = ListPage.Row(child: .zero, length: 10, chunks: 3)
        let one = ChunkReference(id: .zero, length: 1)
        for bad in [
            ListPage.encode([]), ListPage.encode([ChunkReference(id: .zero, length: 0)]),
            ListPage.encode([ChunkReference](repeating: one, count: 2049)),
            ListPage.encode([row], level: 8), ListPage.encode([], level: 1), ListPage.encode([ListPage.Row](repeating: row, count: 513), level: 1),
            ListPage.encode([ListPage.Row(child: .zero, length: 2, chunks: 3)], level: 1),
            [1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], [1, 0, 1, 0] + ListPage.encode([one])[4...], ListPage.encode([one]) + [0],
        ] as [[UInt8]] {
            #expect(failure { _ = try ListPage(decoding: bad) } == .damaged)
        }
    }

    @Test("Content within the entry has no chunks to read, or those that stand there")
    func within() throws {
        #expect(try read(.inline([1])).isEmpty)
        #expect(try read(.bundle(id: .zero, offset: 0, length: 1)).isEmpty)
        #expect(try read(.chunks(chunks(3))) == chunks(3))
    }
}
