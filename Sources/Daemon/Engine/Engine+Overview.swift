import Base
import Operations
import Scheduling

extension Engine {
    private var runningSince: [String: Int64] { Dictionary(running.values.map { ("\($0.task)", $0.started) }, uniquingKeysWith: min) }

    /// What needs a person now, the gravest first.
    func conditions() -> [Condition] {
        let now = clock.now()
        var anomalies: [KeptAnomaly] = []
        look { anomalies = try history.anomalies() }
        var open = Conditions(
            configuration: configuration, roles: roles, knowledge: knowledge, lastRuns: lastRuns, anomalies: anomalies, running: runningSince,
            now: now, started: started,
            language: language
        ).open()
        if let reason = configurationState.refused { open.append(Condition("configuration", "", .warning, .alertConfiguration(reason))) }
        if isIsolated { open.append(Condition("isolated", "", .critical, .alertIsolated(Isolation(state: configuration.node.state).record?.reason))) }
        if let jump { open.append(Condition("clock", "", .warning, .alertClock(jump.seconds))) }
        if let historyFailure { open.insert(Condition("history", "", .critical, .alertHistory(historyFailure.message.text(language))), at: 0) }
        return open
    }

    /// What `status` shows.
    func status(_ language: Language) -> DaemonStatus {
        DaemonStatus(tenants: configuration.tenants.compactMap { knowledge.status[$0.name]?.report }, overview: overview(language))
    }

    /// All that is known, for whoever shows it.
    package func overview(_ language: Language) -> Overview {
        let now = clock.now()
        var overview = Overview()
        overview.node = configuration.node.name
        overview.version = programVersion
        overview.now = now
        overview.started = started
        overview.configuration = configurationState
        var anomalies: [KeptAnomaly] = []
        var alerts: [String: KeptAlert] = [:]
        look {
            anomalies = try history.anomalies()
            alerts = try history.alerts()
            overview.recent = try history.recent(50).map { Overview.Run($0) }
            overview.past = try history.pastAlerts(50).map { Overview.PastAlert($0.alert, until: $0.until, language) }
        }
        let conditions = conditions()
        overview.alerts = conditions.map { condition in
            var alert = Overview.Alert()
            alert.key = condition.key
            alert.level = condition.level.rawValue
            alert.since = alerts[condition.key]?.since ?? now
            alert.text = condition.message.text(language)
            return alert
        }
        let judge = Conditions(
            configuration: configuration, roles: roles, knowledge: knowledge, lastRuns: lastRuns, anomalies: anomalies, running: runningSince,
            now: now, started: started,
            language: language)
        overview.tenants = configuration.tenants.filter { roles[$0.name] != nil }.map { tenant($0, judge, anomalies, language) }
        overview.running = running.sorted { $0.key < $1.key }.map { id, run in
            var row = Overview.Running()
            (row.id, row.kind, row.tenant, row.subject, row.since) = (id, run.task.kind.rawValue, run.task.tenant, run.task.subject, run.started)
            row.bytes = runner.progress(of: id)
            return row
        }
        overview.upcoming = tasks.filter { task in task.name.kind != .observe && !running.values.contains { $0.task == task.name } }.map { task in
            var row = Overview.Upcoming()
            (row.kind, row.tenant, row.subject) = (task.name.kind.rawValue, task.name.tenant, task.name.subject)
            row.at = task.rule.next(records[task.name.description] ?? SlotRecord(), now: now)
            return row
        }.sorted { ($0.at, $0.kind, $0.subject) < ($1.at, $1.kind, $1.subject) }
        return overview
    }

    private func tenant(_ tenant: Configuration.Tenant, _ judge: Conditions, _ anomalies: [KeptAnomaly], _ language: Language) -> Overview.Tenant {
        var row = Overview.Tenant()
        row.name = tenant.name
        let known = knowledge.status[tenant.name]
        row.keysTogether = known?.report.keys_together ?? false
        row.observed = known?.time
        row.testsRestores = roles[tenant.name]?.testsRestores ?? false
        row.sources = configuration.sources.filter { $0.tenant == tenant.name && $0.content != .standardInput }.map {
            source($0, tenant, judge, anomalies, language)
        }
        row.sites = tenant.sites.map { site($0, tenant) }
        return row
    }

