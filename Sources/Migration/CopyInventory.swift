import Base
import Codec
import Keys
import Repository
import Sites

/// Reads at one site everything that must be the same at another, and hashes what is there (docs/MIGRATION.md, "Leaves").
///
/// Packs and whatever else was read in this migration are not read again while their key and size stand; small objects are. It asks
/// nothing of another site, and needs no key.
package struct CopyInventory: Sendable {
    /// Folders of what is a site's own, or is told by its commits.
    static let ownFolders: Set<Substring> = ["sessions", "commits", "condemned", "decided", "lists", "index", "probe", "migrations"]

    let site: OpenSite
    let log: ReadingLog
    /// Sealed segments of the journal that were erased at either site: they belong to no copy any more.
    let erased: Set<String>
    let isCancelled: @Sendable () -> Bool
    /// Packs that are read again, whatever the log has.
    var suspects: Set<PackKey> = []
    /// Told of bytes of packs that were read.
    var progress: @Sendable (Int) -> Void = { _ in }

    /// `site`: opened for this inventory, so that its commits are those of now.
    package init(_ site: OpenSite, log: ReadingLog, erased: Set<String> = [], isCancelled: @escaping @Sendable () -> Bool = { false }) {
        self.site = site
        self.log = log
        self.erased = erased
        self.isCancelled = isCancelled
    }

    private struct PackCopy: Sendable {
        let key: PackKey
        let size: Int
    }

    private struct Reading: Sendable {
        var leaf: Leaf?
        var counts = true
        var problems: [Failure] = []
        var damaged: [PackKey] = []
    }

    /// Throws `.unreachable` when the site does not answer, `.interrupted`; what was read by then is in the log.
    package func read() throws -> SiteLeaves {
        // Commits were listed when the site was opened; packs after them, sessions and slots last: each pack of a commit is listed, and
        // a session without a slot is at work.
        var (packs, others, unnamed): ([Digest: [PackCopy]], [ObjectInfo], [Failure]) = ([:], [], [])
        var (sealed, manifests): ([ObjectInfo], [ObjectInfo]) = ([], [])
        try site.site.list("") { object in
            let folder = object.key.prefix { $0 != "/" }
            if folder == "packs" {
                guard let key = PackKey(key: object.key) else {
                    unnamed.append(Failure(.damaged, .malformedRecord("name"), object: "\(site.name):\(object.key)"))
                    return
                }
                packs[key.digest, default: []].append(PackCopy(key: key, size: object.size))
            } else if let name = SealedName(object.key) {
                if !erased.contains(name.segment) { sealed.append(object) }
            } else if folder == "snapshots" {
                manifests.append(object)
            } else if object.key != SiteMarker.key, folder != "descriptor", !Self.ownFolders.contains(folder) {
                others.append(object)
            }
        }
        let records = try site.repository.sessionsAtWork()
        let sessions = records.map(\.session)
        let atWork = Set(sessions)
        var readings: [Reading] = []
        for batch in packs.sorted(by: { $0.key < $1.key }).batches(of: 256) {
            if isCancelled() { throw Failure(.interrupted, .interrupted) }
            readings += try Threads.map("inventory", batch, atOnce: site.site.parallelism) { digest, copies in
                try self.pack(digest, copies, atWork: atWork)
            }.map { try $0.get() }
            Steps.mark("inventory batch")
        }
        readings += try small(commits(), manifest)
        readings += try small(uncommitted(manifests, writing: Set(records.map(\.snapshot))), uncommittedManifest)
        readings += descriptors()
        let rest = try small(others, other)
        readings += rest
        readings += try segments(sealed, beside: rest)
        try log.sync()
        return SiteLeaves(
            site: site.name, found: readings.compactMap { reading in reading.leaf.map { .init($0, counts: reading.counts) } },
            problems: unnamed + readings.flatMap(\.problems), damaged: readings.flatMap(\.damaged), sessions: sessions,
            snapshots: Set(site.commits.map(\.key.snapshot)))
    }

    private func small<T: Sendable>(_ objects: [T], _ body: @escaping @Sendable (T) throws -> Reading) throws -> [Reading] {
        if isCancelled() { throw Failure(.interrupted, .interrupted) }
        return try Threads.map("inventory", objects, atOnce: site.site.smallParallelism, body).map { try $0.get() }
    }

    // MARK: packs

    /// The pack from the first of its copies that is what its name says; from the first of all where none is.
    private func pack(_ digest: Digest, _ copies: [PackCopy], atWork: Set<SessionID>) throws -> Reading {
        var reading = Reading()
        reading.counts = copies.contains { !atWork.contains($0.key.session) }
        // Copies of sessions that ended come first: only they belong to the site for sure.
        for copy in copies.sorted(by: {
            (atWork.contains($0.key.session) ? 1 : 0, $0.key.key) < (atWork.contains($1.key.session) ? 1 : 0, $1.key.key)
        }) {
            if isCancelled() { throw Failure(.interrupted, .interrupted) }
            let object = "\(site.name):\(copy.key.key)"
            guard let (size, content) = try content(copy) else { continue }
            if reading.leaf == nil || content == digest { reading.leaf = Leaf(name: Leaf.pack(digest), size: UInt64(size), content: content) }
            if content == digest { break }
            reading.problems.append(Failure(.damaged, .wrongHash, object: object))
            reading.damaged.append(copy.key)
        }
        if let leaf = reading.leaf, leaf.isWrong { reading.counts = false }
        return reading
    }

    /// Size and SHA-256 of the object there; zero where the store cannot give it whole, nil where it is gone.
    private func content(_ copy: PackCopy) throws -> (size: Int, content: Digest)? {
        let (key, digest) = (copy.key.key, copy.key.digest)
        if !suspects.contains(copy.key), let known = log.content(key, size: copy.size) { return (copy.size, known) }
        var first: (size: Int, content: Digest)?
        do {
            var isOlder = false
            let read = try site.site.tryingVersions(of: key, turning: { isOlder = true }) {
                let size = isOlder ? try site.site.size(key) : copy.size
                guard size <= PackLimits.packBytes else { throw Failure(.damaged, .objectTooLarge(size)) }
                let hash = try site.repository.hash(copy.key, size: size)
                first = first ?? (size, hash)
                // Wrong bytes once are the way's fault.
                guard try hash == digest || site.repository.hash(copy.key, size: size) == digest else { throw Failure(.damaged, .wrongHash) }
                return (size: size, content: digest)
            }
            // An older version has another size than the listing tells: it is read again next time.
            if read.size == copy.size { try log.add(key, size: read.size, read.content) }
            Steps.mark("inventory read")
            progress(read.size)
            return read
        } catch let failure as Failure where failure.kind == .damaged {
            // Not noted in the log: it may be healed under the same name.
            return first ?? (0, .zero)
        } catch let failure as Failure where failure.kind == .missing { return nil }
    }

    // MARK: snapshots and descriptors

    private struct Committed: Hashable, Sendable {
        let snapshot: ShortID
        let manifest: Digest
    }

    private func commits() -> [Committed] { Array(Set(site.commits.map { Committed(snapshot: $0.key.snapshot, manifest: $0.manifest) })) }

    /// The manifest that a commit names.
    private func manifest(_ commit: Committed) throws -> Reading {
        let key = Manifest.key(commit.snapshot, commit.manifest)
        return try object(ObjectInfo(key: key, size: 0), limit: Statement.Kind.manifest.bodyLimit + Statement.overhead) { bytes in
            guard sha256(bytes) == commit.manifest else { throw Failure(.damaged, .wrongHash) }
            return true
        }
    }

    /// Manifests that no commit names, and whose writer is not at work: what coordinates may have been taken away, and a signed manifest is all that
    /// makes its snapshot visible again.
    private func uncommitted(_ manifests: [ObjectInfo], writing: Set<ShortID>) throws -> [ObjectInfo] {
        let (named, forgotten) = (Set(commits().map { Manifest.key($0.snapshot, $0.manifest) }), try site.repository.forgottenSnapshots())
        return manifests.filter { object in
            if named.contains(object.key) || forgotten.time(ofManifest: object.key) != nil { return false }
            return !(ShortID(hex: object.key.dropFirst(10).prefix(32)).map { writing.contains($0) } ?? false)
        }
    }

    private func uncommittedManifest(_ info: ObjectInfo) throws -> Reading {
        // Collected since it was listed: it is no part of the copy.
        do { _ = try site.site.size(info.key) } catch let failure as Failure where failure.kind == .missing { return Reading() }
        return try object(info, limit: Statement.Kind.manifest.bodyLimit + Statement.overhead) { _ in
            let (manifest, digest) = try site.repository.signedManifest(info.key, ever: true)
            return try !site.repository.isGivenUp(manifest, digest)
        }
    }

    /// That snapshots are committed, and the chain.
    private func descriptors() -> [Reading] {
        let commits = commits().map { Reading(leaf: Leaf(name: Leaf.commit($0.snapshot, $0.manifest), size: 0, content: $0.manifest)) }
        return commits
            + site.repository.trust.stored.enumerated().map { number, bytes in
                Reading(leaf: Leaf(name: Descriptor.key(UInt32(number), bytes), size: UInt64(bytes.count), content: sha256(bytes)))
            }
    }

    /// Sealings whose stub is there, by their bytes: whether one can be opened the restore key alone tells, so that another one under its name is none.
    private func segments(_ sealed: [ObjectInfo], beside rest: [Reading]) throws -> [Reading] {
        let stubs = Set(rest.compactMap { $0.leaf?.name })
        let wanted = sealed.filter { info in SealedName(info.key).map { stubs.contains(SealedName.stub($0.segment)) } ?? false }
        let readings = try small(wanted) { info -> Reading in
            var reading = try self.object(info, limit: RecordCheck.limit(info.key)) { _ in true }
            if let leaf = reading.leaf, !leaf.isUnread, let segment = SealedName(info.key)?.segment {
                reading.leaf = Leaf(name: "\(segment).\(leaf.content.hex)", size: leaf.size, content: leaf.content)
            }
            return reading
        }
        var seen: Set<String> = []
        return readings.filter { reading in reading.leaf.map { seen.insert($0.name).inserted } ?? true }
    }

    // MARK: records, key wraps, and whatever else there is

    private func other(_ info: ObjectInfo) throws -> Reading {
        let trust = site.repository.trust
        return try object(info, limit: RecordCheck.limit(info.key)) { try RecordCheck.belongs($0, info.key, trust) }
    }

    /// Reads an object twice where it is damaged, and older versions; what stands there in the end is its leaf.
    private func object(_ info: ObjectInfo, limit: Int, _ belongs: ([UInt8]) throws -> Bool) throws -> Reading {
        var reading = Reading()
        func leaf(_ bytes: [UInt8]) -> Leaf { Leaf(name: info.key, size: UInt64(bytes.count), content: sha256(bytes)) }
        do {
            let (found, counts) = try site.site.readTwice(info.key, limit: limit) { bytes in
                reading.leaf = reading.leaf ?? leaf(bytes)
                return (leaf(bytes), try belongs(bytes))
            }
            (reading.leaf, reading.counts) = (found, counts)
        } catch let failure as Failure where failure.kind == .missing && !info.key.hasPrefix("snapshots/") {
            return Reading()
        } catch let failure as Failure where ![.unreachable, .interrupted].contains(failure.kind) {
            reading.problems.append(failure.of("\(site.name):\(info.key)"))
            reading.counts = false
            reading.leaf = reading.leaf ?? Leaf(name: info.key, size: UInt64(info.size), content: .zero)
        }
        return reading
    }
}

