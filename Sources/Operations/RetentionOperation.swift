import Base
import Keys
import Maintenance
import Repository
import Sites

/// `hdsbackup retention explain|apply`: which snapshots of a tenant are kept, by which rule, and forgetting the others.
package struct RetentionOperation {
    /// A snapshot and what becomes of it.
    package struct Item: Sendable {
        package let snapshot: Snapshot
        package let sourceName: String
        package let candidate: RetentionCandidate
        package let decision: RetentionDecision
        /// No look of maintenance had been there before it: its time is what its node says.
        package let isClaimed: Bool
    }

    package struct Outcome: Sendable {
        package let items: [Item]
        package var forgotten: Forgetting.Report?
        /// Sites that did not answer, and what could not be read.
        package var problems: [Failure]
    }

    private let workspace: Workspace
    private let history: HistoryStore
    private let maintain: TenantKeys.Maintain?
    private let now = Timestamp.now()

    package init(_ workspace: Workspace, _ history: HistoryStore) throws {
        self.workspace = workspace
        self.history = history
        maintain = try workspace.keys.maintain()
    }

    /// What each snapshot's fate is. With the maintain role, what is seen is noted: arrivals count from the first look.
    package func explain(sources: [String] = []) throws -> Outcome {
        let view = try view()
        if maintain != nil, try clockJump() == nil { try noteLooks(view) }
        return Outcome(items: try plan(view, sources: sources), problems: view.opened.failures + view.problems)
    }

    /// Forgets what no rule and nothing else keeps. Throws `.key` without the maintain role, and the failure of a site that should answer and does
    /// not: a hold might be there alone.
    package func apply(sources: [String] = [], isDry: Bool = false, afterAbsence: Bool = false) throws -> Outcome {
        guard let maintain else { throw Failure(.key, .noRole("maintain"), object: workspace.tenant.name) }
        if !afterAbsence, let days = try clockJump() { throw Failure(.refused, .clockJumped(days), object: workspace.tenant.name) }
        workspace.gate.allowRemoval()
        let view = try view()
        if let failure = view.opened.failures.first { throw failure }
        try noteLooks(view)
        var outcome = Outcome(items: try plan(view, sources: sources), problems: view.problems)
        if isDry { return outcome }
        let dropped = outcome.items.filter { !$0.decision.isKept }.map {
            ForgetRecord.Dropped(snapshot: $0.snapshot.id, manifest: $0.snapshot.manifestDigest, reason: 1)
        }
        // Sites that are always there come first: the first one decides which record is next.
        let order = try workspace.configuration.sites(of: workspace.tenant, named: nil).sorted { !$0.isOffline && $1.isOffline }.map(\.name)
        let sites = order.compactMap { name in view.opened.sites.first { $0.name == name }?.repository }
        outcome.forgotten = try Forgetting(sites, signer: maintain.signer).run(dropped)
        return outcome
    }

    /// Snapshots that nothing but a lock may still keep: their locks are not renewed.
    package func expiring() throws -> Set<ShortID> {
        let view = try view()
        let candidates = try candidates(view, protections: protections(view))
        let plan = try RetentionPlan(candidates.map(\.candidate), now: now, coolOff: coolOff, rules: rules(view))
        return Set(plan.dropped)
    }

    /// Days since the last look, where they are so many, or so far below zero, that the clock must be doubted: one that is far ahead ends every
    /// length of time at once.
    private func clockJump() throws -> Int64? {
        guard let last = try history.lastLook(tenant: workspace.fingerprint.tenant) else { return nil }
        let days = (now.seconds - last) / 86_400
        return days > Self.longAbsence || days < -1 ? days : nil
    }

    private static let longAbsence: Int64 = 30

    // MARK: what there is

    private func view() throws -> TenantView {
        try TenantView(workspace, site: nil, opening: false, as: maintain == nil ? .restore : .maintain)
    }

    private func noteLooks(_ view: TenantView) throws {
        for site in view.opened.sites {
            // Snapshots and not slots: what names a manifest that is held back has not arrived.
            let shown = view.snapshots.filter { $0.sites.contains(site.name) }
            try history.note(
                look: now, at: site.name, tenant: workspace.fingerprint.tenant, showing: shown.map { ($0.id, $0.manifestDigest, $0.committed) })
        }
    }

    private var coolOff: Int64 { workspace.tenant.policy.coolOff.map { Int64(seconds($0)) } ?? RetentionPlan.defaultCoolOff }

    private typealias Seen = (snapshot: Snapshot, candidate: RetentionCandidate, isClaimed: Bool)

    private func candidates(_ view: TenantView, protections: [Digest: [RetentionProtection]]) throws -> [Seen] {
        let arrivals = try history.arrivals(tenant: workspace.fingerprint.tenant)
        return view.snapshots.map { snapshot in
            let arrival = arrivals[snapshot.manifestDigest]
            let firstSeen = arrival?.firstSeen ?? now
            let time = RetentionTime.clamp(claimed: arrival?.claimed ?? snapshot.committed, lastLook: arrival?.lastLook, firstSeen: firstSeen)
            let candidate = RetentionCandidate(
                id: snapshot.id, group: RetentionGroup(domain: snapshot.manifest.domain, source: snapshot.outline.source), time: time,
                firstSeen: firstSeen, claimed: snapshot.committed, isComplete: snapshot.outline.isComplete,
                protections: protections[snapshot.manifestDigest] ?? [])
            return (snapshot, candidate, arrival?.lastLook == nil)
        }
    }

    private func plan(_ view: TenantView, sources: [String]) throws -> [Item] {
        for source in sources where !workspace.configuration.sources.contains(where: { $0.tenant == workspace.tenant.name && $0.name == source }) {
            throw Failure(.usage, .unknownSource, object: source)
        }
        // Without the secret of a domain, names of sources cannot be told there.
        if !sources.isEmpty, let unknown = view.snapshots.map(\.manifest.domain).first(where: { view.ring.domainKeys($0) == nil }) {
            throw Failure(.key, .sourcesUnknown(unknown.hex), object: workspace.tenant.name)
        }
        let rules = try rules(view)
        var protections = try protections(view)
        var seen = try candidates(view, protections: protections)
        // Locks are asked for where they matter: of what would go.
        let going = Set(RetentionPlan(seen.map(\.candidate), now: now, coolOff: coolOff, rules: rules).dropped)
        for each in seen where going.contains(each.candidate.id) {
            if let until = try lockEnd(each.snapshot, view) { protections[each.snapshot.manifestDigest, default: []].append(.locked(until: until)) }
        }
        seen = try candidates(view, protections: protections)
        let plan = RetentionPlan(seen.map(\.candidate), now: now, coolOff: coolOff, rules: rules)
        return zip(seen, plan.decisions).map { each, decision in
            Item(
                snapshot: each.snapshot, sourceName: view.sourceName(each.snapshot), candidate: each.candidate, decision: decision,
                isClaimed: each.isClaimed)
        }.filter { sources.isEmpty || sources.contains($0.sourceName) }
    }

    /// The source's rules, or the tenant's. Throws `.key` where a source has rules of its own and its id in a domain cannot be told: the tenant's
    /// may be shorter.
    private func rules(_ view: TenantView) throws -> (RetentionGroup) -> RetentionRules {
        let own = workspace.configuration.sources.filter { $0.tenant == workspace.tenant.name && $0.keep != nil }
        var bySource: [RetentionGroup: RetentionRules] = [:]
        for domain in Set(view.snapshots.map(\.manifest.domain)) where !own.isEmpty {
            guard let keys = view.ring.domainKeys(domain) else { throw Failure(.key, .sourcesUnknown(domain.hex), object: workspace.tenant.name) }
            for source in own { bySource[RetentionGroup(domain: domain, source: keys.sourceID(source.name))] = RetentionRules(source.keep!) }
        }
        let tenant = workspace.tenant.policy.keep.map { RetentionRules($0) } ?? RetentionRules()
        return { bySource[$0] ?? tenant }
    }

    // MARK: what protects

    private func protections(_ view: TenantView) throws -> [Digest: [RetentionProtection]] {
        var protections: [Digest: [RetentionProtection]] = [:]
        for hold in try HoldOperation.active(view, now: now) {
            for snapshot in view.snapshots where hold.snapshots.contains(snapshot.id) {
                protections[snapshot.manifestDigest, default: []].append(.hold(id: hold.id, reason: hold.reason))
            }
        }
        let anomalies = try history.anomalies(limit: .max).filter { $0.tenant == workspace.tenant.name }
        // An offline site is level when it is there; until then it does not keep everything.
        // Where policy lets nothing new go, nothing is waited for.
        let expected = try workspace.configuration.sites(of: workspace.tenant, named: nil)
            .filter { !$0.isOffline && workspace.gate.refusal(of: $0) == nil }.map(\.name)
        let sheets = try SheetList(workspace)
        if let failure = sheets.problems.first(where: { $0.kind == .unreachable }) { throw failure }
        for snapshot in view.snapshots {
            var reasons: [RetentionProtection] = []
            for anomaly in anomalies where covers(anomaly, snapshot, view) { reasons.append(.anomaly(anomaly.id)) }
            let lacking = expected.filter { !snapshot.sites.contains($0) }
            if !lacking.isEmpty { reasons.append(.replication(lacking: lacking)) }
            if sheets.lastGood(snapshot.outline.source)?.sheet.snapshot == snapshot.id { reasons.append(.lastGoodRestore) }
            protections[snapshot.manifestDigest, default: []] += reasons
        }
        return protections
    }

    /// An open anomaly keeps its snapshot and those of the same source before it: one of them is what it was before something went wrong.
    private func covers(_ anomaly: KeptAnomaly, _ snapshot: Snapshot, _ view: TenantView) -> Bool {
        guard let unusual = view.snapshots.first(where: { $0.id.hex == anomaly.snapshot }) else {
            return view.sourceName(snapshot) == anomaly.source && snapshot.committed.seconds <= anomaly.time
        }
        return unusual.outline.source == snapshot.outline.source && unusual.manifest.domain == snapshot.manifest.domain
            && snapshot.order <= unusual.order
    }

    /// The latest end of a lock on the manifest, at any site that locks.
    private func lockEnd(_ snapshot: Snapshot, _ view: TenantView) throws -> Timestamp? {
        var last: Timestamp?
        for site in view.opened.sites where site.site.lockPeriod != nil && snapshot.sites.contains(site.name) {
            do {
                guard let end = try site.site.lockEnd(Manifest.key(snapshot.id, snapshot.manifestDigest)), end > now else { continue }
                last = max(last ?? end, end)
            } catch let failure as Failure where failure.kind == .missing { continue }
        }
        return last
    }
}

extension RetentionRules {
    init(_ keep: Configuration.Keep) {
        self.init(
            last: keep.last, hourly: keep.hourly, daily: keep.daily, weekly: keep.weekly, monthly: keep.monthly, yearly: keep.yearly,
            within: keep.within.map { Int64(seconds($0)) })
    }
}
