import Base
import Glibc

/// A source's own `check` command, run on what was restored of it.
package struct SourceCheck: Sendable {
    /// Stands for the restored place in the command.
    package static let placeholder = "{restored}"
    /// The same in the command's environment.
    package static let variable = "HDSBACKUP_RESTORED"
    /// The scratch folder, which its user may pass on to others: all that was restored is in its folder `files`.
    package static let scratchVariable = "HDSBACKUP_SCRATCH"
    /// Bytes of output that are kept.
    private static let outputLimit = 4096
    private static let tick = 0.2

    package let words: [String]
    package let user: String?
    /// In seconds; nil for as long as it takes.
    package let timeout: Double?

    package init(words: [String], user: String? = nil, timeout: Double? = nil) {
        self.words = words
        self.user = user
        self.timeout = timeout
    }

    package struct Outcome: Sendable {
        /// 124 when it took too long.
        package let status: Int32
        /// The last 4 KiB of what it said: of the source, so for private output alone.
        package let output: [UInt8]
    }

    /// Runs it to its end, or the end of its time. Throws `.failed` where it cannot be started, and what `check`, which is asked
    /// often, does: then it is ended first.
    package func run(on restored: String, scratch: String, check: () throws -> Void = {}) throws -> Outcome {
        let words = words.map { $0.replacing(Self.placeholder, with: restored) }
        let child: ChildProcess
        do {
            child = try ChildProcess(
                words, user: user, environment: [Self.variable: restored, Self.scratchVariable: scratch], capturesOutput: true, capturesErrors: true)
        } catch let error as SystemError { throw error.failure(.failed, "start", object: words[0]) }
        let deadline = timeout.map { monotonicSeconds() + $0 }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while deadline.map({ monotonicSeconds() < $0 }) ?? true {
            do { try check() } catch {
                child.terminate()
                throw error
            }
            // Not only to the end of its output: a service that it left behind may hold that open.
            if child.waitForOutput(until: monotonicSeconds() + Self.tick) {
                guard let count = try? buffer.withUnsafeMutableBytes({ try child.output?.read(into: $0) }), count > 0 else { break }
                output = (output + buffer[..<count]).suffix(Self.outputLimit)
            } else if child.hasEnded {
                break
            }
        }
        let status = child.wait(timeout: deadline.map { max(0, $0 - monotonicSeconds()) })
        // A service that it started and left running would hold the restored files.
        child.endGroup()
        return Outcome(status: status, output: output)
    }
}
