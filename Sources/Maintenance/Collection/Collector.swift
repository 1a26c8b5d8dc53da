import Base
import Codec
import Keys
import Repository
import Sites

/// Removes from a site the packs that no snapshot needs, while others write there, without trusting clocks: the collector's steps of
/// docs/FORMAT.md, "Collection". Needs the maintain role and the domains' catalogue keys; opens no content.
///
/// Any number may run, and each may die or sleep anywhere: what counts is what stands at the site, and each step may be repeated.
package final class Collector {
    let repository: SiteRepository
    let keys: KeyRing
    let signer: SigningKey
    let options: CollectionOptions
    let surveyor: Surveyor
    /// Snapshots under a legal hold: where the store holds their packs itself, these stay where they are.
    let held: Set<ShortID>
    let folder: String
    var report: CollectionReport
    /// The generation that this collector has opened itself.
    private var own: UInt32 = 0
    /// Doomed packs that could not be deleted yet.
    var pending: Set<PackKey> = []

    /// Rounds in which somebody else's decision may come between before this one leaves it to them.
    private static let rounds = 4

    /// `folder`: for local caches. `damaged`: packs at the site that verification has found so, and that are no copies any more.
    /// `held`: snapshots under a legal hold.
    package init(
        _ repository: SiteRepository, keys: KeyRing, signer: SigningKey, folder: String, damaged: Set<PackKey> = [],
        held: Set<ShortID> = [], options: CollectionOptions = CollectionOptions()
    ) {
        self.repository = repository
        self.keys = keys
        self.signer = signer
        self.options = options
        self.held = held
        self.folder = folder
        surveyor = Surveyor(repository, keys: keys, folder: folder, damaged: damaged)
        report = CollectionReport(site: repository.name)
    }

    var site: any Site { repository.site }

    /// Goes as far as quarantine and patience let it.
    ///
    /// Throws `.refused` where `signer` may not maintain here, `.format` for a newer format, `.key` without the catalogue key of a domain,
    /// `.unreachable`.
    package func run() throws -> CollectionReport {
        report = CollectionReport(site: repository.name)
        try checkRight()
        for round in 1...Self.rounds {
            let coordination = try repository.coordination()
            var isDone = false
            do { isDone = try step(coordination) } catch let failure as Failure where failure.kind == .missing || failure.kind == .fenced {
                // Another collector has taken away what was looked at.
                guard try hasMoved(coordination) else { throw failure }
                if round == Self.rounds { report.state = .waiting }
                continue
            }
            if report.state == .blocked, round < Self.rounds, try hasMoved(coordination) { continue }
            if isDone { break }
            if round == Self.rounds { report.state = .waiting }
        }
        // What another collector removed while this one looked is not void.
        var seen: Set<String> = []
        report.void = repository.voidObjects.filter { $0.kind != .missing && seen.insert($0.text(.english)).inserted }
        return report
    }

    /// One look and what follows from it. True when there is nothing more to do now.
    private func step(_ coordination: Coordination) throws -> Bool {
        report.blocked = []
        try sweepAll(coordination)  // step 8 of what is decided: locks may have ended since
        let isOpen = try coordination.open.map { try !isSquatted($0.generation) } ?? false
        if !isOpen || !CollectionRule.oneOpen.holds && coordination.open?.generation != own { return try !condemn(coordination) || options.isDry }
        report.state = .nothing
        if try decide(coordination) {
            if !options.isDry { try sweepAll(try repository.coordination()) }
            return true
        }
        // Without one of these somebody else has decided.
        return [.waiting, .condemned, .blocked].contains(report.state) || options.isDry
    }

    /// Whether a record came since.
    private func hasMoved(_ coordination: Coordination) throws -> Bool {
        let now = try repository.coordination()
        return now.generation != coordination.generation || now.decision?.generation != coordination.decision?.generation
            || (now.open == nil) != (coordination.open == nil)
    }

    func checkRight() throws {
        guard repository.trust.mayCollect else { throw Failure(.format, .unsupportedFeature, object: repository.name) }
        guard repository.trust.actor(signer.id, .maintain, at: Timestamp.now().seconds) != nil else {
            throw Failure(.refused, .signerWithoutRight, object: repository.name)
        }
    }

    /// Gives the open generation up: what was condemned exists again. Throws `.refused` when it is decided, or nothing is condemned.
    package func undo() throws -> CollectionReport {
        try checkRight()
        let coordination = try repository.coordination()
        guard let open = coordination.open else {
            throw Failure(.refused, coordination.generation == 0 ? .nothingToUndo : .undoTooLate, object: repository.name)
        }
        let record = DecidedRecord(
            generation: open.generation, site: repository.id, created: .now(), names: false, doomed: [], commits: [], segments: [])
        guard try create(DecidedRecord.key(open.generation), .decided, record.body) else {
            throw Failure(.refused, .undoTooLate, object: repository.name)
        }
        (report.state, report.generation, report.condemnedPacks) = (.undone, open.generation, open.packs.packs.count)
        return report
    }

    // MARK: steps 2 and 3

    /// Proposes what to delete. False when there is nothing to propose.
    private func condemn(_ coordination: Coordination) throws -> Bool {
        var survey = try surveyor.survey(coordination)
        (report.packs, report.bytes, report.liveBytes) = (survey.packs, survey.bytes, survey.liveBytes)
        if let blocked = block(survey) { return blocked }
        let compaction = Compaction(self, survey)
        let plan = compaction.plan(without: try heldPacks(survey))
        report.compactedPacks = plan.reduce(0) { $0 + $1.packs.count }
        if !plan.isEmpty, !options.isDry {
            try compaction.run(plan)
            let now = try repository.coordination()
            // Somebody else's generation: what was copied here may be void by it.
            guard now.generation == coordination.generation else { return true }
            survey = try surveyor.survey(now)
            if let blocked = block(survey) { return blocked }
        }
        let sources = options.isDry ? Set(plan.flatMap { $0.packs.map(\.key) }) : []
        let condemned = try choose(survey, compacted: sources)
        (report.condemnedPacks, report.condemnedBytes) = (condemned.count, condemned.values.reduce(0) { $0 + UInt64($1) })
        guard let generation = try freeNumber(after: coordination.generation) else { return true }
        guard !condemned.isEmpty || !segmentsToMerge(survey, doomed: []).isEmpty else {
            if report.state != .blocked { report.state = report.deletedPacks > 0 || !report.locked.isEmpty ? .swept : .nothing }
            return false
        }
        (report.state, report.generation) = (.condemned, generation)
        report.until = options.now() + options.quarantine
        if options.isDry {
            if options.quarantine == 0 { (report.doomedPacks, report.doomedBytes) = (report.condemnedPacks, report.condemnedBytes) }
            return true
        }
        let record = try CondemnedRecord(
            generation: generation, site: repository.id, created: .now(), packs: condemned.keys.sorted { $0.key < $1.key }, marked: marked(survey)
        ).storable { try store(list: $0) }
        if try create(CondemnedRecord.key(generation), .condemned, record.body) { own = generation }
        Steps.mark("collection condemned")
        return true
    }

    /// Whether something that is no decision holds the decision's name: then that generation can never be decided, and the next one may come.
    private func isSquatted(_ generation: UInt32) throws -> Bool {
        try site.keys("decided/").contains(DecidedRecord.key(generation)) && repository.decided(generation) == nil
    }

    /// The first number after `generation` whose two names are free: somebody may have put rubbish there. Nil when a valid record has come
    /// meanwhile: then what was looked at no longer stands.
    func freeNumber(after generation: UInt32) throws -> UInt32? {
        let number = try firstFree(after: generation)
        return try repository.coordination().generation == generation ? number : nil
    }

    /// The first number after `generation` that names nothing here, valid or not.
    func firstFree(after generation: UInt32) throws -> UInt32 {
        let taken = Set(try (site.keys("condemned/") + site.keys("decided/")).compactMap { generationNumber($0.drop { $0 != "/" }.dropFirst()) })
        var number = UInt64(generation) + 1
        while number < UInt64(UInt32.max), taken.contains(UInt32(number)) { number += 1 }
        guard number < UInt64(UInt32.max) else { throw Failure(.refused, .malformedRecord("generation"), object: repository.name) }
        return UInt32(number)
    }

    /// Whether nothing at all may be condemned.
    private func block(_ survey: Survey) -> Bool? {
        report.blocked = survey.blocked
        guard !survey.blocked.isEmpty else { return nil }
        report.state = .blocked
        return false
    }

    /// Packs that no snapshot needs, with their sizes. Nothing of a domain of which something is lost, and nothing that a session at work
    /// has written.
    private func choose(_ survey: Survey, compacted: Set<PackKey>) throws -> [PackKey: Int] {
        var chosen: [PackKey: Int] = [:]
        var isWhole = true
        for domain in survey.domains {
            report.blocked += domain.blocked
            guard domain.blocked.isEmpty else {
                isWhole = false
                continue
            }
            for (number, pack) in domain.packs.enumerated() where domain.status[number] == .usable {
                if !domain.needs.isNeeded[number] || compacted.contains(pack.key) { chosen[pack.key] = domain.sizes[number] }
            }
        }
        // What is in no segment may be of any domain.
        if isWhole, !survey.domains.contains(where: \.mayBeUnlisted) { for pack in survey.unlisted { chosen[pack.key] = pack.size } }
        if !isWhole, chosen.isEmpty { report.state = .blocked }
        let young = Timestamp(seconds: options.now() - max(options.patience, 86_400))
        let atWork = Set(
            try repository.openSessions(slots: survey.snapshots.slots).filter {
                $0.record.map { $0.created > young && !survey.snapshots.forgotten.names($0.snapshot) } ?? false
            }.map(\.id))
        let kept = try heldPacks(survey)
        return chosen.filter { !atWork.contains($0.key.session) && !pending.contains($0.key) && !kept.contains($0.key) }
    }

    /// Packs that the store keeps for a hold: they cannot be deleted, and a release finds them by the index.
    func heldPacks(_ survey: Survey) throws -> Set<PackKey> {
        guard site.hasLegalHolds, !held.isEmpty else { return [] }
        var packs: Set<PackKey> = []
        for domain in survey.domains {
            guard let pages = surveyor.pages[domain.domain] else { continue }
            var live = LiveBlobs(domain.live.rows)
            for root in survey.snapshots.roots where root.domain == domain.domain && held.contains(root.snapshot) {
                live.mark(from: root.page, pages)
            }
            domain.live.rows.forEachID { position, group in
                if live.isLive(position) { packs.formUnion(group.map { domain.packs[Int($0.pack)].key }) }
            }
        }
        return packs
    }

    /// Commits of which everything stays.
    private func marked(_ survey: Survey) -> [CommitKey] {
        let blocked = Set(survey.domains.filter { !$0.blocked.isEmpty }.map(\.domain))
        return survey.snapshots.roots.filter { !blocked.contains($0.domain) }.compactMap(\.commit)
    }

    // MARK: steps 4 to 7

    /// Decides the open generation, once quarantine and patience are over. False while they are not, or when somebody else has.
    private func decide(_ coordination: Coordination) throws -> Bool {
        let open = coordination.open!
        report.generation = open.generation
        let condemned = Set(open.packs.packs)
        report.condemnedPacks = condemned.count
        let free = open.created.seconds + options.quarantine
        if options.now() < free {
            (report.state, report.until) = (.condemned, free)
            return false
        }
        if CollectionRule.closedFirst.holds, try !close(before: open) { return false }
        // The second look, after every older session has ended.
        let survey = try surveyor.survey(coordination, asking: condemned)
        if !CollectionRule.closedFirst.holds, try !close(before: open) { return false }
        (report.packs, report.bytes, report.liveBytes) = (survey.packs, survey.bytes, survey.liveBytes)
        report.condemnedBytes = survey.present.values.reduce(0) { $0 + UInt64($1) }
        guard let needed = rescue(survey, condemned) else {
            report.state = .blocked
            return false
        }
        let present = Set(survey.present.keys)
        let doomed = CollectionRule.secondMark.holds ? present.subtracting(needed) : present
        (report.doomedPacks, report.rescuedPacks) = (doomed.count, survey.present.count - doomed.count)
        report.doomedBytes = doomed.reduce(0) { $0 + UInt64(survey.present[$1] ?? 0) }
        if options.isDry {
            report.mergedSegments = segmentsToMerge(survey, doomed: doomed).count
            return true
        }
        let segments = try merge(survey, doomed: doomed, generation: open.generation)
        let record = try DecidedRecord(
            generation: open.generation, site: repository.id, created: .now(), names: true, doomed: doomed.sorted { $0.key < $1.key },
            commits: named(survey), segments: segments
        ).storable { try store(list: $0) }
        let isOurs = try create(DecidedRecord.key(open.generation), .decided, record.body)
        Steps.mark("collection decided")
        if !isOurs, !CollectionRule.decisionAlone.holds { for pack in doomed { try site.delete(pack.key) } }
        if isOurs { return true }
        return try repository.coordination().open == nil
    }

    /// Ends every session that began before the open generation. False while some are waited for.
    func close(before open: CondemnedRecord) throws -> Bool {
        let slots = Set(try site.keys("commits/").compactMap { CommitKey(key: $0) })
        let older = try repository.openSessions(slots: slots).filter { $0.id.generation < open.generation }
        // A session whose snapshot is forgotten had ended: its commit is gone, and a fence takes its place.
        let forgotten = try repository.forgottenSnapshots()
        let awaited = older.filter { $0.record.map { !forgotten.names($0.snapshot) } ?? false }
        let free = open.created.seconds + max(options.patience, options.quarantine)
        if !awaited.isEmpty, options.now() < free {
            report.waitingFor = awaited.map(\.id.text).sorted()
            (report.state, report.until) = (.waiting, free)
            return false
        }
        if options.isDry { return true }
        for case let (_, record?) in older {
            let slot = SlotRecord(key: CommitKey(snapshot: record.snapshot, session: record.session), site: repository.id, outcome: .fence)
            if try create(slot.key.key, .slot, slot.body) { report.fenced += 1 }
            Steps.mark("collection fenced")
        }
        return true
    }

    /// The condemned packs that hold what a snapshot needs and no other pack has. Nil while something is lost: then it has to be repaired
    /// first, or the generation given up.
    private func rescue(_ survey: Survey, _ condemned: Set<PackKey>) -> Set<PackKey>? {
        report.blocked = survey.blocked
        var needed: Set<PackKey> = []
        for domain in survey.domains {
            let rescued = PackNeeds.rescued(domain.live, condemned: domain.packs.map { condemned.contains($0.key) }, domain.choices)
            needed.formUnion(rescued.map { domain.packs[$0].key })
            report.blocked += domain.blocked
        }
        // What no segment lists may hold what a snapshot needs that was never committed.
        if survey.domains.contains(where: \.mayBeUnlisted) { needed.formUnion(survey.unlisted.map(\.key)) }
        return report.blocked.isEmpty ? needed : nil
    }

    /// Commits that count from now on: all that do, those that cannot be read today too.
    func named(_ survey: Survey) -> [CommitKey] {
        let void = repository.voidSlots.map(\.key).filter { !survey.snapshots.forgotten.names($0.snapshot) }
        return Set(survey.snapshots.commits.map(\.key) + void).filter { slot in
            survey.snapshots.slots.contains(slot) && survey.coordination.counts(slot)
        }.sorted { $0.key < $1.key }
    }

    // MARK: records

    /// Creates a signed record; false when another one has the name. An answer that was lost is looked up.
    func create(_ key: String, _ kind: Statement.Kind, _ body: [UInt8]) throws -> Bool {
        let bytes = try Statement.sign(kind, tenant: repository.tenant, body: body, by: signer)
        do {
            try site.create(key, bytes)
            return true
        } catch let failure as Failure where failure.kind == .exists {
            // What was there may be gone by now, as a commit that retention has deleted: it was not this one.
            do { return try site.read(key, limit: kind.bodyLimit + Statement.overhead) == bytes } catch let failure as Failure
                where failure.kind == .missing
            { return false }
        }
    }

    private func store(list packs: [PackKey]) throws -> Digest {
        var w = ByteWriter(capacity: packs.count * 53 + 8)
        PackList(packs).write(to: &w)
        let digest = sha256(w.bytes)
        try site.createOrConfirm(PackList.key(digest), w.bytes)
        return digest
    }
}

