import Base

/// What a detail or an object is.
package enum EntryValue: Sendable, Equatable {
    case number(Int64)
    case word(Word)
    case id(ShortID)
    case digest(Digest)
    case time(Timestamp)
    /// A person's own words, in the accesses ledger only.
    case text(String)
    /// A path or a name as the kernel keeps it, in the accesses ledger only.
    case bytes([UInt8])

    /// Largest text or path, in bytes.
    package static let limit = 8192

    /// Whether it may hold anything about a person.
    var isFree: Bool {
        switch self {
        case .text, .bytes: true
        case .number, .word, .id, .digest, .time: false
        }
    }

    /// A number of anything; the largest that fits where there are more.
    package static func count(_ value: some BinaryInteger) -> EntryValue { .number(Int64(clamping: value)) }
}

extension ByteWriter {
    mutating func value(_ value: EntryValue) {
        switch value {
        case .number(let number):
            u8(1)
            zigzag(number)
        case .word(let word):
            u8(2)
            self.word(word)
        case .id(let id):
            u8(3)
            self.id(id)
        case .digest(let digest):
            u8(4)
            self.digest(digest)
        case .time(let time):
            u8(5)
            self.time(time)
        case .text(let text):
            u8(6)
            self.text(text)
        case .bytes(let bytes):
            u8(7)
            counted(bytes)
        }
    }
}

extension ByteReader {
    mutating func value() throws -> EntryValue {
        switch try u8() {
        case 1: .number(try zigzag())
        case 2: .word(try word("value"))
        case 3: .id(try id())
        case 4: .digest(try digest())
        case 5: .time(try time())
        case 6: .text(try text(limit: EntryValue.limit, "value"))
        case 7: .bytes(try counted(limit: EntryValue.limit, "value"))
        default: throw Failure(.format, .newerFormat)
        }
    }
}
