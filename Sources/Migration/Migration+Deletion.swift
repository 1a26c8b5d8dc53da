import Base
import Keys
import Replication
import Repository
import Sites

/// In which order a site is emptied: what coordinates goes after what it coordinates, and what tells that the site is left, last.
enum DeletionOrder {
    private static let folders: [Substring] = [
        "packs", "index", "snapshots", "sheets", "attested", "probe", "", "holds", "forget", "keys", "lists", "condemned", "decided", "sessions",
        "commits",
    ]
    /// These go only when nothing else is left.
    static let lasting: [Substring] = ["descriptor", "migrations", "site"]

    static func rank(_ key: String) -> Int {
        let folder = key.prefix { $0 != "/" }
        if let last = lasting.firstIndex(of: folder) { return folders.count + last }
        return folders.firstIndex(of: folder) ?? folders.firstIndex(of: "")!
    }

    static func isLasting(_ key: String) -> Bool { rank(key) >= folders.count }
}

extension Migration {
    private static let batch = 256
    /// Seconds for which the site that is moved to counts as read, before the first deletion.
    private static let freshness: Int64 = 7 * 86_400

    /// Deletes at the site that is left what it holds of this tenant; lists what is locked. Goes on where an earlier run ended.
    func delete(_ context: MigrationContext) throws -> MigrationOutcome {
        if state.deletionBegan == nil {
            try readAnewThere(context)
            let (from, comparison) = try compare(context)
            guard comparison.agrees, from.sessions.isEmpty, Set(from.snapshots.map(\.hex)) == Set(state.snapshots) else { return try proveAgain() }
            // Records that need no session came meanwhile, and both sites have them: the agreement is over them too.
            if comparison.fromRoot.hex != state.proof?.root { try agreeAgain(from, context) }
        }
        let to = try context.open(context.to, expected: state.to)
        try to.repository.checkNotLeft()
        if state.deletionBegan == nil { try checkAlone(context) }
        let trust = to.repository.trust
        let isMarked = try checkMarker(context, trust)
        let objects = try list(context.from)
        if !isMarked, !objects.isEmpty { throw Failure(.wrongPlace, .migrationMarkerGone, object: state.fromName) }
        if objects.contains(where: { !DeletionOrder.isLasting($0.key) }), try !isOver(to, context) {
            guard state.deletionBegan == nil else { throw Failure(.refused, .migrationWrittenTo, object: state.fromName) }
            // Withdrawn elsewhere, or the record was taken away: it is said again, which fails where it was withdrawn.
            state.isLeaving = false
            return try proveAgain()
        }
        if state.deletionBegan == nil {
            (state.held, state.heldBytes) = (UInt64(objects.count), objects.reduce(0) { $0 + UInt64($1.size) })
            state.deletionBegan = context.now().seconds
            try save()
        } else {
            try checkNewSite(to, context)
            try keepPacks(objects, to, context)
        }
        // What comes while this runs is looked for again, before what says that the site is left goes.
        var (plain, remnants) = (objects.filter { !DeletionOrder.isLasting($0.key) }, [MigrationRecord.Remnant]())
        repeat {
            let kept = try keepWhatCame(plain, to, context)
            remnants = kept.values.sorted { $0.key < $1.key }
            remnants += try remove(plain.filter { kept[$0.key] == nil }, context)
            plain = try list(context.from).filter { !DeletionOrder.isLasting($0.key) }
        } while remnants.isEmpty && !plain.isEmpty
        if remnants.isEmpty { remnants = try removeLast(list(context.from), to, context) }
        return try finish(remnants, remaining: list(context.from), context)
    }

