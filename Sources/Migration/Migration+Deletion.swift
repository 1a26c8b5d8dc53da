import Base
import Keys
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

    /// Deletes at the site that is left what it holds of this tenant; lists what is locked. Goes on where an earlier run ended.
    func delete(_ context: MigrationContext) throws -> MigrationOutcome {
        if state.deletionBegan == nil {
            let (from, comparison) = try compare(context)
            guard comparison.agrees, from.sessions.isEmpty, comparison.fromRoot.hex == state.proof?.root else { return try proveAgain() }
        }
        let to = try context.open(context.to, expected: state.to)
        let trust = to.repository.trust
        let isMarked = try checkMarker(context, trust)
        let objects = try list(context.from)
        if !isMarked, !objects.isEmpty { throw Failure(.wrongPlace, .migrationMarkerGone, object: state.fromName) }
        if state.deletionBegan == nil {
            (state.held, state.heldBytes) = (UInt64(objects.count), objects.reduce(0) { $0 + UInt64($1.size) })
            state.deletionBegan = context.now().seconds
            try save()
        }
        let plain = objects.filter { !DeletionOrder.isLasting($0.key) }
        try keepWhatCame(plain, to, context)
        var remnants = try remove(plain, context)
        if remnants.isEmpty {
            let last = objects.filter { DeletionOrder.isLasting($0.key) }
            let records = last.filter { $0.key != SiteMarker.key }
            for folder in DeletionOrder.lasting where remnants.isEmpty {
                remnants += try remove(records.filter { $0.key.hasPrefix(folder + "/") }, context)
            }
            if remnants.isEmpty {
                state.isMarkerLast = true
                try save()
                remnants += try remove(last.filter { $0.key == SiteMarker.key }, context)
            }
        }
        return try finish(remnants, remaining: list(context.from), context)
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

    /// Copies records that came to the site after the proof: they are stored without a session.
    private func keepWhatCame(_ objects: [ObjectInfo], _ to: OpenSite, _ context: MigrationContext) throws {
        let isShared: (String) -> Bool = { key in
            let folder = key.prefix { $0 != "/" }
            return !CopyInventory.ownFolders.contains(folder) && folder != "packs" && folder != "snapshots"
        }
        for object in objects where isShared(object.key) {
            if context.isCancelled() { throw Failure(.interrupted, .interrupted) }
            let bytes: [UInt8]
            do {
                bytes = try context.from.read(object.key, limit: RecordCheck.limit(object.key))
                guard try RecordCheck.belongs(bytes, object.key, to.repository.trust) else { continue }
            } catch let failure as Failure where [.missing, .damaged, .refused, .wrongPlace, .format].contains(failure.kind) {
                // Nobody obeys it; it was no part of the copy.
                continue
            }
            try to.site.createOrConfirm(object.key, bytes)
        }
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
            remnants += try Threads.map("delete", batch, atOnce: site.smallParallelism) { try Self.remove($0, site, now) }.compactMap { try $0.get() }
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
        try save()
        try record(.partlyDeleted, atBoth: false, context)
        return .remnants(state.remnants)
    }
}
