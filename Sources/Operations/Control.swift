import Base

/// What a command asks of the daemon: `POST /v1/runs`, as JSON.
package struct RunRequest: Codable, Sendable, Equatable {
    /// `backup`, `replicate`, `verify` or `restore-test`.
    package var kind = ""
    package var tenant = ""
    /// Source or site; empty for all.
    package var subject = ""
    /// Of `verify` and `replicate`: flags beside those that follow from the rest, such as `--inventory`.
    package var flags: [String] = []
    package var isJSON = false
    package var isQuiet = false
    package var language = "en"
    package init() {}

    /// Flags that may be asked for, by kind; and whether each has a value.
    private static let allowed: [String: [String: Bool]] = [
        "backup": [:], "replicate": ["--inventory": false], "verify": ["--read": true],
        "restore-test": ["--snapshot": true, "--share": true],
    ]

    /// The command that the request stands for. Throws `.usage` for anything but what is listed: what comes through the socket never becomes a flag
    /// of another kind.
    package func arguments() throws -> (task: TaskName, arguments: [String]) {
        guard let kind = TaskName.Kind(rawValue: kind), let allowed = Self.allowed[kind.rawValue] else {
            throw Failure(.usage, .controlUnknown(self.kind))
        }
        guard Language(rawValue: language) != nil, isName(tenant), subject.isEmpty || isName(subject) else {
            throw Failure(.usage, .controlUnknown(tenant))
        }
        var words: [String] = [kind.rawValue]
        switch kind {
        case .backup, .restoreTest:
            guard !subject.isEmpty else { throw Failure(.usage, .controlUnknown(kind.rawValue)) }
            words.append(subject)
        case .replicate: if !subject.isEmpty { words += ["--to", subject] }
        case .verify:
            guard !subject.isEmpty else { throw Failure(.usage, .controlUnknown(kind.rawValue)) }
            words += ["--site", subject]
        case .probe, .renew, .observe, .retention, .collect: break
        }
        var rest = flags[...]
        while let flag = rest.popFirst() {
            guard let hasValue = allowed[flag] else { throw Failure(.usage, .controlUnknown(printable(flag.utf8))) }
            words.append(flag)
            guard hasValue else { continue }
            guard let value = rest.popFirst(), !value.hasPrefix("-") else { throw Failure(.usage, .controlUnknown(flag)) }
            words.append(value)
        }
        return (TaskName(kind, tenant, kind == .replicate ? "" : subject), words + ["--tenant", tenant])
    }
}

/// A line of the answer to `POST /v1/runs`: what the run says, how far it is, and how it ended.
package struct RunFrame: Codable, Sendable {
    /// 1 for standard output, 2 for standard error, with `text` in base64: what a program writes is bytes.
    package var stream: Int32?
    package var text: String?
    package var progress: WorkerProgress?
    package var exit: Int32?
    package init() {}
}
