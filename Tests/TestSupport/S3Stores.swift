import Base
import Codec
import Glibc
import S3
import Sites

/// A bucket, or a pair of them, of a real S3 store that the test run started (Tests/Stores/README.md).
///
/// `HDS_TEST_S3` names a file with a line for each: label, endpoint, region, bucket, coordination bucket or `-`, lock mode or
/// `-`, access key, secret key, CA file or `-`.
package struct S3Store: Sendable, Hashable {
    package let label: String
    package let endpoint: String
    package let region: String
    package let bucket: String
    package let coordinationBucket: String?
    package let lock: S3Site.Lock.Mode?
    package let accessKey: String
    package let secretKey: String
    package let authorityFile: String?

    /// Those of the test run; none where it started none.
    package static let all: [S3Store] = {
        guard let path = getenv("HDS_TEST_S3").map({ String(cString: $0) }), let bytes = try? Files.read(path) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { S3Store(line: $0) }
    }()

    private init(line: Substring) {
        let fields = line.split(separator: " ").map { $0 == "-" ? nil : String($0) }
        precondition(fields.count == 9, "a line of HDS_TEST_S3 has nine fields")
        (label, endpoint, region, bucket) = (fields[0]!, fields[1]!, fields[2]!, fields[3]!)
        (coordinationBucket, lock) = (fields[4], fields[5].map { S3Site.Lock.Mode(rawValue: $0)! })
        (accessKey, secretKey, authorityFile) = (fields[6]!, fields[7]!, fields[8])
    }

    /// An empty site below a prefix of its own. `endpoint`: another way to the same store, such as a proxy's.
    package func make(
        name: String = "site", prefix: String = "t" + hexString(randomBytes(8)), through endpoint: String? = nil, patience: Int = 30,
        _ adapt: (inout S3Site.Options) -> Void = { _ in }
    ) throws -> S3Site {
        var place = S3Endpoint(url: endpoint ?? self.endpoint, region: region, usesPathStyle: true)
        place.authorityFile = authorityFile
        place.patience = patience
        var options = S3Site.Options(bucket: bucket)
        options.coordinationBucket = coordinationBucket
        options.lock = lock.map { S3Site.Lock(mode: $0, days: 1) }
        adapt(&options)
        return try S3Site(
            name: name, endpoint: place, credentials: S3Credentials(accessKey: accessKey, secretKey: Secret(Array(secretKey.utf8))),
            options: options, tenantPrefix: prefix)
    }
}
