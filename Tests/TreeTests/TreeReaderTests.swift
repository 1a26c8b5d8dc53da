import Base
import Repository
import Testing

@Suite struct TreeReaderTests {
    @Test("What lies under a path is what a look through everything finds", arguments: [11, 12, 13] as [UInt64])
    func prefixes(seed: UInt64) throws {
        let pages = MemoryPages()
        let entries = RandomEntries.make(3_000, seed: seed)
        let reader = TreeReader(source: pages, root: try build(entries, into: pages).root)
        for at in stride(from: 0, to: entries.count, by: 41) {
            let prefix = entries[at].key
            #expect(try all(reader.entries(under: prefix)) == entries.filter { $0.key.isWithin(prefix) })
            #expect(try reader.entry(at: prefix) == entries[at])
            var children: [Entry] = []
            try reader.forEachChild(of: prefix) { children.append($0) }
            #expect(children == entries.filter { Array($0.parentKey) == prefix })
        }
        var top: [Entry] = []
        try reader.forEachChild(of: []) { top.append($0) }
        #expect(top == entries.filter { $0.parentKey.isEmpty })
        #expect(try all(reader.entries(under: [])) == entries)
    }

    @Test("What is not there is not found, without an error")
    func missing() throws {
        let pages = MemoryPages()
        let entries = mail(3_000)
        let reader = TreeReader(source: pages, root: try build(entries, into: pages).root)
        for path in ["/0", "/zzz", "/mai", "/mail/1", "/mail/100001/1099.emlx", "/mail/100001/9", "/mail/999999/x/y"] {
            let key = Entry.key(path: Array(path.utf8))
            #expect(try reader.entry(at: key) == nil)
            #expect(try all(reader.entries(under: key)).isEmpty)
        }
    }

    @Test("Reading one folder among 100,000 entries reads a few pages")
    func fewPages() throws {
        let pages = MemoryPages()
        let entries = mail(100_000)
        let result = try build(entries, into: pages)
        let reader = TreeReader(source: pages, root: result.root)
        let box = entries[50_050].parentKey
        pages.forgetReads()
        #expect(try all(reader.entries(under: Array(box))).count == 100)
        #expect(pages.reads.count <= 3 * Int(result.levels))
        pages.forgetReads()
        #expect(try reader.entry(at: entries[75_000].key) != nil)
        #expect(pages.reads.count == Int(result.levels))
        #expect(pages.pages.count > 200)
    }

    @Test("Reading everything reads each page once")
    func onceEach() throws {
        let pages = MemoryPages()
        let result = try build(mail(50_000), into: pages)
        pages.forgetReads()
        var count = 0
        var stream = try TreeReader(source: pages, root: result.root).entries()
        while try stream.next() != nil { count += 1 }
        #expect(count == 50_000)
        #expect(pages.reads.count == pages.pages.count)
    }

    @Test("The entries at a folder are listed without reading what lies deep below")
    func childrenAreCheap() throws {
        let pages = MemoryPages()
        let entries = [entry("/a")] + (0..<60_000).map { file("/a/\(100_000 + $0)") } + [entry("/b"), file("/c")]
        let reader = TreeReader(source: pages, root: try build(entries, into: pages).root)
        pages.forgetReads()
        var names: [[UInt8]] = []
        try reader.forEachChild(of: []) { names.append(Array($0.name)) }
        #expect(names == [[0x61], [0x62], [0x63]])
        #expect(pages.reads.count < 10)
    }
}

/// Pages made by hand, against everything that the reader promises to notice.
@Suite struct CraftedTreeTests {
    private let pages = MemoryPages()

    private func leaf(_ entries: [Entry]) -> TreePage.Row {
        let id = pages.put(.treePage, TreePage.encode(entries).plain)
        return TreePage.Row(
            key: entries.first?.key ?? [0x61], child: id, entries: UInt64(max(entries.count, 1)), bytes: entries.reduce(0) { $0 + $1.size })
    }

