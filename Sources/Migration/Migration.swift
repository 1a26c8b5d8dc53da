import Base
import Codec
import Keys
import Replication
import Repository
import Sites

/// What a migration works with: both sites, and the maintain role's keys.
package struct MigrationContext: Sendable {
    package let from: any Site
    package let to: any Site
    package let fingerprint: Fingerprint
    /// What this machine remembers of the tenant; nil on a bare machine.
    package let state: TenantState?
    package let keys: KeyRing
    /// The maintain key.
    package let signer: SigningKey
    /// For index caches.
    package let scratch: String
    package var options = ReplicationOptions()
    package var isCancelled: @Sendable () -> Bool = { false }
    /// Told of bytes that were copied or read.
    package var progress: @Sendable (Int) -> Void = { _ in }
    /// Told of packs that were read and are damaged at a site, for collection there to know.
    package var damaged: @Sendable (_ site: ShortID, _ packs: [PackKey]) throws -> Void = { _, _ in }
    /// Packs that verification or replication found damaged at a site: they are read again, whatever was read before.
    package var suspects: @Sendable (_ site: ShortID) throws -> Set<PackKey> = { _ in [] }
    /// Sealed segments of the journal that a signed record at the site says are erased: keys without an attempt's number.
    package var erased: @Sendable (SiteRepository) throws -> Set<String> = { _ in [] }
    package var now: @Sendable () -> Timestamp = { .now() }

    package init(
        from: any Site, to: any Site, fingerprint: Fingerprint, state: TenantState?, keys: KeyRing, signer: SigningKey, scratch: String
    ) {
        self.from = from
        self.to = to
        self.fingerprint = fingerprint
        self.state = state
        self.keys = keys
        self.signer = signer
        self.scratch = scratch
    }

    func open(_ site: any Site, expected: String?) throws -> OpenSite {
        try OpenSite(repository(site, expected: expected), keys: keys, scratch: scratch)
    }

    func repository(_ site: any Site, expected: String?) throws -> SiteRepository {
        try SiteRepository(site: site, fingerprint: fingerprint, state: state, expected: expected.flatMap { ShortID(hex: $0) })
    }
}

/// What an advance came to.
package enum MigrationOutcome: Sendable {
    /// The next phase is reached: advance again.
    case moved(MigrationPhase)
    /// Both sites receive new snapshots until then, in seconds since 1970.
    case waiting(until: Int64)
    /// Writers are still at work at the site that is left.
    case writers([SessionID])
    /// The roots differ. Nothing was deleted.
    case differs(LeafComparison)
    /// So many restores from the other site are still to be sampled.
    case samples(wanted: Int)
    /// Deleted but for these, which have dates: run it again then.
    case remnants([MigrationState.Remnant])
    case done
}

