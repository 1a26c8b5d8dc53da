import Base
import Codec
import Report
import Repository
import Scheduling
import Sovereignty

// Sources: what was promised, what happened, what is there.
extension FactsOfTenant {
    /// Those of the configuration, then those of which only snapshots are left.
    mutating func sources() throws -> [ReportFacts.Source] {
        var snapshots: [String: [Snapshot]] = [:]
        for snapshot in view?.snapshots ?? [] { snapshots[view?.sourceName(snapshot) ?? "", default: []].append(snapshot) }
        let configured = configuration.sources.filter { $0.tenant == tenant.name }
        let copies = isCurrent ? try view.flatMap { try SnapshotCopies($0) } : nil
        let sheets = sheets()
        let anomalies = try history.anomalies(all: true, limit: .max).filter { $0.tenant == tenant.name }
        let others = snapshots.keys.filter { name in !configured.contains { $0.name == name } }.sorted()
        return try (configured.map(\.name) + others).map { name in
            var fact = ReportFacts.Source(tenant: tenant.name, name: name)
            let own = (snapshots[name] ?? []).filter { $0.outline.started.seconds < span.upperBound }
            if let source = configured.first(where: { $0.name == name }) {
                promise(source, &fact)
                fact.execution = try execution(source, own)
                if writes { fact.anomalies = .known(anomalies.filter { $0.source == name }.compactMap(anomaly)) }
            }
            if let last = own.last, let digits = copies?.digits(of: last) {
                fact.resilience = .known(ReportFacts.Resilience(digits, snapshot: String(last.id.hex.prefix(12))))
            }
            fact.restoreTests = Recorded(sheets.value?.filter { $0.source == name }.map(\.fact))
            return fact
        }
    }

    private func promise(_ source: Configuration.Source, _ fact: inout ReportFacts.Source) {
        switch source.content {
        case .paths: fact.kind = .known("paths")
        case .command: fact.kind = .known("command")
        case .standardInput: fact.kind = .known("stdin")
        }
        let keep = source.keep ?? tenant.policy.keep
        fact.basis = Recorded(source.basis)
        fact.informationNotice = Recorded(source.notice)
        fact.retentionDays = Recorded(keep.flatMap { SourceFacts.longest($0) })
        var plan = ReportFacts.Plan()
        plan.schedule = Recorded(source.schedule?.text)
        plan.rpoSeconds = Recorded(source.rpo?.components.seconds)
        plan.rtoSeconds = Recorded(source.rto?.components.seconds)
        plan.keep = Recorded(keep?.words)
        // The daemon's own period where the configuration names none.
        plan.restoreTestDays = .known(Int((tenant.policy.restoreTest?.components.seconds ?? 7 * 86_400) / 86_400))
        fact.plan = .known(plan)
    }

    // MARK: runs

    /// Unknown where backups are not taken here, where nothing of the period is kept, and for a schedule of seconds. `snapshots`: oldest first.
    private func execution(_ source: Configuration.Source, _ snapshots: [Snapshot]) throws -> Recorded<ReportFacts.Execution> {
        let task = TaskName(.backup, tenant.name, source.name)
        guard writes, let first = try history.firstRun(of: task) ?? history.firstRun(), first < span.upperBound,
            source.schedule.map({ $0.period >= 60 }) ?? true
        else { return .unknown }
        let runs = try history.runs(of: task, within: span)
        let good = runs.filter { $0.exit == .done || $0.exit == .partial }
        let succeeded = runs.count { $0.exit == .done }
        var (planned, missed): (Int, [ReportMoment]) = (0, [])
        if let schedule = source.schedule {
            let done = Set(good.flatMap { [$0.slot, schedule.slot(atOrBefore: $0.started)].compactMap { $0 } })
            // What came before the history began was neither done nor missed, as far as is known.
            var slot = schedule.slot(after: max(span.lowerBound, first) - 1)
            while slot < span.upperBound {
                let next = schedule.slot(after: slot)
                if done.contains(slot) {
                    planned += 1
                } else if next <= now.seconds {
                    planned += 1
                    missed.append(ReportMoment(seconds: slot))
                }
                slot = next
            }
        }
        let censuses = try history.censuses(tenant: tenant.name, source: source.name, within: span)
        var execution = ReportFacts.Execution(
            planned: planned, succeeded: succeeded, partial: good.count - succeeded, failed: runs.count - good.count, missed: missed,
            sourceBytes: censuses.last?.bytes ?? 0, storedBytes: censuses.reduce(0) { $0 + $1.newStoredBytes })
        let moments = (snapshots.map(\.outline.started.seconds) + good.map(\.started)).sorted()
        let before = moments.last { $0 < span.lowerBound }
        let line = [before].compactMap { $0 } + moments.filter { $0 >= span.lowerBound }
        execution.rpoMeasuredSeconds = Recorded(zip(line, line.dropFirst() + [min(span.upperBound, now.seconds)]).map { $1 - $0 }.max())
        execution.lastSnapshot = Recorded(moments.last.map { ReportMoment(seconds: $0) })
        return .known(execution)
    }

