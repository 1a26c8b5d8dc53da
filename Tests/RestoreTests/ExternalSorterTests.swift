import Base
import Foundation
import Testing

@testable import Repository
@testable import Restore

@Suite("The plan's sorter")
struct ExternalSorterTests {
    private struct Number: BitwiseCopyable, Comparable {
        var value: UInt64
        static func < (l: Number, r: Number) -> Bool { l.value < r.value }
    }

    @Test("gives every row once, in order, whatever spills", arguments: [0, 1, 15, 16, 17, 1000, 100_000])
    func sorts(_ count: Int) throws {
        let folder = TemporaryFolder()
        let at = try File.open(RawName(folder.path), O_RDONLY | O_DIRECTORY)
        let sorter = ExternalSorter<Number>(memory: 16 * 64) { try SpillFile(in: [at]) }
        var generator = SystemRandomNumberGenerator()
        var expected: [UInt64] = []
        for _ in 0..<count {
            let value = UInt64.random(in: 0..<UInt64(max(1, count)), using: &generator)
            expected.append(value)
            try sorter.append(Number(value: value))
        }
        let rows = try sorter.finish()
        var found: [UInt64] = []
        while let row = rows.next() { found.append(row.value) }
        #expect(found == expected.sorted())
        #expect(folder.names.isEmpty)
    }

    // Within this process: the tests run one after the other. An exit test would hang now and then, because its
    // monitor may spin on a child that other tests started.
    @Test("a million pieces stay within the memory given", .timeLimit(.minutes(2)))
    func memory() throws {
        let folder = TemporaryFolder()
        let at = try File.open(RawName(folder.path), O_RDONLY | O_DIRECTORY)
        let sorter = ExternalSorter<PlanPiece>(memory: 4 << 20) { try SpillFile(in: [at]) }
        let before = anonymousBytes()
        for i in 0..<1_000_000 {
            var piece = PlanPiece(record: UInt64(i))
            piece.site = 0
            piece.pack = UInt32(truncatingIfNeeded: i &* 2_654_435_761) >> 20
            try sorter.append(piece)
        }
        let rows = try sorter.finish()
        var last: PlanPiece?
        var count = 0
        var isSorted = true
        while let row = rows.next() {
            if let last, !(last < row) { isSorted = false }
            last = row
            count += 1
        }
        #expect(count == 1_000_000 && isSorted)
        // 72 MiB of rows; half as much again as the memory given is what sorting takes.
        #expect(anonymousBytes() - before < 12 << 20)
    }
}

/// Anonymous memory of this process (RssAnon).
private func anonymousBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
    return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
}

@Suite("Ranged requests")
struct ReadSpanTests {
    private func need(_ offset: UInt32, _ length: UInt32) -> BlobNeed { BlobNeed(id: .zero, offset: offset, length: length) }

    @Test("small gaps are read over, large ones are not")
    func gaps() {
        let spans = ReadSpan.plan([need(0, 100), need(200, 100), need(5 << 20, 100)])
        #expect(spans == [ReadSpan(first: 0, end: 2, offset: 0, count: 300), ReadSpan(first: 2, end: 3, offset: 5 << 20, count: 100)])
    }

    @Test("when more than half is needed everything is read")
    func half() {
        let spans = ReadSpan.plan([need(0, 3 << 20), need(5 << 20, 3 << 20)])
        #expect(spans == [ReadSpan(first: 0, end: 2, offset: 0, count: 8 << 20)])
    }

    @Test("no request is longer than it may be")
    func limit() {
        let spans = ReadSpan.plan((0..<40).map { need($0 << 20, 1 << 20) })
        #expect(spans.allSatisfy { $0.count <= 16 << 20 } && spans.reduce(0) { $0 + $1.count } == 40 << 20)
    }
}
