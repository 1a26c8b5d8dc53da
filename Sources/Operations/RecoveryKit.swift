import Base
import Keys
import Repository

/// The page for the safe: what is needed, besides one site, to restore everything on a bare machine.
package struct RecoveryKit: Sendable {
    package let tenant: String
    package let fingerprint: Fingerprint
    package let code: RecoveryCode
    /// Name and place (`file:/srv/x`) of each site.
    package let sites: [(name: String, place: String)]
    package let created: Timestamp

    package init(tenant: String, fingerprint: Fingerprint, code: RecoveryCode, sites: [(name: String, place: String)], created: Timestamp = .now()) {
        self.tenant = tenant
        self.fingerprint = fingerprint
        self.code = code
        self.sites = sites
        self.created = created
    }

    /// The page. The lines with `=` are for the machine and for typing; the words are for people.
    package func page(_ language: Language) -> String {
        var lines = [Message.kitTitle(tenant).text(language), String(repeating: "=", count: 72), ""]
        lines += Message.kitIntroduction.text(language).split(separator: "\n").map(String.init) + [""]
        lines += ["tenant      = \(tenant)", "fingerprint = \(fingerprint.hex)", "prefix      = \(fingerprint.prefix)", "code        = \(code.text)"]
        lines += sites.map { "site        = \($0.name) \($0.place)" }
        lines += ["created     = \(created.localText)", ""]
        lines += Message.kitInstructions.text(language).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return lines.joined(separator: "\n") + "\n"
    }

    /// Reads a page as printed, or as typed again from paper. Throws `.usage` when a line lacks, `.key`
    /// for a mistyped code.
    package init(page: String) throws {
        var values: [String: [String]] = [:]
        for line in page.split(whereSeparator: \.isNewline) {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let key = line[..<equals].filter { !$0.isWhitespace }
            let value = line[line.index(after: equals)...].drop { $0.isWhitespace }
            values[String(key), default: []].append(String(value.reversed().drop { $0.isWhitespace }.reversed()))
        }
        func one(_ key: String) throws -> String {
            guard let value = values[key]?.first else { throw Failure(.usage, .kitLineMissing(key)) }
            return value
        }
        tenant = try one("tenant")
        guard let fingerprint = Fingerprint(hex: try one("fingerprint").filter { !$0.isWhitespace }) else {
            throw Failure(.usage, .kitLineMissing("fingerprint"))
        }
        self.fingerprint = fingerprint
        code = try RecoveryCode(one("code"))
        sites = (values["site"] ?? []).compactMap { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        }
        created = .now()
    }
}
