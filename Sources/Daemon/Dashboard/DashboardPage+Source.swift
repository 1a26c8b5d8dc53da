import Base
import Operations

// The page of one source.
extension DashboardPage {
    /// The longer history of the source `name`; nil when there is none of that name, which is a 404.
    package func sourcePage(_ name: String) -> String? {
        for tenant in overview.tenants {
            if let source = tenant.sources.first(where: { $0.name == name }) { return text(of: source, in: tenant) }
        }
        return nil
    }

    private func text(of source: Overview.Source, in tenant: Overview.Tenant) -> String {
        let state = DashboardState(of: source)
        return document(title: "\(source.name) · \(overview.node)", state: state, refreshes: true, isRoot: false) {
            tag("h1", [:]) {
                state.mark
                " \(truncated(source.name, columns: 70)) "
                tag("span", ["class": "said"]) { word(of: source) }
            }
            tag("p", ["class": "when"]) {
                format.say(.dashboardDataOf) + " "
                time(overview.now)
            }
        } main: {
            tag("p", ["class": "screen"]) {
                tag("a", ["href": "../?lang=\(format.language.rawValue)"]) { format.say(.dashboardBack) }
            }
            anomalies(source)
            tag("section", [:]) {
                heading(2, .dashboardFacts)
                facts(source, in: tenant)
            }
            tag("section", [:]) {
                heading(2, .dashboardCharts)
                figures(source, .large, id: "s")
            }
            tag("section", [:]) {
                heading(2, .dashboardRecent)
                recent(overview.recent.filter { $0.subject == source.name && $0.tenant == tenant.name }, .dashboardRecentCaption, limit: Limit.recent)
            }
            tag("section", [:]) {
                heading(2, .dashboardHistory)
                history(source)
            }
        }
    }

    private func anomalies(_ source: Overview.Source) -> HTML {
        guard !source.anomalies.isEmpty else { return .none }
        return tag("section", ["class": "attention"]) {
            heading(2, .dashboardUnusual)
            tag("ol", [:]) {
                source.anomalies.prefix(Limit.alerts).map { anomaly in
                    tag("li", ["class": "is-warning"]) {
                        DashboardState.warning.word(format.say(.dashboardAnomalyKind(anomaly.kind)))
                        tag("p", [:]) { clipped(anomaly.detail) }
                        tag("small", [:]) {
                            "n° \(anomaly.id) · \(format.distance(anomaly.time)) · "
                            time(anomaly.time)
                        }
                    }
                }
            }
            more(source.anomalies.count, Limit.alerts)
        }
    }

    private func facts(_ source: Overview.Source, in tenant: Overview.Tenant) -> HTML {
        let proof = proof(source)
        let rows: [(Message, HTML)] = [
            (.dashboardLastSnapshot, source.last.map { HTML(format.distance($0) + " · ") + time($0) } ?? .none),
            (.dashboardSnapshotID, source.lastSnapshot.map { id in tag("code", [:]) { truncated(id, columns: 64) } } ?? .none),
            (.dashboardCopies, HTML(source.copies.isEmpty ? "" : truncated(source.copies.joined(separator: ", "), columns: 200))),
            (.dashboardSize, source.last == nil ? .none : HTML("\(format.size(source.bytes)) · \(files(source))")),
            (.dashboardSnapshots, HTML(format.count(source.snapshots))),
            (.dashboardSchedule, HTML(source.schedule ?? format.say(.dashboardByHand))),
            (.dashboardNextRun, source.next.map { HTML(format.distance($0) + " · ") + time($0) } ?? .none),
            (.dashboardRPO, source.rpo.map { HTML(format.promise($0)) } ?? .none),
            (.dashboardLastTest, source.restoreTest == nil && !tenant.testsRestores ? HTML(format.say(.dashboardTestsElsewhere)) : proof[0]),
            (.dashboardResult, source.restoreTest == nil && !tenant.testsRestores ? .none : proof[1]),
            (.dashboardWholeRestore, proof[3]),
            (.dashboardRTO, proof[4]),
        ]
        return tag("dl", [:]) {
            rows.filter { !$0.1.isEmpty }.map { row in
                tag("div", [:]) {
                    tag("dt", [:]) { format.say(row.0) }
                    tag("dd", [:]) { row.1 }
                }
            }
        }
    }

    private func history(_ source: Overview.Source) -> HTML {
        guard !source.history.isEmpty else { return tag("p", ["class": "nothing"]) { format.say(.dashboardNoPoint) } }
        var table = DashboardTable(
            format.say(.dashboardHistoryCaption),
            [
                (format.say(.dashboardBegan), .text), (format.say(.dashboardTook), .number), (format.say(.dashboardVolume), .number),
                (format.say(.dashboardNewBytes), .number),
            ])
        for point in source.history.reversed().prefix(Limit.history) {
            table.add([
                time(point.time), HTML(format.duration(point.seconds)), HTML(format.size(point.bytes)), HTML(format.size(point.storedBytes)),
            ])
        }
        return table.html + more(source.history.count, Limit.history)
    }
}
