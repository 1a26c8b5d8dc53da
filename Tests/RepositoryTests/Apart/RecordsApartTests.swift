import Base
import Codec
import Keys
import Sites
import TestSupport
import Testing

@testable import Repository

/// Signed records of one tenant, copied into another's folder or made out to its name, are void there, each is told, and none is obeyed.
@Suite struct RecordsApartTests {
    static let seeds = 1...4 as ClosedRange<UInt64>
    static let kinds = (1...13).map { Statement.Kind(rawValue: $0)! }

    @Test(arguments: kinds, 1...3 as ClosedRange<UInt64>)
    func `a statement of every kind counts for the tenant that it was signed for, and for no other`(_ kind: Statement.Kind, _ seed: UInt64) throws {
        var pair = try Pair(seed)
        let (a, b) = (pair.a, pair.b)
        let body = pair.random.bytes(1 + pair.random.below(500))
        let trust = try Trust(fingerprint: b.fingerprint, chain: [b.chain])
        let roles = Descriptor.Role.allCases
        for key in [a.authority, a.node, a.neighbour, a.maintain, a.verify] {
            // As it was stored for a.
            let bytes = try a.sign(kind, body, by: key)
            #expect(try failureKind { _ = try Statement(bytes, kind, tenant: b.id) } == .wrongPlace)
            // Signed by a's role for b.
            let forged = try Statement(b.sign(kind, body, by: key), kind, tenant: b.id)
            for domain in [a.domain.domain, b.domain.domain] {
                #expect(try failureKind { try trust.verify(forged, roles: roles, domain: domain, at: 1_700_000_000) } == .refused)
            }
            // Stored for a and renamed, the hash made anew: not even a's own key vouches for it.
            var text = Array(bytes.dropLast(32))
            text.replaceSubrange(16..<32, with: b.id.bytes)
            let renamed = try Statement(text + sha256(text).bytes, kind, tenant: b.id)
            #expect(try failureKind { try renamed.verify(key.verifying) } == .refused)
        }
        let own = try Statement(b.sign(kind, body, by: b.maintain), kind, tenant: b.id)
        #expect(try trust.verify(own, roles: roles, at: 1_700_000_000).role == .maintain)
    }

    @Test func `there are no other kinds of statements`() {
        #expect((0...255).compactMap { Statement.Kind(rawValue: $0) } == Self.kinds)
    }

    /// A record of each kind that stands below a site's folders, by its key, as `keys` would sign it at `site` for the tenant and the domain of `name`.
    private func records(of keys: TestTenant, at site: ShortID, for name: TestTenant, _ random: inout SeededGenerator) throws -> [String: [UInt8]] {
        let (domain, now) = (name.domain.domain, Timestamp.now())
        let secrets = DomainKeys(domain: domain, secret: keys.domain.secret)
        let session = SessionID(generation: 1, random: random.id())
        let run = try RunKey(tenant: name.id, domain: secrets, epoch: keys.descriptor.currentEpoch!)
        let catalogue = BlockKey.catalogue(secrets.catalogue, tenant: name.id)
        let snapshot = random.id()
        var outline = RandomRecords.outline(&random)
        outline.source = secrets.sourceID("dpi")
        let manifest = try name.sign(
            .manifest, Manifest(snapshot: snapshot, descriptor: 0, outline: outline, labels: RandomRecords.labels(&random), run: run).body,
            by: keys.node)
        let slot = CommitKey(snapshot: snapshot, session: session)
        let pack = PackKey(digest: random.digest(), session: session)
        let segment = SegmentKey(session: session, number: 0)
        let index = IndexSegment(
            domain: domain, packs: [IndexedPack(key: pack, writer: keys.node.id)],
            rows: [IndexRow(id: random.digest(), pack: 0, offset: 100, length: 100)])
        let hold = Hold(id: random.id(), isPlaced: true, created: now, until: nil, person: "ada", reason: "r", snapshots: [snapshot])
        let held = HoldRecord(hold, domain: secrets.catalogue, tenant: name.id)
        var sheet = RandomRecords.sheet(&random)
        sheet.finished = now
        let tested = SheetRecord(sheet, domain: secrets.catalogue, tenant: name.id)
        let move = MigrationRecord(
            migration: random.id(), number: 1, act: .leaving, from: site, to: random.id(), fromName: "x", toName: "y", begun: now, created: now)
        let forget = ForgetRecord(
            number: 1, previous: .zero, created: now, dropped: [.init(snapshot: snapshot, manifest: sha256(manifest), reason: 1)])
        func signed(_ kind: Statement.Kind, _ body: [UInt8], _ key: SigningKey) throws -> [UInt8] { try name.sign(kind, body, by: key) }
        return [
            SessionRecord.key(session): try signed(
                .session,
                SessionRecord(session: session, site: site, snapshot: snapshot, purpose: .backup, domain: domain, created: now).body, keys.node),
            Manifest.key(snapshot, sha256(manifest)): manifest,
            slot.key: try signed(.slot, SlotRecord(key: slot, site: site, outcome: .commit, manifest: sha256(manifest)).body, keys.node),
            segment.key: try signed(.segment, index.body(segment, site: site, created: now, tenant: name.id, key: catalogue), keys.node),
            CondemnedRecord.key(1): try signed(
                .condemned, CondemnedRecord(generation: 1, site: site, created: now, packs: [pack], marked: []).body, keys.maintain),
            DecidedRecord.key(1): try signed(
                .decided,
                DecidedRecord(generation: 1, site: site, created: now, names: true, doomed: [pack], commits: [slot], segments: [segment]).body,
                keys.maintain),
            AttestedRecord.key(1): try signed(.attested, AttestedRecord(number: 1, created: now, packs: [pack.digest]).body, keys.verify),
            ForgetRecord.key(1): try signed(.forget, forget.body, keys.maintain),
            held.key: try signed(.hold, held.body, keys.maintain),
            tested.key: try signed(.sheet, tested.body, keys.verify),
            move.key: try signed(.migration, move.body, keys.maintain),
        ]
    }

