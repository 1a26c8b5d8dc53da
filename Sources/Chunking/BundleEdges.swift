import Base

/// Says after which file a bundle of small files ends: by the files' content, so that bundles of the same
/// files come out equal whatever was written before them.
///
/// The rule: after adding a file the bundle ends if it holds `maximum` bytes or more, or if it holds `minimum` or
/// more and `SipHash-2-4(key, content hash) < floor((2^64 - 1) / d) * min(length, d)`, where `d = mean - minimum`. A file's
/// chance to be an edge is thus its share of `d`, and bundles of files smaller than that have about `mean` bytes.
package struct BundleCutter: Sendable {
    /// The defaults.
    package static let minimum = 512 << 10
    package static let mean = 1 << 20
    package static let maximum = 2 << 20

    private let hash: SipHash24
    private let least: Int
    private let distance: Int
    private let most: Int
    /// Bytes of the bundle so far; 0 after an edge.
    package private(set) var total = 0

    /// `key` has 16 bytes; 0 <= `minimum` < `mean` <= `maximum`.
    package init(key: [UInt8], minimum: Int = Self.minimum, mean: Int = Self.mean, maximum: Int = Self.maximum) {
        precondition(0 <= minimum && minimum < mean && mean <= maximum)
        hash = SipHash24(key: key)
        least = minimum
        distance = mean - minimum
        most = maximum
    }

    /// Adds a file of `length` bytes; true when the bundle ends after it, and then the next one begins empty.
    package mutating func add(length: Int, contentHash: ShortID) -> Bool {
        precondition(length >= 0)
        total += length
        guard total >= most || (total >= least && isEdge(length, contentHash)) else { return false }
        total = 0
        return true
    }

    /// Begins a new bundle, for a writer that ends one for another reason.
    package mutating func reset() { total = 0 }

    private func isEdge(_ length: Int, _ contentHash: ShortID) -> Bool {
        let value = withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { bytes in
            contentHash.store(to: bytes.baseAddress!)
            return hash.hash(UnsafeRawBufferPointer(bytes))
        }
        return value < UInt64.max / UInt64(distance) * UInt64(min(length, distance))
    }
}
