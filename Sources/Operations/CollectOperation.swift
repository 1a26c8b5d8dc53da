import Base
import Keys
import Maintenance
import Repository
import Verification

/// `hdsbackup collect` and `hdsbackup index rebuild`: with the maintain role, one site after the other.
package struct CollectOperation {
    package struct Request: Sendable {
        package var site: String?
        package var language = Language.english
        package var isDry = false
        /// The site does not coordinate, and the operator sees to it that nothing else writes there.
        package var isExclusive = false
        /// In place of what the policy says.
        package var quarantine: Duration?
        package var patience: Duration?

        package init() {}
    }

    /// Seconds between looks at sessions that are waited for.
    private static let pace = 5.0

    private let workspace: Workspace
    private let request: Request
    private let maintain: TenantKeys.Maintain
    private let ring: KeyRing

    /// Throws `.key` without the maintain role.
    package init(_ workspace: Workspace, _ request: Request) throws {
        guard let maintain = try workspace.keys.maintain() else { throw Failure(.key, .noRole("maintain"), object: workspace.tenant.name) }
        self.workspace = workspace
        self.request = request
        self.maintain = maintain
        ring = KeyRing(tenant: workspace.fingerprint.tenant, catalogues: maintain.catalogues)
    }

    private func options(_ site: Configuration.Site) -> CollectionOptions {
        var options = CollectionOptions()
        // Compaction would write: where nothing new may go, packs are only deleted.
        if workspace.gate.refusal(of: site) != nil { options.liveShare = 0 }
        let policy = workspace.tenant.policy
        if let quarantine = request.quarantine ?? policy.quarantine { options.quarantine = Int64(seconds(quarantine)) }
        if let patience = request.patience ?? policy.patience { options.patience = Int64(seconds(patience)) }
        options.isDry = request.isDry
        return options
    }

    /// Runs `act` with a collector for each site that answers. A site's trouble is its own.
    /// `removes`: it takes away, which policy never forbids; what only adds records is for sites that policy lets them go to.
    private func forEachSite(removes: Bool, _ act: (Collector, SiteRepository) throws -> CollectionReport) throws -> [CollectRow] {
        if removes { workspace.gate.allowRemoval() }
        var rows: [CollectRow] = []
        // The sites are opened one after the other: while one is collected, the state of the next may change.
        for site in try workspace.configuration.sites(of: workspace.tenant, named: request.site) {
            do {
                if !removes, !request.isDry, let refusal = workspace.gate.refusal(of: site) { throw refusal }
                let repository: SiteRepository
                do { repository = try workspace.repository(site, as: .maintain) } catch let failure as Failure
                    where site.isOffline && [.wrongPlace, .unreachable].contains(failure.kind)
                {
                    continue  // It is expected to be away.
                }
                // It is being emptied: there is nothing to choose any more.
                if let departure = try repository.departure(), departure.act != .leaving { continue }
                let collector = Collector(
                    repository, keys: ring, signer: maintain.signer, folder: workspace.state.folder, damaged: try damaged(repository),
                    held: try held(repository), options: options(site))
                rows.append(CollectRow(workspace.tenant.name, try act(collector, repository), request.language))
            } catch {
                let failure = error as? Failure ?? Failure(.failed, .system("collect", "\(error)"))
                rows.append(CollectRow(workspace.tenant.name, site.name, failure.of(site.name), request.language))
            }
        }
        return rows
    }

    /// Collects as far as quarantine and patience let it; `waits`: until older sessions have ended, or patience has.
    package func run(waits: Bool = false) throws -> [CollectRow] {
        try forEachSite(removes: true) { collector, repository in
            try checkCoordination(repository.name)
            var report = try collector.run()
            while waits, report.state == .waiting, !request.isDry {
                sleep(seconds: Self.pace)
                report = try collector.run()
            }
            return report
        }
    }

    /// Gives up what is condemned and not decided.
    package func undo() throws -> [CollectRow] {
        try forEachSite(removes: true) { collector, repository in
            try checkCoordination(repository.name)
            return try collector.undo()
        }
    }

    /// Lists every pack again by its own directory.
    package func rebuildIndex() throws -> [CollectRow] { try forEachSite(removes: false) { collector, _ in try collector.rebuildIndex() } }

    /// Makes lost coordination objects anew from signed manifests.
    package func rebuildCoordination() throws -> [CollectRow] {
        try forEachSite(removes: false) { collector, _ in try collector.rebuildCoordination() }
    }

    /// Packs that verification or replication has found damaged there: they are no copies. Also one that was mended by another copy: it must not be the one
    /// that stays.
    private func damaged(_ repository: SiteRepository) throws -> Set<PackKey> {
        let lacks = try workspace.replicationStore().lacks(repository.id).compactMap { lack -> PackKey? in
            if case .pack(let pack) = lack.object { pack } else { nil }
        }
        return Set(lacks).union(ScrubState(workspace.state, site: repository.id).damaged)
    }

    /// Snapshots under a legal hold, as the site and this machine know them.
    private func held(_ repository: SiteRepository) throws -> Set<ShortID> {
        guard repository.site.hasLegalHolds else { return [] }
        let all = try repository.holds(ring).found + repository.keptHolds(ring)
        let released = Set(all.filter { !$0.isPlaced }.map(\.id))
        let now = Timestamp.now().seconds
        return Set(all.filter { $0.isPlaced && !released.contains($0.id) && ($0.until.map { now < $0 } ?? true) }.flatMap(\.snapshots))
    }

    /// Without create-if-absent two collectors, or a collector and a writer, may both believe that they were first.
    private func checkCoordination(_ site: String) throws {
        if request.isExclusive || request.isDry { return }
        var report = ProbeReport.last(workspace, site)
        // Where nothing may be put nothing is tried: it counts as a site that does not coordinate.
        if report == nil, workspace.gate.refusal(of: try workspace.configuration.site(site)) == nil {
            report = try ProbeReport(workspace, site: site, as: .maintain)
        }
        guard report?.coordinates == true else { throw Failure(.refused, .collectionNeedsWindow, object: site) }
    }
}
