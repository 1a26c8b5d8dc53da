import Base
import Foundation
import Logging
import Operations
import Scheduling
import TestSupport
import Verification

@testable import Daemon

/// A clock that tests move: the wall's, which may jump, and the one that never does.
final class SimulatedClock: DaemonClock {
    private let state: Monitor<(wall: Int64, monotonic: Double)>

    init(_ start: Int64) {
        state = Monitor((start, 0))
        TestClock.set(Timestamp(seconds: start))
    }

    func now() -> Int64 { state.look { $0.wall } }
    func monotonic() -> Double { state.look { $0.monotonic } }

    func advance(_ seconds: Int64) {
        state.look { ($0.wall, $0.monotonic) = ($0.wall + seconds, $0.monotonic + Double(seconds)) }
        TestClock.set(Timestamp(seconds: now()))
    }

    /// The wall's clock is set wrong, or right again.
    func jump(_ seconds: Int64) {
        state.look { $0.wall += seconds }
        TestClock.set(Timestamp(seconds: now()))
    }
}

/// Does the jobs in this process, with the commands' own operations, at once; each then takes its simulated time.
final class InProcessRunner: JobRunner {
    struct Done {
        let end: JobEnd
        let at: Double
    }

    private(set) var pending: [Done] = []
    private(set) var started: [(task: TaskName, time: Int64, exit: ExitStatus)] = []
    private let clock: SimulatedClock
    /// What runs go by; the daemon of the simulation gives it.
    var configuration: Configuration
    /// Seconds that a run of a kind takes.
    var durations: [TaskName.Kind: Double] = [:]
    /// Called before a job is done.
    var before: (Job) -> Void = { _ in }

    init(_ configuration: Configuration, _ clock: SimulatedClock) {
        self.configuration = configuration
        self.clock = clock
    }

    func start(_ job: Job) {
        before(job)
        let report = perform(job)
        started.append((job.task, clock.now(), report.exit))
        let seconds = durations[job.task.kind] ?? 20
        pending.append(Done(end: JobEnd(run: job.run, exit: report.exit, seconds: seconds, report: report), at: clock.monotonic() + seconds))
    }

    /// The ends that are due, each once.
    func takeEnded() -> [JobEnd] {
        let now = clock.monotonic()
        defer { pending.removeAll { $0.at <= now } }
        return pending.filter { $0.at <= now }.map(\.end)
    }

    func stop(_ run: Int64) {}
    func progress(of run: Int64) -> UInt64 { 0 }
    func leftReport(of run: Int64) -> WorkerReport? { nil }
    func forget(_ run: Int64) {}

    private func perform(_ job: Job) -> WorkerReport {
        do {
            let workspace = try Workspace(configuration, tenant: job.task.tenant) { nil }
            var report = try perform(job, workspace)
            report.exit = report.failures.reduce(report.exit) { $0.combined(with: ExitStatus(rawValue: $1.exit)!) }
            return report
        } catch {
            let found = failures(of: error)
            return WorkerReport(exit: found.reduce(.done) { $0.combined(with: $1.exitStatus) }, failures: found.map { FailureRecord($0, .english) })
        }
    }

