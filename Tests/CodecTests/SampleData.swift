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

    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            var word = next()
            for _ in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}

/// Kinds of content that a hospital stores, made from a seed.
enum SampleData: CaseIterable {
    case zeros
    case random
    /// Lines of repetitive JSON.
    case records
    /// 16-bit samples: flat shapes with sensor noise, as a CT slice.
    case slices
    /// The same, one byte later.
    case oddSlices
    /// Half of it compressed already.
    case mixed

    func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        switch self {
        case .zeros: return [UInt8](repeating: 0, count: count)
        case .random: return generator.bytes(count)
        case .records:
            var text: [UInt8] = []
            text.reserveCapacity(count + 200)
            while text.count < count {
                let word = generator.next()
                text += #"{"resourceType":"Observation","id":"\#(word % 1_000_000)","code":{"text":"Glucose"},"value":\#(word >> 56)}"#.utf8
                text.append(0x0A)
            }
            return Array(text.prefix(count))
        case .slices:
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count + 2)
            var index = 0
            while bytes.count < count {
                let word = generator.next()
                // The sum of four small numbers is near enough to a normal distribution.
                let noise = (word & 15) + (word >> 8 & 15) + (word >> 16 & 15) + (word >> 24 & 15)
                let level: UInt64 = index / 300 % 3 == 0 ? 24 : index / 70 % 2 == 0 ? 1040 : 1090
                let sample = UInt16(level + (level == 24 ? noise / 8 : noise))
                bytes.append(UInt8(truncatingIfNeeded: sample))
                bytes.append(UInt8(sample >> 8))
                index += 1
            }
            return Array(bytes.prefix(count))
        case .oddSlices: return Array(([0x7F] + Self.slices.bytes(count, seed: seed)).prefix(count))
        case .mixed: return Array((Self.random.bytes(count / 2, seed: seed) + Self.records.bytes(count - count / 2, seed: seed)))
        }
    }
}
