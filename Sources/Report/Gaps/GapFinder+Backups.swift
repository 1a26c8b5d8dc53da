import Base

// Backups, copies, integrity, restores.
extension GapFinder {
    /// A probe of immutability and a drill are worth something for that long.
    private static let probeDays = 30
    private static let drillMonths = 12

    mutating func findBackups() {
        let clauses = ["SecNumCloud 12.5.a", "PGSSI-S 7.4.2"]
        for source in facts.sources {
            if let runs = source.execution.value {
                if runs.succeeded + runs.partial == 0 { add(.backupNone, 5, .major, clauses, source.title) }
                if !runs.missed.isEmpty { add(.backupMissed(runs.missed.count), 5, .major, clauses, source.title) }
                if runs.failed > 0 { add(.backupFailed(runs.failed), 5, .minor, clauses, source.title) }
                if runs.partial > 0 { add(.backupPartial(runs.partial), 5, .minor, clauses, source.title) }
                if let measured = runs.rpoMeasuredSeconds.value, let promised = source.plan.value?.rpoSeconds.value, measured > promised {
                    add(.rpoExceeded(spoken(Double(measured)), spoken(Double(promised))), 5, .major, ["HDS EXI 21"], source.title)
                }
            }
            for anomaly in source.anomalies.value ?? [] where anomaly.releasedBy == nil {
                add(
                    .anomalyOpen((anomaly.detail.en, anomaly.detail.fr)), 5, .major, ["PGSSI-S 7.4.2.5"], source.title,
                    object: "\(source.title)@\(anomaly.at)")
            }
        }
    }

    mutating func findCopies() {
        for source in facts.sources {
            for digit in source.resilience.value?.digits ?? [] where digit.verdict != .holds {
                let clause = digit.kind == .immutable ? "BP-100 3.5" : digit.kind == .unverified ? "PGSSI-S 7.4.4.7" : "BP-100 3-2-1"
                add(
                    .digit(.reportWord(digit.kind.rawValue), known: digit.known, wanted: digit.wanted, fails: digit.verdict == .fails), 6,
                    digit.verdict == .fails ? .major : .unknown, [clause, "CaRE D2 O3"], source.title,
                    object: "\(source.title)/\(digit.kind.rawValue)")
            }
        }
        for pair in facts.independence.value ?? [] where pair.verdict != .holds {
            let subject = "\(pair.first) + \(pair.second)"
            if pair.verdict == .fails {
                add(.notIndependent((pair.reason.en, pair.reason.fr)), 6, .major, ["SecNumCloud 12.5.d"], subject)
            } else {
                add(.independenceUnknown, 6, .unknown, ["SecNumCloud 12.5.d"], subject)
            }
        }
        for site in facts.sites {
            guard let probe = site.probe.value else { continue }
            if !probe.isGood { add(.probeFailed, 6, .major, ["BP-100 3.5"], site.id) }
            if probe.deletionRefused.value == false { add(.deletionAccepted, 6, .major, ["BP-100 3.5"], site.id) }
            if probe.at.day < day.adding(days: -Self.probeDays) {
                add(.probeOld(probe.at.day.description), 6, .minor, ["BP-100 3.5"], site.id)
            }
        }
        for medium in facts.offlineMedia.value ?? [] where medium.expires < day {
            add(.mediumExpired(medium.expires.description), 6, .major, ["SecNumCloud 17.5.a"], "\(medium.site)/\(medium.id)")
        }
    }

    mutating func findIntegrity() {
        let clauses = ["PGSSI-S 7.4.4.7", "NIS2 4.2.3"]
        for verification in facts.verifications.value ?? [] {
            if let coverage = verification.coverage.value, coverage < 1 {
                add(.scrubIncomplete(Int(coverage * 100), verification.scrubDays), 7, .minor, clauses, verification.title)
            }
            if verification.outstanding > 0 { add(.damageOutstanding(verification.outstanding), 7, .major, clauses, verification.title) }
        }
    }

    mutating func findRestores() {
        let clauses = ["SecNumCloud 12.5.c", "ISO 27001 A.8.13", "CaRE D2 O4"]
        for source in facts.sources {
            guard let all = source.restoreTests.value else { continue }
            let tests = all.filter { facts.period.contains($0.at.day) }
            if tests.isEmpty { add(.restoreTestNone, 8, .major, clauses, source.title) }
            for test in tests {
                let object = "\(source.title)@\(test.at)"
                if test.result == .failed { add(.restoreTestFailed(test.at.day.description), 8, .major, clauses, source.title, object: object) }
                if test.check == .skipped {
                    add(.restoreTestUnchecked(test.at.day.description), 8, .minor, ["PGSSI-S 7.4.5.3"], source.title, object: object)
                }
            }
            if let promised = source.plan.value?.rtoSeconds.value, let longest = tests.map(\.wholeSeconds).max(), longest > Double(promised) {
                add(.rtoExceeded(spoken(longest), spoken(Double(promised))), 8, .major, ["HDS EXI 21"], source.title)
            }
        }
        for restore in facts.restores.value ?? [] where !restore.isGood {
            add(
                .restoreFailed, 8, .major, ["PGSSI-S 7.4.5.3"], "\(restore.tenant)/\(restore.source)",
                object: "\(restore.tenant)/\(restore.source)@\(restore.at)")
        }
        findDrill(facts.recoveryDrill.value, 8, "recovery-kit", ["BP-100 3.2"])
    }

    mutating func findDrill(_ drill: ReportFacts.Drill?, _ section: Int, _ subject: String, _ clauses: [String]) {
        guard let drill else { return }
        if !drill.isGood { add(.drillFailed(drill.on.description), section, .major, clauses, subject) }
        if drill.on < day.adding(months: -Self.drillMonths) { add(.drillOld(drill.on.description), section, .minor, clauses, subject) }
    }

    private func spoken(_ seconds: Double) -> (en: String, fr: String) {
        (ReportText(.english).duration(seconds), ReportText(.french).duration(seconds))
    }
}
