import Base
import Codec
import Glibc
import Journal
import Keys
import TestSupport
import Testing

/// What a crash leaves is told apart from what a hand did, and no entry that was acknowledged is lost (docs/JOURNAL.md, 5).
@Suite struct CrashTests {
    private func read(_ ledger: SampleLedger) throws -> [LedgerEntry] {
        var entries: [LedgerEntry] = []
        _ = try LedgerVerification.sample().run(ledger.source) { entry, _, _ in entries.append(entry) }
        return entries
    }

    /// The bytes of the open segment before and after one more append.
    private func anAppend(_ ledger: SampleLedger) throws -> (before: [UInt8], after: [UInt8]) {
        try ledger.fill(segments: 1, of: 2, open: 3)
        let path = try ledger.chainPath + "/open"
        let before = try #require(try Files.read(path))
        try ledger.writer.append(SampleLedger.event(99))
        return (before, try #require(try Files.read(path)))
    }

    @Test func anAppendCutShortAtAnyByteIsATornTail() throws {
        let ledger = try SampleLedger()
        let (before, after) = try anAppend(ledger)
        let path = try ledger.chainPath + "/open"
        for size in before.count...after.count {
            try Files.replace(path, Array(after[..<size]))
            var report = try ledger.verify()
            #expect(report.kinds == [], "at \(size)")
            let isTorn = size > before.count && size < after.count
            #expect(report.notes == (isTorn ? [.tornTail, .unclosedTail] : [.unclosedTail]), "at \(size)")
            #expect(report.chains[0].count == (size == after.count ? 6 : 5))

            // The next writer goes on, and says what it cut off.
            try ledger.another().append(SampleLedger.event(100))
            report = try ledger.verify()
            #expect(report.kinds == [] && report.notes == [.unclosedTail], "at \(size)")
            let events = try read(ledger).map(\.event)
            #expect(events.last == SampleLedger.event(100))
            #expect(events.count == (size == after.count ? 7 : isTorn ? 7 : 6))
            if isTorn {
                #expect(events[5].kind == .recovery && events[5].details["bytes"] == .count(size - before.count))
                #expect(events[5].details["sha256"] == .digest(sha256(Array(after[before.count..<size]))))
            }
        }
    }

    /// The file had grown, and one of its sectors never reached the disk.
    @Test func aSectorThatWasNotWrittenIsATornTail() throws {
        let ledger = try SampleLedger()
        try ledger.fill(segments: 0, of: 0, open: 4)
        let path = try ledger.chainPath + "/open"
        let before = try #require(try Files.read(path))
        var event = SampleLedger.event(99)
        event.details["text"] = .text(String(repeating: "abcdefgh", count: 300))
        try ledger.writer.append(event)
        let after = try #require(try Files.read(path))
        let first = before.count / 512
        for sector in first...(after.count - 1) / 512 {
            var bytes = after
            for at in max(before.count, sector * 512)..<min(after.count, (sector + 1) * 512) { bytes[at] = 0 }
            try Files.replace(path, bytes)
            let report = try ledger.verify()
            #expect(report.kinds == [] && report.notes.contains(.tornTail), "sector \(sector)")
            #expect(report.chains[0].count == 4)
        }
        // All of them.
        try Files.replace(path, before + [UInt8](repeating: 0, count: after.count - before.count))
        #expect(try ledger.verify().notes == [.tornTail, .unclosedTail])
        try ledger.another().append(SampleLedger.event(5))
        #expect(try read(ledger).count == 6)
    }

    @Test func aLastEntryThatWasChangedIsNotTorn() throws {
        let ledger = try SampleLedger()
        let (before, after) = try anAppend(ledger)
        let path = try ledger.chainPath + "/open"
        for at in before.count..<after.count {
            var bytes = after
            bytes[at] ^= 0x20
            try Files.replace(path, bytes)
            let report = try ledger.verify()
            #expect(!report.isWhole, "at \(at - before.count)")
            #expect(try failureKind { try ledger.another().append(SampleLedger.event(100)) } == .damaged, "at \(at - before.count)")
        }
    }

    /// A sector of zeros in front of entries that were acknowledged is no crash of ours: they would be lost with it.
    @Test func aHoleBeforeAcknowledgedEntriesIsNotTorn() throws {
        let ledger = try SampleLedger()
        try ledger.fill(segments: 0, of: 0, open: 12)
        let path = try ledger.chainPath + "/open"
        let whole = try #require(try Files.read(path))
        for sector in 1..<(whole.count / 512 - 1) {
            var bytes = whole
            for at in sector * 512..<(sector + 1) * 512 { bytes[at] = 0 }
            try Files.replace(path, bytes)
            #expect(!(try ledger.verify().isWhole), "sector \(sector)")
            #expect(try failureKind { try ledger.another().append(SampleLedger.event(100)) } == .damaged, "sector \(sector)")
        }
    }

    @Test func aClosingCutShortAtAnyByteIsDoneAgain() throws {
        for ledgerKind in Ledger.allCases {
            let ledger = try SampleLedger(ledgerKind)
            try ledger.fill(segments: 0, of: 0, open: 2)
            let chain = try ledger.chainPath
            let before = try #require(try Files.read(chain + "/open"))
            try ledger.writer.close()
            let closed = try #require(try Files.read(chain + "/0000000000"))
            // The closings of the operations ledger are long; every byte of the short ones, and some of those.
            for size in stride(from: before.count + 1, to: closed.count, by: ledgerKind == .accesses ? 1 : 37) {
                unlink(chain + "/0000000000")
                try Files.replace(chain + "/open", Array(closed[..<size]))
                #expect(try ledger.verify().notes == [.tornTail, .unclosedTail])
                let closing = try #require(try ledger.another().close())
                #expect(closing.count == 3 && closing.number == 0)
                #expect(try ledger.verify().kinds == [])
            }
            // Whole, and not named yet.
            unlink(chain + "/0000000000")
            try Files.replace(chain + "/open", closed)
            #expect(try ledger.verify().kinds == [])
            try ledger.another().append(SampleLedger.event(7, ledgerKind))
            #expect(try Files.read(chain + "/0000000000") == closed)
            #expect(try ledger.verify().kinds == [])
        }
    }

    @Test func whatABeginningLeftIsCleared() throws {
        let ledger = try SampleLedger()
        try ledger.fill(segments: 1, of: 1)
        let chain = try ledger.chainPath
        try Files.replace(chain + "/new-0011", [1, 2, 3])
        #expect(try ledger.verify().kinds == [])
        try ledger.another().append(SampleLedger.event(1))
        #expect(try Files.names(chain) == ["0000000000", "open"])
        // A folder that was made for a chain that never began.
        try Files.makeFolder(ledger.source.path + "/" + ShortID.random().hex)
        try ledger.another().append(SampleLedger.event(2))
        #expect(try ledger.verify().kinds == [])
        #expect(try read(ledger).count == 3)
    }

    /// Processes that are killed in mid append, one after the other: what they had been told is there.
    @Test func whatWasAcknowledgedSurvivesAKill() async throws {
        let ledger = try SampleLedger()
        let path = ledger.folder.path
        for round in 0..<6 {
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, round = round as Int] in
                let ledgers = LedgerFolder(path)
                let tenant = ShortID([UInt8](repeating: 7, count: 16))
                let writer = try SampleLedger.writer(ledgers, tenant, .accesses, TestKeys.node, .init(bytes: 2000))
                let told = try File.open(RawName(path + "/told-\(round)"), O_WRONLY | O_CREAT | O_APPEND)
                _ = Threads.start("killer") {
                    sleep(milliseconds: UInt32(20 + round * 13))
                    kill(getpid(), SIGKILL)
                }
                var number = round * 1_000_000
                while true {
                    try writer.append(SampleLedger.event(number))
                    try told.write(Array("\(number)\n".utf8))
                    number += 1
                }
            }
        }
        let told = try (0..<6).flatMap { round in
            String(decoding: try Files.read(path + "/told-\(round)") ?? [], as: UTF8.self).split(separator: "\n").map { "demande n° \($0)" }
        }
        try ledger.another().append(SampleLedger.event(0))
        let report = try ledger.verify()
        #expect(report.kinds == [] && !report.notes.contains(.tornTail))
        let reasons = Set(try read(ledger).map(\.event.reason))
        #expect(told.count > 20)
        #expect(told.allSatisfy(reasons.contains))
    }

    // MARK: Damage that a person decides upon

    @Test func aDamagedOpenSegmentIsSetAside() throws {
        let ledger = try SampleLedger()
        try ledger.fill(segments: 1, of: 2, open: 5)
        let path = try ledger.chainPath + "/open"
        let remembered = try #require(try ledger.writer.head())
        #expect(try ledger.writer.setAside() == nil)
        var bytes = try #require(try Files.read(path))
        bytes[bytes.count - 150] ^= 1
        try Files.replace(path, bytes)
        let writer = try ledger.another()
        #expect(try failureKind { try writer.append(SampleLedger.event(9)) } == .damaged)
        let aside = try #require(try writer.setAside())
        #expect(try Files.read(aside) == bytes)
        try writer.append(SampleLedger.event(9))
        #expect(try ledger.verify().kinds == [])
        let events = try read(ledger).map(\.event)
        let recovery = try #require(events.first { $0.kind == .recovery })
        #expect(recovery.outcome == .failed && recovery.details["sha256"] == .digest(sha256(bytes)))
        // Whoever remembers what was lost says so.
        #expect(try !ledger.verify(remembered: [remembered]).isWhole)
    }

    @Test func anOpenSegmentWithoutAHeaderIsSetAside() throws {
        let ledger = try SampleLedger()
        try ledger.fill(segments: 1, of: 2, open: 2)
        try Files.replace(try ledger.chainPath + "/open", [UInt8](repeating: 0, count: 700))
        #expect(try ledger.verify().kinds == [.damagedSegment])
        let writer = try ledger.another()
        #expect(try writer.setAside() != nil)
        try writer.append(SampleLedger.event(9))
        #expect(try ledger.verify().kinds == [])
        #expect(try read(ledger).count == 4)
    }
}
