import Base

/// One thing that is wrong in a document: which file, where, and what was expected.
package struct DocumentProblem: Sendable, Equatable {
    package let file: String
    package let line: Int
    /// Such as `evidence.holder.siren`; empty where the file is not JSON at all.
    package let key: String
    package let message: Message

    package var failure: Failure {
        Failure(.usage, message, object: "\(file):\(line)" + (key.isEmpty ? "" : ": \(key)"))
    }
}

/// Everything that is wrong in one document or more, told at once.
package struct DocumentProblems: Error, Sendable, Equatable {
    package let all: [DocumentProblem]

    package init(_ all: [DocumentProblem]) { self.all = all }

    package var failures: [Failure] { all.map(\.failure) }
}

/// Gathers the problems of one file while it is read.
final class DocumentFindings {
    let file: String
    private(set) var problems: [DocumentProblem] = []

    init(file: String) { self.file = file }

    func problem(_ line: Int, _ key: String, _ message: Message) {
        problems.append(DocumentProblem(file: file, line: line, key: key, message: message))
    }

    /// In the order of the file. Stable, unlike the library's sort.
    var sorted: [DocumentProblem] {
        problems.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
    }
}
