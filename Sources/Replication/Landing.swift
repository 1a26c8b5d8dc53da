import Base
import Keys
import Repository

/// A failure of the target: it ends the work there, whatever the sources can still give.
struct TargetFailure: Error {
    let failure: Failure
}

/// Runs an act at the target. What may pass to the next snapshot, a fence or a taken name, stays a `Failure`.
func atTarget<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let failure as Failure {
        throw failure.kind == .fenced || failure.kind == .exists || failure.kind == .key ? failure : TargetFailure(failure: failure)
    }
}

/// A replicator's session at its target: packs land here, are listed in segments as it goes on, so that a
/// run that dies loses little, and become visible with the commit. Any thread may store.
final class Landing: Sendable {
    private struct State {
        var waiting: [StoredPack] = []
        /// Blobs of the packs that wait for a segment, and packs that have been listed or wait to be.
        var waitingBlobs: Set<Digest> = []
        var listed: Set<PackKey> = []
        /// Of packs stored, for the inventory.
        var sizes: [(key: PackKey, size: Int)] = []
        var rows = 0
        var lastSegment = monotonicSeconds()
    }

    let session: WriterSession
    let index: SiteIndex
    private let catalogue: CatalogueKey
    private let inventory: Inventory
    private let options: ReplicationOptions
    private let state = Monitor(State())

    init(_ session: WriterSession, index: SiteIndex, catalogue: CatalogueKey, inventory: Inventory, options: ReplicationOptions) {
        self.session = session
        self.index = index
        self.catalogue = catalogue
        self.inventory = inventory
        self.options = options
    }

    /// Whether the blob is in a pack that is present here.
    func has(_ id: Digest) -> Bool {
        index.places(id).first.map { index.isPresent($0.number) } ?? false || state.look { $0.waitingBlobs.contains(id) }
    }

    /// Lists a pack that is there in the next segment; whether that is due.
    func list(_ pack: StoredPack) -> Bool {
        state.look { state in
            guard state.listed.insert(pack.key).inserted else { return false }
            state.waiting.append(pack)
            state.waitingBlobs.formUnion(pack.rows.map(\.id))
            state.rows += pack.rows.count
            return state.waiting.count >= options.packsPerSegment || state.rows >= IndexSegment.rowLimit / 4
                || monotonicSeconds() - state.lastSegment >= options.secondsPerSegment
        }
    }

    /// Stores a pack that was hashed, and now and then the segment that lists what was stored.
    func store(_ pack: Digest, _ bytes: UnsafeRawBufferPointer, rows: [PackRow], writer: KeyID) throws {
        let key = try session.store(pack: pack, bytes)
        Steps.mark("pack copied")
        state.look { $0.sizes.append((key, bytes.count)) }
        if list(StoredPack(key: key, writer: writer, rows: rows)) { try writeSegment() }
    }

    /// A checkpoint: from here on, a later run finds these packs even if this one dies.
    func writeSegment() throws {
        let waiting = state.look { state in
            defer {
                state.waiting = []
                state.waitingBlobs = []
                state.rows = 0
                state.lastSegment = monotonicSeconds()
            }
            return state.waiting
        }
        guard !waiting.isEmpty else { return }
        let key = BlockKey.catalogue(catalogue, tenant: session.repository.tenant)
        let (name, segment) = try session.store(segment: waiting, key: key)
        Steps.mark("segment stored")
        try index.add(segment, named: name.key)
        for pack in waiting { index.markPresent(pack.key) }
        let sizes = state.look { state in
            defer { state.sizes = [] }
            return state.sizes
        }
        try inventory.store.add(sizes, at: session.repository.id)
    }

    /// Ends the session without a snapshot, as far as the site lets it; what was copied stays listed.
    func giveUp() {
        try? writeSegment()
        try? index.save()
        session.abandon()
    }
}

/// What is known of the target while a run goes on.
///
/// Presence is carried over from session to session while the generation stands still and the listing is
/// young: packs that counting segments list are deleted only after a new generation.
final class TargetView {
    let site: OpenSite
    private let signer: SigningKey
    private let keys: KeyRing
    private let options: ReplicationOptions
    private let inventory: Inventory
    private let bad: Set<PackKey>
    private var listed: [ShortID: (generation: UInt32, at: Double)] = [:]
    /// What this run has met and found or brought here.
    var seen = SeenBlobs()

    init(_ site: OpenSite, signer: SigningKey, keys: KeyRing, options: ReplicationOptions, inventory: Inventory, bad: Set<PackKey>) {
        self.site = site
        self.signer = signer
        self.keys = keys
        self.options = options
        self.inventory = inventory
        self.bad = bad
    }

    /// Registers a session and makes its index ready. Nil when the snapshot is visible here by now.
    func begin(_ snapshot: ShortID, _ domain: ShortID, manifest: Digest?) throws -> Landing? {
        guard let catalogue = keys.catalogue(domain) else { throw Failure(.key, .noCatalogueKey) }
        return try atTarget {
            let session = try WriterSession.begin(
                repository: site.repository, snapshot: snapshot, purpose: .replicate, domain: domain, signer: signer)
            Steps.mark("session begun")
            do {
                let commits = try site.repository.commits(session.coordination)
                if let manifest, commits.contains(where: { $0.key.snapshot == snapshot && $0.manifest == manifest }) {
                    session.abandon()
                    return nil
                }
                let index = try site.index(domain)
                try session.level(index, commits: commits, keys: keys)
                try level(session, index)
                return Landing(session, index: index, catalogue: catalogue, inventory: inventory, options: options)
            } catch {
                session.abandon()
                throw error
            }
        }
    }

    private func level(_ session: WriterSession, _ index: SiteIndex) throws {
        let now = monotonicSeconds()
        if let last = listed[session.domain], last.generation == session.id.generation, session.coordination.open == nil,
            now - last.at < options.listingAge
        {
            return
        }
        try inventory.bringLevel(site.repository, session.coordination)
        try inventory.mark(index, at: site.repository)
        for pack in index.packs where session.coordination.isCondemned(pack.key) { index.markAbsent(pack.key) }
        for pack in bad { index.markAbsent(pack) }
        listed[session.domain] = (session.id.generation, now)
        seen = SeenBlobs()
    }

    /// Nothing is known to be present any more (the writer's step 10).
    func forget() {
        listed = [:]
        seen = SeenBlobs()
    }
}
