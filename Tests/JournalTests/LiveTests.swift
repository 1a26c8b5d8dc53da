import Base
import Glibc
import Journal
import Keys
import TestSupport
import Testing

/// Verifying while others write, close and erase; and how fast it is, where that is asked for.
@Suite struct LiveTests {
    @Test func aLedgerThatIsWrittenToVerifies() throws {
        let ledger = try SampleLedger(limits: .init(bytes: 900), clock: TickingClock(step: 60))
        try ledger.writer.append(SampleLedger.event(0))
        let isDone = Monitor(false)
        let writing = Threads.start("write") {
            for number in 1..<120 {
                _ = try? ledger.writer.append(SampleLedger.event(number))
                if number % 30 == 0 { _ = try? ledger.writer.erase(before: Timestamp(seconds: ledger.clock.seconds - 600), reason: .order) }
            }
            isDone.look { $0 = true }
        }
        var remembered = RememberedHeads()
        var rounds = 0
        while !isDone.look({ $0 }) || rounds == 0 {
            let report = try ledger.verify(remembered: remembered.all)
            #expect(report.kinds == [])
            for head in report.heads { try remembered.advance(to: head) }
            rounds += 1
        }
        writing.join()
        let report = try ledger.verify(remembered: remembered.all)
        #expect(report.kinds == [] && report.chains[0].erased.count >= 3)
        #expect(report.chains[0].count == 120 + UInt64(report.chains[0].erased.count))
    }

    /// `HDS_MEASURE=FOLDER`: how fast it appends there, and verifies a million entries that it makes in /dev/shm.
    @Test(.enabled(if: getenv("HDS_MEASURE") != nil)) func rates() throws {
        let folder = String(cString: getenv("HDS_MEASURE")) + "/hdsbackup-journal-" + hexString(randomBytes(4))
        defer { try? TemporaryFolder.remove(RawName(folder)) }
        let tenant = ShortID.random()
        for ledger in Ledger.allCases {
            let writer = try SampleLedger.writer(LedgerFolder(folder), tenant, ledger, TestKeys.node)
            var at = monotonicSeconds()
            for number in 0..<1000 { try writer.append(SampleLedger.event(number, ledger)) }
            print("\(ledger.word): \(Int(1000 / (monotonicSeconds() - at))) appends a second with fsync, one writer")
            let second = try SampleLedger.writer(LedgerFolder(folder), tenant, ledger, TestKeys.node)
            at = monotonicSeconds()
            for number in 0..<500 { try (number % 2 == 0 ? writer : second).append(SampleLedger.event(number, ledger)) }
            print("\(ledger.word): \(Int(500 / (monotonicSeconds() - at))) appends a second with fsync, two writers in turn")
        }
        let memory = "/dev/shm/hdsbackup-journal-" + hexString(randomBytes(4))
        defer { try? TemporaryFolder.remove(RawName(memory)) }
        for ledger in Ledger.allCases {
            let writer = try SampleLedger.writer(LedgerFolder(memory), tenant, ledger, TestKeys.node)
            var at = monotonicSeconds()
            for number in 0..<1_000_000 { try writer.append(SampleLedger.event(number, ledger)) }
            print("\(ledger.word): \(Int(1e6 / (monotonicSeconds() - at))) appends a second without a disk")
            at = monotonicSeconds()
            let report = try LedgerFolder(memory).verify(tenant, ledger, trusted: [TestKeys.node.verifying])
            let chain = report.chains[0]
            let bytes = chain.closings.values.reduce(0) { $0 + $1.contentCount }
            print(
                "\(ledger.word): \(chain.count) entries, \(chain.closings.count) segments, \(bytes >> 20) MiB verified in \(monotonicSeconds() - at) s"
            )
            #expect(report.isWhole)
        }
    }
}
