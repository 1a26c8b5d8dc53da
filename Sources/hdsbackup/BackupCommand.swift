import ArgumentParser
import Backup
import Base
import Operations

struct BackupCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "backup", abstract: help(.helpBackup))
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp(help(.helpSources), valueName: "source")) var sources: [String] = []

    var journaled: JournaledAct? { JournaledAct(.backup, "backup") }

    func act(_ session: CommandSession) throws -> ExitStatus {
        if let daemon = try session.daemon() { return try run(through: daemon, session) }
        var status = ExitStatus.done
        var isAny = false
        let workspaces = try session.workspaces()
        let known = workspaces.flatMap { workspace in workspace.configuration.sources.filter { $0.tenant == workspace.tenant.name }.map(\.name) }
        if let unknown = sources.first(where: { !known.contains($0) }) { throw Failure(.usage, .unknownSource, object: unknown) }
        for workspace in workspaces {
            let own = workspace.configuration.sources.filter { $0.tenant == workspace.tenant.name }.map(\.name)
            let wanted = sources.filter { own.contains($0) }
            guard sources.isEmpty || !wanted.isEmpty else { continue }
            for source in try workspace.configuration.sources(of: workspace.tenant, named: wanted) {
                isAny = true
                do { status = status.combined(with: try take(workspace, source, session)) } catch {
                    session.console.report(error)
                    session.record(TaskName(.backup, workspace.tenant.name, source.name), exit: failures(of: error).first?.exitStatus ?? .failed)
                }
            }
        }
        if !isAny { throw Failure(.usage, .noSourceConfigured) }
        return status
    }

    /// One run of the daemon for each source, one after the other.
    private func run(through daemon: ControlClient, _ session: CommandSession) throws -> ExitStatus {
        let configuration = try session.configuration()
        let tenants = try session.tenants()
        let known = configuration.sources.filter { source in tenants.contains { $0.name == source.tenant } }
        if let unknown = sources.first(where: { name in !known.contains { $0.name == name } }) {
            throw Failure(.usage, .unknownSource, object: unknown)
        }
        let chosen = known.filter { sources.isEmpty ? $0.content != .standardInput : sources.contains($0.name) }
        guard !chosen.isEmpty else { throw Failure(.usage, .noSourceConfigured) }
        var status = ExitStatus.done
        for source in chosen {
            // What is piped into this command does not reach the daemon.
            guard source.content != .standardInput else {
                status = status.combined(with: try take(Workspace(configuration, tenant: source.tenant) { nil }, source, session))
                continue
            }
            do {
                status = status.combined(with: try RemoteRun(daemon, session.console).run(.backup, tenant: source.tenant, subject: source.name))
            } catch { session.console.report(error) }
        }
        return status
    }

    private func take(_ workspace: Workspace, _ source: Configuration.Source, _ session: CommandSession) throws -> ExitStatus {
        let console = session.console
        let line = console.progress(source.name)
        let watcher = ProgressWatcher(line)
        defer { watcher.stop() }
        let began = Timestamp.now().seconds
        let operation = try BackupOperation(workspace, source)
        let result = try operation.run { watcher.follow($0) }
        watcher.stop()
        // The snapshot is safe where it is: a note that cannot be kept is told and changes nothing.
        do { try operation.noteLacks(result) } catch { for failure in failures(of: error) { console.note(failure.text(console.language)) } }
        var status = result.status
        for problem in result.problems { console.note("  \(printable(problem.path)): \(problem.message.text(console.language))") }
        for site in result.sites {
            guard let failure = site.failure, !site.isExcused else { continue }
            if site.isBehind, let copied = try? SiteLevelling.bring(workspace, to: site.site) {
                console.note(Message.levelled(site.site, copied))
                if result.sites.allSatisfy({ $0.isCommitted || $0.isExcused || $0.site == site.site }), result.outline.isComplete { status = .done }
            } else {
                console.note("  " + failure.of(site.site).text(console.language))
            }
        }
        let row = BackupRow(source.name, result, workspace.trafficRows)
        console.row(row) { show(source.name, result, console) }
        session.note(
            TaskName(.backup, workspace.tenant.name, source.name), began: began, seconds: result.seconds, exit: status, rows: row,
            details: row.facts)
        return status
    }

    private func show(_ name: String, _ result: BackupResult, _ console: Console) {
        let counts = result.outline.counts
        console.summary(
            Message.snapshotTaken(
                name, String(result.snapshot.hex.prefix(12)), console.language.count(counts.files), console.language.size(counts.bytes),
                console.language.size(counts.storedBytes), console.language.duration(seconds: result.seconds)
            ).text(console.language))
        console.summary(Message.copiesAt(result.sites.filter(\.isCommitted).map(\.site).joined(separator: ", ")).text(console.language))
        if !result.outline.isComplete { console.note("  " + Message.partialSnapshot(counts.problems).text(console.language)) }
    }
}

/// Copies a run's figures to a line of progress, five times a second.
final class ProgressWatcher: Sendable {
    private struct State {
        var progress: BackupProgress?
        var last = BackupProgress.Figures()
        var isOver = false
    }
    private let state = Monitor(State())
    private let line: ProgressLine
    private let thread: Threads.Handle

    init(_ line: ProgressLine) {
        self.line = line
        let state = state
        thread = Threads.start("progress") {
            while !state.wait(atMost: 0.2, until: { $0.isOver }) {
                state.look { state in
                    guard let now = state.progress?.figures else { return }
                    line.add(
                        bytes: Int(now.seenBytes - state.last.seenBytes), new: Int(now.storedBytes - state.last.storedBytes),
                        items: Int(now.entries - state.last.entries))
                    state.last = now
                }
            }
            line.finish()
        }
    }

    func follow(_ progress: BackupProgress) { state.look { $0.progress = progress } }

    /// Takes the line away; may be called twice.
    func stop() {
        if state.change({ state in
            defer { state.isOver = true }
            return state.isOver
        }) {
            return
        }
        thread.join()
    }
}
