import Base
import Replication

/// `replicate --json`: one line a site that was to be brought level.
package struct ReplicateRow: Codable, Sendable {
    package let tenant: String
    package let site: String
    package let snapshots: [String]
    package let packs: Int
    package let bytes: Int
    package let level: Bool
    package let skipped: [String]
    /// Packs that no site can give whole, and that a snapshot needs.
    package let unrepaired: [String]
    /// By site, since the command began.
    package let traffic: [String: TrafficRow]

    package init(_ tenant: String, _ report: ReplicationReport, _ traffic: [String: TrafficRow]) {
        self.tenant = tenant
        site = report.target
        snapshots = report.snapshots.map(\.hex)
        packs = report.packs
        bytes = report.bytes
        level = report.isLevel
        skipped = report.skipped.map(\.snapshot.hex)
        unrepaired = report.unrepaired.map(\.key)
        self.traffic = traffic
    }
}
