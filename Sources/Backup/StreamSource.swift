import Base
import Glibc
import Repository

/// A source whose content is what a program prints, or standard input: a snapshot with one file, named as
/// the source.
struct StreamSource {
    let name: String
    let reader: ContentReader

    init(name: String, reader: ContentReader) {
        self.name = name
        self.reader = reader
    }

    private var record: CatalogueRecord {
        var entry = Entry(key: Array(name.utf8), kind: .file, mode: 0o600, uid: getuid(), gid: getgid(), mtime: .now())
        entry.size = 0
        return CatalogueRecord(entry: entry, isUncertain: true)
    }

    /// Runs `words` and takes its output. Throws, so that there is no snapshot, when it fails or takes
    /// longer than `timeout` seconds.
    func command(_ words: [String], user: String?, timeout: Double?) throws {
        let child: ChildProcess
        do { child = try ChildProcess(words, user: user, capturesOutput: true) } catch let error as SystemError {
            throw error.failure(.failed, "start", object: words[0])
        }
        let deadline = timeout.map { monotonicSeconds() + $0 }
        do {
            _ = try reader.readStream(child.output!, record) {
                guard child.waitForOutput(until: deadline) else { throw Failure(.failed, .commandTimedOut, object: name) }
            }
        } catch {
            child.terminate()
            throw error
        }
        let status = child.wait(timeout: deadline.map { max(0, $0 - monotonicSeconds()) })
        if status == 124, let deadline, monotonicSeconds() >= deadline { throw Failure(.failed, .commandTimedOut, object: name) }
        guard status == 0 else { throw Failure(.failed, .commandFailed(status), object: name) }
    }

    func input() throws {
        do { _ = try reader.readStream(File(descriptor: dup(0)), record) {} } catch let error as SystemError {
            throw error.failure(.failed, "read", object: "standard input")
        }
    }
}
