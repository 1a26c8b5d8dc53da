import Base
import CLinux
import Glibc
import Keys
import Migration
import Repository
import Sites
import Verification

/// `hdsbackup migrate --from A --to B --prove`: moves a tenant's whole copy with proof (docs/MIGRATION.md), with the maintain role. Each call goes on where the
/// last one ended, until there is something to wait for.
package struct MigrateOperation {
    package struct Request: Sendable {
        package var from: String
        package var to: String
        /// In place of seven days.
        package var doubleRun: Duration?
        /// Restores to be sampled, in place of three.
        package var samples: Int?
        /// After which a session at the site that is left counts as dead; in place of what the policy says.
        package var patience: Duration?
        /// Both sites are read anew, whatever was read before.
        package var readsAgain = false
        /// Ends where both sites are proven the same and restores were sampled.
        package var keepsSource = false

        package init(from: String, to: String) { (self.from, self.to) = (from, to) }
    }

    /// What is told while it goes on.
    package enum Event: Sendable {
        case phase(MigrationPhase)
        case problem(Failure)
        /// Found on the way, and in nobody's way.
        case note(Failure)
        case bytes(Int)
    }

    private static let doubleRun: Int64 = 7 * 86_400
    private static let samples = 3
    /// Seconds after which a session counts as dead where the policy says nothing.
    private static let patience: Int64 = 86_400

    private let workspace: Workspace
    private let request: Request
    private let from: Configuration.Site
    private let to: Configuration.Site
    private let maintain: TenantKeys.Maintain
    private let tell: @Sendable (Event) -> Void

    /// Throws `.key` without the maintain role, `.usage` where both are one or one is not the tenant's.
    package init(_ workspace: Workspace, _ request: Request, tell: @escaping @Sendable (Event) -> Void) throws {
        guard let maintain = try workspace.keys.maintain() else { throw Failure(.key, .noRole("maintain"), object: workspace.tenant.name) }
        guard request.from != request.to else { throw Failure(.usage, .migrationToItself, object: request.from) }
        guard let from = try workspace.configuration.sites(of: workspace.tenant, named: request.from).first,
            let to = try workspace.configuration.sites(of: workspace.tenant, named: request.to).first
        else { throw Failure(.usage, .migrationToItself, object: request.from) }
        self.workspace = workspace
        self.request = request
        self.maintain = maintain
        self.tell = tell
        (self.from, self.to) = (from, to)
        // What has to leave a refused site could not be proven or deleted otherwise: records of this are let through there.
        workspace.gate.allowRemoval()
    }

    private var ring: KeyRing { KeyRing(tenant: workspace.fingerprint.tenant, catalogues: maintain.catalogues) }
    private var folder: String { workspace.state.folder + "/migrations/\(from.name)~\(to.name)" }

    /// Throws what policy says where nothing of the tenant may go to the new site.
    private func checkTarget() throws {
        if let refusal = try workspace.refusalsOfAnySource().first(where: { $0.site.name == to.name }) { throw refusal.failure }
    }

    // MARK: what the command does

    /// What would be moved. Changes nothing.
    package func plan() throws -> MigrateRow {
        try checkTarget()
        if let state = try MigrationState.read(folder), state.phase != .done, state.phase != .withdrawn {
            return MigrateRow(tenant: workspace.tenant.name, state, nil, outcome: "planned", status: .done)
        }
        let source = try OpenSite(workspace.repository(from, as: .maintain), keys: ring, scratch: workspace.state.folder)
        let target = try workspace.repository(to, as: .maintain)
        guard source.repository.id != target.id else { throw Failure(.refused, .migrationSameSite, object: to.name) }
        try target.checkNotLeft()
        var (objects, bytes) = (0, 0)
        try source.site.list("") { (objects, bytes) = (objects + 1, bytes + $0.size) }
        return MigrateRow(
            tenant: workspace.tenant.name, from: from.name, to: to.name, objects: objects, bytes: bytes,
            snapshots: Set(source.commits.map(\.key.snapshot)).count)
    }

    /// Goes on until it is done, or there is something to wait for. Throws what stopped it; nothing is deleted then that was not proven.
    package func run() throws -> MigrateRow {
        try checkTarget()
        return try alone {
            let context = try context()
            let migration = try opened(context)
            if request.readsAgain { try migration.readAgain() }
            var (known, told) = (migration.state.phase, Set<String>())
            tell(.phase(known))
            while true {
                if request.keepsSource, migration.state.phase == .agreed || migration.state.phase == .deleting {
                    guard migration.state.deletionBegan == nil else { throw Failure(.refused, .migrationTooLate, object: from.name) }
                    return row(migration, "agreed", .done)
                }
                // A later good restore takes a failed one's place.
                if migration.state.phase == .sampling, migration.state.proof != nil { _ = try takeSheets(migration) }
                let outcome = try migration.advance(context)
                // Each reading finds the same again.
                let problems = migration.takeProblems().filter { told.insert($0.text(.english)).inserted }
                if case .differs = outcome { problems.forEach { tell(.problem($0)) } } else { problems.forEach { tell(.note($0)) } }
                if migration.state.phase != known {
                    known = migration.state.phase
                    tell(.phase(known))
                }
                if let row = try settle(outcome, migration) { return row }
            }
        }
    }

    /// Takes it back, as long as nothing was deleted. Throws `.refused` later, `.usage` where there is none.
    package func withdraw() throws -> MigrateRow {
        try alone {
            guard let state = try MigrationState.read(folder), state.phase != .withdrawn else {
                throw Failure(.usage, .migrationNone(from.name, to.name), object: from.name)
            }
            let context = try context()
            let migration = try Migration.open(folder: folder, plan: state.plan, context)
            try migration.withdraw(context)
            // The site that is left knows; the other one may be gone.
            for problem in migration.takeProblems() { tell(.note(problem)) }
            return row(migration, "withdrawn", .done)
        }
    }

    // MARK: steps

    /// The row to end with; nil to go on.
    private func settle(_ outcome: MigrationOutcome, _ migration: Migration) throws -> MigrateRow? {
        switch outcome {
        case .moved: return nil
        case .waiting: return row(migration, "waiting", .partial)
        case .writers(let sessions):
            var row = row(migration, "writers", .partial)
            row.writers = sessions.map(\.text)
            return row
        case .differs(let comparison):
            tell(.problem(comparison.failure.of(to.name)))
            return row(migration, "differs", .damaged)
        case .samples(let wanted):
            // What a proof host has tested counts; what still lacks is tested here, where the keys allow it.
            if try takeSheets(migration) { return nil }
            if let obstacle = RestoreTestOperation.obstacle(workspace) {
                tell(.problem(Failure(.partial, .migrationSampleElsewhere(wanted, to.name), object: workspace.tenant.name, remedy: obstacle.message)))
                return row(migration, "samples", .partial)
            }
            try sample(wanted, migration)
            return try takeSheets(migration) ? nil : row(migration, "samples", .partial)
        case .remnants: return row(migration, "remnants", .partial)
        case .done: return row(migration, migration.state.phase == .withdrawn ? "withdrawn" : "done", .done)
        }
    }

    private func row(_ migration: Migration, _ outcome: String, _ status: ExitStatus) -> MigrateRow {
        MigrateRow(tenant: workspace.tenant.name, migration.state, migration.compared, outcome: outcome, status: status)
    }

    /// Restores from the new site of snapshots that were not sampled yet, chosen by chance.
    private func sample(_ wanted: Int, _ migration: Migration) throws {
        let sampled = Set(migration.state.samples.map(\.snapshot))
        let left = migration.state.snapshots.filter { !sampled.contains($0) }
        for snapshot in left.shuffled().prefix(wanted) {
            var options = RestoreTestOperation.Options()
            options.snapshot = snapshot
            options.share = RestoreTestShare.whole
            options.site = to.name
            var details: [Failure] = []
            let rows = try RestoreTestOperation.run(
                workspace, options: options,
                tell: { detail in
                    switch detail {
                    case .failure(let failure, _), .notTested(let failure, _): details.append(failure)
                    case .checkOutput: break
                    }
                })
            // Of a good sample there is nothing to tell but what the source itself did meanwhile.
            let isGood = rows.allSatisfy { row in row.sheet != nil && [row.restored, row.manifest, row.check].allSatisfy { $0.result != "failed" } }
            details.forEach { tell(isGood ? .note($0) : .problem($0)) }
        }
    }

    /// Takes in the sheets at the new site of whole restores that read nothing but that site. Whether there were new ones.
    private func takeSheets(_ migration: Migration) throws -> Bool {
        let known = Set(migration.state.samples.map(\.sheet))
        let proven = Set(migration.state.snapshots)
        let repository = try workspace.repository(to, as: .maintain)
        let samples = try repository.sheets(ring, besides: known).filter { found in
            let sheet = found.sheet
            return sheet.sites == [to.name] && sheet.from == 0 && sheet.to == RestoreSheet.whole && proven.contains(sheet.snapshot.hex)
                && sheet.finished.seconds >= migration.state.firstProof?.made ?? 0
        }
        try migration.add(
            samples.map {
                // A source that changed unseen says nothing of the copy.
                let isGood = $0.sheet.restored.outcome == .good && $0.sheet.comparison.outcome == .good && $0.sheet.check.outcome != .failed
                return .init(snapshot: $0.sheet.snapshot, isGood: isGood, finished: $0.sheet.finished, sheet: $0.name)
            })
        return !samples.isEmpty
    }

    // MARK: how it is kept

    private func context() throws -> MigrationContext {
        var context = MigrationContext(
            from: try workspace.store(from, as: .maintain), to: try workspace.store(to, as: .maintain), fingerprint: workspace.fingerprint,
            state: workspace.state, keys: ring, signer: maintain.signer, scratch: workspace.state.folder)
        context.damaged = { [workspace] site, packs in
            let scrub = ScrubState(workspace.state, site: site)
            for pack in packs { scrub.record(pack, .bad, at: Timestamp.now().seconds, opened: false) }
            try scrub.save()
        }
        context.suspects = { [workspace] site in
            let lacks = try workspace.replicationStore().lacks(site).compactMap { if case .pack(let pack) = $0.object { pack } else { nil } }
            return Set(lacks).union(ScrubState(workspace.state, site: site).damaged)
        }
        let copies = try JournalCopies(workspace)
        context.erased = { try copies.erasedSegments(at: $0) }
        context.progress = { [tell] in tell(.bytes($0)) }
        return context
    }

    /// The migration in its folder. One that was withdrawn, or is done and whose old site was prepared again, is set aside and begun anew.
    private func opened(_ context: MigrationContext) throws -> Migration {
        if let state = try MigrationState.read(folder), state.phase == .withdrawn || state.phase == .done && isPrepared() {
            try Files.move(folder, to: folder + "." + state.migration)
        }
        if try MigrationState.read(folder) == nil {
            // Also that each lies where its marker says.
            _ = try workspace.repository(from, as: .maintain)
            _ = try workspace.repository(to, as: .maintain)
        }
        let plan = MigrationPlan(
            doubleRun: request.doubleRun.map { Int64(seconds($0)) } ?? Self.doubleRun, samples: request.samples ?? Self.samples,
            patience: (request.patience ?? workspace.tenant.policy.patience).map { Int64(seconds($0)) } ?? Self.patience)
        let migration = try Migration.open(folder: folder, plan: plan, context)
        // What is asked for now takes the place of what was asked for first.
        if let time = request.doubleRun { try migration.change(doubleRun: Int64(seconds(time))) }
        if let samples = request.samples { try migration.change(samples: samples) }
        if let patience = request.patience { try migration.change(patience: Int64(seconds(patience))) }
        return migration
    }

    private func isPrepared() -> Bool { (try? workspace.repository(from, as: .maintain)) != nil }

    /// One process at a time. Throws `.refused` while another is at it.
    private func alone<T>(_ body: () throws -> T) throws -> T {
        let parent = workspace.state.folder + "/migrations"
        try Files.makeFolder(parent)
        do {
            let file = try File.openOrCreate(RawName(parent + "/lock"), O_RDWR)
            guard clinux_lock(file.descriptor) == 0 else { throw Failure(.refused, .migrationBusy, object: workspace.tenant.name) }
            return try withExtendedLifetime(file, body)
        } catch let error as SystemError { throw error.failure(.failed, "lock", object: parent) }
    }
}
