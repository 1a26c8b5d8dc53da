/// 32 bytes that name something: a SHA-256, or a keyed hash. Ordered as its bytes are.
package struct Digest: Hashable, Sendable, Comparable {
    // Big-endian words, so that comparing words compares bytes.
    @usableFromInline let a, b, c, d: UInt64

    @inlinable package init(a: UInt64, b: UInt64, c: UInt64, d: UInt64) {
        self.a = a
        self.b = b
        self.c = c
        self.d = d
    }

    /// Reads 32 bytes from `bytes`, which must hold at least that many.
    @inlinable package init(loading bytes: UnsafeRawPointer) {
        a = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        b = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        c = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        d = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
    }

    /// Nil unless `bytes` holds exactly 32 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self = Array(bytes).withUnsafeBytes { Digest(loading: $0.baseAddress!) }
    }

    /// Nil unless `hex` is exactly 64 lower-case hexadecimal digits.
    package init?(hex: some StringProtocol) {
        guard let bytes = bytesFromHex(hex) else { return nil }
        self.init(bytes)
    }

    package static let zero = Digest(a: 0, b: 0, c: 0, d: 0)

    /// The first eight bytes as a number: uniform for ids, so that a table can be searched by interpolation.
    @inlinable package var leading: UInt64 { a }

    @inlinable package func store(to target: UnsafeMutableRawPointer) {
        target.storeBytes(of: a.bigEndian, toByteOffset: 0, as: UInt64.self)
        target.storeBytes(of: b.bigEndian, toByteOffset: 8, as: UInt64.self)
        target.storeBytes(of: c.bigEndian, toByteOffset: 16, as: UInt64.self)
        target.storeBytes(of: d.bigEndian, toByteOffset: 24, as: UInt64.self)
    }

    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            store(to: UnsafeMutableRawPointer(buffer.baseAddress!))
            count = 32
        }
    }

    package var hex: String { hexString(bytes) }

    @inlinable package static func < (l: Digest, r: Digest) -> Bool {
        if l.a != r.a { return l.a < r.a }
        if l.b != r.b { return l.b < r.b }
        if l.c != r.c { return l.c < r.c }
        return l.d < r.d
    }

    @inlinable package func hash(into hasher: inout Hasher) { hasher.combine(a) }
}

extension Digest: CustomStringConvertible {
    package var description: String { hex }
}

/// 16 bytes that name something: random, or a truncated keyed hash. Ordered as its bytes are.
package struct ShortID: Hashable, Sendable, Comparable {
    @usableFromInline let a, b: UInt64

    @inlinable package init(loading bytes: UnsafeRawPointer) {
        a = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        b = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    /// Nil unless `bytes` holds exactly 16 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self = Array(bytes).withUnsafeBytes { ShortID(loading: $0.baseAddress!) }
    }

    /// Nil unless `hex` is exactly 32 lower-case hexadecimal digits.
    package init?(hex: some StringProtocol) {
        guard let bytes = bytesFromHex(hex) else { return nil }
        self.init(bytes)
    }

    /// The first half of a digest.
    @inlinable package init(_ digest: Digest) {
        a = digest.a
        b = digest.b
    }

    package static let zero = ShortID(Digest.zero)

    /// A fresh random one.
    package static func random() -> ShortID { ShortID(randomBytes(16))! }

    @inlinable package func store(to target: UnsafeMutableRawPointer) {
        target.storeBytes(of: a.bigEndian, toByteOffset: 0, as: UInt64.self)
        target.storeBytes(of: b.bigEndian, toByteOffset: 8, as: UInt64.self)
    }

    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            store(to: UnsafeMutableRawPointer(buffer.baseAddress!))
            count = 16
        }
    }

    package var hex: String { hexString(bytes) }

    @inlinable package static func < (l: ShortID, r: ShortID) -> Bool {
        l.a != r.a ? l.a < r.a : l.b < r.b
    }

    @inlinable package func hash(into hasher: inout Hasher) { hasher.combine(a) }
}

extension ShortID: CustomStringConvertible {
    package var description: String { hex }
}

private let hexDigits = Array("0123456789abcdef".utf8)

package func hexString(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in bytes {
        text.append(hexDigits[Int(byte >> 4)])
        text.append(hexDigits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

/// The bytes that lower-case hexadecimal digits spell; nil for anything else.
package func bytesFromHex(_ text: some StringProtocol) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    func value(_ c: UInt8) -> UInt8? {
        switch c {
        case 0x30...0x39: c - 0x30
        case 0x61...0x66: c - 0x61 + 10
        default: nil
        }
    }
    for i in stride(from: 0, to: digits.count, by: 2) {
        guard let high = value(digits[i]), let low = value(digits[i + 1]) else { return nil }
        bytes.append(high << 4 | low)
    }
    return bytes
}
