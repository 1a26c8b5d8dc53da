import Base
import Foundation
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
        router.get("/") { request, _ in
            try check(request)
            let (language, now) = (language(of: request), Timestamp.now().seconds)
            return page(DashboardPage(try await loop.call { $0.overview(language) }, language: language, at: now).text)
        }
        router.get("/sources/{name}") { request, context in
            try check(request)
            let (language, now) = (language(of: request), Timestamp.now().seconds)
            let name = context.parameters.get("name")?.removingPercentEncoding ?? ""
            let dashboard = DashboardPage(try await loop.call { $0.overview(language) }, language: language, at: now)
            guard let text = dashboard.sourcePage(name) else { return page(DashboardPage.errorPage(404, language: language), .notFound) }
            return page(text)
        }
        router.get("/metrics") { request, _ in
            try check(request)
            return text(PrometheusText(try await loop.call { $0.overview(.english) }).text, type: PrometheusText.contentType)
        }
        router.get("/healthz") { request, _ in
            try check(request)
            return text(loop.isAlive ? "ok\n" : "the main loop hangs\n", loop.isAlive ? .ok : .serviceUnavailable)
        }
        router.get("/**") { request, _ in
            try check(request)
            return page(DashboardPage.errorPage(404, language: language(of: request)), .notFound)
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

    /// Of the address, else of the browser, else the daemon's.
    private func language(of request: Request) -> Language {
        if let asked = request.uri.queryParameters.get("lang").flatMap({ Language(rawValue: $0) }) { return asked }
        let accepted = (request.headers[.acceptLanguage] ?? "").lowercased().split(separator: ",").map { $0.drop { $0 == " " }.prefix(2) }
        return accepted.lazy.compactMap { Language(rawValue: String($0)) }.first ?? language
    }

    private func page(_ text: String, _ status: HTTPResponse.Status = .ok) -> Response {
        var response = self.text(text, status, type: "text/html; charset=utf-8")
        response.headers[.contentSecurityPolicy] = DashboardPage.contentSecurityPolicy
        response.headers[.init("Referrer-Policy")!] = "no-referrer"
        return response
    }

    private func text(_ text: String, _ status: HTTPResponse.Status = .ok, type: String = "text/plain; charset=utf-8") -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
