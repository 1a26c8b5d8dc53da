import Base
import Repository
import TestSupport
import Testing

@testable import Backup

@Suite(.serialized) struct BundleTests {
    private static let seeds = 1...4 as ClosedRange<UInt64>

    @Test(arguments: seeds)
    func `each file's range holds its bytes, and equal trees have equal ids`(_ seed: UInt64) throws {
        let fixture = try BackupFixture()
        let files = SampleFiles(seed: seed, count: 60 + Int(seed) * 60)
        try files.write(fixture.source)
        let first = try fixture.run()
        #expect(first.result.status == .done)
        #expect(try fixture.wrong(first, files.contents) == [], "seed \(seed)")
        #expect(
            first.order == first.entries.keys.sorted { Entry.key(path: Array($0.utf8)).lexicographicallyPrecedes(Entry.key(path: Array($1.utf8))) })

        // Another machine with the same keys, which knows nothing: the same entries, and so the same bundles.
        let other = try BackupFixture(source: fixture.source).run()
        // (Not the root: the folders above the source are in it, and their times change meanwhile.)
        #expect(other.entries == first.entries && other.blobs == first.blobs, "seed \(seed)")
        // And the same machine again.
        #expect(try fixture.run().entries == first.entries)
    }

    @Test(arguments: seeds)
    func `equal contents are stored once, in whatever folder and under whatever name`(_ seed: UInt64) throws {
        let fixture = try BackupFixture()
        let files = SampleFiles(seed: seed, count: 200)
        try files.write(fixture.source)
        let taken = try fixture.run()
        for (_, paths) in Dictionary(grouping: files.contents.keys, by: { files.contents[$0]! }) where paths.count > 1 {
            #expect(Set(paths.map { taken.entries[$0]!.content }).count == 1, "seed \(seed): \(paths.sorted())")
        }
    }

    @Test(arguments: seeds)
    func `renamed files cost no new data, and a changed one costs its bundle only`(_ seed: UInt64) throws {
        let fixture = try BackupFixture()
        var files = SampleFiles(seed: seed, count: 150)
        try files.write(fixture.source)
        let before = try fixture.run()

        for number in 0..<20 { files.rename(files.pick(), to: "b/renamed\(number)", in: fixture.source) }
        let renamed = try fixture.run()
        #expect(try fixture.wrong(renamed, files.contents) == [], "seed \(seed)")
        #expect(renamed.blobs.subtracting(before.blobs).isEmpty, "seed \(seed)")

        let path = files.contents.keys.sorted().first { files.contents[$0]!.count > 10 }!
        try files.change(path, in: fixture.source)
        let changed = try fixture.run()
        #expect(try fixture.wrong(changed, files.contents) == [], "seed \(seed)")
        #expect(changed.blobs.subtracting(before.blobs).count == 1, "seed \(seed)")
        // Equal contents share a place, so a file whose content stays may not move either.
        for (other, entry) in changed.entries where other != path && entry.kind == .file {
            #expect(entry.content == renamed.entries[other]?.content, "seed \(seed): \(other)")
        }
    }

    @Test(arguments: seeds)
    func `without memory of the last run, one changed file moves only the bundles near it`(_ seed: UInt64) throws {
        let fixture = try BackupFixture()
        var files = SampleFiles(seed: seed, count: 0)
        var random = SeededGenerator(seed)
        files = SampleFiles(seed: seed, count: 900)
        try files.write(fixture.source)
        let before = try fixture.run(compression: .none)
        let path = files.contents.keys.sorted()[random.below(900)]
        try files.change(path, in: fixture.source)
        let after = try BackupFixture(source: fixture.source).run(compression: .none)
        #expect(before.blobs.count > 6)
        #expect(after.blobs.subtracting(before.blobs).count <= 3, "seed \(seed): \(path)")
    }

    @Test(arguments: seeds)
    func `the same holds beyond one slab of memory`(_ seed: UInt64) throws {
        // Small files are read into slabs of 8 MiB; a bundle must not end where its slab does.
        let fixture = try BackupFixture()
        var random = SeededGenerator(seed)
        for number in 0..<700 { try fixture.source.write("f\(1000 + number)", random.bytes(20_000 + random.below(50_000))) }
        let before = try fixture.run(compression: .none)
        try fixture.source.write("f1002", random.bytes(100_000))
        let after = try BackupFixture(source: fixture.source).run(compression: .none)
        let new = after.blobs.subtracting(before.blobs).count
        #expect(new <= 3, "seed \(seed): \(new) of \(after.blobs.count) bundles")
    }

    @Test func `bundles hold small files only, and are of the size that was meant`() throws {
        let fixture = try BackupFixture()
        let files = SampleFiles(seed: 9, count: 700)
        try files.write(fixture.source)
        let taken = try fixture.run()
        let reader = try fixture.reader()
        let limit = Int(ContentReader.bundleLimit)
        var bundles: Set<Digest> = []
        for (path, bytes) in files.contents {
            switch taken.entries[path]!.content {
            case .bundle(let id, _, _):
                bundles.insert(id)
                #expect(bytes.count < limit)
            case .chunks: #expect(bytes.count >= limit)
            case .none: #expect(bytes.isEmpty)
            default: Issue.record("\(path)")
            }
        }
        #expect(bundles.count >= 3)
        let sizes = try bundles.map { try reader.blob($0, kind: .data) { $0.count } }
        #expect(sizes.allSatisfy { $0 < (2 << 20) + limit })
        #expect(sizes.filter { $0 < 512 << 10 }.count <= 1, "only the last one may be small")
    }

    @Test(arguments: [BackupSource.Chunking.fixed, .content])
    func `a file in fixed blocks changes one block where it is written in place`(_ chunking: BackupSource.Chunking) throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(10)
        var bytes = random.bytes(20 * 65_536 + 77)
        try fixture.source.write("disk", bytes)
        let before = try fixture.run(chunking: chunking)
        #expect(try fixture.wrong(before, ["disk": bytes]) == [])
        bytes[7 * 65_536 + 3] ^= 1
        try fixture.source.write("disk", bytes)
        let after = try fixture.run(chunking: chunking)
        #expect(try fixture.wrong(after, ["disk": bytes]) == [])
        guard case .chunks(let old) = before.entries["disk"]!.content, case .chunks(let new) = after.entries["disk"]!.content else {
            Issue.record("no chunks")
            return
        }
        if chunking == .fixed {
            #expect(old.map(\.length) == Array(repeating: 65_536, count: 20) + [77])
            #expect(zip(old, new).filter { $0 != $1 }.count == 1 && old[7] != new[7])
        } else {
            #expect(old.allSatisfy { $0.length <= 4 << 20 } && Set(new).subtracting(old).count <= 2)
        }
    }
}
