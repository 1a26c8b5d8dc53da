import Base
import Operations

// The proof that backups restore, and the shape of what was stored.
extension DashboardPage {
    func restoreProof(_ place: TenantPlace) -> HTML {
        let sources = ranked(place.tenant.sources).filter { place.tenant.testsRestores || $0.restoreTest != nil }
        var table = DashboardTable(
            format.say(.dashboardProofCaption),
            [
                (format.say(.dashboardSource), .text), (format.say(.dashboardLastTest), .text), (format.say(.dashboardResult), .text),
                (format.say(.dashboardRestoredPart), .number), (format.say(.dashboardWholeRestore), .number), (format.say(.dashboardRTO), .text),
            ])
        for source in sources.prefix(Limit.sources) {
            let isBad = source.restoreTest?.isGood == false
            table.add([sourceLink(source.name)] + proof(source), state: isBad ? .critical : nil)
        }
        return tag("section", [:]) {
            heading(place.level, .dashboardRestoreProof)
            if !place.tenant.testsRestores { tag("p", ["class": "note"]) { format.say(.dashboardTestsElsewhere) } }
            if !table.isEmpty { table.html }
            more(sources.count, Limit.sources)
        }
    }

    /// The cells of a source's last restore test, without its name.
    func proof(_ source: Overview.Source) -> [HTML] {
        let promised = source.rto.map { format.promise($0) }
        guard let test = source.restoreTest else {
            return [.none, DashboardState.warning.word(format.say(.dashboardNeverTested)), .none, .none, promised.map { HTML($0) } ?? .none]
        }
        let result =
            test.isGood
            ? DashboardState.good.word(format.say(.dashboardRestored))
            : DashboardState.critical.word(format.say(.dashboardRestoreFailed))
                + tag("small", ["class": "reason"]) { clipped(test.failure ?? "") }
        let whole = test.isGood && test.wholeSeconds > 0 ? HTML(format.duration(test.wholeSeconds)) : .none
        return [
            format.moment(test.time),
            result + tag("small", [:]) { format.say(.dashboardFromSite(test.site)) },
            HTML(format.percent(test.share)) + tag("small", [:]) { format.size(test.bytes) },
            whole,
            judgement(test, source.rto),
        ]
    }

    /// The measured time against the promised one.
    private func judgement(_ test: Overview.RestoreTest, _ rto: Int64?) -> HTML {
        guard let rto else { return HTML(format.say(.dashboardNoPromise)) }
        let promised = format.promise(rto)
        guard test.isGood, test.wholeSeconds > 0 else { return HTML(promised) }
        return test.wholeSeconds <= Double(rto)
            ? DashboardState.good.word(format.say(.dashboardWithin(promised)))
            : DashboardState.critical.word(format.say(.dashboardBeyond(promised)))
    }

    /// Three charts of each source: volume, new bytes and duration.
    func charts(_ place: TenantPlace) -> HTML {
        let sources = ranked(place.tenant.sources)
        return tag("section", [:]) {
            heading(place.level, .dashboardCharts)
            if sources.isEmpty { tag("p", ["class": "nothing"]) { format.say(.dashboardNoSource) } }
            sources.prefix(Limit.charts).enumerated().map { index, source in
                tag("div", ["class": "charts"]) {
                    tag("p", ["class": "subject"]) { sourceLink(source.name) }
                    figures(source, .small, id: "\(place.id)s\(index)")
                }
            }
            if sources.count > Limit.charts { tag("p", ["class": "more"]) { format.say(.dashboardMoreCharts(sources.count - Limit.charts)) } }
        }
    }

    func figures(_ source: Overview.Source, _ size: Chart.Size, id: String) -> [HTML] {
        if source.history.isEmpty { return [tag("p", ["class": "nothing"]) { format.say(.dashboardNoPoint) }] }
        return [
            Chart(format.say(.dashboardVolume), .line, .bytes, size, points: source.history.map { ($0.time, Double($0.bytes)) }),
            Chart(format.say(.dashboardNewBytes), .bars, .bytes, size, points: source.history.map { ($0.time, Double($0.storedBytes)) }),
            Chart(format.say(.dashboardDuration), .bars, .seconds, size, points: source.history.map { ($0.time, $0.seconds) }),
        ].enumerated().map { index, chart in chart.figure(id: "\(id)\("abc".dropFirst(index).prefix(1))", subject: source.name, format) }
    }
}
