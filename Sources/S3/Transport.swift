import AsyncHTTPClient
import Base
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Sites

/// Blocking HTTP/1.1 over async-http-client: TLS 1.2 or newer, certificates always verified, redirects never
/// followed, every wait bounded.
///
/// One for each set of trust roots and proxy in a process, never shut down: its connections serve all sites.
final class Transport: Sendable {
    struct Options: Hashable, Sendable {
        /// PEM file of certificate authorities to trust beside the system's.
        var authorityFile: String?
        /// `host:port` of an HTTP proxy.
        var proxy: String?
        /// Seconds without a byte after which a request is given up.
        var patience = 30
    }

    private let client: HTTPClient
    let patience: Double

    private static let known = Monitor<[Options: Transport]>([:])

    /// Throws `.usage` when the authority file holds no certificate or the proxy is no address.
    static func shared(_ options: Options) throws -> Transport {
        try known.look { known in
            if let transport = known[options] { return transport }
            let transport = try Transport(options)
            known[options] = transport
            return transport
        }
    }

    /// TLS 1.2 or newer, everything verified. Throws `.usage` when the file holds no certificate.
    static func security(_ authorityFile: String?) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.certificateVerification = .fullVerification
        if let file = authorityFile {
            do {
                let certificates = try NIOSSLCertificate.fromPEMFile(file)
                guard !certificates.isEmpty else { throw Failure(.usage, .authorityFileUnusable, object: file) }
                tls.additionalTrustRoots = [.certificates(certificates)]
            } catch let error where !(error is Failure) { throw Failure(.usage, .authorityFileUnusable, object: file) }
        }
        return tls
    }

    private init(_ options: Options) throws {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try Self.security(options.authorityFile), redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.timeout = .init(connect: .seconds(10), read: .seconds(Int64(options.patience)), write: .seconds(Int64(options.patience)))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        // A connection that cannot be made is for us to try again, counted and bounded.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let proxy = options.proxy {
            guard let colon = proxy.lastIndex(of: ":"), let port = Int(proxy[proxy.index(after: colon)...]) else {
                throw Failure(.usage, .proxyUnusable, object: proxy)
            }
            configuration.proxy = .server(host: String(proxy[..<colon]), port: port)
        }
        client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
        patience = Double(options.patience)
    }

    /// What came back.
    struct Answer: Sendable {
        var status = 0
        var headers = HTTPHeaders()
        /// The body, or its first bytes where the caller set a limit; empty where it went into the caller's memory.
        var body: [UInt8] = []
        /// Bytes of the whole body.
        var count = 0

        func header(_ name: String) -> String? { headers.first(name: name) }
    }

    /// Where the body of a successful answer goes.
    enum Sink {
        /// The answer has none, whatever its header says of the object.
        case nothing
        /// Kept, up to so many bytes; a longer one fails with `BodyTooLong`.
        case memory(limit: Int)
        /// Into this memory; a longer one fails with `BodyTooLong`.
        case into(UnsafeMutableRawBufferPointer)
    }

    /// The answer's body is longer than the caller can take.
    struct BodyTooLong: Error {
        let count: Int
    }

    /// Sends a request and waits for the answer. Throws what the library throws, and `BodyTooLong`.
    func send(
        _ method: String, _ url: String, headers: [(String, String)], body: UnsafeRawBufferPointer?, sink: Sink, meter: TransferMeter
    ) throws -> Answer {
        var request = try HTTPClient.Request(url: url, method: HTTPMethod(rawValue: method))
        request.headers = HTTPHeaders(headers)
        let upload = body.map { BodySource($0, meter) }
        if let upload, let body {
            request.body = .stream(contentLength: Int64(body.count)) { upload.write(to: $0) }
        }
        let receiver = BodySink(sink, meter)
        // Neither may touch the caller's memory after this call returns, whatever the library still does.
        defer {
            upload?.end()
            receiver.end()
        }
        let bytes = max(body?.count ?? 0, receiver.expected)
        let deadline = NIODeadline.now() + .milliseconds(Int64((2 * patience + meter.secondsAtMost(bytes)) * 1000))
        return try client.execute(request: request, delegate: receiver, deadline: deadline).futureResult.wait()
    }
}

/// Counts the bytes of one request's bodies and holds them back to the site's limits.
struct TransferMeter: Sendable {
    let upload: RateLimiter
    let download: RateLimiter
    let traffic: Monitor<SiteTraffic>

    /// Slower than this, with all connections busy, is taken for a store that hangs.
    private static let slowest = 64 << 10

    /// How long `bytes` may take.
    func secondsAtMost(_ bytes: Int) -> Double {
        let limits = [upload.bytesPerSecond, download.bytesPerSecond].compactMap { $0 }.map { $0 / 64 }
        return Double(bytes) / Double(max(1, min(Self.slowest, limits.min() ?? Self.slowest)))
    }

    func sent(_ count: Int) -> Double {
        traffic.look { $0.sent += count }
        return upload.take(count)
    }

    func received(_ count: Int) -> Double {
        traffic.look { $0.received += count }
        return download.take(count)
    }
}

