import Testing

@testable import Chunking

@Suite struct ContentCutterTests {
    static let gear = SeededGenerator.bytes(ContentCutter.gearBytes, seed: 2024)
    static let small = ContentCutter(gear: gear, minimum: 2048, mean: 4096, maximum: 16384)

    /// All chunks of a stream that is wholly in memory.
    private func lengths(_ bytes: [UInt8], _ cutter: ContentCutter = small) -> [Int] {
        bytes.withUnsafeBytes { bytes in
            var lengths: [Int] = []
            var at = 0
            while at < bytes.count {
                let length = cutter.cut(UnsafeRawBufferPointer(rebasing: bytes[at...]), isEnd: true)
                lengths.append(length)
                at += length
            }
            return lengths
        }
    }

    private func chunks(_ bytes: [UInt8]) -> [[UInt8]] {
        var rest = bytes[...]
        return lengths(bytes).map { length in
            defer { rest = rest.dropFirst(length) }
            return Array(rest.prefix(length))
        }
    }

    /// The rule of the doc comment, byte by byte.
    private func cutAsWritten(_ bytes: ArraySlice<UInt8>, _ minimum: Int, _ bits: Int, _ maximum: Int) -> Int {
        func number(_ index: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(Self.gear[8 * index + $1]) << (8 * UInt64($1)) } }
        let mean = 1 << bits
        let strict = (61 - bits...62).reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        let loose = (65 - bits...62).reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        var h: UInt64 = 0
        for i in stride(from: minimum, to: min(bytes.count, maximum), by: 1) {
            h = 2 &* h &+ number(Int(bytes[bytes.startIndex + i]))
            if h & (i < mean - mean / 4 ? strict : loose) == 0 { return i + 1 }
        }
        return min(bytes.count, maximum)
    }

    /// Made by a program in another language that follows the doc comment. They must never change: a stream that is
    /// cut elsewhere is stored a second time.
    @Test func cutsWhereItAlwaysDid() {
        #expect(
            lengths(SeededGenerator.bytes(100_000, seed: 7)) == [
                3941, 4865, 4257, 4878, 4176, 4620, 4321, 3199, 4391, 2082, 6515, 5616, 4332, 3276, 3413, 3376, 3149, 3385, 4385, 3332,
                3239, 3674, 4177, 3336, 4065,
            ])
        #expect(
            lengths(SeededGenerator.bytes(40_000, seed: 7), ContentCutter(gear: Self.gear, minimum: 1001, mean: 4096, maximum: 4400))
                == [3941, 4400, 4400, 3170, 3819, 4400, 4079, 3599, 3808, 3648, 736])
        #expect(
            lengths(SeededGenerator.bytes(6 << 20, seed: 8), ContentCutter(gear: Self.gear))
                == [924_445, 904_668, 1_469_673, 831_995, 1_372_198, 747_438, 41_039])
    }

    @Test func takesTwoBytesAStepAndCutsAsIfOne() {
        var generator = SeededGenerator(seed: 11)
        for round in 0..<200 {
            let bits = Int.random(in: 6...8, using: &generator)
            let minimum = Int.random(in: 0..<48, using: &generator)
            let maximum = Int.random(in: 193...900, using: &generator)
            let cutter = ContentCutter(gear: Self.gear, minimum: minimum, mean: 1 << bits, maximum: maximum)
            let bytes = SeededGenerator.bytes(Int.random(in: 1...3000, using: &generator), seed: UInt64(round))
            var rest = bytes[...]
            for length in lengths(bytes, cutter) {
                #expect(length == cutAsWritten(rest, minimum, bits, maximum))
                rest = rest.dropFirst(length)
            }
            #expect(rest.isEmpty)
        }
    }

    @Test func keepsTheLimitsAndLosesNothing() {
        let bytes = SeededGenerator.bytes(2 << 20, seed: 3)
        let lengths = lengths(bytes)
        #expect(lengths.reduce(0, +) == bytes.count)
        #expect(lengths.dropLast().allSatisfy { (2049...16384).contains($0) })
        #expect((3700...4500).contains(bytes.count / lengths.count), "the mean is about the mean")
    }

    @Test func cutsWhatNeverChangesAtTheMaximum() {
        #expect(lengths([UInt8](repeating: 0, count: 40_000)) == [16384, 16384, 7232])
    }

    @Test func asksForMoreBytesOnlyBelowTheMaximum() {
        let zeros = [UInt8](repeating: 0, count: 16384)
        zeros.withUnsafeBytes { bytes in
            #expect(Self.small.cut(bytes, isEnd: false) == 16384)
            #expect(Self.small.cut(UnsafeRawBufferPointer(rebasing: bytes[..<16383]), isEnd: false) == 0)
            #expect(Self.small.cut(UnsafeRawBufferPointer(rebasing: bytes[..<16383]), isEnd: true) == 16383)
            #expect(Self.small.cut(UnsafeRawBufferPointer(rebasing: bytes[..<1]), isEnd: true) == 1)
        }
        #expect(Self.small.cut(UnsafeRawBufferPointer(start: nil, count: 0), isEnd: false) == 0)
        #expect(Self.small.cut(UnsafeRawBufferPointer(start: nil, count: 0), isEnd: true) == 0)
    }

    @Test(arguments: 1...8)
    func cutsAlikeHoweverTheStreamArrives(_ seed: UInt64) {
        let bytes = SeededGenerator.bytes(200_000, seed: 5)
        var generator = SeededGenerator(seed: seed)
        var found: [Int] = []
        bytes.withUnsafeBytes { bytes in
            var start = 0
            var end = 0
            while start < bytes.count {
                let length = Self.small.cut(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), isEnd: end == bytes.count)
                if length == 0 {
                    end = min(bytes.count, end + Int.random(in: 1...(seed % 2 == 0 ? 300 : 30_000), using: &generator))
                } else {
                    found.append(length)
                    start += length
                }
            }
        }
        #expect(found == lengths(bytes))
    }

    @Test(arguments: [0, 1, 100, 5_000, 9_999])
    func anInsertionChangesOnlyChunksNearIt(_ place: Int) {
        let before = SeededGenerator.bytes(500_000, seed: 6)
        let after = Array(before[..<place] + [1, 2, 3, 4, 5, 6, 7] + before[place...])
        let known = Set(chunks(before))
        let new = chunks(after)
        #expect(new.filter { !known.contains($0) }.count <= 8)
        #expect(new.suffix(100) == chunks(before).suffix(100))
    }
}
