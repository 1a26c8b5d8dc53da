import Base

// Sections 5 to 8: backups, copies, integrity, restores.
extension ReportBuilder {
    func execution() -> [ReportBlock] {
        guard !facts.sources.isEmpty else { return [.note(.unknown, t(.reportNothingRecorded(t(.reportCaptionSources))))] }
        let plans = table(
            .reportCaptionPlan,
            [
                .reportColumnSource, label("Plan.schedule"), label("Plan.rpoSeconds"), label("Plan.rtoSeconds"), label("Plan.keep"),
                label("Plan.restoreTestDays"), label("Plan.restoreOrder"),
            ],
            facts.sources.map { source in
                guard let plan = source.plan.value else { return [cell(source.title)] + Array(repeating: notRecorded, count: 6) }
                return [
                    cell(source.title), show(plan.schedule), showDuration(plan.rpoSeconds), showDuration(plan.rtoSeconds), show(plan.keep),
                    showDays(plan.restoreTestDays), show(plan.restoreOrder),
                ]
            })
        let runs = table(
            .reportCaptionRuns,
            [
                .reportColumnSource, .reportColumnPlanned, .reportColumnSucceeded, .reportColumnPartial, .reportColumnFailed, .reportColumnMissed,
                .reportColumnRate, label("Execution.rpoMeasuredSeconds"), .reportColumnSize,
            ], facts.sources.map(runRow), isWide: true)
        let missed = facts.sources.compactMap { source -> ReportBlock? in
            guard let slots = source.execution.value?.missed, !slots.isEmpty else { return nil }
            let shown = slots.prefix(31).map(\.screenText).joined(separator: ", ")
            return .paragraph(t(.reportMissedSlots(source.title, shown, max(0, slots.count - 31))))
        }
        let anomalies: [ReportBlock] = facts.sources.compactMap { source in
            guard let list = source.anomalies.value else {
                return .note(.unknown, t(.reportNothingRecorded("\(t(.reportCaptionAnomalies)), \(source.title)")))
            }
            guard !list.isEmpty else { return nil }
            return table(
                .reportCaptionAnomaliesOf(source.title), [.reportColumnWhen, .reportColumnKind, .reportColumnSummary, .reportColumnReleased],
                list.map { anomaly in
                    [
                        cell(anomaly.at.screenText), cell(t.word(anomaly.kind)), cell(t(anomaly.detail)),
                        anomaly.releasedBy.map { cell($0) } ?? ReportCell(t(.reportNobody), .bad),
                    ]
                })
        }
        return [plans, runs] + missed + anomalies
    }

    private func runRow(_ source: ReportFacts.Source) -> [ReportCell] {
        guard let runs = source.execution.value else { return [cell(source.title)] + Array(repeating: notRecorded, count: 8) }
        let rate = runs.planned > 0 ? min(1, Double(runs.succeeded) / Double(runs.planned)) : nil
        func number(_ count: Int, _ tone: ReportTone) -> ReportCell { ReportCell(t.count(count), count > 0 ? tone : .plain) }
        let promised = source.plan.value?.rpoSeconds.value
        return [
            cell(source.title), cell(t.count(runs.planned)), cell(t.count(runs.succeeded)), number(runs.partial, .minor), number(runs.failed, .minor),
            number(runs.missed.count, .bad), rate.map { ReportCell(t.percent($0), $0 < 1 ? .minor : .good) } ?? cell("–"),
            show(runs.rpoMeasuredSeconds) { measured in
                ReportCell(t.duration(Double(measured)), promised.map { measured > $0 ? .bad : .good } ?? .plain)
            }, bytes(runs.sourceBytes),
        ]
    }

    func resilience() -> [ReportBlock] {
        var blocks: [ReportBlock] = []
        if facts.sources.isEmpty { blocks.append(.note(.unknown, t(.reportNothingRecorded(t(.reportCaptionSources))))) }
        if !facts.sources.isEmpty {
            let kinds = ReportFacts.Resilience.Kind.allCases
            blocks.append(
                .table(
                    ReportTable(
                        caption: t(.reportCaptionDigits), columns: [t(.reportColumnSource)] + kinds.map { capitalised(t.word($0.rawValue)) },
                        rows: facts.sources.map { source in
                            [cell(source.title)] + kinds.map { kind in digit(source.resilience.value?.digits.first { $0.kind == kind }) }
                        })))
            blocks.append(.paragraph(t(.reportDigitsExplained)))
        }
        blocks.append(
            table(
                .reportCaptionCopies,
                [.reportColumnSite, label("Site.media"), label("Site.isOffline"), label("Site.probe"), label("Probe.deletionRefused")],
                facts.sites.map { site in
                    [
                        cell(site.id), show(site.media) { cell(t.word($0)) }, show(site.isOffline) { cell(t.yesNo($0)) },
                        show(site.probe) { ReportCell($0.at.day.description, $0.isGood ? .good : .bad) },
                        show(site.probe) { show($0.deletionRefused, good) },
                    ]
                }))
        return blocks + [
            listed(facts.independence, .reportCaptionIndependence, [.reportColumnPair, .reportColumnVerdict, .reportColumnReason]) { pair in
                [cell("\(pair.first) + \(pair.second)"), verdict(pair.verdict), cell(t(pair.reason))]
            },
            listed(
                facts.offlineMedia, .reportCaptionMedia,
                [.reportColumnMedium, .reportColumnSite, .reportColumnFirstUsed, .reportColumnLastWritten, .reportColumnEnds, .reportColumnPlace]
            ) { medium in
                [
                    cell(medium.id), cell(medium.site), cell(medium.firstUsed.description), cell(medium.lastWritten.description),
                    ReportCell(medium.expires.description, medium.expires < facts.period.asOf ? .bad : .plain), cell(medium.place),
                ]
            },
        ]
    }

