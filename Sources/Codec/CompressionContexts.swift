import Base
import CLZ4
import CZstd

/// A zstd compression context with its parameters, reused from chunk to chunk. One thread at a time.
final class ZstdCompressor {
    /// The parameters that this program sets; those left out are the level's own.
    struct Parameters {
        let level: Int
        var strategy: ZSTD_strategy?
        var hashLog: Int?
        var chainLog: Int?
        var minimumMatch: Int?
        /// Literals are coded by their frequencies in any case, and the search goes on in steps of at least so many bytes.
        var stride: Int?
    }

    /// No back-reference reaches further: with frames decoded in one pass this costs a reader nothing, and it
    /// bounds what a streaming reader must keep.
    private static let windowLog = 22

    private let context: OpaquePointer

    init(_ parameters: Parameters) {
        guard let context = ZSTD_createCCtx() else { fatalError("no memory for a zstd context") }
        self.context = context
        set(ZSTD_c_compressionLevel, parameters.level)
        set(ZSTD_c_windowLog, Self.windowLog)
        // The seal around the frame is the checksum.
        set(ZSTD_c_checksumFlag, 0)
        if let strategy = parameters.strategy { set(ZSTD_c_strategy, Int(strategy.rawValue)) }
        if let hashLog = parameters.hashLog { set(ZSTD_c_hashLog, hashLog) }
        if let chainLog = parameters.chainLog { set(ZSTD_c_chainLog, chainLog) }
        if let minimumMatch = parameters.minimumMatch { set(ZSTD_c_minMatch, minimumMatch) }
        if let stride = parameters.stride {
            set(ZSTD_c_targetLength, stride)
            // ZSTD_c_literalCompressionMode, which zstd.h names for static linking only: 1 is ZSTD_ps_enable.
            set(ZSTD_c_experimentalParam5, 1)
        }
    }

    deinit { ZSTD_freeCCtx(context) }

    private func set(_ parameter: ZSTD_cParameter, _ value: Int) {
        let status = ZSTD_CCtx_setParameter(context, parameter, Int32(value))
        precondition(ZSTD_isError(status) == 0, "zstd refuses a parameter")
    }

    /// Compresses `plain` to one zstd frame and returns its length, or nil when it does not fit in `target`.
    func compress(_ plain: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
        let length = ZSTD_compress2(context, target.baseAddress, target.count, plain.baseAddress, plain.count)
        return ZSTD_isError(length) == 0 ? length : nil
    }
}

/// A zstd decompression context, reused from frame to frame. One thread at a time.
final class ZstdDecompressor {
    private let context: OpaquePointer

    init() {
        guard let context = ZSTD_createDCtx() else { fatalError("no memory for a zstd context") }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    /// Decompresses the one zstd frame that `payload` must be; false unless it fills `target` exactly.
    func decompress(_ payload: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
        // ZSTD_decompressDCtx takes a sequence of frames, skippable ones, and those of old versions with decoders of
        // their own: only one frame of RFC 8878 is allowed here, and it must declare the right length.
        guard payload.count >= 4, UInt32(littleEndian: payload.loadUnaligned(as: UInt32.self)) == ZSTD_MAGICNUMBER,
            ZSTD_findFrameCompressedSize(payload.baseAddress, payload.count) == payload.count,
            ZSTD_getFrameContentSize(payload.baseAddress, payload.count) == UInt64(target.count)
        else { return false }
        let length = ZSTD_decompressDCtx(context, target.baseAddress, target.count, payload.baseAddress, payload.count)
        return ZSTD_isError(length) == 0 && length == target.count
    }
}

/// The lz4 block format, with the compressor's table kept from chunk to chunk. One thread at a time.
final class LZ4Compressor {
    private let state = UnsafeMutableRawPointer.allocate(byteCount: Int(LZ4_sizeofState()), alignment: 16)

    deinit { state.deallocate() }

    /// Compresses `plain` to one lz4 block and returns its length, or nil when it does not fit in `target`.
    func compress(_ plain: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
        guard plain.count <= LZ4_MAX_INPUT_SIZE else { return nil }
        let length = LZ4_compress_fast_extState(
            state, plain.baseAddress?.assumingMemoryBound(to: CChar.self), target.baseAddress?.assumingMemoryBound(to: CChar.self),
            Int32(plain.count), Int32(clamping: target.count), 1)
        return length > 0 ? Int(length) : nil
    }

    /// Decompresses the lz4 block `payload`; false unless it fills `target` exactly.
    static func decompress(_ payload: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
        guard let payloadCount = Int32(exactly: payload.count), let targetCount = Int32(exactly: target.count) else { return false }
        let length = LZ4_decompress_safe(
            payload.baseAddress?.assumingMemoryBound(to: CChar.self), target.baseAddress?.assumingMemoryBound(to: CChar.self),
            payloadCount, targetCount)
        return length == targetCount
    }
}
