import Base
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Operations

/// HTTP and JSON over the Unix socket: what commands ask of the daemon that runs.
///
///     GET  /v1/node                   read    the state folder: which daemon this is
///     GET  /v1/status?lang=fr|en      read    `DaemonStatus`
///     POST /v1/runs                   act     `RunRequest`; the answer streams `RunFrame` lines
///     GET  /v1/runs/ID/log            act     what a run said on standard error; may name paths
///     POST /v1/reload                 act     200, or 422 with the reasons
struct ControlRoutes {
    let loop: EngineLoop
    let reload: @Sendable (Peer) -> [Failure]
    /// Folder of the logs of runs.
    let runs: String
    let log: Logger

    func router() -> Router<ControlContext> {
        let router = Router(context: ControlContext.self)
        router.get("/v1/node") { _, context in
            _ = try await context.require(.read)
            return try json(["state": try await loop.call { $0.configuration.node.state }])
        }
        router.get("/v1/status") { request, context in
            _ = try await context.require(.read)
            let language = request.uri.queryParameters.get("lang").flatMap { Language(rawValue: $0) } ?? .english
            return try json(try await loop.call { $0.status(language) })
        }
        router.post("/v1/runs") { request, context in
            let peer = try await context.require(.act)
            let body = try await request.body.collect(upTo: 64 << 10)
            guard let asked = try? JSONDecoder().decode(RunRequest.self, from: Data(body.readableBytesView)) else { throw HTTPError(.badRequest) }
            return try await start(asked, peer)
        }
        router.get("/v1/runs/{run}/log") { _, context in
            _ = try await context.require(.act)
            guard let run = context.parameters.get("run", as: Int64.self), let bytes = try Files.read("\(runs)/\(run).log") else {
                throw HTTPError(.notFound)
            }
            return Response(status: .ok, headers: [.contentType: "text/plain; charset=utf-8"], body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        }
        router.post("/v1/reload") { request, context in
            let peer = try await context.require(.act)
            log.info("configuration to be read again", metadata: ["uid": "\(peer.uid)"])
            let language = request.uri.queryParameters.get("lang").flatMap { Language(rawValue: $0) } ?? .english
            let problems = reload(peer)
            return try json(problems.map { FailureRecord($0, language) }, problems.isEmpty ? .ok : .unprocessableContent)
        }
        return router
    }

    private func json(_ value: some Encodable, _ status: HTTPResponse.Status = .ok) throws -> Response {
        let bytes = try JSONLine.encode(value) + [0x0A]
        return Response(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// Starts a run and streams what it says. The run goes on where the one who asked goes away.
    private func start(_ asked: RunRequest, _ peer: Peer) async throws -> Response {
        let (stream, feed) = AsyncStream<JobOutput>.makeStream(bufferingPolicy: .bufferingNewest(4096))
        do {
            let (task, arguments) = try asked.arguments()
            let display: Job.Display = {
                var display = Job.Display()
                (display.isJSON, display.isQuiet, display.language) = (asked.isJSON, asked.isQuiet, asked.language)
                return display
            }()
            let run = try await loop.call { engine in
                try engine.check(task)
                return try engine.request(task, arguments: arguments, display: display) { output in
                    feed.yield(output)
                    if case .end = output { feed.finish() }
                }
            }
            let configuration = try await loop.call { $0.configuration }
            try await NIOThreadPool.singleton.runIfActive { NodeJournal(configuration, log).record(task, run: run, by: peer) }
            log.info("run asked for", metadata: ["run": "\(run)", "task": "\(task)", "uid": "\(peer.uid)"])
        } catch let failure as Failure {
            let language = Language(rawValue: asked.language) ?? .english
            return try json(FailureRecord(failure, language), failure.kind == .usage ? .badRequest : .conflict)
        }
        return Response(
            status: .ok, headers: [.contentType: "application/x-ndjson"],
            body: ResponseBody { writer in
                for await output in stream { try await writer.write(ByteBuffer(bytes: JSONLine.encode(RunFrame(output)) + [0x0A])) }
                try await writer.finish(nil)
            })
    }
}

extension RunFrame {
    init(_ output: JobOutput) {
        self.init()
        switch output {
        case .text(let stream, let bytes): (self.stream, text) = (stream, Data(bytes).base64EncodedString())
        case .progress(let progress): self.progress = progress
        case .end(let exit): self.exit = exit.rawValue
        }
    }
}
