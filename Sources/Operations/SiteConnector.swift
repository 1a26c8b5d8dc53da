import Base
import Codec
import Glibc
import S3
import Sites

/// What a command does at a site: each has credentials of its own at an object store.
package enum SiteAccess: Sendable, Hashable {
    case write, maintain, restore
}

/// Makes the stores of configured sites.
package struct SiteConnector: Sendable {
    /// Folder of credentials in files, 0600, named as the configuration names them.
    private let folder: String
    private let tenantPrefix: String

    /// `keys`: the configuration's folder of keys.
    package init(keys: String, tenantPrefix: String) {
        folder = keys
        self.tenantPrefix = tenantPrefix
    }

    /// Throws `.usage` for a kind of site that this version cannot use, `.key` without credentials.
    package func store(_ site: Configuration.Site, as access: SiteAccess) throws -> any Site {
        let (upload, download) = (Self.limiter(site.limit, \.upload), Self.limiter(site.limit, \.download))
        switch site.place {
        case .file(let path):
            return FileSite(name: site.name, path: path, prefix: tenantPrefix, upload: upload, download: download)
        case .s3(let s3):
            var endpoint = S3Endpoint(url: s3.endpoint, region: s3.region, usesPathStyle: s3.usesPathStyle || WebAddress(s3.endpoint)!.isNumeric)
            endpoint.authorityFile = s3.authorityFile
            endpoint.proxy = s3.proxy
            if let timeout = s3.timeout { endpoint.patience = Int(timeout.components.seconds) }
            var options = S3Site.Options(bucket: s3.bucket)
            options.coordinationBucket = s3.coordinationBucket
            options.prefix = s3.prefix ?? ""
            options.lock = s3.objectLock.map {
                S3Site.Lock(mode: $0 == .compliance ? .compliance : .governance, days: s3.lockPeriod.map { Int($0.components.seconds / 86400) } ?? 14)
            }
            (options.upload, options.download) = (upload, download)
            return try S3Site(
                name: site.name, endpoint: endpoint, credentials: credentials(s3.credentials, access, site.name), options: options,
                tenantPrefix: tenantPrefix)
        case .remote: throw Failure(.usage, .siteKindNotAvailable(site.place.kind), object: site.name, remedy: .useFileSite)
        }
    }

    /// Bytes a second in the part of the day that the limit is for; nil outside it.
    private static func limiter(_ limit: Configuration.Site.Limit?, _ way: KeyPath<Configuration.Site.Limit, ByteCount?>) -> RateLimiter {
        guard let limit, let rate = limit[keyPath: way] else { return .unlimited }
        return RateLimiter { limit.between?.containsNow ?? true ? Int(rate.bytes) : nil }
    }

    // MARK: credentials

    /// Those of the access where this machine has them, else of another; else the environment's. A store refuses what
    /// they do not allow.
    private func credentials(_ names: Configuration.Site.Credentials, _ access: SiteAccess, _ site: String) throws -> S3Credentials {
        let own: String? =
            switch access {
            case .write: names.write
            case .maintain: names.maintain
            case .restore: names.restore
            }
        let candidates = [own, names.maintain, names.write, names.restore].compactMap { $0 }
        for name in candidates {
            guard let (bytes, path) = try Credential.find(name, keys: folder) else { continue }
            guard let credentials = S3Credentials(text: bytes) else { throw Failure(.key, .credentialUnreadable, object: path) }
            return credentials
        }
        guard let credentials = S3Credentials.fromEnvironment() else {
            throw Failure(.key, .credentialMissing(candidates.first), object: site, remedy: .credentialPlaces(folder))
        }
        return credentials
    }
}

extension DayWindow {
    /// Whether the local time of day is inside.
    var containsNow: Bool {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        let minute = Int(parts.tm_hour) * 60 + Int(parts.tm_min)
        return from < to ? (from..<to).contains(minute) : minute >= from || minute < to
    }
}
