import Base
import Codec
import Keys
import Repository
import Sites
import Testing

@Suite struct SessionTests {
    let sample: SampleTenant
    let site: MemorySite

    init() throws {
        sample = try SampleTenant()
        site = try sample.memorySite("one")
    }

    private func begin(_ site: (any Site)? = nil, _ snapshot: ShortID = .random()) throws -> WriterSession {
        try WriterSession.begin(
            repository: sample.repository(site ?? self.site), snapshot: snapshot, purpose: .backup, domain: sample.domain.domain, signer: sample.node)
    }

    private func manifest(_ snapshot: ShortID) throws -> [UInt8] {
        let run = try RunKey(tenant: sample.tenant, domain: sample.domain, epoch: .init(number: 1, key: sample.bundle.epochs[1]!.publicKey))
        let outline = Manifest.Outline(
            source: .zero, node: sample.node.id, started: .now(), finished: .now(), isComplete: true, counts: .init(), root: .zero, counter: 1,
            previous: .zero, heads: [])
        let labels = Manifest.Labels(source: "s", node: "n", paths: [], command: [], excludes: [], program: "p")
        let manifest = try Manifest(snapshot: snapshot, descriptor: 0, outline: outline, labels: labels, run: run)
        return try Statement.sign(.manifest, tenant: sample.tenant, body: manifest.body, by: sample.node)
    }

    private func sign(_ kind: Statement.Kind, _ body: [UInt8]) throws -> [UInt8] {
        try Statement.sign(kind, tenant: sample.tenant, body: body, by: sample.maintain)
    }

    @Test func committingMakesTheSnapshotVisible() throws {
        let snapshot = ShortID.random()
        let session = try begin(nil, snapshot)
        #expect(session.id.generation == 0)
        #expect(try sample.open(site).commits.isEmpty)
        try session.commit(manifest: manifest(snapshot), snapshot: snapshot)
        #expect(try sample.open(site).commits.map(\.key) == [session.slot])
    }

    @Test func aGenerationThatMovesDuringRegistrationStartsItOver() throws {
        let record = try sign(.condemned, CondemnedRecord(generation: 1, site: sample.siteIDs["one"]!, created: .now(), packs: [], marked: []).body)
        let faulty = FaultySite(site)
        faulty.setHook { [site] act, key in
            if act == .create, key.hasPrefix("sessions/0000000000") { try? site.create(CondemnedRecord.key(1), record) }
        }
        let session = try begin(faulty)
        #expect(session.id.generation == 1)
        #expect(session.coordination.open?.generation == 1)
        // The first registration ended itself: collection need not wait for it.
        let slots = try site.keys("commits/")
        #expect(slots.count == 1)
        let slot = try SlotRecord(body: sample.repository(site).statement(slots[0], .slot).body)
        #expect(slot.outcome == .abandon && slot.key.session.generation == 0)
    }

    @Test func registrationGivesUpWhenCollectionKeepsMoving() throws {
        let faulty = FaultySite(site)
        let next = Monitor<UInt32>(0)
        let (maintain, tenant, id) = (sample.maintain, sample.tenant, sample.siteIDs["one"]!)
        faulty.setHook { [site] act, key in
            guard act == .create, key.hasPrefix("sessions/") else { return }
            let number = next.look { number in
                number += 1
                return number
            }
            let body = CondemnedRecord(generation: number, site: id, created: .now(), packs: [], marked: []).body
            try site.create(CondemnedRecord.key(number), Statement.sign(.condemned, tenant: tenant, body: body, by: maintain))
        }
        #expect { _ = try begin(faulty) } throws: { ($0 as? Failure)?.kind == .fenced }
        #expect(try site.keys("commits/").count == site.keys("sessions/").count)
    }

    @Test func aFencedSessionCannotCommit() throws {
        let snapshot = ShortID.random()
        let session = try begin(nil, snapshot)
        try site.create(session.slot.key, sign(.slot, SlotRecord(key: session.slot, site: sample.siteIDs["one"]!, outcome: .fence).body))
        #expect { try session.commit(manifest: manifest(snapshot), snapshot: snapshot) } throws: { ($0 as? Failure)?.kind == .fenced }
        #expect(try sample.open(site).commits.isEmpty)
    }

    @Test func rubbishInTheSlotFencesToo() throws {
        let snapshot = ShortID.random()
        let session = try begin(nil, snapshot)
        try site.create(session.slot.key, [1, 2, 3])
        #expect { try session.commit(manifest: manifest(snapshot), snapshot: snapshot) } throws: { ($0 as? Failure)?.kind == .fenced }
    }

    @Test func aCommitThatSeemedToFailIsRecognised() throws {
        let snapshot = ShortID.random()
        let faulty = FaultySite(site)
        let session = try begin(faulty, snapshot)
        let bytes = try manifest(snapshot)
        // The store has it, the answer was lost.
        faulty.setAfter { _, key in if key.hasPrefix("commits/") { throw Failure(.unreachable, .system("reach", "test")) } }
        #expect { try session.commit(manifest: bytes, snapshot: snapshot) } throws: { ($0 as? Failure)?.kind == .unreachable }
        faulty.setAfter { _, _ in }
        try session.commit(manifest: bytes, snapshot: snapshot)
        // And once more, as a caller would that lost the last answer.
        try session.commit(manifest: bytes, snapshot: snapshot)
        #expect(try sample.open(site).commits.count == 1)
    }

