import Base
import Replication
import Repository

/// What each site lacks, why and since when, as noted on this machine: no site is asked.
package struct QueueReport: Encodable, Sendable {
    package struct Row: Encodable, Sendable {
        package let tenant: String
        package let site: String
        /// `snapshot` or `pack`.
        package let kind: String
        package let object: String
        package let since: String
        /// `new`, `absent`, `missing` or `damaged`.
        package let reason: String
        package let attempts: Int
        package let tried: String?
        package let failure: String?
    }

    package let lacks: [Row]

    package init(_ workspaces: [Workspace], site: String?) throws {
        lacks = try workspaces.flatMap { workspace in
            try workspace.configuration.sites(of: workspace.tenant, named: site).flatMap { site in
                try (workspace.siteID(site.name).map { try workspace.replicationStore().lacks($0) } ?? []).map { lack in
                    Row(
                        tenant: workspace.tenant.name, site: site.name, kind: lack.object.kind, object: lack.object.name,
                        since: Timestamp(seconds: lack.since).localText, reason: lack.reason.rawValue, attempts: lack.attempts,
                        tried: lack.tried.map { Timestamp(seconds: $0).localText }, failure: lack.failure)
                }
            }
        }
    }
}
