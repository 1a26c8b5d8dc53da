import Base

/// A fast 64-bit checksum for the guard before upload and for local caches: it finds memory that changed between
/// reading and sealing, not an attacker. Each step is a bijection of the word it takes, so a single changed word
/// always shows; the sums of the sums, as Fletcher has them, tell changes apart that would cancel each other and blocks
/// that changed places. Eight of each side by side, without products: vector code that memory hardly keeps up with.
package func quickChecksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var sums = SIMD8<UInt64>(1, 2, 3, 4, 5, 6, 7, 8) &* 0x9E37_79B1_85EB_CA87
    var totals = SIMD8<UInt64>(repeating: 0)
    let blocks = bytes.count / 64
    if let base = bytes.baseAddress {
        for i in 0..<blocks {
            sums &+= (base + i * 64).loadUnaligned(as: SIMD8<UInt64>.self)
            sums = (sums &<< 13) | (sums &>> 51)
            totals &+= sums
        }
    }
    let prime: UInt64 = 0x9E37_79B1_85EB_CA87
    var result = UInt64(bytes.count) &* prime
    for i in (blocks * 64)..<bytes.count { result = ((result << 9 | result >> 55) ^ UInt64(bytes[i])) &* prime }
    for i in 0..<8 {
        result = (result ^ sums[i]) &* prime
        result = ((result ^ result >> 29) &+ totals[i]) &* prime
        result ^= result >> 31
    }
    return result
}