    /// The chain, records of migrations, and the marker last. Descriptors and records that the new site lacks are stored there before.
    private func removeLast(_ objects: [ObjectInfo], _ to: OpenSite, _ context: MigrationContext) throws -> [MigrationRecord.Remnant] {
        // Something came since the last look: it is for the next run.
        guard objects.allSatisfy({ DeletionOrder.isLasting($0.key) }) else { return [] }
        for object in objects where object.key != SiteMarker.key { try keepLasting(object.key, to, context) }
        var remnants: [MigrationRecord.Remnant] = []
        for folder in DeletionOrder.lasting where remnants.isEmpty {
            remnants += try remove(objects.filter { $0.key.hasPrefix(folder + "/") }, context)
        }
        if remnants.isEmpty {
            // What killed writers never finished is no object, and is left behind otherwise.
            do { _ = try context.from.abortUploads(olderThan: 0) } catch let failure as Failure where failure.kind == .refused {
                problems.append(failure)
            }
            state.isMarkerLast = true
            try save()
            remnants += try remove(objects.filter { $0.key == SiteMarker.key }, context)
        }
        return remnants
    }

    private func keepLasting(_ key: String, _ to: OpenSite, _ context: MigrationContext) throws {
        let trust = to.repository.trust
        let bytes: [UInt8]
        do {
            if key.hasPrefix(MigrationRecord.folder) {
                let limit = Statement.Kind.migration.bodyLimit + Statement.overhead
                bytes = try context.from.readTwice(key, limit: limit) { bytes in
                    let statement = try Statement(bytes, .migration, tenant: trust.tenant)
                    let record = try MigrationRecord(body: statement.body)
                    guard record.key == key else { throw Failure(.refused, .badSignature) }
                    try trust.verify(statement, roles: [.maintain], at: record.created.seconds)
                    return bytes
                }
            } else {
                // A chain that has grown at this site alone is the tenant's will all the same.
                let chain = try context.repository(context.from, expected: state.from).trust.stored
                guard let number = chain.indices.first(where: { Descriptor.key(UInt32($0), chain[$0]) == key }) else { return }
                bytes = chain[number]
            }
        } catch let failure as Failure where [.missing, .damaged, .refused, .wrongPlace, .format].contains(failure.kind) {
            // Nobody obeys it.
            return
        }
        try to.site.createOrConfirm(key, bytes)
    }

    /// Between two runs the new site has lived on: what of the proven copy was not forgotten there must be committed there, and the site must be one that stays.
    private func checkNewSite(_ to: OpenSite, _ context: MigrationContext) throws {
        try to.repository.checkNotLeft()
        let (committed, forgotten) = (Set(to.commits.map(\.key.snapshot.hex)), try to.repository.forgottenSnapshots())
        let manifests = Set(try to.site.keys("snapshots/"))
        for commit in to.commits where !manifests.contains(Manifest.key(commit.key.snapshot, commit.manifest)) {
            throw Failure(.damaged, .migrationNewSiteLacks(String(commit.key.snapshot.hex.prefix(8))), object: to.name, remedy: .migrationRepair)
        }
        for hex in state.snapshots where !committed.contains(hex) {
            guard let snapshot = ShortID(hex: hex), !forgotten.names(snapshot) else { continue }
            throw Failure(.damaged, .migrationNewSiteLacks(String(hex.prefix(8))), object: to.name, remedy: .migrationRepair)
        }
    }

    /// Has all of the site that is moved to read for the comparison, once in a while: bytes read when the copy was first proven may be others by now.
    private func readAnewThere(_ context: MigrationContext) throws {
        let now = context.now().seconds
        if let last = state.readAnew, (0...Self.freshness).contains(now - last) { return }
        try log("to", state.to).clear()
        state.readAnew = now
        try save()
    }

    /// Whether nothing can be committed at the old site any more, and nothing was: everybody who asks hears that this migration leaves it, nobody is at
    /// work, and the new one has all that is committed there.
    private func isOver(_ to: OpenSite, _ context: MigrationContext) throws -> Bool {
        let from = try openLeft(context)
        let repository = from.repository
        let last = try repository.migrations().last { $0.migration.hex == state.migration && $0.from == repository.id }
        guard last?.act == .agreed, try repository.sessionsAtWork().isEmpty else { return false }
        let (there, forgotten) = (Set(to.commits.map(\.key.snapshot)), try to.repository.forgottenSnapshots())
        return from.commits.allSatisfy { there.contains($0.key.snapshot) || forgotten.contains($0.key.snapshot, $0.manifest) }
    }