    /// One of the period, or one from before that nobody had released.
    private func anomaly(_ kept: KeptAnomaly) -> ReportFacts.Anomaly? {
        let isReleased = kept.released.map { $0 < span.upperBound } ?? false
        guard kept.time < span.upperBound, kept.time >= span.lowerBound || !isReleased else { return nil }
        return ReportFacts.Anomaly(
            at: ReportMoment(seconds: kept.time), kind: kept.kind, detail: LocalText(kept.message), releasedBy: isReleased ? kept.releasedBy : nil)
    }

    // MARK: restore tests

    private struct Sheet: Codable, Sendable, Equatable {
        let source: String
        let fact: ReportFacts.RestoreSheet
    }

    /// Those of the period, oldest first.
    private mutating func sheets() -> Recorded<[Sheet]> {
        var problems: [Failure] = []
        let sheets: Recorded<[Sheet]> = find { facts in
            let list = try SheetList(facts.workspace)
            problems = list.problems
            let times = Dictionary(
                (facts.view?.snapshots ?? []).map { ($0.id, $0.outline.started.seconds) }, uniquingKeysWith: { first, _ in first })
            let own = list.items.filter { facts.span.contains($0.sheet.finished.seconds) }
            return .known(
                own.reversed().map { item in
                    Sheet(source: item.sheet.sourceName, fact: ReportFacts.RestoreSheet(item, snapshotAt: times[item.sheet.snapshot]))
                })
        }
        tell(problems)
        return sheets
    }
}

extension ReportFacts.RestoreSheet {
    /// `snapshotAt`: seconds since 1970; nil where the snapshot is no longer there. Who asked is on no sheet.
    fileprivate init(_ item: SheetList.Item, snapshotAt: Int64?) {
        let sheet = item.sheet
        self.init(
            snapshot: String(sheet.snapshot.hex.prefix(12)), snapshotAt: snapshotAt.map { ReportMoment(seconds: $0) },
            at: ReportMoment(seconds: sheet.finished.seconds), performedBy: sheet.host, requestedBy: nil, sites: sheet.sites, files: sheet.files,
            bytes: sheet.bytes, share: Double(sheet.to - sheet.from) / Double(RestoreSheet.whole),
            comparison: .init([sheet.restored, sheet.comparison, sheet.live]), check: .init([sheet.check]),
            result: Result(rawValue: sheet.result.word) ?? .failed, seconds: Double(sheet.restoreTime) / 1000,
            wholeSeconds: Double(sheet.wholeTime) / 1000)
        sheetHash = .known(item.hash.hex)
    }
}

extension ReportFacts.CheckState {
    /// Failed where one is, good where one is and none failed.
    fileprivate init(_ parts: [RestoreSheet.Part]) {
        let outcomes = parts.map(\.outcome)
        self = outcomes.contains(.failed) ? .failed : outcomes.contains(.good) ? .good : .skipped
    }
}

extension ReportFacts.Resilience {
    fileprivate init(_ rows: [DigitRow], snapshot: String) {
        self.init(
            snapshot: snapshot,
            digits: rows.compactMap { row in
                Kind(rawValue: row.digit).map {
                    Digit(
                        $0, wanted: row.wanted, known: row.known, possible: row.possible,
                        verdict: ReportFacts.Verdict(rawValue: row.verdict) ?? .unknown, sites: row.sites)
                }
            })
    }
}

extension Configuration.Keep {
    /// As the configuration writes it: `daily = 14, weekly = 8`.
    fileprivate var words: String {
        let counts = [("last", last), ("hourly", hourly), ("daily", daily), ("weekly", weekly), ("monthly", monthly), ("yearly", yearly)]
        let words = counts.compactMap { name, count in count.map { "\(name) = \($0)" } }
        return (words + [within.map { "within = \($0.configurationText)" }].compactMap { $0 }).joined(separator: ", ")
    }
}
