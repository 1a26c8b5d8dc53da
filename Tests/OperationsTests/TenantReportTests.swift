import Base
import Report
import Testing

@testable import Operations

/// What a report of a tenant asks of the history, and of who calls for one.
@Suite struct TenantReportTests {
    private let task = TaskName(.backup, "chu", "dpi")

    private func absorb(_ history: HistoryStore, _ kind: TaskName.Kind, _ row: String, at time: Int64) throws {
        try RunRecorder(history).absorb(WorkerReport(exit: .done, rows: [Array(row.utf8)]), of: TaskName(kind, "chu"), at: time)
    }

    private func verifyRow(_ site: String, bytes: Int, findings: String) -> String {
        """
        {"tenant":"chu","site":"\(site)","snapshots":1,"packs":2,"pack_bytes":9,"packs_read":2,"bytes_read":\(bytes),"blobs_opened":0,"objects":3,
         "coverage":1,"never_read":0,"findings":[\(findings)],"unchecked":[],"traffic":{}}
        """
    }

    private func finding(_ kind: String, isHealed: Bool) -> String {
        """
        {"kind":"\(kind)","object":"x","message":"m","code":"c","healed":\(isHealed),"snapshots":[],"paths":[],"path_count":0}
        """
    }

    @Test func figuresOfEachRunAreKeptBesideTheLastOne() throws {
        let history = try HistoryStore(path: nil)
        try absorb(history, .verify, verifyRow("paris", bytes: 5, findings: finding("damaged", isHealed: true)), at: 100)
        try absorb(
            history, .verify, verifyRow("paris", bytes: 7, findings: finding("damaged", isHealed: false) + "," + finding("void", isHealed: false)),
            at: 200)
        let runs = try history.facts(FactKind.verifyRun, VerifyFigures.self).sorted { $0.time < $1.time }
        #expect(runs.map(\.time) == [100, 200])
        #expect(runs.map(\.value.bytesRead) == [5, 7])
        #expect(runs.map(\.value.faults) == [1, 1])
        #expect(runs.map(\.value.healed) == [1, 0])
        #expect(runs.map(\.subject) == ["paris@100", "paris@200"])
        #expect(try history.facts(FactKind.verify, VerifyFact.self).map(\.time) == [200])
    }

    @Test func whatRetentionKeptAndForgotIsKeptUntilItIsPruned() throws {
        let history = try HistoryStore(path: nil)
        for time: Int64 in [100, 300] { try absorb(history, .retention, #"{"forgotten":[],"kept":3}"#, at: time) }
        try absorb(history, .verify, verifyRow("paris", bytes: 5, findings: ""), at: 100)
        #expect(
            try history.facts(FactKind.retentionRun, RetentionFigures.self).map(\.value) == [
                .init(kept: 3, forgotten: 0), .init(kept: 3, forgotten: 0),
            ])
        try history.prune(before: 200)
        #expect(try history.facts(FactKind.retentionRun, RetentionFigures.self).map(\.time) == [300])
        #expect(try history.facts(FactKind.verifyRun, VerifyFigures.self).isEmpty)
        #expect(try history.facts(FactKind.verify, VerifyFact.self).map(\.time) == [100], "the last one of a site stays")
    }

    @Test func runsOfAPeriodAreThoseThatBeganInItAndEnded() throws {
        let history = try HistoryStore(path: nil)
        for (time, exit): (Int64, Base.ExitStatus?) in [(50, .done), (100, .done), (150, nil), (199, .partial), (200, .done)] {
            let run = try history.begin(task, slot: nil, at: time)
            if let exit { try history.end(run, at: time + 1, seconds: 1, exit: exit, summary: "", task: task, record: nil) }
        }
        #expect(try history.runs(of: task, within: 100..<200).map(\.started) == [100, 199])
        #expect(try history.runs(of: TaskName(.backup, "chu", "other"), within: 100..<200).isEmpty)
        #expect(try history.firstRun(of: task) == 50)
        #expect(try history.firstRun(of: TaskName(.backup, "chu", "other")) == nil)
        #expect(try history.firstRun() == 50)
    }

    @Test(arguments: [
        ("2026-11-30T02:00:07+01:00", "2026-11-30T01:00:07Z"), ("2026-11-30T02:00:07-05:30", "2026-11-30T07:30:07Z"),
        ("2026-11-30T02:00:07+00:00", "2026-11-30T02:00:07Z"), ("2026-11-30T02:00:07", nil), ("2026-11-30T02:00:07Z", nil),
        ("2026-13-30T02:00:07+01:00", nil), ("2026-11-30T02:00:07*01:00", nil), ("", nil),
    ])
    func aLocalTimeIsReadWithItsZone(_ text: String, _ utc: String?) {
        #expect(FactsOfTenant.moment(localText: text)?.description == utc)
    }

    @Test func aTimeOfThisMachineIsReadBack() {
        let now = Timestamp.now()
        #expect(FactsOfTenant.moment(localText: now.localText)?.seconds == now.seconds)
    }

    @Test(arguments: [
        ("2026-13", nil, "html"), ("2026-11", "2026-10-31", "html"), ("1999-01", "tomorrow", "html"), ("1999-01", nil, "docx"),
        ("1999-01", "9000-01-01", "json"),
    ])
    func aMonthADayOrAFormatThatIsNoneIsRefused(_ month: String, _ day: String?, _ format: String) {
        var request = TenantReport.Request()
        (request.month, request.asOf, request.format) = (month, day, format)
        #expect { _ = try TenantReport(request) } throws: { ($0 as? Failure)?.kind == .usage }
    }

    @Test func withoutWordsItIsOfThisMonthAsOfToday() throws {
        _ = try TenantReport(TenantReport.Request())
        var request = TenantReport.Request()
        (request.month, request.format) = ("1999-01", "pdf")
        _ = try TenantReport(request)
    }
}
