import Base
import FoundationEssentials
import Logging
import Operations
import Synchronization

/// The daemon's log on standard error: a line an event, with the priority that journald reads (`<6>`, sd-daemon(3)), or a JSON object.
package struct ServiceLog: LogHandler {
    package enum Format: String, Sendable, CaseIterable {
        /// `<N>` before each line, without a time: the journal has its own.
        case journal
        case json
    }

    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let format: Format
    private let label: String
    private let descriptor: Int32

    package init(_ label: String, format: Format, level: Logger.Level, descriptor: Int32 = 2) {
        self.label = label
        self.format = format
        self.descriptor = descriptor
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    private struct Line: Encodable {
        let time: String
        let level: String
        let message: String
        let fields: [String: String]
    }

    package func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
        let text: String
        switch format {
        case .json:
            let line = Line(time: Timestamp.now().localText, level: event.level.rawValue, message: "\(event.message)", fields: fields)
            guard let bytes = try? JSONLine.encode(line) else { return }
            text = String(decoding: bytes, as: UTF8.self)
        case .journal:
            let words = fields.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.quoted($0.value))" }
            text = "<\(Self.priority(event.level))>" + ([Self.quotedLine("\(event.message)")] + words).joined(separator: " ")
        }
        writeLine(text, to: descriptor)
    }

    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// On one line: a line of its own making must not pass for another event.
    private static func quotedLine(_ text: String) -> String { printable(text.utf8) }

    private static func quoted(_ text: String) -> String {
        let line = quotedLine(text)
        return line.isEmpty || line.contains(where: { " =\"".contains($0) }) ? "\"" + line.replacing("\"", with: "'") + "\"" : line
    }
}
