import Base
package enum CompressionMethod: Sendable, Equatable { case auto, zstd(level: Int), lz4, none }
package final class FrameEncoder {
    package init(_ method: CompressionMethod) {}
    package static func bound(_ plainCount: Int) -> Int { plainCount + 8 + 4096 }
    package func encode(_ plain: UnsafeRawBufferPointer, into: UnsafeMutableRawBufferPointer) -> Int {
        into.storeBytes(of: 0, as: UInt32.self); into.storeBytes(of: UInt32(plain.count), toByteOffset: 4, as: UInt32.self)
        if plain.count > 0 { (into.baseAddress! + 8).copyMemory(from: plain.baseAddress!, byteCount: plain.count) }
        return plain.count + 8
    }
}
package final class FrameDecoder {
    package init() {}
    package func plainLength(_ frame: UnsafeRawBufferPointer, limit: Int) throws -> Int { Int(frame.loadUnaligned(fromByteOffset: 4, as: UInt32.self)) }
    package func decode(_ frame: UnsafeRawBufferPointer, into: UnsafeMutableRawBufferPointer) throws { into.copyMemory(from: UnsafeRawBufferPointer(rebasing: frame[8...])) }
}
