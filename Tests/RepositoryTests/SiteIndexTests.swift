import Base
import Keys
import TestSupport
import Testing

@testable import Repository

@Suite struct SiteIndexTests {
    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `it answers as a dictionary would, whatever was done to it`(_ seed: UInt64) throws {
        var acts = try IndexActs(seed: seed)
        for step in 0..<40 {
            let act = try acts.step()
            let difference = try acts.difference()
            #expect(difference == nil, "seed \(seed), step \(step), after \(act)")
            if difference != nil { return }
        }
    }

    @Test(arguments: [1, 40, 400])
    func `the number of its runs grows with the logarithm of the rows`(_ most: Int) throws {
        var random = SeededGenerator(UInt64(most))
        let folder = try FastFolder()
        let index = try SiteIndex(domain: .zero, folder: folder.path)
        var rows = 0
        for number in 0..<150 as Range<UInt32> {
            let count = 1 + random.below(most)
            try index.add(segment(count, &random), named: "\(number)")
            rows += count
            try index.save()
            let runs = try folder.names("run-").count
            let limit = 1 + Int.bitWidth - rows.leadingZeroBitCount
            #expect(runs <= limit, "\(runs) runs for \(rows) rows after \(number) segments")
        }
        var found = 0
        try index.forEachRow { _, _ in found += 1 }
        #expect(found == rows)
    }

    @Test func `threads that add at once lose no row`() throws {
        let folder = try FastFolder()
        let index = try SiteIndex(domain: .zero, folder: folder.path)
        try Threads.run("add", count: 8) { thread in
            var random = SeededGenerator(UInt64(thread + 1))
            for number in 0..<30 {
                try index.add(segment(1 + random.below(60), &random), named: "\(thread).\(number)")
                if number % 5 == 0 { try index.save() }
            }
        }
        try index.save()
        var (wanted, rows, random): (Int, Int, SeededGenerator)
        wanted = 0
        for thread in 1...8 as ClosedRange<UInt64> {
            random = SeededGenerator(thread)
            for _ in 0..<30 {
                let one = segment(1 + random.below(60), &random)
                wanted += one.rows.count
                for row in one.rows { #expect(index.contains(row.id)) }
            }
        }
        rows = 0
        try index.forEachRow { _, _ in rows += 1 }
        #expect(rows == wanted)
    }

    @Test func `two processes never share a folder`() throws {
        let folder = try FastFolder()
        var random = SeededGenerator(3)
        let first = try SiteIndex(domain: .zero, folder: folder.path + "/index")
        try first.add(segment(5, &random), named: "a")
        try first.save()
        let second = try SiteIndex(domain: .zero, folder: folder.path + "/index")
        #expect(second.packCount == 0)
        #expect(try folder.names("index") == ["index", "index-1"])
        withExtendedLifetime(first) {}
    }

    @Test func `a node reuses what it sealed, and what was attested, and nothing else`() throws {
        // I22: a stolen node of the same domain lists rubbish under known ids.
        var random = SeededGenerator(5)
        let folder = try FastFolder()
        let index = try SiteIndex(domain: .zero, folder: folder.path)
        let (own, other) = (random.digest(), random.digest())
        let packs = [own, other, other].map { IndexedPack(key: random.packKey(), writer: $0) }
        let ids = (0..<3).map { _ in random.digest() }
        let rows = (0..<3).map { IndexRow(id: ids[$0], pack: UInt32($0), offset: 64, length: 100) }
        try index.add(IndexSegment(domain: .zero, packs: packs, rows: rows), named: "a")
        index.setPresent(packs.map { ($0.key, PackLimits.step) })
        #expect(ids.map(index.isReusable) == [false, false, false])
        index.setTrust(writer: own, attested: [packs[2].key.digest])
        #expect(ids.map(index.isReusable) == [true, false, true])
        index.markAbsent(packs[0].key)
        #expect(ids.map(index.isReusable) == [false, false, true])
        #expect(ids.map(index.contains) == [true, true, true])
    }

    /// An index that begins anew names its runs from 1 again, while the file `contents` of before still stands: when
    /// the site goes away before the new one is saved, the old `contents` and the new runs must not be taken together.
    @Test func `a cut-off update after damage leaves no mixture of old and new`() throws {
        var random = SeededGenerator(9)
        let folder = try FastFolder()
        let old = [segment(100, &random), segment(1, &random)]
        let new = [segment(100, &random), segment(1, &random)]
        var index: SiteIndex? = try SiteIndex(domain: .zero, folder: folder.path)
        for (number, table) in old.enumerated() { try index!.add(table, named: "old-\(number)") }
        try index!.save()
        #expect(try folder.names("run-") == ["run-1", "run-3"])
        index = nil
        try Files.replace(folder.path + "/run-3", [1, 2, 3])

        index = try SiteIndex(domain: .zero, folder: folder.path)
        #expect(index!.packCount == 0)
        // Now the site shows two segments, and is gone before the update is saved.
        for (number, table) in new.enumerated() { try index!.add(table, named: "new-\(number)") }
        index = nil

        index = try SiteIndex(domain: .zero, folder: folder.path)
        let misled = new[0].rows.filter { row in index!.places(row.id).contains { $0.pack != new[0].packs[0] } }
        #expect(misled.isEmpty, "\(misled.count) blobs in a pack that does not have them")
    }

    /// A segment of one pack.
    private func segment(_ rows: Int, _ random: inout SeededGenerator) -> IndexSegment {
        let pack = IndexedPack(key: random.packKey(), writer: .zero)
        return IndexSegment(
            domain: .zero, packs: [pack],
            rows: (0..<rows).map { IndexRow(id: random.digest(), pack: 0, offset: UInt32($0) * 100, length: 100) })
    }
}
