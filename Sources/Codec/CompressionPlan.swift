import CZstd

/// What one compression method does with a chunk: whether it is worth compressing, which filter helps, and the
/// contexts that compress. Contexts are made when first needed. One thread at a time.
final class CompressionPlan {
    private let method: CompressionMethod
    private let sample = CompressionSample()
    private lazy var lz4 = LZ4Compressor()
    private lazy var thoroughZstd = ZstdCompressor(thoroughParameters)
    private lazy var quickZstd = ZstdCompressor(Self.quick)
    private lazy var filteredZstd = ZstdCompressor(filteredParameters)
    private lazy var trialZstd = ZstdCompressor(.init(level: 1))
    private lazy var filteredTrialZstd = ZstdCompressor(Self.planes)
    private let trial = UnsafeMutableRawBufferPointer.allocate(byteCount: CompressionPlan.tried + 1024, alignment: 64)
    private let filtered = UnsafeMutableRawBufferPointer.allocate(byteCount: CompressionSample.size, alignment: 64)

    init(_ method: CompressionMethod) { self.method = method }

    deinit {
        trial.deallocate()
        filtered.deallocate()
    }

    /// Under this length a chunk is compressed without looking: wondering would cost more.
    private static let lookedAt = 512

    /// A chunk is stored when compressing keeps more than this part of it.
    static let worthwhile = 0.98

    /// For planes of differences: repetitions are few there and a small table finds the long ones, which is all that
    /// counts. Measured on CT slices: x3.24 at 1,520 MB/s, against 1,070 with level 1's own table; the stride makes fewer
    /// sequences, which decode a quarter faster.
    private static let planes = ZstdCompressor.Parameters(level: 1, strategy: ZSTD_fast, hashLog: 8, minimumMatch: 7, stride: 8)

    private var thoroughParameters: ZstdCompressor.Parameters {
        if case .zstd(let level) = method { return .init(level: level) }
        // Between levels 1 and 3. Matches of 5 bytes, which level 3 takes, cost more than they save on the digits that
        // medical and accounting records are full of (SQL dump: x2.55 with level 3, x2.72 so, and half as fast again).
        return .init(level: 3, strategy: ZSTD_dfast, hashLog: 16, chainLog: 15, minimumMatch: 6)
    }

    /// Level 1. On records and exports it takes no more room than the thorough way and half of the time; on programs
    /// and prose it loses some 7 %: `auto` finds out on the head of each chunk.
    private static let quick = ZstdCompressor.Parameters(level: 1, hashLog: 13)

    /// The head of a chunk that is compressed both ways, and the loss that is worth the time.
    private static let tried = 32 << 10
    private static let tolerated = 1.01

    private func compressor(for bytes: UnsafeRawBufferPointer) -> ZstdCompressor {
        guard method == .auto, bytes.count >= 8 * Self.tried else { return thoroughZstd }
        let head = UnsafeRawBufferPointer(rebasing: bytes[..<Self.tried])
        guard let quick = quickZstd.compress(head, into: trial) else { return thoroughZstd }
        // Exports that shrink so much are all alike to both.
        if quick * 6 < head.count { return quickZstd }
        guard let thorough = thoroughZstd.compress(head, into: trial) else { return quickZstd }
        return Double(quick) <= Self.tolerated * Double(thorough) ? quickZstd : thoroughZstd
    }

    private var filteredParameters: ZstdCompressor.Parameters {
        if case .zstd(let level) = method { return .init(level: level) }
        return Self.planes
    }

    /// Whether `plain` is to be stored without trying, and else the filter to use.
    func look(_ plain: UnsafeRawBufferPointer) -> (isStored: Bool, filter: SampleFilter) {
        guard method != .none else { return (true, .none) }
        guard plain.count >= Self.lookedAt else { return (false, .none) }
        sample.take(plain)
        let (likely, isClear) = sample.likelyFilter
        if likely != .none { return (false, isClear || confirms(likely) ? likely : .none) }
        return (isIncompressible(plain.count), .none)
    }

    /// Neither the frequencies of bytes nor repetitions within the sample promise a gain. lz4 passes over such
    /// data at several gigabytes a second. What is short is not judged: trying costs no more.
    private func isIncompressible(_ count: Int) -> Bool {
        guard count > 2 * CompressionSample.size, sample.keptByFrequencies > Self.worthwhile else { return false }
        let room = Int(Double(sample.bytes.count) * Self.worthwhile)
        return lz4.compress(sample.bytes, into: UnsafeMutableRawBufferPointer(rebasing: trial[..<room])) == nil
    }

    /// Whether the filter makes a quarter of the sample clearly smaller with the codec of this method.
    private func confirms(_ filter: SampleFilter) -> Bool {
        let plain = sample.quarter
        let target = UnsafeMutableRawBufferPointer(rebasing: filtered[..<plain.count])
        filter.apply(plain, into: target)
        let without: Int?
        let with: Int?
        if method == .lz4 {
            without = lz4.compress(plain, into: trial)
            with = lz4.compress(UnsafeRawBufferPointer(target), into: trial)
        } else {
            without = trialZstd.compress(plain, into: trial)
            with = filteredTrialZstd.compress(UnsafeRawBufferPointer(target), into: trial)
        }
        guard let with else { return false }
        return Double(with) < 0.95 * Double(without ?? plain.count)
    }

    /// Compresses `bytes`, filtered or not, and returns the codec used and the length; nil when the result does not
    /// fit in `target`.
    func compress(_ bytes: UnsafeRawBufferPointer, isFiltered: Bool, into target: UnsafeMutableRawBufferPointer) -> (codec: FrameCodec, count: Int)? {
        switch method {
        case .none: nil
        case .lz4: lz4.compress(bytes, into: target).map { (.lz4, $0) }
        case .auto, .zstd: (isFiltered ? filteredZstd : compressor(for: bytes)).compress(bytes, into: target).map { (.zstd, $0) }
        }
    }
}
