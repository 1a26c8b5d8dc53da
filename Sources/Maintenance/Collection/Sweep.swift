import Base
import Codec
import Keys
import Repository
import Sites

/// What this machine remembers of a site's decisions. A cache: without it all decisions are read again.
struct SweepMemory {
    /// Decisions up to this number were taken in.
    var processed: UInt32 = 0
    /// The last two decisions that name what counts.
    var naming: UInt32 = 0
    var previousNaming: UInt32 = 0
    /// Doomed packs that are not deleted yet.
    var pending: [PackKey] = []

    private static let version: UInt32 = 1

    /// Nothing where there is no file, or it is damaged.
    static func load(_ path: String) -> SweepMemory {
        guard let bytes = (try? Files.read(path, limit: 1 << 30)) ?? nil, bytes.count > 32,
            Digest(bytes.suffix(32)) == sha256(Array(bytes.dropLast(32)))
        else { return SweepMemory() }
        let read = try? Array(bytes.dropLast(32)).decode { r -> SweepMemory in
            guard try r.u32() == version else { return SweepMemory() }
            var memory = SweepMemory()
            memory.processed = try r.u32()
            memory.naming = try r.u32()
            memory.previousNaming = try r.u32()
            memory.pending = try (0..<r.count(limit: 1 << 28, "packs")).map { _ in try PackKey(&r) }
            return memory
        }
        return read ?? SweepMemory()
    }

    func save(_ path: String) throws {
        var w = ByteWriter(capacity: 64 + pending.count * 53)
        w.u32(Self.version)
        w.u32(processed)
        w.u32(naming)
        w.u32(previousNaming)
        w.varint(UInt64(pending.count))
        for pack in pending { pack.write(to: &w) }
        w.digest(sha256(w.bytes))
        try Files.replace(path, w.bytes)
    }
}

extension Collector {
    /// Steps 8 and 9: deletes what decisions license and nothing else: superseded segments first, then doomed packs, then what ended
    /// before the decision before the last. Repeatable; what is locked waits.
    func sweepAll(_ coordination: Coordination) throws {
        var memory = SweepMemory.load(memoryPath)
        let before = memory.processed
        if memory.processed > coordination.generation { memory = SweepMemory() }
        for number in try repository.decidedNumbers() where number > memory.processed && number <= coordination.generation {
            guard let record = try repository.decided(number) else { continue }
            memory.pending += try repository.doomed(record)
            memory.processed = number
            if record.names { (memory.previousNaming, memory.naming) = (memory.naming, number) }
        }
        pending = Set(memory.pending)
        if options.isDry {
            report.doomedPacks = memory.pending.count
            return
        }
        // A record that was taken in is not looked at again: it has to be safe here first.
        if memory.processed != before { try memory.save(memoryPath) }
        if coordination.open == nil, memory.naming > 0 { try removeSegments(coordination) }
        let done = memory.pending.count
        memory.pending = try delete(memory.pending)
        if memory.pending.count != done { try memory.save(memoryPath) }
        pending = Set(memory.pending)
        try removeForgotten()
        try removeEnded(coordination, memory)
        if report.deletedPacks + report.removedSegments > 0 || memory.processed != before { report.state = .swept }
    }

    var memoryPath: String { folder + "/decisions-" + repository.id.hex }

    /// Segments that no longer count, and merged ones that nobody named.
    private func removeSegments(_ coordination: Coordination) throws {
        guard let decision = coordination.decision else { return }
        for key in try site.keys("index/") {
            guard let segment = SegmentKey(key: key), !coordination.counts(segment) else { continue }
            // A merged one of a later generation is in the making.
            guard segment.session.generation < decision.generation || segment.isMerged && segment.session.generation == decision.generation else {
                continue
            }
            if try remove(key) { report.removedSegments += 1 }
            Steps.mark("segment removed")
        }
    }

