import TOMLKit

// The only file that knows TOMLKit: the one TOML package there is, with a single maintainer.

/// A value of a configuration file, as plain Swift.
indirect enum ConfigurationValue: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    /// A date, a time, or both; the configuration has no use for them.
    case moment
    case list([ConfigurationValue])
    case table([ConfigurationEntry])
}

/// A key of a table and its value.
struct ConfigurationEntry: Sendable, Equatable {
    let key: String
    let value: ConfigurationValue
}

/// Why a text is not TOML, in the parser's words, and where.
struct ConfigurationSyntaxError: Error {
    let line: Int
    let column: Int
    let reason: String
}

/// Reads `text` as TOML. The keys of each table are in no particular order.
///
/// `text` must hold no zero byte: the parser is given a C string. Throws `ConfigurationSyntaxError`.
func parseTOML(_ text: String) throws -> [ConfigurationEntry] {
    do {
        return entries(of: try TOMLTable(string: text))
    } catch let error as TOMLParseError {
        let place = error.source.begin
        throw ConfigurationSyntaxError(line: place.line, column: place.column, reason: error.description)
    }
}

private func entries(of table: TOMLTable) -> [ConfigurationEntry] {
    // A key that holds a zero byte is cut short by the C interface and then not found: it shows as
    // unknown, which it is.
    table.keys.map { ConfigurationEntry(key: $0, value: table[$0].map(plain) ?? .moment) }
}

private func plain(_ value: any TOMLValueConvertible) -> ConfigurationValue {
    switch value.type {
    case .string: .text(value.string ?? "")
    case .int: value.int.map(ConfigurationValue.integer) ?? .moment
    case .double: .number(value.double ?? .nan)
    case .bool: .boolean(value.bool ?? false)
    case .array: .list((value.array ?? TOMLArray()).map(plain))
    case .table: .table(value.table.map(entries) ?? [])
    case .date, .time, .dateTime: .moment
    }
}
