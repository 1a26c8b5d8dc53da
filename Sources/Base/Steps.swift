import Glibc
import Synchronization

/// Names of the steps that a run goes through, written to the descriptor that HDSBACKUP_STEPS_FD names: the kill tests learn from it where
/// a run was when it died. At the step that HDSBACKUP_STOP_AT names the run stops itself, once, until it gets SIGCONT. Nothing of that otherwise.
package enum Steps {
    private static let descriptor: Int32 = getenv("HDSBACKUP_STEPS_FD").flatMap { Int32(String(cString: $0)) } ?? -1
    private static let end: String? = getenv("HDSBACKUP_STOP_AT").map { String(cString: $0) }
    private static let hasStopped = Atomic(false)

    package static func mark(_ step: StaticString) {
        guard descriptor >= 0 else { return }
        let line = "\(step)\n"
        _ = line.withCString { write(descriptor, $0, strlen($0)) }
        if let end, end == "\(step)", !hasStopped.exchange(true, ordering: .relaxed) { kill(getpid(), SIGSTOP) }
    }
}
