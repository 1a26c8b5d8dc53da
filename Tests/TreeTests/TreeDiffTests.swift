import Base
import Repository
import Testing

@Suite struct TreeDiffTests {
    private func changes(_ a: Digest, _ b: Digest, _ pages: MemoryPages) throws -> [TreeDiff.Change] {
        var diff = try TreeDiff(from: TreeReader(source: pages, root: a), to: TreeReader(source: pages, root: b))
        var changes: [TreeDiff.Change] = []
        while let change = try diff.next() { changes.append(change) }
        return changes
    }

    private func naive(_ a: [Entry], _ b: [Entry]) -> [TreeDiff.Change] {
        let from = Dictionary(uniqueKeysWithValues: a.map { ($0.key, $0) })
        let to = Dictionary(uniqueKeysWithValues: b.map { ($0.key, $0) })
        var changes: [(entry: Entry, change: TreeDiff.Change)] = []
        for entry in a {
            guard let other = to[entry.key] else {
                changes.append((entry, .removed(entry)))
                continue
            }
            if other != entry { changes.append((entry, .changed(from: entry, to: other))) }
        }
        for entry in b where from[entry.key] == nil { changes.append((entry, .added(entry))) }
        return changes.sorted { Entry.precedes($0.entry, $1.entry) }.map(\.change)
    }

    /// Some files touched, removed and added, folders removed as a whole.
    private func edited(_ entries: [Entry], _ random: inout Seeded, edits: Int) -> [Entry] {
        var entries = entries
        for _ in 0..<edits {
            let at = random.below(entries.count)
            switch random.below(4) {
            case 0:
                entries[at].mtime = Timestamp(seconds: Int64(random.below(1_000_000)))
            case 1 where entries[at].kind != .folder:
                entries.remove(at: at)
            case 2:
                var new = entries[at]
                new.key += [UInt8(ascii: "0") + UInt8(random.below(10))]
                if Entry.keyProblem(new.key) == nil, !entries.contains(where: { $0.key == new.key }) { entries.append(new) }
            default:
                let key = entries[at].key
                if entries.count(where: { $0.key.isWithin(key) }) < entries.count / 4 { entries.removeAll { $0.key.isWithin(key) } }
            }
        }
        return entries.sorted { Entry.precedes($0, $1) }
    }

    @Test("Differences are those that a comparison of everything finds", arguments: 1...20)
    func equalsNaive(seed: UInt64) throws {
        var random = Seeded(seed)
        let pages = MemoryPages()
        let a = RandomEntries.make(1 + random.below(3_000), seed: seed)
        let b = edited(a, &random, edits: 1 + random.below(30))
        let (rootA, rootB) = (try build(a, into: pages).root, try build(b, into: pages).root)
        #expect(try changes(rootA, rootB, pages) == naive(a, b))
        #expect(try changes(rootB, rootA, pages) == naive(b, a))
        #expect(try changes(rootA, rootA, pages).isEmpty)
    }

    @Test("Trees that have nothing in common, and empty ones, compare", arguments: 1...5)
    func unrelated(seed: UInt64) throws {
        let pages = MemoryPages()
        let a = RandomEntries.make(2_000, seed: seed)
        let b = RandomEntries.make(200, seed: seed + 100)
        let (rootA, rootB) = (try build(a, into: pages).root, try build(b, into: pages).root)
        let empty = try build([], into: pages).root
        #expect(try changes(rootA, rootB, pages) == naive(a, b))
        #expect(try changes(rootA, empty, pages) == naive(a, []))
        #expect(try changes(empty, rootB, pages) == naive([], b))
    }

    @Test("A small change in 100,000 entries reads a few pages", arguments: 1...2)
    func fewPages(seed: UInt64) throws {
        var random = Seeded(seed)
        let pages = MemoryPages()
        let a = mail(100_000)
        var b = a
        b[1_000 + random.below(90_000)].mtime = Timestamp(seconds: 99)
        b.insert(file("/mail.log"), at: b.count)
        b.remove(at: 50_050)
        let (from, to) = (try build(a, into: pages), try build(b, into: pages))
        pages.forgetReads()
        #expect(try changes(from.root, to.root, pages).count == 3)
        #expect(pages.reads.count <= 2 * 3 * 3 * Int(to.levels))
        #expect(pages.pages.count > 200)
    }
}
