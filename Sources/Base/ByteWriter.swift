/// Appends little-endian fields to a byte array.
package struct ByteWriter: Sendable {
    package var bytes: [UInt8]

    @inlinable package init(capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    @inlinable package var count: Int { bytes.count }

    @inlinable package mutating func u8(_ value: UInt8) { bytes.append(value) }
    @inlinable package mutating func u16(_ value: UInt16) { integer(value) }
    @inlinable package mutating func u32(_ value: UInt32) { integer(value) }
    @inlinable package mutating func u64(_ value: UInt64) { integer(value) }
    @inlinable package mutating func i64(_ value: Int64) { integer(value) }

    @inlinable mutating func integer<T: FixedWidthInteger>(_ value: T) {
        grow(by: MemoryLayout<T>.size) { $0.storeBytes(of: value.littleEndian, as: T.self) }
    }

    /// Appends `count` bytes that `fill` writes.
    @inlinable mutating func grow(by count: Int, _ fill: (UnsafeMutableRawPointer) -> Void) {
        bytes.append(addingCapacity: count) { room in
            room.withUnsafeMutableBufferPointer { buffer, used in
                fill(UnsafeMutableRawPointer(buffer.baseAddress! + used))
                used += count
            }
        }
    }

    /// Unsigned LEB128, at most ten bytes.
    @inlinable package mutating func varint(_ value: UInt64) {
        if value < 0x80 { return bytes.append(UInt8(truncatingIfNeeded: value)) }
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Signed, zig-zag LEB128.
    @inlinable package mutating func zigzag(_ value: Int64) {
        varint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    @inlinable package mutating func raw(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// A length as varint, then the bytes.
    @inlinable package mutating func counted(_ more: some Collection<UInt8>) {
        varint(UInt64(more.count))
        if more.count > 0 { bytes.append(contentsOf: more) }
    }

    /// UTF-8 with its length before.
    package mutating func text(_ value: String) { counted(Array(value.utf8)) }

    @inlinable package mutating func digest(_ value: Digest) {
        grow(by: 32) { value.store(to: $0) }
    }

    @inlinable package mutating func id(_ value: ShortID) {
        grow(by: 16) { value.store(to: $0) }
    }
}
