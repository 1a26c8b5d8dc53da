import Base
import Glibc

/// Stands between an S3 client and a store and makes faults on demand: Tests/Stores/fault_proxy.py in a process of its own.
package final class FaultProxy: Sendable {
    /// One of the kinds that fault_proxy.py names, and the requests that it hits.
    package struct Fault: Sendable {
        fileprivate let json: String

        /// `path`: a regular expression to be found in the path with its query, as sent. `count`: nil for every request from now on.
        package init(
            _ kind: String, _ method: String = "", path: String = "", count: Int? = 1, skip: Int = 0, side: String? = nil,
            with settings: [String: Double] = [:]
        ) {
            var fields = ["\"kind\": \"\(kind)\"", "\"method\": \"\(method)\"", "\"path\": \"\(path)\"", "\"skip\": \(skip)"]
            fields.append("\"count\": \(count.map { "\($0)" } ?? "null")")
            if let side { fields.append("\"side\": \"\(side)\"") }
            // Whole numbers are written as such: a status is one.
            fields += settings.map { "\"\($0.key)\": \($0.value == $0.value.rounded() ? "\(Int($0.value))" : "\($0.value)")" }
            json = "{" + fields.joined(separator: ", ") + "}"
        }
    }

    /// Where the client is to connect to, in place of the store.
    package let endpoint: String
    private let control: UInt16
    private let child: Monitor<ChildProcess>

    private static let shared = Monitor<[String: FaultProxy]>([:])

    /// The proxy of a store for the whole test run: tests tell their requests apart by the path.
    package static func of(_ store: S3Store) throws -> FaultProxy {
        try shared.look { shared in
            if let proxy = shared[store.endpoint] { return proxy }
            if shared.isEmpty { atexit { FaultProxy.shared.look { $0 = [:] } } }
            let proxy = try FaultProxy(store)
            shared[store.endpoint] = proxy
            return proxy
        }
    }

    /// A proxy of the caller's own, ended with the last reference: for faults that hit every connection.
    package init(_ store: S3Store) throws {
        let program = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined() + "/Stores/fault_proxy.py"
        var words = ["python3", program, store.endpoint]
        if let authority = store.authorityFile { words += ["--tls", String(authority[..<(authority.lastIndex(of: "/") ?? authority.startIndex)])] }
        let child = try ChildProcess(words, capturesOutput: true)
        // The one line that it prints: ENDPOINT=… CONTROL=…
        var line: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 1024)
        while line.last != UInt8(ascii: "\n"), child.waitForOutput(until: monotonicSeconds() + 20) {
            let count = try room.withUnsafeMutableBytes { try child.output!.read(into: $0) }
            guard count > 0 else { break }
            line += room[..<count]
        }
        let places = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace).compactMap { $0.split(separator: "=").last }
        guard places.count == 2, let port = places[1].split(separator: ":").last.flatMap({ UInt16($0) }) else {
            child.terminate()
            throw SystemError(code: ECHILD)
        }
        endpoint = String(places[0])
        control = port
        self.child = Monitor(child)
    }

    deinit { child.look { $0.terminate() } }

    package func add(_ faults: Fault...) throws {
        for fault in faults { _ = try ask("POST", "/faults", fault.json) }
    }

    /// Takes all faults away, those of other tests as well: for a proxy of one's own.
    package func clear() throws { _ = try ask("DELETE", "/faults") }

    /// A line of JSON for each request that has ended and whose path holds `text`.
    package func log(_ text: String) throws -> [Substring] { try ask("GET", "/log").split(separator: "\n").filter { $0.contains(text) } }

    /// Asks the control port; the body of the answer.
    private func ask(_ method: String, _ path: String, _ body: String = "") throws -> String {
        let file = File(descriptor: try retrying { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) })
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = control.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        try retrying {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
        }
        try file.write(Array("\(method) \(path) HTTP/1.0\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8))
        var answer: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try room.withUnsafeMutableBytes { try file.read(into: $0) }
            if count == 0 { break }
            answer += room[..<count]
        }
        let text = String(decoding: answer, as: UTF8.self)
        guard text.hasPrefix("HTTP/1.0 2"), let end = text.firstRange(of: "\r\n\r\n") else { throw SystemError(code: EPROTO) }
        return String(text[end.upperBound...])
    }
}