extension SiteRepository {
    /// Sessions that are validly registered and whose own slot is free: one that somebody else filled under their name ends nothing.
    func sessionsAtWork() throws -> [SessionRecord] {
        let registered = try site.keys("sessions/").compactMap { SessionID($0.dropFirst("sessions/".utf8.count)) }
        let slots = Set(try site.keys("commits/").compactMap { CommitKey(key: $0) })
        // Retention takes the slot of what it forgets away.
        let forgotten = try forgottenSnapshots()
        return try Threads.map("session", registered, atOnce: site.smallParallelism) { try self.openSession($0) }.compactMap { try $0.get() }
            .filter { !slots.contains(CommitKey(snapshot: $0.snapshot, session: $0.session)) && !forgotten.names($0.snapshot) }
    }

    /// Whether every slot of the snapshot was filled without it: by a fence, or by its own node, which gave it up. Where there is no slot, somebody may have
    /// taken it away.
    func isGivenUp(_ manifest: Manifest, _ digest: Digest) throws -> Bool {
        // What was seen as committed once was, whatever its slot holds now.
        if state?.manifest(digest) != nil { return false }
        let slots = try site.keys("commits/").compactMap { CommitKey(key: $0) }.filter { $0.snapshot == manifest.snapshot }
        return try !slots.isEmpty
            && slots.allSatisfy { key in
                do {
                    let statement = try statement(key.key, .slot)
                    let slot = try SlotRecord(body: statement.body)
                    guard slot.key == key, slot.site == id, slot.outcome != .commit else { return false }
                    let isFence = slot.outcome == .fence
                    try trust.verify(statement, roles: isFence ? [.maintain] : [.write, .maintain], at: slot.created.seconds)
                    return isFence || statement.signer == manifest.signer
                } catch let failure as Failure where failure.kind != .unreachable { return false }
            }
    }

    /// A session's record, if it is there and validly signed.
    private func openSession(_ session: SessionID) throws -> SessionRecord? {
        do {
            let statement = try statement(SessionRecord.key(session), .session)
            let record = try SessionRecord(body: statement.body)
            guard record.session == session, record.site == id else { return nil }
            let isBackup = record.purpose == .backup
            try trust.verify(
                statement, roles: [isBackup ? .write : .maintain], domain: isBackup ? record.domain : nil, at: record.created.seconds)
            return record
        } catch let failure as Failure where [.missing, .damaged, .refused, .wrongPlace].contains(failure.kind) { return nil }
    }
}

extension Array {
    func batches(of count: Int) -> [[Element]] {
        stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min($0 + count, self.count)]) }
    }
}
