import Base
import Codec
import Journal
import TestSupport
import Testing

/// One spelling of each entry, and what a ledger may hold (docs/JOURNAL.md, 3).
@Suite struct EntryTests {
    private func decoded(_ bytes: [UInt8]) throws -> LedgerEntry { try bytes.withUnsafeBytes { try LedgerEntry($0) } }

    @Test(arguments: Ledger.allCases) func anEntryIsReadAsItWasWritten(_ ledger: Ledger) throws {
        for seed in 0..<2000 {
            var random = SeededGenerator(UInt64(seed))
            let entry = random.entry(ledger)
            try entry.event.check(ledger)
            let bytes = try entry.encoded()
            let again = try decoded(bytes)
            #expect(again == entry)
            #expect(try again.encoded() == bytes)
        }
    }

    /// What is not refused says what it says in one way only: otherwise two entries would be one.
    @Test func changedBytesAreRefusedOrAnotherEntry() throws {
        var refused = 0
        for seed in 0..<20_000 {
            var random = SeededGenerator(UInt64(seed))
            var mutation = Mutation(seed: UInt64(seed))
            let bytes = mutation.apply(try random.entry(.accesses).encoded())
            do {
                #expect(try decoded(bytes).encoded() == bytes, "seed \(seed)")
            } catch let failure as Failure {
                #expect(failure.kind == .damaged || failure.kind == .format, "seed \(seed)")
                refused += 1
            }
        }
        #expect(refused > 10_000)
    }

