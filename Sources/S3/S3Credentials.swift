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
    /// blank lines and lines that begin with `#` are passed over. Nil for anything else, such as a name that is there twice.
    package init?(text: [UInt8]) {
        var values: [String: String] = [:]
        for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let equals = line.firstIndex(of: "=") else { return nil }
            let name = String(line[..<equals])
            guard Self.names.contains(name), values[name] == nil else { return nil }
            values[name] = String(line[line.index(after: equals)...])
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
        let token = values[Self.names[2]].flatMap { $0.isEmpty ? nil : $0 }
        self.init(accessKey: accessKey, secretKey: Secret(Array(secretKey.utf8)), sessionToken: token)
    }
}
