import AsyncHTTPClient
import Base
import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Speaks to the daemon through its Unix socket, where one listens.
package struct ControlClient: Sendable {
    private let socket: String
    private static let patience: Int64 = 30

    /// Nil when no daemon listens there: then a command works alone. Throws `.refused` when one does and this user may not speak to it.
    package init?(socket path: String) throws {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < 108 else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let status = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        if status != 0 {
            if errno == EACCES || errno == EPERM { throw Failure(.refused, .controlDenied, object: path) }
            return nil
        }
        socket = path
    }

    /// The state folder that the daemon works with: another configuration's daemon may listen at the same place.
    package func state() throws -> String? {
        try JSONLine.decode(row: [String: String].self, call("GET", "/v1/node", body: nil) { _ in }.body)["state"]
    }

    /// All that the daemon knows.
    package func status(_ language: Language) throws -> DaemonStatus {
        let answer = try call("GET", "/v1/status?lang=\(language.rawValue)", body: nil) { _ in }
        // Rows are named as in JSON, the overview as in Swift.
        struct Rows: Decodable { let tenants: [StatusReport] }
        struct Known: Decodable { let overview: Overview }
        return DaemonStatus(
            tenants: try JSONLine.decode(row: Rows.self, answer.body).tenants, overview: try JSONLine.decode(Known.self, answer.body).overview)
    }

    /// Has the daemon read its configuration again; returns what is wrong with it.
    package func reload(_ language: Language) throws -> [FailureRecord] {
        let answer = try call("POST", "/v1/reload?lang=\(language.rawValue)", body: []) { _ in }
        return try JSONLine.decode(row: [FailureRecord].self, answer.body)
    }

    /// Has the daemon run something, and hands on what it says until it ends. Throws `.refused` when it does not take it, `.interrupted` when the daemon went away.
    package func run(_ request: RunRequest, _ take: @escaping @Sendable (RunFrame) -> Void) throws -> ExitStatus {
        let exit = Monitor<Int32?>(nil)
        let rest = Monitor<[UInt8]>([])
        let answer = try call("POST", "/v1/runs", body: Array(JSONEncoder().encode(request))) { bytes in
            let lines = rest.look { rest -> [[UInt8]] in
                rest += bytes
                var lines = rest.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
                rest = lines.popLast() ?? []
                return lines
            }
            for line in lines {
                guard let frame = try? JSONLine.decode(RunFrame.self, line) else { continue }
                if let status = frame.exit { exit.look { $0 = status } }
                take(frame)
            }
        }
        if answer.status != 200 {
            let record = try? JSONLine.decode(row: FailureRecord.self, answer.body)
            let message = record.map { Message($0.code, en: $0.message, fr: $0.message) } ?? .controlFailed(answer.status)
            throw Failure(answer.status == 400 ? .usage : .refused, message, object: record?.object)
        }
        guard let status = exit.look({ $0 }).flatMap({ ExitStatus(rawValue: $0) }) else { throw Failure(.interrupted, .controlLost) }
        return status
    }

    private struct Answer: Sendable {
        var status = 0
        var body: [UInt8] = []
    }

    private func call(_ method: String, _ path: String, body: [UInt8]?, _ stream: @escaping @Sendable ([UInt8]) -> Void) throws -> Answer {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        // A run may say nothing for hours; all else is answered at once.
        configuration.timeout = .init(connect: .seconds(10), read: path == "/v1/runs" ? nil : TimeAmount.seconds(Self.patience))
        let client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
        defer { try? client.syncShutdown() }
        let encoded = socket.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
        do {
            var request = try HTTPClient.Request(url: "http+unix://\(encoded)\(path)", method: HTTPMethod(rawValue: method))
            request.headers.add(name: "host", value: "localhost")
            if let body { request.body = .bytes(body) }
            let answer = try client.execute(request: request, delegate: StreamedAnswer(stream)).futureResult.wait()
            if answer.status == 403 { throw Failure(.refused, .controlDenied, object: socket) }
            return answer
        } catch let failure as Failure { throw failure } catch { throw Failure(.unreachable, .controlLost, object: socket) }
    }

    /// Hands on a good answer as it comes; what is kept of it is bounded.
    private final class StreamedAnswer: HTTPClientResponseDelegate, Sendable {
        private let stream: @Sendable ([UInt8]) -> Void
        private let answer = Monitor(Answer())
        private static let kept = 64 << 20

        init(_ stream: @escaping @Sendable ([UInt8]) -> Void) { self.stream = stream }

        func didReceiveHead(task: HTTPClient.Task<Answer>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
            answer.look { $0.status = Int(head.status.code) }
            return task.eventLoop.makeSucceededVoidFuture()
        }

        func didReceiveBodyPart(task: HTTPClient.Task<Answer>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
            let bytes = Array(buffer.readableBytesView)
            let isGood = answer.look { answer in
                if answer.body.count < Self.kept { answer.body += bytes }
                return answer.status == 200
            }
            if isGood { stream(bytes) }
            return task.eventLoop.makeSucceededVoidFuture()
        }

        func didFinishRequest(task: HTTPClient.Task<Answer>) throws -> Answer { answer.look { $0 } }
    }
}

/// Has the daemon do what a command was asked for, and shows what it says as if it were done here.
package struct RemoteRun {
    private let client: ControlClient
    private let console: Console

    package init(_ client: ControlClient, _ console: Console) {
        self.client = client
        self.console = console
    }

    package func run(_ kind: TaskName.Kind, tenant: String, subject: String = "", flags: [String] = []) throws -> ExitStatus {
        var request = RunRequest()
        (request.kind, request.tenant, request.subject, request.flags) = (kind.rawValue, tenant, subject, flags)
        (request.isJSON, request.isQuiet, request.language) = (console.isJSON, console.isQuiet, console.language.rawValue)
        let line = console.progress(subject.isEmpty ? tenant : subject)
        defer { line.finish() }
        let last = Monitor(WorkerProgress())
        let console = console
        return try client.run(request) { frame in
            if let progress = frame.progress {
                let before = last.look { last in
                    defer { last = progress }
                    return last
                }
                line.rename(progress.label)
                line.expect(progress.total)
                func more(_ now: UInt64, _ before: UInt64) -> Int { Int(now > before ? now - before : 0) }
                line.add(
                    bytes: more(progress.bytes, before.bytes), new: more(progress.newBytes, before.newBytes),
                    items: more(progress.items, before.items))
            }
            guard let stream = frame.stream, let bytes = frame.text.flatMap({ Data(base64Encoded: $0) }) else { return }
            if stream == 1 { console.output(Array(bytes)) } else { console.aside(Array(bytes)) }
        }
    }
}
