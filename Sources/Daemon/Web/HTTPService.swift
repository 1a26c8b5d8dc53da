import Base
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// An HTTP/1.1 server for a router. Not Hummingbird's own `Application`: that one wakes each second to keep a date, and a daemon that
/// has nothing to do is to sleep.
struct HTTPService<Context: InitializableFromSource>: Service where Context.Source == ApplicationRequestContextSource, Context: RequestContext {
    let address: BindAddress
    let responder: RouterResponder<Context>
    let group: any EventLoopGroup
    let log: Logger
    /// Called when it listens.
    let running: @Sendable () -> Void

    /// At one time: descriptors are for backups. One that says nothing for a minute is closed.
    private static var connections: Int { 64 }

    func run() async throws {
        var quiet = log
        // What a request names is nobody's business in the log.
        quiet.logLevel = .error
        let requestLog = quiet
        let server = try HTTPServerBuilder.http1(configuration: .init(idleTimeout: .seconds(60))).buildServer(
            configuration: ServerConfiguration(
                address: address, serverName: nil, availableConnectionsDelegate: .maximum(Self.connections, logger: requestLog)),
            eventLoopGroup: group, logger: requestLog
        ) { request, writer, channel in
            let context = Context(source: ApplicationRequestContextSource(channel: channel, logger: requestLog))
            let response: Response
            do { response = try await responder.respond(to: request, context: context) } catch let error as any HTTPResponseError {
                response = (try? error.response(from: request, context: context)) ?? Response(status: error.status)
            } catch {
                log.error("a request failed", metadata: ["reason": "\(type(of: error))"])
                response = Response(status: .internalServerError)
            }
            try await writer.write(response: response.head, body: response.body)
        } onServerRunning: { _ in
            running()
        }
        try await server.run()
    }
}
