import AsyncHTTPClient
import Base
import Codec
import Crypto
import Foundation
import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Sites

/// Where a store is and how it is spoken to.
package struct S3Endpoint: Sendable, Equatable {
    /// `https://host[:port]`, or `http://` for loopback addresses.
    package var url: String
    package var region: String
    /// `https://host/bucket/key` rather than `https://bucket.host/key`.
    package var usesPathStyle: Bool
    package var authorityFile: String?
    package var proxy: String?
    /// Seconds without a byte after which a request is given up.
    package var patience = 30
    /// Requests at once, at most.
    package var connections = 16

    package init(url: String, region: String, usesPathStyle: Bool) {
        self.url = url
        self.region = region
        self.usesPathStyle = usesPathStyle
    }
}

/// Signed requests to one store: retried while that may help, within a budget and a deadline, no more at once than the
/// store takes, and not at all while its circuit is open.
final class S3Client: Sendable {
    let name: String
    let endpoint: S3Endpoint
    private let scheme: String
    let authority: String
    private let signer: RequestSigner
    private let transport: Transport
    private let meter: TransferMeter
    private let gate: RequestGate
    private let circuit = CircuitBreaker()
    private let budget = RetryBudget()
    private let counts: Monitor<SiteTraffic>
    /// Seconds that the store's clock is ahead of ours, where it refused ours.
    private let skew = Monitor<Int64>(0)

    private static let attempts = 7
    /// Bytes of an answer about objects, such as a list.
    private static let answerLimit = 16 << 20
    private static let firstPause = 0.1
    private static let longestPause = 10.0

    init(name: String, endpoint: S3Endpoint, credentials: S3Credentials, upload: RateLimiter, download: RateLimiter) throws {
        self.name = name
        self.endpoint = endpoint
        let parts = endpoint.url.split(separator: "/", omittingEmptySubsequences: true)
        guard parts.count == 2, ["https:", "http:"].contains(parts[0]) else { throw Failure(.usage, .endpointUnusable, object: name) }
        (scheme, authority) = (String(parts[0]) + "//", String(parts[1]))
        signer = RequestSigner(credentials, region: endpoint.region)
        transport = try Transport.shared(
            .init(authorityFile: endpoint.authorityFile, proxy: endpoint.proxy, patience: endpoint.patience))
        let counts = Monitor(SiteTraffic())
        self.counts = counts
        meter = TransferMeter(upload: upload, download: download, traffic: counts)
        gate = RequestGate(most: endpoint.connections)
    }

    /// Whose requests these are.
    var accessKey: String { signer.accessKey }

    var traffic: SiteTraffic {
        var traffic = counts.look { $0 }
        traffic.concurrency = gate.limit
        return traffic
    }

    // MARK: one operation

    /// Sends a request, again where that may help. An answer with a status that `accepted` names is returned whatever it is;
    /// every other answer but a success throws.
    ///
    /// `payload`: hex of the body's SHA-256. Throws a `Failure`; `.unreachable` for what may pass.
    func send(
        _ request: S3Request, body: UnsafeRawBufferPointer? = nil, payload: String? = nil, sink: Transport.Sink? = nil,
        accepting accepted: Set<Int> = []
    ) throws -> Transport.Answer {
        let sink = sink ?? (request.method == "HEAD" ? .nothing : .memory(limit: Self.answerLimit))
        let payload = payload ?? (body.map { sha256($0) } ?? sha256([])).hex
        guard circuit.mayTry() else { throw unreachable(request, .storeKeepsFailing) }
        let deadline = monotonicSeconds() + 4 * transport.patience + meter.secondsAtMost(body?.count ?? 0)
        var refusals = 0
        for attempt in 1... {
            gate.enter()
            let outcome = attemptOnce(request, body, payload, sink)
            gate.leave(isOverloaded: outcome.isOverload)
            let verdict = self.verdict(outcome, accepted, &refusals)
            switch verdict {
            case .done(let answer):
                circuit.note(success: true)
                budget.earn()
                return answer
            case .final(let failure):
                // The store answered: it is there.
                circuit.note(success: failure.kind != .unreachable)
                throw failure.of("\(name):\(request.key)")
            case .again(let reason, let after):
                let pause = after ?? Double.random(in: 0...min(Self.longestPause, Self.firstPause * Double(1 << min(attempt, 10))))
                guard attempt < Self.attempts, monotonicSeconds() + pause < deadline, budget.spend() else {
                    circuit.note(success: false)
                    counts.look { $0.failures += 1 }
                    throw unreachable(request, reason)
                }
                counts.look { $0.retries += 1 }
                sleep(seconds: pause)
            }
        }
        fatalError("the loop above ends by returning or throwing")
    }

    private func unreachable(_ request: S3Request, _ reason: Message) -> Failure {
        Failure(.unreachable, reason, object: request.key.isEmpty ? name : "\(name):\(request.key)")
    }

    private enum Outcome {
        case answer(Transport.Answer)
        case tooLong(Int)
        case error(any Error)

        /// Whether fewer requests at once may help.
        var isOverload: Bool {
            switch self {
            case .answer(let answer): [429, 503].contains(answer.status)
            case .tooLong: false
            case .error(let error): error as? HTTPClientError == .readTimeout || error as? HTTPClientError == .deadlineExceeded
            }
        }
    }