    private func above(_ rows: [TreePage.Row], level: UInt8) -> TreePage.Row {
        let id = pages.put(.treePage, TreePage.encode(rows, level: level).plain)
        return TreePage.Row(
            key: rows[0].key, child: id, entries: rows.reduce(0) { $0 &+ $1.entries }, bytes: rows.reduce(0) { $0 &+ $1.bytes })
    }

    /// How reading all of the tree under `row` ends.
    private func outcome(_ row: TreePage.Row) -> Failure.Kind? {
        failure { _ = try all(TreeReader(source: pages, root: row.child).entries()) }
    }

    private var a: TreePage.Row { leaf([entry("/a"), file("/a/x", "12")]) }
    private var b: TreePage.Row { leaf([file("/a/y", "3"), file("/b")]) }

    @Test("A tree put together by hand can be read")
    func good() {
        #expect(outcome(above([a, b], level: 1)) == nil)
    }

    @Test("Sums that lie are damage")
    func sums() {
        for change: (inout TreePage.Row) -> Void in [
            { $0.entries += 1 }, { $0.entries -= 1 }, { $0.bytes += 1 }, { $0.entries = 1 << 60 }, { $0.bytes = .max },
        ] {
            var row = b
            change(&row)
            #expect(outcome(above([a, row], level: 1)) == .damaged)
        }
        let low = above([a], level: 1)
        var high = above([b], level: 1)
        high.entries += 5
        #expect(outcome(above([low, high], level: 2)) == .damaged)
    }

    @Test("Levels that skip, stay or rise are damage")
    func levels() {
        #expect(outcome(above([a, b], level: 2)) == .damaged)
        let one = above([a, b], level: 1)
        let c = leaf([file("/c")])
        #expect(outcome(above([one, above([c], level: 1)], level: 1)) == .damaged)
        #expect(outcome(above([one, above([c], level: 1)], level: 2)) == nil)
        #expect(outcome(above([one, above([c], level: 1)], level: 3)) == .damaged)
    }

    @Test("A tree of eight levels is read, one of nine is damage")
    func depth() {
        var left = a
        var right = b
        for level in 1...6 as ClosedRange<UInt8> {
            left = above([left], level: level)
            right = above([right], level: level)
        }
        #expect(outcome(above([left, right], level: 7)) == nil)
        left = above([left], level: 7)
        right = above([right], level: 7)
        #expect(outcome(above([left, right], level: 8)) == .damaged)
    }

    @Test("A page that contains itself is damage, at once")
    func cycles() {
        for level in 1...7 as ClosedRange<UInt8> {
            let id = Digest(a: UInt64(level), b: 1, c: 1, d: 1)
            var rows = [a, b]
            rows[0].child = id
            pages.plant(TreePage.encode(rows, level: level).plain, as: id)
            pages.forgetReads()
            #expect(failure { _ = try all(TreeReader(source: pages, root: id).entries()) } == .damaged)
            #expect(pages.reads.count <= 2)
        }
    }

    @Test("One page in two places is damage: pages cannot multiply")
    func shared() {
        var twice = a
        twice.key = Entry.key(path: Array("/b".utf8))
        #expect(outcome(above([a, twice], level: 1)) == .damaged)
    }

    @Test("A page that does not begin where its row says, or reaches past the next, is damage")
    func bounds() {
        var row = b
        row.key = Entry.key(path: Array("/a/xa".utf8))
        #expect(outcome(above([a, row], level: 1)) == .damaged)
        let reaching = leaf([entry("/a"), file("/a/x"), file("/a/y")])
        #expect(outcome(above([reaching, b], level: 1)) == .damaged)
        let deep = above([leaf([entry("/a")]), leaf([file("/a/y")])], level: 1)
        #expect(outcome(above([deep, above([b], level: 1)], level: 2)) == .damaged)
    }

