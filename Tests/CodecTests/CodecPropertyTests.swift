import Base
import Testing

@testable import Codec

/// Frames and filters for any content; the seed is each test's argument.
@Suite struct CodecPropertyTests {
    /// Pieces of every kind of content after one another, of any lengths.
    private func content(_ generator: inout SeededGenerator, upTo most: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let kind = SampleData.allCases.randomElement(using: &generator)!
            bytes += kind.bytes(Int.random(in: 0...most, using: &generator), seed: generator.next())
        }
        return bytes
    }

    @Test(arguments: 1...25 as ClosedRange<UInt64>)
    func `any content comes back from any method`(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let levels = CompressionMethod.zstdLevels.map { CompressionMethod.zstd(level: $0) }
        let methods: [CompressionMethod] = [.auto, .auto, .lz4, .none, levels.randomElement(using: &generator)!]
        let decoder = FrameDecoder()
        for method in methods {
            let encoder = FrameEncoder(method)
            for _ in 0..<3 {
                let plain = content(&generator, upTo: 40_000)
                let frame = encode(plain, encoder)
                #expect(frame.declaredLength == plain.count && frame.count <= FrameEncoder.bound(plain.count), "seed \(seed), \(method)")
                #expect(try decode(frame, decoder) == plain, "seed \(seed), \(method), \(plain.count) bytes")
                // The same content makes the same frame, whatever the encoder saw before.
                #expect(encode(plain, method) == frame, "seed \(seed), \(method)")
            }
        }
    }

    @Test(arguments: CompressionMethod.zstdLevels)
    func `every level gives back what it was given`(_ level: Int) throws {
        for kind in SampleData.allCases {
            let plain = kind.bytes(30_001, seed: UInt64(level))
            #expect(try decode(encode(plain, .zstd(level: level))) == plain)
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `filters are inverse for any bytes, lengths and phases`(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for filter in SampleFilter.allCases {
            for count in [Int.random(in: 0...9, using: &generator), Int.random(in: 0...9_000, using: &generator)] {
                let lead = Int.random(in: 0...3, using: &generator)  // loads need not be aligned
                let plain = generator.bytes(lead + count)
                var (filtered, undone) = ([UInt8](repeating: 0xA5, count: count + 8), [UInt8](repeating: 0xA5, count: count + 8))
                plain.withUnsafeBytes { plain in
                    filtered.withUnsafeMutableBytes {
                        filter.apply(UnsafeRawBufferPointer(rebasing: plain[lead...]), into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]))
                    }
                }
                filtered.withUnsafeBytes { filtered in
                    undone.withUnsafeMutableBytes {
                        filter.undo(UnsafeRawBufferPointer(rebasing: filtered[..<count]), into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]))
                    }
                }
                #expect(Array(undone[..<count]) == Array(plain[lead...]), "seed \(seed), \(filter), \(count) bytes")
                #expect(filtered[count...].allSatisfy { $0 == 0xA5 } && undone[count...].allSatisfy { $0 == 0xA5 })
                // What it filters is the same bytes, in other places, of differences: none is lost.
                if filter == .none { #expect(Array(filtered[..<count]) == Array(plain[lead...])) }
            }
        }
    }
}
