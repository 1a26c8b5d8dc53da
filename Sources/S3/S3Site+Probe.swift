import Base
import Codec
import Sites

// What `site probe` tries at an object store beside the contract of every site.
extension S3Site {
    package func probe(_ folder: String) throws -> [SiteProbe.Outcome] {
        var outcomes: [SiteProbe.Outcome] = []
        func attempt(_ check: SiteProbe.Check, _ body: () throws -> (SiteProbe.Verdict, String)) {
            do {
                let (verdict, detail) = try body()
                outcomes.append(.init(check, verdict, detail))
            } catch let failure as Failure where failure.kind == .refused {
                outcomes.append(.init(check, .none, "these credentials may not ask"))
            } catch { outcomes.append(.init(check, .bad, "\(error)")) }
        }
        attempt(.conditionalPut) {
            let detail = try condition(folder.replacing(SiteProbe.storing, with: SiteProbe.agreeing))
            return (detail.isEmpty ? .good : .bad, detail)
        }
        attempt(.createIfAbsentData) { (.good, try condition(folder)) }
        attempt(.multipart) { try multipart(folder) ? (.good, "") : (.bad, "other bytes came back") }
        attempt(.versioning) { try versioningOutcome() }
        attempt(.objectLock) { try objectLock(folder) }
        attempt(.clock) { try clock() }
        attempt(.transportSecurity) { try client.transportSecurity() }
        attempt(.mayOverwrite) { try mayOverwrite(folder) }
        attempt(.mayDeleteVersions) { try mayDeleteVersions(folder) }
        attempt(.mayBypassLock) { try mayBypassLock(folder) }
        return outcomes
    }

    /// What the bucket makes of a second create with a condition, nobody having looked before: empty where it is refused. For packs it does
    /// not matter, since their names are used once.
    private func condition(_ folder: String) throws -> String {
        let request = S3Request("PUT", bucket(folder), stored(folder + "condition"), headers: [("if-none-match", "*")])
        let body: [UInt8] = [1]
        return try body.withUnsafeBytes { body in
            if try client.send(request, body: body, accepting: [501]).status == 501 { return "not implemented" }
            return try client.send(request, body: body, accepting: [409, 412]).status < 300 ? "ignored" : ""
        }
    }

    private func multipart(_ folder: String) throws -> Bool {
        // The smallest part that stores accept, and a little.
        let bytes = randomBytes((5 << 20) + 1000)
        let key = folder + "parts"
        try bytes.withUnsafeBytes { try createInParts(key, $0, hexString(randomBytes(16)), partBytes: 5 << 20) }
        return try sha256(read(key, limit: bytes.count)) == sha256(bytes)
    }

    private func isVersioned(_ bucket: String) throws -> Bool {
        let answer = try client.send(S3Request("GET", bucket, query: [("versioning", "")]))
        return XMLFields(answer.body)?.first("Status") == "Enabled"
    }

    private func versioningOutcome() throws -> (SiteProbe.Verdict, String) {
        let data = try isVersioned(options.bucket)
        guard let coordination = options.coordinationBucket else {
            if options.lock != nil, !data { return (.bad, "off: Object Lock needs it") }
            return data ? (.warning, "on, and there is no coordination_bucket") : (.good, "off")
        }
        let agree = try isVersioned(coordination)
        let detail = "\(data ? "on" : "off"); coordination bucket \(agree ? "on" : "off")"
        return (agree || (options.lock != nil && !data) ? .bad : .good, detail)
    }

    /// Locks an object for a little while, reads the lock back and tries to delete it.
    private func objectLock(_ folder: String) throws -> (SiteProbe.Verdict, String) {
        guard let lock = options.lock else { return (.none, "not asked for") }
        let key = folder + "locked"
        let until = Timestamp(seconds: Timestamp.now().seconds + Self.probeLockSeconds)
        var request = S3Request("PUT", bucket(key), stored(key))
        request.headers = [
            ("x-amz-object-lock-mode", lock.mode.rawValue), ("x-amz-object-lock-retain-until-date", CivilTime(until).extended),
            ("content-md5", contentMD5([1])),
        ]
        let body: [UInt8] = [1]
        do { _ = try body.withUnsafeBytes { try client.send(request, body: $0) } } catch let failure as Failure where !failure.isPassing {
            return (.bad, failure.message.english)
        }
        let head = try client.send(S3Request("HEAD", bucket(key), stored(key)))
        guard head.header("x-amz-object-lock-mode") == lock.mode.rawValue,
            let kept = head.header("x-amz-object-lock-retain-until-date").flatMap({ CivilTime.parse(extended: $0) }), kept == until
        else { return (.bad, "the lock that was set is not there") }
        guard let version = head.header("x-amz-version-id") else { return (.bad, "the locked object has no version") }
        do {
            _ = try client.send(S3Request("DELETE", bucket(key), stored(key), query: [("versionId", version)]))
        } catch let failure as Failure where failure.kind == .refused { return (.good, lock.mode.rawValue.lowercased()) }
        return (.bad, "a locked version was deleted")
    }

    /// Long enough to try, short enough to be gone before the next probe.
    private static let probeLockSeconds: Int64 = 120

    private func clock() throws -> (SiteProbe.Verdict, String) {
        let answer = try client.send(S3Request("GET", options.bucket, query: [("list-type", "2"), ("max-keys", "1"), ("prefix", stored("probe/"))]))
        guard let theirs = answer.header("date").flatMap({ CivilTime.parse(httpDate: $0) }) else { return (.none, "not told") }
        let ahead = theirs.seconds - Timestamp.now().seconds
        let detail = "\(ahead >= 0 ? "+" : "")\(ahead) s"
        return (abs(ahead) > 300 ? .bad : abs(ahead) > 10 ? .warning : .good, detail)
    }

    // MARK: rights that who writes only does not need

    private func mayOverwrite(_ folder: String) throws -> (SiteProbe.Verdict, String) {
        let key = folder + "overwritten"
        try create(key, [1])
        let body: [UInt8] = [2]
        do {
            _ = try body.withUnsafeBytes { try client.send(S3Request("PUT", bucket(key), stored(key)), body: $0) }
        } catch let failure as Failure where failure.kind == .refused || failure.kind == .exists { return (.good, "refused") }
        if try versions(key).count > 1 { return (.good, "adds a version, the first stays") }
        return (.warning, "yes: a stolen node could spoil copies here")
    }

    private func mayDeleteVersions(_ folder: String) throws -> (SiteProbe.Verdict, String) {
        let key = folder + "deleted"
        try create(key, [1])
        var query: [(String, String)] = []
        if let version = try versions(key).first, version != "null" { query = [("versionId", version)] }
        do {
            _ = try client.send(S3Request("DELETE", bucket(key), stored(key), query: query))
        } catch let failure as Failure where failure.kind == .refused { return (.good, "refused") }
        return (.warning, "yes: a node does not need it")
    }

    private func mayBypassLock(_ folder: String) throws -> (SiteProbe.Verdict, String) {
        guard options.lock?.mode == .governance else { return (.none, options.lock == nil ? "not asked for" : "nobody may") }
        let key = folder + "locked"
        guard let version = try versions(key).first else { return (.none, "no locked object") }
        let request = S3Request(
            "DELETE", bucket(key), stored(key), query: [("versionId", version)], headers: [("x-amz-bypass-governance-retention", "true")])
        do { _ = try client.send(request) } catch let failure as Failure where failure.kind == .refused { return (.good, "refused") }
        return (.warning, "yes: locks do not bind these credentials")
    }
}
