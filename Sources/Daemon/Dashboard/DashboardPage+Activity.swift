import Base
import Operations

// What runs, what comes, and what ran.
extension DashboardPage {
    @HTMLBuilder var activity: HTML {
        tag("section", [:]) {
            heading(2, .dashboardRunning)
            if overview.running.isEmpty { tag("p", ["class": "nothing"]) { format.say(.dashboardNothingRuns) } } else { running.html }
            more(overview.running.count, Limit.running)
        }
        tag("section", [:]) {
            heading(2, .dashboardUpcoming)
            if overview.upcoming.isEmpty { tag("p", ["class": "nothing"]) { format.say(.dashboardNothingPlanned) } } else { upcoming.html }
            more(overview.upcoming.count, Limit.upcoming)
        }
        tag("section", [:]) {
            heading(2, .dashboardRecent)
            recent(overview.recent, .dashboardRecentCaption, limit: Limit.recent)
        }
    }

    private var running: DashboardTable {
        var table = DashboardTable(
            format.say(.dashboardRunningCaption),
            [(format.say(.dashboardJob), .text), (format.say(.dashboardRunsSince), .text), (format.say(.dashboardHandled), .number)])
        for job in overview.running.prefix(Limit.running) {
            table.add([name(job.kind, job.tenant, job.subject), format.moment(job.since), HTML(format.size(job.bytes))])
        }
        return table
    }

    private var upcoming: DashboardTable {
        var table = DashboardTable(
            format.say(.dashboardUpcomingCaption), [(format.say(.dashboardJob), .text), (format.say(.dashboardWhen), .text)])
        for job in overview.upcoming.prefix(Limit.upcoming) {
            table.add([name(job.kind, job.tenant, job.subject), format.moment(job.at)])
        }
        return table
    }

    /// The runs of the list, youngest first.
    func recent(_ runs: [Overview.Run], _ caption: Message, limit: Int) -> HTML {
        guard !runs.isEmpty else { return tag("p", ["class": "nothing"]) { format.say(.dashboardNothingRan) } }
        var table = DashboardTable(
            format.say(caption),
            [
                (format.say(.dashboardJob), .text), (format.say(.dashboardBegan), .text), (format.say(.dashboardTook), .number),
                (format.say(.dashboardResult), .text), (format.say(.dashboardSummary), .text),
            ])
        for run in runs.prefix(limit) {
            let state: DashboardState =
                switch run.exit {
                case 0: .good
                case 3, 130: .warning
                default: .critical
                }
            table.add([
                name(run.kind, run.tenant, run.subject), format.moment(run.started), HTML(format.duration(run.seconds)),
                state.word(format.say(.dashboardExit(run.exit))) + (run.exit == 0 ? .none : tag("small", [:]) { "exit \(run.exit)" }),
                HTML(clipped(run.summary)),
            ])
        }
        return table.html + more(runs.count, limit)
    }

    /// A kind of work and what it concerns; the tenant too where there are several.
    private func name(_ kind: String, _ tenant: String, _ subject: String) -> HTML {
        let concerned = [overview.tenants.count > 1 ? tenant : "", subject].filter { !$0.isEmpty }
        return HTML(format.say(.dashboardKind(kind))) + tag("small", [:]) { truncated(concerned.joined(separator: " / "), columns: 120) }
    }
}
