import Base
import Glibc
import Journal
import Keys
import TestSupport
import Testing

/// A journal that an earlier version wrote: every later one reads it. `HDS_FREEZE=FOLDER` makes such a folder.
@Suite struct VectorTests {
    private static let frozen = #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/Vectors/v1"
    private static let tenant = ShortID([UInt8](repeating: 0x5A, count: 16))!

    private func keys() throws -> [VerifyingKey] {
        try Files.names(Self.frozen + "/keys").map { name in
            try #require(try Files.read("\(Self.frozen)/keys/\(name)")).decode { try VerifyingKey(&$0) }
        }
    }

    @Test(arguments: Ledger.allCases) func theFrozenJournalVerifies(_ ledger: Ledger) throws {
        let heads = try #require(try Files.read("\(Self.frozen)/heads")).split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
        let remembered = try heads.map { try #require(LedgerHead($0)) }
        let source = FolderLedgerSource("\(Self.frozen)/\(ledger.word)")
        let own = try remembered.filter { try source.chains().contains($0.chain) }
        #expect(own.count == 2)
        var lines: [String] = []
        let report = try LedgerVerification(trusted: keys(), remembered: own, ledger: ledger, tenant: .some(Self.tenant)).run(source) {
            lines.append(EntryText.line($0, $1, $2))
        }
        #expect(report.kinds == [] && report.notes == [.clockWentBack, .unclosedTail])
        #expect(report.heads.sorted { $0.chain < $1.chain } == own.sorted { $0.chain < $1.chain })
        #expect(report.chains.count == 2)
        #expect(report.chains[0].erased.map(\.segments) == (ledger == .accesses ? [0..<2] : []))
        let expected = try #require(try Files.read("\(Self.frozen)/\(ledger.word).jsonl"))
        #expect(lines.map { $0 + "\n" }.joined() == String(decoding: expected, as: UTF8.self))
    }

    @Test(.enabled(if: getenv("HDS_FREEZE") != nil)) func freeze() throws {
        let target = String(cString: getenv("HDS_FREEZE"))
        let folder = try TemporaryFolder()
        let clock = TickingClock(1_795_000_000, step: 30)
        var heads: [LedgerHead] = []
        for kind in Ledger.allCases {
            let ledger = try SampleLedger(kind, tenant: Self.tenant, in: folder, clock: clock)
            try ledger.fill(segments: 3, of: 3, open: 1)
            clock.set(clock.seconds - 500)
            var event = SampleLedger.event(77, kind)
            event.details["texte"] = kind == .accesses ? .text("« été »\n\u{202E}x") : .time(Timestamp(seconds: -1, nanoseconds: 5))
            try ledger.writer.append(event)
            if kind == .accesses {
                clock.set(clock.seconds + 400 * 86_400)
                let closings = try ledger.verify().chains[0].closings
                let end = closings[2]!.earliest
                try ledger.writer.erase(before: end, reason: .retention, retention: 365 * 86_400, reference: "douze-mois")
            }
            heads.append(try ledger.writer.head()!)
            let heir = try ledger.another(key: TestKeys.other)
            try heir.append(SampleLedger.event(78, kind))
            try heir.close()
            heads.append(try heir.append(SampleLedger.event(79, kind)))
        }
        let export = JournalExport(LedgerFolder(folder.path), tenant: Self.tenant, keys: [TestKeys.node.verifying, TestKeys.other.verifying])
        let result = try export.write(to: target, remembered: [])
        #expect(result.leftOut == [])
        try Files.replace(target + "/heads", Array(heads.map { $0.text + "\n" }.joined().utf8))
    }
}
