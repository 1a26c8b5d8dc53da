import Base
import Codec
import Keys
import Sites

/// A snapshot that is visible at a site.
package struct Commit: Sendable {
    package let key: CommitKey
    /// SHA-256 of the manifest object.
    package let manifest: Digest
    package let created: Timestamp
    /// Of the node that filled the slot; nil where maintenance did.
    package let domain: ShortID?
}

/// A tenant's repository at one site, opened: its marker and chain of descriptors are the tenant's.
package final class SiteRepository: Sendable {
    package let site: any Site
    package let id: ShortID
    /// Endpoint and buckets of a network site as its marker has them; empty for a folder.
    package let place: String
    package let trust: Trust
    package let state: TenantState?
    /// Objects found void on the way: reported, never obeyed, never blocking.
    private let found = Monitor<[Failure]>([])

    package var tenant: ShortID { trust.tenant }
    package var name: String { site.name }
    package var voidObjects: [Failure] { found.look { $0 } }

    /// Opens the site. `expected`: the id that this site name had before; another one is refused.
    ///
    /// Throws `.wrongPlace` where the marker is missing or another's, `.refused` for an older copy than
    /// was seen before, `.format` for a newer format, `.unreachable` when the site does not answer.
    package init(site: any Site, fingerprint: Fingerprint, state: TenantState?, expected: ShortID? = nil) throws {
        self.site = site
        self.state = state
        let chain = try Self.readChain(site)
        let statement: Statement
        do {
            statement = try site.readTwice(SiteMarker.key, limit: 1 << 17) { try Statement($0, .marker, tenant: fingerprint.tenant) }
        } catch let failure as Failure where failure.kind == .missing {
            throw Failure(.wrongPlace, .markerMissing(site.name), object: site.name, remedy: .mountOrPrepare(site.name))
        } catch let failure as Failure { throw failure.of(site.name) }
        do {
            trust = try Trust(fingerprint: fingerprint, candidates: chain)
            try statement.verify(trust.descriptor.authority)
            let marker = try SiteMarker(body: statement.body)
            guard trust.descriptor.sites.contains(marker.site), expected == nil || expected == marker.site else {
                throw Failure(.wrongPlace, .markerForeign)
            }
            id = marker.site
            place = marker.endpoint
        } catch let failure as Failure { throw failure.of(site.name) }
        if let state {
            let seen = try state.watermarks(id)
            guard trust.descriptor.number >= seen.descriptor else {
                throw Failure(.refused, .rolledBack(seen.descriptor, trust.descriptor.number), object: site.name)
            }
            var marks = TenantState.Watermarks()
            marks.descriptor = trust.descriptor.number
            remember("descriptor") { try state.remember(marks, site: id) }
        }
    }

    /// Writes what this machine remembers. Where that does not work, as on a full disk, it is told and reading goes on:
    /// what cannot be remembered is looked up again, and an older copy of the site is told apart later, not now.
    func remember(_ what: String, _ write: () throws -> Void) {
        do { try write() } catch { note(void: error as? Failure ?? Failure(.failed, .system("remember", "\(error)")), what) }
    }

    private static func readChain(_ site: any Site) throws -> [Trust.Candidate] {
        try Threads.map("chain", site.keys("descriptor/"), atOnce: site.smallParallelism) { key in
            do {
                let bytes = try site.readTwice(key, limit: Statement.Kind.descriptor.bodyLimit + Statement.overhead) { bytes in
                    try Statement.checkSum(bytes)
                    return bytes
                }
                return Trust.Candidate(name: "\(site.name):\(key)", bytes: bytes)
            } catch let failure as Failure where failure.kind == .damaged || failure.kind == .missing {
                // Rubbish beside the chain must not close the site; a hole in the chain will show.
                return Trust.Candidate(name: "\(site.name):\(key)", bytes: [], failure: failure)
            }
        }.map { try $0.get() }
    }

    /// Reads a statement and checks its bytes, not yet its signer.
    package func statement(_ key: String, _ kind: Statement.Kind) throws -> Statement {
        do {
            return try site.readTwice(key, limit: kind.bodyLimit + Statement.overhead) { try Statement($0, kind, tenant: tenant) }
        } catch let failure as Failure { throw failure.of("\(name):\(key)") }
    }

    /// The same for several, in the order of `keys`.
    private func statements(_ keys: [String], _ kind: Statement.Kind) -> [(key: String, statement: Result<Statement, any Error>)] {
        Array(zip(keys, Threads.map("statement", keys, atOnce: site.smallParallelism) { try self.statement($0, kind) }))
    }

    /// Reads a statement and lets `body` believe it, or not. Where a store keeps versions, older ones are tried when a newer one is not believed:
    /// what was put over an object later must not hide it.
    package func believed<T>(_ key: String, _ kind: Statement.Kind, _ body: (Statement, [UInt8]) throws -> T) throws -> T {
        var first: Failure?
        do {
            return try site.readTwice(key, limit: kind.bodyLimit + Statement.overhead) { bytes in
                do { return try body(try Statement(bytes, kind, tenant: tenant), bytes) } catch let failure as Failure
                    where [.refused, .wrongPlace, .format].contains(failure.kind)
                {
                    first = first ?? failure
                    throw Failure(.damaged, failure.message)
                }
            }
        } catch let failure as Failure where failure.kind == .damaged { throw (first ?? failure).of("\(name):\(key)") } catch let failure as Failure {
            throw failure.of("\(name):\(key)")
        }
    }

    package func note(void failure: Failure, _ key: String) { found.look { $0.append(failure.of("\(name):\(key)")) } }

    // MARK: snapshots

    /// Slots that were passed over as void, so far.
    package var voidSlots: [(key: CommitKey, failure: Failure)] {
        voidObjects.compactMap { failure in
            guard let object = failure.object, object.hasPrefix(name + ":"), let key = CommitKey(key: String(object.dropFirst(name.utf8.count + 1)))
            else { return nil }
            return (key, failure)
        }
    }

    /// A manifest, visible or not, by its object's name: its hash, its signature and its signer's right today are checked; with `ever`, that it had the
    /// right once: for what may only keep data alive.
    package func signedManifest(_ key: String, ever: Bool = false) throws -> (manifest: Manifest, digest: Digest) {
        let bytes = try site.readTwice(key, limit: Statement.Kind.manifest.bodyLimit + Statement.overhead) { bytes in
            try Statement.checkSum(bytes)
            // The name has the half of its hash: other bytes were put over it.
            guard key.hasSuffix("." + sha256(bytes).hex.prefix(32)) else { throw Failure(.damaged, .wrongHash, object: "\(name):\(key)") }
            return bytes
        }
        let statement = try Statement(bytes, .manifest, tenant: tenant)
        var manifest = try Manifest(body: statement.body)
        let digest = sha256(bytes)
        guard Manifest.key(manifest.snapshot, digest) == key else { throw Failure(.refused, .badSignature, object: "\(name):\(key)") }
        if ever {
            guard let signer = statement.signer, let actor = trust.everActor(signer, .write, domain: manifest.domain) else {
                throw Failure(.refused, .badSignature, object: "\(name):\(key)")
            }
            try statement.verify(actor.key)
            manifest.signer = signer
            return (manifest, digest)
        }
        manifest.signer = try trust.verify(statement, roles: [.write], domain: manifest.domain, at: Timestamp.now().seconds).key.id
        return (manifest, digest)
    }

    /// The commits that count, by the rules of `Coordination`, in no particular order.
    package func commits(_ coordination: Coordination) throws -> [Commit] {
        let forgotten = try forgottenSnapshots()
        var keys: [CommitKey] = []
        for key in try site.keys("commits/") {
            guard let parsed = CommitKey(key: key) else {
                note(void: Failure(.damaged, .malformedRecord("name")), key)
                continue
            }
            if coordination.counts(parsed) { keys.append(parsed) }
        }
        var commits: [Commit] = []
        for (parsed, (key, statement)) in zip(keys, statements(keys.map(\.key), .slot)) {
            do {
                let statement = try statement.get()
                let slot = try SlotRecord(body: statement.body)
                guard slot.key == parsed, slot.site == id else { throw Failure(.refused, .badSignature) }
                guard slot.outcome == .commit, !forgotten.contains(parsed.snapshot, slot.manifest) else { continue }
                let actor = try trust.verify(statement, roles: [.write, .maintain], at: slot.created.seconds)
                let domain = actor.role == .write ? actor.domain : nil
                commits.append(Commit(key: parsed, manifest: slot.manifest, created: slot.created, domain: domain))
            } catch let failure as Failure where failure.kind != .unreachable {
                if failure.kind != .missing { note(void: failure, key) }
            }
        }
        return commits
    }

    /// The manifest that `commit` names, verified: hash, signature, the signer's right in its domain.
    package func manifest(_ commit: Commit) throws -> Manifest {
        let key = Manifest.key(commit.key.snapshot, commit.manifest)
        let bytes: [UInt8]
        let isKnown: Bool
        if let kept = state?.manifest(commit.manifest) {
            (bytes, isKnown) = (kept, true)
        } else {
            bytes = try site.readTwice(key, limit: Statement.Kind.manifest.bodyLimit + Statement.overhead) { bytes in
                guard sha256(bytes) == commit.manifest else { throw Failure(.damaged, .wrongHash, object: "\(name):\(key)") }
                return bytes
            }
            isKnown = false
        }
        do {
            let statement = try Statement(bytes, .manifest, tenant: tenant)
            var manifest = try Manifest(body: statement.body)
            guard manifest.snapshot == commit.key.snapshot, let signer = statement.signer else { throw Failure(.refused, .badSignature) }
            manifest.signer = signer
            guard manifest.descriptor <= trust.descriptor.number else {
                throw Failure(.refused, .rolledBack(manifest.descriptor, trust.descriptor.number))
            }
            // The signature is checked once; the signer's right each time, for the authority may have taken it back.
            guard trust.actor(signer, .write, domain: manifest.domain, at: commit.created.seconds) != nil else {
                throw Failure(.refused, .badSignature)
            }
            if !isKnown {
                try trust.verify(statement, roles: [.write], domain: manifest.domain, at: commit.created.seconds)
                // A cache: a full disk here must not keep anybody from restoring.
                if let state { remember("manifest") { try state.keepManifest(bytes, commit.manifest) } }
            }
            return manifest
        } catch let failure as Failure { throw failure.of("\(name):\(key)") }
    }

    /// Snapshots dropped by a signed forget record. Throws `.refused` when records that were seen before
    /// are gone.
    package func forgottenSnapshots() throws -> ForgottenSnapshots { ForgottenSnapshots(try forgetChain().map(\.record)) }

    /// The chain of forget records, as far as it is valid, each with its stored bytes.
    package func forgetChain() throws -> [(record: ForgetRecord, bytes: [UInt8])] {
        let seen = try state.map { try $0.watermarks(id).forget } ?? 0
        let keys = try site.keys("forget/")
        let results = Threads.map("forget", keys, atOnce: site.smallParallelism) { key in
            try self.believed(key, .forget) { statement, bytes in
                let record = try ForgetRecord(body: statement.body)
                guard ForgetRecord.key(record.number) == key else { throw Failure(.refused, .badSignature) }
                try self.trust.verify(statement, roles: [.maintain], at: record.created.seconds)
                return (record: record, bytes: bytes)
            }
        }
        var chain: [(record: ForgetRecord, bytes: [UInt8])] = []
        var previous = Digest.zero
        for (key, result) in zip(keys, results) {
            do {
                let link = try result.get()
                guard link.record.previous == previous else { throw Failure(.refused, .brokenChain, object: "\(name):\(key)") }
                previous = sha256(link.bytes)
                chain.append(link)
            } catch let failure as Failure where failure.kind != .unreachable { note(void: failure, key) }
        }
        let highest = chain.last?.record.number ?? 0
        if let state {
            guard highest >= seen else { throw Failure(.refused, .rolledBack(seen, highest), object: name) }
            var marks = TenantState.Watermarks()
            marks.forget = highest
            remember("forget") { try state.remember(marks, site: id) }
        }
        return chain
    }

    /// Packs that a verify role has opened wholly.
    package func attestedPacks() throws -> Set<Digest> {
        var packs: Set<Digest> = []
        for (key, statement) in statements(try site.keys("attested/"), .attested) {
            do {
                let statement = try statement.get()
                let record = try AttestedRecord(body: statement.body)
                guard AttestedRecord.key(record.number) == key else { throw Failure(.refused, .badSignature) }
                try trust.verify(statement, roles: [.verify], at: record.created.seconds)
                packs.formUnion(record.packs)
            } catch let failure as Failure where failure.kind != .unreachable { note(void: failure, key) }
        }
        return packs
    }

    // MARK: index

    /// Brings `index` level with the site's counting segments of its domain.
    ///
    /// `committed`: given by writers; the sessions with a commit that counts (`Coordination.countsForReuse`).
    package func update(_ index: SiteIndex, coordination: Coordination, keys: KeyRing, committed: Set<SessionID>? = nil) throws {
        var segments: [SegmentKey] = []
        for key in try site.keys("index/") {
            guard let segment = SegmentKey(key: key) else {
                note(void: Failure(.damaged, .malformedRecord("name")), key)
                continue
            }
            let counts = committed.map { coordination.countsForReuse(segment, committed: $0) } ?? coordination.counts(segment)
            if counts { segments.append(segment) }
        }
        let domain = index.domain
        try index.update(segments, atOnce: site.parallelism) { segment in
            do {
                return try self.segment(segment, keys: keys, domain: domain).map { .segment($0) } ?? .foreign
            } catch let failure as Failure
                where failure.kind != .unreachable && (failure.kind != .key || keys.catalogue(domain) != nil)
            {
                // With the domain's key at hand, one that it does not open is rubbish.
                self.note(void: failure, segment.key)
                return .void
            }
        }
    }

    /// A verified segment; nil when it is of another domain.
    package func segment(_ key: SegmentKey, keys: KeyRing, domain: ShortID) throws -> IndexSegment? {
        try believed(key.key, .segment) { statement, _ in
            let clear = try IndexSegment.Clear(ofBody: statement.body)
            guard clear.domain == domain else { return nil }
            guard clear.name == key, clear.site == id else { throw Failure(.refused, .badSignature) }
            let signer = try trust.verify(statement, roles: [.maintain, .write], domain: domain, at: clear.created.seconds)
            let segment = try IndexSegment(body: statement.body, tenant: tenant, keys: keys)
            // A node speaks for itself: packs of its own session, sealed by itself.
            if signer.role == .write {
                guard segment.packs.allSatisfy({ $0.key.session == key.session && $0.writer == signer.key.id }) else {
                    throw Failure(.refused, .badSignature)
                }
            }
            return segment
        }
    }

    /// Whether maintenance has signed the merged segment of that name.
    package func isMaintenances(_ key: SegmentKey) throws -> Bool {
        do {
            return try believed(key.key, .segment) { statement, _ in
                let clear = try IndexSegment.Clear(ofBody: statement.body)
                guard clear.name == key, clear.site == id else { throw Failure(.refused, .badSignature) }
                try trust.verify(statement, roles: [.maintain], at: clear.created.seconds)
                return true
            }
        } catch let failure as Failure where failure.kind != .unreachable { return false }
    }

    /// Every pack listed at the site, with its size.
    package func listPacks(_ body: (PackKey, Int) throws -> Void) throws {
        try site.list("packs/") { object in
            guard let pack = PackKey(key: object.key) else {
                note(void: Failure(.damaged, .malformedRecord("name")), object.key)
                return
            }
            try body(pack, object.size)
        }
    }
}
