import Base
import Glibc
import Journal
import Keys
import TestSupport
import Testing

/// Appending: what comes back, when segments close, and several writers at once.
@Suite struct WriterTests {
    private func entries(_ ledger: SampleLedger) throws -> [LedgerEntry] {
        var entries: [LedgerEntry] = []
        _ = try LedgerVerification.sample().run(ledger.source) { entry, _, _ in entries.append(entry) }
        return entries
    }

    @Test(arguments: Ledger.allCases) func whatWasAppendedIsReadBack(_ kind: Ledger) throws {
        let ledger = try SampleLedger(kind)
        try ledger.fill(segments: 3, of: 4, open: 2)
        let read = try entries(ledger)
        #expect(read.map(\.sequence) == Array(0..<14))
        #expect(read.map(\.event) == (0..<14).map { SampleLedger.event($0, kind) })
        let report = try ledger.verify()
        #expect(report.kinds == [] && report.notes == [.unclosedTail])
        let chain = try #require(report.chains.first)
        #expect(chain.count == 14 && chain.closings.keys.sorted() == [0, 1, 2] && chain.closedHead?.count == 12)
        #expect(try ledger.writer.head() == chain.head)
        #expect(try ledger.another().head() == chain.head)
    }

    @Test func aLedgerThatIsEmptyIsWhole() throws {
        let ledger = try SampleLedger()
        #expect(try ledger.writer.head() == nil)
        #expect(try ledger.writer.close() == nil)
        #expect(try ledger.verify().isWhole)
        #expect(try ledger.source.chains().isEmpty)
    }

    @Test func aSegmentClosesWhenItIsLargeEnough() throws {
        let ledger = try SampleLedger(limits: .init(bytes: 1500))
        for number in 0..<40 { try ledger.writer.append(SampleLedger.event(number)) }
        let report = try ledger.verify()
        #expect(report.kinds == [])
        let closings = report.chains[0].closings.values
        #expect(closings.count >= 4)
        #expect(closings.allSatisfy { $0.contentCount >= 1500 && $0.contentCount < 1500 + 400 })
    }

    @Test func aSegmentClosesWhenItIsOldEnough() throws {
        let ledger = try SampleLedger(limits: .init(seconds: 3600), clock: TickingClock(step: 0))
        try ledger.writer.append(SampleLedger.event(0))
        ledger.clock.set(ledger.clock.seconds + 3599)
        #expect(try ledger.writer.closeIfDue() == nil)
        ledger.clock.set(ledger.clock.seconds + 1)
        #expect(try ledger.writer.closeIfDue()?.count == 1)
        #expect(try ledger.writer.closeIfDue() == nil)
        try ledger.writer.append(SampleLedger.event(1))
        ledger.clock.set(ledger.clock.seconds + 3600)
        // An entry never goes into a segment that is due.
        try ledger.writer.append(SampleLedger.event(2))
        #expect(try ledger.verify().chains[0].closings.count == 2)
        #expect(try ledger.verify().kinds == [])
    }

    @Test func aClockThatGoesBackIsToldAndIsNoFault() throws {
        let ledger = try SampleLedger()
        try ledger.writer.append(SampleLedger.event(0))
        ledger.clock.set(ledger.clock.seconds - 100_000)
        try ledger.writer.append(SampleLedger.event(1))
        let closing = try #require(try ledger.writer.close())
        #expect(closing.earliest < closing.latest)
        let report = try ledger.verify()
        #expect(report.kinds == [] && report.notes == [.clockWentBack])
    }

    // MARK: Several writers

    @Test func writersTakeTurns() throws {
        let ledger = try SampleLedger(limits: .init(bytes: 1200))
        let second = try ledger.another(limits: .init(bytes: 900))
        for number in 0..<30 {
            try (number % 3 == 0 ? second : ledger.writer).append(SampleLedger.event(number))
            if number % 7 == 0 { try second.close() }
            if number % 11 == 0 { try ledger.writer.close() }
        }
        #expect(try entries(ledger).map(\.event) == (0..<30).map { SampleLedger.event($0) })
        #expect(try ledger.verify().kinds == [])
    }

    @Test func threadsAppendEachEntryOnce() throws {
        let ledger = try SampleLedger(limits: .init(bytes: 4000))
        let shared = ledger.writer
        try Threads.run("append", count: 6) { thread in
            let writer = thread % 2 == 0 ? shared : try ledger.another(limits: .init(bytes: 3000))
            for number in 0..<25 { try writer.append(SampleLedger.event(thread * 1000 + number)) }
        }
        let read = try entries(ledger)
        #expect(read.map(\.sequence) == Array(0..<150))
        for thread in 0..<6 {
            // Of one thread in its own order, all of them.
            let own = read.map(\.event).filter { event in (0..<25).contains { SampleLedger.event(thread * 1000 + $0) == event } }
            #expect(own == (0..<25).map { SampleLedger.event(thread * 1000 + $0) })
        }
        #expect(try ledger.verify().kinds == [])
    }

