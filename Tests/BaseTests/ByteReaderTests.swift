import Base
import TestSupport
import Testing

/// Reading fields of stored bytes: what was written comes back, and no bytes whatever make it trap.
@Suite struct ByteReaderTests {
    /// One field of each type that the format has.
    private enum Field: Equatable {
        case u8(UInt8)
        case u16(UInt16)
        case u32(UInt32)
        case u64(UInt64)
        case i64(Int64)
        case varint(UInt64)
        case zigzag(Int64)
        case raw([UInt8])
        case counted([UInt8])
        case text(String)
        case digest(Digest)
        case id(ShortID)

        static func random(_ random: inout SeededGenerator) -> Field {
            switch random.below(12) {
            case 0: .u8(UInt8(truncatingIfNeeded: random.next()))
            case 1: .u16(UInt16(truncatingIfNeeded: random.next()))
            case 2: .u32(random.u32())
            case 3: .u64(random.number())
            case 4: .i64(Int64(bitPattern: random.number()))
            case 5: .varint(random.number())
            case 6: .zigzag(random.chance(2) ? Int64(bitPattern: random.number()) : -Int64(bitPattern: random.number() >> 1))
            case 7: .raw(random.bytes(random.below(20)))
            case 8: .counted(random.bytes(random.below(200)))
            case 9: .text(random.anyText(100))
            case 10: .digest(random.digest())
            default: .id(random.id())
            }
        }

        func write(to w: inout ByteWriter) {
            switch self {
            case .u8(let value): w.u8(value)
            case .u16(let value): w.u16(value)
            case .u32(let value): w.u32(value)
            case .u64(let value): w.u64(value)
            case .i64(let value): w.i64(value)
            case .varint(let value): w.varint(value)
            case .zigzag(let value): w.zigzag(value)
            case .raw(let value): w.raw(value)
            case .counted(let value): w.counted(value)
            case .text(let value): w.text(value)
            case .digest(let value): w.digest(value)
            case .id(let value): w.id(value)
            }
        }

        func readSame(_ r: inout ByteReader) throws -> Field {
            switch self {
            case .u8: .u8(try r.u8())
            case .u16: .u16(try r.u16())
            case .u32: .u32(try r.u32())
            case .u64: .u64(try r.u64())
            case .i64: .i64(try r.i64())
            case .varint: .varint(try r.varint())
            case .zigzag: .zigzag(try r.zigzag())
            case .raw(let value): .raw(try r.raw(value.count))
            case .counted: .counted(try r.counted(limit: 1000, "field"))
            case .text: .text(try r.text(limit: 1000, "field"))
            case .digest: .digest(try r.digest())
            case .id: .id(try r.id())
            }
        }
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func whatWasWrittenComesBack(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let fields = (0..<random.below(40)).map { _ in Field.random(&random) }
        var w = ByteWriter()
        for field in fields { field.write(to: &w) }
        let read = try w.bytes.decode { r in try fields.map { try $0.readSame(&r) } }
        #expect(read == fields)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func anyBytesAreReadOrRefusedAsDamaged(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        for _ in 0..<100 {
            let bytes = random.bytes(random.below(60))
            let fields = (0..<20).map { _ in Field.random(&random) }
            try bytes.withUnsafeBytes { bytes in
                var reader = ByteReader(bytes)
                for field in fields {
                    let before = reader.offset
                    let kind = try failureKind { _ = try field.readSame(&reader) }
                    #expect(kind == nil || kind == .damaged)
                    #expect(reader.offset >= before && reader.offset <= bytes.count)
                }
            }
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func aRecordCutShortIsDamaged(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let fields = (0..<10).map { _ in Field.random(&random) }
        var w = ByteWriter()
        for field in fields { field.write(to: &w) }
        for count in 0..<w.count {
            #expect(
                try failureKind { _ = try Array(w.bytes[..<count]).decode { r in for field in fields { _ = try field.readSame(&r) } } } == .damaged)
        }
    }

    @Test func bytesLeftOverAreDamage() throws {
        #expect(try failureKind { _ = try [UInt8]([1, 2]).decode { try $0.u8() } } == .damaged)
        #expect(try failureKind { _ = try [UInt8]([1]).decode { _ in } } == .damaged)
        #expect(try [UInt8]([]).decode { _ in 7 } == 7)
    }

