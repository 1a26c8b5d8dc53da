import Base
import Codec
import Glibc

/// An access key of an S3 store.
package struct S3Credentials: Sendable {
    package let accessKey: String
    package let secretKey: Secret
    /// Of temporary credentials.
    package let sessionToken: String?

    package init(accessKey: String, secretKey: Secret, sessionToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }

    private static let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]

    /// Reads lines `AWS_ACCESS_KEY_ID=…`, `AWS_SECRET_ACCESS_KEY=…` and perhaps `AWS_SESSION_TOKEN=…`, in any order;
    /// blank lines and lines that begin with `#` are passed over. Nil for anything else.
    package init?(text: [UInt8]) {
        var values: [String: String] = [:]
        for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let equals = line.firstIndex(of: "="), Self.names.contains(String(line[..<equals])) else { return nil }
            values[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
        self.init(values)
    }

    /// From the environment of the process; nil when it has none.
    package static func fromEnvironment() -> S3Credentials? {
        var values: [String: String] = [:]
        for name in names { values[name] = getenv(name).map { String(cString: $0) } }
        return S3Credentials(values)
    }

    private init?(_ values: [String: String]) {
        guard let accessKey = values[Self.names[0]], let secretKey = values[Self.names[1]], !accessKey.isEmpty, !secretKey.isEmpty,
            values.values.allSatisfy({ $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } })
        else { return nil }
        self.init(accessKey: accessKey, secretKey: Secret(Array(secretKey.utf8)), sessionToken: values[Self.names[2]])
    }
}
