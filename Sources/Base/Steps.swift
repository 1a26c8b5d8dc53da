import Glibc

/// Names of the steps that a run goes through, written to the descriptor that HDSBACKUP_STEPS_FD names:
/// the kill tests learn from it where a run was when it died. Nothing is written otherwise.
package enum Steps {
    private static let descriptor: Int32 = getenv("HDSBACKUP_STEPS_FD").flatMap { Int32(String(cString: $0)) } ?? -1

    package static func mark(_ step: StaticString) {
        guard descriptor >= 0 else { return }
        let line = "\(step)\n"
        _ = line.withCString { write(descriptor, $0, strlen($0)) }
    }
}
