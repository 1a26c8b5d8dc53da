import Base
import Glibc
import Journal
import Keys
import TestSupport
import Testing

/// The accesses ledger forgets whole segments, and says so (docs/JOURNAL.md, 7).
@Suite struct ErasureTests {
    /// One segment a day of four entries, for ten days.
    private static func tenDays(_ kind: Ledger = .accesses) throws -> SampleLedger {
        let ledger = try SampleLedger(kind, clock: TickingClock(1_795_000_000, step: 60))
        for day in 0..<10 {
            ledger.clock.set(1_795_000_000 + Int64(day) * 86_400)
            try ledger.fill(segments: 1, of: 4)
        }
        return ledger
    }

    private static func day(_ day: Int64) -> Timestamp { Timestamp(seconds: 1_795_000_000 + day * 86_400) }

    static func erased() throws -> (source: MemoryLedgerSource, head: LedgerHead) {
        let ledger = try tenDays()
        try ledger.writer.erase(before: day(4), reason: .order, reference: "CNIL-12")
        try ledger.writer.close()
        let source = try MemoryLedgerSource(copying: ledger.source)
        return (source, try ledger.writer.head()!)
    }

    @Test(arguments: Ledger.allCases) func wholeSegmentsGoAndTheChainStillVerifies(_ kind: Ledger) throws {
        let ledger = try Self.tenDays(kind)
        let early = try #require(try ledger.verify().heads.first)
        let secret = Array(kind == .accesses ? "demande n° 1".utf8 : "snapshot".utf8)
        let chain = try ledger.chainPath
        #expect(try Files.read(chain + "/0000000000")!.firstRange(of: secret) != nil)

        let records = try ledger.writer.erase(before: Self.day(4), reason: .retention, retention: 5 * 86_400)
        #expect(records.count == 1 && records[0].first == 0 && records[0].segments.count == 4)
        var report = try ledger.verify(remembered: [early])
        #expect(report.kinds == [])
        #expect(report.chains[0].erased == [ErasedRange(segments: 0..<4, erasure: records[0])])
        #expect(report.chains[0].count == 41 && report.chains[0].read == 25)

        // Nothing of what they said is left, and an entry tells of it.
        for name in try Files.names(chain) where name.hasSuffix(".stub") {
            #expect(try Files.read(chain + "/" + name)!.firstRange(of: secret) == nil)
        }
        #expect(try !Files.names(chain).contains("0000000000"))
        var last: LedgerEntry?
        _ = try LedgerVerification.sample().run(ledger.source) { entry, _, _ in last = entry }
        #expect(last?.event.kind == .erasure && last?.event.object?.value == .digest(records[0].digest))
        #expect(last?.event.personalData(in: .operations) == nil)

        // Again later, from where it ended.
        let more = try ledger.writer.erase(before: Self.day(6), reason: .order, reference: "ticket-9")
        #expect(more.map(\.first) == [4] && more[0].segments.count == 2 && more[0].previous == records[0].digest)
        #expect(try ledger.writer.erase(before: Self.day(6), reason: .order) == [])
        report = try ledger.verify(remembered: [early])
        #expect(report.kinds == [])
        #expect(report.chains[0].erased.map(\.segments) == [0..<4, 4..<6])
    }

