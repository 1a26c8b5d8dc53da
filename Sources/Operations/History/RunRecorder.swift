import Base
import Foundation

/// What the last verification of a site found.
package struct VerifyFact: Codable, Sendable, Equatable {
    package var packs = 0
    package var packBytes: UInt64 = 0
    package var snapshots = 0
    package var coverage = 0.0
    package var neverRead = 0
    package var oldestRead: Int64?
    package var damaged = 0
    package init() {}

    package init(_ row: VerifyRow) {
        packs = row.packs
        packBytes = UInt64(max(0, row.pack_bytes))
        snapshots = row.snapshots
        coverage = row.coverage
        neverRead = row.never_read
        oldestRead = row.oldest_read
        damaged = row.damaged
    }
}

/// What the last probe of a site found.
package struct ProbeFact: Codable, Sendable, Equatable {
    package var isGood = false
    package var bad: [String] = []
    package init() {}
}

/// Names of the facts that are kept.
package enum FactKind {
    package static let status = "status"
    package static let verify = "verify"
    package static let probe = "probe"
    package static let restoreTest = "restore-test"
    package static let reach = "reach"
    /// Figures of each run: the subject holds its time as well.
    package static let verifyRun = "verify-run"
    package static let retentionRun = "retention-run"
    package static let collectRun = "collect-run"
}

/// Takes what runs reported into the history: the same for runs of the daemon and of a command alone.
package struct RunRecorder {
    private let history: HistoryStore

    package init(_ history: HistoryStore) { self.history = history }

    /// Keeps the facts of a run that ended at `time`.
    package func absorb(_ report: WorkerReport, of task: TaskName, at time: Int64) throws {
        switch task.kind {
        case .backup: for row in report.rows(BackupRow.self) { try absorb(row, tenant: task.tenant, at: time) }
        case .verify:
            for row in report.rows(VerifyRow.self) {
                try history.note(FactKind.verify, tenant: task.tenant, subject: row.site, at: time, VerifyFact(row))
                try history.note(FactKind.verifyRun, tenant: task.tenant, subject: "\(row.site)@\(time)", at: time, VerifyFigures(row))
            }
        case .probe:
            for row in report.rows(ProbeReport.self) {
                var fact = ProbeFact()
                fact.isGood = row.good
                fact.bad = row.checks.filter { $0.verdict == "bad" }.map(\.check)
                try history.note(FactKind.probe, tenant: task.tenant, subject: row.site, at: time, fact)
            }
        case .observe:
            for row in report.rows([String: [StatusReport]].self).flatMap({ $0["tenants"] ?? [] }) {
                try history.note(FactKind.status, tenant: row.tenant, at: time, row)
            }
        case .restoreTest:
            for row in report.rows(RestoreTestRow.self) {
                try history.note(FactKind.restoreTest, tenant: task.tenant, subject: row.source, at: time, Overview.RestoreTest(row, at: time))
            }
        case .retention:
            for row in report.rows(RetentionOutcomeRow.self) {
                let figures = RetentionFigures(kept: row.kept, forgotten: row.forgotten.count)
                try history.note(FactKind.retentionRun, tenant: task.tenant, subject: "@\(time)", at: time, figures)
            }
        case .collect:
            for row in report.rows([String: [CollectRow]].self).flatMap({ $0["sites"] ?? [] }) where row.tenant == task.tenant {
                try history.note(FactKind.collectRun, tenant: task.tenant, subject: "\(row.site)@\(time)", at: time, CollectFigures(row))
            }
        case .replicate, .renew: break
        }
    }

    private func absorb(_ row: BackupRow, tenant: String, at time: Int64) throws {
        let census = SourceCensus(row)
        let before = try history.censuses(tenant: tenant, source: row.source, before: row.snapshot, at: time, count: Anomaly.window)
        try history.note(
            census, Anomaly.judge(census, after: before), tenant: tenant, source: row.source, snapshot: row.snapshot, at: time)
    }

    /// One line about a run, without names of files: for logs and lists.
    package static func summary(_ report: WorkerReport, of task: TaskName, _ language: Language) -> String {
        var parts = figures(report, of: task, language)
        // What went wrong, without the object that it went wrong with: that may be the name of a file.
        if let failure = report.failures.first { parts.append(failure.message) }
        return parts.joined(separator: "; ")
    }

    /// The same for a log: what went wrong as a code alone, since a sentence may name a folder.
    package static func line(_ report: WorkerReport, of task: TaskName, _ language: Language) -> String {
        (figures(report, of: task, language) + (report.failures.first.map { [$0.code] } ?? [])).joined(separator: "; ")
    }

    private static func figures(_ report: WorkerReport, of task: TaskName, _ language: Language) -> [String] {
        var parts: [String] = []
        switch task.kind {
        case .backup:
            for row in report.rows(BackupRow.self) {
                let sites = row.sites.filter(\.committed).map(\.site).joined(separator: ", ")
                parts.append(
                    "\(String(row.snapshot.prefix(12))): \(language.count(row.files)) · \(language.size(row.bytes)) · +\(language.size(row.stored_bytes)) → \(sites)"
                )
            }
        case .verify:
            for row in report.rows(VerifyRow.self) {
                parts.append(
                    "\(row.packs_read)/\(row.packs) · \(language.size(row.bytes_read)) · \(Int(row.coverage * 100)) %"
                        + (row.damaged > 0 ? " · ! \(row.damaged)" : ""))
            }
        case .replicate:
            for row in report.rows(ReplicateRow.self) {
                parts.append("\(row.site): +\(row.snapshots.count) · \(language.size(row.bytes))" + (row.level ? "" : " · !"))
            }
        case .restoreTest:
            for row in report.rows(RestoreTestRow.self) {
                parts.append(
                    "\(String((row.snapshot ?? "-").prefix(12))): \(Message.testResult(row.result).text(language)) · \(language.size(row.bytes)) · "
                        + "\(Int((row.share * 100).rounded())) % · \(language.duration(seconds: row.seconds))")
            }
        case .collect:
            for row in report.rows([String: [CollectRow]].self).flatMap({ $0["sites"] ?? [] }) {
                parts.append("\(row.site): \(Message.collectState(row.state).text(language)) · -\(language.size(row.deleted_bytes))")
            }
        case .probe, .renew, .observe, .retention: break
        }
        return parts
    }
}
