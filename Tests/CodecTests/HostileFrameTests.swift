import Base
import Testing

@testable import Codec

/// Frames that nobody honest wrote: the decoder refuses them with `.damaged`, or gives exactly the declared length.
@Suite struct HostileFrameTests {
    /// The ways in which a frame can be made.
    enum Make: CaseIterable {
        case stored, zstd, zstdEven, zstdOdd, lz4, lz4Even

        var frame: [UInt8] { HostileFrameTests.frames[self]! }
    }

    private static let frames: [Make: [UInt8]] = [
        .stored: encode(SampleData.random.bytes(600), .none),
        .zstd: encode(SampleData.records.bytes(5_001), .auto),
        .zstdEven: encode(SampleData.slices.bytes(6_000), .auto),
        .zstdOdd: encode(SampleData.oddSlices.bytes(6_001), .zstd(level: 3)),
        .lz4: encode(SampleData.records.bytes(5_001), .lz4),
        .lz4Even: encode(SampleData.slices.bytes(6_001), .lz4),
    ]

    @Test func theFramesAreOfEveryMake() {
        #expect(Make.allCases.map { [$0.frame[0], $0.frame[1]] } == [[0, 0], [1, 0], [1, 1], [1, 2], [2, 0], [2, 1]])
    }

    @Test(arguments: Make.allCases)
    func changedHeaders(_ make: Make) throws {
        let frame = make.frame
        let decoder = FrameDecoder()
        let plain = try decode(frame, decoder)
        for (index, value) in (0..<8).flatMap({ index in (0...255).map { (index, UInt8($0)) } }) where frame[index] != value {
            var changed = frame
            changed[index] = value
            let result = decodeOrRefuse(changed, decoder)
            switch index {
            // Another filter is another meaning, which only the seal around the frame and the id can tell.
            case 1 where frame[0] != 0 && value <= 2: #expect(result?.count == plain.count)
            case 0: #expect(result == nil || result?.count == plain.count)
            default: #expect(result == nil)
            }
        }
    }

    @Test(arguments: Make.allCases)
    func cutShortOrMadeLonger(_ make: Make) {
        let frame = make.frame
        let decoder = FrameDecoder()
        for length in 0..<32 { #expect(decodeOrRefuse(Array(frame[..<length]), decoder) == nil) }
        #expect(decodeOrRefuse(Array(frame.dropLast()), decoder) == nil)
        #expect(decodeOrRefuse(frame + [0], decoder) == nil)
        #expect(decodeOrRefuse(frame + frame[8...], decoder) == nil)
    }

    @Test(arguments: Make.allCases, [-1, 1, -100, 100, 1 << 20])
    func aDeclaredLengthThatIsNotTheRealOne(_ make: Make, _ difference: Int) {
        let frame = make.frame
        let declared = frame.declaredLength + difference
        let changed = Array(frame[..<4]) + (0..<4).map { UInt8(truncatingIfNeeded: declared >> ($0 * 8)) } + Array(frame[8...])
        #expect(decodeOrRefuse(changed, FrameDecoder()) == nil)
    }

    @Test(arguments: Make.allCases)
    func aTargetThatIsNotOfTheDeclaredLength(_ make: Make) {
        let frame = make.frame
        for count in [0, frame.declaredLength - 1, frame.declaredLength + 1] {
            #expect(throws: Failure.self) { try frame.withUnsafeBytes { try decode($0, FrameDecoder(), exactly: count) } }
        }
    }

    @Test(arguments: Make.allCases)
    func aLengthAboveTheLimit(_ make: Make) throws {
        let frame = make.frame
        let decoder = FrameDecoder()
        #expect(decodeOrRefuse(frame, decoder, limit: frame.declaredLength - 1) == nil)
        #expect(try decode(frame, decoder, limit: frame.declaredLength).count == frame.declaredLength)
    }

    @Test func zstdThatIsNotOneFrameOfTheDeclaredLength() {
        let decoder = FrameDecoder()
        let abc: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x20, 3, 0x19, 0, 0] + Array("abc".utf8)
        let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 9]
        // Windowed, without a content size.
        let unsized: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0, 0, 0x19, 0, 0] + Array("abc".utf8)
        #expect(decodeOrRefuse([1, 0, 0, 0, 3, 0, 0, 0] + abc, decoder) == Array("abc".utf8))
        #expect(decodeOrRefuse([1, 0, 0, 0, 6, 0, 0, 0] + abc + abc, decoder) == nil)
        #expect(decodeOrRefuse([1, 0, 0, 0, 3, 0, 0, 0] + abc + skippable, decoder) == nil)
        #expect(decodeOrRefuse([1, 0, 0, 0, 3, 0, 0, 0] + skippable + abc, decoder) == nil)
        #expect(decodeOrRefuse([1, 0, 0, 0, 3, 0, 0, 0] + unsized, decoder) == nil)
        #expect(decodeOrRefuse([1, 0, 0, 0, 0, 0, 0, 0] + abc, decoder) == nil)
    }

    @Test(.timeLimit(.minutes(1)))
    func twentyThousandRandomChanges() {
        var generator = SeededGenerator(seed: 20)
        let decoder = FrameDecoder()
        let frames = Make.allCases.map(\.frame)
        var refused = 0
        for round in 0..<20_000 {
            var frame = frames[round % frames.count]
            for _ in 0...Int.random(in: 0..<4, using: &generator) {
                // Half of the changes near the front, where headers and tables are.
                let end = Bool.random(using: &generator) ? min(64, frame.count) : frame.count
                frame[Int.random(in: 0..<end, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            if Int.random(in: 0..<8, using: &generator) == 0 { frame.removeLast(Int.random(in: 0..<frame.count, using: &generator)) }
            guard let plain = decodeOrRefuse(frame, decoder, limit: 1 << 20) else {
                refused += 1
                continue
            }
            #expect(plain.count == frame.declaredLength)
        }
        #expect(refused > 5_000)
    }

    @Test func aDecoderStillWorksAfterRefusing() throws {
        let decoder = FrameDecoder()
        for frame in Make.allCases.map(\.frame) {
            let plain = try decode(frame)
            #expect(decodeOrRefuse(Array(frame.dropLast(3)), decoder) == nil)
            #expect(try decode(frame, decoder) == plain)
        }
    }
}
