import Base
import Codec
import Keys
import Repository
import Sites
import Testing

@testable import Replication

@Suite struct ReplicationTests {
    let sample: SampleTenant

    init() throws { sample = try SampleTenant() }

    private func replicator(_ sources: [any Site], _ options: ReplicationOptions = ReplicationOptions()) throws -> Replicator {
        try Replicator(
            sources: sources.map { try sample.open($0) }, keys: sample.catalogueKeys, signer: sample.maintain, scratch: sample.scratch,
            inventory: try .passing(),
            options: options)
    }

    /// Everything that each visible snapshot needs is there: nothing is lost on a walk of that site alone.
    private func expectWhole(_ site: any Site, snapshots: Int) throws {
        let open = try sample.open(site)
        #expect(open.commits.count == snapshots)
        let reach = Reachability(
            try PackHoldings(PackCopies([open], .passing()), domain: sample.domain.domain), keys: sample.catalogueKeys)
        var seen = SeenBlobs()
        for commit in open.commits {
            let root = try open.repository.manifest(commit).outline(sample.catalogueKeys).root
            try reach.walk(from: root, seen: &seen, found: { _, _ in }, lost: { id, failure in Issue.record("\(id): \(failure)") })
        }
    }

    private func files(_ seed: UInt64, count: Int = 4, bytes: Int = 300 << 10) -> [SampleTenant.File] {
        (0..<count).map { SampleTenant.File(name: "file-\($0)", content: noise(bytes, seed: seed &+ UInt64($0))) }
    }

    @Test func anEmptySiteConverges() throws {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        // The last one has a chunk list in pages.
        try sample.take(files(1), at: [one])
        try sample.take(files(1) + files(10, count: 2).map { .init(name: "b" + $0.name, content: $0.content) }, at: [one])
        try sample.take([.init(name: "long", content: noise(400_000, seed: 5), chunk: 1000)], at: [one])
        let report = try replicator([one]).level(sample.open(two))
        #expect(report.isLevel && report.status == .done && report.snapshots.count == 3)
        #expect(report.problems.isEmpty)
        try expectWhole(two, snapshots: 3)
        // In commit order.
        let order = try sample.open(one).commits.sorted { $0.created < $1.created }.map(\.key.snapshot)
        #expect(report.snapshots == order)
        // Packs arrive byte for byte, under the copier's own suffix.
        let hashes = Set(try one.keys("packs/").compactMap { PackKey(key: $0)?.digest })
        #expect(Set(try two.keys("packs/").compactMap { PackKey(key: $0)?.digest }).isSubset(of: hashes))
        #expect(Set(try two.keys("packs/")).isDisjoint(with: try one.keys("packs/")))
        // Who sealed is still known.
        #expect(try sample.open(two).index(sample.domain.domain).packs.allSatisfy { $0.writer == sample.node.id })
    }

    @Test func aSecondRunHasNothingToDo() throws {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        try sample.take(files(1), at: [one])
        _ = try replicator([one]).level(sample.open(two))
        let before = try two.keys("")
        let report = try replicator([one]).level(sample.open(two))
        #expect(report.snapshots.isEmpty && report.packs == 0 && report.isLevel)
        #expect(try two.keys("") == before)
    }

    @Test func onlyWhatLacksIsCopied() throws {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        try sample.take(files(1), at: [one, two])
        // The same content again, and a little more: its packs are new, most of its chunks are not.
        let second = try sample.take(files(1) + [.init(name: "new", content: noise(5000, seed: 9))], at: [one])
        let report = try replicator([one]).level(sample.open(two))
        #expect(report.isLevel && report.packs < second.packs.count)
        try expectWhole(two, snapshots: 2)
    }

