import Base
import Codec
import Keys
import Replication
import Repository
import Sites
import Testing

@testable import Migration

@Suite struct MigrationTests {
    let tenant: MovingTenant
    let a: MemorySite
    let b: MemorySite
    let later = Timestamp.now().adding(seconds: 200_000)

    init() throws {
        tenant = try MovingTenant()
        (a, b) = (try tenant.memorySite("a"), try tenant.memorySite("b"))
        try tenant.take(1, at: [a])
        try tenant.take(2, at: [a])
        try tenant.attest(1, at: [a])
        try tenant.wrap(at: a)
        try tenant.leavePack(77, at: a)
    }

    private func open(_ context: MigrationContext, samples: Int = 1) throws -> Migration {
        try Migration.open(folder: tenant.folder + "/move", plan: .init(doubleRun: 86_400, samples: samples), context)
    }

    private func sample(_ migration: Migration, good: Bool = true) throws {
        try migration.add(
            migration.state.snapshots.map { .init(snapshot: ShortID(hex: $0)!, isGood: good, finished: .now(), sheet: "sheet") })
    }

    /// Up to where restores are sampled.
    private func prove(_ context: MigrationContext) throws -> Migration {
        let migration = try open(context)
        guard case .waiting = try migration.run(context) else { throw Failure(.failed, .interrupted) }
        var after = context
        after.now = { [later] in later }
        guard case .samples(let wanted) = try migration.run(after) else { throw Failure(.failed, .interrupted) }
        #expect(wanted == 1)
        return migration
    }

