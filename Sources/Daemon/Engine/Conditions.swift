import Base
import Operations
import Scheduling

/// Something that needs a person, as long as it lasts.
package struct Condition: Sendable, Equatable {
    package enum Level: String, Sendable, Comparable {
        case warning, critical
        package static func < (l: Level, r: Level) -> Bool { l == .warning && r == .critical }
    }

    /// Stable name, such as `backup-late:chu/dpi`: what is told once, and told to be over.
    package let key: String
    package let level: Level
    package let message: Message

    init(_ kind: String, _ place: String, _ level: Level, _ message: Message) {
        key = place.isEmpty ? kind : kind + ":" + place
        self.level = level
        self.message = message
    }
}

/// Works out what needs a person from what is known. Pure: the same knowledge at the same time gives the same conditions.
struct Conditions {
    let configuration: Configuration
    let roles: [String: TenantRoles]
    let knowledge: Knowledge
    /// The last run of each task that ended.
    let lastRuns: [String: HistoryStore.Run]
    let anomalies: [KeptAnomaly]
    /// Since when each task runs, of those that do.
    let running: [String: Int64]
    let now: Int64
    let started: Int64
    let language: Language

    private static let hour: Int64 = 3_600
    private static let day: Int64 = 86_400

    func open() -> [Condition] {
        var open: [Condition] = []
        for tenant in configuration.tenants {
            guard roles[tenant.name] != nil else {
                open.append(Condition("keys", tenant.name, .critical, .alertNoKeys(tenant.name)))
                continue
            }
            for source in configuration.sources where source.tenant == tenant.name && source.content != .standardInput { open += of(source, tenant) }
            for site in tenant.sites { open += of(site: site, tenant) }
            if let run = lastRuns[TaskName(.observe, tenant.name).description], let exit = run.exit, [.usage, .key, .format, .failed].contains(exit) {
                open.append(Condition("observe", tenant.name, .critical, .alertObserve(tenant.name, run.summary)))
            }
            open += ofMaintenance(tenant)
            open += ofPolicy(tenant)
        }
        return open.sorted { ($0.level == .critical ? 0 : 1, $0.key) < ($1.level == .critical ? 0 : 1, $1.key) }
    }

    /// Retention and collection: a site that is silent just now is told elsewhere.
    private func ofMaintenance(_ tenant: Configuration.Tenant) -> [Condition] {
        [(TaskName.Kind.retention, Message.alertRetention), (.collect, Message.alertCollect)].compactMap { kind, message in
            guard let run = lastRuns[TaskName(kind, tenant.name).description], let exit = run.exit,
                ![.done, .unreachable, .interrupted].contains(exit)
            else { return nil }
            return Condition(kind.rawValue, tenant.name, exit == .damaged ? .critical : .warning, message(tenant.name, run.summary))
        }
    }

    private func rule(_ row: PolicyRow) -> String { row.rule + (row.clause.map { " (\($0))" } ?? "") }

    /// What policy says of each site, as the last look judged it: refused is critical, a last day that comes near a warning.
    private func ofPolicy(_ tenant: Configuration.Tenant) -> [Condition] {
        (status(tenant)?.policy ?? []).compactMap { row in
            let place = row.site.map { "\(tenant.name)/\($0)" } ?? tenant.name
            switch row.outcome {
            case "deny", "readOnly":
                let message = Message.alertPolicyRefused(
                    row.site ?? tenant.name, rule(row), row.reason, row.remedy, isDenied: row.outcome == "deny" && row.site != nil)
                return Condition("policy", place, .critical, message)
            case "warn":
                let level: Condition.Level = row.urgency > 1 ? .critical : .warning
                return Condition(
                    "policy-soon", place, level, .alertPolicySoon(row.site ?? tenant.name, rule(row), row.reason, row.through, row.remedy))
            default: return nil
            }
        }
    }

    // MARK: sources

    private func of(_ source: Configuration.Source, _ tenant: Configuration.Tenant) -> [Condition] {
        var open: [Condition] = []
        let place = "\(tenant.name)/\(source.name)"
        if let since = running[TaskName(.backup, tenant.name, source.name).description],
            now - since > max(Self.day, 2 * (source.schedule?.period ?? 0))
        {
            open.append(Condition("backup-long", place, .warning, .alertLong(source.name, (now - since) / Self.hour)))
        }
        let run = lastRuns[TaskName(.backup, tenant.name, source.name).description]
        if isLate(source, tenant) {
            if let last = last(source, tenant) {
                open.append(Condition("backup-late", place, .critical, .alertLate(source.name, max(0, now - last) / Self.hour)))
            } else {
                open.append(Condition("backup-none", place, .critical, .alertNoSnapshot(source.name)))
            }
        }
        if roles[tenant.name]?.writes == true, let run, let exit = run.exit {
            switch exit {
            case .done, .interrupted: break
            case .partial:
                if let row = status(tenant)?.sources.first(where: { $0.source == source.name }), row.last != nil, !row.complete {
                    open.append(Condition("backup-partial", place, .warning, .alertPartial(source.name)))
                }
            default: open.append(Condition("backup-failed", place, .critical, .alertBackupFailed(source.name, exit.rawValue, run.summary)))
            }
        }
        for anomaly in anomalies where anomaly.tenant == tenant.name && anomaly.source == source.name {
            open.append(Condition("anomaly", "\(place)#\(anomaly.id)", .critical, .alertAnomaly(source.name, anomaly.id, anomaly.message)))
        }
        return open + ofTests(source, tenant, place)
    }

