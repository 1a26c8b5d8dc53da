import Base
import Keys
import Repository
import Sites

/// A root page that keeps others alive.
struct SnapshotRoot {
    let snapshot: ShortID
    let domain: ShortID
    let page: Digest
    /// Of the slot by which it is visible; nil for one that only a signed manifest vouches for.
    let commit: CommitKey?
}

/// What coordination objects and manifests of a site say, listed in this order: slots, then manifests.
struct SnapshotList {
    /// Every slot's name, whatever is in it.
    let slots: Set<CommitKey>
    let commits: [Commit]
    let forgotten: ForgottenSnapshots
    let roots: [SnapshotRoot]
    /// Commits whose manifest cannot be read: what they need is not known. By domain; nil where that is not known either.
    let unread: [(domain: ShortID?, failure: Failure)]
}

extension SiteRepository {
    /// Everything that keeps packs alive: commits that count, and every manifest that was signed by who ever had the right, unless it is
    /// forgotten or every session that could have made it visible was ended without. A vandal of coordination objects can only keep too much.
    ///
    /// Throws `.unreachable`, `.refused` for an older copy of the site.
    func snapshotList(_ coordination: Coordination, keys: KeyRing) throws -> SnapshotList {
        let slots = Set(try site.keys("commits/").compactMap { CommitKey(key: $0) })
        let commits = try commits(coordination)
        let forgotten = try forgottenSnapshots()
        var (roots, unread): ([SnapshotRoot], [(domain: ShortID?, failure: Failure)]) = ([], [])
        var named: Set<String> = []
        for commit in commits {
            let name = Manifest.key(commit.key.snapshot, commit.manifest)
            do {
                let manifest = try manifest(commit)
                let page = try manifest.outline(keys).root
                roots.append(SnapshotRoot(snapshot: manifest.snapshot, domain: manifest.domain, page: page, commit: commit.key))
                named.insert(name)
            } catch let failure as Failure where failure.kind == .unreachable {
                throw failure
            } catch let failure as Failure where failure.kind == .refused || failure.kind == .wrongPlace {
                note(void: failure, name)
            } catch let failure as Failure { unread.append((commit.domain, failure.of("\(self.name):\(name)"))) }
        }
        let bySnapshot = Dictionary(grouping: slots, by: \.snapshot)
        for key in try site.keys("snapshots/") where !named.contains(key) && forgotten.time(ofManifest: key) == nil {
            guard let snapshot = ShortID(hex: key.dropFirst(10).prefix(32)) else { continue }
            do {
                if let root = try root(key, keys: keys, slots: bySnapshot[snapshot] ?? [], coordination) { roots.append(root) }
            } catch let failure as Failure where failure.kind == .unreachable {
                throw failure
            } catch let failure as Failure where failure.kind == .missing {
                continue  // Removed by another collector since it was listed.
            } catch let failure as Failure { note(void: failure, key) }
        }
        return SnapshotList(slots: slots, commits: commits, forgotten: forgotten, roots: roots, unread: unread)
    }

    /// The root of a manifest that no commit names; nil when every slot of its snapshot was filled without it.
    private func root(_ key: String, keys: KeyRing, slots: [CommitKey], _ coordination: Coordination) throws -> SnapshotRoot? {
        let (manifest, digest) = try signedManifest(key, ever: true)
        // What was seen as committed once was, whatever its slot holds now.
        if state?.manifest(digest) == nil, !slots.isEmpty, try slots.allSatisfy({ try isEnded($0, by: manifest.signer, coordination) }) { return nil }
        return SnapshotRoot(snapshot: manifest.snapshot, domain: manifest.domain, page: try manifest.outline(keys).root, commit: nil)
    }

