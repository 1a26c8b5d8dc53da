import Base
import CLinux
import Glibc

/// What a command that the daemon started leaves behind: the rows of its results, a line each, then a line
/// with its exit status and what went wrong. The file appears whole, just before the command ends: a run whose report is there
/// is done, whatever became of the daemon meanwhile.
package struct WorkerReport: Sendable {
    private struct End: Codable {
        let exit: Int32
        let failures: [FailureRecord]
    }

    package var exit: ExitStatus
    /// As `--json` shows them.
    package var failures: [FailureRecord]
    /// JSON objects.
    package var rows: [[UInt8]]

    package init(exit: ExitStatus, failures: [FailureRecord] = [], rows: [[UInt8]] = []) {
        self.exit = exit
        self.failures = failures
        self.rows = rows
    }

    /// The rows that are of this kind.
    package func rows<Row: Decodable>(_ type: Row.Type) -> [Row] { rows.compactMap { try? JSONLine.decode(row: type, $0) } }

    /// Nil when there is none, or not a whole one.
    package static func read(_ path: String) -> WorkerReport? {
        guard let bytes = try? Files.read(path, limit: 256 << 20) else { return nil }
        var lines = bytes.split(separator: 0x0A).map(Array.init)
        guard let last = lines.popLast(), let end = try? JSONLine.decode(row: End.self, last) else { return nil }
        return WorkerReport(exit: ExitStatus(rawValue: end.exit) ?? .failed, failures: end.failures, rows: lines)
    }

    /// Puts down what `console` has. A report that cannot be written is told, and the run counts as one that nobody knows the end of.
    package static func write(_ console: Console, _ status: ExitStatus, to path: String) {
        do {
            let end = try JSONLine.encode(End(exit: status.rawValue, failures: console.failureRecords))
            try Files.replace(path, Array((console.rows + [end]).joined(separator: [0x0A])) + [0x0A])
        } catch { console.report(error) }
    }

    /// Ends this process when `parent` ends: a daemon that is gone must not leave a run that its successor knows nothing of.
    /// Throws `.interrupted` when it is gone already.
    package static func follow(_ parent: Int32) throws {
        clinux_end_with_parent(SIGTERM)
        guard getppid() == parent else { throw Failure(.interrupted, .interrupted) }
    }
}

/// How far a run is, as it tells the daemon.
package struct WorkerProgress: Codable, Sendable, Equatable {
    package var label = ""
    package var bytes: UInt64 = 0
    package var total: UInt64?
    package var newBytes: UInt64 = 0
    package var items: UInt64 = 0
    package init() {}
}

extension Console {
    /// Writes a JSON line with the progress to `descriptor` each second, until the command ends or nobody reads.
    package func tellProgress(to descriptor: Int32) {
        _ = Threads.start("tell-progress") { [weak self] in
            var last: WorkerProgress?
            while true {
                Base.sleep(seconds: 1)
                guard let self else { return }
                guard let now = self.progressNow, now != last else { continue }
                last = now
                guard let line = try? JSONLine.encode(now) + [0x0A], (try? Self.write(line, to: descriptor)) != nil else { return }
            }
        }
    }
}
