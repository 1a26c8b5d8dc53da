import Base
import CLinux
import Codec
import Glibc
import Journal
import Keys

/// Version of the program, as manifests and `--version` tell it.
package let programVersion = "0.1.0"

/// The environment as a dictionary.
package func environmentVariables() -> [String: String] {
    var variables: [String: String] = [:]
    var at = environ
    while let entry = at.pointee {
        let text = String(cString: entry)
        if let equals = text.firstIndex(of: "=") { variables[String(text[..<equals])] = String(text[text.index(after: equals)...]) }
        at += 1
    }
    return variables
}

/// What a command of the operator works with: console, configuration, passphrase.
package final class CommandSession: Sendable {
    package let console: Console
    package let siteName: String?
    private let configurationPath: String
    private let origin: String?
    private let tenantName: String?
    private let passphraseSource: Passphrase
    private let isAlone: Bool
    let isWorker: Bool
    let journal = Monitor(CommandJournal())

    /// Which of our programs the command is for the journal: what the daemon starts is the daemon.
    var program: Identity.Program { isWorker ? .daemon : .command }

    package init(
        config: String, tenant: String?, site: String?, isJSON: Bool, isQuiet: Bool, hidesProgress: Bool, language: String?,
        passphraseDescriptor: Int32?, isAlone: Bool = false, keepsRows: Bool = false, origin: String? = nil
    ) throws {
        var options = Console.Options()
        options.language = language
        options.isJSON = isJSON
        options.isQuiet = isQuiet
        options.hidesProgress = hidesProgress
        options.keepsRows = keepsRows
        let environment = environmentVariables()
        console = try Console(options, environment: environment)
        configurationPath = config
        self.origin = origin
        tenantName = tenant
        siteName = site
        self.isAlone = isAlone
        isWorker = keepsRows
        passphraseSource = Passphrase(descriptor: passphraseDescriptor, environment: environment, language: console.language)
    }

    package var language: Language { console.language }

    /// Throws `Failures` with every mistake of the file.
    package func configuration() throws -> Configuration {
        var configuration = try Configuration.load(configurationPath)
        if let origin { configuration.papers.move(from: configurationPath, to: origin) }
        return configuration
    }

    package var configurationFile: String { configurationPath }

    /// Every tenant that the flags mean, opened.
    package func workspaces() throws -> [Workspace] {
        let configuration = try configuration()
        let names = tenantName.map { [$0] } ?? configuration.tenants.map(\.name)
        return try names.map { name in try opened(Workspace(configuration, tenant: name) { try self.passphrase() }) }
    }

    /// The daemon, where one runs and the command is not to do without. Throws `.refused` when this user may not speak to it.
    /// `ofSameState`: only one that works with the state folder of the configuration; else any that listens where it says.
    package func daemon(ofSameState: Bool = true) throws -> ControlClient? {
        if isAlone { return nil }
        let configuration: Configuration
        do { configuration = try self.configuration() } catch {
            // A file that is wrong just now must not hide a daemon that goes on well.
            guard let daemon = try ControlClient(socket: Configuration.Daemon().socket) else { throw error }
            return daemon
        }
        guard let daemon = try ControlClient(socket: configuration.daemon.socket) else { return nil }
        return try !ofSameState || daemon.state() == configuration.node.state ? daemon : nil
    }

    /// Names of the tenants that the flags mean. Throws `.usage` for one that is not there.
    package func tenants() throws -> [Configuration.Tenant] {
        let configuration = try configuration()
        return try tenantName.map { [try configuration.tenant($0)] } ?? configuration.tenants
    }

    /// The one tenant that the flags mean.
    package func workspace() throws -> Workspace {
        try opened(Workspace(configuration(), tenant: tenantName) { try self.passphrase() })
    }

    /// What happened on this machine.
    package func history() throws -> HistoryStore { try HistoryStore(path: HistoryStore.path(state: configuration().node.state)) }

    /// Keeps a run in the journal, and one of a command alone in the history, as the daemon does with its own; a worker of the daemon leaves that to it. A history that
    /// cannot be written is told and changes nothing.
    package func note(
        _ task: TaskName, began: Int64, seconds: Double, exit: ExitStatus, rows: some Encodable, details: [Word: EntryValue] = [:]
    ) {
        record(task, exit: exit, details: details)
        guard !isWorker else { return }
        do {
            let history = try history()
            let now = Timestamp.now().seconds
            let report = WorkerReport(exit: exit, rows: [try JSONLine.encode(rows)])
            let run = try history.begin(task, slot: nil, at: began)
            try RunRecorder(history).absorb(report, of: task, at: now)
            try history.end(
                run, at: now, seconds: seconds, exit: exit, summary: RunRecorder.summary(report, of: task, language), task: task, record: nil)
        } catch { for failure in failures(of: error) { console.note(failure.text(language)) } }
    }

    /// Who is at work, as the system knows it: the user who logged in where that is known (sudo changes the user, not the login), else the
    /// process's own.
    package static func person() -> String {
        let login = (try? Files.read("/proc/self/loginuid", limit: 32)).flatMap { $0 }.flatMap {
            UInt32(String(decoding: $0, as: UTF8.self).filter(\.isNumber))
        }
        let uid = login.flatMap { $0 == .max ? nil : $0 } ?? getuid()
        var name = [CChar](repeating: 0, count: 256)
        return clinux_user_name(uid, &name, name.count) == 0
            ? String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "\(uid)"
    }

    package func initialisation() throws -> Initialisation { try Initialisation(configuration(), tenant: tenantName) }

    /// Asks for the passphrase of the restore key.
    package func passphrase() throws -> Secret? { try passphraseSource.read() }

    /// A new passphrase where one is offered: none when neither a source nor a terminal is there.
    package func newPassphrase() throws -> Secret? {
        do { return try passphraseSource.readNew() } catch let failure as Failure where failure.message.code == Message.passphraseNeeded.code {
            return nil
        }
    }

    /// An interrupted run is like a killed one: nothing needs undoing, and the next goes on. Only what a `before` hook froze is thawed
    /// (`Interruption`). To be called before there are threads.
    package static func prepareSignals() {
        signal(SIGPIPE, SIG_IGN)
        Interruption.watch([SIGINT, SIGTERM])
    }
}
