import Testing

@testable import Codec

@Suite struct SampleFilterTests {
    private func apply(_ filter: SampleFilter, _ bytes: [UInt8]) -> [UInt8] { transform(bytes, filter.apply) }
    private func undo(_ filter: SampleFilter, _ bytes: [UInt8]) -> [UInt8] { transform(bytes, filter.undo) }

    private func transform(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) -> Void) -> [UInt8] {
        var target = [UInt8](repeating: 0xA5, count: bytes.count + 16)
        bytes.withUnsafeBytes { from in target.withUnsafeMutableBytes { body(from, UnsafeMutableRawBufferPointer(rebasing: $0[..<from.count])) } }
        #expect(target[bytes.count...].allSatisfy { $0 == 0xA5 })
        return Array(target[..<bytes.count])
    }

    @Test(arguments: SampleFilter.allCases)
    func isUndoneExactly(_ filter: SampleFilter) {
        for length in Array(0...70) + [4094, 4095, 4096, 4097, 4098, 8191, 8192, 8193, 100_003] {
            for kind in [SampleData.random, .slices] {
                let plain = kind.bytes(length)
                #expect(undo(filter, apply(filter, plain)) == plain)
            }
        }
    }

    @Test(arguments: SampleFilter.allCases)
    func undoesAnyBytes(_ filter: SampleFilter) {
        // The filter is a bijection: what was never filtered is undone too, and filtering gives it back.
        for length in [0, 1, 2, 3, 8, 101, 5_000] {
            let bytes = SampleData.random.bytes(length)
            #expect(apply(filter, undo(filter, bytes)) == bytes)
        }
    }

    @Test func splitsZigzagDifferencesIntoPlanes() {
        // Samples 1, 0, 65535, 0x0201: differences 1, -1, -1, 0x0202.
        let samples: [UInt8] = [1, 0, 0, 0, 0xFF, 0xFF, 0x01, 0x02]
        #expect(apply(.even, samples) == [2, 1, 1, 0x04, 0, 0, 0, 0x04])
        #expect(apply(.even, samples + [9]) == [2, 1, 1, 0x04, 0, 0, 0, 0x04, 9])
        #expect(apply(.odd, [9] + samples) == [9, 2, 1, 1, 0x04, 0, 0, 0, 0x04])
        #expect(apply(.odd, [9] + samples + [8]) == [9, 2, 1, 1, 0x04, 0, 0, 0, 0x04, 8])
    }
}
