import Base
import Codec
import Keys
import Sites

/// What a finished session leaves in an index segment about one pack.
package struct StoredPack: Sendable {
    package let key: PackKey
    /// The node that sealed it.
    package let writer: KeyID
    package let rows: [PackRow]

    package init(key: PackKey, writer: KeyID, rows: [PackRow]) {
        self.key = key
        self.writer = writer
        self.rows = rows
    }
}

/// A writer's session at one site, from its registration to its slot: the writer's steps of
/// docs/FORMAT.md, "Writing" (1 to 4 in `begin`, 7 in `store`, 8 and 9 in `commit`).
///
/// It deletes nothing. It ends when its slot is filled: by its commit, by its `abandon`, or by
/// collection's fence. Everything but `commit` may be called from several threads. After `.unreachable`
/// any call may be repeated; after `.fenced` the session is over and what it found present is no longer
/// known to be there (step 10).
package final class WriterSession: Sendable {
    package let repository: SiteRepository
    package let id: SessionID
    /// The only slot that this session may fill.
    package let slot: CommitKey
    package let domain: ShortID
    /// As read after the session was registered: what this session may reuse.
    package let coordination: Coordination
    private let signer: SigningKey
    /// Tells this session's own commit, stored by an attempt that seemed to fail, from somebody else's.
    private let nonce = ShortID.random()
    private let segments = Monitor<UInt32>(0)

    /// A generation moves at most once in a collection: whoever loses so many races in a row should wait.
    private static let registrations = 8
    /// Names that others may squat before a pack is given up.
    private static let attempts: UInt8 = 8

    /// Registers a writer. Durable on return: collection waits for its slot, or fences it.
    ///
    /// Throws `.refused` when `signer` has no right to write here (whatever it wrote would be void),
    /// or when the site is being left (docs/MIGRATION.md), `.format` when the tenant uses a newer format, `.fenced` when
    /// collection kept moving.
    package static func begin(
        repository: SiteRepository, snapshot: ShortID, purpose: SessionRecord.Purpose, domain: ShortID, signer: SigningKey
    ) throws -> WriterSession {
        guard repository.trust.mayWrite else { throw Failure(.format, .unsupportedFeature, object: repository.name) }
        let role: Descriptor.Role = purpose == .backup ? .write : .maintain
        guard repository.trust.actor(signer.id, role, domain: role == .write ? domain : nil, at: Timestamp.now().seconds) != nil else {
            throw Failure(.refused, .signerWithoutRight, object: repository.name)
        }
        var seen = try repository.coordination().generation  // step 1
        for _ in 0..<registrations {
            let record = SessionRecord(
                session: SessionID(generation: seen, random: .random()), site: repository.id, snapshot: snapshot, purpose: purpose, domain: domain,
                created: .now())
            let bytes = try Statement.sign(.session, tenant: repository.tenant, body: record.body, by: signer)
            try repository.site.createOrConfirm(SessionRecord.key(record.session), bytes)  // step 2
            let coordination = try repository.coordination()  // steps 3 and 4
            let session = WriterSession(repository, record, coordination, signer)
            // After the registration: whoever leaves the site says so first, and looks for sessions then.
            do { try repository.checkNotLeft() } catch {
                session.abandon()
                throw error
            }
            if coordination.generation == seen || !CollectionRule.listAgain.holds { return session }
            session.abandon()
            seen = coordination.generation
        }
        throw Failure(.fenced, .sessionFenced, object: repository.name)
    }

    private init(_ repository: SiteRepository, _ record: SessionRecord, _ coordination: Coordination, _ signer: SigningKey) {
        self.repository = repository
        id = record.session
        slot = CommitKey(snapshot: record.snapshot, session: record.session)
        domain = record.domain
        self.coordination = coordination
        self.signer = signer
    }

    // MARK: packs and segments (step 7)

    /// Stores a pack of this run.
    package func store(pack: FinishedPack) throws -> PackKey { try store(pack: pack.digest, pack.buffer.bytes) }

    /// Stores a pack whose SHA-256 the caller knows to be `digest`. Durable on return.
    ///
    /// "Exists already" can only be one's own earlier attempt, or a squatter: the bytes there are hashed,
    /// and a name held by others is noted as void and left; the pack goes under the next suffix.
    package func store(pack digest: Digest, _ bytes: UnsafeRawBufferPointer) throws -> PackKey {
        for attempt in 0..<Self.attempts {
            let suffix = CollectionRule.packSuffix.holds ? id : SessionID(generation: 0, random: domain)
            let key = PackKey(digest: digest, session: suffix, attempt: attempt)
            do {
                try repository.site.create(key.key, bytes, hash: digest)
                return key
            } catch let failure as Failure where failure.kind == .exists {
                if try holds(key, digest, size: bytes.count) { return key }
                repository.note(void: Failure(.damaged, .wrongHash), key.key)
            }
        }
        throw Failure(.exists, .objectExists, object: "\(repository.name):\(PackKey(digest: digest, session: id).key)")
    }

    /// Whether the object there is the pack. Bytes that cannot be read whole are not.
    private func holds(_ key: PackKey, _ digest: Digest, size: Int) throws -> Bool {
        do {
            guard try repository.site.size(key.key) == size else { return false }
            return try repository.hash(key, size: size) == digest
        } catch let failure as Failure where failure.kind == .damaged || failure.kind == .missing { return false }
    }

    /// Signs and stores the next segment of this session, for packs that are durable at the site. `key` is
    /// a fresh block under the domain's catalogue key. Durable on return, except after a throw, when the
    /// number is used up: what the segment lists may or may not count.
    package func store(segment packs: [StoredPack], key: BlockKey) throws -> (SegmentKey, IndexSegment) {
        let number = segments.look { number in
            defer { number += 1 }
            return number
        }
        let rows = packs.enumerated().flatMap { index, pack in
            pack.rows.map { IndexRow(id: $0.id, pack: UInt32(index), offset: $0.offset, length: $0.length) }
        }
        let segment = IndexSegment(domain: domain, packs: packs.map { IndexedPack(key: $0.key, writer: $0.writer) }, rows: rows)
        let name = SegmentKey(session: id, number: number)
        let body = segment.body(name, site: repository.id, tenant: repository.tenant, key: key)
        try repository.site.createOrConfirm(name.key, try Statement.sign(.segment, tenant: repository.tenant, body: body, by: signer))
        return (name, segment)
    }

    // MARK: the slot (steps 8 and 9)

    /// Makes the snapshot visible: stores its manifest, then fills the slot. Only this step commits.
    ///
    /// Throws `.fenced` when collection ended the session first, or decided without it; `.exists` when
    /// other bytes hold the manifest's name. After `.unreachable` it is not known whether it is committed:
    /// call again.
    package func commit(manifest bytes: [UInt8], snapshot: ShortID) throws {
        precondition(snapshot == slot.snapshot)
        try storeManifest(bytes)
        // Whoever leaves the site fences sessions that look dead; one that looked ended must not commit either.
        try repository.checkNotLeft()
        let record = SlotRecord(key: slot, site: repository.id, outcome: .commit, manifest: sha256(bytes), nonce: nonce)
        do {
            try repository.site.create(slot.key, sign(record))
        } catch let failure as Failure where failure.kind == .exists {
            guard try isOwnCommit(record) else { throw fenced }
        }
        // A decision that did not see the commit makes it void for everybody.
        guard try repository.coordination().counts(slot) else { throw fenced }
    }

    private func storeManifest(_ bytes: [UInt8]) throws {
        let key = Manifest.key(slot.snapshot, sha256(bytes))
        do { try repository.site.create(key, bytes) } catch let failure as Failure where failure.kind == .exists {
            let object = "\(repository.name):\(key)"
            let limit = Statement.Kind.manifest.bodyLimit + Statement.overhead
            let there: [UInt8]?
            do { there = try repository.site.read(key, limit: limit) } catch let failure as Failure where failure.kind == .damaged { there = nil }
            guard there == bytes else { throw Failure(.exists, .manifestNameTaken, object: object, remedy: .removeWrongManifest) }
        }
    }

    /// Whether the slot holds what this session wrote. Whatever else is there, rubbish included, keeps this
    /// session from ever committing.
    private func isOwnCommit(_ record: SlotRecord) throws -> Bool {
        do {
            let statement = try repository.statement(slot.key, .slot)
            guard statement.signer == signer.id else { return false }
            try statement.verify(signer.verifying)
            let found = try SlotRecord(body: statement.body)
            return found.key == slot && found.site == repository.id && found.outcome == .commit && found.nonce == nonce
                && found.manifest == record.manifest
        } catch let failure as Failure where failure.kind != .unreachable {
            repository.note(void: failure, slot.key)
            return false
        }
    }

    /// Gives the session up. It need not succeed: a session without an end is fenced by collection.
    package func abandon() {
        try? repository.site.create(slot.key, sign(SlotRecord(key: slot, site: repository.id, outcome: .abandon, nonce: nonce)))
    }

    private func sign(_ record: SlotRecord) throws -> [UInt8] {
        try Statement.sign(.slot, tenant: repository.tenant, body: record.body, by: signer)
    }

    private var fenced: Failure { Failure(.fenced, .sessionFenced, object: repository.name) }
}

extension SiteRepository {
    /// SHA-256 of a stored pack, read through a buffer of 1 MiB. Throws `.damaged` when it is shorter than
    /// `size`.
    package func hash(_ pack: PackKey, size: Int) throws -> Digest {
        let buffer = Buffer(capacity: min(max(size, 1), 1 << 20))
        let hasher = SHA256Hasher()
        var done = 0
        while done < size {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer.space[..<min(buffer.capacity, size - done)])
            try site.read(pack.key, at: done, into: part)
            hasher.update(UnsafeRawBufferPointer(part))
            done += part.count
        }
        return hasher.finish()
    }
}
