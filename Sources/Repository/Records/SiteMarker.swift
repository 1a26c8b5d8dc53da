import Base

/// The object `site`, signed by the authority: this is that place, not merely something mounted there.
package struct SiteMarker: Sendable, Equatable {
    package static let key = "site"

    package let site: ShortID
    /// `file`, `s3` or `remote`.
    package let kind: String
    /// Endpoint and bucket of a network site, empty for a folder: a disk may be mounted anywhere.
    package let endpoint: String
    /// Seconds since 1970.
    package let created: Int64

    package init(site: ShortID, kind: String, endpoint: String, created: Int64) {
        self.site = site
        self.kind = kind
        self.endpoint = endpoint
        self.created = created
    }

    package var body: [UInt8] {
        var w = ByteWriter()
        w.id(site)
        w.text(kind)
        w.text(endpoint)
        w.i64(created)
        return w.bytes
    }

    package init(body: [UInt8]) throws {
        self = try body.decode { r in
            SiteMarker(
                site: try r.id(), kind: try r.text(limit: 16, "kind"), endpoint: try r.text(limit: 1024, "endpoint"), created: try r.i64())
        }
    }
}