    /// What a tenant's own keys find at its site.
    private struct Found: Equatable {
        var generation: UInt32 = 0
        var isDecided = false
        var commits = 0
        var forgotten = 0
        var attested = 0
        var holds = 0
        var unreadHolds = 0
        var sheets = 0
        var migrations = 0
        var isLeft = false
        var segments = 0
        var manifests = 0
        var void: Set<String> = []
    }

    private func look(_ tenant: TestTenant, _ site: MemorySite) throws -> Found {
        let repository = try tenant.open(site)
        var found = Found()
        // The forget record of these samples drops the one commit: without it, commits are counted before it is looked at.
        let coordination = try repository.coordination()
        (found.generation, found.isDecided) = (coordination.generation, coordination.decision != nil)
        found.forgotten = try repository.forgetChain().count
        found.commits = try repository.commits(coordination).count
        found.attested = try repository.attestedPacks().count
        let holds = try repository.holds(tenant.restoreKeys)
        (found.holds, found.unreadHolds) = (holds.found.count, holds.unread.count)
        found.sheets = try repository.sheets(tenant.restoreKeys).count
        found.migrations = try repository.migrations().count
        found.isLeft = try failureKind { try repository.checkNotLeft() } == .refused
        for key in try site.keys("index/").compactMap({ SegmentKey(key: $0) }) {
            do {
                if try repository.segment(key, keys: tenant.restoreKeys, domain: tenant.domain.domain) != nil { found.segments += 1 }
            } catch let failure as Failure { repository.note(void: failure, key.key) }
        }
        for key in try site.keys("snapshots/") {
            do {
                _ = try repository.signedManifest(key, ever: true)
                found.manifests += 1
            } catch let failure as Failure { repository.note(void: failure, key) }
        }
        found.void = Set(repository.voidObjects.compactMap { $0.object.map { String($0.dropFirst(site.name.count + 1)) } })
        return found
    }

    @Test(arguments: seeds)
    func `what another tenant signed is void in one's own folder, whatever site and tenant it is made out to`(_ seed: UInt64) throws {
        var pair = try Pair(seed)
        let (a, b) = (pair.a, pair.b)
        // Copied as it was; made out to b's site; and by a's keys to b's site, name and domain.
        for (at, name) in [(a.sites[0], a), (b.sites[0], a), (b.sites[0], b)] {
            let site = try b.memorySite()
            let records = try records(of: a, at: at, for: name, &pair.random)
            for (key, bytes) in records { try site.create(key, bytes) }
            let found = try look(b, site)
            // A session is nobody's word: `Coordination` counts what its slot and its segments say.
            let told = Set(records.keys.filter { !$0.hasPrefix("sessions/") })
            #expect(found == Found(unreadHolds: 1, void: told), "seed \(seed)")
            let session = try #require(records.keys.first { $0.hasPrefix("sessions/") })
            let repository = try b.open(site)
            if name.id == a.id {
                #expect(try failureKind { _ = try repository.statement(session, .session) } == .wrongPlace)
            } else {
                let statement = try repository.statement(session, .session)
                #expect(try failureKind { try repository.trust.verify(statement, roles: [.write], at: 1_700_000_000) } == .refused)
            }
        }
    }

