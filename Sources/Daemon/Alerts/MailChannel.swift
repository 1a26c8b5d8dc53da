import Base
import FoundationEssentials
import Glibc
import Operations

/// Sends mail through an SMTP server of this host or network (RFC 5321): no TLS and no password, as the local server's own business begins there.
package struct MailChannel: AlertChannel {
    package let name = "mail"
    private let host: String
    private let port: String
    private let from: String
    private let to: String

    /// `server`: `host:port`.
    package init(server: String, from: String, to: String) {
        let colon = server.lastIndex(of: ":") ?? server.endIndex
        host = server[..<colon].filter { $0 != "[" && $0 != "]" }
        port = colon == server.endIndex ? "25" : String(server[server.index(after: colon)...])
        self.from = from
        self.to = to
    }

    package func deliver(_ telling: Telling, language: Language) throws {
        let server = try SMTPConnection(host: host, port: port)
        try server.expect("220")
        try server.say("EHLO \(Configuration.machineName())", expecting: "250")
        try server.say("MAIL FROM:<\(from)>", expecting: "250")
        try server.say("RCPT TO:<\(to)>", expecting: "25")
        try server.say("DATA", expecting: "354")
        try server.say(message(telling, language) + "\r\n.", expecting: "250")
        try? server.say("QUIT", expecting: "221")
    }

    /// Headers and body, as RFC 5322 wants them; the body in base64, so that no line of it is a command or too long.
    func message(_ telling: Telling, _ language: Language) -> String {
        func encoded(_ text: String) -> String { "=?UTF-8?B?" + Data(text.utf8).base64EncodedString() + "?=" }
        let body = Data(telling.text(language).utf8).base64EncodedString(options: [
            .lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed,
        ])
        return [
            "From: <\(from)>", "To: <\(to)>", "Subject: \(encoded(telling.subject(language)))", "Date: \(Self.date(telling.time))",
            "Message-ID: <\(ShortID.random().hex)@hdsbackup>", "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "", body,
        ].joined(separator: "\r\n")
    }

    private static func date(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + "\(number)" }
        return
            "\(days[Int(parts.tm_wday)]), \(parts.tm_mday) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) +0000"
    }
}

/// A conversation with a mail server; every step has a time limit.
private final class SMTPConnection {
    private let descriptor: Int32
    private var pending: [UInt8] = []
    private static let timeout = 30

    init(host: String, port: String) throws {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, port, &hints, &found) == 0, let first = found else { throw Failure(.unreachable, .mailServer("no address")) }
        defer { freeaddrinfo(found) }
        var failure = SystemError(code: ECONNREFUSED)
        var connected: Int32 = -1
        for address in sequence(first: first, next: { $0.pointee.ai_next }) {
            let socket = Glibc.socket(address.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard socket >= 0 else { continue }
            // Of connecting as well: connect(2) waits no longer than sending may.
            var limit = timeval(tv_sec: Self.timeout, tv_usec: 0)
            setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            if connect(socket, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 {
                connected = socket
                break
            }
            failure = .last()
            close(socket)
        }
        guard connected >= 0 else { throw Failure(.unreachable, .mailServer(failure.reason)) }
        descriptor = connected
    }

    deinit { close(descriptor) }

    func say(_ line: String, expecting code: String) throws {
        let bytes = Array((line + "\r\n").utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Failure(.unreachable, .mailServer(SystemError.last().reason)) }
            sent += count
        }
        try expect(code)
    }

    /// Reads a reply, all its lines, and compares its code.
    func expect(_ code: String) throws {
        while true {
            let line = try readLine()
            guard line.count >= 4, line[line.index(line.startIndex, offsetBy: 3)] == "-" else {
                guard line.hasPrefix(code) else { throw Failure(.failed, .mailServer(printable(line.utf8.prefix(200)))) }
                return
            }
        }
    }

    private func readLine() throws -> String {
        while true {
            if let end = pending.firstIndex(of: 0x0A) {
                let line = pending[..<end].filter { $0 != 0x0D }
                pending.removeSubrange(...end)
                return String(decoding: line, as: UTF8.self)
            }
            guard pending.count < 64 << 10 else { throw Failure(.failed, .mailServer("reply too long")) }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { throw Failure(.unreachable, .mailServer(count == 0 ? "closed" : SystemError.last().reason)) }
            pending += buffer[..<count]
        }
    }
}
