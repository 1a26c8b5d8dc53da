import Base
import Chunking
import Repository
import Testing

@Suite struct TreeBuilderTests {
    @Test("A tree gives back the entries that were put in", arguments: [0, 1, 2, 63, 64, 65, 1_000, 30_000])
    func roundTrip(count: Int) throws {
        let pages = MemoryPages()
        let entries = RandomEntries.make(count, seed: UInt64(count))
        let result = try build(entries, into: pages)
        let reader = TreeReader(source: pages, root: result.root)
        #expect(try all(reader.entries()) == entries)
        #expect(result.entries == UInt64(count))
        #expect(result.bytes == entries.reduce(0) { $0 + $1.size })
        #expect(try reader.totals() == result)
        for (id, plain) in pages.pages {
            #expect(plain.count < TreeLimits.pageBytes)
            #expect(try TreePage.references(ofPage: plain) == pages.references[id])
        }
    }

    @Test("A tree without entries is one page")
    func empty() throws {
        let pages = MemoryPages()
        let result = try build([], into: pages)
        #expect(result.levels == 1)
        #expect(pages.pages.count == 1)
        #expect(try all(TreeReader(source: pages, root: result.root).entries()).isEmpty)
    }

    @Test("The root folder itself may be the first entry, and only a folder")
    func rootFolder() throws {
        let pages = MemoryPages()
        let entries = [entry("/"), entry("/a"), file("/b")]
        let result = try build(entries, into: pages)
        #expect(try all(TreeReader(source: pages, root: result.root).entries()) == entries)
    }

    @Test("The same entries make the same pages")
    func deterministic() throws {
        let entries = RandomEntries.make(10_000, seed: 3)
        let (a, b) = (MemoryPages(), MemoryPages())
        #expect(try build(entries, into: a) == build(entries, into: b))
        #expect(a.pages == b.pages)
        // What comes before moves no edge for long: without the first half, most pages of the second are the same.
        let c = MemoryPages()
        _ = try build(second(entries), into: c)
        #expect(c.pages.keys.filter { a.pages[$0] != nil }.count > c.pages.count * 8 / 10)
    }

    private func second(_ entries: [Entry]) -> [Entry] {
        var seen = false
        return entries.filter { entry in
            if entry.parentKey.isEmpty { seen = seen || entry.key[0] >= 0x61 }
            return seen || entry.kind == .folder
        }
    }

    @Test("One more entry, or one less, changes one page of each level and their neighbours", arguments: 1...5)
    func locality(seed: UInt64) throws {
        var random = Seeded(seed)
        let pages = MemoryPages()
        let entries = mail(20_000)
        let before = try build(entries, into: pages)
        let old = Set(pages.pages.keys)
        var changed = entries
        let at = 4 + random.below(entries.count - 4)
        changed.remove(at: at)
        let less = try build(changed, into: pages)
        #expect(pages.pages.keys.filter { !old.contains($0) }.count <= 3 * Int(less.levels))
        #expect(try build(entries, into: pages) == before)
    }

    @Test("Pages keep to their least and greatest numbers of entries")
    func sizes() throws {
        let pages = MemoryPages()
        _ = try build(mail(100_000), into: pages)
        let counts = try pages.pages.values.map { try TreePage(decoding: $0) }.filter { $0.level == 0 }.map(\.count)
        #expect(counts.filter { $0 < 64 }.count <= 1)
        #expect(counts.max()! <= 1024)
        #expect((250...400).contains(100_000 / counts.count))
    }

    @Test("Pages stay under a mebibyte whatever the entries hold")
    func largest() throws {
        let pages = MemoryPages()
        var random = Seeded(1)
        let entries = (0..<400).map { i in
            var entry = file("/\(10_000 + i)")
            if i % 2 == 0 {
                entry.xattrs = (0..<3).map {
                    Entry.Attribute(name: Array("user.\($0)".utf8), value: [UInt8](repeating: UInt8(i % 256), count: 64 << 10))
                }
            } else {
                entry.content = .chunks((0..<32).map { _ in ChunkReference(id: random.digest(), length: 1 << 20) })
                entry.size = 32 << 20
            }
            return entry
        }
        let result = try build(entries, into: pages)
        #expect(pages.pages.values.allSatisfy { $0.count < TreeLimits.pageBytes })
        #expect(try all(TreeReader(source: pages, root: result.root).entries()) == entries)
    }

    @Test("The longest names that fit make a tree that can be read")
    func longest() throws {
        let pages = MemoryPages()
        var entries: [Entry] = []
        for letter in UInt8(ascii: "a")...UInt8(ascii: "z") {
            var key: [UInt8] = []
            while key.count < TreeLimits.keyBytes - 256 {
                key = Entry.key(of: [UInt8](repeating: letter, count: 255), in: key)
                var folder = entry("/x")
                folder.key = key
                entries.append(folder)
            }
        }
        let result = try build(entries, into: pages)
        #expect(try all(TreeReader(source: pages, root: result.root).entries()) == entries)
    }

    @Test("An entry without its folder is not written")
    func orphans() {
        for paths in [["/a/b"], ["/a", "/b/c"], ["/a", "/a/b/c"], ["/a", "/aa/b"]] {
            #expect(failure { _ = try build(paths.map { entry($0) }, into: MemoryPages()) } == .failed)
        }
        #expect(failure { _ = try build([file("/a"), file("/a/b")], into: MemoryPages()) } == .failed)
        #expect(failure { _ = try build([entry("/a"), entry("/a/b"), file("/a/c"), file("/b")], into: MemoryPages()) } == nil)
    }

    @Test("A million files in one folder take no more memory than a few")
    func million() throws {
        var pages = 0
        var next: UInt64 = 0
        var builder = TreeBuilder(edgeKey: edgeKey) { _, _, _ in
            pages += 1
            next += 1
            return Digest(a: next, b: 0, c: 0, d: 0)
        }
        try builder.append(entry("/d"))
        var file = file("/d/f")
        var held = 0
        for i in 0..<1_000_000 {
            var digits = [UInt8](repeating: UInt8(ascii: "0"), count: 7)
            var rest = i
            for at in (0..<7).reversed() {
                digits[at] += UInt8(rest % 10)
                rest /= 10
            }
            file.key = [0x64, 0] + digits
            try builder.append(file)
            if i % 100 == 0 { held = max(held, builder.heldBytes) }
        }
        let result = try builder.finish()
        #expect(result.entries == 1_000_001)
        #expect(result.levels <= 4)
        #expect(pages > 2_000)
        #expect(held < 1 << 20)
    }

    @Test("Failures of the page's taker stop the builder")
    func emitFails() {
        var builder = TreeBuilder(edgeKey: edgeKey) { _, _, _ in throw Failure(.noSpace, .noSpace) }
        #expect(failure { for entry in mail(3_000) { try builder.append(entry) } } == .noSpace)
    }

    @Test("The hash that cuts pages gives SipHash-2-4's published values")
    func sipHash() {
        let hash = SipHash24(key: [UInt8](0..<16))
        let expected: [(Int, UInt64)] = [(0, 0x726f_db47_dd0e_0e31), (8, 0x93f5_f579_9a93_2462), (15, 0xa129_ca61_49be_45e5)]
        for (count, value) in expected { #expect(hash.hash([UInt8](0..<UInt8(count))) == value) }
    }
}