    private func source(
        _ source: Configuration.Source, _ tenant: Configuration.Tenant, _ judge: Conditions, _ anomalies: [KeptAnomaly], _ language: Language
    ) -> Overview.Source {
        var row = Overview.Source()
        row.name = source.name
        row.schedule = source.schedule?.text
        let name = TaskName(.backup, tenant.name, source.name)
        if let task = task(name) { row.next = task.rule.next(records[name.description] ?? SlotRecord(), now: judge.now) }
        row.rpo = source.rpo.map { Int64(seconds($0)) }
        row.rto = source.rto.map { Int64(seconds($0)) }
        row.isLate = judge.isLate(source, tenant)
        if let run = lastRuns[name.description] { (row.lastExit, row.lastTry) = (run.exit?.rawValue, run.started) }
        if let seen = judge.status(tenant)?.sources.first(where: { $0.source == source.name }) {
            (row.last, row.lastSnapshot, row.isComplete) = (seen.last_time, seen.last_id, seen.complete)
            (row.files, row.bytes, row.snapshots, row.copies) = (seen.files, seen.bytes, seen.snapshots, seen.sites)
            row.history = seen.history.map { Overview.Point($0) }
        }
        row.restoreTest = knowledge.tests[Knowledge.Place(tenant: tenant.name, name: source.name)]?.test
        row.anomalies = anomalies.filter { $0.tenant == tenant.name && $0.source == source.name }.map { anomaly in
            var one = Overview.Anomaly()
            (one.id, one.time, one.kind, one.detail) = (anomaly.id, anomaly.time, anomaly.kind, anomaly.message.text(language))
            return one
        }
        return row
    }

    private func site(_ name: String, _ tenant: Configuration.Tenant) -> Overview.Site {
        var row = Overview.Site()
        let place = Knowledge.Place(tenant: tenant.name, name: name)
        row.name = name
        row.kind = configuration.sites.first { $0.name == name }?.place.kind ?? ""
        row.isOffline = configuration.isOffline(name)
        row.scrubPeriod = TaskList.scrubPeriod(tenant)
        if let reach = knowledge.reach[place] {
            row.isReachable = reach.failingSince == nil
            (row.lastReached, row.failingSince, row.failure) = (reach.lastReached, reach.failingSince, reach.failure)
        }
        if let seen = knowledge.status[tenant.name]?.report.sites.first(where: { $0.site == name }) {
            (row.snapshots, row.lacks, row.lacksSince) = (seen.snapshots, seen.lacks, seen.lacks_since_time)
        }
        if let (time, fact) = knowledge.verified[place] {
            (row.packs, row.packBytes, row.coverage, row.neverRead) = (fact.packs, fact.packBytes, fact.coverage, fact.neverRead)
            (row.oldestRead, row.damaged, row.lastVerified) = (fact.oldestRead, fact.damaged, time)
        }
        if let (time, probe) = knowledge.probes[place] { (row.lastProbe, row.isProbeGood) = (time, probe.isGood) }
        return row
    }
}

extension Overview.Point {
    init(_ past: StatusReport.Past) {
        self.init()
        (time, seconds, bytes, storedBytes) = (past.time, past.seconds, past.bytes, past.stored_bytes)
    }
}

extension Overview.Run {
    init(_ run: HistoryStore.Run) {
        self.init()
        (id, kind, tenant, subject) = (run.id, run.task.kind.rawValue, run.task.tenant, run.task.subject)
        (started, seconds, exit, summary) = (run.started, run.seconds, run.exit?.rawValue ?? ExitStatus.interrupted.rawValue, run.summary)
    }
}

extension Overview.PastAlert {
    init(_ alert: KeptAlert, until: Int64, _ language: Language) {
        self.init()
        (key, level, since, self.until, text) = (alert.key, alert.level, alert.since, until, alert.message.text(language))
    }
}
