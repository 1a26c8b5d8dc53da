/// A fact that somebody recorded, or that nobody did. What is not recorded is a gap of the report by itself (`UnknownFacts`); a list
/// that is recorded as empty says that there is none.
///
/// In JSON: the value, or `null`. An absent key is read as `null`.
package enum Recorded<Value: Codable & Sendable & Equatable>: Codable, Sendable, Equatable {
    case known(Value)
    case unknown

    /// Unknown where `value` is nil.
    package init(_ value: Value?) { self = value.map(Recorded.known) ?? .unknown }

    /// Nil where nobody recorded it.
    package var value: Value? {
        if case .known(let value) = self { return value }
        return nil
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = container.decodeNil() ? .unknown : .known(try container.decode(Value.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value { try container.encode(value) } else { try container.encodeNil() }
    }
}

extension KeyedDecodingContainer {
    /// What the compiler calls for a `Recorded` property: without it an absent key would be an error.
    package func decode<Value>(_ type: Recorded<Value>.Type, forKey key: Key) throws -> Recorded<Value> {
        try decodeIfPresent(type, forKey: key) ?? .unknown
    }
}

/// `Recorded` without its type, for whoever walks through a model.
protocol PerhapsRecorded {
    var anyValue: Any? { get }
}

extension Recorded: PerhapsRecorded {
    var anyValue: Any? { value }
}

/// Something that has a name in the report.
protocol Titled {
    var title: String { get }
}
