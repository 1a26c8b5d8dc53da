import Base
import FoundationEssentials

/// How the program writes JSON: one value on one line, keys sorted and in `snake_case`, slashes as they
/// are, times in RFC 3339 with the local offset, ids in hexadecimal.
package enum JSONLine {
    /// The bytes of `value`, without an end of line. Throws only for what JSON cannot say (NaN).
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return Array(try encoder.encode(value))
    }

    /// Reads back what `encode` made of a value whose properties are named as in Swift.
    package static func decode<T: Decodable>(_ type: T.Type, _ bytes: some Collection<UInt8>) throws -> T {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(bytes))
    }

    /// The same of a row: its properties are named as in JSON.
    package static func decode<T: Decodable>(row type: T.Type, _ bytes: some Collection<UInt8>) throws -> T {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}

/// Raw bytes of a path in JSON, which holds text only: `path`, made printable, and, where that is not
/// byte for byte the same, `path_base64`.
///
/// Encode it into the object that has the path: `try PathFields(path).encode(to: encoder)`, beside the
/// object's other keys.
package struct PathFields: Codable, Sendable {
    package let path: String
    package let pathBase64: String?

    package init(_ bytes: [UInt8]) {
        path = printable(bytes)
        pathBase64 = path.utf8.elementsEqual(bytes) ? nil : Data(bytes).base64EncodedString()
    }
}

extension Timestamp: Encodable {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(localText)
    }
}

extension Digest: Encodable {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}

extension ShortID: Encodable {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}
