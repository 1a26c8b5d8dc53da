import Base

/// A site's place as a recovery kit prints it and a person types it: `file:/srv/x`, or
/// `s3:https://HOST/BUCKET[/PREFIX][?region=…&coordination_bucket=…&object_lock=…&path_style=true]`. No credentials.
extension Configuration.Site.Place {
    package var address: String {
        switch self {
        case .file(let path): return "file:" + path
        case .remote(let remote): return "remote:" + remote.endpoint
        case .s3(let s3):
            var items = ["region=\(s3.region)"]
            if let bucket = s3.coordinationBucket { items.append("coordination_bucket=\(bucket)") }
            if let lock = s3.objectLock { items.append("object_lock=\(lock.rawValue)") }
            if s3.usesPathStyle { items.append("path_style=true") }
            let endpoint = s3.endpoint.hasSuffix("/") ? String(s3.endpoint.dropLast()) : s3.endpoint
            return "s3:\(endpoint)/\(s3.bucket)\(s3.prefix.map { "/" + $0 } ?? "")?" + items.joined(separator: "&")
        }
    }

    /// What the site's signed marker says of it: nothing of a folder, since a disk may be mounted anywhere.
    var mark: String { if case .file = self { "" } else { address } }

    /// Throws `.wrongPlace` where the marker was made for other buckets: what lies in the one that is not looked at would seem gone.
    func check(mark: String, site: String) throws {
        guard case .s3(let own) = self, case .s3(let marked)? = Self(address: mark) else { return }
        guard own.bucket == marked.bucket, own.coordinationBucket == marked.coordinationBucket else {
            throw Failure(
                .wrongPlace, .bucketsDiffer(marked.bucket, marked.coordinationBucket), object: site, remedy: .bucketsCorrect)
        }
    }

    /// Reads what `address` gives; a bare absolute path is a file site's. Nil for anything else.
    package init?(address: String) {
        if address.hasPrefix("/") || address.hasPrefix("file:/") {
            self = .file(path: address.hasPrefix("/") ? address : String(address.dropFirst(5)))
            return
        }
        guard address.hasPrefix("s3:") else { return nil }
        let halves = address.dropFirst(3).split(separator: "?", maxSplits: 1)
        let parts = halves.first?.split(separator: "/", omittingEmptySubsequences: true) ?? []
        guard parts.count >= 3, let web = WebAddress("\(parts[0])//\(parts[1])"), !web.hasUser, Configuration.isBucketName(String(parts[2])) else {
            return nil
        }
        var s3 = Configuration.Site.S3(endpoint: "\(parts[0])//\(parts[1])", bucket: String(parts[2]))
        let prefix = parts.dropFirst(3)
        guard prefix.allSatisfy({ isName(String($0)) }) else { return nil }
        if !prefix.isEmpty { s3.prefix = prefix.joined(separator: "/") }
        for item in halves.count > 1 ? halves[1].split(separator: "&") : [] {
            let pair = item.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2 else { return nil }
            switch pair[0] {
            case "region": s3.region = pair[1]
            case "coordination_bucket" where Configuration.isBucketName(pair[1]): s3.coordinationBucket = pair[1]
            case "object_lock":
                guard let lock = Configuration.Site.ObjectLock(rawValue: pair[1]) else { return nil }
                s3.objectLock = lock
            case "path_style": s3.usesPathStyle = pair[1] == "true"
            default: return nil
            }
        }
        self = .s3(s3)
    }

    /// The lines of a `[site.NAME]` table.
    package var configurationLines: [String] {
        switch self {
        case .file(let path): return ["kind = \"file\"", "path = \(quotedText(path))"]
        case .remote(let remote): return ["kind = \"remote\"", "endpoint = \(quotedText(remote.endpoint))"]
        case .s3(let s3):
            var lines = [
                "kind = \"s3\"", "endpoint = \(quotedText(s3.endpoint))", "region = \(quotedText(s3.region))", "bucket = \(quotedText(s3.bucket))",
            ]
            if let bucket = s3.coordinationBucket { lines.append("coordination_bucket = \(quotedText(bucket))") }
            if let prefix = s3.prefix { lines.append("prefix = \(quotedText(prefix))") }
            if let lock = s3.objectLock { lines.append("object_lock = \(quotedText(lock.rawValue))") }
            if s3.usesPathStyle { lines.append("path_style = true") }
            if let file = s3.authorityFile { lines.append("ca_file = \(quotedText(file))") }
            return lines
        }
    }
}