    @Test func anInterruptedRunGoesOnWhereItsLastSegmentWas() throws {
        let one = try sample.memorySite("one")
        let two = FaultySite(try sample.memorySite("two"))
        let taken = try sample.take(files(1, count: 10), at: [one])
        #expect(taken.packs.count > 8)
        var options = ReplicationOptions()
        options.threads = 1
        options.packsPerSegment = 2
        two.setHook { [two] act, key in
            if act == .create, key.hasPrefix("packs/"), two.calls(.create, "packs/").count > 5 {
                throw Failure(.unreachable, .system("reach", "test"))
            }
        }
        let first = try replicator([one], options).level(sample.open(two))
        #expect(first.stopped?.kind == .unreachable && first.status == .unreachable && first.snapshots.isEmpty)
        #expect(try sample.open(two).commits.isEmpty)
        let copied = try two.keys("packs/").count
        #expect(copied == 5)
        two.clearCalls()
        two.setHook { _, _ in }
        let second = try replicator([one], options).level(sample.open(two))
        #expect(second.isLevel)
        // Nothing that a segment listed is stored twice.
        #expect(second.packs == taken.packs.count - copied)
        try expectWhole(two, snapshots: 1)
    }

    @Test(arguments: Array(stride(from: 0, through: 42, by: 2)))
    func aTargetThatDiesAnywhereNeverShowsAHole(_ calls: Int) throws {
        let one = try sample.memorySite("one")
        let behind = try sample.memorySite("two")
        try sample.take(files(1, count: 2), at: [one])
        try sample.take(files(3, count: 2), at: [one])
        let two = FaultySite(behind)
        let target = try sample.open(two)
        let countdown = Countdown(calls)
        two.setHook { _, _ in try countdown.step() }
        _ = try replicator([one]).level(target)
        two.setHook { _, _ in }
        try expectWhole(behind, snapshots: try sample.open(behind).commits.count)
        let report = try replicator([one]).level(sample.open(two))
        #expect(report.isLevel)
        try expectWhole(behind, snapshots: 2)
    }

    @Test func aDamagedPackIsNotCopiedAndOthersGoOn() throws {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        let bad = try sample.take(files(1), at: [one])
        let good = try sample.take(files(50), at: [one])
        let key = try #require(try one.keys("packs/").first { $0.contains(bad.packs[0].digest.hex) })
        try one.tamper(key) { $0[5000] ^= 1 }
        let report = try replicator([one]).level(sample.open(two))
        #expect(report.snapshots == [good.snapshot])
        #expect(report.skipped.map(\.snapshot) == [bad.snapshot] && report.skipped[0].failure.kind == .damaged)
        #expect(report.status == .damaged)
        #expect(try !two.keys("packs/").contains { $0.contains(bad.packs[0].digest.hex) })
        try expectWhole(two, snapshots: 1)
    }

    @Test func anotherSiteHealsADamagedCopy() throws {
        let (one, two, three) = (try sample.memorySite("one"), try sample.memorySite("two"), try sample.memorySite("three"))
        let taken = try sample.take(files(1), at: [one, two])
        for (number, pack) in taken.packs.enumerated() {
            // Half of the packs are bad at one site, the rest at the other.
            let site = number % 2 == 0 ? one : two
            let key = try #require(try site.keys("packs/").first { $0.contains(pack.digest.hex) })
            if number % 3 == 0 { try site.delete(key) } else { try site.tamper(key) { $0[$0.count - 5000] ^= 0x40 } }
        }
        let report = try replicator([one, two]).level(sample.open(three))
        #expect(report.isLevel && report.status == .done && !report.problems.isEmpty)
        try expectWhole(three, snapshots: 1)
    }