/// A tenant's whole copy moved from one site to another, with proof (docs/MIGRATION.md). One process at a time may drive it; it may
/// be killed anywhere, and goes on from its folder.
package final class Migration {
    /// Copies and readings in a row, while new objects keep coming.
    private static let rounds = 3

    package let folder: String
    package internal(set) var state: MigrationState
    /// What the last copy did.
    package private(set) var copied: WholeCopy.Report?
    /// How the last readings compared.
    package private(set) var compared: LeafComparison?
    /// What the last readings found damaged or void at either site.
    package internal(set) var problems: [Failure] = []
    /// Packs at the site that is moved to that the last readings found damaged.
    private var damagedThere: Set<PackKey> = []

    private init(folder: String, state: MigrationState) {
        self.folder = folder
        self.state = state
    }

    /// Plans a migration in `folder`, or goes on with the one there.
    ///
    /// Throws `.refused` where the folder keeps another, both sites are one, or either is left already for some third; and what opening a site
    /// throws.
    package static func open(folder: String, plan: MigrationPlan, _ context: MigrationContext) throws -> Migration {
        if let state = try MigrationState.read(folder) {
            guard state.tenant == context.fingerprint.tenant.hex, state.fromName == context.from.name, state.toName == context.to.name else {
                throw Failure(.refused, .migrationOther, object: folder)
            }
            return Migration(folder: folder, state: state)
        }
        let (from, to) = (try context.open(context.from, expected: nil), try context.open(context.to, expected: nil))
        guard from.repository.id != to.repository.id else { throw Failure(.refused, .migrationSameSite, object: to.name) }
        try to.repository.checkNotLeft()
        // What is still at a third site is deleted only while this one stays.
        for records in Dictionary(grouping: try from.repository.migrations(), by: \.migration).values {
            guard let last = records.last, last.to == from.repository.id, [.agreed, .partlyDeleted].contains(last.act) else { continue }
            throw Failure(.refused, .migrationUnfinished(last.fromName), object: from.name)
        }
        // One whose folder was lost is begun anew; what was left for another site stays refused.
        if let departure = try from.repository.departure(), departure.to != to.repository.id { try from.repository.checkNotLeft() }
        try Files.makeFolder(folder)
        let state = MigrationState(
            migration: ShortID.random().hex, tenant: context.fingerprint.tenant.hex, from: from.repository.id.hex, to: to.repository.id.hex,
            fromName: from.name, toName: to.name, plan: plan, begun: context.now().seconds)
        try state.write(folder)
        return Migration(folder: folder, state: state)
    }

    func save() throws {
        try state.write(folder)
        Steps.mark("migration saved")
    }

    private func move(_ phase: MigrationPhase) throws -> MigrationOutcome {
        state.phase = phase
        try save()
        return .moved(phase)
    }

    /// What was found damaged or void, or could not be copied, since the last call.
    package func takeProblems() -> [Failure] {
        defer { (problems, copied) = ([], nil) }
        let copying = copied.map { report in report.failures + report.replication.problems + report.replication.skipped.map(\.failure) } ?? []
        return problems + copying
    }

    /// Other times and numbers than it was begun with; the double run counts from its start.
    package func change(doubleRun: Int64? = nil, samples: Int? = nil, patience: Int64? = nil) throws {
        if let doubleRun {
            if let until = state.doubleRunUntil { state.doubleRunUntil = until - state.plan.doubleRun + doubleRun }
            state.plan.doubleRun = doubleRun
        }
        if let samples { state.plan.samples = samples }
        if let patience { state.plan.patience = patience }
        try save()
    }

    /// Advances until something has to be waited for, or it is done.
    package func run(_ context: MigrationContext) throws -> MigrationOutcome {
        while true {
            let outcome = try advance(context)
            guard case .moved = outcome else { return outcome }
        }
    }

    /// Does what the phase asks for. Idempotent: after a throw, or a kill, it begins that phase again.
    package func advance(_ context: MigrationContext) throws -> MigrationOutcome {
        if context.isCancelled() { throw Failure(.interrupted, .interrupted) }
        switch state.phase {
        case .planned: return try move(.copying)
        case .copying:
            try copy(context)
            return try move(.proving)
        case .proving:
            guard let from = try level(context) else { return .differs(compared!) }
            state.firstProof = proof(from)
            state.doubleRunUntil = context.now().seconds + state.plan.doubleRun
            return try move(.doubleRun)
        case .doubleRun:
            let until = state.doubleRunUntil ?? 0
            return context.now().seconds < until ? .waiting(until: until) : try move(.sampling)
        case .sampling: return try sample(context)
        case .agreed:
            try record(.agreed, atBoth: true, context)
            return try move(.deleting)
        case .deleting: return try delete(context)
        case .done, .withdrawn: return .done
        }
    }

    /// Takes it back: both sites stay as they are. What the site that is moved to does not take is in `problems`: it may be gone.
    ///
    /// Throws `.refused` once deletion has begun.
    package func withdraw(_ context: MigrationContext) throws {
        guard state.deletionBegan == nil, state.phase != .done else { throw Failure(.refused, .migrationTooLate, object: state.fromName) }
        try checkNotDeleted(context)
        // A kill may have come between a record and its note.
        if try state.records > 0 || hasSigned(context) { try recordWithdrawal(context) }
        try withdrawOthers(context)
        _ = try move(.withdrawn)
    }

    // MARK: copy and proof

    private func sites(_ context: MigrationContext) throws -> (from: OpenSite, to: OpenSite) {
        (try context.open(context.from, expected: state.from), try context.open(context.to, expected: state.to))
    }

    private func erased(_ from: OpenSite, _ to: OpenSite, _ context: MigrationContext) throws -> Set<String> {
        try context.erased(from.repository).union(context.erased(to.repository))
    }

    private func whole(_ erased: Set<String>, _ context: MigrationContext) -> WholeCopy {
        WholeCopy(
            keys: context.keys, signer: context.signer, scratch: context.scratch, options: context.options, isCancelled: context.isCancelled,
            progress: context.progress, erased: erased,
            session: { [self] slot in
                state.session = slot?.key
                try save()
            })
    }

    private func copy(_ context: MigrationContext) throws {
        let (from, to) = try sites(context)
        try endOldSession(to, context)
        copied = try whole(erased(from, to, context), context).run(from: from, to: to, bad: damagedThere)
        Steps.mark("migration copied")
    }

    /// Gives up the session that a killed copy left open.
    func endOldSession(_ to: OpenSite, _ context: MigrationContext) throws {
        guard let text = state.session else { return }
        if let slot = CommitKey(key: text) {
            let record = SlotRecord(key: slot, site: to.repository.id, outcome: .abandon, created: context.now())
            let bytes = try Statement.sign(.slot, tenant: to.repository.tenant, body: record.body, by: context.signer)
            do { try to.site.create(slot.key, bytes) } catch let failure as Failure where failure.kind == .exists {}
        }
        state.session = nil
        try save()
    }

    /// Copies and reads until both sites hold the same. Nil, and `compared` says why, where they do not.
    private func level(_ context: MigrationContext) throws -> SiteLeaves? {
        for round in 0..<Self.rounds {
            let (from, comparison) = try compare(context)
            if comparison.agrees { return from }
            if round + 1 == Self.rounds { break }
            try copy(context)
        }
        return nil
    }

    /// Reads both sites, each by itself, and compares.
    package func compare(_ context: MigrationContext) throws -> (from: SiteLeaves, comparison: LeafComparison) {
        let (from, to) = try sites(context)
        let logs = try (log("from", state.from), log("to", state.to))
        let erased = try erased(from, to, context)
        let sides = try [(from, logs.0), (to, logs.1)].map { site, log in
            var side = CopyInventory(site, log: log, erased: erased, isCancelled: context.isCancelled)
            side.progress = context.progress
            side.suspects = try context.suspects(site.repository.id)
            return side
        }
        let leaves = try Threads.map("inventory", sides, atOnce: 2) { try $0.read() }.map { try $0.get() }
        let comparison = LeafComparison(from: leaves[0], to: leaves[1])
        compared = comparison
        problems = leaves.flatMap(\.problems)
        for (site, found) in zip([from, to], leaves) where !found.damaged.isEmpty { try context.damaged(site.repository.id, found.damaged) }
        damagedThere = Set(leaves[1].damaged)
        try SiteLeaves.write(leaves[0].leaves, to: folder + "/leaves-from.txt")
        let names = Set(leaves[0].leaves.map(\.name))
        try SiteLeaves.write(leaves[1].found.map(\.leaf).filter { names.contains($0.name) }, to: folder + "/leaves-to.txt")
        Steps.mark("migration compared")
        return (leaves[0], comparison)
    }

    func log(_ side: String, _ site: String) throws -> ReadingLog {
        guard let migration = ShortID(hex: state.migration), let site = ShortID(hex: site) else {
            throw Failure(.damaged, .migrationStateUnreadable, object: MigrationState.path(folder))
        }
        return try ReadingLog(path: folder + "/read-" + side, migration: migration, site: site)
    }

    /// Reads everything again at the next comparison, whatever this migration has read already.
    package func readAgain() throws {
        try log("from", state.from).clear()
        try log("to", state.to).clear()
    }

    private func proof(_ from: SiteLeaves) -> MigrationState.Proof {
        let comparison = compared!
        return MigrationState.Proof(
            root: comparison.fromRoot.hex, leaves: UInt64(comparison.leaves), bytes: comparison.bytes, snapshots: UInt64(from.snapshots.count),
            made: from.made.seconds)
    }

    // MARK: leaving

    /// Says that the site is left, waits for its writers, proves again, and counts sampled restores.
    private func sample(_ context: MigrationContext) throws -> MigrationOutcome {
        if !state.isLeaving {
            try record(.leaving, atBoth: true, context)
            state.isLeaving = true
            state.leftSince = state.leftSince ?? context.now().seconds
            try save()
        }
        // Said first, looked for after: of two migrations that leave each other's site, or one site for two others, at least one stops here.
        try context.repository(context.to, expected: state.to).checkNotLeft()
        try checkAlone(context)
        if state.proof == nil {
            let writers = try endDeadSessions(context)
            if !writers.isEmpty { return .writers(writers) }
            guard let from = try level(context) else { return .differs(compared!) }
            // A session that registered just before the record was there may have shown up only now.
            guard from.sessions.isEmpty else { return .writers(from.sessions) }
            state.proof = proof(from)
            state.snapshots = from.snapshots.sorted().map(\.hex)
            try save()
        }
        let last = state.lastSamples
        if let failed = last.filter({ !$0.good }).min(by: { $0.snapshot < $1.snapshot }) {
            throw Failure(.refused, .migrationSampleFailed(String(failed.snapshot.prefix(8))), object: state.toName)
        }
        let lacking = min(state.plan.samples, state.snapshots.count) - last.count
        return lacking > 0 ? .samples(wanted: lacking) : try move(.agreed)
    }

    /// Takes in results of restores from the other site. A later one of the same snapshot takes the earlier one's place.
    ///
    /// Throws `.refused` before both sites were proven the same for the last time, for a snapshot that is not in the proof, and for a
    /// restore that was over before the copy was proven at all.
    package func add(_ samples: [MigrationRecord.Sample]) throws {
        guard state.phase == .sampling, state.proof != nil else { throw Failure(.refused, .migrationNotSampling, object: state.toName) }
        let proven = Set(state.snapshots)
        for sample in samples {
            guard proven.contains(sample.snapshot.hex) else { throw Failure(.refused, .snapshotNotProven, object: sample.snapshot.hex) }
            guard sample.finished.seconds >= state.firstProof?.made ?? 0 else {
                throw Failure(.refused, .sampleTooEarly, object: sample.snapshot.hex)
            }
        }
        state.samples += samples.map {
            MigrationState.Sample(snapshot: $0.snapshot.hex, good: $0.isGood, finished: $0.finished.seconds, sheet: $0.sheet)
        }
        try save()
    }

    /// Fences sessions at the site that is left whose writers are dead; returns those that may be at work.
    private func endDeadSessions(_ context: MigrationContext) throws -> [SessionID] {
        let from = try context.open(context.from, expected: state.from)
        var atWork: [SessionID] = []
        for record in try from.repository.sessionsAtWork() {
            // Nobody begins there since it was left: a session that claims a later time has waited since then.
            let now = context.now().seconds
            guard now - min(record.created.seconds, state.leftSince ?? now) >= state.plan.patience else {
                atWork.append(record.session)
                continue
            }
            let slot = SlotRecord(
                key: CommitKey(snapshot: record.snapshot, session: record.session), site: from.repository.id, outcome: .fence, created: context.now())
            let bytes = try Statement.sign(.slot, tenant: from.repository.tenant, body: slot.body, by: context.signer)
            // Its own commit came first: then it has ended all the same.
            do { try from.site.create(slot.key.key, bytes) } catch let failure as Failure where failure.kind == .exists {}
        }
        return atWork
    }

    /// Back to the last proof: something has changed at either site since.
    func proveAgain() throws -> MigrationOutcome {
        state.proof = nil
        return try move(.sampling)
    }

    /// The same snapshots, and records that came since the proof: the new root is signed in the old one's place.
    func agreeAgain(_ from: SiteLeaves, _ context: MigrationContext) throws {
        // Kept with the record: a kill in between leaves the old one, and this is done again.
        state.proof = proof(from)
        try record(.agreed, atBoth: true, context)
    }
}
