import Base
import Journal
import Logging
import Operations

/// Puts a changed configuration into effect, or says why not and leaves everything as it was.
///
/// Runs read a copy of what is in effect, kept in the state folder: a file that is being edited, or wrong, disturbs none of them.
final class Reloader: Sendable {
    private let path: String
    private let loop: EngineLoop
    private let notifier: Notifier
    private let log: Logger
    private let language: Language
    private let effective: Monitor<Configuration>
    private let applied: @Sendable (Configuration) -> Void

    init(
        path: String, loop: EngineLoop, notifier: Notifier, log: Logger, language: Language, effective: Configuration,
        applied: @escaping @Sendable (Configuration) -> Void
    ) {
        self.path = path
        self.loop = loop
        self.notifier = notifier
        self.log = log
        self.language = language
        self.effective = Monitor(effective)
        self.applied = applied
    }

    /// The file that runs go by.
    static func effectivePath(_ state: String) -> String { state + "/runs/config.toml" }

    /// Reads the file and keeps the copy for runs. Throws `Failures` with all that is wrong in it.
    static func load(_ path: String) throws -> Configuration {
        guard let bytes = try Files.read(path, limit: 1 << 20) else { throw Failure(.usage, .configMissing, object: path, remedy: .configWriteOne) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure(.usage, .configNotUTF8, object: path) }
        let reading = Configuration.read(text, file: path, hostName: Configuration.machineName())
        guard let configuration = reading.configuration else { throw Failures(reading.problems.map(\.failure)) }
        try Files.makeFolder(configuration.node.state + "/runs")
        try Files.replace(effectivePath(configuration.node.state), bytes)
        return configuration
    }

    /// What is wrong; empty when the file is in effect now. `peer`: who asked, where somebody did.
    func reload(by peer: Peer? = nil) -> [Failure] {
        notifier.reloading()
        defer { notifier.ready() }
        do {
            let old = effective.look { $0 }
            let text = try Files.read(path, limit: 1 << 20).flatMap { String(validating: $0, as: UTF8.self) }
            // Looked at before it is kept: what cannot change is no part of what runs go by.
            if let new = text.flatMap({ Configuration.read($0, file: path, hostName: Configuration.machineName()).configuration }) {
                try Self.check(new, against: old)
            }
            let new = try Self.load(path)
            effective.look { $0 = new }
            applied(new)
            loop.post { $0.apply(new, roles: TenantRoles.all(new)) }
            NodeJournal(new, log).record(JournalEvent(.configuration, .done, access: peer.map { _ in JournalEvent.Access() }), by: peer)
            return []
        } catch {
            let problems = failures(of: error)
            let reason = problems.first?.text(language).replacing("\n", with: " ") ?? "?"
            loop.post { $0.refuse(reason) }
            let event = JournalEvent(
                .configuration, .failed, details: ["mistakes": .count(problems.count)], access: peer.map { _ in JournalEvent.Access() })
            NodeJournal(effective.look { $0 }, log).record(event, by: peer)
            return problems
        }
    }

    /// Throws `.usage` for a change that takes a restart.
    private static func check(_ new: Configuration, against old: Configuration) throws {
        let fixed: [(String, Bool)] = [
            ("node.state", new.node.state == old.node.state), ("daemon.socket", new.daemon.socket == old.daemon.socket),
            ("daemon.listen", new.daemon.listen == old.daemon.listen),
        ]
        if let changed = fixed.first(where: { !$0.1 }) { throw Failure(.usage, .configNeedsRestart(changed.0), object: old.file) }
    }
}
