import ArgumentParser
import Base
import CLinux
import Glibc
import Journal
import Operations

/// The program: arguments in, exit status out.
@main
struct Program {
    static func main() {
        CommandSession.prepareSignals()
        do {
            var command = try Hdsbackup.parseAsRoot(Array(programArguments.dropFirst()))
            try command.run()
        } catch let status as ExitCode {
            exit(status.rawValue)
        } catch {
            let isHelp = Hdsbackup.exitCode(for: error) == .success
            let text = Hdsbackup.fullMessage(for: error, columns: nil)
            writeLine(text, to: isHelp ? 1 : 2)
            exit(isHelp ? 0 : ExitStatus.usage.rawValue)
        }
    }
}

/// The words that the program was called with. `CommandLine` reads them from /proc, which a bare machine may lack.
let programArguments: [String] = (0..<clinux_argument_count()).map { String(cString: clinux_argument($0)) }

struct Hdsbackup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hdsbackup", abstract: help(.helpProgram), version: programVersion,
        subcommands: [
            InitCommand.self, RecoverCommand.self, BackupCommand.self, SnapshotsCommand.self, LsCommand.self, FindCommand.self, CatCommand.self,
            DiffCommand.self, RestoreCommand.self, RestoreTestCommand.self, DrillCommand.self, VerifyCommand.self, ReplicateCommand.self,
            StatusCommand.self, KeysCommand.self, ConfigCommand.self, SiteCommand.self, AnomalyCommand.self, CollectCommand.self,
            IndexCommand.self, RetentionCommand.self, HoldCommand.self, JournalCommand.self, PolicyCommand.self, EvidenceCommand.self,
            WhereCommand.self, IsolateCommand.self, TransfersCommand.self, EvacuateCommand.self, MigrateCommand.self, ReportCommand.self,
        ])
}

/// The flags that every command takes.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp(help(.helpConfig), valueName: "file")) var config: String = Configuration.defaultPath
    @Option(help: ArgumentHelp(help(.helpTenant), valueName: "tenant")) var tenant: String?
    @Option(help: ArgumentHelp(help(.helpSite), valueName: "site")) var site: String?
    @Flag(help: ArgumentHelp(help(.helpJSON))) var json = false
    @Flag(help: ArgumentHelp(help(.helpQuiet))) var quiet = false
    @Flag(help: ArgumentHelp(help(.helpNoProgress))) var noProgress = false
    @Option(help: ArgumentHelp(help(.helpLang), valueName: "fr|en")) var lang: String?
    @Option(help: ArgumentHelp(help(.helpPassphraseFD), valueName: "n")) var passphraseFd: Int32?
    @Flag(help: ArgumentHelp(help(.helpAlone))) var alone = false
    @OptionGroup(visibility: .private) var worker: WorkerOptions
}

/// What the daemon gives a command that it starts: not for people.
struct WorkerOptions: ParsableArguments {
    /// Where the rows of results and the exit status are put down, in a file that appears whole.
    @Option(help: .private) var report: String?
    /// A pipe that gets a JSON object a second: how far the work is.
    @Option(help: .private) var progressFd: Int32?
    /// The configuration file that `--config` is a copy of: papers lie beside it.
    @Option(help: .private) var origin: String?
    /// The process whose end ends this one.
    @Option(help: .private) var parent: Int32?
}

/// A command of the operator: does its work with a session and says how it went.
protocol OperatorCommand: ParsableCommand {
    var common: CommonOptions { get }
    /// What it is to the journal; nil for what only looks at this machine.
    var journaled: JournaledAct? { get }
    func act(_ session: CommandSession) throws -> ExitStatus
}

extension OperatorCommand {
    var journaled: JournaledAct? { nil }

    func run() throws {
        let session: CommandSession
        do {
            session = try CommandSession(
                config: common.config, tenant: common.tenant, site: common.site, isJSON: common.json, isQuiet: common.quiet,
                hidesProgress: common.noProgress, language: common.lang, passphraseDescriptor: common.passphraseFd,
                isAlone: common.alone, keepsRows: common.worker.report != nil, origin: common.worker.origin)
            if let parent = common.worker.parent { try WorkerReport.follow(parent) }
            if let descriptor = common.worker.progressFd { session.console.tellProgress(to: descriptor) }
        } catch {
            for failure in failures(of: error) { writeLine("hdsbackup: " + failure.text(helpLanguage), to: 2) }
            throw ExitCode(ExitStatus.usage.rawValue)
        }
        let status: ExitStatus
        do {
            try session.begin(journaled)
            let own = try act(session)
            session.end(own)
            status = session.console.finish(own)
        } catch {
            session.end(error)
            status = session.console.finish(error)
        }
        if let report = common.worker.report { WorkerReport.write(session.console, status, to: report) }
        throw ExitCode(status.rawValue)
    }
}

/// Help is printed before any command runs: its language comes from the arguments and the locale.
let helpLanguage: Language = {
    let arguments = programArguments
    let option: String? = arguments.firstIndex(of: "--lang").flatMap { (at: Int) -> String? in at + 1 < arguments.count ? arguments[at + 1] : nil }
    return (try? Language(option: option, environment: environmentVariables())) ?? .english
}()

func help(_ message: Message) -> String { message.text(helpLanguage) }