    @Test(arguments: seeds)
    func `the same records by one's own keys count`(_ seed: UInt64) throws {
        var pair = try Pair(seed)
        let b = pair.b
        let site = try b.memorySite()
        for (key, bytes) in try records(of: b, at: b.sites[0], for: b, &pair.random) { try site.create(key, bytes) }
        var all = Found(
            generation: 1, isDecided: true, commits: 0, forgotten: 1, attested: 1, holds: 1, sheets: 1, migrations: 1, isLeft: true, segments: 1,
            manifests: 1)
        #expect(try look(b, site) == all)
        try site.delete(ForgetRecord.key(1))
        (all.forgotten, all.commits) = (0, 1)
        #expect(try look(b, site) == all)
    }

    @Test(arguments: seeds)
    func `outlines, labels, sheets, holds and segments open with their own tenant's keys alone`(_ seed: UInt64) throws {
        var pair = try Pair(seed)
        let a = pair.a
        let outline = RandomRecords.outline(&pair.random)
        let manifest = try Manifest(
            snapshot: pair.random.id(), descriptor: 0, outline: outline, labels: RandomRecords.labels(&pair.random), run: a.runKey())
        let sheet = SheetRecord(RandomRecords.sheet(&pair.random), domain: a.domain.catalogue, tenant: a.id)
        let hold = HoldRecord(
            Hold(isPlaced: true, created: .now(), until: nil, person: "ada", reason: "r", snapshots: []), domain: a.domain.catalogue, tenant: a.id)
        let segment = IndexSegment(domain: a.domain.domain, packs: [], rows: []).body(
            pair.random.segmentKey(), site: a.sites[0], tenant: a.id, key: .catalogue(a.domain.catalogue, tenant: a.id))
        func refusals(_ keys: KeyRing) throws -> [Failure.Kind?] {
            [
                try failureKind { _ = try manifest.outline(keys) }, try failureKind { _ = try sheet.open(keys) },
                try failureKind { _ = try hold.open(keys) },
                try failureKind { _ = try IndexSegment(body: segment, tenant: keys.tenant, keys: keys) },
                try failureKind { _ = try manifest.labels(keys) },
            ]
        }
        #expect(try refusals(a.restoreKeys) == [nil, nil, nil, nil, nil])
        for ring in pair.wrongRings {
            #expect(try refusals(ring.keys) == (ring.hasCatalogue ? [nil, nil, nil, nil, .key] : [.key, .key, .key, .key, .key]), "\(ring.what)")
        }
    }

    @Test(arguments: seeds)
    func `a site, a chain and a remembered manifest of another tenant are refused`(_ seed: UInt64) throws {
        var pair = try Pair(seed)
        let (a, b) = (pair.a, pair.b)
        #expect(try failureKind { _ = try b.open(a.memorySite()) } == .wrongPlace)
        // The other's marker over the own one; the other's chain alone, and beside the own one.
        let marked = try b.memorySite()
        try marked.delete(SiteMarker.key)
        try marked.create(SiteMarker.key, a.memorySite().read(SiteMarker.key, limit: 1 << 17))
        #expect(try failureKind { _ = try b.open(marked) } == .wrongPlace)
        let beside = try b.memorySite()
        try beside.create(Descriptor.key(0, a.chain), a.chain)
        #expect(try b.open(beside).trust.tenant == b.id)
        try beside.delete(Descriptor.key(0, b.chain))
        #expect(try failureKind { _ = try b.open(beside) } == .wrongPlace)
        // In the folder where this machine remembers b's manifests.
        let folder = try FastFolder()
        let state = try TenantState(folder: folder.path)
        let site = try b.memorySite()
        let records = try records(of: a, at: b.sites[0], for: a, &pair.random)
        let (key, bytes) = try #require(records.first { $0.key.hasPrefix("snapshots/") })
        try state.keepManifest(bytes, sha256(bytes))
        let snapshot = try #require(ShortID(hex: key.dropFirst("snapshots/".count).prefix(32)))
        let commit = Commit(
            key: CommitKey(snapshot: snapshot, session: SessionID(generation: 0, random: snapshot)), manifest: sha256(bytes), created: .now(),
            domain: nil)
        #expect(try failureKind { _ = try b.open(site, state: state).manifest(commit) } == .wrongPlace)
        try site.create(key, bytes)
        #expect(try failureKind { _ = try b.open(site).manifest(commit) } == .wrongPlace)
    }
}
