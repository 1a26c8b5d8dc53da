import Base
import Glibc
import Keys
import TestSupport
import Testing

@testable import Backup
@testable import Repository

extension FuzzTests {
    @Test func `pages of the tree`() throws {
        var corpus = Samples.corpus(6, seed: 40) { TreePage.encode(Samples.entries($0.below(30), &$0)).plain }
        corpus += Samples.corpus(4, seed: 41) { random in
            let rows = (0..<1 + random.below(8)).map {
                TreePage.Row(
                    key: Array("k\(100 + $0)".utf8) + [0, 0x61], child: random.digest(), entries: 1 + random.number() / 2, bytes: random.number())
            }
            return TreePage.encode(rows, level: UInt8(1 + random.below(7))).plain
        }
        try Fuzzer(name: "tree page", corpus: corpus).run(share: 1.5) { bytes in
            let page = try TreePage(decoding: bytes)
            let again = page.level == 0 ? TreePage.encode(page.entries) : TreePage.encode(page.rows, level: page.level)
            guard again.plain == bytes else { throw Fuzzer.Broken("it is written again as \(hexString(again.plain))") }
            guard again.references == page.references, try TreePage.references(ofPage: bytes) == page.references else {
                throw Fuzzer.Broken("references")
            }
            if let entry = page.entries.first(where: { $0.problem() != nil }) { throw Fuzzer.Broken("the entry \(entry)") }
        }
        try Fuzzer(name: "references of a page", corpus: corpus).run(share: 0.1) { _ = try TreePage.references(ofPage: $0) }
    }

    @Test func `pages of lists`() throws {
        var corpus = Samples.corpus(3, seed: 42) { random in
            ListPage.encode(Samples.list(1 + random.below(20), &random) { ChunkReference(id: $0.digest(), length: 1 + UInt32($0.below(9000))) })
        }
        corpus += Samples.corpus(3, seed: 43) { random in
            ListPage.encode(
                Samples.list(1 + random.below(20), &random) { .init(child: $0.digest(), length: 9000, chunks: 1 + UInt64($0.below(9000))) }, level: 3)
        }
        try Fuzzer(name: "list page", corpus: corpus).run(share: 0.5) { bytes in
            let page = try ListPage(decoding: bytes)
            let again = page.level == 0 ? ListPage.encode(page.chunks) : ListPage.encode(page.rows, level: page.level)
            guard again == bytes else { throw Fuzzer.Broken("another spelling") }
        }
    }

    /// A root page made of any bytes that are a page: the walk over it ends, and what it gives is in order.
    @Test func `walks over a tree of any pages`() throws {
        struct Pages: PageSource {
            let root: [UInt8]
            let leaf: [UInt8]
            func page(_ id: Digest, kind: PageKind) throws -> [UInt8] { id == .zero ? root : leaf }
        }
        var random = SeededGenerator(44)
        let entries = Samples.entries(12, &random)
        let leaf = TreePage.encode(entries).plain
        let page = try TreePage(decoding: leaf)
        let row = TreePage.Row(key: entries[0].key, child: Digest(a: 1, b: 1, c: 1, d: 1), entries: page.entryCount, bytes: page.byteCount)
        let second = TreePage.Row(key: Array("z".utf8), child: Digest(a: 2, b: 1, c: 1, d: 1), entries: 1, bytes: 0)
        // Above a row of its own first key: a second row that lies, so the corpus is only the leaf as a root.
        let lying = TreePage.encode([row, second], level: 1).plain
        try Fuzzer(name: "walk", corpus: [leaf]).run(share: 0.5) { bytes in
            for root in [bytes, lying] {
                var last: [UInt8]?
                var stream = try TreeReader(source: Pages(root: root, leaf: bytes), root: .zero).entries()
                var count = 0
                do {
                    while let entry = try stream.next() {
                        count += 1
                        if let last, !last.lexicographicallyPrecedes(entry.key) { throw Fuzzer.Broken("out of order") }
                        last = entry.key
                        guard count < 5000 else { throw Fuzzer.Broken("it does not end") }
                    }
                } catch is Failure where root == lying {}
            }
        }
    }

    /// What a node remembers: sealed, so changed bytes come from a fault of memory or of the program.
    @Test func `records of the local catalogue`() throws {
        let corpus = Samples.corpus(6, seed: 45) { random in
            var w = ByteWriter()
            var previous: [UInt8] = []
            for entry in Samples.entries(1 + random.below(12), &random) {
                var record = CatalogueRecord(entry: entry, isUncertain: random.chance(2))
                record.identity.inode = random.next()
                if case .list = entry.content { record.listed = Samples.list(3, &random) { ChunkReference(id: $0.digest(), length: 9) } }
                record.write(to: &w, after: previous)
                previous = entry.key
            }
            return w.bytes
        }
        try Fuzzer(name: "catalogue record", corpus: corpus).run { bytes in
            try bytes.withUnsafeBytes { bytes in
                var r = ByteReader(bytes)
                var previous: [UInt8] = []
                while !r.isAtEnd {
                    let record = try CatalogueRecord(&r, after: previous)
                    var w = ByteWriter()
                    record.write(to: &w, after: previous)
                    let again = try w.bytes.decode { try CatalogueRecord(&$0, after: previous) }
                    guard again.entry == record.entry, again.identity == record.identity, again.listed == record.listed else {
                        throw Fuzzer.Broken("it does not come back")
                    }
                    previous = record.entry.key
                }
            }
        }
    }

    @Test func `files of the local catalogue`() throws {
        let folder = try TemporaryFolder()
        let keys = Samples.tenant.domain
        var random = SeededGenerator(46)
        let writer = try CatalogueWriter(folder: folder.path, source: .zero, keys: keys)
        let entries = Samples.entries(40, &random)
        for entry in entries { try writer.append(CatalogueRecord(entry: entry)) }
        try writer.finish(totals: [.zero: 900])
        let path = LocalCatalogue.path(folder.path, .zero)
        let whole = try #require(try Files.read(path))
        try Fuzzer(name: "catalogue file", corpus: [whole]).run(share: 0.25) { bytes in
            try File.open(RawName(path), O_WRONLY | O_CREAT | O_TRUNC).write(bytes)
            guard let reader = try CatalogueReader(folder: folder.path, source: .zero, keys: keys) else { throw Failure(.damaged, .badTag) }
            var count = 0
            while let record = reader.current {
                guard count < entries.count, record.entry.key == entries[count].key else { throw Fuzzer.Broken("the record \(count)") }
                count += 1
                try reader.advance()
            }
            guard count == entries.count else { throw Fuzzer.Broken("\(count) of \(entries.count) records, and no failure") }
        }
    }
}