    @Test func aNegativeOrHugeViewIsDamaged() throws {
        for count in [-1, .min, 5, .max] {
            #expect(try failureKind { _ = try [UInt8]([1, 2, 3, 4]).decode { try $0.view(count).count } } == .damaged)
        }
    }

    // MARK: varints

    /// Numbers around every change of length.
    private static let numbers: [UInt64] = (0..<64).flatMap { bit in [(1 << bit) &- 1, 1 << bit, (1 << bit) &+ 1] } + [.max]

    @Test(arguments: numbers)
    func varintsAreShortAndComeBack(_ number: UInt64) throws {
        var w = ByteWriter()
        w.varint(number)
        #expect(w.count == max(1, (64 - number.leadingZeroBitCount + 6) / 7))
        #expect(try w.bytes.decode { try $0.varint() } == number)
    }

    @Test(arguments: numbers)
    func onlyTheShortestSpellingOfANumberIsValid(_ number: UInt64) throws {
        var w = ByteWriter()
        w.varint(number)
        for zeros in 1...3 {
            var long = w.bytes
            long[long.count - 1] |= 0x80
            long += [UInt8](repeating: 0x80, count: zeros - 1) + [0]
            #expect(try failureKind { _ = try long.decode { try $0.varint() } } == .damaged)
        }
    }

    @Test(arguments: [
        [0x80] as [UInt8], [0xFF, 0xFF],
        [UInt8](repeating: 0xFF, count: 9) + [2], [UInt8](repeating: 0xFF, count: 9) + [0x7F], [UInt8](repeating: 0xFF, count: 9) + [0x81, 0],
        [UInt8](repeating: 0x80, count: 9) + [0], [UInt8](repeating: 0x80, count: 10) + [1], [UInt8](repeating: 0xFF, count: 40),
    ])
    func endlessAndOversizedNumbersAreDamage(_ bytes: [UInt8]) throws {
        #expect(try failureKind { _ = try bytes.decode { try $0.varint() } } == .damaged)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func whateverIsReadAsANumberIsSpelledAsTheWriterSpellsIt(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        for _ in 0..<500 {
            let bytes = (0..<12).map { _ in random.pick([0, 1, 0x7F, 0x80, 0xFF, UInt8(truncatingIfNeeded: random.next())]) }
            try bytes.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                var number: UInt64 = 0
                guard try failureKind({ number = try reader.varint() }) == nil else { return }
                var w = ByteWriter()
                w.varint(number)
                #expect(w.bytes == Array(bytes[..<reader.offset]))
            }
        }
    }

    @Test(
        arguments: [
            (0, [0]), (-1, [1]), (1, [2]), (-64, [0x7F]), (64, [0x80, 1]), (.max, [0xFE] + [UInt8](repeating: 0xFF, count: 8) + [1]),
            (.min, [UInt8](repeating: 0xFF, count: 9) + [1]),
        ] as [(Int64, [UInt8])])
    func signedNumbersAreZigzag(_ number: Int64, _ bytes: [UInt8]) throws {
        var w = ByteWriter()
        w.zigzag(number)
        #expect(w.bytes == bytes)
        #expect(try bytes.decode { try $0.zigzag() } == number)
    }

    // MARK: limits and text

    @Test func aCountAboveItsLimitIsDamagedBeforeAnythingIsRead() throws {
        var w = ByteWriter()
        w.varint(.max)
        #expect(try failureKind { _ = try w.bytes.decode { try $0.count(limit: .max, "count") } } == .damaged)
        #expect(try failureKind { _ = try w.bytes.decode { try $0.counted(limit: 1 << 40, "bytes") } } == .damaged)
        #expect(try [UInt8]([5]).decode { try $0.count(limit: 5, "count") } == 5)
        #expect(try failureKind { _ = try [UInt8]([6]).decode { try $0.count(limit: 5, "count") } } == .damaged)
        #expect(try failureKind { _ = try ([6] + [UInt8](repeating: 0, count: 6)).decode { try $0.counted(limit: 5, "bytes") } } == .damaged)
    }

    @Test(
        arguments: [
            [0xC0, 0x80], [0x80], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0x61, 0xE2, 0x82],
        ] as [[UInt8]])
    func textThatIsNotUTF8IsDamaged(_ bytes: [UInt8]) throws {
        #expect(try failureKind { _ = try ([UInt8(bytes.count)] + bytes).decode { try $0.text(limit: 100, "text") } } == .damaged)
    }
}
