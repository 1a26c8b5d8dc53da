import Base

// `config show`: what is in effect, defaults included, secrets left out.
extension Configuration {
    /// The whole configuration as TOML that `read` accepts again. What may carry a secret (the webhook's
    /// path, a password in an address given to a command) is replaced by `…`.
    package var toml: String {
        var text = ""
        for entry in entries {
            guard case .table(let entries) = entry.value else { continue }
            writeTable(entries, [entry.key], to: &text)
        }
        return text
    }

    /// The same for JSON.
    package var json: any Encodable & Sendable { ConfigurationValue.table(entries) }

    private var entries: [ConfigurationEntry] {
        var root = TableWriter()
        root.put("node", node.entries(roles: Role.allCases))
        root.put("daemon", daemon.entries)
        if alert != Alert() { root.put("alert", alert.entries) }
        root.put("restore_test", restoreTest.entries)
        root.put("journal", journal.entries)
        root.put("sovereignty", papers.entries)
        root.put("site", sites.map { ConfigurationEntry(key: $0.name, value: .table($0.entries)) })
        root.put("tenant", tenants.map { ConfigurationEntry(key: $0.name, value: .table($0.entries)) })
        root.put("source", sources.map { ConfigurationEntry(key: $0.name, value: .table($0.entries)) })
        return root.entries
    }
}

/// Builds a table, leaving out what is nil.
private struct TableWriter {
    private(set) var entries: [ConfigurationEntry] = []

    mutating func put(_ key: String, _ value: ConfigurationValue?) {
        if let value { entries.append(ConfigurationEntry(key: key, value: value)) }
    }
    mutating func put(_ key: String, _ value: String?) { put(key, value.map(ConfigurationValue.text)) }
    mutating func put(_ key: String, _ value: Int?) { put(key, value.map(ConfigurationValue.integer)) }
    mutating func put(_ key: String, _ value: Bool) { put(key, .boolean(value)) }
    mutating func put(_ key: String, _ value: Duration?) { put(key, value?.configurationText) }
    mutating func put(_ key: String, _ value: [String]?) { put(key, value.map { .list($0.map(ConfigurationValue.text)) }) }
    /// Words of a command, which may carry a password in an address.
    mutating func put(command key: String, _ words: [String]?) { put(key, words?.map(withoutPassword)) }
    mutating func put(_ key: String, _ table: [ConfigurationEntry]?) {
        if let table, !table.isEmpty { put(key, .table(table)) }
    }
}

