import Base

/// What the payload of a frame is; the raw values are those of its header.
enum FrameCodec: UInt8 {
    case stored = 0
    case zstd = 1
    case lz4 = 2
}

/// The eight bytes before a frame's payload: codec, filter, two zero bytes, length of the plain bytes
/// (docs/FORMAT.md). A frame is what is sealed, so that neither its codec nor its plain length shows.
struct FrameHeader {
    static let size = 8

    let codec: FrameCodec
    let filter: SampleFilter
    let plainLength: Int

    init(codec: FrameCodec, filter: SampleFilter, plainLength: Int) {
        self.codec = codec
        self.filter = filter
        self.plainLength = plainLength
    }

    /// Reads the header of `frame`. Throws `Failure` of kind `.damaged` for what this version does not write, and
    /// for a plain length above `limit`.
    init(reading frame: UnsafeRawBufferPointer, limit: Int) throws {
        var reader = ByteReader(frame)
        guard let codec = FrameCodec(rawValue: try reader.u8()) else { throw Self.malformed("codec") }
        guard let filter = SampleFilter(rawValue: try reader.u8()) else { throw Self.malformed("filter") }
        guard try reader.u16() == 0 else { throw Self.malformed("reserved") }
        let length = Int(try reader.u32())
        guard length <= limit else { throw Self.malformed("length") }
        switch codec {
        case .stored: guard filter == .none, reader.remaining == length else { throw Self.malformed("stored") }
        case .zstd, .lz4: guard length > 0, reader.remaining > 0 else { throw Self.malformed("payload") }
        }
        self.init(codec: codec, filter: filter, plainLength: length)
    }

    /// Writes the header to the first eight bytes of `target`.
    func write(to target: UnsafeMutableRawBufferPointer) {
        target.storeBytes(of: codec.rawValue, as: UInt8.self)
        target.storeBytes(of: filter.rawValue, toByteOffset: 1, as: UInt8.self)
        target.storeBytes(of: 0, toByteOffset: 2, as: UInt16.self)
        target.storeBytes(of: UInt32(plainLength).littleEndian, toByteOffset: 4, as: UInt32.self)
    }

    static func malformed(_ field: String) -> Failure { Failure(.damaged, .malformedFrame(field)) }
}

/// Makes frames of plain bytes. Owns contexts and scratch memory that are used again: one for each worker
/// thread.
package final class FrameEncoder {
    private let plan: CompressionPlan
    private var scratch: Buffer?

    package init(_ method: CompressionMethod) { plan = CompressionPlan(method) }

    /// The most bytes that a frame of `plainCount` plain bytes takes.
    package static func bound(_ plainCount: Int) -> Int { FrameHeader.size + plainCount }

    /// Writes the frame of `plain` to `target`, which holds at least `bound(plain.count)` bytes and does not overlap it,
    /// and returns its length. Bytes that do not shrink by two per cent are stored as they are. `plain` is shorter than 4 GiB.
    package func encode(_ plain: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        precondition(target.count >= Self.bound(plain.count) && plain.count <= Int(UInt32.max))
        if let count = compressed(plain, into: target) { return count }
        FrameHeader(codec: .stored, filter: .none, plainLength: plain.count).write(to: target)
        UnsafeMutableRawBufferPointer(rebasing: target[FrameHeader.size...]).copyMemory(from: plain)
        return FrameHeader.size + plain.count
    }

    /// The length of the compressed frame, or nil when compressing is not worth it.
    private func compressed(_ plain: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
        let (isStored, filter) = plan.look(plain)
        let room = Int(Double(plain.count) * CompressionPlan.worthwhile)
        guard !isStored, room > 0 else { return nil }
        let payload = UnsafeMutableRawBufferPointer(rebasing: target[FrameHeader.size..<FrameHeader.size + room])
        let source = filter == .none ? plain : filtered(plain, by: filter)
        guard let (codec, count) = plan.compress(source, isFiltered: filter != .none, into: payload) else { return nil }
        FrameHeader(codec: codec, filter: filter, plainLength: plain.count).write(to: target)
        return FrameHeader.size + count
    }

    private func filtered(_ plain: UnsafeRawBufferPointer, by filter: SampleFilter) -> UnsafeRawBufferPointer {
        let room = scratch.grown(to: plain.count)
        filter.apply(plain, into: room)
        return UnsafeRawBufferPointer(room)
    }
}

/// Gives back the plain bytes of frames. Frames may come from anybody: decoding neither traps, nor writes outside its
/// target, nor allocates more than a frame's checked length. One for each worker thread.
package final class FrameDecoder {
    private let zstd = ZstdDecompressor()
    private var scratch: Buffer?

    package init() {}

    /// The plain length that `frame` declares, for allocating the target of `decode`. Throws `Failure` of kind
    /// `.damaged` when the header is malformed or the length above `limit`.
    package func plainLength(_ frame: UnsafeRawBufferPointer, limit: Int) throws -> Int {
        try FrameHeader(reading: frame, limit: limit).plainLength
    }

    /// The plain bytes of a frame that stores them as they are; nil for one that is compressed. Throws as `plainLength`.
    package func stored(_ frame: UnsafeRawBufferPointer, limit: Int) throws -> UnsafeRawBufferPointer? {
        guard try FrameHeader(reading: frame, limit: limit).codec == .stored else { return nil }
        return UnsafeRawBufferPointer(rebasing: frame[FrameHeader.size...])
    }

    /// Fills `target`, which has exactly the declared length, with the plain bytes of `frame`. Throws `Failure` of kind
    /// `.damaged`, leaving anything in `target`, when the frame does not decode to exactly that many bytes.
    package func decode(_ frame: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) throws {
        let header = try FrameHeader(reading: frame, limit: target.count)
        guard header.plainLength == target.count else { throw FrameHeader.malformed("length") }
        let payload = UnsafeRawBufferPointer(rebasing: frame[FrameHeader.size...])
        let decoded = header.filter == .none ? target : scratch.grown(to: target.count)
        switch header.codec {
        case .stored: decoded.copyMemory(from: payload)
        case .zstd: guard zstd.decompress(payload, into: decoded) else { throw FrameHeader.malformed("zstd") }
        case .lz4: guard LZ4Compressor.decompress(payload, into: decoded) else { throw FrameHeader.malformed("lz4") }
        }
        if header.filter != .none { header.filter.undo(UnsafeRawBufferPointer(decoded), into: target) }
    }
}

extension Buffer? {
    /// The first `count` bytes of scratch memory, made anew when what there is is too small.
    fileprivate mutating func grown(to count: Int) -> UnsafeMutableRawBufferPointer {
        let room = self.flatMap { $0.capacity >= count ? $0 : nil } ?? Buffer(capacity: Swift.max(count, 1 << 20))
        self = room
        return UnsafeMutableRawBufferPointer(rebasing: room.space[..<count])
    }
}
