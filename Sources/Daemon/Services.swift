import Base
import CLinux
import Glibc
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Operations
import ServiceLifecycle
import UnixSignals

/// The parts of the daemon that wait for others: sockets and signals.
struct Services: Sendable {
    let configuration: Configuration
    let loop: EngineLoop
    let reloader: Reloader
    let runs: String
    let language: Language
    let log: Logger
    let notifier: Notifier
    let grace: Double
    /// Ends when the engine's thread has.
    let engineEnd: AsyncStream<Void>

    /// Runs until a signal ends it, or the engine ends.
    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let listens = !configuration.daemon.listen.isEmpty
        // Ready when everything listens and the engine has turned.
        let missing = Monitor(listens ? 3 : 2)
        let arrived: @Sendable () -> Void = { [notifier, log] in
            let isComplete = missing.change { missing in
                missing -= 1
                return missing == 0
            }
            guard isComplete else { return }
            notifier.ready()
            log.notice("ready")
        }
        loop.post { _ in arrived() }
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: try control(group, arrived), successTerminationBehavior: .gracefullyShutdownGroup)
        ]
        if listens { services.append(.init(service: web(group, arrived), successTerminationBehavior: .gracefullyShutdownGroup)) }
        services.append(.init(service: Hangup(reloader: reloader), successTerminationBehavior: .ignore))
        // Services stop in the order from the last: the engine first, and who asks is answered until it has.
        services.append(
            .init(service: EngineService(loop: loop, grace: grace, end: engineEnd), successTerminationBehavior: .gracefullyShutdownGroup))
        // What it says of its own steps is nothing to an operator.
        var lifecycleLog = log
        lifecycleLog.logLevel = .error
        var serviceConfiguration = ServiceGroupConfiguration(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: lifecycleLog)
        // An HTTP connection that somebody keeps open holds up nothing.
        serviceConfiguration.maximumGracefulShutdownDuration = .seconds(grace + 20)
        try await ServiceGroup(configuration: serviceConfiguration).run()
        // The group is left to the end of the process: a connection may still be closing on it.
    }

    private func control(_ group: any EventLoopGroup, _ arrived: @escaping @Sendable () -> Void) throws -> HTTPService<ControlContext> {
        let path = configuration.daemon.socket
        try Files.makeFolder(String(path[..<path.lastIndex(of: "/")!]), mode: 0o755)
        // What an earlier life left: this one holds the lock, so nobody listens on it.
        unlink(path)
        let reload = reloader
        let routes = ControlRoutes(loop: loop, reload: { reload.reload(by: $0) }, runs: runs, log: log)
        return HTTPService(address: .unixDomainSocket(path: path), responder: routes.router().buildResponder(), group: group, log: log) {
            Self.open(path, log)
            arrived()
        }
    }

    /// Lets the group connect, where there is one; what each may do is decided by who it is.
    private static func open(_ path: String, _ log: Logger) {
        let group = clinux_group_id(Peer.group)
        let isGroups = group >= 0 && chown(path, uid_t.max, gid_t(group)) == 0
        if chmod(path, isGroups ? 0o660 : 0o600) != 0 { log.error("the control socket's mode cannot be set") }
    }

    private func web(_ group: any EventLoopGroup, _ arrived: @escaping @Sendable () -> Void) -> HTTPService<BasicRequestContext> {
        let listen = configuration.daemon.listen
        let colon = listen.lastIndex(of: ":")!
        let host = listen[..<colon].filter { $0 != "[" && $0 != "]" }
        let routes = WebRoutes(loop: loop, listen: listen, language: language)
        return HTTPService(
            address: .hostname(host, port: Int(listen[listen.index(after: colon)...])!), responder: routes.router().buildResponder(), group: group,
            log: log, running: arrived)
    }
}

/// Stops the engine when the daemon is to end, and ends when it has.
private struct EngineService: Service {
    let loop: EngineLoop
    let grace: Double
    let end: AsyncStream<Void>

    func run() async throws {
        await withGracefulShutdownHandler {
            for await _ in end {}
        } onGracefulShutdown: {
            loop.stop(within: grace)
        }
    }
}

/// Reads the configuration again at SIGHUP.
private struct Hangup: Service {
    let reloader: Reloader

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() { _ = reloader.reload() }
    }
}
