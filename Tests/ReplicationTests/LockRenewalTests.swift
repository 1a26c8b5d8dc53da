import Base
import Codec
import Repository
import Sites
import TestSupport
import Testing

@testable import Replication

/// Locks of what snapshots need are renewed in time, and nothing else.
@Suite struct LockRenewalTests {
    let sample: SampleTenant

    init() throws { sample = try SampleTenant() }

    private let day: Int64 = 86_400

    private func run(_ site: LockingSite, _ inventory: Inventory, now: Int64, requests: Int = 10_000) throws -> LockRenewal.Report {
        try LockRenewal(sample.open(site), keys: sample.catalogueKeys, inventory: inventory, requestsPerDay: requests).run(now: now)
    }

    private func files(_ seed: UInt64) -> [SampleTenant.File] { [.init(name: "a", content: noise(300 << 10, seed: seed))] }

    @Test func whatIsNeededIsRenewedWhenHalfOfItsTimeIsOver() throws {
        let site = try LockingSite(try sample.memorySite("one"), period: 14 * day)
        try sample.take(files(1), at: [site])
        let start = Timestamp.now().seconds
        let inventory = try Inventory.passing()
        // New locks are young: nothing is due, their ends are now known.
        var report = try run(site, inventory, now: start)
        #expect(report.renewed == 0 && report.waiting == 0 && report.needed > 4 && report.lost == 0 && report.failures.isEmpty)
        #expect(abs((report.first ?? 0) - (start + 14 * day)) < 60)
        let asked = site.asked.look { $0 }
        report = try run(site, inventory, now: start + 6 * day)
        #expect(report.renewed == 0 && site.asked.look { $0 } == asked, "known ends are not asked for again")
        report = try run(site, inventory, now: start + 8 * day)
        #expect(report.renewed == report.needed && report.waiting == 0)
        let until = start + 22 * day
        for key in try site.keys("packs/") + site.keys("snapshots/") + site.keys("descriptor/") + ["site"] {
            #expect(try site.lockEnd(key)?.seconds == until)
        }
        for key in try site.keys("sessions/") + site.keys("commits/") { #expect(try site.lockEnd(key) == nil) }
    }

    @Test func aVandalOfSlotsLetsNoLockRunOut() throws {
        let site = try LockingSite(try sample.memorySite("one"), period: 14 * day)
        try sample.take(files(1), at: [site])
        for key in try site.keys("commits/") + site.keys("sessions/") { try site.delete(key) }
        let start = Timestamp.now().seconds
        _ = try run(site, try .passing(), now: start + 10 * day)
        for key in try site.keys("packs/") + site.keys("snapshots/") { #expect(try site.lockEnd(key)?.seconds == start + 24 * day) }
    }

    @Test func aSiteThatIsLeftForAProvenCopyIsNotRenewed() throws {
        let site = try LockingSite(try sample.memorySite("one"), period: 14 * day)
        try sample.take(files(1), at: [site])
        let (start, migration) = (Timestamp.now().seconds, ShortID.random())
        func record(_ number: UInt32, _ act: MigrationRecord.Act) throws {
            let record = MigrationRecord(
                migration: migration, number: number, act: act, from: sample.siteIDs["one"]!, to: sample.siteIDs["two"]!, fromName: "one",
                toName: "two", begun: .now(), created: .now())
            try site.create(record.key, try Statement.sign(.migration, tenant: sample.tenant, body: record.body, by: sample.maintain))
        }
        // It may yet be taken back.
        try record(1, .leaving)
        #expect(try run(site, try .passing(), now: start + 10 * day).renewed > 4)
        try record(2, .agreed)
        let report = try run(site, try .passing(), now: start + 20 * day)
        #expect(report.renewed == 0 && report.needed == 0)
        try record(3, .withdrawn)
        #expect(try run(site, try .passing(), now: start + 20 * day).renewed > 4)
    }

    @Test func whatNobodyNeedsIsNotRenewed() throws {
        let site = try LockingSite(try sample.memorySite("one"), period: 14 * day)
        try sample.take(files(1), at: [site])
        let before = Set(try site.keys("packs/"))
        let dropped = try sample.take(files(100), at: [site])
        let only = Set(try site.keys("packs/")).subtracting(before)
        try site.delete(try #require(try site.keys("snapshots/").first { $0.contains(dropped.snapshot.hex) }))
        let start = Timestamp.now().seconds
        _ = try run(site, try .passing(), now: start + 10 * day)
        for pack in before { #expect(try site.lockEnd(pack)?.seconds == start + 24 * day) }
        #expect(!only.isEmpty)
        for pack in only { #expect(try site.lockEnd(pack).map { $0.seconds < start + 15 * day } == true) }
    }

    @Test func requestsOfADayAreBounded() throws {
        let site = try LockingSite(try sample.memorySite("one"), period: 14 * day)
        for seed in 0..<4 { try sample.take(files(UInt64(seed * 50)), at: [site]) }
        let inventory = try Inventory.passing()
        let start = Timestamp.now().seconds + 10 * day
        var (days, total, needed) = (0, 0, 1)
        while total < needed, days < 100 {
            let (asked, set) = (site.asked.look { $0 }, site.set.look { $0 })
            // Twice the same day: the second run has nothing left to spend.
            let report = try run(site, inventory, now: start + Int64(days) * day, requests: 7)
            let again = try run(site, inventory, now: start + Int64(days) * day + 10, requests: 7)
            #expect(site.asked.look { $0 } + site.set.look { $0 } - asked - set <= 7)
            #expect(again.renewed == 0)
            (total, needed, days) = (total + report.renewed, report.needed, days + 1)
        }
        #expect(total >= needed && days > 2)
    }

    @Test func aSiteThatLocksNothingIsLeftAlone() throws {
        let site = try sample.memorySite("one")
        try sample.take(files(1), at: [site])
        let report = try LockRenewal(sample.open(site), keys: sample.catalogueKeys, inventory: .passing(), requestsPerDay: 1).run()
        #expect(report.needed == 0 && report.renewed == 0)
    }
}

/// A site whose objects are locked as an object store locks them.
private final class LockingSite: Site {
    let name: String
    let asked = Monitor(0)
    let set = Monitor(0)
    private let base: any Site
    private let period: Int64
    private let ends = Monitor<[String: Int64]>([:])

    init(_ base: any Site, period: Int64) throws {
        (name, self.base, self.period) = (base.name, base, period)
        let there = try base.keys("").filter(isLocked)
        ends.look { $0 = Dictionary(uniqueKeysWithValues: there.map { ($0, Timestamp.now().seconds + period) }) }
    }

    var lockPeriod: Int64? { period }

    private func isLocked(_ key: String) -> Bool { !["sessions/", "commits/", "condemned/", "decided/"].contains { key.hasPrefix($0) } }

    func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws {
        try base.create(key, bytes)
        if isLocked(key) { ends.look { $0[key] = Timestamp.now().seconds + period } }
    }

    func lockEnd(_ key: String) throws -> Timestamp? {
        asked.look { $0 += 1 }
        return ends.look { $0[key].map { Timestamp(seconds: $0) } }
    }

    func lock(_ key: String, until: Timestamp) throws {
        set.look { $0 += 1 }
        guard isLocked(key) else { throw Failure(.refused, .objectExists) }
        ends.look { $0[key] = max($0[key] ?? 0, until.seconds) }
    }

    func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws { try base.read(key, at: offset, into: into) }
    func size(_ key: String) throws -> Int { try base.size(key) }
    func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws { try base.list(prefix, body) }
    func delete(_ key: String) throws { try base.delete(key) }
    func freeSpace() throws -> UInt64? { nil }
}
