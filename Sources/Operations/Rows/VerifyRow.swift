import Base
import Verification

/// `verify --json`: one line a site.
package struct VerifyRow: Codable, Sendable {
    package struct Found: Codable, Sendable {
        package let kind: String
        package let object: String
        package let message: String
        package let code: String
        package let healed: Bool
        package let snapshots: [String]
        package let paths: [PathFields]
        package let path_count: Int
    }
    package let tenant: String
    package let site: String
    package let snapshots: Int
    package let packs: Int
    package let pack_bytes: Int
    package let packs_read: Int
    package let bytes_read: Int
    package let blobs_opened: Int
    package let objects: Int
    package let coverage: Double
    /// Packs that were never read, and when the one that waits longest was, in seconds since 1970.
    package let never_read: Int
    package let oldest_read: Int64?
    package let findings: [Found]
    package let unchecked: [String]
    /// By site, since the command began.
    package let traffic: [String: TrafficRow]

    package init(_ tenant: String, _ report: VerificationReport, _ traffic: [String: TrafficRow], _ language: Language) {
        self.tenant = tenant
        site = report.site
        snapshots = report.snapshots
        packs = report.packs
        pack_bytes = report.packBytes
        packs_read = report.packsRead
        bytes_read = report.bytesRead
        blobs_opened = report.blobsOpened
        objects = report.objects
        coverage = report.coverage.share
        never_read = report.coverage.never
        oldest_read = report.coverage.oldest?.seconds
        findings = report.findings.map {
            Found(
                kind: $0.kind.rawValue, object: $0.object, message: $0.detail.message.text(language), code: $0.detail.message.code,
                healed: $0.isHealed, snapshots: $0.snapshots.map(\.hex), paths: $0.paths.map { PathFields($0) }, path_count: $0.pathCount)
        }
        unchecked = report.unchecked.map { $0.text(language) }
        self.traffic = traffic
    }

    /// What is wrong and was not found whole elsewhere at the site.
    package var damaged: Int { findings.count { !$0.healed && $0.kind != "void" } }
}
