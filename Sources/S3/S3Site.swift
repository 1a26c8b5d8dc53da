import Base
import Codec
import Sites

/// A site in a bucket of an S3-compatible store, or in two: with Object Lock, what decides between writers needs a
/// bucket without versions, since stores ignore `If-None-Match` on versioned ones (docs/OPERATIONS.md, "S3 sites").
///
/// Every body goes with its SHA-256, so that the store refuses what changed on the way. A created object carries
/// a random mark of its attempt: an answer that says "exists" after one that was lost is told apart from another writer's object.
package final class S3Site: Site {
    package struct Options: Sendable {
        package var bucket: String
        /// Holds sessions, slots, condemned sets and decisions, where there is one.
        package var coordinationBucket: String?
        /// Before the tenant's own prefix, without slashes at the ends; empty for none.
        package var prefix = ""
        package var lock: Lock?
        package var upload = RateLimiter.unlimited
        package var download = RateLimiter.unlimited

        package init(bucket: String) { self.bucket = bucket }
    }

    /// Object Lock as new objects get it. Short: who may only write must not fill a site for years.
    package struct Lock: Sendable, Equatable {
        package enum Mode: String, Sendable {
            case compliance = "COMPLIANCE"
            case governance = "GOVERNANCE"
        }

        package var mode: Mode
        package var days: Int

        package init(mode: Mode, days: Int = 14) {
            self.mode = mode
            self.days = days
        }
    }

    package let name: String
    let client: S3Client
    let options: Options
    private let root: String
    /// Versions read in place of the newest, by key: it is gone or wrong.
    private let chosen = Monitor<[String: String]>([:])
    /// Buckets that answer a condition with "not implemented".
    private let unconditional = Monitor<Set<String>>([])

    /// Objects longer than this are uploaded in parts.
    private static let partBytes = 32 << 20
    private static let partsAtOnce = 4
    private static let coordination: Set<Substring> = ["sessions", "commits", "condemned", "decided", "lists"]
    private static let attemptHeader = "x-amz-meta-hds-attempt"

    /// `tenantPrefix`: the tenant's folder. Throws `.usage` for options that no store can have.
    package init(name: String, endpoint: S3Endpoint, credentials: S3Credentials, options: Options, tenantPrefix: String) throws {
        self.name = name
        self.options = options
        root = (options.prefix.isEmpty ? "" : options.prefix + "/") + tenantPrefix + "/"
        client = try S3Client(
            name: name, endpoint: endpoint, credentials: credentials, upload: options.upload, download: options.download)
    }

    package var traffic: SiteTraffic? { client.traffic }

    /// Each holds a pack in memory.
    package var parallelism: Int { 4 }

    // MARK: places

    private static func isCoordination(_ key: String) -> Bool {
        coordination.contains(key.prefix { $0 != "/" }) || key.hasPrefix("probe/agree/")
    }

    func bucket(_ key: String) -> String {
        Self.isCoordination(key) ? options.coordinationBucket ?? options.bucket : options.bucket
    }

    func stored(_ key: String) -> String { root + key }

    /// Whether versions of `bucket` are looked at in every listing.
    private func isLocked(_ bucket: String) -> Bool { options.lock != nil && bucket == options.bucket }

    /// Whether objects of this key are locked: what collection may have to delete soon, or a test left, is not.
    func isLockedKey(_ key: String) -> Bool {
        options.lock != nil && !Self.isCoordination(key) && !key.hasPrefix("probe/") && !key.hasPrefix(".")
    }

    func failure(_ failure: Failure, _ key: String) -> Failure {
        Failure(failure.kind, failure.message, object: key.isEmpty ? name : "\(name):\(key)", remedy: failure.remedy)
    }

    /// Runs `body`; what it throws names the object as the caller knows it, without the tenant's folder.
    func naming<T>(_ key: String, _ body: () throws -> T) throws -> T {
        do { return try body() } catch let error as Failure { throw failure(error, key) }
    }

    // MARK: create

    package func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws { try create(key, bytes, hash: Codec.sha256(bytes)) }

    package func create(_ key: String, _ bytes: UnsafeRawBufferPointer, hash: Digest) throws {
        try naming(key) {
            let attempt = hexString(randomBytes(16))
            // Not every store heeds the condition. A pack's name is its own hash under a random session: nobody else's object bears it.
            if !key.hasPrefix("packs/"), try exists(key) { throw Failure(.exists, .objectExists) }
            // Some stores heed the condition for an object in one piece only: what writers decide by is never in parts.
            if bytes.count > Self.partBytes, !Self.isCoordination(key) {
                try createInParts(key, bytes, attempt, partBytes: Self.partBytes)
            } else {
                try createWhole(key, bytes, hash, attempt)
            }
            chosen.look { $0[key] = nil }
        }
    }

    private func creationHeaders(_ attempt: String, _ until: Timestamp?) -> [(String, String)] {
        var headers = [("content-type", "application/octet-stream"), (Self.attemptHeader, attempt)]
        if let lock = options.lock, let until {
            headers.append(("x-amz-object-lock-mode", lock.mode.rawValue))
            headers.append(("x-amz-object-lock-retain-until-date", CivilTime(until).extended))
        }
        return headers
    }

    /// When the lock of an object that is created now ends; nil when it gets none.
    private func newLockEnd(_ key: String) -> Timestamp? {
        guard let lock = options.lock, isLockedKey(key) else { return nil }
        return Timestamp.now().adding(seconds: Int64(lock.days) * 86400)
    }

    private func createWhole(_ key: String, _ bytes: UnsafeRawBufferPointer, _ hash: Digest, _ attempt: String) throws {
        // The checksum beside the payload hash: some stores check the one, some the other (Tests/Stores/README.md).
        let sums = [("x-amz-checksum-sha256", base64(hash.bytes)), ("x-amz-sdk-checksum-algorithm", "SHA256")]
        let headers = creationHeaders(attempt, newLockEnd(key)) + sums
        try conditionally(key, attempt) { condition in
            let request = S3Request("PUT", bucket(key), stored(key), headers: headers + condition)
            return try client.send(request, body: bytes, payload: hash.hex, accepting: [409, 412, 501])
        }
    }

    /// Sends a request that creates `key` with the condition that there is none, or without where the store knows no condition.
    private func conditionally(_ key: String, _ attempt: String, _ request: ([(String, String)]) throws -> Transport.Answer) throws {
        let bucket = bucket(key)
        for _ in 0..<4 {
            let plain = unconditional.look { $0.contains(bucket) }
            let answer = try request(plain ? [] : [("if-none-match", "*")])
            switch answer.status {
            case 501 where !plain: unconditional.look { _ = $0.insert(bucket) }
            case 501: throw Failure(.failed, .storeLacks(StoreError(answer).text))
            case 409, 412:
                // Ours, if an earlier answer was lost; somebody's; or, at a store that saw two at once, nobody's.
                guard let mark = try attemptMark(key) else { continue }
                guard mark == attempt else { throw Failure(.exists, .objectExists) }
                return
            default: return
            }
        }
        throw Failure(.unreachable, .storeUnreachable("409"))
    }

    /// The mark of the attempt that created the object; empty for one without, nil when there is no object.
    private func attemptMark(_ key: String) throws -> String? {
        let answer = try client.send(S3Request("HEAD", bucket(key), stored(key)), accepting: [404])
        return answer.status == 404 ? nil : answer.header(Self.attemptHeader) ?? ""
    }

    /// Whether there is one, be it below a deletion mark.
    private func exists(_ key: String) throws -> Bool {
        if try attemptMark(key) != nil { return true }
        return try isLocked(bucket(key)) && !versions(key).isEmpty
    }

    func createInParts(_ key: String, _ bytes: UnsafeRawBufferPointer, _ attempt: String, partBytes: Int) throws {
        let (bucket, stored) = (bucket(key), stored(key))
        let until = newLockEnd(key)
        let begun = try client.send(S3Request("POST", bucket, stored, query: [("uploads", "")], headers: creationHeaders(attempt, until)))
        guard let upload = XMLFields(begun.body)?.first("UploadId") else { throw Failure(.unreachable, .listUnreadable) }
        do {
            let tags = try uploadParts(bucket, stored, bytes, upload, partBytes)
            let list = tags.enumerated().map { "<Part><PartNumber>\($0.offset + 1)</PartNumber><ETag>\($0.element)</ETag></Part>" }.joined()
            let body = Array("<CompleteMultipartUpload>\(list)</CompleteMultipartUpload>".utf8)
            try conditionally(key, attempt) { condition in
                let request = S3Request("POST", bucket, stored, query: [("uploadId", upload)], headers: condition)
                let answer = try body.withUnsafeBytes { try client.send(request, body: $0, accepting: [404, 409, 412, 501]) }
                // A success that took long may turn out a failure in its body; an upload completed before is no longer known.
                let isFailure = answer.status == 404 || (answer.status < 300 && XMLFields(answer.body)?.first("Code") != nil)
                if isFailure, try attemptMark(key) != attempt {
                    throw Failure(.unreachable, .storeUnreachable(StoreError(answer).text))
                }
                return answer
            }
        } catch {
            _ = try? client.send(S3Request("DELETE", bucket, stored, query: [("uploadId", upload)]), accepting: [404])
            throw error
        }
        // Ceph 16 forgets the lock that the upload began with.
        if let until { try lock(key, until: until) }
    }

    /// The parts' tags, in order.
    private func uploadParts(
        _ bucket: String, _ stored: String, _ bytes: UnsafeRawBufferPointer, _ upload: String, _ partBytes: Int
    ) throws -> [String] {
        let count = (bytes.count + partBytes - 1) / partBytes
        let tags = Monitor([String?](repeating: nil, count: count))
        let next = Monitor(0)
        nonisolated(unsafe) let bytes = bytes
        try Threads.run("part", count: min(Self.partsAtOnce, count)) { _ in
            while true {
                let part = next.look { next in
                    defer { next += 1 }
                    return next
                }
                guard part < count else { return }
                let from = part * partBytes
                let piece = UnsafeRawBufferPointer(rebasing: bytes[from..<min(bytes.count, from + partBytes)])
                var request = S3Request("PUT", bucket, stored, query: [("partNumber", "\(part + 1)"), ("uploadId", upload)])
                // SeaweedFS checks no payload hash; a checksum of a part has to be announced at some stores, an MD5 at none.
                request.headers = [("content-md5", contentMD5(piece))]
                do {
                    let answer = try self.client.send(request, body: piece)
                    guard let tag = answer.header("etag") else { throw Failure(.unreachable, .listUnreadable) }
                    tags.look { $0[part] = tag }
                } catch {
                    next.look { $0 = count }
                    throw error
                }
            }
        }
        return tags.look { $0.map { $0! } }
    }

    package func abortUploads(olderThan seconds: Int64) throws -> Int {
        let before = Timestamp.now().adding(seconds: -seconds)
        var aborted = 0
        var marker: [(String, String)] = []
        while true {
            let request = S3Request("GET", options.bucket, query: [("uploads", ""), ("prefix", root)] + marker)
            guard let page = try naming("", { try page(request, "ListMultipartUploadsResult") }) else { return aborted }
            for upload in page.groups where upload.name == "Upload" {
                guard let key = upload["Key"], let id = upload["UploadId"],
                    let begun = upload["Initiated"].flatMap({ CivilTime.parse(extended: $0) }), begun < before
                else { continue }
                _ = try client.send(S3Request("DELETE", options.bucket, key, query: [("uploadId", id)]), accepting: [404])
                aborted += 1
            }
            guard page.root("IsTruncated") == "true", let key = page.root("NextKeyMarker") else { return aborted }
            marker = [("key-marker", key), ("upload-id-marker", page.root("NextUploadIdMarker") ?? "")]
        }
    }

    // MARK: read

    /// Asks for an object, or for the version of it that was chosen; where it seems gone, for one below a deletion mark.
    private func get(_ method: String, _ key: String, range: String? = nil, sink: Transport.Sink? = nil) throws -> Transport.Answer {
        func attempt() throws -> Transport.Answer {
            var request = S3Request(method, bucket(key), stored(key))
            if let version = chosen.look({ $0[key] }) { request.query = [("versionId", version)] }
            if let range { request.headers = [("range", range)] }
            return try client.send(request, sink: sink)
        }
        do { return try attempt() } catch let failure as Failure where failure.kind == .missing {
            if isLocked(bucket(key)) {
                guard let hidden = try versions(key).first else { throw failure }
                chosen.look { $0[key] = hidden }
            } else {
                // An answer to HEAD does not say what is missing; without its bucket, an object is not.
                guard method == "HEAD" else { throw failure }
                _ = try client.send(S3Request("GET", bucket(key), stored(key), headers: [("range", "bytes=0-0")]), accepting: [416])
            }
            return try attempt()
        }
    }

    package func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws {
        try naming(key) {
            guard into.count > 0 else {
                guard try size(key) >= offset else { throw Failure(.damaged, .objectTooShort) }
                return
            }
            let answer = try get("GET", key, range: "bytes=\(offset)-\(offset + into.count - 1)", sink: .into(into))
            guard answer.count == into.count else { throw Failure(.damaged, .objectTooShort) }
        }
    }

    package func read(_ key: String, limit: Int) throws -> [UInt8] {
        try naming(key) { try get("GET", key, sink: .memory(limit: limit)).body }
    }

    package func readWhole(_ key: String, into: UnsafeMutableRawBufferPointer) throws -> Int {
        try naming(key) { try get("GET", key, sink: .into(into)).count }
    }

    package func readEnd(_ key: String, _ count: Int) throws -> (size: Int, bytes: [UInt8]) {
        try naming(key) {
            let answer = try get("GET", key, range: "bytes=-\(count)", sink: .memory(limit: count))
            // `bytes 100-199/200` (RFC 9110, section 14.4); a store that sends all of a short object says nothing.
            guard let range = answer.header("content-range") else { return (answer.count, answer.body) }
            guard let size = range.split(separator: "/").last.flatMap({ Int($0) }), answer.count == min(size, count) else {
                throw Failure(.damaged, .objectTooShort)
            }
            return (size, answer.body)
        }
    }

    package func size(_ key: String) throws -> Int {
        try naming(key) {
            let answer = try get("HEAD", key)
            guard let size = answer.header("content-length").flatMap({ Int($0) }) else { throw Failure(.unreachable, .listUnreadable) }
            return size
        }
    }

    package func olderVersions(_ key: String) throws -> [String] { try naming(key) { Array(try versions(key).dropFirst()) } }

    package func read(version: String?, of key: String) { chosen.look { $0[key] = version } }

    /// Versions of an object that hold bytes, the newest first; none where the store keeps no versions.
    func versions(_ key: String) throws -> [String] {
        var found: [String] = []
        try forEachVersion(bucket(key), prefix: stored(key)) { group in
            if group.name == "Version", group["Key"] == stored(key), let version = group["VersionId"] { found.append(version) }
        }
        return found
    }

    // MARK: list

    /// One page of a list, asked for again where it cannot be read; nil for an answer with a status that is `accepted`.
    private func page(_ request: S3Request, _ root: String, accepting accepted: Set<Int> = []) throws -> XMLFields? {
        for _ in 0..<3 {
            let answer = try client.send(request, accepting: accepted)
            if accepted.contains(answer.status) { return nil }
            if let page = XMLFields(answer.body), page.groups.last?.name == root { return page }
        }
        throw Failure(.unreachable, .listUnreadable)
    }

    package func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws {
        try naming(prefix) {
            guard prefix.isEmpty, let coordination = options.coordinationBucket else { return try list(bucket(prefix), prefix, body) }
            try list(options.bucket, prefix, body)
            try list(coordination, prefix, body)
        }
    }

    private func list(_ bucket: String, _ prefix: String, _ body: (ObjectInfo) throws -> Void) throws {
        func give(_ group: XMLFields.Group) throws {
            guard let stored = group["Key"], stored.hasPrefix(root), let size = group["Size"].flatMap({ Int($0) }) else {
                throw Failure(.unreachable, .listUnreadable)
            }
            let key = String(stored.dropFirst(root.count))
            // Some stores show a folder that was emptied as an object. A name without a part between slashes is nobody's here.
            guard key.first != ".", key.first != "/", !key.contains("/."), !key.contains("//"), key.last != "/" else { return }
            try body(ObjectInfo(key: key, size: size))
        }
        if isLocked(bucket) {
            // What a foreign deletion mark hides is still there, and what was put over it later is somebody else's: the first
            // version, which comes last, counts.
            var first: XMLFields.Group?
            try forEachVersion(bucket, prefix: root + prefix) { group in
                guard group.name == "Version" else { return }
                if let first, first["Key"] != group["Key"] { try give(first) }
                first = group
            }
            if let first { try give(first) }
            return
        }
        var next: [(String, String)] = []
        while true {
            let query = [("list-type", "2"), ("prefix", root + prefix), ("max-keys", "1000")] + next
            guard let page = try page(S3Request("GET", bucket, query: query), "ListBucketResult") else { return }
            for group in page.groups where group.name == "Contents" { try give(group) }
            guard page.root("IsTruncated") == "true" else { return }
            guard let token = page.root("NextContinuationToken") else { throw Failure(.unreachable, .listUnreadable) }
            next = [("continuation-token", token)]
        }
    }

    /// Versions and deletion marks of keys below `prefix`: keys in order, the newest of each first.
    private func forEachVersion(_ bucket: String, prefix: String, _ body: (XMLFields.Group) throws -> Void) throws {
        var next: [(String, String)] = []
        while true {
            let request = S3Request("GET", bucket, query: [("versions", ""), ("prefix", prefix), ("max-keys", "1000")] + next)
            // A store that keeps no versions need not know the question.
            guard let page = try page(request, "ListVersionsResult", accepting: isLocked(bucket) ? [] : [501]) else { return }
            for group in page.groups where group.name == "Version" || group.name == "DeleteMarker" { try body(group) }
            guard page.root("IsTruncated") == "true" else { return }
            guard let key = page.root("NextKeyMarker") else { throw Failure(.unreachable, .listUnreadable) }
            next = [("key-marker", key), ("version-id-marker", page.root("NextVersionIdMarker") ?? "")]
        }
    }

    // MARK: delete and retain

    package func delete(_ key: String) throws {
        try naming(key) {
            let (bucket, stored) = (bucket(key), stored(key))
            if !isLocked(bucket) {
                let answer = try client.send(S3Request("DELETE", bucket, stored), accepting: [404])
                if answer.header("x-amz-delete-marker") != "true" { return }
            }
            // In a versioned bucket an object is gone when its last version is.
            var versions: [String] = []
            try forEachVersion(bucket, prefix: stored) { group in
                if group["Key"] == stored, let version = group["VersionId"] { versions.append(version) }
            }
            for version in versions {
                do {
                    _ = try client.send(S3Request("DELETE", bucket, stored, query: [("versionId", version)]), accepting: [404])
                } catch let failure as Failure where failure.kind == .refused {
                    guard let until = try lockEnd(key), until > .now() else { throw failure }
                    throw Failure(.refused, .lockedUntil(CivilTime(until).extended))
                }
            }
            chosen.look { $0[key] = nil }
        }
    }

    package var lockPeriod: Int64? { options.lock.map { Int64($0.days) * 86_400 } }

    package func lockEnd(_ key: String) throws -> Timestamp? { try naming(key) { Self.lockEnd(try firstHead(key)) } }

    private static func lockEnd(_ head: Transport.Answer) -> Timestamp? {
        head.header("x-amz-object-lock-retain-until-date").flatMap { CivilTime.parse(extended: $0) }
    }

    /// What the store says of the version whose lock matters, where the bucket keeps versions: objects are written once, so what came
    /// later is somebody else's.
    private func firstHead(_ key: String) throws -> Transport.Answer {
        guard isLocked(bucket(key)), let version = try versions(key).last else { return try get("HEAD", key) }
        return try client.send(S3Request("HEAD", bucket(key), stored(key), query: [("versionId", version)]))
    }

    package func lock(_ key: String, until: Timestamp) throws {
        guard let lock = options.lock else { return }
        try naming(key) {
            // By its version: a store may lock a deletion mark in place of what it hides.
            let head = try firstHead(key)
            if let end = Self.lockEnd(head), end.seconds >= until.seconds { return }
            let body = Array(
                "<Retention><Mode>\(lock.mode.rawValue)</Mode><RetainUntilDate>\(CivilTime(until).extended)</RetainUntilDate></Retention>".utf8)
            let query = [("retention", "")] + (head.header("x-amz-version-id").map { [("versionId", $0)] } ?? [])
            let request = S3Request("PUT", bucket(key), stored(key), query: query, headers: [("content-md5", contentMD5(body))])
            _ = try body.withUnsafeBytes { try client.send(request, body: $0) }
        }
    }

    package func isHeld(_ key: String) throws -> Bool {
        guard isLocked(bucket(key)) else { return false }
        return try naming(key) { try firstHead(key).header("x-amz-object-lock-legal-hold")?.uppercased() == "ON" }
    }

    package var hasLegalHolds: Bool { options.lock != nil }

    package func setLegalHold(_ key: String, _ isOn: Bool) throws {
        guard isLocked(bucket(key)) else { return }
        try naming(key) {
            let head = try firstHead(key)
            let body = Array("<LegalHold><Status>\(isOn ? "ON" : "OFF")</Status></LegalHold>".utf8)
            let query = [("legal-hold", "")] + (head.header("x-amz-version-id").map { [("versionId", $0)] } ?? [])
            let request = S3Request("PUT", bucket(key), stored(key), query: query, headers: [("content-md5", contentMD5(body))])
            _ = try body.withUnsafeBytes { try client.send(request, body: $0) }
        }
    }

    package func freeSpace() throws -> UInt64? { nil }
}
