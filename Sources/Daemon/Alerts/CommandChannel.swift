import Base
import FoundationEssentials
import Operations

/// Runs a command of the operator's, with the telling as JSON on its standard input and the subject as its last argument.
package struct CommandChannel: AlertChannel {
    package let name = "command"
    private let words: [String]
    private static let timeout = 60.0

    package init(_ words: [String]) { self.words = words }

    package func deliver(_ telling: Telling, language: Language) throws {
        let input = Array(try JSONEncoder().encode(telling)) + [0x0A]
        let child: ChildProcess
        do { child = try ChildProcess(words + [telling.subject(language)], capturesOutput: false, input: input) } catch let error as SystemError {
            throw error.failure(.failed, "start", object: words[0])
        }
        let status = child.wait(timeout: Self.timeout)
        guard status == 0 else { throw Failure(.failed, .hookFailed(words[0], status)) }
    }
}