    @Test func anothersCommitInTheSlotIsNotOnesOwn() throws {
        let snapshot = ShortID.random()
        let session = try begin(nil, snapshot)
        let bytes = try manifest(snapshot)
        let record = SlotRecord(key: session.slot, site: sample.siteIDs["one"]!, outcome: .commit, manifest: sha256(bytes))
        try site.create(session.slot.key, Statement.sign(.slot, tenant: sample.tenant, body: record.body, by: sample.node))
        #expect { try session.commit(manifest: bytes, snapshot: snapshot) } throws: { ($0 as? Failure)?.kind == .fenced }
    }

    @Test func aDecisionThatDoesNotNameTheCommitVoidsIt() throws {
        let snapshot = ShortID.random()
        let faulty = FaultySite(site)
        let session = try begin(faulty, snapshot)
        let decided = try sign(
            .decided,
            DecidedRecord(generation: 1, site: sample.siteIDs["one"]!, created: .now(), names: true, doomed: [], commits: [], segments: []).body)
        let condemned = try sign(
            .condemned, CondemnedRecord(generation: 1, site: sample.siteIDs["one"]!, created: .now(), packs: [], marked: []).body)
        faulty.setHook { [site] act, key in
            guard act == .create, key.hasPrefix("commits/") else { return }
            try site.create(CondemnedRecord.key(1), condemned)
            try site.create(DecidedRecord.key(1), decided)
        }
        #expect { try session.commit(manifest: manifest(snapshot), snapshot: snapshot) } throws: { ($0 as? Failure)?.kind == .fenced }
        #expect(try sample.open(site).commits.isEmpty)
    }

    @Test func aDecisionThatNamesTheCommitKeepsIt() throws {
        let snapshot = ShortID.random()
        let faulty = FaultySite(site)
        let session = try begin(faulty, snapshot)
        let decided = try sign(
            .decided,
            DecidedRecord(
                generation: 1, site: sample.siteIDs["one"]!, created: .now(), names: true, doomed: [], commits: [session.slot], segments: []
            ).body)
        let condemned = try sign(
            .condemned, CondemnedRecord(generation: 1, site: sample.siteIDs["one"]!, created: .now(), packs: [], marked: []).body)
        faulty.setHook { [site] act, key in
            guard act == .create, key.hasPrefix("commits/") else { return }
            try site.create(CondemnedRecord.key(1), condemned)
            try site.create(DecidedRecord.key(1), decided)
        }
        try session.commit(manifest: manifest(snapshot), snapshot: snapshot)
        #expect(try sample.open(site).commits.count == 1)
    }

    @Test func onesOwnEarlierPackIsFoundAgain() throws {
        let session = try begin()
        let bytes = noise(1000, seed: 1)
        let key = try bytes.withUnsafeBytes { try session.store(pack: sha256($0), $0) }
        let again = try bytes.withUnsafeBytes { try session.store(pack: sha256($0), $0) }
        #expect(key == again && key.attempt == 0)
    }

    @Test func aSquattedPackNameIsPassedOver() throws {
        let session = try begin()
        let bytes = noise(1000, seed: 2)
        let digest = sha256(bytes)
        try site.create(PackKey(digest: digest, session: session.id).key, noise(1000, seed: 3))
        try site.create(PackKey(digest: digest, session: session.id, attempt: 1).key, [0])
        let key = try bytes.withUnsafeBytes { try session.store(pack: digest, $0) }
        #expect(key.attempt == 2)
        #expect(try site.read(key.key, limit: 1000) == bytes)
        #expect(session.repository.voidObjects.count == 2)
    }

    @Test func aTakenManifestNameIsRefusedBeforeTheSlot() throws {
        let snapshot = ShortID.random()
        let session = try begin(nil, snapshot)
        let bytes = try manifest(snapshot)
        try site.create(Manifest.key(snapshot, sha256(bytes)), noise(2 << 20, seed: 4))
        #expect { try session.commit(manifest: bytes, snapshot: snapshot) } throws: { ($0 as? Failure)?.kind == .exists }
        #expect(try site.keys("commits/").isEmpty)
    }

    @Test func whoHasNoRightWritesNothing() throws {
        let stranger = try SigningKey.generate()
        let repository = try sample.repository(site)
        #expect {
            _ = try WriterSession.begin(
                repository: repository, snapshot: .random(), purpose: .backup, domain: sample.domain.domain, signer: stranger)
        } throws: { ($0 as? Failure)?.kind == .refused }
        #expect(try site.keys("sessions/").isEmpty)
    }

    @Test func segmentsAreNumberedAndOpenWithTheCatalogueKey() throws {
        let session = try begin()
        for number in 0..<3 {
            let pack = PackKey(digest: sha256([UInt8(number)]), session: session.id)
            let rows = [PackRow(id: sha256([7]), kind: .data, keyBlock: 1, ordinal: 0, offset: 100, length: 50, references: [])]
            let key = BlockKey.catalogue(sample.domain.catalogue, tenant: sample.tenant)
            let (name, segment) = try session.store(segment: [StoredPack(key: pack, writer: sample.node.id, rows: rows)], key: key)
            #expect(name.number == UInt32(number) && name.session == session.id)
            let read = try session.repository.segment(name, keys: sample.catalogueKeys, domain: sample.domain.domain)
            #expect(read?.packs == segment.packs && read?.rows == segment.rows)
        }
    }
}
