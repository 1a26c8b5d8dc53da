import AsyncHTTPClient
import Base
import Codec
import Crypto
import Foundation
import NIOCore
import Operations

/// Posts the telling as JSON, signed where there is a secret: `X-Hdsbackup-Signature: t=SECONDS,v1=HEX`, an HMAC-SHA256 of the time, a dot and the body.
/// The time is in it so that a message heard on the way cannot be sent again later.
package struct WebhookChannel: AlertChannel {
    package let name = "webhook"
    private let address: String
    private let secret: [UInt8]?
    private let client: HTTPClient
    private let clock: any DaemonClock

    package init(_ address: String, secret: [UInt8]?, client: HTTPClient, clock: any DaemonClock) {
        self.address = address
        self.secret = secret
        self.client = client
        self.clock = clock
    }

    package func deliver(_ telling: Telling, language: Language) throws {
        let body = Array(try JSONEncoder().encode(telling))
        var headers = [("content-type", "application/json"), ("user-agent", "hdsbackup/" + programVersion)]
        if let secret { headers.append(("x-hdsbackup-signature", Self.signature(body, secret: secret, at: clock.now()))) }
        try client.call(address, method: "POST", headers: headers, body: body)
    }

    static func signature(_ body: [UInt8], secret: [UInt8], at time: Int64) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array("\(time).".utf8) + body, using: SymmetricKey(data: secret))
        return "t=\(time),v1=" + code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension HTTPClient {
    /// One request and its answer, waited for on this thread. Throws `.unreachable` where there is none, `.failed` for one that is no success; neither
    /// names the address, which may hold a token.
    func call(_ address: String, method: String, headers: [(String, String)], body: [UInt8]) throws {
        do {
            var request = try HTTPClient.Request(url: address, method: .RAW(value: method))
            for (name, value) in headers { request.headers.add(name: name, value: value) }
            if method != "GET" { request.body = .bytes(body) }
            let answer = try execute(request: request, deadline: .now() + .seconds(30)).wait()
            guard (200..<300).contains(answer.status.code) else { throw Failure(.failed, .webhookStatus(Int(answer.status.code))) }
        } catch let failure as Failure { throw failure } catch { throw Failure(.unreachable, .webhookFailed("\(type(of: error))")) }
    }
}
