import ArgumentParser
import Base
import CLinux
import Daemon
import Glibc
import Logging
import Operations

/// The daemon: arguments in, exit status out.
@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hdsbackupd", abstract: "The hdsbackup daemon: schedules, verification, restore tests, control, dashboard.",
        version: programVersion)

    @Option(help: ArgumentHelp("Configuration.", valueName: "file")) var config: String = Operations.Configuration.defaultPath
    @Option(help: ArgumentHelp("The program that does the work; hdsbackup beside this one.", valueName: "path")) var worker: String?
    @Option(help: ArgumentHelp("Lines for the journal, or JSON.", valueName: "journal|json")) var logFormat: LogFormat = .journal
    @Option(help: ArgumentHelp("debug, info, notice, warning or error.", valueName: "level")) var logLevel: Level = .info
    @Option(help: ArgumentHelp("Seconds that runs may take to end once the daemon is to stop.", valueName: "s")) var grace: Double = 60
    @Option(help: ArgumentHelp("Language of alerts; by default the locale's.", valueName: "fr|en")) var lang: String?

    enum LogFormat: String, ExpressibleByArgument, CaseIterable {
        case journal, json
    }

    enum Level: String, ExpressibleByArgument, CaseIterable {
        case debug, info, notice, warning, error
    }

    /// As in hdsbackup: the words that the program was called with, whatever was done to the environment before.
    static func main() async {
        await main((1..<max(1, clinux_argument_count())).map { String(cString: clinux_argument($0)) })
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let environment = environmentVariables()
        let level = Logger.Level(rawValue: logLevel.rawValue)!
        let format = ServiceLog.Format(rawValue: logFormat.rawValue)!
        LoggingSystem.bootstrap { ServiceLog($0, format: format, level: level) }
        let log = Logger(label: "hdsbackupd")
        do {
            let language = try Language(option: lang, environment: environment)
            var options = Daemon.Options(configuration: absolute(config), worker: try workerPath(), language: language)
            options.grace = grace
            try await Daemon(options, log: log, environment: environment).run()
        } catch {
            let found = failures(of: error)
            for failure in found { log.critical("\(failure.text(.english))") }
            throw ExitCode(found.reduce(ExitStatus.done) { $0.combined(with: $1.exitStatus) }.rawValue)
        }
    }

    /// The program of that name beside this one, wherever both are installed.
    private func workerPath() throws -> String {
        if let worker { return absolute(worker) }
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let own = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/hdsbackup"
        guard access(String(path), X_OK) == 0 else { throw Failure(.usage, .workerMissing, object: String(path)) }
        return String(path)
    }
}