    @Test func swappedPacksAreNotBelieved() throws {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        let taken = try sample.take(files(1), at: [one])
        let keys = try taken.packs.prefix(2).map { pack in try #require(try one.keys("packs/").first { $0.contains(pack.digest.hex) }) }
        let bytes = try keys.map { try one.read($0, limit: 128 << 20) }
        try one.tamper(keys[0]) { $0 = bytes[1] }
        try one.tamper(keys[1]) { $0 = bytes[0] }
        let report = try replicator([one]).level(sample.open(two))
        #expect(report.snapshots.isEmpty && report.skipped.first?.failure.kind == .damaged)
    }

    @Test func aFenceStartsASnapshotOver() throws {
        let one = try sample.memorySite("one")
        let behind = try sample.memorySite("two")
        try sample.take(files(1, count: 2), at: [one])
        let two = FaultySite(behind)
        let fenced = Monitor(false)
        let (maintain, tenant, id) = (sample.maintain, sample.tenant, sample.siteIDs["two"]!)
        two.setHook { [behind] act, key in
            guard act == .create, let slot = CommitKey(key: key), !fenced.look({ $0 }) else { return }
            fenced.look { $0 = true }
            let body = SlotRecord(key: slot, site: id, outcome: .fence).body
            try behind.create(key, Statement.sign(.slot, tenant: tenant, body: body, by: maintain))
        }
        let report = try replicator([one]).level(sample.open(two))
        #expect(report.isLevel && report.snapshots.count == 1)
        #expect(try behind.keys("sessions/").count == 2)
        try expectWhole(behind, snapshots: 1)
    }

    @Test func condemnedPacksAreCopiedAgain() throws {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        let first = try sample.take(files(1, count: 2), at: [one, two])
        _ = first
        // At the second site retention dropped it and collection condemned its packs; the first keeps another
        // snapshot of the same content.
        try sample.take(files(1, count: 2), at: [one])
        let packs = try two.keys("packs/").compactMap { PackKey(key: $0) }
        let record = CondemnedRecord(generation: 1, site: sample.siteIDs["two"]!, created: .now(), packs: packs, marked: [])
        try two.create(CondemnedRecord.key(1), Statement.sign(.condemned, tenant: sample.tenant, body: record.body, by: sample.maintain))
        let report = try replicator([one]).level(sample.open(two))
        #expect(report.isLevel && report.packs > 0)
        let fresh = try two.keys("packs/").compactMap { PackKey(key: $0) }.filter { !packs.contains($0) }
        #expect(Set(fresh.map(\.session.generation)) == [1])
        for pack in packs { try two.delete(pack.key) }
        try two.delete(try #require(try two.keys("commits/").first { $0.contains(first.snapshot.hex) }))
        try expectWhole(two, snapshots: 1)
    }

    private func manifestDigest(_ snapshot: ShortID, at site: any Site) throws -> Digest {
        let key = try #require(try site.keys("snapshots/").first { $0.contains(snapshot.hex) })
        return sha256(try site.read(key, limit: 1 << 21))
    }

    @Test func recordsTravelFirst() throws {
        let one = try sample.memorySite("one")
        let two = try sample.memorySite("two")
        try sample.extendChain()
        let second = sample.chain.look { $0[1] }
        try one.create(Descriptor.key(1, second), second)
        let wrap = try KeyWrap(sample.bundle, tenant: sample.tenant, epoch: 1, for: sample.bundle.epochs[1]!.publicKey)
        try one.create("keys/0000000001/\(wrap.recipient.hex).00", wrap.encoded)
        let stranger = try SealingKey.generate()
        let old = try KeyWrap(sample.bundle, tenant: sample.tenant, epoch: 1, for: stranger.publicKey)
        try one.create("keys/0000000001/\(old.recipient.hex).00", old.encoded)
        let gone = try sample.take(files(1, count: 1), at: [one])
        let kept = try sample.take(files(2, count: 1), at: [one])
        let forget = ForgetRecord(
            number: 0, previous: .zero, created: .now(),
            dropped: [.init(snapshot: gone.snapshot, manifest: try manifestDigest(gone.snapshot, at: one), reason: 2)])
        try one.create(ForgetRecord.key(0), Statement.sign(.forget, tenant: sample.tenant, body: forget.body, by: sample.maintain))
        try one.create(ForgetRecord.key(1), [1, 2, 3])
        let report = try replicator([one]).level(sample.open(two))
        #expect(report.records == 3 && report.snapshots == [kept.snapshot] && report.isLevel)
        #expect(report.problems.count == 1)
        #expect(try two.keys("descriptor/").count == 2)
        #expect(try two.keys("keys/") == ["keys/0000000001/\(wrap.recipient.hex).00"])
        #expect(try two.keys("forget/") == [ForgetRecord.key(0)])
    }

    @Test func everySiteEndsWithEverything() throws {
        let sites = try ["one", "two", "three"].map { try sample.memorySite($0) }
        for (number, site) in sites.enumerated() { try sample.take(files(UInt64(number) * 100, count: 2), at: [site]) }
        let reports = Levelling.run(
            try sites.map { try sample.open($0) }, keys: sample.catalogueKeys, signer: sample.maintain, scratch: sample.scratch,
            inventory: try .passing())
        #expect(reports.map(\.isLevel) == [true, true, true])
        for site in sites { try expectWhole(site, snapshots: 3) }
    }

    @Test func aDeadTargetDoesNotStopTheNext() throws {
        let (one, three) = (try sample.memorySite("one"), try sample.memorySite("three"))
        let two = FaultySite(try sample.memorySite("two"))
        try sample.take(files(1, count: 1), at: [one])
        let open = try [one as any Site, two, three].map { try sample.open($0) }
        two.setHook { _, _ in throw Failure(.unreachable, .system("reach", "test")) }
        let reports = Levelling.run(open, keys: sample.catalogueKeys, signer: sample.maintain, scratch: sample.scratch, inventory: try .passing())
        #expect(reports.map(\.isLevel) == [true, false, true])
        #expect(reports[1].status == .unreachable)
        two.setHook { _, _ in }
        try expectWhole(three, snapshots: 1)
    }

    @Test func aSourceThatFallsSilentIsNoDamage() throws {
        let one = FaultySite(try sample.memorySite("one"))
        let two = try sample.memorySite("two")
        try sample.take(files(1), at: [one])
        let source = try sample.open(one)
        one.setHook { act, key in if act == .read, key.hasPrefix("packs/") { throw Failure(.unreachable, .system("reach", "test")) } }
        let report = Replicator(
            sources: [source], keys: sample.catalogueKeys, signer: sample.maintain, scratch: sample.scratch, inventory: try .passing()
        )
        .level(try sample.open(two))
        #expect(report.status == .unreachable && report.skipped.allSatisfy { $0.failure.kind == .unreachable })
    }

    /// Two level sites, the second of which then loses a pack and a manifest, and has a damaged pack.
    private func levelAndHarm() throws -> (one: MemorySite, two: MemorySite, packs: [PackKey], manifest: String) {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        try sample.take(files(1), at: [one])
        _ = try replicator([one]).level(sample.open(two))
        let packs = try two.keys("packs/").compactMap { PackKey(key: $0) }
        try two.delete(packs[0].key)
        try two.tamper(packs[1].key) { $0[4000] ^= 8 }
        let manifest = try #require(try two.keys("snapshots/").first)
        try two.delete(manifest)
        return (one, two, packs, manifest)
    }

    @Test func lostPacksAreBroughtBack() throws {
        let (one, two, packs, manifest) = try levelAndHarm()
        let report = try replicator([one]).repair(
            sample.open(two), packs: [packs[0], packs[1]], snapshots: [try #require(ShortID(hex: manifest.dropFirst(10).prefix(32)))])
        #expect(report.isLevel && report.packs == 2 && report.records == 1)
        let digests = try two.keys("packs/").compactMap { PackKey(key: $0) }.filter { !packs.contains($0) }.map(\.digest)
        #expect(Set(digests) == [packs[0].digest, packs[1].digest])
        try two.delete(packs[1].key)
        try expectWhole(two, snapshots: 1)
    }

    @Test func levellingRepairsWhatATargetLost() throws {
        let (one, two, packs, _) = try levelAndHarm()
        let sites = [try sample.open(one), try sample.open(two)]
        let reports = Levelling.run(
            sites, targets: ["two"], keys: sample.catalogueKeys, signer: sample.maintain, scratch: sample.scratch, inventory: try .passing(),
            bad: ["two": [packs[1]]])
        #expect(reports.map(\.isLevel) == [true] && reports[0].packs == 2 && reports[0].records == 1)
        try two.delete(packs[1].key)
        try expectWhole(two, snapshots: 1)
    }

    @Test func aLostSegmentIsListedAgain() throws {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        try sample.take(files(1), at: [one, two])
        try two.delete(try #require(try two.keys("index/").first))
        let packs = try two.keys("packs/")
        let reports = Levelling.run(
            [try sample.open(one), try sample.open(two)], targets: ["two"], keys: sample.catalogueKeys, signer: sample.maintain,
            scratch: sample.scratch, inventory: try .passing())
        #expect(reports.map(\.isLevel) == [true] && reports[0].packs == 0 && reports[0].records == packs.count)
        #expect(try two.keys("packs/") == packs)
        let index = try sample.open(two).index(sample.domain.domain)
        #expect(Set(index.packs.map(\.key.key)) == Set(packs) && index.packs.allSatisfy { $0.writer == sample.node.id })
        try expectWhole(two, snapshots: 1)
    }

    @Test func whatADecisionMayDeleteIsNotListedAgain() throws {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        try sample.take(files(1), at: [one, two])
        try two.delete(try #require(try two.keys("index/").first))
        let (packs, commits) = (try two.keys("packs/").compactMap { PackKey(key: $0) }, try two.keys("commits/").compactMap { CommitKey(key: $0) })
        let record = DecidedRecord(
            generation: 1, site: sample.siteIDs["two"]!, created: .now(), names: true, doomed: packs, commits: commits, segments: [])
        try two.create(DecidedRecord.key(1), try Statement.sign(.decided, tenant: sample.tenant, body: record.body, by: sample.maintain))
        #expect(try sample.open(two).unlisted(sample.domain.domain) == nil)
        let reports = Levelling.run(
            [try sample.open(one), try sample.open(two)], targets: ["two"], keys: sample.catalogueKeys, signer: sample.maintain,
            scratch: sample.scratch, inventory: try .passing())
        #expect(reports[0].records == 0)
        let index = try sample.open(two).index(sample.domain.domain)
        #expect(index.packs.allSatisfy { !packs.contains($0.key) })
    }

    @Test func blobsAreBroughtBackFromOtherPacks() throws {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        // The same content, packed by two runs: no pack is the same.
        try sample.take(files(1), at: [one])
        try sample.take(files(1), at: [two])
        let lost = try #require(try two.keys("packs/").compactMap { PackKey(key: $0) }.first)
        try two.delete(lost.key)
        let report = try replicator([one]).repair(sample.open(two), packs: [lost])
        #expect(report.isLevel && report.packs >= 1)
        try expectWhole(two, snapshots: 1)
    }

    @Test func whatIsNowhereIsNamed() throws {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        try sample.take(files(1), at: [one, two])
        let lost = try #require(try two.keys("packs/").compactMap { PackKey(key: $0) }.first)
        try two.delete(lost.key)
        try one.delete(try #require(try one.keys("packs/").first { $0.contains(lost.digest.hex) }))
        let report = try replicator([one]).repair(sample.open(two), packs: [lost])
        #expect(report.unrepaired == [lost] && report.status == .damaged)
    }

    @Test func withoutTheCatalogueKeyNothingIsCopied() throws {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        try sample.take(files(1, count: 1), at: [one])
        let keys = KeyRing(tenant: sample.tenant)
        let replicator = Replicator(
            sources: [try sample.open(one)], keys: keys, signer: sample.maintain, scratch: sample.scratch, inventory: try .passing())
        let report = replicator.level(try sample.open(two))
        #expect(report.status == .key && report.snapshots.isEmpty)
        #expect(try two.keys("packs/").isEmpty)
    }
}
