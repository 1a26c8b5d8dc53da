import Base
import Glibc

/// A few small pieces of a chunk, spread over it, and what their bytes say about compressing the whole.
///
/// Looking costs the same whatever the chunk's length, a few per cent of compressing a mebibyte. One thread
/// at a time; `take` starts anew.
final class CompressionSample {
    private static let pieces = 16
    private static let pieceSize = 2048
    /// Bytes of a full sample; a shorter chunk is its own sample.
    static let size = pieces * pieceSize

    private let buffer = Buffer(capacity: CompressionSample.size)
    private let histograms = (0..<5).map { _ in Histogram() }

    /// The pieces, one after the other.
    var bytes: UnsafeRawBufferPointer { buffer.bytes }

    /// A quarter of the sample, for trials that cost more; at an even offset like every piece.
    var quarter: UnsafeRawBufferPointer {
        let length = min(buffer.count, Self.size / 4)
        let start = (buffer.count - length) / 2 & ~1
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
    }

    /// Copies pieces from the middles of equal parts of `plain`: its head is rarely like the rest. Offsets are
    /// even, so that the phase of 16-bit samples is that of the chunk.
    func take(_ plain: UnsafeRawBufferPointer) {
        buffer.count = 0
        guard plain.count > Self.size else { return buffer.append(plain) }
        let part = plain.count / Self.pieces
        // Every fourth one first, so that each quarter of the sample is spread over the whole chunk.
        for number in 0..<Self.pieces {
            let piece = number % 4 * 4 + number / 4
            let start = (piece * part + (part - Self.pieceSize) / 2) & ~1
            buffer.append(UnsafeRawBufferPointer(rebasing: plain[start..<start + Self.pieceSize]))
        }
    }

    /// The part of the bytes that coding each piece by its own frequencies would keep, from 0 to 1. Pieces are judged
    /// one by one, so that one readable file in a bundle of compressed ones still counts.
    var keptByFrequencies: Double {
        // What 2,048 random bytes show: 8 bits less the bias of so small a histogram.
        let full = 7.91
        var kept = 0.0
        let bytes = bytes
        let raw = histograms[0]
        for start in stride(from: 0, to: bytes.count, by: Self.pieceSize) {
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + Self.pieceSize)])
            raw.reset()
            raw.count(piece)
            kept += min(1, raw.bits / full) * Double(piece.count)
        }
        return bytes.isEmpty ? 0 : kept / Double(bytes.count)
    }

    /// The filter whose two planes have clearly fewer bits of entropy than the bytes as they are; `.none` if
    /// there is none. This looks at single bytes and knows nothing of repetitions: confirm by a trial, unless the gain is so
    /// clear (CT slices keep 0.64) that those, which a filter mostly leaves in place, would not make up for it.
    var likelyFilter: (filter: SampleFilter, isClear: Bool) {
        // A quarter of the pieces is enough here, and counting is what looking costs.
        let bytes = UnsafeRawBufferPointer(rebasing: self.bytes[..<min(self.bytes.count, Self.size / 4)])
        guard let base = bytes.baseAddress, bytes.count >= 4 else { return (.none, false) }
        for histogram in histograms { histogram.reset() }
        histograms[0].count(bytes)
        let (evenLow, evenHigh) = (histograms[1].counts, histograms[2].counts)
        let (oddLow, oddHigh) = (histograms[3].counts, histograms[4].counts)
        // Differences across the edges of pieces mean nothing, but are few.
        var at = 2
        while at &+ 3 <= bytes.count {
            let even = Self.difference(base + at)
            let odd = Self.difference(base + at + 1)
            evenLow[Int(even & 0xFF)] &+= 1
            evenHigh[Int(even &>> 8)] &+= 1
            oddLow[Int(odd & 0xFF)] &+= 1
            oddHigh[Int(odd &>> 8)] &+= 1
            at &+= 2
        }
        let even = (histograms[1].bits + histograms[2].bits) / 2
        let odd = (histograms[3].bits + histograms[4].bits) / 2
        let kept = min(even, odd) / histograms[0].bits
        guard kept < 0.92 else { return (.none, false) }
        return (even <= odd ? .even : .odd, kept < 0.75)
    }

    /// What the filter makes of the sample at `sample`; the one before must be in memory too.
    @inline(__always)
    private static func difference(_ sample: UnsafeRawPointer) -> UInt16 {
        let current = sample.loadUnaligned(as: UInt16.self).littleEndian
        let previous = (sample - 2).loadUnaligned(as: UInt16.self).littleEndian
        return SampleFilter.zigzag(current &- previous)
    }
}

/// How often each byte value was seen.
private final class Histogram {
    let counts = UnsafeMutablePointer<UInt32>.allocate(capacity: 256)

    init() { reset() }

    deinit { counts.deallocate() }

    func reset() { counts.initialize(repeating: 0, count: 256) }

    func count(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes { counts[Int(byte)] &+= 1 }
    }

    /// The entropy of what was counted, in bits a byte.
    var bits: Double {
        var total = 0
        var sum = 0.0
        for value in 0..<256 where counts[value] > 0 {
            total += Int(counts[value])
            sum += Self.weighted(counts[value])
        }
        return total == 0 ? 0 : log2(Double(total)) - sum / Double(total)
    }

    /// `n * log2(n)`, from a table for the counts that a piece gives.
    private static func weighted(_ n: UInt32) -> Double {
        Int(n) < weights.count ? weights[Int(n)] : Double(n) * log2(Double(n))
    }

    private static let weights: [Double] = (0...2048).map { $0 == 0 ? 0 : Double($0) * log2(Double($0)) }
}