    @Test func processesAppendEachEntryOnce() async throws {
        let ledger = try SampleLedger()
        let path = ledger.folder.path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for process in 0..<4 {
                group.addTask {
                    await #expect(processExitsWith: .success) { [path = path as String, process = process as Int] in
                        let ledgers = LedgerFolder(path)
                        let tenant = ShortID([UInt8](repeating: 7, count: 16))
                        let writer = try SampleLedger.writer(ledgers, tenant, .accesses, TestKeys.node, .init(bytes: 3000))
                        for number in 0..<25 { try writer.append(SampleLedger.event(process * 1000 + number)) }
                    }
                }
            }
            try await group.waitForAll()
        }
        let read = try entries(ledger)
        #expect(read.map(\.sequence) == Array(0..<100))
        let reasons = Set(read.map(\.event.reason))
        #expect(reasons == Set((0..<4).flatMap { process in (0..<25).map { "demande n° \(process * 1000 + $0)" } }))
        let report = try ledger.verify()
        #expect(report.kinds == [] && report.chains.count == 1)
    }

    @Test func aWriterDoesNotWaitForEver() throws {
        let ledger = try SampleLedger()
        try ledger.writer.append(SampleLedger.event(0))
        let patient = try LedgerWriter(
            ledger.source.path, tenant: ledger.tenant, ledger.ledger, key: TestKeys.node, identity: .daemon, patience: 0.05)
        let file = try File.openOrCreate(RawName(ledger.source.path + "/lock"), O_RDWR)
        #expect(flock(file.descriptor, LOCK_EX | LOCK_NB) == 0)
        #expect(try failureKind { try patient.append(SampleLedger.event(1)) } == .failed)
        #expect(flock(file.descriptor, LOCK_UN) == 0)
        try patient.append(SampleLedger.event(1))
        #expect(try entries(ledger).count == 2)
    }

    // MARK: Keys

    @Test func anotherKeyBeginsAChainThatFollows() throws {
        let ledger = try SampleLedger()
        try ledger.fill(segments: 2, of: 3, open: 2)
        let end = try #require(try ledger.writer.head())
        let second = try ledger.another(key: TestKeys.other)
        #expect(try second.close() == nil)
        try second.append(SampleLedger.event(100))
        try second.close()
        var report = try ledger.verify()
        #expect(report.kinds == [])
        #expect(report.chains.map(\.origin?.writer) == [TestKeys.node.id, TestKeys.other.id])
        #expect(report.chains[1].origin?.follows == end)
        #expect(try ledger.source.chains().count == 2)

        // The old key, used again, is a chain of its own that follows in its turn.
        try ledger.writer.append(SampleLedger.event(101))
        report = try ledger.verify()
        #expect(report.kinds == [] && report.chains.count == 3)
        #expect(report.chains[2].origin?.follows?.chain == report.chains[1].chain)
    }

    @Test func aWriterNoticesThatTheChainIsShorterThanItLeftIt() throws {
        let ledger = try SampleLedger()
        try ledger.fill(segments: 1, of: 2, open: 1)
        let before = try #require(try Files.read(try ledger.chainPath + "/open"))
        try ledger.writer.append(SampleLedger.event(3))
        try Files.replace(try ledger.chainPath + "/open", before)
        #expect(try failureKind { try ledger.writer.append(SampleLedger.event(4)) } == .damaged)
    }

    @Test func nothingIsSignedThatIsNotWhatWasWritten() throws {
        for limits in [LedgerWriter.Limits(), .init(bytes: 600)] {
            let ledger = try SampleLedger(limits: limits)
            try ledger.fill(segments: 0, of: 0, open: 2)
            let path = try ledger.chainPath + "/open"
            var bytes = try #require(try Files.read(path))
            bytes[300] ^= 1
            // In place: the writer that has it open sees the same file, as long as before.
            try File.open(RawName(path), O_WRONLY).write(bytes)
            if limits.bytes == 600 { #expect(try failureKind { try ledger.writer.append(SampleLedger.event(2)) } == .damaged) }
            #expect(try failureKind { try ledger.writer.close() } == .damaged)
            #expect(try Files.names(try ledger.chainPath) == ["open"])
        }
    }
}