/// Hands a body to the library piece by piece, copying out of the caller's memory while that is lent.
private final class BodySource: Sendable {
    /// Small enough for the allocator to use again: larger ones are mapped anew each time, and every page of them faults.
    private static let piece = 64 << 10
    /// Seconds; less than the least patience.
    private static let signOfLife = 0.5
    private let lent: Monitor<Lent>
    private let meter: TransferMeter

    private struct Lent: @unchecked Sendable {
        // Unchecked: used under the monitor's lock only.
        var bytes: UnsafeRawBufferPointer?
    }

    init(_ bytes: UnsafeRawBufferPointer, _ meter: TransferMeter) {
        lent = Monitor(Lent(bytes: bytes))
        self.meter = meter
    }

    func end() { lent.look { $0.bytes = nil } }

    func write(to writer: HTTPClient.Body.StreamWriter) -> EventLoopFuture<Void> { write(from: 0, to: writer) }

    private func write(from offset: Int, to writer: HTTPClient.Body.StreamWriter) -> EventLoopFuture<Void> {
        let piece = lent.look { lent in
            lent.bytes.map { ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: $0[offset..<min($0.count, offset + Self.piece)])) }
        }
        // After the end, or behind the last byte: nothing more is written.
        guard let piece, piece.readableBytes > 0 else { return writer.write(.byteBuffer(ByteBuffer())) }
        let pause = meter.sent(piece.readableBytes)
        let next = offset + piece.readableBytes
        return writer.write(.byteBuffer(piece)).flatMapWithEventLoop { _, loop in
            self.hold(for: pause, loop, writer).flatMap { self.write(from: next, to: writer) }
        }
    }

    /// Waits, with a sign of life now and then: for a connection on which nothing is written, the library loses patience.
    private func hold(for pause: Double, _ loop: any EventLoop, _ writer: HTTPClient.Body.StreamWriter) -> EventLoopFuture<Void> {
        guard pause > 0 else { return loop.makeSucceededVoidFuture() }
        let step = min(pause, Self.signOfLife)
        return loop.flatScheduleTask(in: .milliseconds(Int64(step * 1000))) {
            writer.write(.byteBuffer(ByteBuffer())).flatMap { self.hold(for: pause - step, loop, writer) }
        }.futureResult
    }
}

/// Takes an answer in: a good body into the caller's memory while that is lent, anything else into memory of its own.
private final class BodySink: HTTPClientResponseDelegate, Sendable {
    private static let errorLimit = 64 << 10

    private struct State: @unchecked Sendable {
        // Unchecked: used under the monitor's lock only.
        var into: UnsafeMutableRawBufferPointer?
        var answer = Transport.Answer()
        var limit: Int
    }

    private let state: Monitor<State>
    private let meter: TransferMeter
    let expected: Int

    init(_ sink: Transport.Sink, _ meter: TransferMeter) {
        switch sink {
        case .nothing:
            state = Monitor(State(limit: .max))
            expected = 0
        case .memory(let limit):
            state = Monitor(State(limit: limit))
            expected = limit
        case .into(let memory):
            state = Monitor(State(into: memory, limit: Self.errorLimit))
            expected = memory.count
        }
        self.meter = meter
    }

    func end() { state.look { $0.into = nil } }

    func didReceiveHead(task: HTTPClient.Task<Transport.Answer>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        let tooLong: Int? = state.look { state in
            state.answer.status = Int(head.status.code)
            state.answer.headers = head.headers
            if !(200..<300).contains(state.answer.status) {
                state.into = nil
                state.limit = Self.errorLimit
                return nil
            }
            guard state.into == nil, let count = head.headers.first(name: "content-length").flatMap({ Int($0) }) else { return nil }
            if count > state.limit { return count }
            if state.limit < .max { state.answer.body.reserveCapacity(count) }
            return nil
        }
        if let tooLong { return task.eventLoop.makeFailedFuture(Transport.BodyTooLong(count: tooLong)) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Transport.Answer>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let overflow: Int? = state.look { state in
            let at = state.answer.count
            state.answer.count += buffer.readableBytes
            if let into = state.into {
                guard state.answer.count <= into.count else { return state.answer.count }
                buffer.withUnsafeReadableBytes { UnsafeMutableRawBufferPointer(rebasing: into[at...]).copyMemory(from: $0) }
            } else if state.answer.body.count + buffer.readableBytes <= state.limit {
                state.answer.body.append(contentsOf: buffer.readableBytesView)
            } else if (200..<300).contains(state.answer.status) {
                return state.answer.count
            }
            return nil
        }
        if let overflow { return task.eventLoop.makeFailedFuture(Transport.BodyTooLong(count: overflow)) }
        let pause = meter.received(buffer.readableBytes)
        guard pause > 0 else { return task.eventLoop.makeSucceededVoidFuture() }
        return task.eventLoop.scheduleTask(in: .milliseconds(Int64(pause * 1000))) {}.futureResult
    }

    func didFinishRequest(task: HTTPClient.Task<Transport.Answer>) throws -> Transport.Answer { state.look { $0.answer } }
}
