import Testing

@testable import Chunking

/// What must hold of cuts for any stream, any limits and any way of feeding; the seed is each test's argument.
@Suite struct StreamPropertyTests {
    private struct Stream {
        let cutter: ContentCutter
        let minimum: Int
        let maximum: Int
        var bytes: [UInt8]

        /// `isRoomy`: the limits leave room for the content to decide.
        init(_ generator: inout SeededGenerator, isRoomy: Bool = false) {
            // A hash takes 63 bytes to forget where its chunk began: shorter chunks never meet again.
            let bits = isRoomy ? Int.random(in: 11...12, using: &generator) : Int.random(in: 6...11, using: &generator)
            let turn = (1 << bits) - (1 << bits) / 4
            minimum = isRoomy ? 1 << (bits - 1) : Int.random(in: 0..<turn, using: &generator)
            maximum = isRoomy ? 4 << bits : Int.random(in: turn + 1...8 << bits, using: &generator)
            cutter = ContentCutter(gear: generator.bytes(ContentCutter.gearBytes), minimum: minimum, mean: 1 << bits, maximum: maximum)
            // Noise with stretches that repeat, as files have them.
            bytes = []
            while bytes.count < 40 << bits {
                let count = Int.random(in: 1...4000, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes += [UInt8](repeating: UInt8.random(in: 0...255, using: &generator), count: count)
                case 1:
                    let period = generator.bytes(Int.random(in: 1...200, using: &generator))
                    bytes += (0..<count).map { period[$0 % period.count] }
                default: bytes += generator.bytes(count)
                }
            }
        }

        /// Each chunk's end; `step` says how many more bytes come when the cutter asks for some.
        func ends(_ bytes: [UInt8], step: () -> Int) -> [Int] {
            bytes.withUnsafeBytes { bytes in
                var (ends, start, fed) = ([Int](), 0, 0)
                while start < bytes.count {
                    let length = cutter.cut(UnsafeRawBufferPointer(rebasing: bytes[start..<fed]), isEnd: fed == bytes.count)
                    guard length == 0 else {
                        start += length
                        ends.append(start)
                        continue
                    }
                    guard fed < bytes.count else { return ends }
                    fed = min(bytes.count, fed + step())
                }
                return ends
            }
        }
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `cuts do not depend on how the bytes come, and keep the limits`(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let stream = Stream(&generator)
        let ends = stream.ends(stream.bytes) { .max / 2 }
        #expect(ends.last == stream.bytes.count, "seed \(seed)")
        var start = 0
        for end in ends.dropLast() {
            #expect((stream.minimum + 1...stream.maximum).contains(end - start), "seed \(seed)")
            start = end
        }
        #expect(stream.bytes.count - start <= stream.maximum)
        for most in [1, 7, 500, 20_000] { #expect(stream.ends(stream.bytes) { Int.random(in: 1...most, using: &generator) } == ends, "seed \(seed)") }
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `an edit moves no edge before it, and few behind it`(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var stream = Stream(&generator, isRoomy: true)
        stream.bytes = generator.bytes(stream.maximum * 60)  // what repeats has no edges to come back to
        let before = stream.ends(stream.bytes) { .max / 2 }
        let place = Int.random(in: 0..<stream.bytes.count / 3, using: &generator)
        let removed = min(Int.random(in: 0...50, using: &generator), stream.bytes.count - place)
        let inserted = generator.bytes(Int.random(in: 0...50, using: &generator))
        let edited = Array(stream.bytes[..<place]) + inserted + Array(stream.bytes[(place + removed)...])
        let after = stream.ends(edited) { .max / 2 }
        let moved = inserted.count - removed
        #expect(after.filter { $0 <= place } == before.filter { $0 <= place }, "seed \(seed)")
        // A hundred bytes behind the edit nothing of it is in the hash: edges meet again, and stay together.
        let old = Set(before.map { $0 + moved })
        let met = after.first { $0 > place + inserted.count && old.contains($0) }
        #expect(met != nil, "seed \(seed)")
        guard let met else { return }
        #expect(after.filter { $0 >= met } == before.map { $0 + moved }.filter { $0 >= met }, "seed \(seed)")
        let others = after.filter { $0 > place && $0 < met }.count
        #expect(others <= 16, "seed \(seed): \(others)")
    }

    @Test func `fixed blocks are powers of two, and few enough`() {
        var generator = SeededGenerator(seed: 5)
        for shift in 20..<63 as Range<UInt64> {
            let power: UInt64 = 1 << shift
            let sizes: [UInt64] = [power, power + 1, power - 1, power + generator.next() % power]
            for size in sizes {
                let block = ContentProbe.blockSize(fileSize: size)
                #expect(block.nonzeroBitCount == 1 && (65_536...4 << 20).contains(block))
                // The smallest that keeps to the number of blocks, or the largest there is.
                #expect(size <= UInt64(block) << 18 || block == 4 << 20)
                #expect(block == 65_536 || size > UInt64(block / 2) << 18)
            }
        }
    }
}
