import Base

/// A fast 64-bit checksum for the guard before upload and for local caches: it finds memory that changed between
/// reading and sealing, not an attacker. Each step is a bijection of the word it takes, so a single changed word
/// always shows; the sums of the sums, as Fletcher has them, tell changes apart that would cancel each other and blocks
/// that changed places. Eight of each side by side, without products: vector code that memory hardly keeps up with.
package struct QuickChecksum {
    /// Every piece but the last has whole blocks.
    package static let block = 64
    private static let prime: UInt64 = 0x9E37_79B1_85EB_CA87

    private var sums = SIMD8<UInt64>(1, 2, 3, 4, 5, 6, 7, 8) &* Self.prime
    private var totals = SIMD8<UInt64>(repeating: 0)
    private var count: UInt64 = 0
    private var tail: UInt64 = 0

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let blocks = bytes.count / Self.block
        if let base = bytes.baseAddress {
            // The halves of the rotated sums, which have no bit in common, are added one by one: for a rotation the compiler
            // would leave the vector registers.
            var (high, low, totals) = (sums, SIMD8<UInt64>.zero, totals)
            for i in 0..<blocks {
                let mixed = (base + i * Self.block).loadUnaligned(as: SIMD8<UInt64>.self) &+ high &+ low
                (high, low) = (mixed &<< 13, mixed &>> 51)
                totals = totals &+ high &+ low
            }
            (sums, self.totals) = (high | low, totals)
        }
        count &+= UInt64(bytes.count)
        for i in (blocks * Self.block)..<bytes.count { tail = ((tail << 9 | tail >> 55) ^ UInt64(bytes[i])) &* Self.prime }
    }

    package var value: UInt64 {
        var result = tail ^ (count &* Self.prime)
        for i in 0..<8 {
            result = (result ^ sums[i]) &* Self.prime
            result = ((result ^ result >> 29) &+ totals[i]) &* Self.prime
            result ^= result >> 31
        }
        return result
    }
}

/// The checksum of `bytes`.
package func quickChecksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var checksum = QuickChecksum()
    checksum.update(bytes)
    return checksum.value
}

extension KeyedHasher {
    /// The keyed hash and the checksum of `bytes`, in pieces that stay in the first caches.
    package func hashAndCheck(prefix: UInt8, _ bytes: UnsafeRawBufferPointer) -> (Digest, checksum: UInt64) {
        var checksum = QuickChecksum()
        start(prefix: prefix)
        var at = 0
        while at < bytes.count {
            let piece = UnsafeRawBufferPointer(rebasing: bytes[at..<min(at + (32 << 10), bytes.count)])
            checksum.update(piece)
            update(piece)
            at += piece.count
        }
        return (finish(), checksum.value)
    }
}