    @Test func aWholeMigrationEndsWithAnEmptySiteAndASignedRecord() throws {
        let held = try a.everything()
        let migration = try prove(tenant.context(a, b))
        #expect(try a.everything().filter { held[$0.key] != nil } == held)
        try sample(migration)
        guard case .done = try migration.run(tenant.context(a, b, now: later)) else { return #expect(Bool(false)) }
        #expect(try a.keys("").isEmpty)
        #expect(try tenant.open(b).commits.count == 2)
        let records = try tenant.repository(b).migrations()
        #expect(records.map(\.act) == [.leaving, .agreed, .deleted] && records.map(\.number) == [1, 2, 3])
        let last = try #require(records.last)
        #expect(last.proof?.root.hex == migration.state.proof?.root && last.proof?.snapshots == 2 && last.samples.count == 2)
        #expect(last.remnants.isEmpty && last.deleted >= UInt64(held.count) && last.deletedBytes > 0)
        // The list of leaves gives the root again.
        let text = String(decoding: try #require(try Files.read(migration.folder + "/leaves-to.txt")), as: UTF8.self)
        let leaves = text.split(separator: "\n").compactMap { Leaf(line: $0) }
        #expect(MerkleTree.root(leaves.map(\.hash)).hex == migration.state.proof?.root && UInt64(leaves.count) == last.proof?.leaves)
        // Once more is nothing more.
        guard case .done = try open(tenant.context(a, b)).run(tenant.context(a, b)) else { return #expect(Bool(false)) }
    }

    /// Each act at either site fails now and then, in each phase; the process starts anew each time.
    @Test(arguments: 1...6) func killedTenTimesAndMoreItGivesTheSameRoot(_ seed: UInt64) throws {
        try tenant.take(3, chunks: 15, at: [a])
        let reference = try CopyInventory(
            tenant.open(a), log: ReadingLog(path: tenant.folder + "/reference", migration: .zero, site: .zero)
        ).read().root
        let (from, to) = (ProxySite(a), ProxySite(b))
        let chance = Monitor((left: 5, state: seed))
        for site in [from, to] {
            site.setHook { _ in
                try chance.look { chance in
                    chance.left -= 1
                    if chance.left < 0 { throw Failure(.unreachable, .system("reach", "test"), object: "killed") }
                }
            }
        }
        var (kills, killedIn, now) = (0, Set<MigrationPhase>(), Timestamp.now())
        while true {
            chance.look { chance in
                chance.state = chance.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                // Longer lives with time, so that it comes to an end.
                chance.left = 20 + kills * 3 + Int(chance.state >> 33) % 60
            }
            do {
                let context = tenant.context(from, to, now: now)
                let migration = try open(context)
                let outcome = try migration.run(context)
                if case .done = outcome { break }
                if case .waiting = outcome { now = later }
                if case .samples = outcome { try sample(migration) }
                if case .differs(let comparison) = outcome { Issue.record("\(comparison.differences)") }
            } catch let failure as Failure where failure.kind == .unreachable {
                kills += 1
                if let state = try MigrationState.read(tenant.folder + "/move") { killedIn.insert(state.phase) }
                if kills > 500 {
                    Issue.record("no end")
                    return
                }
            }
        }
        #expect(kills >= 10 && killedIn.count >= 3)
        let state = try #require(try MigrationState.read(tenant.folder + "/move"))
        #expect(state.firstProof?.root == reference.hex && state.proof?.root == reference.hex)
        #expect(try a.keys("").isEmpty)
        #expect(try tenant.open(b).commits.count == 3)
        #expect(try tenant.repository(b).migrations().map(\.act) == [.leaving, .agreed, .deleted])
    }

    @Test func aSnapshotOfTheDoubleRunIsInTheLastProof() throws {
        let context = tenant.context(a, b)
        let migration = try open(context)
        guard case .waiting(let until) = try migration.run(context) else { return #expect(Bool(false)) }
        #expect(until == migration.state.doubleRunUntil)
        // It reached one of the two sites, and another both.
        let late = try tenant.take(8, at: [a])
        let both = try tenant.take(9, at: [a, b])
        guard case .waiting = try migration.run(context) else { return #expect(Bool(false)) }
        guard case .samples = try migration.run(tenant.context(a, b, now: later)) else { return #expect(Bool(false)) }
        #expect(migration.state.snapshots.count == 4 && migration.state.snapshots.contains(late.hex) && migration.state.snapshots.contains(both.hex))
        #expect(migration.state.proof?.root != migration.state.firstProof?.root)
        #expect(try tenant.open(b).commits.contains { $0.key.snapshot == late })
    }

    @Test func aLockedObjectRemainsWithItsDateUntilALaterRun() throws {
        let from = ProxySite(a)
        let migration = try prove(tenant.context(from, b))
        try sample(migration)
        let end = later.adding(seconds: 1000)
        let locked = [try a.keys("packs/")[1], try a.keys("snapshots/")[0]]
        from.setLocks(Dictionary(uniqueKeysWithValues: locked.map { ($0, end) }))
        guard case .remnants(let remnants) = try migration.run(tenant.context(from, b, now: later)) else { return #expect(Bool(false)) }
        #expect(Set(remnants.map(\.key)) == Set(locked) && remnants.allSatisfy { $0.until == end.seconds && $0.reason == "lock" })
        // What tells that the site is left stays beside them.
        let kept = try a.keys("")
        #expect(kept.contains("site") && kept.contains { $0.hasPrefix("migrations/") } && locked.allSatisfy(kept.contains))
        #expect(!kept.contains { $0.hasPrefix("commits/") || $0.hasPrefix("keys/") })
        let record = try #require(try tenant.repository(b).migrations().last)
        #expect(
            record.act == .partlyDeleted && record.remnants.map(\.until) == [end.seconds, end.seconds] && record.remnantCount == UInt64(kept.count))
        from.setLocks([:])
        let again = try open(tenant.context(from, b))
        guard case .done = try again.run(tenant.context(from, b, now: end)) else { return #expect(Bool(false)) }
        #expect(try a.keys("").isEmpty)
        #expect(try tenant.repository(b).migrations().last?.act == .deleted)
    }

    @Test func anotherTenantOfTheSameSiteIsNotTouched() throws {
        let other = try MovingTenant()
        let place = tenant.folder + "/shared"
        let (from, theirs) = (try tenant.fileSite("a", place: place), try other.fileSite("a", place: place))
        try tenant.take(5, at: [from])
        try other.take(6, at: [theirs])
        let before = try theirs.everything()
        let migration = try prove(tenant.context(from, b))
        try sample(migration)
        guard case .done = try migration.run(tenant.context(from, b, now: later)) else { return #expect(Bool(false)) }
        #expect(try from.keys("").isEmpty)
        #expect(try theirs.everything() == before)
    }

    @Test func nothingIsDeletedWhileTheRootsDiffer() throws {
        let key = try #require(a.keys("attested/").first)
        // Other bytes hold the name: a copy cannot mend that.
        try b.create(key, Array("other bytes".utf8))
        let before = try a.everything()
        let migration = try open(tenant.context(a, b))
        for _ in 0..<2 {
            guard case .differs(let comparison) = try migration.run(tenant.context(a, b, now: later)) else { return #expect(Bool(false)) }
            #expect(comparison.differences.map(\.name) == [key] && comparison.fromRoot != comparison.toRoot)
            #expect(migration.state.phase == .proving && comparison.failure.exitStatus == .damaged)
        }
        #expect(try a.everything() == before)
    }

    @Test func whatChangesAfterTheAgreementIsProvenFirst() throws {
        let migration = try prove(tenant.context(a, b))
        let root = migration.state.proof?.root
        try sample(migration)
        // Records of verification need no session.
        let key = try tenant.attest(2, at: [a])
        guard case .done = try migration.run(tenant.context(a, b, now: later)) else { return #expect(Bool(false)) }
        #expect(migration.state.proof?.root != root)
        #expect(try b.keys("attested/").contains(key))
        #expect(try tenant.repository(b).migrations().map(\.act) == [.leaving, .agreed, .agreed, .deleted])
    }

    @Test func damageOfThePackAtTheNewSiteIsMendedByTheNextCopy() throws {
        let context = tenant.context(a, b)
        let migration = try open(context)
        #expect(try { if case .moved(.copying) = try migration.advance(context) { true } else { false } }())
        #expect(try { if case .moved(.proving) = try migration.advance(context) { true } else { false } }())
        let pack = try #require(b.keys("packs/").first)
        try b.flip(pack)
        guard case .waiting = try migration.run(context) else { return #expect(Bool(false)) }
        #expect(try b.keys("packs/").filter { PackKey(key: $0)?.digest == PackKey(key: pack)?.digest }.count == 2)
    }

    @Test func whatTheOldSiteDoesNotGiveIsNotDeleted() throws {
        let key = try #require(a.keys("attested/").first)
        let from = ProxySite(a)
        from.setHook { if $0 == .read(key) { throw Failure(.refused, .system("read", "denied"), object: key) } }
        let before = try a.everything()
        let migration = try open(tenant.context(from, b))
        guard case .differs(let comparison) = try migration.run(tenant.context(from, b, now: later)) else { return #expect(Bool(false)) }
        #expect(comparison.differences.map(\.name) == [key] && comparison.differences[0].failure.message.code == "migration.leaf-unread")
        #expect(try a.everything() == before)
        // The other site has it from elsewhere: then nothing is lost with it.
        try b.create(key, try a.read(key, limit: 1 << 20))
        guard case .waiting = try migration.run(tenant.context(from, b)) else { return #expect(Bool(false)) }
        #expect(migration.compared?.healed == 1)
    }

    @Test func damageAtTheNewSiteIsToldAndItsCopyListed() throws {
        let noted = Monitor<[PackKey]>([])
        var context = tenant.context(a, b)
        context.damaged = { [id = tenant.siteIDs["b"]!] site, packs in
            #expect(site == id)
            noted.look { $0 += packs }
        }
        let migration = try open(context)
        _ = try migration.advance(context)
        _ = try migration.advance(context)
        let listed = try tenant.open(b).index(tenant.domain.domain).packs.map(\.key)
        let pack = try #require(listed.first)
        try b.flip(pack.key)
        guard case .waiting = try migration.run(context) else { return #expect(Bool(false)) }
        #expect(Set(noted.look { $0 }) == [pack])
        #expect(try tenant.open(b).index(tenant.domain.domain).packs.filter { $0.key.digest == pack.digest }.count == 2)
    }

    // MARK: the journal

    /// Each site has a sealing of its own, and the same stub.
    @Test func sealedSegmentsOfTheJournalAreToldByTheirStubs() throws {
        let chain = ShortID.random().hex
        @Sendable func key(_ number: Int, _ end: String = "") -> String { "journal/\(chain)/000000000\(number)\(end)" }
        for number in 1...3 {
            for (site, seal) in [(a, UInt8(1)), (b, UInt8(2))] where number == 1 || site.name == "a" {
                try site.create(key(number), [seal, UInt8(number)])
                try site.create(key(number, ".stub"), [UInt8(number)])
            }
        }
        var context = tenant.context(a, b)
        context.erased = { _ in [key(3)] }
        let migration = try open(context)
        guard case .waiting = try migration.run(context) else { return #expect(Bool(false)) }
        // What lies under a sealing's name may be anybody's: each is kept.
        #expect(try b.read(key(1), limit: 9) == [2, 1] && b.read(key(1, ".1"), limit: 9) == [1, 1] && b.read(key(2), limit: 9) == [1, 2])
        // What was erased comes back nowhere; that it was there is told.
        #expect(try b.keys("journal/").contains(key(3, ".stub")) && !b.keys("journal/").contains(key(3)))
        let text = String(decoding: try #require(try Files.read(migration.folder + "/leaves-from.txt")), as: UTF8.self)
        let leaves = text.split(separator: "\n").compactMap { Leaf(line: $0) }
        let leaf = Leaf(name: key(2, "." + sha256([1, 2]).hex), size: 2, content: sha256([1, 2]))
        #expect(leaves.contains(leaf) && !leaves.contains { $0.name.hasPrefix(key(3) + ".") && !$0.name.hasSuffix(".stub") })
        // A seal that is gone at the new site is missed.
        try b.delete(key(2))
        let comparison = try migration.compare(context).comparison
        #expect(comparison.differences == [.missing(leaf)])
        var after = context
        after.now = { [later] in later }
        guard case .samples = try migration.run(after) else { return #expect(Bool(false)) }
        try sample(migration)
        guard case .done = try migration.run(after) else { return #expect(Bool(false)) }
        #expect(try a.keys("").isEmpty && b.read(key(1), limit: 9) == [2, 1] && b.read(key(2), limit: 9) == [1, 2])
    }

    // MARK: late and early

    @Test func whatComesWhileItIsEmptiedIsKept() throws {
        let migration = try prove(tenant.context(a, b))
        try sample(migration)
        let from = ProxySite(a)
        let late = Monitor<String?>(nil)
        from.setHook { [tenant, a] act in
            if case .delete(let key) = act, key.hasPrefix("commits/"), late.look({ $0 }) == nil {
                let key = try tenant.attest(7, at: [a])
                late.look { $0 = key }
            }
        }
        guard case .done = try migration.run(tenant.context(from, b, now: later)) else { return #expect(Bool(false)) }
        let key = try #require(late.look { $0 })
        #expect(try a.keys("").isEmpty && b.keys("attested/").contains(key))
    }

    @Test func laterRunsLookAtTheNewSiteAndSayNothingTwice() throws {
        let from = ProxySite(a)
        let migration = try prove(tenant.context(from, b))
        try sample(migration)
        from.setLocks([try a.keys("packs/")[0]: later.adding(seconds: 1000)])
        guard case .remnants = try migration.run(tenant.context(from, b, now: later)) else { return #expect(Bool(false)) }
        let records = try tenant.repository(b).migrations().count
        guard case .remnants = try open(tenant.context(from, b)).run(tenant.context(from, b, now: later)) else { return #expect(Bool(false)) }
        #expect(try tenant.repository(b).migrations().count == records)
        let manifest = try #require(b.keys("snapshots/").first)
        let bytes = try b.read(manifest, limit: 1 << 20)
        try b.delete(manifest)
        from.setLocks([:])
        let before = try a.everything()
        #expect { try open(tenant.context(from, b)).run(tenant.context(from, b, now: later)) } throws: {
            ($0 as? Failure)?.message.code == "migration.new-site-lacks"
        }
        #expect(try a.everything() == before)
        try b.create(manifest, bytes)
        guard case .done = try open(tenant.context(from, b)).run(tenant.context(from, b, now: later)) else { return #expect(Bool(false)) }
    }

    @Test func itIsTakenBackWhateverTheNewSiteSays() throws {
        let context = tenant.context(a, b)
        let migration = try open(context)
        guard case .waiting = try migration.run(context) else { return #expect(Bool(false)) }
        // The record came to the old site, and then the process died.
        let to = ProxySite(b)
        to.setHook { if case .create(let key) = $0, key.hasPrefix("migrations/") { throw Failure(.unreachable, .system("reach", "test")) } }
        #expect(throws: Failure.self) { try migration.run(tenant.context(a, to, now: later)) }
        #expect(try tenant.repository(a).departure() != nil && !migration.state.isLeaving)
        to.setHook { _ in throw Failure(.unreachable, .system("reach", "test")) }
        let again = try open(tenant.context(a, to))
        try again.withdraw(tenant.context(a, to))
        #expect(again.state.phase == .withdrawn && !again.takeProblems().isEmpty)
        #expect(try tenant.repository(a).departure() == nil)
        try tenant.begin(a).abandon()
    }

    @Test func aSlotUnderAnothersNameEndsNoSession() throws {
        let context = tenant.context(a, b)
        let migration = try open(context)
        guard case .waiting = try migration.run(context) else { return #expect(Bool(false)) }
        let session = try tenant.begin(a)
        try a.create(CommitKey(snapshot: .random(), session: session.id).key, [1])
        migration.state.doubleRunUntil = 0
        guard case .writers(let writers) = try migration.run(context) else { return #expect(Bool(false)) }
        #expect(writers == [session.id])
        // Whoever sees its departure commits nothing any more.
        #expect { try session.commit(manifest: [1], snapshot: session.slot.snapshot) } throws: {
            ($0 as? Failure)?.message.code == "migration.site-left"
        }
    }

    // MARK: a site that is left

    @Test func nobodyWritesAtASiteThatIsLeft() throws {
        let migration = try prove(tenant.context(a, b))
        #expect { try tenant.begin(a) } throws: { ($0 as? Failure)?.kind == .refused }
        _ = try tenant.take(4, at: [b])
        let replicator = Replicator(
            sources: [try tenant.open(b)], keys: tenant.keys, signer: tenant.maintain, scratch: tenant.folder, inventory: try .passing())
        #expect(replicator.level(try tenant.open(a)).stopped?.kind == .refused)
        #expect(try tenant.repository(a).departure()?.to == tenant.siteIDs["b"] && tenant.repository(b).departure() == nil)
        try migration.withdraw(tenant.context(a, b))
        #expect(try tenant.repository(a).departure() == nil)
        try tenant.begin(a).abandon()
        guard case .done = try migration.run(tenant.context(a, b, now: later)) else { return #expect(Bool(false)) }
        #expect(try tenant.open(a).commits.count == 2)
    }

    @Test func aWriterAtWorkIsWaitedForAndADeadOneFenced() throws {
        let context = tenant.context(a, b)
        let migration = try open(context)
        guard case .waiting = try migration.run(context) else { return #expect(Bool(false)) }
        let session = try tenant.begin(a)
        let soon = tenant.context(a, b, now: Timestamp(seconds: migration.state.doubleRunUntil!).adding(seconds: -100_000))
        migration.state.doubleRunUntil = 0
        guard case .writers(let writers) = try migration.run(soon) else { return #expect(Bool(false)) }
        #expect(writers == [session.id])
        guard case .samples = try migration.run(tenant.context(a, b, now: later)) else { return #expect(Bool(false)) }
        // The writer wakes up, and learns that the site was left, and that it was ended.
        #expect { try session.commit(manifest: [1], snapshot: session.slot.snapshot) } throws: { ($0 as? Failure)?.kind == .refused }
        let slot = try SlotRecord(body: tenant.repository(a).statement(session.slot.key, .slot).body)
        #expect(slot.outcome == .fence)
    }

    @Test func aFailedSampleStopsItUntilALaterOneSucceeds() throws {
        let migration = try prove(tenant.context(a, b))
        let before = try a.everything()
        #expect { try migration.add([.init(snapshot: .random(), isGood: true, finished: .now(), sheet: "")]) } throws: {
            ($0 as? Failure)?.message.code == "migration.snapshot-not-proven"
        }
        let snapshot = try #require(ShortID(hex: migration.state.snapshots[0]))
        #expect { try migration.add([.init(snapshot: snapshot, isGood: true, finished: Timestamp(seconds: 10), sheet: "")]) } throws: {
            ($0 as? Failure)?.message.code == "migration.sample-too-early"
        }
        try migration.add([.init(snapshot: snapshot, isGood: false, finished: .now(), sheet: "x")])
        #expect { try migration.run(tenant.context(a, b, now: later)) } throws: { ($0 as? Failure)?.message.code == "migration.sample-failed" }
        #expect(try a.everything() == before)
        try migration.add([.init(snapshot: snapshot, isGood: true, finished: .now().adding(seconds: 1), sheet: "y")])
        guard case .done = try migration.run(tenant.context(a, b, now: later)) else { return #expect(Bool(false)) }
    }

    @Test func aPlaceWithoutItsMarkerIsNotEmptied() throws {
        let migration = try prove(tenant.context(a, b))
        try sample(migration)
        let from = ProxySite(a)
        from.setHook { if case .delete("site") = $0 { throw Failure(.unreachable, .system("reach", "test")) } }
        #expect(throws: Failure.self) { try migration.run(tenant.context(from, b, now: later)) }
        #expect(try a.keys("") == ["site"])
        // Somebody else's disk is mounted there now.
        try a.delete("site")
        try a.create("packs/00/foreign", [1, 2, 3])
        #expect { try migration.run(tenant.context(a, b, now: later)) } throws: { ($0 as? Failure)?.kind == .wrongPlace }
        #expect(try a.keys("") == ["packs/00/foreign"])
    }

    @Test func aMigrationWhoseFolderIsLostIsBegunAnew() throws {
        _ = try prove(tenant.context(a, b))
        let migration = try Migration.open(folder: tenant.folder + "/again", plan: .init(doubleRun: 0, samples: 1), tenant.context(a, b))
        guard case .samples = try migration.run(tenant.context(a, b)) else { return #expect(Bool(false)) }
        try sample(migration)
        // It dies when half of the packs are gone, and its folder is lost as well.
        let (from, left) = (ProxySite(a), Monitor(3))
        from.setHook { act in
            guard case .delete = act else { return }
            try left.look { left in
                left -= 1
                if left < 0 { throw Failure(.unreachable, .system("reach", "test")) }
            }
        }
        #expect(throws: Failure.self) { try migration.run(tenant.context(from, b)) }
        let third = try Migration.open(folder: tenant.folder + "/third", plan: .init(doubleRun: 0, samples: 2), tenant.context(a, b))
        guard case .samples = try third.run(tenant.context(a, b)) else { return #expect(Bool(false)) }
        try sample(third)
        guard case .done = try third.run(tenant.context(a, b)) else { return #expect(Bool(false)) }
        #expect(try a.keys("").isEmpty)
        #expect(try tenant.open(b).commits.count == 2)
    }

    @Test func wrongPairsAreRefused() throws {
        #expect { try Migration.open(folder: tenant.folder + "/x", plan: .init(doubleRun: 1), tenant.context(a, a)) } throws: {
            ($0 as? Failure)?.message.code == "migration.same-site"
        }
        _ = try open(tenant.context(a, b))
        #expect { try open(tenant.context(b, a)) } throws: { ($0 as? Failure)?.message.code == "migration.other" }
        try Files.replace(tenant.folder + "/move/migration.json", Array("{}".utf8))
        #expect { try open(tenant.context(a, b)) } throws: { ($0 as? Failure)?.kind == .damaged }
    }

    @Test func aRecordReadsBackAndABadlySignedOneIsVoid() throws {
        let record = MigrationRecord(
            migration: .random(), number: 7, act: .partlyDeleted, from: tenant.siteIDs["a"]!, to: tenant.siteIDs["b"]!, fromName: "a", toName: "b",
            begun: Timestamp(seconds: 5), created: .now(),
            proof: .init(root: sha256([1]), leaves: 4, bytes: 5, snapshots: 6, made: Timestamp(seconds: 9)),
            samples: [.init(snapshot: .random(), isGood: true, finished: .now(), sheet: "s")], deleted: 10, deletedBytes: 11, remnantCount: 2,
            remnantBytes: 12,
            remnants: [.init(key: "k", size: 3, reason: .lock, until: 99), .init(key: "l", size: 9, reason: .hold, until: nil)])
        #expect(try MigrationRecord(body: record.body) == record)
        for length in 0..<record.body.count { #expect(throws: Failure.self) { try MigrationRecord(body: Array(record.body.prefix(length))) } }
        try a.create(record.key, try Statement.sign(.migration, tenant: tenant.tenant, body: record.body, by: tenant.node))
        let repository = try tenant.repository(a)
        #expect(try repository.departure() == nil && repository.voidObjects.count == 1)
        try tenant.begin(a).abandon()
    }

    /// Whatever bytes come: a record, or a failure that says what is wrong.
    @Test func noBytesTrapTheReaderOfARecord() throws {
        let record = MigrationRecord(
            migration: .zero, number: 1, act: .agreed, from: .zero, to: .zero, fromName: "a", toName: "b", begun: .now(), created: .now(),
            proof: .init(root: .zero, leaves: 1, bytes: 2, snapshots: 3, made: .now()),
            samples: [.init(snapshot: .zero, isGood: true, finished: .now(), sheet: "s")],
            remnants: [.init(key: "k", size: 1, reason: .lock, until: 5)])
        var (state, read, refused) = (UInt64(7), 0, 0)
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        for _ in 0..<20_000 {
            var bytes = record.body
            for _ in 0...next(4) { bytes[next(bytes.count)] = UInt8(next(256)) }
            if next(4) == 0 { bytes.removeLast(1 + next(bytes.count - 1)) }
            if next(4) == 0 { bytes += [UInt8](repeating: 0xFF, count: next(20)) }
            do {
                // What is taken is what was meant: written again it is the same.
                #expect(try MigrationRecord(body: bytes).body == bytes)
                read += 1
            } catch let failure as Failure {
                #expect(failure.kind == .damaged || failure.kind == .format)
                refused += 1
            }
        }
        #expect(read > 100 && refused > 100)
    }
}
