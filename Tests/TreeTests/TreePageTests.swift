import Base
import Repository
import Testing

@Suite struct TreePageTests {
    @Test("A page gives back the entries that were put in", arguments: 1...20)
    func roundTrip(seed: UInt64) throws {
        let entries = RandomEntries.make(400, seed: seed)
        for entry in entries { #expect(entry.problem() == nil) }
        let (plain, references) = TreePage.encode(entries)
        let page = try TreePage(decoding: plain)
        #expect(page.entries == entries)
        #expect(page.references == references)
        #expect(try TreePage.references(ofPage: plain) == references)
        #expect(page.entryCount == 400)
        #expect(page.byteCount == entries.reduce(0) { $0 + $1.size })
    }

    @Test("A page above gives back its rows")
    func rows() throws {
        let rows = rows(["a", "a/b", "b"])
        let (plain, references) = TreePage.encode(rows, level: 3)
        let page = try TreePage(decoding: plain)
        #expect(page.rows == rows)
        #expect(page.level == 3)
        #expect(page.entryCount == 6)
        #expect(references == rows.map(\.child))
    }

    @Test("A page's bytes are those of the frozen format")
    func vector() {
        var a = file("/a/f", "hi")
        a.userName = Array("u".utf8)
        a.xattrs = [Entry.Attribute(name: [0x78], value: [1, 2])]
        var b = entry("/a/g", .file)
        b.size = 300
        b.holes = [Entry.Hole(offset: 100, length: 200)]
        b.contentHash = ShortID(Digest.zero)
        b.content = .bundle(id: Digest.zero, offset: 5, length: 100)
        var c = entry("/a/h", .symlink)
        c.linkTarget = [0x66]
        c.linkGroup = 7
        let (plain, _) = TreePage.encode([entry("/a"), a, b, c])
        let expected = [
            "01 00 0000 04000000 01000000", String(repeating: "00", count: 32),
            // Owners: user 0 and group 0 without names, user 0 named u.
            "03 000000 010000 00000175",
            // /a, a folder.
            "00 01 61 02 00 ed03 00 01 02 00",
            // /a/f: an attribute, two bytes inline.
            "01 02 0066 01 12 ed03 02 01 02 00 01 0178 020102 02 02 6869",
            // /a/g: 300 bytes, 200 of them a hole at 100, a content hash, a range of a bundle.
            "02 01 67 01 2c ed03 00 01 02 00 ac02 01 64 c801", String(repeating: "00", count: 16), "00 05 64",
            // /a/h: a symbolic link of two paths.
            "02 01 68 03 01 ed03 00 01 02 00 07 0166",
        ]
        #expect(hexString(plain) == expected.joined().filter { $0 != " " })
    }

    @Test("Entries of one id under several names keep theirs")
    func ownerNames() throws {
        var a = entry("/a")
        a.userName = Array("old".utf8)
        var b = entry("/b")
        b.userName = Array("new".utf8)
        let entries = [a, b, entry("/c")]
        #expect(try TreePage(decoding: TreePage.encode(entries).plain).entries == entries)
    }

    @Test("20,000 changed pages are refused, or are what an encoder writes for what they say")
    func mutations() throws {
        var random = Seeded(7)
        let originals: [[UInt8]] =
            (1...24).map { TreePage.encode(RandomEntries.make(Int($0) * 2, seed: $0)).plain }
            + [TreePage.encode(rows(["a", "a/b", "a/bc", "b", "bb"]), level: 1).plain]
        var accepted = 0
        for i in 0..<20_000 {
            let mutated = mutate(originals[i % originals.count], &random)
            do {
                let page = try TreePage(decoding: mutated)
                accepted += 1
                let again = page.level == 0 ? TreePage.encode(page.entries).plain : TreePage.encode(page.rows, level: page.level).plain
                #expect(again == mutated)
                for entry in page.entries { #expect(entry.problem() == nil) }
            } catch let failure as Failure {
                #expect(failure.kind == .damaged || failure.kind == .format)
            }
        }
        #expect(accepted > 100 && accepted < 15_000)
    }

    @Test("Random bytes are refused")
    func noise() {
        var random = Seeded(8)
        for _ in 0..<5_000 {
            let noise = [1, 0, 0, 0, UInt8(random.below(4)), 0, 0, 0, UInt8(random.below(2)), 0, 0, 0] + random.bytes(random.below(300))
            _ = failure { _ = try TreePage(decoding: noise) }
            _ = failure { _ = try ListPage(decoding: noise) }
        }
    }

    @Test(
        "Names that lead elsewhere are refused",
        arguments: ["..", ".", "a/b", "a\0", "\0a", "a\0\0b", "a\0..", "a\0.\0b", "/", String(repeating: "x", count: 256)])
    func names(key: String) {
        var bad = entry("/x")
        bad.key = Array(key.utf8)
        #expect(bad.problem() != nil)
        #expect(failure { _ = try TreePage(decoding: TreePage.encode([bad]).plain) } == .damaged)
        #expect(failure { _ = try TreePage(decoding: TreePage.encode([entry("/ "), bad]).plain) } == .damaged)
        let row = TreePage.Row(key: bad.key, child: .zero, entries: 1, bytes: 0)
        #expect(failure { _ = try TreePage(decoding: TreePage.encode([row], level: 1).plain) } == .damaged)
        var builder = TreeBuilder(edgeKey: edgeKey) { _, _, _ in .zero }
        #expect(failure { try builder.append(bad) } == .failed)
    }

    @Test("Names that only look odd are kept", arguments: ["...", ".x", "..x", "-", "\u{1}", "a\\b", " ", "é", "e\u{301}"])
    func oddNames(name: String) throws {
        let odd = Entry(key: Array(name.utf8), kind: .folder, mode: 0, uid: 0, gid: 0, mtime: Timestamp(seconds: 0))
        #expect(try TreePage(decoding: TreePage.encode([odd]).plain).entries == [odd])
    }

    @Test("Entries out of order, and the same twice, are refused")
    func order() {
        for paths in [["/b", "/a"], ["/a", "/a"], ["/a", "/a/b", "/a"], ["/a-", "/a/b"]] {
            #expect(failure { _ = try TreePage(decoding: TreePage.encode(paths.map { entry($0) }).plain) } == .damaged)
            #expect(failure { _ = try TreePage(decoding: TreePage.encode(self.rows(paths), level: 1).plain) } == .damaged)
            #expect(failure { _ = try build([entry("/a")] + paths.map { entry($0) }, into: MemoryPages()) } == .failed)
        }
    }

    @Test("An entry that contradicts itself is neither written nor read", arguments: contradictions.indices)
    func contradictory(index: Int) {
        let bad = contradictions[index]
        #expect(bad.problem() != nil)
        #expect(failure { _ = try TreePage(decoding: TreePage.encode([bad]).plain) } == .damaged)
        #expect(failure { _ = try build([bad], into: MemoryPages()) } == .failed)
    }

    @Test("Counts that promise more than there is are refused before memory is taken")
    func hugeCounts() {
        let (plain, _) = TreePage.encode([entry("/a")])
        for (at, value) in [(4, UInt32.max), (4, 1025), (4, 2), (4, 0), (8, .max), (8, 1), (8, 1 << 27)] {
            var bytes = plain
            for i in 0..<4 { bytes[at + i] = UInt8(truncatingIfNeeded: value >> UInt32(8 * i)) }
            #expect(failure { _ = try TreePage(decoding: bytes) } == .damaged)
        }
        for huge: [UInt8] in [[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], [0x81, 0x10], [0x80, 0]] {
            // In place of the owner count, of the shared prefix, and of the key's length.
            for at in [12, plain.count - 11, plain.count - 10] {
                #expect(failure { _ = try TreePage(decoding: Array(plain[..<at] + huge + plain[(at + 1)...])) } == .damaged)
            }
        }
        #expect(failure { _ = try TreePage(decoding: [UInt8](repeating: 1, count: TreeLimits.pageBytes + 1)) } == .damaged)
    }

    @Test("A newer version is told from damage")
    func version() {
        var plain = TreePage.encode([]).plain
        plain[0] = 2
        #expect(failure { _ = try TreePage(decoding: plain) } == .format)
        #expect(failure { _ = try TreePage.references(ofPage: plain) } == .format)
    }

    @Test("Levels past the eighth, empty pages above, and rows over nothing are refused")
    func levels() {
        #expect(failure { _ = try TreePage(decoding: TreePage.encode(self.rows(["a"]), level: 7).plain) } == nil)
        #expect(failure { _ = try TreePage(decoding: TreePage.encode(self.rows(["a"]), level: 8).plain) } == .damaged)
        #expect(failure { _ = try TreePage(decoding: TreePage.encode([], level: 1).plain) } == .damaged)
        var rows = rows(["a"])
        rows[0].entries = 0
        #expect(failure { _ = try TreePage(decoding: TreePage.encode(rows, level: 1).plain) } == .damaged)
        rows = self.rows(["a", "b"])
        rows[0].entries = .max
        #expect(failure { _ = try TreePage(decoding: TreePage.encode(rows, level: 1).plain) } == .damaged)
    }

    private func rows(_ paths: [String]) -> [TreePage.Row] {
        paths.enumerated().map {
            TreePage.Row(
                key: Entry.key(path: Array($0.element.utf8)), child: Digest(a: UInt64($0.offset), b: 0, c: 0, d: 0), entries: UInt64($0.offset) + 1,
                bytes: 9)
        }
    }
}

/// Bytes changed, removed, put in, copied over each other, or cut off.
func mutate(_ bytes: [UInt8], _ random: inout Seeded) -> [UInt8] {
    var bytes = bytes
    for _ in 0...random.below(3) {
        guard !bytes.isEmpty else { return bytes }
        let at = random.below(bytes.count)
        switch random.below(8) {
        case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes[at] ^= 1 << UInt8(random.below(8))
        case 2: bytes[at] = [0, 1, 0x7F, 0x80, 0xFF, 0x2F, 0x2E][random.below(7)]
        case 3: bytes.remove(at: at)
        case 4: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
        case 5: bytes.removeLast(min(bytes.count, random.below(40)))
        case 6: bytes[at] &+= 1
        default:
            let count = min(random.below(40), bytes.count - at)
            let from = random.below(bytes.count - count + 1)
            bytes.replaceSubrange(at..<at + count, with: Array(bytes[from..<from + count]))
        }
    }
    return bytes
}

private let contradictions: [Entry] = {
    func folder(_ change: (inout Entry) -> Void) -> Entry {
        var entry = entry("/a")
        change(&entry)
        return entry
    }
    func changed(_ change: (inout Entry) -> Void) -> Entry {
        var entry = file("/a", "12345678")
        change(&entry)
        return entry
    }
    let chunk = ChunkReference(id: .zero, length: 1)
    func attributes(_ names: [String], bytes: Int = 0) -> [Entry.Attribute] {
        names.map { Entry.Attribute(name: Array($0.utf8), value: [UInt8](repeating: 0, count: bytes)) }
    }
    return [
        folder { $0.mode = 0o10000 },
        folder { $0.linkGroup = 1 },
        folder { $0.mtime = Timestamp(seconds: 0, nanoseconds: 1_000_000_000) },
        folder { $0.userName = [UInt8](repeating: 1, count: 256) },
        folder { $0.groupName = [0] },
        folder { $0.kind = .symlink },
        folder {
            $0.kind = .symlink
            $0.linkTarget = [0]
        },
        folder {
            $0.kind = .symlink
            $0.linkTarget = [UInt8](repeating: 1, count: 4096)
        },
        folder { $0.xattrs = attributes(["b", "a"]) },
        folder { $0.xattrs = attributes(["a", "a"]) },
        folder { $0.xattrs = attributes([""]) },
        folder { $0.xattrs = attributes(["a\0"]) },
        folder { $0.xattrs = attributes(["a"], bytes: 65537) },
        folder { $0.xattrs = attributes(["a", "b", "c", "d"], bytes: 65536) },
        folder { $0.xattrs = attributes((0...1024).map { "a\(10000 + $0)" }) },
        {
            var root = file("/a")
            root.key = []
            return root
        }(),
        changed { $0.size = 7 },
        changed { $0.content = .none },
        changed {
            $0.size = 0
            $0.content = .inline([])
        },
        changed {
            $0.size = 513
            $0.content = .inline([UInt8](repeating: 0, count: 513))
        },
        changed { $0.content = .bundle(id: .zero, offset: .max, length: 8) },
        changed { $0.content = .bundle(id: .zero, offset: 0, length: 7) },
        changed {
            $0.size = 0
            $0.content = .bundle(id: .zero, offset: 0, length: 0)
        },
        changed {
            $0.size = 0
            $0.content = .chunks([])
        },
        changed {
            $0.size = 1
            $0.content = .chunks([chunk, ChunkReference(id: .zero, length: 0)])
        },
        changed {
            $0.size = 33
            $0.content = .chunks([ChunkReference](repeating: chunk, count: 33))
        },
        changed {
            $0.size = 32
            $0.content = .list(root: .zero, level: 0, chunkCount: 32, length: 32)
        },
        changed {
            $0.size = 40
            $0.content = .list(root: .zero, level: 8, chunkCount: 40, length: 40)
        },
        changed {
            $0.size = 40
            $0.content = .list(root: .zero, level: 0, chunkCount: 41, length: 40)
        },
        changed {
            $0.size = .max
            $0.content = .list(root: .zero, level: 0, chunkCount: 41, length: .max)
        },
        changed { $0.holes = [Entry.Hole(offset: 0, length: 1)] },
        changed {
            $0.size = 9
            $0.holes = [Entry.Hole(offset: 9, length: 1)]
        },
        changed {
            $0.size = 10
            $0.holes = [Entry.Hole(offset: 0, length: 1), Entry.Hole(offset: 1, length: 1)]
        },
        changed {
            $0.size = 8
            $0.holes = [Entry.Hole(offset: 3, length: 0)]
        },
        changed {
            $0.size = 8 + 4097
            $0.holes = (0..<4097).map { Entry.Hole(offset: UInt64(2 * $0), length: 1) }
        },
    ]
}()
