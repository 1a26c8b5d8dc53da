import Base
import Glibc

/// Tells the service manager how the daemon is: sd_notify(3), datagrams to the socket of `NOTIFY_SOCKET`. Nothing where there is none.
package struct Notifier: Sendable {
    private let address: [UInt8]?
    /// How often the manager wants to hear that the main loop is alive, in seconds; nil where it does not.
    package let watchdog: Double?

    package init(environment: [String: String]) {
        // An abstract name begins with a zero byte, written as @.
        address = environment["NOTIFY_SOCKET"].flatMap { path in
            let bytes = Array(path.utf8)
            guard let first = bytes.first, bytes.count < 107, first == 0x40 || first == 0x2F else { return nil }
            return first == 0x40 ? [0] + bytes.dropFirst() : bytes
        }
        let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        watchdog = isForUs ? environment["WATCHDOG_USEC"].flatMap(Double.init).map { $0 / 1e6 } : nil
    }

    package func ready(_ status: String) { send("READY=1\nSTATUS=\(status)\nMAINPID=\(getpid())") }
    /// The main loop is alive.
    package func alive() { if watchdog != nil { send("WATCHDOG=1") } }
    package func status(_ text: String) { send("STATUS=\(text)") }
    package func stopping(within seconds: Double) { send("STOPPING=1\nEXTEND_TIMEOUT_USEC=\(UInt64(seconds * 1e6))") }

    /// With the moment that systemd compares with its own, as Type=notify-reload wants it.
    package func reloading() {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        send("RELOADING=1\nMONOTONIC_USEC=\(Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)")
    }

    /// A manager that does not listen is no reason to stop: nothing is done about a failure.
    private func send(_ text: String) {
        guard let address else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: address) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + address.count)
        let bytes = Array(text.utf8)
        _ = withUnsafePointer(to: &name) { name in
            name.withMemoryRebound(to: sockaddr.self, capacity: 1) { sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length) }
        }
    }
}
