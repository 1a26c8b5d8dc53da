/// Cuts a stream where its content says so, so that an insertion moves the edges with the bytes: FastCDC with
/// normalised chunking at level 2 (Xia et al., USENIX ATC 2016; two bytes a step, IEEE TPDS 2020).
///
/// The exact rule. `mean` is a power of two, 2^m. All arithmetic is on unsigned 64-bit integers, modulo 2^64.
///
/// ```
/// strict = a mask of m + 2 one bits: bits 62 down to 61 - m
/// loose  = a mask of m - 2 one bits: bits 62 down to 65 - m
/// turn   = mean - mean / 4
///
/// length of the first chunk of the n bytes b[0], b[1], … b[n - 1] that are left of the stream:
///     h = 0
///     for i = minimum, minimum + 1, … up to min(n, maximum) - 1:
///         h = 2 h + G[b[i]]
///         mask = strict if i < turn, else loose
///         if h & mask == 0: return i + 1
///     return min(n, maximum)
/// ```
///
/// `G` is the gear table: 256 numbers. So the first `minimum` bytes are not looked at, the byte that makes the masked
/// hash zero is the chunk's last, and the hash starts anew in each chunk; each masked bit depends on the 40 to 63
/// bytes before the cut. With bytes that look random the mean length is about `mean`: after the turn an edge comes in
/// `mean / 4` bytes on average, before it rarely.
///
/// The code below takes two bytes a step: with `2 G` at hand, `4 h + 2 G[b]` is twice the hash after the first of
/// them, to be compared with twice the mask. Bit 63 is in no mask, so nothing is lost by the doubling.
package struct ContentCutter: Sendable {
    /// Bytes of a gear table: 256 little-endian numbers of 64 bits.
    package static let gearBytes = 2048
    /// The defaults: with them, half of a stream is skipped over, and a chunk is 4 MiB at most.
    package static let minimum = 512 << 10
    package static let mean = 1 << 20
    package static let maximum = 4 << 20

    private let least: Int
    private let turn: Int
    private let most: Int
    private let strict: UInt64
    private let loose: UInt64
    /// The gear table, then the same with each number doubled.
    private let gear: [UInt64]

    /// `gear` has `gearBytes` bytes, which should come from a key: whoever knows them can foresee edges. `mean` is a
    /// power of two from 64 to 2^40, and `minimum` < 3/4 of it < `maximum`.
    package init(gear: [UInt8], minimum: Int = Self.minimum, mean: Int = Self.mean, maximum: Int = Self.maximum) {
        precondition(gear.count == Self.gearBytes)
        precondition(mean.nonzeroBitCount == 1 && (64...1 << 40).contains(mean))
        turn = mean - mean / 4
        precondition(0 <= minimum && minimum < turn && turn < maximum)
        least = minimum
        most = maximum
        let bits = mean.trailingZeroBitCount
        strict = Self.mask(bits: bits + 2)
        loose = Self.mask(bits: bits - 2)
        let numbers = gear.withUnsafeBytes { bytes in
            (0..<256).map { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
        }
        self.gear = numbers + numbers.map { $0 &<< 1 }
    }

    /// Ones from bit 62 downwards.
    private static func mask(bits: Int) -> UInt64 { ((1 << UInt64(bits)) - 1) << UInt64(63 - bits) }

    /// The length of the first chunk of `bytes`, which start at an edge; `isEnd` says that the stream ends with them.
    /// 0 means that more bytes are needed: only when `isEnd` is false and there are fewer than `maximum`. The edges
    /// depend on the stream alone, not on how many bytes each call was given.
    package func cut(_ bytes: UnsafeRawBufferPointer, isEnd: Bool) -> Int {
        let end = min(bytes.count, most)
        if let base = bytes.baseAddress, end > least {
            var hash: UInt64 = 0
            let found = gear.withUnsafeBufferPointer { table -> Int in
                let gear = table.baseAddress!
                let edge = Self.scan(base, from: least, to: min(turn, end), mask: strict, gear: gear, hash: &hash)
                if edge != 0 { return edge }
                return Self.scan(base, from: min(turn, end), to: end, mask: loose, gear: gear, hash: &hash)
            }
            if found != 0 { return found }
        }
        return isEnd || end == most ? end : 0
    }

    /// The place behind the first byte of `from..<to` that makes the masked hash zero, or 0.
    @inline(__always)
    private static func scan(
        _ bytes: UnsafeRawPointer, from: Int, to: Int, mask: UInt64, gear: UnsafePointer<UInt64>, hash: inout UInt64
    ) -> Int {
        let doubledGear = gear + 256
        let doubledMask = mask &<< 1
        var h = hash
        var at = from
        while at &+ 2 <= to {
            h = (h &<< 2) &+ doubledGear[Int(bytes.load(fromByteOffset: at, as: UInt8.self))]
            if h & doubledMask == 0 { return at &+ 1 }
            h = h &+ gear[Int(bytes.load(fromByteOffset: at &+ 1, as: UInt8.self))]
            if h & mask == 0 { return at &+ 2 }
            at &+= 2
        }
        if at < to {
            h = (h &<< 1) &+ gear[Int(bytes.load(fromByteOffset: at, as: UInt8.self))]
            if h & mask == 0 { return at &+ 1 }
        }
        hash = h
        return 0
    }
}