    /// The site that is left. Once deletion has begun there, less is there than this machine remembers.
    private func openLeft(_ context: MigrationContext) throws -> OpenSite {
        guard state.deletionBegan != nil else { return try context.open(context.from, expected: state.from) }
        let repository = try SiteRepository(site: context.from, fingerprint: context.fingerprint, state: nil, expected: ShortID(hex: state.from))
        return try OpenSite(repository, keys: context.keys, scratch: folder + "/left")
    }

    /// Packs that are still here, and that the new site lists, are whole there, read anew: between two runs one may have been lost. It is brought again.
    ///
    /// Throws `.damaged` where that cannot be.
    private func keepPacks(_ objects: [ObjectInfo], _ to: OpenSite, _ context: MigrationContext) throws {
        let here = Set(objects.compactMap { PackKey(key: $0.key)?.digest })
        if here.isEmpty { return }
        let listed = Set(try context.keys.catalogueDomains.flatMap { try to.index($0).packs.map(\.key) }.filter { here.contains($0.digest) })
        let wanted = Set(listed.map(\.digest))
        var copies: [WholeCopy.Copy] = []
        try to.repository.listPacks { key, size in if wanted.contains(key.digest) { copies.append(WholeCopy.Copy(key: key, size: size)) } }
        let wrong = Set(
            try Threads.map("inventory", copies, atOnce: to.site.parallelism) { copy -> PackKey? in
                do {
                    return try to.repository.hash(copy.key, size: copy.size) == copy.key.digest ? nil : copy.key
                } catch let failure as Failure where failure.kind == .damaged || failure.kind == .missing { return copy.key }
            }.compactMap { try $0.get() })
        if !wrong.isEmpty { try context.damaged(to.repository.id, wrong.sorted { $0.key < $1.key }) }
        let whole = Set(copies.map(\.key).filter { !wrong.contains($0) }.map(\.digest))
        let lost = listed.filter { !whole.contains($0.digest) }
        if lost.isEmpty { return }
        let replicator = Replicator(
            sources: [try openLeft(context)], keys: context.keys, signer: context.signer, scratch: context.scratch, inventory: try .passing(),
            options: context.options, isCancelled: context.isCancelled)
        let report = replicator.repair(to, packs: lost.sorted { $0.key < $1.key })
        if let stopped = report.stopped { throw stopped }
        if let pack = report.unrepaired.first { throw Failure(.damaged, .noGoodCopy, object: "\(to.name):\(pack.key)") }
    }

    private func list(_ site: any Site) throws -> [ObjectInfo] {
        var objects: [ObjectInfo] = []
        try site.list("") { objects.append($0) }
        return objects.sorted { (DeletionOrder.rank($0.key), $0.key) < (DeletionOrder.rank($1.key), $1.key) }
    }

    /// Whether the marker is still there. Throws `.wrongPlace` where it is another's, or is missing though it was not deleted yet.
    private func checkMarker(_ context: MigrationContext, _ trust: Trust) throws -> Bool {
        let site = context.from
        do {
            let statement = try site.readTwice(SiteMarker.key, limit: 1 << 17) { try Statement($0, .marker, tenant: trust.tenant) }
            try statement.verify(trust.descriptor.authority)
            guard try SiteMarker(body: statement.body).site.hex == state.from else { throw Failure(.wrongPlace, .markerForeign, object: site.name) }
            return true
        } catch let failure as Failure where failure.kind == .missing {
            guard state.isMarkerLast else {
                throw Failure(.wrongPlace, .markerMissing(site.name), object: site.name, remedy: .mountOrPrepare(site.name))
            }
            return false
        }
    }

