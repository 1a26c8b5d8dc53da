import Base

/// Several failures at once, each to be said: the problems of a configuration, the sites that failed.
package struct Failures: Error, Sendable {
    package let all: [Failure]

    package init(_ all: [Failure]) { self.all = all }

    /// The one status for all of them.
    package var exitStatus: ExitStatus { all.reduce(.done) { $0.combined(with: $1.exitStatus) } }
}

extension Failures: CustomStringConvertible {
    package var description: String { all.map(\.description).joined(separator: "\n") }
}

/// Any error as failures that can be told to a person.
package func failures(of error: any Error) -> [Failure] {
    switch error {
    case let failures as Failures: failures.all
    case let failure as Failure: [failure]
    case is CancellationError: [Failure(.interrupted, .interrupted, remedy: .runAgain)]
    case let error as SystemError: [Failure(.failed, .unexpectedError(error.reason))]
    default: [Failure(.failed, .unexpectedError("\(error)"))]
    }
}

/// A failure as `--json` shows it.
package struct FailureRecord: Codable, Sendable {
    /// Exit status that this failure alone would give.
    package let exit: Int32
    /// Stable name of the sentence; scripts match on it.
    package let code: String
    package let message: String
    package let object: String?
    package let remedy: String?

    package init(_ failure: Failure, _ language: Language) {
        exit = failure.exitStatus.rawValue
        code = failure.message.code
        message = failure.message.text(language)
        object = failure.object
        remedy = failure.remedy?.text(language)
    }
}

/// The last line of `--json` output when something failed: `{"error": {…}}`.
struct ErrorLine: Encodable {
    struct Content: Encodable {
        let exit: Int32
        let code: String
        let message: String
        let object: String?
        let remedy: String?
        /// The others, and how many more there were than are listed.
        let also: [FailureRecord]?
        let more: Int?
    }

    let error: Content

    /// Names first the failure that decided the exit status. `failures` must not be empty.
    init(_ failures: [Failure], total: Int, exit: ExitStatus, _ language: Language) {
        let decisive = failures.firstIndex { $0.exitStatus == exit } ?? 0
        var others = failures
        let first = FailureRecord(others.remove(at: decisive), language)
        error = Content(
            exit: exit.rawValue, code: first.code, message: first.message, object: first.object, remedy: first.remedy,
            also: others.isEmpty ? nil : others.map { FailureRecord($0, language) },
            more: total > failures.count ? total - failures.count : nil)
    }
}
