import Base
import Operations

/// What the first line of the page says.
///
/// It never says that all is well only because no alert was raised: the facts of the overview are looked at as well.
struct DashboardVerdict: Sendable, Equatable {
    let state: DashboardState
    let message: Message

    init(_ overview: Overview) {
        let sources = overview.tenants.flatMap(\.sources)
        let marks =
            sources.count { DashboardState(of: $0) != .good || $0.restoreTest.map { !$0.isGood } ?? false }
            + overview.tenants.flatMap(\.sites).count { DashboardState(of: $0) == .critical }
        let waiting = overview.alerts.count + (overview.untoldRefusal == nil ? 0 : 1)
        if waiting > 0 {
            state = overview.alerts.contains { DashboardState(of: $0) == .critical } ? .critical : .warning
            message = .dashboardNeedsPerson(waiting)
        } else if sources.isEmpty {
            state = .warning
            message = .dashboardNothingYet
        } else if marks > 0 {
            state = .warning
            message = .dashboardMarks(marks)
        } else {
            state = .good
            message = .dashboardAllProtected
        }
    }
}

extension Overview {
    /// Why the configuration was refused, unless an alert tells it already.
    var untoldRefusal: String? { alerts.contains { $0.key.hasPrefix("config") } ? nil : configuration.refused }
}

extension DashboardState {
    init(of alert: Overview.Alert) {
        // A level that this page does not know is taken for the gravest.
        self = alert.level == "warning" ? .warning : .critical
    }

    init(of source: Overview.Source) {
        if source.isLate {
            self = .critical
        } else if source.last == nil {
            self = source.lastTry == nil ? .warning : .critical
        } else {
            let isFine = source.isComplete && source.lastExit ?? 0 == 0 && source.anomalies.isEmpty
            self = isFine ? .good : .warning
        }
    }

    init(of site: Overview.Site) {
        if site.damaged > 0 {
            self = .critical
        } else {
            self =
                switch site.isReachable {
                case nil: .idle
                case false?: site.isOffline ? .idle : .critical
                case true?: site.lacks > 0 || site.isProbeGood == false ? .warning : .good
                }
        }
    }
}

// MARK: What needs a person
extension DashboardPage {
    /// The alerts, gravest first and then by age; below them a refused configuration.
    var attention: HTML {
        let alerts = overview.alerts.enumerated().sorted { left, right in
            let ranks = [left, right].map { DashboardState(of: $0.element) == .critical ? 0 : 1 }
            return ranks[0] != ranks[1] ? ranks[0] < ranks[1] : left.offset < right.offset
        }.map(\.element)
        return tag("section", ["class": "attention"]) {
            heading(2, .dashboardAttention)
            if alerts.isEmpty, overview.untoldRefusal == nil {
                tag("p", ["class": "nothing"]) { format.say(.dashboardNoAlert) }
            } else {
                tag("ol", [:]) {
                    alerts.prefix(Limit.alerts).map(item)
                    if let reason = overview.untoldRefusal { refusal(reason) }
                }
                more(alerts.count, Limit.alerts)
            }
        }
    }

    private func item(_ alert: Overview.Alert) -> HTML {
        let state = DashboardState(of: alert)
        return tag("li", ["class": "is-\(state.rawValue)"]) {
            state.word(format.say(state == .critical ? .dashboardCritical : .dashboardWarning))
            tag("p", [:]) { clipped(alert.text) }
            tag("small", [:]) {
                "\(format.say(.dashboardSince(format.span(Double(format.now) - Double(alert.since))))) · "
                time(alert.since)
                " · "
                tag("code", [:]) { truncated(alert.key, columns: 120) }
            }
        }
    }

    private func refusal(_ reason: String) -> HTML {
        tag("li", ["class": "is-warning"]) {
            DashboardState.warning.word(format.say(.dashboardWarning))
            tag("p", [:]) { format.say(.dashboardConfigurationRefused(clipped(reason))) }
        }
    }
}
