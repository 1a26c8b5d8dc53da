import Base
import TestSupport
import Testing

/// Names of 32 and 16 bytes.
@Suite struct DigestTests {
    /// Digests that differ in any one byte, so that every word of the comparison decides now and then.
    private static func digests(_ seed: UInt64) -> [Digest] {
        var random = SeededGenerator(seed)
        let first = random.bytes(32)
        return (0..<100).map { _ in
            var bytes = random.chance(8) ? random.bytes(32) : first
            bytes[random.below(32)] = UInt8(truncatingIfNeeded: random.next())
            return Digest(bytes)!
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func theirOrderIsThatOfTheirBytes(_ seed: UInt64) {
        let digests = Self.digests(seed)
        for (a, b) in zip(digests, digests.dropFirst()) {
            #expect((a < b) == a.bytes.lexicographicallyPrecedes(b.bytes))
            #expect((a == b) == (a.bytes == b.bytes))
            let (c, d) = (ShortID(a), ShortID(b))
            #expect((c < d) == c.bytes.lexicographicallyPrecedes(d.bytes))
            #expect((c == d) == (c.bytes == d.bytes))
        }
        #expect(digests.sorted().map(\.bytes) == digests.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) })
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func bytesAndHexadecimalDigitsGiveTheSameDigest(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        let bytes = random.bytes(32)
        let digest = Digest(bytes)!
        #expect(digest.bytes == bytes)
        #expect(Digest(hex: digest.hex) == digest)
        #expect(digest.hex == bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        #expect(bytes.withUnsafeBytes { Digest(loading: $0.baseAddress!) } == digest)
        #expect(digest.leading == bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) })
        let id = ShortID(digest)
        #expect(id.bytes == Array(bytes[..<16]))
        #expect(ShortID(hex: id.hex) == id && ShortID(id.bytes) == id)
    }

    @Test(arguments: [
        "", "0", "00", String(repeating: "0", count: 63), String(repeating: "0", count: 65), String(repeating: "A", count: 64),
        String(repeating: "g", count: 64), String(repeating: "é", count: 32), " " + String(repeating: "0", count: 63),
        String(repeating: "0", count: 62) + "+1",
    ])
    func onlyLowerCaseDigitsOfTheRightNumberAreADigest(_ text: String) {
        #expect(Digest(hex: text) == nil)
        #expect(ShortID(hex: text) == nil)
    }

    @Test(arguments: [0, 1, 15, 17, 31, 33, 64])
    func otherCountsOfBytesAreNoName(_ count: Int) {
        #expect(Digest([UInt8](repeating: 1, count: count)) == nil)
        #expect(ShortID([UInt8](repeating: 1, count: count)) == nil)
    }

    @Test func everyByteHasItsDigits() {
        let all = [UInt8](0...255)
        #expect(bytesFromHex(hexString(all)) == all)
        #expect(hexString(all).hasPrefix("000102030405060708090a0b") && hexString(all).hasSuffix("fdfeff"))
        for text in ["0", "0G", "Ab", "zz", "é"] { #expect(bytesFromHex(text) == nil) }
    }

    @Test func randomIDsDiffer() {
        #expect(Set((0..<1000).map { _ in ShortID.random() }).count == 1000)
    }
}

/// What several causes make of the exit status, and texts for people.
@Suite struct FailureTests {
    private static let all: [Base.ExitStatus] = [.done, .failed, .usage, .partial, .damaged, .refused, .unreachable, .key, .format, .interrupted]

    @Test func theStatusOfSeveralCausesDoesNotDependOnTheirOrder() {
        for a in Self.all {
            #expect(a.combined(with: a) == a)
            for b in Self.all {
                #expect(a.combined(with: b) == b.combined(with: a))
                #expect([a, b].contains(a.combined(with: b)))
                for c in Self.all { #expect(a.combined(with: b).combined(with: c) == a.combined(with: b.combined(with: c))) }
            }
        }
    }

    @Test func nothingIsHiddenBySuccess() {
        for status in Self.all where status != .done { #expect(status.combined(with: .done) == status) }
        #expect(Base.ExitStatus.partial.combined(with: .damaged) == .damaged)
    }

    @Test func theObjectNamedFirstStays() {
        let failure = Failure(.damaged, .badThing)
        #expect(failure.of("a").object == "a")
        #expect(failure.of("a").of("b").object == "a")
        #expect(failure.of("a").text(.french) == "a: cassé" && failure.of("a").text(.english) == "a: broken")
    }

    @Test(arguments: [
        ("fr_FR.UTF-8", Language.french), ("fr", .french), ("FR_CA", .french), ("en_GB", .english), ("C", .english), ("", .english),
        ("de_DE", .english),
    ])
    func theLanguageIsThatOfTheLocale(_ locale: String, _ language: Language) { #expect(Language(locale: locale) == language) }
}

extension Message {
    fileprivate static let badThing = Message("test.broken", en: "broken", fr: "cassé")
}

/// Moments.
@Suite struct TimestampTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func theirOrderIsThatOfTime(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        for _ in 0..<100 {
            let (a, b) = (random.time(), random.chance(2) ? random.time() : random.time())
            #expect((a < b) == ((a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)))
        }
    }

    @Test func addingNeverTraps() {
        #expect(Timestamp(seconds: 5, nanoseconds: 7).adding(seconds: -6) == Timestamp(seconds: -1, nanoseconds: 7))
        _ = Timestamp(seconds: .max).adding(seconds: .max)
        _ = Timestamp(seconds: .min).adding(seconds: .min)
    }

    @Test func textsForPeopleHaveTheirShape() throws {
        let digits = Timestamp(seconds: 1_795_309_200).localText.map { $0.isNumber ? "0" : String($0) }.joined()
        #expect(digits == "0000-00-00T00:00:00+00:00" || digits == "0000-00-00T00:00:00-00:00")
        #expect(Timestamp(seconds: 0).localDay.count == 10)
        // A year of more than any calendar prints as seconds rather than nothing.
        #expect(!Timestamp(seconds: .max).localText.isEmpty)
    }
}
