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
}
