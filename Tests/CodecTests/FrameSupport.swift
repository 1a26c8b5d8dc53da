import Base
import Testing

@testable import Codec

/// The frame of `plain` with a new encoder; the bytes after it must stay untouched.
func encode(_ plain: [UInt8], _ method: CompressionMethod) -> [UInt8] { encode(plain, FrameEncoder(method)) }

func encode(_ plain: [UInt8], _ encoder: FrameEncoder) -> [UInt8] {
    let bound = FrameEncoder.bound(plain.count)
    var target = [UInt8](repeating: 0xA5, count: bound + 64)
    let count = plain.withUnsafeBytes { plain in
        target.withUnsafeMutableBytes { encoder.encode(plain, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<bound])) }
    }
    #expect(count <= bound && target[bound...].allSatisfy { $0 == 0xA5 })
    return Array(target[..<count])
}

/// Decodes as a reader does: asks for the length, allocates, decodes. Bytes around the target must stay untouched.
func decode(_ frame: [UInt8], _ decoder: FrameDecoder = FrameDecoder(), limit: Int = 16 << 20) throws -> [UInt8] {
    try frame.withUnsafeBytes { frame in
        let count = try decoder.plainLength(frame, limit: limit)
        #expect(count <= limit)
        return try decode(frame, decoder, exactly: count)
    }
}

/// Decodes into a target of `count` bytes, whatever the header says.
func decode(_ frame: UnsafeRawBufferPointer, _ decoder: FrameDecoder, exactly count: Int) throws -> [UInt8] {
    let guardBytes = 32
    var target = [UInt8](repeating: 0xA5, count: count + 2 * guardBytes)
    defer {
        let isUntouched = target[..<guardBytes].allSatisfy { $0 == 0xA5 } && target[(guardBytes + count)...].allSatisfy { $0 == 0xA5 }
        #expect(isUntouched, "written outside the target")
    }
    try target.withUnsafeMutableBytes {
        try decoder.decode(frame, into: UnsafeMutableRawBufferPointer(rebasing: $0[guardBytes..<guardBytes + count]))
    }
    return Array(target[guardBytes..<guardBytes + count])
}

/// What `decode` gives, nil when it throws the failure that hostile bytes must give.
func decodeOrRefuse(_ frame: [UInt8], _ decoder: FrameDecoder, limit: Int = 16 << 20) -> [UInt8]? {
    do {
        return try decode(frame, decoder, limit: limit)
    } catch {
        #expect((error as? Failure)?.kind == .damaged)
        return nil
    }
}

extension [UInt8] {
    /// The plain length that the header declares.
    var declaredLength: Int { Int(self[4]) | Int(self[5]) << 8 | Int(self[6]) << 16 | Int(self[7]) << 24 }
}
