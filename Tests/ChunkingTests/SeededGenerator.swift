/// SplitMix64: the same numbers on every machine and in every version of Swift.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] { Self.bytes(count, seed: next()) }

    /// The generator's numbers, little-endian, one after the other.
    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return [UInt8](unsafeUninitializedCapacity: count + 8) { buffer, initialized in
            let bytes = UnsafeMutableRawPointer(buffer.baseAddress!)
            for at in stride(from: 0, to: count, by: 8) { bytes.storeBytes(of: generator.next().littleEndian, toByteOffset: at, as: UInt64.self) }
            initialized = count
        }
    }
}