/// Packs that a record holds itself; beyond that they go into lists of so many.
private let packsInRecord = 65_536

extension CondemnedRecord {
    /// The same, with packs that are too many for one object in lists that `store` keeps.
    func storable(_ store: ([PackKey]) throws -> Digest) rethrows -> CondemnedRecord {
        let all = packs.packs
        guard all.count > packsInRecord else { return self }
        let lists = try stride(from: packsInRecord, to: all.count, by: packsInRecord).map {
            try store(Array(all[$0..<min($0 + packsInRecord, all.count)]))
        }
        return CondemnedRecord(
            generation: generation, site: site, created: created, packs: Array(all[..<packsInRecord]), marked: marked, more: lists)
    }
}

extension DecidedRecord {
    /// The same, with doomed packs that are too many for one object in lists that `store` keeps.
    func storable(_ store: ([PackKey]) throws -> Digest) rethrows -> DecidedRecord {
        let all = doomed.packs
        guard all.count > packsInRecord else { return self }
        let lists = try stride(from: packsInRecord, to: all.count, by: packsInRecord).map {
            try store(Array(all[$0..<min($0 + packsInRecord, all.count)]))
        }
        return DecidedRecord(
            generation: generation, site: site, created: created, names: names, doomed: Array(all[..<packsInRecord]), commits: commits,
            segments: segments, more: lists)
    }
}
