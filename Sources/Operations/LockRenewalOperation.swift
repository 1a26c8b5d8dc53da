import Base
import Keys
import Replication
import Repository

/// `hdsbackup site renew`: locks of what snapshots need, at the sites that lock; and uploads that never ended, at all.
package enum LockRenewalOperation {
    package struct Row: Encodable, Sendable {
        package let site: String
        package let needed: Int
        package let renewed: Int
        package let waiting: Int
        /// When the first lock ends that must not; nil when one is not known.
        package let first_end: String?
        package let aborted_uploads: Int
        package let failures: [String]
        package let status: Int32
    }

    /// Seconds after which an upload in parts that nobody completed is aborted.
    private static let staleUpload: Int64 = 2 * 86_400

    /// Throws `.key` without the maintain role.
    package static func run(_ workspace: Workspace, site: String?, requestsPerDay: Int, language: Language) throws -> [Row] {
        guard let maintain = try workspace.keys.maintain() else { throw Failure(.key, .noRole("maintain"), object: workspace.tenant.name) }
        let ring = KeyRing(tenant: workspace.fingerprint.tenant, catalogues: maintain.catalogues)
        let opened = try workspace.open(site: site, keys: ring, as: .maintain)
        let inventory = Inventory(try workspace.replicationStore())
        var rows: [Row] = opened.failures.map {
            Row(site: $0.object ?? "", needed: 0, renewed: 0, waiting: 0, first_end: nil, aborted_uploads: 0, failures: [$0.text(language)], status: $0.exitStatus.rawValue)
        }
        for site in opened.sites {
            let aborted = try site.site.abortUploads(olderThan: staleUpload)
            let report = try LockRenewal(site, keys: ring, inventory: inventory, requestsPerDay: requestsPerDay).run()
            var status = report.failures.reduce(ExitStatus.done) { $0.combined(with: $1.exitStatus) }
            if report.lost > 0 { status = status.combined(with: .damaged) }
            if report.waiting > 0 { status = status.combined(with: .partial) }
            rows.append(
                Row(
                    site: site.name, needed: report.needed, renewed: report.renewed, waiting: report.waiting,
                    first_end: report.first.map { Timestamp(seconds: $0).localText }, aborted_uploads: aborted,
                    failures: report.failures.map { $0.text(language) }, status: status.rawValue))
        }
        return rows
    }
}