    private func attemptOnce(_ request: S3Request, _ body: UnsafeRawBufferPointer?, _ payload: String, _ sink: Transport.Sink) -> Outcome {
        counts.look { $0.requests += 1 }
        let (host, path) = place(request)
        let moment = Timestamp.now().adding(seconds: skew.look { $0 })
        let headers = signer.headers(for: request, host: host, path: path, payload: payload, at: moment)
        let query = request.canonicalQuery
        let url = scheme + host + path + (query.isEmpty ? "" : "?" + query)
        // A PUT or POST without a body still says that it has none.
        let body = body ?? (["PUT", "POST"].contains(request.method) ? UnsafeRawBufferPointer(start: nil, count: 0) : nil)
        do {
            return .answer(try transport.send(request.method, url, headers: headers, body: body, sink: sink, meter: meter))
        } catch let error as Transport.BodyTooLong { return .tooLong(error.count) } catch { return .error(error) }
    }

    /// What the Host header and the path of a request say.
    func place(_ request: S3Request) -> (host: String, path: String) {
        let key = percentEncoded(request.key, keepingSlash: true)
        if endpoint.usesPathStyle { return (authority, "/\(request.bucket)" + (key.isEmpty ? "" : "/" + key)) }
        return ("\(request.bucket).\(authority)", "/" + key)
    }

    // MARK: what an outcome means

    private enum Verdict {
        case done(Transport.Answer)
        case final(Failure)
        /// It may pass; `after`: seconds that the store asked for.
        case again(Message, after: Double?)
    }

    private func verdict(_ outcome: Outcome, _ accepted: Set<Int>, _ refusals: inout Int) -> Verdict {
        switch outcome {
        case .error(let error): return verdict(error)
        case .tooLong(let count): return .final(Failure(.damaged, .objectTooLarge(count)))
        case .answer(let answer):
            if (200..<300).contains(answer.status) || accepted.contains(answer.status) { return .done(answer) }
            return verdict(answer, &refusals)
        }
    }

    private func verdict(_ error: any Error) -> Verdict {
        // A certificate that does not verify stays so; anything else between here and there may pass.
        let text = "\(error)"
        if error is NIOSSLExtraError || text.contains("CERTIFICATE_VERIFY_FAILED") {
            return .final(Failure(.unreachable, .certificateUnknown, remedy: .certificateCheck))
        }
        if let error = error as? NIOSSLError, case .handshakeFailed = error {
            return .final(Failure(.unreachable, .certificateRefused(text.split(separator: " at ").first.map(String.init) ?? text)))
        }
        return .again(.storeUnreachable(Self.reason(error)), after: nil)
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case let error as NIOConnectionError: error.connectionErrors.first.map { "\($0.error)" } ?? "no address for \(error.host)"
        default: "\(error)"
        }
    }

    private func verdict(_ answer: Transport.Answer, _ refusals: inout Int) -> Verdict {
        let error = StoreError(answer)
        let after = answer.header("retry-after").flatMap { Double($0) }.map { max(0, $0) }
        switch answer.status {
        case 404 where error.code == "NoSuchBucket": return .final(Failure(.unreachable, .bucketMissing, remedy: .bucketCheck))
        case 404: return .final(Failure(.missing, .objectMissing))
        case 416: return .final(Failure(.damaged, .objectTooShort))
        case 409, 412: return .final(Failure(.exists, .objectExists))
        case 403 where error.code == "QuotaExceeded", 507: return .final(Failure(.noSpace, .storeFull(error.text)))
        case 403:
            // Once is forgiven: clocks, and stores that learn of a key late.
            if error.code == "RequestTimeTooSkewed", let theirs = answer.header("date").flatMap({ CivilTime.parse(httpDate: $0) }) {
                skew.look { $0 = theirs.seconds - Timestamp.now().seconds }
            }
            refusals += 1
            return refusals < 2 ? .again(.storeRefuses(error.text), after: nil) : .final(Failure(.refused, .storeRefuses(error.text)))
        case 400 where StoreError.passing.contains(error.code): return .again(.storeUnreachable(error.text), after: nil)
        case 300..<400: return .final(Failure(.wrongPlace, .storeRedirects, remedy: .regionCheck))
        case 501: return .final(Failure(.failed, .storeLacks(error.text)))
        case 408, 429, 500...: return .again(.storeUnreachable(error.text), after: after)
        default: return .final(Failure(.failed, .storeRefuses(error.text)))
        }
    }
}

/// What a store says went wrong.
struct StoreError {
    let code: String
    let text: String

    /// Codes of a 400 that tell of the way there, not of the request.
    static let passing: Set<String> = [
        "RequestTimeout", "BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody", "XAmzContentChecksumMismatch", "InvalidDigest",
    ]

    init(_ answer: Transport.Answer) {
        let fields = XMLFields(answer.body)
        code = fields?.first("Code") ?? ""
        text = code.isEmpty ? "HTTP \(answer.status)" : "\(answer.status) \(code)"
    }
}

/// Base64 of the MD5, which stores ask for where a request changes what is kept (RFC 1864).
func contentMD5(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { contentMD5($0) } }

func contentMD5(_ bytes: UnsafeRawBufferPointer) -> String {
    var hash = Insecure.MD5()
    hash.update(bufferPointer: bytes)
    return base64(Array(hash.finalize()))
}

func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