    @Test("A root of one row, and an empty page below, are damage")
    func oneRow() {
        #expect(outcome(above([a], level: 1)) == .damaged)
        #expect(outcome(above([leaf([]), b], level: 1)) == .damaged)
        var row = b
        row.child = leaf([]).child
        #expect(outcome(above([a, row], level: 1)) == .damaged)
    }

    @Test("An entry whose folder is missing, or is no folder, is damage")
    func orphans() {
        for entries in [
            [file("/a/b")], [entry("/a"), file("/a/b/c")], [file("/a"), file("/a/b")], [entry("/a"), file("/b/c")],
            [entry("/a"), file("/a-/c")], [entry("/a", .symlink), file("/a/c")],
        ] {
            #expect(outcome(leaf(entries)) == .damaged)
        }
        // Also when the folder would be in a page before.
        #expect(outcome(above([leaf([file("/a")]), leaf([file("/a/b")])], level: 1)) == .damaged)
    }

    @Test("Reading under a path looks for the folders above it first")
    func orphansUnderPrefix() {
        func under(_ path: String, _ entries: [Entry]) -> Failure.Kind? {
            failure {
                _ = try all(TreeReader(source: pages, root: leaf(entries).child).entries(under: Entry.key(path: Array(path.utf8))))
            }
        }
        #expect(under("/a/b", [file("/a/b")]) == .damaged)
        #expect(under("/a/b", [file("/a"), file("/a/b")]) == .damaged)
        #expect(under("/a/b", [entry("/a"), file("/a/b/c")]) == .damaged)
        #expect(under("/a/b", [file("/a"), file("/c")]) == nil)
        #expect(under("/a/b", [entry("/a"), file("/a/b"), file("/c/d")]) == nil)
    }

    @Test("A page that is missing is told from one that is damaged")
    func missing() {
        var row = b
        row.child = Digest(a: 9, b: 9, c: 9, d: 9)
        #expect(outcome(above([a, row], level: 1)) == .missing)
    }

    @Test("Whatever becomes of a page, reading, looking up and comparing end with a failure or an answer", arguments: 1...2)
    func changedPages(seed: UInt64) throws {
        var random = Seeded(seed)
        let entries = RandomEntries.make(2_000, seed: seed)
        let root = try build(entries, into: pages).root
        let other = try build(Array(entries.prefix(1_500)), into: pages).root
        for id in pages.pages.keys.sorted() {
            for _ in 0..<8 {
                let broken = MemoryPages(copying: pages)
                broken.plant(mutate(pages.pages[id]!, &random), as: id)
                let reader = TreeReader(source: broken, root: root)
                let outcomes = [
                    failure { _ = try all(reader.entries()) },
                    failure { _ = try all(reader.entries(under: entries[random.below(entries.count)].key)) },
                    failure { _ = try reader.entry(at: entries[random.below(entries.count)].key) },
                    failure {
                        var diff = try TreeDiff(from: TreeReader(source: broken, root: other), to: reader)
                        while try diff.next() != nil {}
                    },
                ]
                #expect(outcomes.allSatisfy { $0 == nil || $0 == .damaged || $0 == .format || $0 == .missing })
            }
        }
    }

    @Test("A comparison notices damage too")
    func diff() throws {
        let good = above([a, b], level: 1)
        var row = b
        row.bytes += 1
        let bad = above([a, row], level: 1)
        var diff = try TreeDiff(from: TreeReader(source: pages, root: good.child), to: TreeReader(source: pages, root: bad.child))
        // Both refer to the same page, which is passed over unread: there is no difference to be found.
        #expect(try diff.next() == nil)
        row.child = leaf([file("/a/y", "4"), file("/b")]).child
        let worse = above([a, row], level: 1)
        diff = try TreeDiff(from: TreeReader(source: pages, root: good.child), to: TreeReader(source: pages, root: worse.child))
        #expect(failure { while try diff.next() != nil {} } == .damaged)
    }
}
