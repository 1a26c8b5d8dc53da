import Base

/// SplitMix64: the same numbers for the same seed, on every machine and in every version of Swift.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(_ seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number from 0 up to, not including, `limit`.
    package mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

    /// True once in `oneIn` times.
    package mutating func chance(_ oneIn: Int) -> Bool { below(oneIn) == 0 }

    /// Bytes that do not compress.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count + 8) { buffer, initialized in
            let bytes = UnsafeMutableRawPointer(buffer.baseAddress!)
            for at in stride(from: 0, to: count, by: 8) { bytes.storeBytes(of: next().littleEndian, toByteOffset: at, as: UInt64.self) }
            initialized = count
        }
    }

    /// Bytes that compress well.
    package mutating func text(_ count: Int) -> [UInt8] {
        let words = ["patient ", "dossier ", "radiographie ", "2026-11-22 ", "compte rendu ", "\n"].map { Array($0.utf8) }
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += words[below(words.count)] }
        return Array(bytes[..<count])
    }

    package mutating func digest() -> Digest { Digest(a: next(), b: next(), c: next(), d: next()) }
    package mutating func id() -> ShortID { ShortID(digest()) }
    package mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }

    /// A number of any size: small ones are as likely as large ones.
    package mutating func number() -> UInt64 { next() >> UInt64(below(64)) }
    package mutating func u32() -> UInt32 { UInt32(truncatingIfNeeded: number()) }

    package mutating func time() -> Timestamp {
        Timestamp(seconds: Int64(bitPattern: number()) - (chance(3) ? 1 << 33 : 0), nanoseconds: UInt32(below(1_000_000_000)))
    }

    /// Any text of up to `limit` bytes of UTF-8.
    package mutating func anyText(_ limit: Int) -> String {
        let letters = ["a", "Z", "é", "e\u{301}", " ", "\u{0}", "🏥", "-", "日"]
        var text = ""
        for _ in 0..<below(12) {
            let more = text + pick(letters)
            if more.utf8.count <= limit { text = more }
        }
        return text
    }
}

/// What may happen to stored bytes: flipped bits, a cut, more bytes, pieces moved or doubled.
package struct Mutation: Sendable {
    private var random: SeededGenerator

    package init(seed: UInt64) { random = SeededGenerator(seed) }

    /// A changed copy of `bytes`; now and then it comes out the same.
    package mutating func apply(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...random.below(3) {
            switch random.below(8) {
            case 0, 1: if !bytes.isEmpty { bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8)) }
            case 2: if !bytes.isEmpty { bytes[random.below(bytes.count)] = random.pick([0, 1, 2, 0x7F, 0x80, 0xFF]) }
            case 3: bytes.removeLast(random.below(bytes.count + 1))
            case 4: bytes += random.bytes(random.below(80))
            case 5: bytes.insert(contentsOf: random.bytes(1 + random.below(4)), at: random.below(bytes.count + 1))
            case 6:
                let from = random.below(bytes.count + 1)
                bytes.removeSubrange(from..<min(bytes.count, from + random.below(40)))
            default:
                let from = random.below(bytes.count + 1)
                let piece = bytes[from..<min(bytes.count, from + random.below(40))]
                bytes.insert(contentsOf: piece, at: random.below(bytes.count + 1))
            }
        }
        return bytes
    }
}

/// The kind of the failure that `body` throws; nil when it throws none. Other errors are thrown on.
package func failureKind(_ body: () throws -> Void) throws -> Failure.Kind? {
    do {
        try body()
        return nil
    } catch let failure as Failure { return failure.kind }
}
