import Base
import Glibc

/// The red button: while the file `isolated` is in the state folder, nothing is written or deleted at any site and no site over the network is
/// spoken to. What lies in folders restores.
package struct Isolation: Sendable {
    /// Who pressed it, when, and why.
    package struct Record: Codable, Sendable, Equatable {
        package let person: String
        package let time: String
        package let reason: String

        package init(person: String, time: String, reason: String) {
            self.person = person
            self.time = time
            self.reason = reason
        }
    }

    private let path: String

    /// `state`: the state folder of the node.
    package init(state: String) { path = state + "/isolated" }

    /// Whether the button is pressed. A file that cannot be read, or looked for, counts as pressed.
    package var isOn: Bool {
        if access(path, F_OK) == 0 { return true }
        return errno != ENOENT && errno != ENOTDIR
    }

    /// Why nothing may be done; nil while the machine is not isolated.
    package var refusal: Failure? { isOn ? Failure(.refused, .isolated, remedy: .isolatedRemedy) : nil }

    /// Who pressed it; nil where it is not pressed, or the file says nothing.
    package var record: Record? {
        (try? Files.read(path, limit: 1 << 16)).flatMap { $0 }.flatMap { try? JSONLine.decode(row: Record.self, $0) }
    }

    /// Presses it: durable on return, and in effect for every process that uses the state folder.
    package func begin(_ record: Record) throws {
        try Files.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
        try Files.replace(path, JSONLine.encode(record), mode: 0o644)
    }

    /// Releases it. Throws `.failed` where the file cannot be removed.
    package func end() throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemError.last().failure(.failed, "unlink", object: path) }
    }
}