    private func ofTests(_ source: Configuration.Source, _ tenant: Configuration.Tenant, _ place: String) -> [Condition] {
        guard roles[tenant.name]?.testsRestores == true else { return [] }
        var open: [Condition] = []
        let known = knowledge.tests[Knowledge.Place(tenant: tenant.name, name: source.name)]
        let period = TaskList.testPeriod(tenant)
        if let known {
            if !known.test.isGood {
                open.append(Condition("restore-test-failed", place, .critical, .alertTestFailed(source.name, known.test.failure ?? "?")))
            }
            if known.test.isGood, let rto = source.rto.map({ Int64(seconds($0)) }), known.test.wholeSeconds > Double(rto) {
                open.append(
                    Condition(
                        "rto", place, .warning,
                        .alertRTO(source.name, language.duration(seconds: known.test.wholeSeconds), language.duration(seconds: Double(rto)))))
            }
        }
        let hasSnapshot = last(source, tenant) != nil
        // Not from the start of the daemon: one that is started again and again would never be late.
        let since = known?.time ?? tenant.sites.compactMap { knowledge.firstSeen[Knowledge.Place(tenant: tenant.name, name: $0)] }.min() ?? now
        if hasSnapshot, now - since > period {
            open.append(Condition("restore-test-late", place, .warning, .alertTestLate(source.name)))
        }
        return open
    }

    func status(_ tenant: Configuration.Tenant) -> StatusReport? { knowledge.status[tenant.name]?.report }

    /// When the last snapshot that a site holds was begun.
    func last(_ source: Configuration.Source, _ tenant: Configuration.Tenant) -> Int64? {
        status(tenant)?.sources.first { $0.source == source.name }?.last_time
    }

    /// Whether the last snapshot is older than promised; without a promise, than two periods of its schedule and an hour.
    func isLate(_ source: Configuration.Source, _ tenant: Configuration.Tenant) -> Bool {
        // Nobody could look for an hour: whether it is late is not known, and that is told as if it were.
        guard status(tenant) != nil else { return now - started > Self.hour }
        let promised = source.rpo.map { Int64(seconds($0)) }
        guard let allowed = promised ?? source.schedule.map({ 2 * $0.period + min(Self.hour, $0.period) }) else { return false }
        // A time in the future is a wrong clock's, then or now: it says nothing about how old the snapshot is.
        if let last = last(source, tenant), last <= now + 60 { return now - last > allowed }
        return now - started > min(allowed, Self.hour)
    }

    // MARK: sites

    private func of(site: String, _ tenant: Configuration.Tenant) -> [Condition] {
        var open: [Condition] = []
        let place = Knowledge.Place(tenant: tenant.name, name: site)
        let name = "\(tenant.name)/\(site)"
        let reach = knowledge.reach[place]
        if configuration.isOffline(site) {
            let since = reach?.lastReached ?? knowledge.firstSeen[place] ?? now
            if reach?.failingSince != nil, now - since > 30 * Self.day {
                open.append(Condition("site-offline-old", name, .warning, .alertOffline(site, (now - since) / Self.day)))
            }
        } else if let reach, let since = reach.failingSince {
            open.append(Condition("site-failing", name, now - since >= Self.day ? .critical : .warning, .alertSite(site, reach.failure ?? "?")))
        } else if let row = status(tenant)?.sites.first(where: { $0.site == site }), row.lacks > 0, let since = row.lacks_since_time,
            now - since > Self.day
        {
            open.append(
                Condition(
                    "site-behind", name, now - since > 3 * Self.day ? .critical : .warning, .alertLag(site, row.lacks, (now - since) / Self.hour)))
        }
        return open + ofVerification(site, tenant, place, name)
    }

    private func ofVerification(_ site: String, _ tenant: Configuration.Tenant, _ place: Knowledge.Place, _ name: String) -> [Condition] {
        var open: [Condition] = []
        let period = TaskList.scrubPeriod(tenant)
        // A site that does not answer has an alert of its own; what follows from that is not told beside it.
        let isRead = roles[tenant.name]?.maintains == true && !configuration.isOffline(site) && knowledge.isReachable(tenant.name, site)
        if knowledge.verified[place] == nil, isRead, let seen = knowledge.firstSeen[place],
            now - seen > max(3_600, 3 * ReadingPlan.interval(period: period))
        {
            open.append(Condition("verify-late", name, .warning, .alertCoverage(site, 0)))
        }
        if let (_, fact) = knowledge.verified[place] {
            if fact.damaged > 0 { open.append(Condition("damage", name, .critical, .alertDamage(site, fact.damaged))) }
            // A pack that came since the last verification was never read, and is not late.
            let isOld = fact.oldestRead.map { now - $0 > period } ?? false
            let firstSeen = knowledge.firstSeen[place] ?? now
            if isRead, isOld || (fact.coverage < 0.9 && now - firstSeen > period) {
                open.append(Condition("verify-late", name, .warning, .alertCoverage(site, Int(fact.coverage * 100))))
            }
            if let rate = tenant.policy.scrubRate?.bytes {
                let needed = ReadingPlan.rateNeeded(bytes: fact.packBytes, period: period)
                if needed > Double(rate) {
                    open.append(
                        Condition(
                            "verify-rate", name, .warning,
                            .alertScrubRate(site, language.rate(bytesPerSecond: needed), language.rate(bytesPerSecond: Double(rate)))))
                }
            }
        }
        if let (_, probe) = knowledge.probes[place], !probe.isGood {
            open.append(Condition("probe", name, .warning, .alertProbe(site, probe.bad.joined(separator: ", "))))
        }
        return open
    }
}
