import Base

/// A fast 64-bit checksum for the guard before upload: it finds memory that changed between reading and
/// sealing, not an attacker. Each step is a bijection of the word it takes, so a single changed word
/// always shows.
package func quickChecksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    let prime: UInt64 = 0x9E37_79B1_85EB_CA87
    var a = prime, b = prime &* 3, c = prime &* 5, d = prime &* 7
    let words = bytes.count / 32
    if let base = bytes.baseAddress {
        for i in 0..<words {
            let p = base + i * 32
            a = (a ^ p.loadUnaligned(as: UInt64.self)) &* prime
            b = (b ^ (p + 8).loadUnaligned(as: UInt64.self)) &* prime
            c = (c ^ (p + 16).loadUnaligned(as: UInt64.self)) &* prime
            d = (d ^ (p + 24).loadUnaligned(as: UInt64.self)) &* prime
            a = a << 31 | a >> 33
            b = b << 31 | b >> 33
            c = c << 31 | c >> 33
            d = d << 31 | d >> 33
        }
    }
    for i in (words * 32)..<bytes.count { a = (a ^ UInt64(bytes[i])) &* prime }
    func mix(_ x: UInt64) -> UInt64 { (x ^ (x >> 29)) &* prime }
    return mix(a) &+ mix(b ^ 1) &* 3 &+ mix(c ^ 2) &* 5 &+ mix(d ^ 3) &* 7 &+ UInt64(bytes.count)
}