    /// Deletes doomed packs; returns those that are still there.
    private func delete(_ packs: [PackKey]) throws -> [PackKey] {
        let (site, name) = (self.site, repository.name)
        let results = Threads.map("delete", packs, atOnce: max(1, site.smallParallelism)) { pack -> Int? in
            let size: Int
            do { size = try site.size(pack.key) } catch let failure as Failure where failure.kind == .missing { return nil }
            try site.delete(pack.key)
            Steps.mark("pack deleted")
            return size
        }
        var left: [PackKey] = []
        for (pack, result) in zip(packs, results) {
            do {
                guard let size = try result.get() else { continue }
                report.deletedPacks += 1
                report.deletedBytes += UInt64(size)
            } catch let failure as Failure where failure.kind == .unreachable {
                left.append(pack)
                report.problems.append(failure.of("\(name):\(pack.key)"))
            } catch let failure as Failure {
                left.append(pack)
                try noteLocked(pack.key, failure)
            }
        }
        return left
    }

    /// Deletes an object; false where a lock keeps it.
    private func remove(_ key: String) throws -> Bool {
        do {
            try site.delete(key)
            return true
        } catch let failure as Failure where failure.kind == .refused {
            try noteLocked(key, failure)
            return false
        }
    }

    /// Tells what keeps an object: a lock that runs, a hold, or a right that is lacking, which is a failure.
    private func noteLocked(_ key: String, _ failure: Failure) throws {
        if failure.kind == .refused, !report.locked.contains(where: { $0.object == key }) {
            if let until = try site.lockEnd(key)?.seconds, until > options.now() {
                report.locked.append(.init(object: key, until: until))
                return
            }
            if try site.isHeld(key) {
                report.locked.append(.init(object: key, until: nil))
                return
            }
        }
        guard !report.locked.contains(where: { $0.object == key }) else { return }
        report.problems.append(failure.of("\(repository.name):\(key)"))
    }

    /// Slots and manifests of what was forgotten: slots at once, as retention does, manifests when a quarantine has passed.
    private func removeForgotten() throws {
        let forgotten = try repository.forgottenSnapshots()
        guard !forgotten.isEmpty else { return }
        for key in try site.keys("commits/") {
            guard let slot = CommitKey(key: key), forgotten.names(slot.snapshot), let manifest = try repository.committed(slot),
                forgotten.contains(slot.snapshot, manifest)
            else { continue }
            _ = try remove(key)
        }
        for key in try site.keys("snapshots/") {
            guard let time = forgotten.time(ofManifest: key), options.now() - time >= options.quarantine else { continue }
            if try remove(key) { report.removedManifests += 1 }
        }
    }

    /// Sessions, fences and void commits from before the decision before the last one. A fence stays as long as a manifest is there that
    /// it keeps from counting.
    private func removeEnded(_ coordination: Coordination, _ memory: SweepMemory) throws {
        let before = CollectionRule.lateRemoval.holds ? memory.previousNaming : memory.naming
        guard before > 0 else { return }
        let manifests = Set(try site.keys("snapshots/").compactMap { ShortID(hex: $0.dropFirst(10).prefix(32)) })
        let slots = try site.keys("commits/").compactMap { CommitKey(key: $0) }
        let committed = Set(slots.filter { coordination.isNamed($0) }.map(\.snapshot))
        for slot in slots where slot.session.generation < before && !coordination.isNamed(slot) {
            if manifests.contains(slot.snapshot), !committed.contains(slot.snapshot) { continue }
            _ = try remove(slot.key)
        }
        for key in try site.keys("sessions/") {
            guard let session = SessionID(key.dropFirst(9)), session.generation < before else { continue }
            if try remove(key) { report.removedSessions += 1 }
            Steps.mark("session pruned")
        }
    }
}

extension SiteRepository {
    /// The manifest that the slot's commit names, whoever signed it; nil where it is no commit.
    func committed(_ key: CommitKey) throws -> Digest? {
        do {
            let slot = try SlotRecord(body: statement(key.key, .slot).body)
            return slot.outcome == .commit ? slot.manifest : nil
        } catch let failure as Failure where failure.kind != .unreachable { return nil }
    }
}
