import Base

/// A configured name or a stable word: 1 to 64 letters without accent, digits, dots, hyphens and underscores.
///
/// The operations ledger holds no other text than words: neither a sentence nor a mail address nor a path fits into one.
package struct Word: Hashable, Sendable {
    /// Largest length, in bytes.
    package static let limit = 64

    package let text: String

    /// Nil for anything else.
    package init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        guard (1...Self.limit).contains(bytes.count), bytes.allSatisfy(Self.fits) else { return nil }
        self.text = String(text)
    }

    private static func fits(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }

    /// The same text, with an underscore for each character that does not fit: for names that the system gives.
    package init(fitting text: String) {
        let bytes = text.utf8.prefix(Self.limit).map { Self.fits($0) ? $0 : UInt8(ascii: "_") }
        self.text = bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
    }
}

extension Word: ExpressibleByStringLiteral {
    /// For words that stand in the program.
    package init(stringLiteral value: StaticString) {
        guard let word = Word("\(value)") else { fatalError("not a word: \(value)") }
        self = word
    }
}

extension Word: Comparable {
    /// As their bytes are.
    package static func < (l: Word, r: Word) -> Bool { l.text.utf8.lexicographicallyPrecedes(r.text.utf8) }
}

extension ByteWriter {
    mutating func word(_ word: Word) { text(word.text) }

    mutating func time(_ time: Timestamp) {
        i64(time.seconds)
        u32(time.nanoseconds)
    }
}

extension ByteReader {
    mutating func word(_ what: StaticString) throws -> Word {
        guard let word = Word(try text(limit: Word.limit, what)) else { throw Failure(.damaged, .malformedRecord("\(what)")) }
        return word
    }

    mutating func time() throws -> Timestamp {
        let seconds = try i64()
        let nanoseconds = try u32()
        guard nanoseconds < 1_000_000_000 else { throw Failure(.damaged, .malformedRecord("time")) }
        return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    }
}
