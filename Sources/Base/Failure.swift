/// Exit statuses of the program (docs/OPERATIONS.md); scripts rely on them.
package enum ExitStatus: Int32, Sendable {
    case done = 0
    case failed = 1
    case usage = 2
    case partial = 3
    case damaged = 4
    case refused = 5
    case unreachable = 6
    case key = 7
    case format = 8
    case interrupted = 130

    /// When several apply, the first of this list is the one to report.
    private static let precedence: [ExitStatus] = [.interrupted, .usage, .damaged, .format, .key, .refused, .unreachable, .partial, .failed, .done]

    /// The status to report when both `self` and `other` apply.
    package func combined(with other: ExitStatus) -> ExitStatus {
        Self.precedence.first { $0 == self || $0 == other } ?? self
    }
}

/// What went wrong, to which object, and what to do next.
///
/// One type for the whole program: modules throw it as it is, and the executable prints it. It never
/// holds content, keys or passphrases; paths of the source appear only in `object`.
package struct Failure: Error, Sendable {
    package enum Kind: Sendable, Equatable {
        /// Wrong arguments or configuration.
        case usage
        /// Something of the source or the target could not be read or written; the rest was.
        case partial
        /// Stored bytes are not what they should be.
        case damaged
        /// A stored object is not there. Reported as damage unless the caller expected it.
        case missing
        /// An object of that name exists already.
        case exists
        /// Policy, hold, role or an odd state forbids it.
        case refused
        /// The place that was named is not what it should be (another's site, an unmounted disk).
        case wrongPlace
        /// A site did not answer, or failed in a way that may pass.
        case unreachable
        /// No room left.
        case noSpace
        /// A key is missing or wrong.
        case key
        /// Newer format, or not ours.
        case format
        /// The session was fenced by collection: start again.
        case fenced
        case interrupted
        case failed
    }

    package let kind: Kind
    package let message: Message
    /// What the reader can do about it.
    package let remedy: Message?
    /// The object or path concerned, ready for a terminal (see `printable`).
    package let object: String?

    package init(_ kind: Kind, _ message: Message, object: String? = nil, remedy: Message? = nil) {
        self.kind = kind
        self.message = message
        self.object = object
        self.remedy = remedy
    }

    /// Whether the same act may succeed later without anybody's doing.
    package var isPassing: Bool { kind == .unreachable || kind == .fenced }

    package var exitStatus: ExitStatus {
        switch kind {
        case .usage: .usage
        case .partial: .partial
        case .damaged, .missing: .damaged
        case .refused, .wrongPlace: .refused
        case .unreachable, .fenced: .unreachable
        case .key: .key
        case .format: .format
        case .interrupted: .interrupted
        case .exists, .noSpace, .failed: .failed
        }
    }

    /// The same failure, naming `object` where it named none.
    package func of(_ object: @autoclosure () -> String) -> Failure {
        self.object == nil ? Failure(kind, message, object: object(), remedy: remedy) : self
    }
}

extension Failure: CustomStringConvertible {
    package var description: String { text(.english) }

    /// One or two lines for a person: what happened, to what, and what to do.
    package func text(_ language: Language) -> String {
        var line = message.text(language)
        if let object { line = "\(object): \(line)" }
        if let remedy { line += "\n  " + remedy.text(language) }
        return line
    }
}
