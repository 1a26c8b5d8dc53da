import Base
import Codec

/// The first bytes of a segment.
struct SegmentHeader: Hashable, Sendable {
    static let byteCount = Wire.prefixCount + ChainOrigin.byteCount + 88
    /// Header and entries, at most, in bytes.
    static let contentLimit = 32 << 20

    let origin: ChainOrigin
    /// From 0, without gaps.
    let number: UInt32
    /// The sequence of its first entry.
    let first: UInt64
    /// The digest of the closing before; zero in the first segment.
    let previous: Digest
    let opened: Timestamp
    /// Random: the hashes that outlive erased entries confirm no guess of what they said.
    let salt: Digest

    var encoded: [UInt8] {
        var w = ByteWriter(capacity: Self.byteCount)
        Wire.writePrefix(.segment, to: &w)
        origin.write(to: &w)
        w.u32(number)
        w.u64(first)
        w.digest(previous)
        w.time(opened)
        w.digest(salt)
        return w.bytes
    }

    init(origin: ChainOrigin, number: UInt32, first: UInt64, previous: Digest, opened: Timestamp, salt: Digest) {
        self.origin = origin
        self.number = number
        self.first = first
        self.previous = previous
        self.opened = opened
        self.salt = salt
    }

    /// Reads the header that `bytes` begin with.
    init(_ bytes: UnsafeRawBufferPointer) throws {
        var r = ByteReader(bytes)
        guard try Wire.readPrefix(&r) == .segment else { throw Failure(.damaged, .malformedRecord("type")) }
        origin = try ChainOrigin(&r)
        number = try r.u32()
        first = try r.u64()
        previous = try r.digest()
        opened = try r.time()
        salt = try r.digest()
    }
}
