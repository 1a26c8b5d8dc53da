import Base
import Keys
import Replication
import Repository

/// `hdsbackup site renew`: locks of what snapshots need, at the sites that lock; and uploads that never ended, at all.
package enum LockRenewalOperation {
    package struct Row: Codable, Sendable {
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
    package static func run(_ workspace: Workspace, site: String?, history: HistoryStore, requestsPerDay: Int, language: Language) throws -> [Row] {
        guard let maintain = try workspace.keys.maintain() else { throw Failure(.key, .noRole("maintain"), object: workspace.tenant.name) }
        let ring = KeyRing(tenant: workspace.fingerprint.tenant, catalogues: maintain.catalogues)
        let opened = try workspace.open(site: site, keys: ring, as: .maintain)
        let inventory = Inventory(try workspace.replicationStore())
        // Where that cannot be told, every lock is renewed.
        let expiring = (try? RetentionOperation(workspace, history).expiring()) ?? []
        func failed(_ site: String, _ failure: Failure) -> Row {
            Row(
                site: site, needed: 0, renewed: 0, waiting: 0, first_end: nil, aborted_uploads: 0, failures: [failure.text(language)],
                status: failure.exitStatus.rawValue)
        }
        var rows = opened.absences.map { failed($0.site, $0.failure) }
        for site in opened.sites {
            let (aborted, report): (Int, LockRenewal.Report)
            do {
                aborted = try site.site.abortUploads(olderThan: staleUpload)
                if let refusal = workspace.gate.refusalToLock(try workspace.configuration.site(site.name)) { throw refusal }
                report = try LockRenewal(site, keys: ring, inventory: inventory, requestsPerDay: requestsPerDay, expiring: expiring).run()
            } catch let failure as Failure {
                // One site's trouble is no reason to let the locks of another run out.
                rows.append(failed(site.name, failure))
                continue
            }
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
