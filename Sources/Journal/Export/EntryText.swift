import Base
import Glibc

/// Entries as JSON, one a line, for people and their tools. The bytes of the segments are what was signed, not these.
package enum EntryText {
    /// The line of an entry, without its end. ASCII but for letters that cannot change how the line looks.
    package static func line(_ entry: LedgerEntry, _ link: Digest, _ place: EntryPlace) -> String {
        let event = entry.event
        var fields: [(String, String)] = [
            ("chain", quoted(place.chain.hex)), ("ledger", quoted(place.origin.ledger.word)),
            ("tenant", place.origin.tenant.map { quoted($0.hex) } ?? "null"), ("segment", "\(place.segment)"),
            ("sequence", "\(entry.sequence)"), ("time", quoted(utc(entry.time))), ("kind", quoted(event.kind.word)),
            ("outcome", quoted(event.outcome.word)), ("host", quoted(event.identity.host.text)),
            ("program", quoted(event.identity.program.word)),
        ]
        if let account = event.identity.account {
            fields.append(("user", user(account.user)))
            if let session = account.session { fields.append(("session", user(session))) }
        }
        if let object = event.object { fields.append(("object", self.object([(object.type.text, value(object.value))]))) }
        if !event.reason.isEmpty { fields.append(("reason", quoted(event.reason))) }
        if !event.details.isEmpty {
            fields.append(("details", object(event.details.sorted { $0.key < $1.key }.map { ($0.key.text, value($0.value)) })))
        }
        fields.append(("link", quoted(link.hex)))
        return object(fields)
    }

    private static func object(_ fields: [(String, String)]) -> String {
        "{" + fields.map { quoted($0.0) + ":" + $0.1 }.joined(separator: ",") + "}"
    }

    private static func user(_ user: Identity.User) -> String { object([("uid", "\(user.uid)"), ("login", quoted(user.login))]) }

    private static func value(_ value: EntryValue) -> String {
        switch value {
        case .number(let number): "\(number)"
        case .word(let word): quoted(word.text)
        case .id(let id): quoted(id.hex)
        case .digest(let digest): quoted(digest.hex)
        case .time(let time): quoted(utc(time))
        case .text(let text): quoted(text)
        case .bytes(let bytes): quoted(printable(bytes))
        }
    }

    /// RFC 3339 in UTC with nanoseconds; a number of seconds where the year has more than four digits.
    static func utc(_ time: Timestamp) -> String {
        var (seconds, parts) = (time_t(time.seconds), tm())
        guard (-62_135_596_800..<253_402_300_800).contains(time.seconds), gmtime_r(&seconds, &parts) != nil else { return "\(time.seconds)s" }
        func digits(_ number: some BinaryInteger, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let date = [digits(parts.tm_year + 1900, 4), digits(parts.tm_mon + 1, 2), digits(parts.tm_mday, 2)].joined(separator: "-")
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { digits($0, 2) }.joined(separator: ":")
        return "\(date)T\(clock).\(digits(time.nanoseconds, 9))Z"
    }

    /// A JSON string (RFC 8259). Control characters, and what reverses or hides text on a screen, are escaped.
    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case _ where isPlain(scalar): out.unicodeScalars.append(scalar)
            default:
                for unit in UTF16.encode(scalar)! {
                    let hex = String(unit, radix: 16)
                    out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                }
            }
        }
        return out + "\""
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned, .nonspacingMark, .enclosingMark,
            .spacingMark:
            return false
        default: return true
        }
    }
}