    private func perform(_ job: Job, _ workspace: Workspace) throws -> WorkerReport {
        switch job.task.kind {
        case .backup:
            let operation = try BackupOperation(workspace, try configuration.source(job.task.subject))
            let result = try operation.run { _ in }
            try operation.noteLacks(result)
            return WorkerReport(exit: result.status, rows: [try JSONLine.encode(BackupRow(job.task.subject, result, [:]))])
        case .replicate:
            let outcome = try SiteLevelling.run(workspace, to: nil) { _, _ in }
            return WorkerReport(
                exit: outcome.reports.reduce(.done) { $0.combined(with: $1.status) }, failures: outcome.failures.map { FailureRecord($0, .english) },
                rows: try outcome.reports.map { try JSONLine.encode(ReplicateRow(job.task.tenant, $0, [:])) })
        case .verify:
            var options = VerificationOptions()
            options.threads = 1
            let at = job.arguments.firstIndex(of: "--read")!
            options.selection = try VerifyOperation.selection(job.arguments[at + 1])
            let outcome = try VerifyOperation.run(workspace, site: job.task.subject, options: options) { _ in }
            return WorkerReport(
                exit: outcome.status, failures: outcome.failures.map { FailureRecord($0, .english) },
                rows: try outcome.reports.map { try JSONLine.encode(VerifyRow(job.task.tenant, $0, [:], .english)) })
        case .observe:
            let report = try StatusReport(workspace, site: nil, language: .english)
            return WorkerReport(exit: report.status, rows: [try JSONLine.encode(["tenants": [report]])])
        case .probe, .renew, .retention, .collect: return WorkerReport(exit: .done)
        case .restoreTest:
            let rows = try RestoreTestOperation.run(workspace, sources: [job.task.subject])
            return WorkerReport(
                exit: rows.reduce(.done) { $0.combined(with: ExitStatus(rawValue: $1.status)!) }, rows: try rows.map { try JSONLine.encode($0) })
        }
    }
}

/// A hospital of simulated days: real sources, real sites in folders, the real engine.
final class Hospital {
    static let start: Int64 = 1_793_491_200  // 2026-11-01 00:00 UTC
    let folder: TemporaryFolder
    let clock = SimulatedClock(Hospital.start)
    let history: HistoryStore
    let configuration: Configuration
    let runner: InProcessRunner
    private(set) var engine: Engine!

    /// `text`: of the configuration, in which `ROOT` stands for the folder.
    init(_ text: String) throws {
        folder = try TemporaryFolder()
        let reading = Configuration.read(text.replacing("ROOT", with: folder.path), file: "test.toml", hostName: "host")
        guard let configuration = reading.configuration else { throw Failures(reading.problems.map(\.failure)) }
        self.configuration = configuration
        for source in configuration.sources {
            if case .paths(let paths) = source.content { for path in paths { try Files.makeFolder(path, mode: 0o755) } }
        }
        _ = try Initialisation(configuration, tenant: nil).create(elsewhere: nil, passphrase: nil) { _ in }
        history = try HistoryStore(path: folder.path + "/state/history.sqlite")
        runner = InProcessRunner(configuration, clock)
        try restart()
    }

    deinit { TestClock.set(nil) }

    /// The daemon begins a new life with what it kept.
    func restart() throws {
        engine = try Engine(
            configuration, roles: TenantRoles.all(configuration), clock: clock, history: history, runner: runner, cores: 2, language: .english,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        engine.longestPause = 900
    }

    /// Lets so many seconds pass. `each`: called at every turn.
    func run(for seconds: Int64, each: () throws -> Void = {}) rethrows {
        let end = clock.monotonic() + Double(seconds)
        while clock.monotonic() < end {
            let pause = engine.turn()
            engine.announce(to: [])
            try each()
            let next = runner.pending.map(\.at).min() ?? .infinity
            let left = min(Double(pause), next - clock.monotonic(), end - clock.monotonic())
            clock.advance(max(1, Int64(left.rounded(.up))))
            for end in runner.takeEnded() { engine.ended(end) }
        }
    }

    func runDays(_ days: Int, each: () throws -> Void = {}) rethrows { try run(for: Int64(days) * 86_400, each: each) }

    func write(_ path: String, _ text: String) throws { try folder.write(path, Array(text.utf8)) }

    var overview: Overview { engine.overview(.english) }

    func site(_ name: String) -> Overview.Site { overview.tenants[0].sites.first { $0.name == name }! }
    func source(_ name: String) -> Overview.Source { overview.tenants[0].sources.first { $0.name == name }! }
    var keys: [String] { overview.alerts.map(\.key) }
}
