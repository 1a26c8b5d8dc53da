import Base

// `[site.NAME]`.
extension Configuration {
    static func readSite(_ name: String, _ section: ConfigurationSection) -> Site? {
        defer { section.finish() }
        guard section.has("kind") else {
            section.problem("kind", .configMissingKey(.expectedOne(of: siteKinds)))
            section.ignoreTheRest()
            return nil
        }
        let kind = section.text("kind", .expectedOne(of: siteKinds)) { siteKinds.contains(quotedText($0)) ? $0 : nil }
        let place: Site.Place?
        switch kind {
        case "file":
            place = section.required("path", .expectedAbsolutePath) { section.path("path") }.map(Site.Place.file)
            section.refuse(Self.networkKeys + Self.s3Keys, .configNotOfKind("file"))
        case "s3":
            place = readS3(section).map(Site.Place.s3)
            section.refuse(["path"], .configNotOfKind("s3"))
        case "remote":
            place = readRemote(section).map(Site.Place.remote)
            section.refuse(["path"] + Self.s3Keys, .configNotOfKind("remote"))
        default:
            section.ignoreTheRest()
            return nil
        }
        if kind == "remote", let kind {
            section.findings.notice(section.path.appending("kind"), .siteKindNotAvailable(kind))
        }
        let limit = section.section("limit").map(readLimit)
        let isOffline = section.boolean("offline") ?? false
        guard let place else { return nil }
        var site = Site(name: name, place: place)
        site.limit = limit
        site.isOffline = isOffline
        return site
    }

    private static let siteKinds = ["\"file\"", "\"s3\"", "\"remote\""]
    private static let networkKeys = ["endpoint", "prefix", "credentials", "ca_file"]
    private static let s3Keys = ["region", "bucket", "coordination_bucket", "object_lock", "lock_period", "path_style", "proxy", "timeout"]

    private static func readS3(_ section: ConfigurationSection) -> Site.S3? {
        let endpoint = readEndpoint(section)
        let bucket = section.required("bucket", .expectedBucket) { section.text("bucket", .expectedBucket) { isBucketName($0) ? $0 : nil } }
        var s3 = Site.S3(endpoint: endpoint ?? "", bucket: bucket ?? "")
        if let region = section.text("region") { s3.region = region }
        s3.coordinationBucket = section.text("coordination_bucket", .expectedBucket) { isBucketName($0) ? $0 : nil }
        s3.prefix = readPrefix(section)
        s3.credentials = readCredentials(section)
        s3.objectLock = section.choice("object_lock")
        s3.usesPathStyle = section.boolean("path_style") ?? false
        s3.authorityFile = section.path("ca_file")
        s3.proxy = section.text("proxy", .expectedProxy) { isHostAndPort($0) ? $0 : nil }
        s3.timeout = section.duration("timeout")
        s3.lockPeriod = section.text("lock_period", .expectedLockPeriod) { text in
            Duration(configuration: text).flatMap { $0.components.seconds % 86_400 == 0 ? $0 : nil }
        }
        if s3.objectLock != nil, !section.has("coordination_bucket") {
            section.problem("object_lock", .configLockNeedsCoordination)
        }
        if let bucket, bucket == s3.coordinationBucket { section.problem("coordination_bucket", .configSameBucket) }
        return endpoint == nil || bucket == nil ? nil : s3
    }

    private static func readRemote(_ section: ConfigurationSection) -> Site.Remote? {
        let endpoint = readEndpoint(section)
        var remote = Site.Remote(endpoint: endpoint ?? "")
        remote.prefix = readPrefix(section)
        remote.credentials = readCredentials(section)
        remote.authorityFile = section.path("ca_file")
        return endpoint == nil ? nil : remote
    }

    private static func readEndpoint(_ section: ConfigurationSection) -> String? {
        section.required("endpoint", .expectedURL) {
            // Not quoted back: a password may stand in it.
            section.text("endpoint", .expectedURL, isSecret: true) { text in
                WebAddress(text).flatMap { $0.hasUser || $0.hasPath ? nil : text }
            }
        }
    }

    private static func readPrefix(_ section: ConfigurationSection) -> String? {
        section.text("prefix", .expectedPrefix) { text in
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            return parts.allSatisfy { isName(String($0)) } ? text : nil
        }
    }

    private static func readCredentials(_ section: ConfigurationSection) -> Site.Credentials {
        var credentials = Site.Credentials()
        guard let names = section.section("credentials") else { return credentials }
        // Not quoted back: somebody may have put the credential itself there.
        func name(_ key: String) -> String? { names.text(key, .expectedName, isSecret: true) { isName($0) ? $0 : nil } }
        credentials.write = name("write")
        credentials.maintain = name("maintain")
        credentials.restore = name("restore")
        names.finish()
        return credentials
    }

    private static func readLimit(_ section: ConfigurationSection) -> Site.Limit {
        var limit = Site.Limit()
        limit.upload = section.rate("upload")
        limit.download = section.rate("download")
        limit.between = section.text("between", .expectedDayWindow) { DayWindow($0) }
        section.finish()
        return limit
    }

    /// Two sites in one folder would count one copy twice.
    static func refuseSharedFolders(_ sites: [ConfigurationSection]) {
        var seen: [ConfigurationPath: [UInt8]] = [:]
        for site in sites {
            guard case .text(let text)? = site.value("path"), let path = absolutePath(text).map({ Array($0.utf8) }) else { continue }
            if let other = seen.first(where: { $0.value == path })?.key {
                site.problem("path", .configSharedFolder(other.text))
            } else {
                seen[site.path] = path
            }
        }
    }
}
