/// Reads little-endian fields from memory that stays valid while the reader is used. Never reads past
/// the end: every short, overlong or oversized field throws `Failure` of kind `.damaged`.
package struct ByteReader {
    @usableFromInline let base: UnsafeRawBufferPointer
    @usableFromInline var at: Int

    @inlinable package init(_ bytes: UnsafeRawBufferPointer, from offset: Int = 0) {
        base = bytes
        at = offset
    }

    @inlinable package var offset: Int { at }
    @inlinable package var remaining: Int { base.count - at }
    @inlinable package var isAtEnd: Bool { at == base.count }

    /// `count` bytes as a view into the memory being read.
    @inlinable package mutating func view(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw Self.truncated }
        defer { at += count }
        return UnsafeRawBufferPointer(rebasing: base[at..<at + count])
    }

    @usableFromInline static var truncated: Failure { Failure(.damaged, .truncatedRecord) }
    @usableFromInline static var overlong: Failure { Failure(.damaged, .malformedRecord("varint")) }

    @inlinable package mutating func raw(_ count: Int) throws -> [UInt8] { Array(try view(count)) }

    @inlinable mutating func integer<T: FixedWidthInteger>(_: T.Type) throws -> T {
        T(littleEndian: try view(MemoryLayout<T>.size).loadUnaligned(as: T.self))
    }

    @inlinable package mutating func u8() throws -> UInt8 { try integer(UInt8.self) }
    @inlinable package mutating func u16() throws -> UInt16 { try integer(UInt16.self) }
    @inlinable package mutating func u32() throws -> UInt32 { try integer(UInt32.self) }
    @inlinable package mutating func u64() throws -> UInt64 { try integer(UInt64.self) }
    @inlinable package mutating func i64() throws -> Int64 { try integer(Int64.self) }

    /// A byte that is 0 or 1.
    package mutating func flag(_ what: StaticString) throws -> Bool {
        let value = try u8()
        guard value <= 1 else { throw Failure(.damaged, .malformedRecord("\(what)")) }
        return value == 1
    }

    /// Unsigned LEB128; only the shortest spelling of a number is accepted.
    @inlinable package mutating func varint() throws -> UInt64 {
        let first = try u8()
        if first < 0x80 { return UInt64(first) }
        var value = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while true {
            let byte = try u8()
            let part = UInt64(byte & 0x7F)
            guard shift < 63 || (shift == 63 && part <= 1) else { throw Self.overlong }
            value |= part << shift
            if byte & 0x80 == 0 {
                guard byte != 0 else { throw Self.overlong }
                return value
            }
            shift += 7
        }
    }

    package mutating func zigzag() throws -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A varint that must not exceed `limit`: for counts and lengths, before anything is allocated.
    package mutating func count(limit: Int, _ what: StaticString) throws -> Int {
        let value = try varint()
        guard value <= UInt64(limit) else { throw Failure(.damaged, .malformedRecord("\(what)")) }
        return Int(value)
    }

    package mutating func counted(limit: Int, _ what: StaticString) throws -> [UInt8] {
        try raw(try count(limit: limit, what))
    }

    /// UTF-8 text with its length before; anything that is not UTF-8 throws.
    package mutating func text(limit: Int, _ what: StaticString) throws -> String {
        let bytes = try counted(limit: limit, what)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure(.damaged, .malformedRecord("\(what)")) }
        return text
    }

    @inlinable package mutating func digest() throws -> Digest { Digest(loading: try view(32).baseAddress!) }
    @inlinable package mutating func id() throws -> ShortID { ShortID(loading: try view(16).baseAddress!) }

    /// Throws unless everything was read: trailing bytes would be a second, unseen meaning.
    package func finish() throws {
        guard isAtEnd else { throw Failure(.damaged, .malformedRecord("trailing bytes")) }
    }
}

extension [UInt8] {
    /// Decodes the whole array with `body`, which must consume all of it.
    package func decode<T>(_ body: (inout ByteReader) throws -> T) throws -> T {
        try withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            let value = try body(&reader)
            try reader.finish()
            return value
        }
    }
}
