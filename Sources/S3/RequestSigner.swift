import Base
import Codec
import Crypto

/// AWS Signature Version 4 for requests whose payload hash is known
/// (docs.aws.amazon.com, "Authenticating Requests: Using the Authorization Header").
struct RequestSigner: Sendable {
    private struct DayKey {
        var day = ""
        var key = SymmetricKey(size: .bits256)
    }

    private let credentials: S3Credentials
    private let region: String
    private let dayKey = Monitor(DayKey())

    init(_ credentials: S3Credentials, region: String) {
        self.credentials = credentials
        self.region = region
    }

    var accessKey: String { credentials.accessKey }

    /// The headers to add to `request`, which goes to `host`. `payload`: hex of the SHA-256 of its body.
    func headers(for request: S3Request, host: String, path: String, payload: String, at moment: Timestamp) -> [(String, String)] {
        let stamp = CivilTime(moment).compact
        let day = String(stamp.prefix(8))
        var headers = request.headers.map { ($0.0.lowercased(), $0.1) }
        headers += [("host", host), ("x-amz-content-sha256", payload), ("x-amz-date", stamp)]
        if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
        headers.sort { $0.0 < $1.0 }
        let signed = headers.map(\.0).joined(separator: ";")
        let canonical = [
            request.method, path, request.canonicalQuery, headers.map { "\($0.0):\($0.1)\n" }.joined(), signed, payload,
        ].joined(separator: "\n")
        let scope = "\(day)/\(region)/s3/aws4_request"
        let toSign = ["AWS4-HMAC-SHA256", stamp, scope, sha256(Array(canonical.utf8)).hex].joined(separator: "\n")
        let signature = hexString(Array(HMAC<Crypto.SHA256>.authenticationCode(for: Array(toSign.utf8), using: key(day))))
        let authorization = "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(signed), Signature=\(signature)"
        return headers + [("authorization", authorization)]
    }

    private func key(_ day: String) -> SymmetricKey {
        dayKey.look { known in
            if known.day != day {
                var key = credentials.secretKey.withBytes { SymmetricKey(data: Array("AWS4".utf8) + Array($0)) }
                for part in [day, region, "s3", "aws4_request"] {
                    key = SymmetricKey(data: HMAC<Crypto.SHA256>.authenticationCode(for: Array(part.utf8), using: key))
                }
                known = DayKey(day: day, key: key)
            }
            return known.key
        }
    }
}

/// One request to a store, before it is signed. Names of query items and headers are ASCII.
struct S3Request: Sendable {
    var method: String
    var bucket: String
    /// Empty for the bucket itself; made of unreserved characters and `/`.
    var key = ""
    var query: [(String, String)] = []
    var headers: [(String, String)] = []

    init(_ method: String, _ bucket: String, _ key: String = "", query: [(String, String)] = [], headers: [(String, String)] = []) {
        self.method = method
        self.bucket = bucket
        self.key = key
        self.query = query
        self.headers = headers
    }

    /// Sorted by name, everything but unreserved characters percent-encoded; what is sent is the same.
    var canonicalQuery: String {
        query.map { (percentEncoded($0.0), percentEncoded($0.1)) }.sorted { $0 < $1 }.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }
}

/// RFC 3986: all but letters, digits, `-`, `.`, `_` and `~` encoded.
func percentEncoded(_ text: String, keepingSlash: Bool = false) -> String {
    var out: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            out.append(byte)
        case UInt8(ascii: "/") where keepingSlash: out.append(byte)
        default: out += Array("%".utf8) + Array(hexString([byte]).uppercased().utf8)
        }
    }
    return String(decoding: out, as: UTF8.self)
}
