import Testing

@testable import Codec

/// The checksum of local caches and of the guard before upload. It need not withstand an attacker, but faults of memory
/// and disks come in twos and threes.
@Suite struct ChecksumTests {
    private func checksum(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { quickChecksum($0) } }

    @Test(arguments: [0, 1, 7, 8, 31, 32, 63, 64, 65, 127, 128, 200])
    func `each flipped bit, each cut and each byte more shows`(_ count: Int) {
        var bytes = SeededGenerator(seed: UInt64(count)).with(count)
        let whole = checksum(bytes)
        for bit in 0..<count * 8 {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(checksum(bytes) != whole, "bit \(bit)")
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
        for cut in 0..<count { #expect(checksum(Array(bytes[..<cut])) != whole) }
        #expect(checksum(bytes + [0]) != whole)
    }

    @Test func `no two flipped bits hide each other`() {
        // Sums and rotations alone let one pair in a thousand pass: a bit, and the one it is rotated to in a later block.
        let bytes = SeededGenerator(seed: 1).with(192)
        let whole = checksum(bytes)
        var hidden: [(Int, Int)] = []
        bytes.withUnsafeBytes { original in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: original.count, alignment: 64)
            defer { copy.deallocate() }
            copy.copyMemory(from: original)
            for first in 0..<original.count * 8 {
                copy[first / 8] ^= 1 << UInt8(first % 8)
                for second in first + 1..<original.count * 8 {
                    copy[second / 8] ^= 1 << UInt8(second % 8)
                    if quickChecksum(UnsafeRawBufferPointer(copy)) == whole { hidden.append((first, second)) }
                    copy[second / 8] ^= 1 << UInt8(second % 8)
                }
                copy[first / 8] ^= 1 << UInt8(first % 8)
            }
        }
        #expect(hidden.isEmpty, "\(hidden.count) pairs of bits, such as \(hidden.first ?? (0, 0))")
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `words that change places show`(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let bytes = generator.bytes(512)
        let whole = checksum(bytes)
        for _ in 0..<200 {
            var changed = bytes
            let (a, b) = (Int.random(in: 0..<64, using: &generator) * 8, Int.random(in: 0..<64, using: &generator) * 8)
            for i in 0..<8 { changed.swapAt(a + i, b + i) }
            #expect((checksum(changed) == whole) == (changed == bytes), "seed \(seed): the words at \(a) and \(b)")
        }
    }
}

extension SeededGenerator {
    fileprivate func with(_ count: Int) -> [UInt8] {
        var copy = self
        return copy.bytes(count)
    }
}