    /// Copies records that came to the site after the proof: they are stored without a session. Returns those whose name has other bytes there: a person
    /// has to look.
    private func keepWhatCame(_ objects: [ObjectInfo], _ to: OpenSite, _ context: MigrationContext) throws -> [String: MigrationRecord.Remnant] {
        var kept: [String: MigrationRecord.Remnant] = [:]
        let isShared: (String) -> Bool = { key in
            let folder = key.prefix { $0 != "/" }
            return !CopyInventory.ownFolders.contains(folder) && folder != "packs" && folder != "snapshots"
        }
        let erased = try context.erased(to.repository)
        for object in objects where isShared(object.key) {
            if context.isCancelled() { throw Failure(.interrupted, .interrupted) }
            let name = SealedName(object.key)
            if let name, erased.contains(name.segment) { continue }
            let bytes: [UInt8]
            do {
                bytes = try context.from.read(object.key, limit: RecordCheck.limit(object.key))
                guard try RecordCheck.belongs(bytes, object.key, to.repository.trust) else { continue }
            } catch let failure as Failure where [.missing, .damaged, .refused, .wrongPlace, .format].contains(failure.kind) {
                // Nobody obeys it; it was no part of the copy.
                continue
            }
            do {
                if let name { try name.keep(bytes, at: to.site) } else { try to.site.createOrConfirm(object.key, bytes) }
            } catch let failure as Failure where failure.kind == .exists {
                problems.append(failure.of("\(to.name):\(object.key)"))
                kept[object.key] = .init(key: object.key, size: UInt64(object.size), reason: .refused, until: nil)
            }
        }
        return kept
    }

    /// Deletes objects in their order; returns what is locked or refused.
    private func remove(_ objects: [ObjectInfo], _ context: MigrationContext) throws -> [MigrationRecord.Remnant] {
        var remnants: [MigrationRecord.Remnant] = []
        let site = context.from
        // A folder is gone before the next one is begun: `objects` are in the order of ranks.
        var rest = objects[...]
        while let first = rest.first {
            if context.isCancelled() { throw Failure(.interrupted, .interrupted) }
            let rank = DeletionOrder.rank(first.key)
            let batch = Array(rest.prefix(Self.batch).prefix { DeletionOrder.rank($0.key) == rank })
            rest = rest.dropFirst(batch.count)
            let now = context.now()
            // A session that stays keeps its slot: without it, it would be one at work.
            let sessions = Set(remnants.compactMap { $0.key.hasPrefix("sessions/") ? SessionID($0.key.dropFirst(9)) : nil })
            let free = batch.filter { object in CommitKey(key: object.key).map { !sessions.contains($0.session) } ?? true }
            remnants += try Threads.map("delete", free, atOnce: site.smallParallelism) { try Self.remove($0, site, now) }.compactMap { try $0.get() }
            Steps.mark("migration deleted")
        }
        return remnants
    }

    /// Nil when the object is gone.
    private static func remove(_ object: ObjectInfo, _ site: any Site, _ now: Timestamp) throws -> MigrationRecord.Remnant? {
        func remnant(_ reason: MigrationRecord.Remnant.Reason, _ until: Int64?) -> MigrationRecord.Remnant {
            .init(key: object.key, size: UInt64(object.size), reason: reason, until: until)
        }
        do {
            try site.delete(object.key)
            return nil
        } catch let failure as Failure where failure.kind == .refused {
            if let until = try site.lockEnd(object.key), until > now { return remnant(.lock, until.seconds) }
            return remnant(try site.isHeld(object.key) ? .hold : .refused, nil)
        }
    }

    /// Signs what is left, or that nothing is.
    private func finish(_ remnants: [MigrationRecord.Remnant], remaining: [ObjectInfo], _ context: MigrationContext) throws -> MigrationOutcome {
        // The chain, the records and the marker stay as long as anything else does.
        let refused = Set(remnants.map(\.key))
        let others = remaining.filter { !refused.contains($0.key) }
        state.remnantCount = UInt64(remaining.count)
        state.remnantBytes = remaining.reduce(0) { $0 + UInt64($1.size) }
        state.remnants = remnants.prefix(MigrationRecord.remnantLimit).map { MigrationState.Remnant($0) }
        if remnants.isEmpty, others.isEmpty {
            try record(.deleted, atBoth: false, context)
            state.finished = context.now().seconds
            state.phase = .done
            try save()
            return .done
        }
        let told = [state.remnantCount, state.remnantBytes] + state.remnants.map { UInt64(bitPattern: $0.until ?? 0) }
        // A run that changed nothing adds no record.
        if state.told != told {
            state.told = told
            try save()
            try record(.partlyDeleted, atBoth: false, context)
        } else {
            try save()
        }
        return .remnants(state.remnants)
    }
}
