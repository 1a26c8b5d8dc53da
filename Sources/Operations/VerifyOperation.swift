import Base
import Keys
import Replication
import Repository
import Verification

/// `hdsbackup verify`: every site of a tenant, one after the other.
package struct VerifyOperation {
    package struct Outcome: Sendable {
        package let reports: [VerificationReport]
        /// Snapshots that are gone without a record.
        package let gaps: [Finding]
        package let notes: [Message]
        /// Sites that could not be opened.
        package let failures: [Failure]

        package var status: ExitStatus {
            var status = reports.reduce(ExitStatus.done) { $0.combined(with: $1.status) }
            if !gaps.isEmpty { status = status.combined(with: .damaged) }
            return status
        }
    }

    /// Times that a site is looked at anew because collection moved meanwhile.
    private static let attempts = 2

    /// Throws `.key` when blobs are to be opened and the restore key is not here.
    package static func run(
        _ workspace: Workspace, site: String?, options: VerificationOptions, progress: @escaping @Sendable (VerificationProgress) -> Void
    ) throws -> Outcome {
        let ring = try workspace.keyRing(opening: options.opens)
        var options = options
        if let period = workspace.tenant.policy.scrub { options.period = Int64(seconds(period)) }
        let opened = try workspace.open(site: site, keys: ring)
        var (sites, told): ([OpenSite], [Message]) = ([], [])
        for site in opened.sites {
            // What lacks at a site that is being emptied is no loss.
            if let departure = try site.repository.departure(), departure.act != .leaving {
                told.append(.leftSiteNotVerified(site.name, departure.toName))
            } else {
                sites.append(site)
            }
        }
        let reports = try sites.map { site in
            var site = site
            for _ in 0..<attempts {
                let report = try Verifier(
                    site, keys: ring, state: ScrubState(workspace.state, site: site.repository.id), options: options, progress: progress
                ).run()
                // What a collection took away in between is not missing.
                if report.findings.isEmpty || !site.hasMoved { return report }
                site = try OpenSite(site.repository, keys: ring, scratch: workspace.state.folder)
            }
            return try Verifier(
                site, keys: ring, state: ScrubState(workspace.state, site: site.repository.id), options: options, progress: progress
            ).run()
        }
        // What was found is told whether or not it can be put down.
        do { try note(reports, sites, workspace) } catch let failure as Failure { told.append(failure.message) }
        let all = site == nil ? opened : try workspace.open(keys: ring)
        let (gaps, notes) = try CounterGaps.check(all.sites, absent: all.absences.map(\.site), keys: ring)
        return Outcome(reports: reports, gaps: gaps, notes: told + notes, failures: opened.failures)
    }

    /// Puts down what was found missing or damaged, for `replicate` to bring back and `status` to show.
    private static func note(_ reports: [VerificationReport], _ sites: [OpenSite], _ workspace: Workspace) throws {
        for (report, site) in zip(reports, sites) {
            for finding in report.findings where !finding.isHealed {
                guard let pack = PackKey(key: finding.object), finding.kind == .missing || finding.kind == .damaged else { continue }
                try workspace.replicationStore().note([.pack(pack)], finding.kind == .missing ? .missing : .damaged, at: site.repository.id)
            }
        }
    }

    /// `spread:SHARE:BEFORE:BUDGET`, as the daemon asks for; a budget of zero is none.
    private static func spread(_ text: String) -> ScrubSelection? {
        let parts = text.split(separator: ":")
        guard parts.count == 4, parts[0] == "spread", let share = Double(parts[1]), let before = Int64(parts[2]), let budget = Int64(parts[3]) else {
            return nil
        }
        return .spread(share: share, before: before, budget: budget > 0 ? budget : nil)
    }

    /// What `--read` says. Throws `.usage` for anything else.
    package static func selection(_ text: String) throws -> ScrubSelection {
        switch text {
        case "due": return .due
        case "all": return .all
        case "none": return .none
        default:
            if let spread = spread(text) { return spread }
            guard text.hasSuffix("%"), let percent = Double(text.dropLast()), (0...100).contains(percent) else {
                throw Failure(.usage, .readValues, object: text)
            }
            return .share(percent: percent)
        }
    }
}

extension Workspace {
    /// Packs that verification found damaged, by the name of the site.
    func damagedPacks(at sites: [OpenSite]) -> [String: Set<PackKey>] {
        Dictionary(sites.map { ($0.name, ScrubState(state, site: $0.repository.id).damaged) }, uniquingKeysWith: { first, _ in first })
    }
}

extension TenantView {
    /// When the packs of the site least recently read were verified last, of the sites that hold the
    /// snapshot: nil while one of their packs was never read. `verified`: from `verifiedSites`.
    package func lastVerified(_ snapshot: Snapshot, _ verified: [String: Timestamp]) -> Timestamp? {
        let times = snapshot.sites.map { verified[$0] }
        guard !times.isEmpty, times.allSatisfy({ $0 != nil }) else { return nil }
        return times.compactMap { $0 }.min()
    }

    /// When the pack least recently read was read, by site; none for a site with a pack that was never read. Lists each site once.
    package func verifiedSites() -> [String: Timestamp] {
        var times: [String: Timestamp] = [:]
        for site in opened.sites {
            var packs: [ListedPack] = []
            guard (try? site.repository.listPacks { packs.append(ListedPack(key: $0, size: $1)) }) != nil else { continue }
            let coverage = ScrubState(workspace.state, site: site.repository.id).coverage(packs, period: 30 * 86_400, now: Timestamp.now().seconds)
            if coverage.never == 0 { times[site.name] = coverage.oldest }
        }
        return times
    }
}