    private func digit(_ digit: ReportFacts.Resilience.Digit?) -> ReportCell {
        guard let digit else { return notRecorded }
        let tone: ReportTone = digit.verdict == .holds ? .good : digit.verdict == .fails ? .bad : .unknown
        return ReportCell("\(digit.known) / \(digit.wanted)", tone)
    }

    private func verdict(_ verdict: ReportFacts.Verdict) -> ReportCell {
        ReportCell(t.word(verdict.rawValue), verdict == .holds ? .good : verdict == .fails ? .bad : .unknown)
    }

    func integrity() -> [ReportBlock] {
        [
            listed(
                facts.verifications, .reportCaptionVerifications,
                [
                    .reportColumnSite, .reportColumnPacks, .reportColumnSize, .reportColumnScrub, label("Verification.coverage"), .reportColumnRead,
                    .reportColumnFaults, .reportColumnRepaired, .reportColumnOutstanding, label("Verification.lastRead"),
                ], isWide: true
            ) { one in
                [
                    cell(one.title), cell(t.count(one.packs)), bytes(one.packBytes), cell(t(.reportDays(one.scrubDays))),
                    show(one.coverage) { ReportCell(t.percent($0), $0 < 1 ? .minor : .good) }, bytes(one.bytesRead), cell(t.count(one.faults)),
                    cell(t.count(one.repaired)), ReportCell(t.count(one.outstanding), one.outstanding > 0 ? .bad : .good),
                    show(one.lastRead) { cell($0.screenText) },
                ]
            }
        ]
    }

    func restores() -> [ReportBlock] {
        var blocks: [ReportBlock] = [
            listed(
                facts.restores, .reportCaptionRestores,
                [
                    .reportColumnWhen, .reportColumnSource, .reportColumnSnapshot, .reportColumnPerformedBy, .reportColumnRequestedBy,
                    .reportColumnFiles, .reportColumnSize, .reportColumnGood,
                ], isWide: true
            ) { restore in
                [
                    cell(restore.at.screenText), cell("\(restore.tenant)/\(restore.source)"), cell(restore.snapshotAt.screenText),
                    cell(restore.performedBy), cell(restore.requestedBy), cell(t.count(restore.files)), bytes(restore.bytes), good(restore.isGood),
                ]
            }
        ]
        if facts.sources.isEmpty { blocks.append(.note(.unknown, t(.reportNothingRecorded(t(.reportCaptionSources))))) }
        for source in facts.sources {
            blocks.append(.heading(t(.reportTestsOf(source.title))))
            guard let tests = source.restoreTests.value else {
                blocks.append(.note(.unknown, t(.reportNothingRecorded(t(label("Source.restoreTests"))))))
                continue
            }
            if tests.isEmpty { blocks.append(.note(.bad, t(.reportNoTest))) }
            for test in tests { blocks.append(sheet(test, source)) }
        }
        return blocks + [drill(facts.recoveryDrill, label("ReportFacts.recoveryDrill"))]
    }

    private func sheet(_ test: ReportFacts.RestoreSheet, _ source: ReportFacts.Source) -> ReportBlock {
        let promised = source.plan.value?.rtoSeconds.value
        let isLate = promised.map { test.wholeSeconds > Double($0) } ?? false
        return card(
            .reportCaptionSheet(test.at.screenText),
            [
                (.reportColumnSnapshot, show(test.snapshotAt) { cell("\($0.screenText), \(test.snapshot)") }),
                (.reportColumnPerformedBy, cell(test.performedBy)), (.reportColumnRequestedBy, show(test.requestedBy)),
                (.reportColumnSites, cell(test.sites.joined(separator: ", "))),
                (.reportColumnFiles, cell("\(t.count(test.files)), \(t.size(test.bytes)), \(t.percent(test.share))")),
                (.reportColumnComparison, state(test.comparison)), (.reportColumnCheck, state(test.check)),
                (
                    .reportColumnRTO,
                    ReportCell(
                        t.duration(test.wholeSeconds) + " / " + (promised.map { t.duration(Double($0)) } ?? t(.reportNotRecorded)),
                        isLate ? .bad : promised == nil ? .unknown : .good)
                ),
                (.reportColumnResult, ReportCell(t.word(test.result.rawValue), test.result == .good ? .good : test.result == .late ? .minor : .bad)),
                (label("RestoreSheet.sheetHash"), showHash(test.sheetHash)),
            ])
    }

    private func state(_ state: ReportFacts.CheckState) -> ReportCell {
        ReportCell(t.word(state.rawValue), state == .good ? .good : state == .failed ? .bad : .minor)
    }

    func drill(_ drill: Recorded<ReportFacts.Drill>, _ caption: Message) -> ReportBlock {
        guard let drill = drill.value else { return .note(.unknown, t(.reportNothingRecorded(t(caption)))) }
        return card(
            caption,
            [
                (.reportColumnOn, cell(drill.on.description)), (.reportColumnPerformedBy, cell(drill.performedBy)),
                (.reportColumnDuration, cell(t.duration(drill.seconds))), (.reportColumnGood, good(drill.isGood)),
            ])
    }
}