    /// Whether the slot holds a fence, or the abandon of the node itself. One that a decision has named was a commit.
    private func isEnded(_ key: CommitKey, by node: KeyID, _ coordination: Coordination) throws -> Bool {
        if let decision = coordination.decision, key.session.generation < decision.generation, coordination.isNamed(key) { return false }
        do {
            let statement = try statement(key.key, .slot)
            let slot = try SlotRecord(body: statement.body)
            guard slot.key == key, slot.site == id else { return false }
            switch slot.outcome {
            case .commit: return !coordination.isNamed(key)
            case .fence:
                try trust.verify(statement, roles: [.maintain], at: slot.created.seconds)
                return true
            case .abandon:
                try trust.verify(statement, roles: [.write, .maintain], at: slot.created.seconds)
                return statement.signer == node
            }
        } catch let failure as Failure where failure.kind != .unreachable { return false }
    }

    /// Sessions whose slot is free; `record` is nil for one that nobody with a right has signed.
    func openSessions(slots: Set<CommitKey>) throws -> [(id: SessionID, record: SessionRecord?)] {
        var open: [(SessionID, SessionRecord?)] = []
        let bySession = Dictionary(grouping: slots, by: \.session)
        let ids = try site.keys("sessions/").compactMap { SessionID($0.dropFirst(9)) }
        let records = Threads.map("session", ids, atOnce: site.smallParallelism) { try self.sessionRecord(SessionRecord.key($0), $0) }
        for (id, record) in zip(ids, records) {
            let (key, filled) = (SessionRecord.key(id), bySession[id] ?? [])
            do {
                // A slot of the session's own name, and not one that somebody else made up.
                let record = try record.get()
                if filled.contains(CommitKey(snapshot: record.snapshot, session: id)) { continue }
                open.append((id, record))
            } catch let failure as Failure where failure.kind == .missing { continue } catch let failure as Failure where failure.kind != .unreachable
            {
                note(void: failure, key)
                if filled.isEmpty { open.append((id, nil)) }
            }
        }
        return open
    }

    /// Sessions that maintenance signed for compaction. A node can put segments of its own under their names: who signed has to be looked at.
    func compactionSessions() throws -> Set<SessionID> {
        let ids = try site.keys("sessions/").compactMap { SessionID($0.dropFirst(9)) }
        let records = Threads.map("session", ids, atOnce: site.smallParallelism) { try self.sessionRecord(SessionRecord.key($0), $0) }
        return Set(records.compactMap { try? $0.get() }.filter { $0.purpose == .compact }.map(\.session))
    }

    private func sessionRecord(_ key: String, _ id: SessionID) throws -> SessionRecord {
        let statement = try statement(key, .session)
        let record = try SessionRecord(body: statement.body)
        guard record.session == id, record.site == self.id else { throw Failure(.refused, .badSignature) }
        if record.purpose == .backup {
            try trust.verify(statement, roles: [.write], domain: record.domain, at: record.created.seconds)
        } else {
            try trust.verify(statement, roles: [.maintain], at: record.created.seconds)
        }
        return record
    }

    /// The valid decision of that number.
    func decided(_ generation: UInt32) throws -> DecidedRecord? {
        let key = DecidedRecord.key(generation)
        do {
            let statement = try statement(key, .decided)
            let record = try DecidedRecord(body: statement.body)
            try trust.verify(statement, roles: [.maintain], at: record.created.seconds)
            guard record.generation == generation, record.site == id else { throw Failure(.refused, .badSignature) }
            return record
        } catch let failure as Failure where failure.kind == .missing { return nil } catch let failure as Failure where failure.kind != .unreachable {
            note(void: failure, key)
            return nil
        }
    }

    /// Numbers of the decisions that are there, valid or not, in order.
    func decidedNumbers() throws -> [UInt32] { try site.keys("decided/").compactMap { generationNumber($0.dropFirst(8)) }.sorted() }

    /// All packs that a decision licenses to delete.
    func doomed(_ record: DecidedRecord) throws -> [PackKey] { record.doomed.packs + (try lists(record.more)) }
}
