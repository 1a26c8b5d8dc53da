/// A reversible change of chunks made of 16-bit samples (images, volumes, signals), which zstd and lz4 see
/// badly as they are: the difference to the previous sample, zig-zag so that small differences of either
/// sign are small numbers, then all low bytes followed by all high bytes, as Blosc and PNG do.
///
/// The raw values are those of a frame's header (docs/FORMAT.md).
package enum SampleFilter: UInt8, Sendable, CaseIterable {
    case none = 0
    /// Samples start at the first byte.
    case even = 1
    /// The first byte is passed through and samples start at the second: a cut may be odd.
    case odd = 2

    /// Bytes passed through before the first sample of `count` bytes.
    private func lead(_ count: Int) -> Int { self == .odd ? min(1, count) : 0 }

    /// Writes the filtered form of `plain` to `target`, which must not overlap it and hold at least as many bytes.
    package func apply(_ plain: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) {
        precondition(target.count >= plain.count)
        guard let source = plain.baseAddress, let out = target.baseAddress else { return }
        guard self != .none else { return out.copyMemory(from: source, byteCount: plain.count) }
        let lead = lead(plain.count)
        let samples = (plain.count - lead) / 2
        if lead == 1 { out.storeBytes(of: source.load(as: UInt8.self), as: UInt8.self) }
        Self.split(source + lead, samples: samples, low: out + lead, high: out + lead + samples)
        let tail = lead + 2 * samples
        if tail < plain.count { out.storeBytes(of: source.load(fromByteOffset: tail, as: UInt8.self), toByteOffset: tail, as: UInt8.self) }
    }

    /// Writes to `target` the bytes whose filtered form is `filtered`; the inverse of `apply` for any bytes.
    package func undo(_ filtered: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) {
        precondition(target.count >= filtered.count)
        guard let source = filtered.baseAddress, let out = target.baseAddress else { return }
        guard self != .none else { return out.copyMemory(from: source, byteCount: filtered.count) }
        let lead = lead(filtered.count)
        let samples = (filtered.count - lead) / 2
        if lead == 1 { out.storeBytes(of: source.load(as: UInt8.self), as: UInt8.self) }
        Self.join(low: source + lead, high: source + lead + samples, samples: samples, into: out + lead)
        let tail = lead + 2 * samples
        if tail < filtered.count { out.storeBytes(of: source.load(fromByteOffset: tail, as: UInt8.self), toByteOffset: tail, as: UInt8.self) }
    }

    /// Loads are unaligned ones because the odd phase is; the loop has no other dependence than on the
    /// source, so the compiler turns it into vector code.
    private static func split(
        _ source: UnsafeRawPointer, samples: Int, low: UnsafeMutableRawPointer, high: UnsafeMutableRawPointer
    ) {
        guard samples > 0 else { return }
        let first = zigzag(source.loadUnaligned(as: UInt16.self).littleEndian)
        low.storeBytes(of: UInt8(truncatingIfNeeded: first), as: UInt8.self)
        high.storeBytes(of: UInt8(truncatingIfNeeded: first &>> 8), as: UInt8.self)
        var i = 1
        while i < samples {
            let at = i &* 2
            let sample = source.loadUnaligned(fromByteOffset: at, as: UInt16.self).littleEndian
            let previous = source.loadUnaligned(fromByteOffset: at &- 2, as: UInt16.self).littleEndian
            let z = zigzag(sample &- previous)
            low.storeBytes(of: UInt8(truncatingIfNeeded: z), toByteOffset: i, as: UInt8.self)
            high.storeBytes(of: UInt8(truncatingIfNeeded: z &>> 8), toByteOffset: i, as: UInt8.self)
            i &+= 1
        }
    }

    /// In blocks that stay in the first cache: undoing the zig-zag is vector code, and so are the running sums, which
    /// have a loop of their own for that: those of one, two and four neighbours make those of eight.
    private static func join(low: UnsafeRawPointer, high: UnsafeRawPointer, samples: Int, into target: UnsafeMutableRawPointer) {
        let block = 2048
        var last = SIMD8<UInt16>(repeating: 0)
        var at = 0
        for start in stride(from: 0, to: samples, by: block) {
            let end = min(samples, start &+ block)
            var i = start
            while i < end {
                let z = UInt16(low.load(fromByteOffset: i, as: UInt8.self)) | UInt16(high.load(fromByteOffset: i, as: UInt8.self)) &<< 8
                target.storeBytes(of: unzigzag(z), toByteOffset: i &* 2, as: UInt16.self)
                i &+= 1
            }
            while at &+ 8 <= end {
                var sums = target.loadUnaligned(fromByteOffset: at &* 2, as: SIMD8<UInt16>.self)
                sums = sums &+ SIMD8(0, sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6])
                sums = sums &+ SIMD8(0, 0, sums[0], sums[1], sums[2], sums[3], sums[4], sums[5])
                sums = sums &+ SIMD8(0, 0, 0, 0, sums[0], sums[1], sums[2], sums[3])
                sums = sums &+ last
                last = SIMD8(repeating: sums[7])
                for j in 0..<8 { sums[j] = sums[j].littleEndian }
                target.storeBytes(of: sums, toByteOffset: at &* 2, as: SIMD8<UInt16>.self)
                at &+= 8
            }
        }
        var sample = last[0]
        while at < samples {
            sample &+= target.loadUnaligned(fromByteOffset: at &* 2, as: UInt16.self)
            target.storeBytes(of: sample.littleEndian, toByteOffset: at &* 2, as: UInt16.self)
            at &+= 1
        }
    }

    /// 0, -1, 1, -2 … as 0, 1, 2, 3 …
    @inline(__always)
    static func zigzag(_ difference: UInt16) -> UInt16 {
        (difference &<< 1) ^ UInt16(bitPattern: Int16(bitPattern: difference) &>> 15)
    }

    /// The inverse of `zigzag`.
    @inline(__always)
    private static func unzigzag(_ z: UInt16) -> UInt16 { (z &>> 1) ^ (0 &- (z & 1)) }
}
