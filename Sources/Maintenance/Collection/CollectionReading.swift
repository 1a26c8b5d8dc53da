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
    let forgotten: Set<ShortID>
    let roots: [SnapshotRoot]
    /// Manifests of snapshots that are forgotten: names.
    let forgottenManifests: [String]
    /// Snapshots of which a manifest is there whose session ended without a commit: their fences keep it from counting.
    let ended: Set<ShortID>
    /// Commits whose manifest cannot be read: what they need is not known.
    let unread: [Failure]
}

extension SiteRepository {
    /// Everything that keeps packs alive: commits that count, and every manifest that was signed by who ever had the right, unless it is
    /// forgotten or its session ended without a commit. A vandal of coordination objects can only keep too much.
    ///
    /// Throws `.key` without the domains' catalogue keys, `.unreachable`, `.refused` for an older copy of the site.
    func snapshotList(_ coordination: Coordination, keys: KeyRing) throws -> SnapshotList {
        let slots = Set(try site.keys("commits/").compactMap { CommitKey(key: $0) })
        let commits = try commits(coordination)
        let forgotten = try forgottenSnapshots()
        var (roots, unread): ([SnapshotRoot], [Failure]) = ([], [])
        var (forgottenManifests, ended): ([String], Set<ShortID>) = ([], [])
        var named: Set<String> = []
        for commit in commits {
            let name = Manifest.key(commit.key.snapshot, commit.manifest)
            do {
                let manifest = try manifest(commit)
                let page = try manifest.outline(keys).root
                roots.append(SnapshotRoot(snapshot: manifest.snapshot, domain: manifest.domain, page: page, commit: commit.key))
                named.insert(name)
            } catch let failure as Failure where failure.kind == .damaged || failure.kind == .missing || failure.kind == .format {
                unread.append(failure.of("\(self.name):\(name)"))
                named.insert(name)
            } catch let failure as Failure where failure.kind == .refused { note(void: failure, name) }
        }
        let bySnapshot = Dictionary(grouping: slots, by: \.snapshot)
        for key in try site.keys("snapshots/") where !named.contains(key) {
            guard let snapshot = ShortID(hex: key.dropFirst(10).prefix(32)) else { continue }
            do {
                if forgotten.contains(snapshot) {
                    forgottenManifests.append(key)
                } else if let root = try root(key, keys: keys, slots: bySnapshot[snapshot] ?? []) {
                    roots.append(root)
                } else {
                    ended.insert(snapshot)
                }
            } catch let failure as Failure where failure.kind == .missing {
                continue  // Removed by another collector since it was listed.
            } catch let failure as Failure where failure.kind == .refused || failure.kind == .damaged || failure.kind == .wrongPlace {
                note(void: failure, key)
            }
        }
        return SnapshotList(slots: slots, commits: commits, forgotten: forgotten, roots: roots, forgottenManifests: forgottenManifests, ended: ended, unread: unread)
    }

    /// The root of a manifest that no commit names; nil when a session of its own was ended without it.
    private func root(_ key: String, keys: KeyRing, slots: [CommitKey]) throws -> SnapshotRoot? {
        let bytes = try site.readTwice(key, limit: Statement.Kind.manifest.bodyLimit + Statement.overhead) { bytes in
            try Statement.checkSum(bytes)
            return bytes
        }
        let statement = try Statement(bytes, .manifest, tenant: tenant)
        let manifest = try Manifest(body: statement.body)
        guard let signer = statement.signer, let actor = trust.everActor(signer, .write, domain: manifest.domain) else {
            throw Failure(.refused, .badSignature)
        }
        try statement.verify(actor.key)
        for slot in slots where try isEnded(slot, by: signer) { return nil }
        return SnapshotRoot(snapshot: manifest.snapshot, domain: manifest.domain, page: try manifest.outline(keys).root, commit: nil)
    }

    /// Whether the slot holds a fence, or the abandon of the node itself.
    private func isEnded(_ key: CommitKey, by node: KeyID) throws -> Bool {
        do {
            let statement = try statement(key.key, .slot)
            let slot = try SlotRecord(body: statement.body)
            guard slot.key == key, slot.site == id else { return false }
            switch slot.outcome {
            case .commit: return false
            case .fence:
                try trust.verify(statement, roles: [.maintain], at: slot.created.seconds)
                return true
            case .abandon:
                try trust.verify(statement, roles: [.write, .maintain], at: slot.created.seconds)
                return statement.signer == node
            }
        } catch let failure as Failure where failure.kind != .unreachable { return false }
    }

    /// Sessions whose slot is free, by what their names say; `record` is nil for one that nobody with a right has signed.
    func openSessions(slots: Set<CommitKey>) throws -> [(id: SessionID, record: SessionRecord?)] {
        let ended = Set(slots.map(\.session))
        var open: [(SessionID, SessionRecord?)] = []
        for key in try site.keys("sessions/") {
            guard let id = SessionID(key.dropFirst(9)), !ended.contains(id) else { continue }
            do { open.append((id, try sessionRecord(key, id))) } catch let failure as Failure where failure.kind == .missing { continue } catch let failure
                as Failure where failure.kind != .unreachable
            {
                note(void: failure, key)
                open.append((id, nil))
            }
        }
        return open
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
        } catch let failure as Failure where failure.kind == .missing { return nil } catch let failure as Failure
            where failure.kind == .refused || failure.kind == .wrongPlace || failure.kind == .damaged
        {
            note(void: failure, key)
            return nil
        }
    }

    /// Numbers of the decisions that are there, valid or not, in order.
    func decidedNumbers() throws -> [UInt32] { try site.keys("decided/").compactMap { generationNumber($0.dropFirst(8)) }.sorted() }

    /// All packs that a decision licenses to delete.
    func doomed(_ record: DecidedRecord) throws -> [PackKey] { record.doomed.packs + (try lists(record.more)) }
}