    @Test func theEncodingIsFrozen() throws {
        let event = LedgerEvent(
            .restore, .done, by: .person, object: .init("path", .bytes([0x2F, 0xFF])), reason: "prescription n° 12",
            details: ["b": .number(-3), "a": .word("x")])
        let entry = LedgerEntry(sequence: 300, time: Timestamp(seconds: 1_795_000_000, nanoseconds: 5), event: event)
        #expect(
            hexString(try entry.encoded())
                == "ac02c086fd6a0000000005000000" + "02" + "02" + "07" + hexString("noeud-1".utf8) + "02" + "01" + "00000000" + "04"
                + hexString("root".utf8) + "01" + "ef030000" + "07" + hexString("mdurand".utf8) + "01" + "04" + hexString("path".utf8) + "07"
                + "022fff"
                + "13" + hexString("prescription n° 12".utf8) + "02" + "0161" + "02" + "0178" + "0162" + "01" + "05")
    }

    // MARK: Hostile bytes

    @Test func hugeLengthsAreRefusedBeforeAnythingIsAllocated() throws {
        var w = ByteWriter()
        w.varint(0)
        w.raw([UInt8](repeating: 0, count: 12) + [1, 2])
        let start = w.bytes
        for length in [UInt64(65), 1 << 31, 1 << 62, .max] {
            var host = ByteWriter()
            host.varint(length)
            #expect(try failureKind { _ = try decoded(start + host.bytes) } == .damaged)
        }
        // A count of details that the bytes cannot hold.
        let entry = try LedgerEntry(sequence: 0, time: Timestamp(seconds: 0), event: LedgerEvent(.backup, .done, by: .daemon)).encoded()
        #expect(try failureKind { _ = try decoded(entry.dropLast() + [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]) } == .damaged)
        #expect(try failureKind { _ = try decoded(entry.dropLast() + [33]) } == .damaged)
    }

    @Test func textThatIsNotUTF8IsRefused() throws {
        let event = LedgerEvent(.restore, .done, by: .person, reason: "abcdef")
        let bytes = try LedgerEntry(sequence: 0, time: Timestamp(seconds: 0), event: event).encoded()
        let at = bytes.count - 7
        for bad: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE9]] {
            var changed = bytes
            changed.replaceSubrange(at..<at + bad.count, with: bad)
            #expect(try failureKind { _ = try decoded(changed) } == .damaged)
        }
    }

    @Test func namesOfDetailsStandInOrderAndOnce() throws {
        let event = LedgerEvent(.backup, .done, by: .daemon, details: ["a": .number(1), "b": .number(1)])
        var bytes = try LedgerEntry(sequence: 0, time: Timestamp(seconds: 0), event: event).encoded()
        bytes[bytes.count - 3] = UInt8(ascii: "a")
        #expect(try failureKind { _ = try decoded(bytes) } == .damaged)
        bytes[bytes.count - 7] = UInt8(ascii: "z")
        #expect(try failureKind { _ = try decoded(bytes) } == .damaged)
    }

    @Test(arguments: ["", "a b", "a@b", "a/b", "é", "a\n", String(repeating: "a", count: 65)]) func aWordIsNoSentence(_ text: String) {
        #expect(Word(text) == nil)
        #expect(Word(Word(fitting: text).text) != nil)
    }

    // MARK: What a ledger may hold

    static let personal: [(String, LedgerEvent)] = [
        ("account", LedgerEvent(.restore, .done, by: .person)),
        ("reason", LedgerEvent(.restore, .done, by: .daemon, reason: "Mme Martin a appelé")),
        ("object", LedgerEvent(.restore, .done, by: .daemon, object: .init("path", .bytes([0x2F])))),
        ("object", LedgerEvent(.restore, .done, by: .daemon, object: .init("name", .text("Martin")))),
        ("why", LedgerEvent(.restore, .done, by: .daemon, details: ["why": .text("x")])),
        ("path", LedgerEvent(.restore, .done, by: .daemon, details: ["path": .bytes([1])])),
    ]

    @Test(arguments: personal) func theOperationsLedgerHoldsNothingAboutPersons(_ field: String, _ event: LedgerEvent) throws {
        #expect(event.personalData(in: .operations) == field)
        #expect(try failureKind { try event.check(.operations) } == .usage)
        try event.check(.accesses)
        let ledger = try SampleLedger(.operations)
        #expect(try failureKind { try ledger.writer.append(event) } == .usage)
        #expect(try ledger.source.chains().isEmpty)
    }

    @Test func whatDoesNotFitIsRefusedAndNotCutShort() throws {
        let long = String(repeating: "é", count: 600)
        for event in [
            LedgerEvent(.restore, .done, by: .person, reason: long),
            LedgerEvent(.restore, .done, by: .person, object: .init("path", .bytes([UInt8](repeating: 1, count: 8193)))),
            LedgerEvent(.restore, .done, by: .person, details: ["x": .text(String(repeating: "a", count: 8193))]),
            LedgerEvent(.restore, .done, by: .person, details: Dictionary(uniqueKeysWithValues: (0..<33).map { (Word("d\($0)")!, .number(0)) })),
        ] { #expect(try failureKind { try event.check(.accesses) } == .usage) }
        // Each part fits, the whole does not.
        let whole = LedgerEvent(
            .restore, .done, by: .person,
            details: Dictionary(uniqueKeysWithValues: (0..<9).map { (Word("d\($0)")!, .bytes([UInt8](repeating: 1, count: 8192))) }))
        let ledger = try SampleLedger()
        try ledger.writer.append(SampleLedger.event(0))
        #expect(try failureKind { try ledger.writer.append(whole) } == .usage)
        try ledger.writer.append(SampleLedger.event(1))
        #expect(try ledger.verify().kinds == [])
    }

    // MARK: Who

    @Test func whoIsTakenFromTheSystem() throws {
        let identity = Identity.current(.command, host: Identity.machine)
        let uid = try #require(
            try Files.read("/proc/self/status").map { String(decoding: $0, as: UTF8.self) }?.split(separator: "\n")
                .first { $0.hasPrefix("Uid:") }?.split(whereSeparator: \.isWhitespace)[1])
        #expect(identity.account?.user.uid == UInt32(uid))
        #expect(identity.account?.user == Identity.User(uid: UInt32(uid)!))
        #expect(Identity.User(uid: 0).login == "root")
        #expect(Identity.User(uid: 3_999_999_999).login == "")
        #expect(identity.withoutPerson.account == nil)
    }
}
