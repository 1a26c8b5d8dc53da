import AsyncHTTPClient
import Base
import CLinux
import Glibc
import Hummingbird
import Journal
import Logging
import NIOPosix
import Operations
import ServiceLifecycle

/// The daemon put together: engine, workers, control socket, dashboard, courier, signals.
package final class Daemon: Sendable {
    package struct Options: Sendable {
        package var configuration: String
        /// The program that does the work, `hdsbackup`.
        package var worker: String
        package var language: Language
        /// Seconds that runs may take to end by themselves once the daemon is to stop.
        package var grace = 60.0

        package init(configuration: String, worker: String, language: Language) {
            self.configuration = configuration
            self.worker = worker
            self.language = language
        }
    }

    private let options: Options
    private let log: Logger
    private let notifier: Notifier
    private let clock = SystemClock()

    package init(_ options: Options, log: Logger, environment: [String: String]) {
        self.options = options
        self.log = log
        notifier = Notifier(environment: environment)
    }

    /// Runs until SIGTERM or SIGINT. Throws what keeps it from starting: a wrong configuration, another daemon with the same state.
    package func run() async throws {
        let lock = try Self.lock(Configuration.load(options.configuration).node.state)
        defer { withExtendedLifetime(lock) {} }
        let configuration = try Reloader.load(options.configuration)
        let history = try HistoryStore(path: HistoryStore.path(state: configuration.node.state))
        let runs = configuration.node.state + "/runs"
        let client = Self.client
        let courier = Courier(
            Self.channels(configuration, client: client, clock: clock, log: log), history: history, clock: clock, language: options.language, log: log
        )
        let loop = EngineLoop(clock: clock, notifier: notifier, courier: courier, channels: Self.channelNames(configuration))
        let isolation = Isolation(state: configuration.node.state)
        let heart = Heartbeat(client: client, log: log)
        heart.set(configuration.alert)
        let reloader = Reloader(
            path: options.configuration, loop: loop, notifier: notifier, log: log, language: options.language, effective: configuration
        ) { [clock, log] configuration in
            courier.set(channels: Self.channels(configuration, client: client, clock: clock, log: log))
            loop.set(channels: Self.channelNames(configuration))
            heart.set(configuration.alert)
        }

        let runner = try WorkerRunner(
            program: options.worker, folder: runs,
            common: ["--config", Reloader.effectivePath(configuration.node.state), "--origin", options.configuration], language: options.language,
            ended: { end in loop.post { $0.ended(end) } })
        let failure = Monitor<(any Error)?>(nil)
        let (engineEnd, engineEnds) = AsyncStream<Void>.makeStream()
        let engineThread = Threads.start("engine") { [options, log, clock] in
            do {
                try loop.run {
                    try Engine(
                        configuration, roles: TenantRoles.all(configuration), clock: clock, history: history, runner: runner,
                        language: options.language,
                        log: log)
                }
            } catch { failure.look { $0 = error } }
            engineEnds.finish()
        }
        _ = Threads.start("courier") { courier.run() }
        let services = Services(
            configuration: configuration, loop: loop, reloader: reloader, runs: runs, language: options.language, log: log, notifier: notifier,
            grace: options.grace, engineEnd: engineEnd)
        NodeJournal(configuration, log).record(JournalEvent(.service, .begun))
        defer { NodeJournal(configuration, log).record(JournalEvent(.service, .done)) }
        _ = Threads.start("heartbeat") { heart.run { loop.isAlive && !isolation.isOn } }
        var served: (any Error)?
        do { try await services.run() } catch { served = error }
        loop.stop(within: 0)
        engineThread.join()
        // A mail server that hangs does not hold up the end: what is not delivered is in the outbox.
        courier.stop()
        heart.stop()
        if let error = failure.look({ $0 }) { throw error }
        if let served { throw served }
        log.info("the daemon has stopped")
    }

    /// One daemon for a state folder.
    private static func lock(_ state: String) throws -> File {
        try Files.makeFolder(state)
        do {
            let file = try File.openOrCreate(RawName(state + "/daemon.lock"), O_RDWR)
            guard clinux_lock(file.descriptor) == 0 else { throw Failure(.refused, .daemonRuns, object: state) }
            return file
        } catch let error as SystemError { throw error.failure(.failed, "lock", object: state + "/daemon.lock") }
    }

    /// Lasts as long as the process: what waits for an answer when the daemon ends is left alone, and a client that goes before its requests traps.
    private static let client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: httpConfiguration)

    private static var httpConfiguration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.timeout = .init(connect: .seconds(10), read: .seconds(30))
        return configuration
    }

    // MARK: channels

    private static func channelNames(_ configuration: Configuration) -> [String] {
        let alert = configuration.alert
        return [alert.command.map { _ in "command" }, alert.mail.map { _ in "mail" }, alert.webhook.map { _ in "webhook" }].compactMap { $0 }
    }

    private static func channels(_ configuration: Configuration, client: HTTPClient, clock: any DaemonClock, log: Logger) -> [any AlertChannel] {
        let alert = configuration.alert
        let isolation = Isolation(state: configuration.node.state)
        var channels: [any AlertChannel] = []
        if let command = alert.command { channels.append(CommandChannel(command)) }
        if let mail = alert.mail {
            let from = alert.from ?? "hdsbackup@" + configuration.node.name
            channels.append(NetworkChannel(channel: MailChannel(server: alert.smtp, from: from, to: mail), isolation: isolation))
        }
        if let webhook = alert.webhook {
            var secret: [UInt8]?
            do {
                secret = try alert.webhookSecret.map { try Credential.read($0, keys: configuration.node.keys) }
            } catch {
                // Sent all the same: an alert that is not signed is better than none.
                log.error("the webhook's secret cannot be read", metadata: ["reason": "\(failures(of: error).first?.message.english ?? "?")"])
            }
            channels.append(NetworkChannel(channel: WebhookChannel(webhook, secret: secret, client: client, clock: clock), isolation: isolation))
        }
        return channels
    }
}

extension TenantRoles {
    /// What this machine can do for each tenant by itself: the roles of the configuration for which the keys are here.
    package static func all(_ configuration: Configuration) -> [String: TenantRoles] {
        var all: [String: TenantRoles] = [:]
        for tenant in configuration.tenants {
            let keys = TenantKeys(folder: configuration.node.keys + "/" + tenant.name)
            let names = keys.present()
            guard !names.isEmpty else { continue }
            let roles = configuration.node.roles
            let opens = names.contains("restore") && (keys.opensWithoutPerson() || Passphrase.isOffered(environmentVariables()))
            all[tenant.name] = TenantRoles(
                writes: roles.contains(.write) && names.contains("node"), maintains: roles.contains(.maintain) && names.contains("maintain"),
                testsRestores: roles.contains(.verify) && names.contains("verify") && opens)
        }
        return all
    }
}