/// `scheme://user:password@host` without the password.
private func withoutPassword(_ word: String) -> String {
    guard let scheme = word.firstRange(of: "://") else { return word }
    let rest = word[scheme.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else { return word }
    return word[...colon] + "…" + word[at...]
}

extension Configuration.RestoreTest {
    fileprivate var entries: [ConfigurationEntry] {
        var table = TableWriter()
        table.put("place", place)
        table.put("share", share.text)
        table.put("limit", limit.text)
        return table.entries
    }
}

extension Configuration.Journal {
    fileprivate var entries: [ConfigurationEntry] {
        var table = TableWriter()
        table.put("accesses", accesses)
        table.put("close_after", closeAfter)
        table.put("require_reason", requiresReason)
        return table.entries
    }
}

extension Configuration.Papers {
    fileprivate var entries: [ConfigurationEntry] {
        var table = TableWriter()
        table.put("evidence", evidence)
        table.put("approvers", approvers)
        table.put("policies", policies)
        table.put("providers", providers)
        table.put("operator", host?.name)
        table.put("operator_siren", host?.siren)
        if !hostEvidence.isEmpty { table.put("operator_evidence", hostEvidence) }
        table.put("datacentre", datacentre)
        table.put("media", media?.rawValue)
        return table.entries
    }
}

extension Configuration.Node {
    fileprivate func entries(roles all: [Configuration.Role]) -> [ConfigurationEntry] {
        var table = TableWriter()
        table.put("name", name)
        table.put("roles", all.filter(roles.contains).map(\.rawValue))
        table.put("domain", domain)
        table.put("state", state)
        table.put("keys", keys)
        return table.entries
    }
}

extension Configuration.Daemon {
    fileprivate var entries: [ConfigurationEntry] {
        var table = TableWriter()
        table.put("socket", socket)
        table.put("listen", listen)
        table.put("memory", memory.text)
        return table.entries
    }
}

extension Configuration.Alert {
    fileprivate var entries: [ConfigurationEntry] {
        var table = TableWriter()
        table.put(command: "command", command)
        table.put("mail", mail)
        if mail != nil { table.put("smtp", smtp) }
        table.put("from", from)
        table.put("webhook_secret", webhookSecret)
        table.put("heartbeat", heartbeat.map(Self.withoutToken))
        if heartbeat != nil { table.put("heartbeat_every", heartbeatEvery) }
        table.put("remind_every", remindEvery)
        table.put("webhook", webhook.map(Self.withoutToken))
        return table.entries
    }

    private static func withoutToken(_ address: String) -> String { WebAddress(address).map { "\($0.scheme)://\($0.host)/…" } ?? "…" }
}

extension Configuration.Site {
    fileprivate var entries: [ConfigurationEntry] {
        var table = TableWriter()
        table.put("kind", place.kind)
        switch place {
        case .file(let path): table.put("path", path)
        case .s3(let s3):
            table.put("endpoint", s3.endpoint)
            table.put("region", s3.region)
            table.put("bucket", s3.bucket)
            table.put("coordination_bucket", s3.coordinationBucket)
            table.put("prefix", s3.prefix)
            table.put("credentials", s3.credentials.entries)
            table.put("object_lock", s3.objectLock?.rawValue)
            table.put("lock_period", s3.lockPeriod?.configurationText)
            table.put("path_style", s3.usesPathStyle)
            table.put("ca_file", s3.authorityFile)
            table.put("proxy", s3.proxy)
            table.put("timeout", s3.timeout?.configurationText)
        case .remote(let remote):
            table.put("endpoint", remote.endpoint)
            table.put("prefix", remote.prefix)
            table.put("credentials", remote.credentials.entries)
            table.put("ca_file", remote.authorityFile)
        }
        if let limit {
            var limits = TableWriter()
            limits.put("upload", limit.upload.map { $0.text + "/s" })
            limits.put("download", limit.download.map { $0.text + "/s" })
            limits.put("between", limit.between?.text)
            table.put("limit", limits.entries)
        }
        table.put("offline", isOffline)
        return table.entries
    }
}

extension Configuration.Site.Credentials {
    fileprivate var entries: [ConfigurationEntry] {
        var table = TableWriter()
        table.put("write", write)
        table.put("maintain", maintain)
        table.put("restore", restore)
        return table.entries
    }
}

extension Configuration.Tenant {
    fileprivate var entries: [ConfigurationEntry] {
        var table = TableWriter()
        table.put("fingerprint", fingerprint?.hex)
        table.put("sites", sites)
        table.put("write_quorum", writeQuorum)
        table.put("keys_together", acceptsKeysTogether ? "accepted" : "refused")
        if kind != .third { table.put("type", kind.rawValue) }
        table.put("legal_name", party?.name)
        table.put("siren", party?.siren)
        table.put("policy", policy.entries)
        return table.entries
    }
}

extension Configuration.Policy {
    fileprivate var entries: [ConfigurationEntry] {
        var table = TableWriter()
        table.put("profile", profile?.rawValue)
        table.put("copies", copies)
        table.put("immutable", immutable)
        table.put("keep", keep?.entries)
        table.put("quarantine", quarantine)
        table.put("patience", patience)
        table.put("cool_off", coolOff)
        var verify = TableWriter()
        verify.put("scrub", scrub)
        verify.put("restore_test", restoreTest)
        verify.put("rate", scrubRate.map { $0.text + "/s" })
        table.put("verify", verify.entries)
        return table.entries
    }
}

extension Configuration.Keep {
    fileprivate var entries: [ConfigurationEntry] {
        var table = TableWriter()
        table.put("last", last)
        table.put("hourly", hourly)
        table.put("daily", daily)
        table.put("weekly", weekly)
        table.put("monthly", monthly)
        table.put("yearly", yearly)
        table.put("within", within)
        return table.entries
    }
}

extension Configuration.Source {
    fileprivate var entries: [ConfigurationEntry] {
        var table = TableWriter()
        table.put("tenant", tenant)
        switch content {
        case .paths(let paths):
            table.put("paths", paths)
            table.put("exclude", exclude)
            table.put("one_file_system", staysOnFileSystem)
        case .command(let words): table.put(command: "command", words)
        case .standardInput: table.put("stdin", true)
        }
        table.put("chunking", chunking.rawValue)
        table.put("compression", compression.text)
        table.put("schedule", schedule?.text)
        table.put("user", user)
        table.put("timeout", timeout)
        table.put("before", before?.entries)
        table.put("after", after?.entries)
        table.put(command: "check", check)
        table.put("keep", keep?.entries)
        table.put("basis", basis)
        if let authorisation {
            var consent = TableWriter()
            consent.put("id", authorisation.id)
            consent.put("until", authorisation.until)
            table.put("authorisation", consent.entries)
        }
        table.put("information_notice", notice)
        table.put("rpo", rpo)
        table.put("rto", rto)
        return table.entries
    }
}

extension Configuration.Hook {
    fileprivate var entries: [ConfigurationEntry] {
        var table = TableWriter()
        table.put(command: "run", run)
        table.put("user", user)
        table.put("timeout", timeout)
        return table.entries
    }
}

// MARK: TOML

/// Writes a table with its header; tables two levels down and more are written in line, but `policy`.
private func writeTable(_ entries: [ConfigurationEntry], _ path: [String], to text: inout String) {
    let hasHeader = { (entry: ConfigurationEntry) in path.count == 1 || entry.key == "policy" }
    var below: [(ConfigurationEntry, [ConfigurationEntry])] = []
    var lines = ""
    for entry in entries {
        if case .table(let inner) = entry.value, hasHeader(entry) {
            below.append((entry, inner))
        } else {
            lines += "\(keyText(entry.key)) = \(inlineText(entry.value))\n"
        }
    }
    if !lines.isEmpty || below.isEmpty {
        text += (text.isEmpty ? "" : "\n") + "[\(path.map(keyText).joined(separator: "."))]\n" + lines
    }
    for (entry, inner) in below { writeTable(inner, path + [entry.key], to: &text) }
}

private func inlineText(_ value: ConfigurationValue) -> String {
    switch value {
    case .text(let text): quotedText(text)
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .boolean(let flag): flag ? "true" : "false"
    case .moment: quotedText("")
    case .list(let values): "[" + values.map(inlineText).joined(separator: ", ") + "]"
    case .table(let entries):
        "{ " + entries.map { "\(keyText($0.key)) = \(inlineText($0.value))" }.joined(separator: ", ") + " }"
    }
}

// MARK: JSON

extension ConfigurationValue: Encodable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        // A dictionary and not keys: the encoder writes those of the program in another case, and here
        // they may be the operator's names.
        case .table(let entries): try container.encode(Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first }))
        case .list(let values): try container.encode(values)
        case .text(let text): try container.encode(text)
        case .integer(let number): try container.encode(number)
        case .number(let number): try container.encode(number)
        case .boolean(let flag): try container.encode(flag)
        case .moment: try container.encodeNil()
        }
    }
}
