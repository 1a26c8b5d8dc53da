import Base
import Codec
import Logging
import Operations
import Scheduling

/// Decides what runs when, and keeps account of it. Everything it does follows from its clock, its configuration and what ended
/// runs report: it asks no site, opens no key and reads no source itself.
///
/// Not thread-safe: one thread calls it (`EngineLoop`). `turn` starts what is due; `ended` takes in what a run reported. Both return at once.
package final class Engine {
    struct Running {
        let task: TaskName
        let slot: Int64?
        let started: Int64
        /// Told of the end when all that follows from it is known.
        var output: (@Sendable (JobOutput) -> Void)?
    }

    let clock: any DaemonClock
    let history: HistoryStore
    let runner: any JobRunner
    let language: Language
    let log: Logger
    let started: Int64
    private let cores: Int

    var configuration: Configuration
    var roles: [String: TenantRoles]
    var configurationState = Overview.ConfigurationState()
    private(set) var tasks: [PlannedTask] = []
    var records: [String: SlotRecord] = [:]
    private(set) var running: [Int64: Running] = [:]
    private var budget: Budget
    /// To be run as soon as they may, whatever their schedule says.
    private var wanted: Set<TaskName> = []
    /// From this moment of the monotonic clock on nothing waits for the first look at the sites: one that hangs must not stop backups.
    private var opensAt = 0.0
    private static let firstLook = 600.0
    /// When each task was last run because it was wanted, and how many times in a row: what does not help is not done all the time.
    private var wantedRuns: [TaskName: (time: Int64, count: Int)] = [:]
    /// Tenants whose sites were looked at since the start: before that nobody knows what is missing.
    private var observed: Set<String> = []
    var knowledge = Knowledge()
    var lastRuns: [String: HistoryStore.Run] = [:]
    /// Sites to verify again once they were repaired.
    private var repairing: Set<TaskName> = []
    private var isStopping = false
    private var isAdopting = false
    private var lastClocks: (wall: Int64, monotonic: Double)
    /// When the clock last jumped, and by how much.
    private(set) var jump: (time: Int64, seconds: Int64)?
    private(set) var historyFailure: Failure?
    /// What was open when the history could no longer be written: told without it.
    var toldWithoutHistory: Set<String> = []
    private var nextLoose: Int64 = -1
    private var lastPrune: Double?

    /// While the red button is pressed nothing is started but restore tests.
    private(set) var isIsolated = false
    /// Of the papers that policy is decided from, and when they were looked at.
    private var papers: Digest?

    /// Longest time from one turn to the next, in seconds: what grows late is noticed within it.
    package var longestPause: Int64 = 60

    /// Takes up where an earlier life ended: runs that left a report are done, the others were interrupted and are due again.
    package init(
        _ configuration: Configuration, roles: [String: TenantRoles], clock: any DaemonClock, history: HistoryStore, runner: any JobRunner,
        cores: Int = Threads.cores, language: Language, log: Logger
    ) throws {
        self.configuration = configuration
        self.roles = roles
        self.clock = clock
        self.history = history
        self.runner = runner
        self.cores = cores
        self.language = language
        self.log = log
        started = clock.now()
        lastClocks = (started, clock.monotonic())
        opensAt = lastClocks.monotonic + Self.firstLook
        budget = Budget(bytes: configuration.daemon.memory.bytes, cores: cores)
        configurationState.file = configuration.file
        configurationState.loaded = started
        records = try history.slotRecords()
        knowledge = try Knowledge(history)
        plan()
        isAdopting = true
        for run in try history.unfinished() { adopt(run) }
        isAdopting = false
        for task in tasks { if let run = try history.recent(1, of: task.name).first { lastRuns[task.name.description] = run } }
    }

    private func plan() {
        tasks = TaskList(configuration, roles: roles).tasks
        budget = budget.with(bytes: configuration.daemon.memory.bytes, cores: cores)
        wanted = wanted.filter { name in tasks.contains { $0.name == name } }
    }

    func task(_ name: TaskName) -> PlannedTask? { tasks.first { $0.name == name } }

    private func adopt(_ run: HistoryStore.Run) {
        running[run.id] = Running(task: run.task, slot: run.slot, started: run.started)
        let report = runner.leftReport(of: run.id)
        ended(JobEnd(run: run.id, exit: report?.exit ?? .interrupted, seconds: Double(max(0, started - run.started)), report: report))
    }

    // MARK: configuration

    /// Puts a configuration into effect; what runs goes on under the old one.
    package func apply(_ configuration: Configuration, roles: [String: TenantRoles]) {
        self.configuration = configuration
        self.roles = roles
        configurationState.loaded = clock.now()
        configurationState.refused = nil
        plan()
        for tenant in configuration.tenants where tenant.policy.profile ?? .none != .none { want(.observe, tenant.name) }
        log.info("configuration in effect", metadata: ["tasks": "\(tasks.count)"])
    }

    /// Keeps the old configuration, and says why.
    package func refuse(_ reason: String) {
        configurationState.refused = reason
        log.warning("configuration refused, the old one stays in effect")
    }

    // MARK: a turn

    /// Starts what is due and fits; returns the seconds after which to call again, at the latest.
    package func turn() -> Int64 {
        let now = clock.now()
        noticeJump(now)
        prune(now)
        guard !isStopping else { return longestPause }
        noticeIsolation()
        noticePapers()
        correctRecords(now)
        startDue(now)
        return pause(clock.now())
    }

    private func noticeJump(_ now: Int64) {
        let monotonic = clock.monotonic()
        let expected = lastClocks.wall + Int64(monotonic - lastClocks.monotonic)
        if abs(now - expected) > 60 {
            jump = (now, now - expected)
            log.warning("the clock jumped", metadata: ["seconds": "\(now - expected)"])
        } else if let jump, abs(now - jump.time) > 86_400 {
            self.jump = nil
        }
        lastClocks = (now, monotonic)
    }

    /// What a clock that was years ahead once wrote must not stop a schedule for years.
    private func correctRecords(_ now: Int64) {
        for task in tasks {
            let name = task.name.description
            guard var record = records[name], task.rule.correct(&record, now: now) else { continue }
            records[name] = record
            log.warning("a schedule was settled in the future: its clock was wrong", metadata: ["task": "\(name)"])
            keep { try history.keep(record, task.name) }
        }
    }

    /// What runs is stopped when the button is pressed: the gate lets none of it write any more.
    private func noticeIsolation() {
        let isOn = Isolation(state: configuration.node.state).isOn
        if isOn, !isIsolated {
            log.warning("isolated: nothing is sent or deleted")
            stopRuns()
        } else if !isOn, isIsolated {
            log.notice("isolation ended")
        }
        isIsolated = isOn
    }

    /// A paper that comes, goes or changes is judged at once; the clock does the rest, since each look at the sites judges them anew.
    private func noticePapers() {
        let judged = configuration.tenants.filter { $0.policy.profile ?? .none != .none }
        guard !judged.isEmpty else { return }
        let now = Dossier.fingerprint(configuration.papers)
        if let papers, papers != now { for tenant in judged { want(.observe, tenant.name) } }
        papers = now
    }

    private func prune(_ now: Int64) {
        // A day of a clock that did not jump goes before: one that is wrong would prune what is young.
        let monotonic = clock.monotonic()
        guard jump == nil, monotonic - (lastPrune ?? monotonic) >= 86_400 else {
            if lastPrune == nil || jump != nil { lastPrune = monotonic }
            return
        }
        lastPrune = monotonic
        keep { try history.prune(before: now - 400 * 86_400) }
    }

    private func isOpen(_ tenant: String) -> Bool { observed.contains(tenant) || clock.monotonic() >= opensAt }

    /// What is due: by its slot, or wanted.
    private func due(_ now: Int64) -> [(task: PlannedTask, slot: Int64?)] {
        tasks.compactMap { task in
            let name = task.name
            if isIsolated { return nil }
            guard !running.values.contains(where: { $0.task == name }) else { return nil }
            guard isOpen(name.tenant) || name.kind == .observe else { return nil }
            // A disk on a shelf is verified when it is connected.
            if [.verify, .probe].contains(name.kind), configuration.isOffline(name.subject), !knowledge.isReachable(name.tenant, name.subject) {
                return nil
            }
            let record = records[name.description] ?? SlotRecord()
            if name.kind == .observe, !observed.contains(name.tenant) { return (task, nil) }
            if let slot = task.rule.due(record, now: now) { return (task, slot) }
            // What failed waits its time, wanted or not.
            let isHeldBack = record.notBefore.map { $0 > now && $0 - now <= task.rule.wait(after: record.failures) } ?? false
            return wanted.contains(name) && !isHeldBack && wantedAt(task, now) <= now ? (task, nil) : nil
        }.sorted { ($0.task.rank, $0.slot ?? 0, $0.task.name) < ($1.task.rank, $1.slot ?? 0, $1.task.name) }
    }

    /// From when on a wanted task may run: at once, then after a time that doubles while it is wanted again and again.
    private func wantedAt(_ task: PlannedTask, _ now: Int64) -> Int64 {
        guard task.name.kind != .observe, let last = wantedRuns[task.name], last.time <= now else { return now }
        return last.time + task.rule.wait(after: last.count)
    }

    private func noteWanted(_ task: PlannedTask, _ now: Int64) {
        let last = wantedRuns[task.name]
        let isSoon = last.map { now - $0.time <= 2 * task.rule.wait(after: $0.count + 1) } ?? false
        wantedRuns[task.name] = (now, isSoon ? last!.count + 1 : 1)
    }

    private func startDue(_ now: Int64) {
        var isFull = false
        for (task, slot) in due(now) {
            let cost = JobCost.of(task.name.kind)
            // What comes first and does not fit is not overtaken again and again by what is smaller.
            if isFull, cost.cores > 0 { continue }
            guard budget.admits(cost, exclusive: task.exclusive, at: clock.monotonic()) else {
                if !budget.running.values.contains(where: { $0.exclusive == task.exclusive }) { isFull = true }
                continue
            }
            if slot == nil { noteWanted(task, now) }
            start(task.name, slot: slot, arguments: arguments(task.name, now), display: nil)
        }
    }

    /// Seconds until something is due next. What waits for room is started when a run ends.
    private func pause(_ now: Int64) -> Int64 {
        var next = now + longestPause
        for task in tasks where !running.values.contains(where: { $0.task == task.name }) && isOpen(task.name.tenant) {
            let record = records[task.name.description] ?? SlotRecord()
            let at = task.rule.next(record, now: now)
            if at > now { next = min(next, at) }
            if wanted.contains(task.name) {
                let from = max(record.notBefore ?? now, wantedAt(task, now))
                if from > now { next = min(next, from) }
            }
        }
        return max(1, next - now)
    }

    @discardableResult
    private func start(
        _ name: TaskName, slot: Int64?, arguments: [String], display: Job.Display?, output: (@Sendable (JobOutput) -> Void)? = nil
    ) -> Int64 {
        let now = clock.now()
        var run = nextLoose
        if !keep({ run = try history.begin(name, slot: slot, at: now) }) { nextLoose -= 1 }
        wanted.remove(name)
        running[run] = Running(task: name, slot: slot, started: now, output: output)
        budget.take(run, JobCost.of(name.kind), exclusive: task(name)?.exclusive ?? name.description, at: clock.monotonic())
        log.debug("run begins", metadata: ["run": "\(run)", "task": "\(name)"])
        runner.start(Job(run: run, task: name, arguments: arguments, display: display, output: output))
        return run
    }

    // MARK: a person's wish

    /// Throws `.usage` for a tenant, source or site that the configuration in effect does not have.
    package func check(_ name: TaskName) throws {
        guard let tenant = configuration.tenants.first(where: { $0.name == name.tenant }) else {
            throw Failure(.usage, .controlNotConfigured(name.tenant))
        }
        let isKnown =
            switch name.kind {
            case .backup, .restoreTest: configuration.sources.contains { $0.tenant == tenant.name && $0.name == name.subject }
            default: name.subject.isEmpty || tenant.sites.contains(name.subject)
            }
        guard isKnown else { throw Failure(.usage, .controlNotConfigured(name.subject)) }
    }

    /// Starts a run that a person asks for, at once. Throws `.refused` while one of the same kind is under way.
    package func request(
        _ name: TaskName, arguments: [String], display: Job.Display, output: @escaping @Sendable (JobOutput) -> Void
    ) throws -> Int64 {
        guard !isStopping else { throw Failure(.refused, .daemonStopping) }
        if name.kind != .restoreTest, let isolated = Isolation(state: configuration.node.state).refusal { throw isolated }
        let exclusive = task(name)?.exclusive ?? name.description
        if let other = running.values.first(where: { (task($0.task)?.exclusive ?? $0.task.description) == exclusive }) {
            throw Failure(.refused, .alreadyRunning("\(other.task)", Timestamp(seconds: other.started)), object: name.subject)
        }
        return start(name, slot: nil, arguments: arguments, display: display, output: output)
    }

    // MARK: the end of a run

    /// Takes in how a run ended. What it reported is kept before anything follows from it.
    package func ended(_ end: JobEnd) {
        guard let run = running.removeValue(forKey: end.run) else { return }
        budget.give(end.run)
        let now = clock.now()
        // Ended by a signal that is not this daemon's doing: it failed, and waits as what failed does.
        let isOurs = isStopping || isAdopting || isIsolated
        let end = end.exit == .interrupted && !isOurs ? JobEnd(run: end.run, exit: .failed, seconds: end.seconds, report: end.report) : end
        let report =
            end.report ?? WorkerReport(exit: end.exit, failures: end.exit == .failed ? [FailureRecord(Failure(.failed, .runKilled), language)] : [])
        let task = task(run.task)
        var record = records[run.task.description] ?? SlotRecord()
        if let rule = task?.rule { settle(&record, rule, run, end.exit, report, now) }
        records[run.task.description] = record
        let summary = RunRecorder.summary(report, of: run.task, language)
        let isKept = keep {
            try RunRecorder(history).absorb(report, of: run.task, at: now)
            if end.run > 0 {
                try history.end(
                    end.run, at: now, seconds: end.seconds, exit: end.exit, summary: summary, task: run.task, record: task == nil ? nil : record)
            }
        }
        // Else the next life of the daemon finds the report.
        if isKept { runner.forget(end.run) }
        lastRuns[run.task.description] = HistoryStore.Run(
            id: end.run, task: run.task, slot: run.slot, started: run.started, ended: now, seconds: end.seconds, exit: end.exit, summary: summary)
        learn(report, of: run.task, exit: end.exit, at: now)
        tell(end, run, RunRecorder.line(report, of: run.task, language))
        run.output?(.end(end.exit))
    }

    /// One line a run.
    private func tell(_ end: JobEnd, _ run: Running, _ summary: String) {
        // A look at the sites each hour is no news.
        let level: Logger.Level =
            run.task.kind == .observe && end.exit != .failed ? .debug : [.done, .interrupted].contains(end.exit) ? .info : .warning
        log.log(
            level: level, "run ended",
            metadata: [
                "run": "\(end.run)", "task": "\(run.task)", "exit": "\(end.exit.rawValue)", "seconds": "\((end.seconds * 10).rounded() / 10)",
                "result": "\(summary)",
            ])
    }

    private func settle(
        _ record: inout SlotRecord, _ rule: SlotRule, _ run: Running, _ exit: ExitStatus, _ report: WorkerReport, _ now: Int64
    ) {
        // A backup did its work when there is a snapshot, whatever else it met.
        let hasWorked = run.task.kind != .backup || !report.rows(BackupRow.self).isEmpty
        switch exit {
        case .interrupted: break
        case .done where hasWorked, .partial where hasWorked, .damaged where hasWorked:
            if let slot = run.slot { rule.settle(&record, slot: slot) } else { (record.failures, record.notBefore) = (0, nil) }
        // A look has done its work when it has seen the tenant, whatever policy says of a site.
        case .refused where run.task.kind == .observe && !report.rows([String: [StatusReport]].self).isEmpty:
            if let slot = run.slot { rule.settle(&record, slot: slot) } else { (record.failures, record.notBefore) = (0, nil) }
        default: rule.fail(&record, now: now)
        }
    }

    /// What follows from a report: what is known, and what is to be done next.
    private func learn(_ report: WorkerReport, of task: TaskName, exit: ExitStatus, at now: Int64) {
        switch task.kind {
        case .backup:
            let rows = report.rows(BackupRow.self)
            if rows.contains(where: { $0.sites.contains { !$0.committed && !configuration.isOffline($0.site) } }) { want(.replicate, task.tenant) }
            want(.observe, task.tenant)
        case .replicate:
            for place in repairing where place.tenant == task.tenant { wanted.insert(place) }
            if exit == .done { repairing = repairing.filter { $0.tenant != task.tenant } }
            want(.observe, task.tenant)
        case .verify:
            for row in report.rows(VerifyRow.self) {
                knowledge.verify(row, at: now)
                guard row.damaged > 0 else { continue }
                repairing.insert(TaskName(.verify, row.tenant, row.site))
                want(.replicate, row.tenant)
            }
        case .probe: for row in report.rows(ProbeReport.self) { knowledge.probe(task.tenant, row, at: now) }
        case .restoreTest: for row in report.rows(RestoreTestRow.self) { knowledge.test(task.tenant, row.source, Overview.RestoreTest(row, at: now)) }
        case .observe: learnStatus(report, task, exit, now)
        case .retention: want(.observe, task.tenant)
        case .collect, .renew: break
        }
    }

    private func want(_ kind: TaskName.Kind, _ tenant: String, _ subject: String = "") {
        let name = TaskName(kind, tenant, subject)
        if task(name) != nil { wanted.insert(name) }
    }

    private func learnStatus(_ report: WorkerReport, _ task: TaskName, _ exit: ExitStatus, _ now: Int64) {
        // One that fails is not waited for: backups are more than what is known of them.
        if exit != .interrupted { observed.insert(task.tenant) }
        for row in report.rows([String: [StatusReport]].self).flatMap({ $0["tenants"] ?? [] }) {
            keep { try knowledge.observe(row, at: now, history) }
            for source in row.sources { settleSeen(source, row.tenant, now) }
            // Nothing is copied to where policy lets nothing go.
            let refused = Set((row.policy ?? []).filter { !$0.mayWrite }.compactMap(\.site))
            let isBehind = row.sites.contains { site in
                site.reachable && !configuration.isOffline(site.site) && !refused.contains(site.site) && !knowledge.isLevel(row.tenant, site.site)
            }
            if isBehind { want(.replicate, row.tenant) }
        }
    }

    /// A snapshot that is there settles its slot, whoever took it: a lost history, or a command while the daemon was away.
    private func settleSeen(_ source: StatusReport.Source, _ tenant: String, _ now: Int64) {
        let name = TaskName(.backup, tenant, source.source)
        guard let time = source.last_time, time <= now, let rule = task(name)?.rule else { return }
        var record = records[name.description] ?? SlotRecord()
        let slot = rule.schedule.slot(atOrBefore: time - rule.offset)
        guard slot > record.settled ?? .min else { return }
        rule.settle(&record, slot: slot)
        records[name.description] = record
        keep { try history.keep(record, name) }
    }

    /// Reads from the history; that it can be read does not mean that it can be written.
    @discardableResult
    func look(_ body: () throws -> Void) -> Bool { attempt(body, isWrite: false) }

    /// Notes what cannot be written, and goes on: a full disk here must not stop a backup. Whether it worked.
    @discardableResult
    func keep(_ body: () throws -> Void) -> Bool { attempt(body, isWrite: true) }

    private func attempt(_ body: () throws -> Void, isWrite: Bool) -> Bool {
        do {
            try body()
            if isWrite { historyFailure = nil }
            return true
        } catch {
            let failure = failures(of: error).first ?? Failure(.failed, .unexpectedError("\(error)"))
            if historyFailure == nil { log.error("the history cannot be written", metadata: ["reason": "\(failure.message.text(language))"]) }
            historyFailure = failure
            return false
        }
    }

    // MARK: stopping

    /// Starts nothing more. What runs may end by itself; `stopRuns` asks it to.
    package func stop() { isStopping = true }

    package func stopRuns() { for run in running.keys { runner.stop(run) } }

    package var isIdle: Bool { running.isEmpty }
}
