import Base
import TestSupport
import Testing

/// Names of files as people and JSON see them.
@Suite struct PrintableTests {
    @Test(arguments: [
        ("rapport.pdf", "rapport.pdf"), ("dossier médical", "dossier médical"), ("日本", "日本"), ("🏥", "🏥"), ("", ""), (" ", " "),
        ("a\nb", "a\\x0ab"), ("\u{1B}[31m", "\\x1b[31m"), ("a\\b", "a\\\\b"), ("\\x0a", "\\\\x0a"), ("\u{7F}", "\\x7f"), ("\u{85}", "\\xc2\\x85"),
    ])
    func whatATerminalMayShowStays(_ name: String, _ shown: String) {
        #expect(printable(Array(name.utf8)) == shown)
    }

    @Test(
        arguments: [
            ([0xFF], "\\xff"), ([0xC3], "\\xc3"), ([0xC3, 0x28], "\\xc3("), ([0xE2, 0x82], "\\xe2\\x82"), ([0x61, 0x80, 0x62], "a\\x80b"),
            ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"), ([0xC0, 0xAF], "\\xc0\\xaf"), ([0, 1], "\\x00\\x01"),
        ] as [([UInt8], String)])
    func bytesThatAreNoTextAreSpelledOut(_ name: [UInt8], _ shown: String) { #expect(printable(name) == shown) }

    /// Bytes that meet each branch, and the characters of the escapes themselves.
    private static let letters: [UInt8] = [0x5C, 0x78, 0x30, 0x61, 0x0A, 0x1B, 0x7F, 0x80, 0x85, 0xC2, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0xFF]

    @Test func noTwoShortNamesPrintTheSame() {
        var seen: [[UInt8]: [UInt8]] = [:]
        var names: [[UInt8]] = [[]]
        for _ in 0..<3 { names += names.flatMap { name in Self.letters.map { name + [$0] } } }
        for name in Set(names) {
            // As bytes: to Swift, strings that are canonically equivalent are equal.
            let text = Array(printable(name).utf8)
            #expect(seen.updateValue(name, forKey: text) == nil)
        }
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func theNameCanBeReadBackFromWhatIsShown(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        for _ in 0..<100 {
            let name = (0..<random.below(20)).map { _ in random.chance(3) ? UInt8(truncatingIfNeeded: random.next()) : random.pick(Self.letters) }
            let text = printable(name)
            #expect(try #require(Self.read(text)) == name)
            #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
        }
    }

    /// The inverse, written down from the documentation of `printable`.
    private static func read(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == 0x5C else {
                bytes.append(byte)
                continue
            }
            if rest.first == 0x5C {
                bytes.append(rest.removeFirst())
            } else {
                guard rest.popFirst() == 0x78, rest.count >= 2, let value = bytesFromHex(String(decoding: rest.prefix(2), as: UTF8.self)) else {
                    return nil
                }
                bytes += value
                rest = rest.dropFirst(2)
            }
        }
        return bytes
    }
}