    @Test func nothingIsErasedBeforeItsTime() throws {
        let ledger = try Self.tenDays()
        let now = ledger.clock.seconds
        #expect(try failureKind { try ledger.writer.erase(before: Timestamp(seconds: now + 1000), reason: .order) } == .usage)
        #expect(try failureKind { try ledger.writer.erase(before: Timestamp(seconds: now - 100), reason: .retention) } == .usage)
        #expect(
            try failureKind { try ledger.writer.erase(before: Self.day(4), reason: .retention, retention: 365 * 86_400) } == .usage)
        // A segment with one young entry stays whole.
        #expect(try ledger.writer.erase(before: Timestamp(seconds: 1_795_000_000 + 130), reason: .order) == [])
        #expect(try ledger.verify().chains[0].read == 40)
    }

    @Test func theOpenSegmentIsNeverErased() throws {
        let ledger = try SampleLedger(clock: TickingClock(step: 0))
        try ledger.fill(segments: 1, of: 2, open: 2)
        ledger.clock.set(ledger.clock.seconds + 1_000_000)
        let records = try ledger.writer.erase(before: Timestamp(seconds: ledger.clock.seconds), reason: .order)
        #expect(records.map(\.segments.count) == [1])
        #expect(try ledger.verify().chains[0].read == 3)
        #expect(try ledger.verify().kinds == [])
    }

    @Test func contentThatIsGoneWithoutARecordIsNamed() throws {
        let (source, head) = try Self.erased()
        let chain = source.objects.keys.first!
        #expect(try LedgerVerification.sample([head]).run(source).kinds == [])
        var changed = source
        changed.objects[chain]!["erasure-0000000000"] = nil
        var report = try LedgerVerification.sample([head]).run(changed)
        #expect(report.kinds == [.erasedWithoutRecord] && report.violations.map(\.segment) == [0, 1, 2, 3])
        // One more than the record says.
        changed = source
        changed.objects[chain]!["0000000004.stub"] = try SignedClosing(segment: source.objects[chain]!["0000000004"]!).stub
        changed.objects[chain]!["0000000004"] = nil
        report = try LedgerVerification.sample([head]).run(changed)
        #expect(report.kinds == [.erasedWithoutRecord] && report.violations.map(\.segment) == [4])
        // Not even the closing is left.
        changed = source
        changed.objects[chain]!["0000000001.stub"] = nil
        #expect(try LedgerVerification.sample([head]).run(changed).kinds == [.missingSegment])
        // The record's every byte.
        let record = source.objects[chain]!["erasure-0000000000"]!
        for at in record.indices {
            changed.objects = source.objects
            changed.objects[chain]!["erasure-0000000000"]![at] ^= 1
            #expect(try !LedgerVerification.sample([head]).run(changed).isWhole, "at \(at)")
        }
    }

    @Test func aRecordByAnotherKeyIsNoRecord() throws {
        let ledger = try Self.tenDays()
        // The stranger's writer begins a chain of its own beside, and erases what it finds: all of it is named.
        let stranger = try ledger.another(key: TestKeys.stranger)
        try stranger.erase(before: Self.day(4), reason: .order)
        let report = try ledger.verify()
        #expect(Set(report.kinds) == [.unknownWriter, .erasedWithoutRecord])
        #expect(report.violations.filter { $0.kind == .erasedWithoutRecord }.map(\.segment) == [0, 1, 2, 3])
    }

    @Test func anHeirErasesWhatItsPredecessorWrote() throws {
        let ledger = try Self.tenDays()
        let heir = try ledger.another(key: TestKeys.other)
        try heir.append(SampleLedger.event(100))
        let records = try heir.erase(before: Self.day(4), reason: .retention, retention: 3 * 86_400)
        #expect(records.count == 1)
        let report = try ledger.verify()
        #expect(report.kinds == [])
        #expect(report.chains[0].erased.map(\.segments) == [0..<4])
        #expect(report.chains[1].count == 2)
    }

    /// Killed after the record, after the entry, after each file: the next call finishes, and nothing is erased that the record does not name.
    @Test func anErasureThatWasCutShortIsFinished() throws {
        let whole = try Self.tenDays()
        let before = try MemoryLedgerSource(copying: whole.source)
        let chain = try whole.chain
        try whole.writer.erase(before: Self.day(4), reason: .order)
        let after = try MemoryLedgerSource(copying: whole.source)
        let path = try whole.chainPath
        let record = "erasure-0000000000"
        for step in 0...9 {
            // The state after the record, the entry, and then stub and removal of each segment.
            var objects = before.objects[chain]!
            objects[record] = after.objects[chain]![record]
            if step > 0 { objects["open"] = after.objects[chain]!["open"] }
            for number in 0..<4 {
                if step > 1 + number * 2 { objects["000000000\(number).stub"] = after.objects[chain]!["000000000\(number).stub"] }
                if step > 2 + number * 2 { objects["000000000\(number)"] = nil }
            }
            for name in try Files.names(path) { unlink(path + "/" + name) }
            for (name, bytes) in objects { try Files.replace(path + "/" + name, bytes) }
            let halfway = try whole.verify()
            #expect(halfway.kinds == (step < 9 ? [.notErased] : []), "step \(step)")
            #expect(try whole.another().erase(before: Self.day(1), reason: .order) == [])
            let report = try whole.verify()
            #expect(report.kinds == [], "step \(step)")
            #expect(report.chains[0].erased.map(\.segments) == [0..<4])
            #expect(try !Files.names(path).contains("0000000003"))
            #expect(try Files.names(path).contains("0000000004"))
        }
    }

    @Test func whatWasErasedHereAndIsWholeAtACopyIsTold() throws {
        let ledger = try Self.tenDays()
        let copy = try LedgerVerification.sample().run(try MemoryLedgerSource(copying: ledger.source))
        try ledger.writer.erase(before: Self.day(4), reason: .order)
        let own = try ledger.verify()
        #expect(own.compare(copy: copy) == [LedgerFinding(.erasedHere, try ledger.chain, segment: 0, count: 4)])
    }

    /// The hashes that stay confirm no guess of what was said: the salt went with the entries.
    @Test func equalEntriesHaveNothingInCommon() throws {
        let (first, second) = (try SampleLedger(clock: TickingClock(step: 0)), try SampleLedger(clock: TickingClock(step: 0)))
        for ledger in [first, second] { try ledger.fill(segments: 2, of: 1) }
        let closings = try [first, second].flatMap { Array(try $0.verify().chains[0].closings.values) }
        #expect(Set(closings.map(\.hash)).count == 4)
        #expect(Set(closings.map(\.content)).count == 4)
    }
}
