import Base

// One screen for an operator: what needs a person first.
extension Overview {
    private static let shown = 12

    /// The lines of `hdsbackup status` where a daemon runs.
    package func lines(_ l: Language) -> [String] {
        var lines = [headline(l)]
        for alert in alerts.prefix(Self.shown) {
            let word: Message = alert.level == "critical" ? .alertCritical : .alertWarning
            lines.append("  ! [\(word.text(l))] \(alert.text) (\(Message.since(Timestamp(seconds: alert.since).screenText).text(l)))")
        }
        if alerts.count > Self.shown { lines.append("  " + Message.progressMore(alerts.count - Self.shown).text(l)) }
        for tenant in tenants { lines += [""] + self.lines(tenant, l) }
        if !running.isEmpty { lines.append("") }
        for run in running {
            let subject = run.subject.isEmpty ? run.tenant : run.subject
            lines.append(
                Message.statusRunning(run.kind, subject, Timestamp(seconds: run.since).screenText, l.size(run.bytes)).text(l))
        }
        let over = past.filter { now - $0.until < 7 * 86_400 }
        if !over.isEmpty { lines += ["", Message.statusPast.text(l)] }
        for alert in over.prefix(Self.shown) {
            lines.append("  \(Timestamp(seconds: alert.since).screenText) – \(Timestamp(seconds: alert.until).screenText): \(alert.text)")
        }
        return lines
    }

    private func headline(_ l: Language) -> String {
        let time = Timestamp(seconds: now).screenText
        if alerts.isEmpty { return Message.statusCalm(node, time).text(l) }
        return Message.statusNeedsPerson(node, alerts.count, time).text(l)
    }

    private func lines(_ tenant: Tenant, _ l: Language) -> [String] {
        var lines = [Message.statusTenant(tenant.name).text(l)]
        lines.append(tenant.observed.map { Message.statusObserved(age($0, l)).text(l) } ?? Message.statusNotObserved.text(l))
        var sources = ConsoleTable([
            (Message.headSource.text(l), .left), (Message.headLast.text(l), .left), (Message.headAge.text(l), .right),
            (Message.headNext.text(l), .left),
            (Message.headFiles.text(l), .right), (Message.headSize.text(l), .right), (Message.headCopies.text(l), .left),
            (Message.headRestoreTest.text(l), .left), (Message.headState.text(l), .left),
        ])
        for source in tenant.sources { sources.add(cells(source, tenant, l)) }
        lines += sources.lines + [""]
        var sites = ConsoleTable([
            (Message.headSite.text(l), .left), (Message.headState.text(l), .left), (Message.headSnapshots.text(l), .right),
            (Message.headLacks.text(l), .right), (Message.headSince.text(l), .left), (Message.headCoverage.text(l), .right),
            (Message.headOldest.text(l), .right), (Message.headDamaged.text(l), .right),
        ])
        for site in tenant.sites { sites.add(cells(site, l)) }
        lines += sites.lines
        if !tenant.testsRestores { lines.append(Message.statusTestsElsewhere.text(l)) }
        if tenant.keysTogether { lines.append(Message.statusKeysTogether.text(l)) }
        return lines
    }

    private func age(_ time: Int64, _ l: Language) -> String { l.duration(seconds: Double(max(0, now - time))) }

    private func cells(_ source: Source, _ tenant: Tenant, _ l: Language) -> [String] {
        let state: Message =
            source.last == nil
            ? .never : source.isLate ? .stateLate : !source.anomalies.isEmpty ? .stateUnusual : source.isComplete ? .stateComplete : .statePartial
        let test = source.restoreTest.map { test in
            "\(age(test.time, l)), " + (test.isGood ? Message.good : .bad).text(l)
                + (test.wholeSeconds > 0 ? ", \(l.duration(seconds: test.wholeSeconds))" : "")
                + (source.rto.map { " / \(l.duration(seconds: Double($0)))" } ?? "")
        }
        return [
            source.name, source.last.map { Timestamp(seconds: $0).screenText } ?? "-", source.last.map { age($0, l) } ?? "-",
            source.next.map { Timestamp(seconds: $0).screenText } ?? "-", l.count(source.files), l.size(source.bytes),
            "\(source.copies.count)/\(tenant.sites.count) " + source.copies.joined(separator: ","), test ?? "-", state.text(l),
        ]
    }

    private func cells(_ site: Site, _ l: Language) -> [String] {
        let state: String
        switch site.isReachable {
        case nil: state = "?"
        case true?: state = Message.stateReady.text(l)
        case false?:
            state =
                site.isOffline
                ? Message.stateOffline.text(l) : Message.stateFailing(site.failingSince.map { Timestamp(seconds: $0).screenText } ?? "?").text(l)
        }
        return [
            site.name, state, l.count(site.snapshots), l.count(site.lacks), site.lacksSince.map { Timestamp(seconds: $0).screenText } ?? "-",
            site.coverage.map { Message.percent(Int($0 * 100)).text(l) } ?? "-", site.oldestRead.map { age($0, l) } ?? "-", l.count(site.damaged),
        ]
    }
}

/// The answer of `GET /v1/status`: the report of each tenant as it was last seen, and all that the daemon knows.
package struct DaemonStatus: Encodable, Sendable {
    package let tenants: [StatusReport]
    package let overview: Overview

    package init(tenants: [StatusReport], overview: Overview) {
        self.tenants = tenants
        self.overview = overview
    }

    /// The same, of one tenant; of all where `tenant` is nil.
    package func only(tenant: String?, _ l: Language) -> DaemonStatus {
        guard let tenant else { return self }
        var overview = overview
        overview.tenants.removeAll { $0.name != tenant }
        overview.running.removeAll { $0.tenant != tenant }
        overview.upcoming.removeAll { $0.tenant != tenant }
        overview.recent.removeAll { $0.tenant != tenant }
        // What concerns the whole machine has no place in its name.
        func concerns(_ key: String) -> Bool {
            let place = key.split(separator: ":", maxSplits: 1).dropFirst().first
            return place.map { $0 == tenant || $0.hasPrefix(tenant + "/") } ?? true
        }
        overview.alerts.removeAll { !concerns($0.key) }
        overview.past.removeAll { !concerns($0.key) }
        // A mistake in the configuration may stand in another tenant's section.
        let refused = Message.configCheckNames.text(l)
        for index in overview.alerts.indices where overview.alerts[index].key == "configuration" {
            overview.alerts[index].text = Message.alertConfiguration(refused).text(l)
        }
        for index in overview.past.indices where overview.past[index].key == "configuration" {
            overview.past[index].text = Message.alertConfiguration(refused).text(l)
        }
        overview.configuration.refused = overview.configuration.refused.map { _ in refused }
        return DaemonStatus(tenants: tenants.filter { $0.tenant == tenant }, overview: overview)
    }

    /// 0 when nothing needs a person, else what the worst of it means (docs/OPERATIONS.md).
    package var status: ExitStatus {
        let alerts = overview.alerts.reduce(ExitStatus.done) { status, alert in
            let kind = alert.key.prefix { $0 != ":" }
            let one: ExitStatus = kind == "damage" ? .damaged : kind == "site-failing" ? .unreachable : .partial
            return status.combined(with: one)
        }
        return alerts
    }
}
