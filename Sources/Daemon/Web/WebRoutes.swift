import Base
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Operations

/// What the loopback address shows: the dashboard, `/metrics` and `/healthz`. Read-only: there is no request that changes anything.
struct WebRoutes {
    let loop: EngineLoop
    /// `host:port` that it listens on.
    let listen: String
    let language: Language

    func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.get("/healthz") { request, _ in
            try check(request)
            return text(loop.isAlive ? "ok\n" : "the main loop hangs\n", loop.isAlive ? .ok : .serviceUnavailable)
        }
        return router
    }

    /// Refuses names that this machine does not have: a page of somebody else's whose name leads here (DNS rebinding) reads nothing.
    private func check(_ request: Request) throws {
        let host = request.head.authority ?? request.headers[values: .init("Host")!].first ?? ""
        let name = host.hasPrefix("[") ? String(host.prefix { $0 != "]" }) + "]" : String(host.prefix { $0 != ":" })
        let own = listen.hasPrefix("[") ? String(listen.prefix { $0 != "]" }) + "]" : String(listen.prefix { $0 != ":" })
        guard ["localhost", "127.0.0.1", "[::1]", own].contains(name) else { throw HTTPError(.misdirectedRequest) }
    }

    private func text(_ text: String, _ status: HTTPResponse.Status = .ok, type: String = "text/plain; charset=utf-8") -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
