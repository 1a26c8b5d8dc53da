import Base
import Testing

@testable import Codec

@Suite struct FrameTests {
    static let methods: [CompressionMethod] = [.auto, .zstd(level: 1), .zstd(level: 9), .lz4, .none]

    @Test(arguments: methods, SampleData.allCases)
    func givesBackWhatItWasGiven(_ method: CompressionMethod, _ kind: SampleData) throws {
        let encoder = FrameEncoder(method)
        let decoder = FrameDecoder()
        // One encoder and one decoder for all, as in a worker: nothing must be left over from the chunk before.
        for length in [1 << 20 | 1, 0, 1, 2, 3, 7, 8, 255, 511, 512, 513, 4095, 40_001, 65_537, 8] {
            let plain = kind.bytes(length)
            let frame = encode(plain, encoder)
            #expect(frame.declaredLength == length && frame[2] == 0 && frame[3] == 0)
            #expect(try decode(frame, decoder) == plain)
        }
    }

    @Test func strongestLevelGivesBackWhatItWasGiven() throws {
        let plain = SampleData.records.bytes(100_001)
        #expect(try decode(encode(plain, .zstd(level: 19))) == plain)
    }

    @Test(arguments: methods)
    func neverGrowsByMoreThanTheHeader(_ method: CompressionMethod) {
        for length in [0, 1, 100, 70_000, 300_000] {
            #expect(encode(SampleData.random.bytes(length), method).count == length + 8)
            #expect(FrameEncoder.bound(length) == length + 8)
        }
    }

    @Test(arguments: methods)
    func storesRandomBytesAsTheyAre(_ method: CompressionMethod) {
        let plain = SampleData.random.bytes(1 << 20)
        let frame = encode(plain, method)
        #expect(frame[0] == FrameCodec.stored.rawValue && frame[1] == 0)
        #expect(Array(frame[8...]) == plain)
    }

    @Test func storesWhatShrinksByLessThanTwoPerCent() {
        let plain = SampleData.random.bytes(99_000) + [UInt8](repeating: 0, count: 1_000)
        #expect(encode(plain, .zstd(level: 3))[0] == FrameCodec.stored.rawValue)
    }

    @Test(arguments: [CompressionMethod.auto, .lz4])
    func compressesAReadablePartAmongCompressedOnes(_ method: CompressionMethod) {
        // A bundle: scanned letters with some messages between them.
        let plain = SampleData.random.bytes(500_000) + SampleData.records.bytes(150_000) + SampleData.random.bytes(400_000)
        #expect(encode(plain, method).count < 960_000)
    }

    @Test(arguments: [CompressionMethod.auto, .zstd(level: 1), .lz4])
    func filtersSixteenBitSamplesInEitherPhase(_ method: CompressionMethod) {
        for length in [20_000, 524_506, 1 << 20] {
            #expect(encode(SampleData.slices.bytes(length), method)[1] == SampleFilter.even.rawValue)
            #expect(encode(SampleData.oddSlices.bytes(length), method)[1] == SampleFilter.odd.rawValue)
        }
    }

    @Test(arguments: [SampleData.zeros, .random, .records, .mixed])
    func leavesEverythingElseUnfiltered(_ kind: SampleData) {
        for length in [20_000, 1 << 20] { #expect(encode(kind.bytes(length), .auto)[1] == 0) }
    }

    @Test func filteredSlicesAreMuchSmallerThanUnfilteredOnes() throws {
        let plain = SampleData.slices.bytes(1 << 20)
        var target = [UInt8](repeating: 0, count: 1 << 20)
        let unfiltered = try #require(
            plain.withUnsafeBytes { plain in
                target.withUnsafeMutableBytes { ZstdCompressor(.init(level: 1)).compress(plain, into: $0) }
            })
        #expect(Double(encode(plain, .zstd(level: 1)).count) < 0.85 * Double(unfiltered))
        #expect(Double(encode(plain, .auto).count) < 0.85 * Double(unfiltered))
    }

    @Test func readsTheExamplesOfTheFormat() throws {
        #expect(try decode([0, 0, 0, 0, 0, 0, 0, 0]) == [])
        #expect(try decode([0, 0, 0, 0, 3, 0, 0, 0] + Array("abc".utf8)) == Array("abc".utf8))
        // One zstd frame of one raw block (RFC 8878), its content size in the header.
        let zstd: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x20, 0x07, 0x39, 0, 0]
        let planes: [UInt8] = [0x7F, 2, 1, 4, 0, 0, 2]
        #expect(try decode([1, 0, 0, 0, 7, 0, 0, 0] + zstd + planes) == planes)
        // Odd phase: 0x7F, then the samples 1, 0 and 258, whose differences are 1, -1 and 258.
        #expect(try decode([1, 2, 0, 0, 7, 0, 0, 0] + zstd + planes) == [0x7F, 1, 0, 0, 0, 2, 1])
        // Even phase: three samples and a last byte that is passed through.
        #expect(try decode([1, 1, 0, 0, 7, 0, 0, 0] + zstd + [2, 1, 4, 0, 0, 2, 0x7F]) == [1, 0, 0, 0, 2, 1, 0x7F])
        // One lz4 block of three literals.
        #expect(try decode([2, 0, 0, 0, 3, 0, 0, 0, 0x30] + Array("abc".utf8)) == Array("abc".utf8))
    }
}

@Suite struct CompressionMethodTests {
    @Test(arguments: ["auto", "lz4", "none", "zstd:1", "zstd:7", "zstd:19"])
    func readsTheConfiguration(_ text: String) throws {
        #expect(try CompressionMethod(configuration: text).description == text)
    }

    @Test(arguments: ["", "Auto", "zstd", "zstd:", "zstd:0", "zstd:20", "zstd:-1", "zstd:+3", "zstd:03", "zstd: 3", "zstd:3 ", "gzip"])
    func refusesAnythingElseAndSaysWhatToWrite(_ text: String) {
        let failure = #expect(throws: Failure.self) { try CompressionMethod(configuration: text) }
        #expect(failure?.kind == .usage && failure?.remedy != nil)
    }
}
