import Base
import Keys
import Replication
import Repository
import Verification

/// Bringing sites level from a command, with the maintain role.
package enum SiteLevelling {
    package struct Outcome: Sendable {
        package let reports: [ReplicationReport]
        /// Sites that could not be opened.
        package let failures: [Failure]
        /// What policy says of the sites that were left alone.
        package let refusals: [Failure]
    }

    /// Brings `target` (all sites when nil) level with the others; `isForced`: every site is listed, whatever is known. Throws
    /// `.key` without the maintain role.
    package static func run(
        _ workspace: Workspace, to target: String?, isForced: Bool = false, progress: @escaping @Sendable (_ target: String, _ newBytes: Int) -> Void
    ) throws -> Outcome {
        guard let maintain = try workspace.keys.maintain() else { throw Failure(.key, .noRole("maintain"), object: workspace.tenant.name) }
        if let target { _ = try workspace.configuration.sites(of: workspace.tenant, named: target) }
        let ring = KeyRing(tenant: workspace.fingerprint.tenant, catalogues: maintain.catalogues)
        let refused = try workspace.refusalsOfAnySource()
        if let target, let refusal = refused.first(where: { $0.site.name == target }) { throw refusal.failure }
        let opened = try workspace.open(keys: ring, as: .maintain)
        if let target, !opened.sites.contains(where: { $0.name == target }) {
            throw opened.absences.first { $0.site == target }?.failure ?? Failure(.unreachable, .objectMissing, object: target)
        }
        // Nothing is brought to a site that is left; who names it is told.
        let left = target == nil ? try opened.sites.filter { try $0.repository.departure() != nil }.map(\.name) : []
        let last = Monitor<[String: Int]>([:])
        let reports = Levelling.run(
            opened.sites, targets: target.map { [$0] } ?? Set(opened.sites.map(\.name)).subtracting(refused.map(\.site.name)).subtracting(left),
            keys: ring,
            signer: maintain.signer, scratch: workspace.state.folder,
            inventory: Inventory(try workspace.replicationStore(), isForced: isForced),
            bad: workspace.damagedPacks(at: opened.sites),
            progress: { step in
                let key = step.target + (step.snapshot?.hex ?? "")
                let new = last.look { last in
                    defer { last[key] = step.bytes }
                    return step.bytes - (last[key] ?? 0)
                }
                progress(step.target, max(0, new))
            })
        try keepOffline(reports, opened.sites, ring, workspace)
        // Why a site may not be written to says more than that it was never prepared.
        let silent = opened.absences.filter { absence in !absence.isExpected && !refused.contains { $0.site.name == absence.site } }.map(\.failure)
        return Outcome(reports: reports, failures: target == nil ? silent : [], refusals: target == nil ? refused.map(\.failure) : [])
    }

    /// What offline sites hold now: once they are away it cannot be asked.
    private static func keepOffline(_ reports: [ReplicationReport], _ sites: [OpenSite], _ ring: KeyRing, _ workspace: Workspace) throws {
        for site in sites where try workspace.configuration.site(site.name).isOffline && reports.contains(where: { $0.target == site.name }) {
            let now = try OpenSite(site.repository, keys: ring, scratch: workspace.state.folder)
            var packs: [ListedPack] = []
            try now.repository.listPacks { packs.append(ListedPack(key: $0, size: $1)) }
            let scrub = ScrubState(workspace.state, site: site.repository.id)
            let coverage = scrub.coverage(packs, period: .max, now: Timestamp.now().seconds)
            try OfflineCopies.keep(now, verified: coverage.never == 0 ? coverage.oldest : nil, isDamaged: !scrub.damaged.isEmpty, workspace)
        }
    }

    /// Copies to `site` what it lacks; returns how many snapshots came.
    package static func bring(_ workspace: Workspace, to site: String) throws -> Int {
        let outcome = try run(workspace, to: site) { _, _ in }
        guard let report = outcome.reports.first, report.isLevel else { throw Failure(.partial, .siteBehind(site), object: site) }
        return report.snapshots.count
    }
}

/// A path as the program keeps it: absolute.
package func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : currentFolder() + "/" + path }
