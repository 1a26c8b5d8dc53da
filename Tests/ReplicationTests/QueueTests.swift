import Base
import Codec
import Glibc
import Keys
import Repository
import Sites
import TestSupport
import Testing

@testable import Replication

/// What is remembered between runs of what each site has and lacks.
@Suite struct QueueTests {
    let sample: SampleTenant
    let folder: TemporaryFolder

    init() throws { (sample, folder) = (try SampleTenant(), try TemporaryFolder()) }

    private var path: String { folder.path + "/replication.sqlite" }

    private func run(_ sites: [any Site], _ inventory: Inventory, targets: Set<String>? = nil) throws -> [ReplicationReport] {
        Levelling.run(
            try sites.map { try sample.open($0) }, targets: targets, keys: sample.catalogueKeys, signer: sample.maintain, scratch: sample.scratch,
            inventory: inventory)
    }

    private func files(_ seed: UInt64) -> [SampleTenant.File] {
        (0..<3).map { .init(name: "f\($0)", content: noise(200 << 10, seed: seed + UInt64($0))) }
    }

    /// Counts lists of packs.
    private func counting(_ site: any Site) -> (HookedSite, Monitor<Int>) {
        let lists = Monitor(0)
        return (HookedSite(site) { act in if case .list("packs/") = act { lists.look { $0 += 1 } } }, lists)
    }

    private func names(_ store: ReplicationStore, _ site: ShortID) throws -> Set<String> {
        var names: Set<String> = []
        try store.forEachPack(at: site) { pack, _ in names.insert(pack.key) }
        return names
    }

    @Test func anInventoryIsWhatTheSiteLists() throws {
        let one = try sample.memorySite("one")
        try sample.take(files(1), at: [one])
        let open = try sample.open(one)
        let store = try ReplicationStore(path: path)
        #expect(try store.inventory(open.repository.id) == nil)
        try store.reconcile(open.repository, generation: 0, now: 1000)
        let listed = try one.keys("packs/")
        #expect(try names(store, open.repository.id) == Set(listed))
        let mark = try #require(try store.inventory(open.repository.id))
        #expect(mark.time == 1000 && mark.packs == listed.count && mark.generation == 0)
        // What is gone at the site is gone in the next one, what is new is in it.
        try one.delete(listed[0])
        try sample.take(files(50), at: [one])
        try store.reconcile(open.repository, generation: 3, now: 2000)
        #expect(try names(store, open.repository.id) == Set(try one.keys("packs/")))
        #expect(try store.inventory(open.repository.id)?.generation == 3)
    }

    @Test func aListThatFailsTakesNothingAway() throws {
        let one = try sample.memorySite("one")
        try sample.take(files(1), at: [one])
        let open = try sample.open(one)
        let store = try ReplicationStore(path: path)
        try store.reconcile(open.repository, generation: 0, now: 1000)
        let before = try names(store, open.repository.id)
        let seen = Monitor(0)
        let failing = HalfListedSite(one) {
            seen.look { $0 += 1 }
            throw Failure(.unreachable, .objectMissing)
        }
        #expect(try failureKind { try store.reconcile(sample.repository(failing), generation: 1, now: 2000) } == .unreachable)
        #expect(seen.look { $0 } == 1)
        #expect(try names(store, open.repository.id) == before)
        #expect(try store.inventory(open.repository.id)?.time == 1000)
    }

    @Test func aSecondProcessSeesWhatTheFirstNoted() throws {
        let (first, second) = (try ReplicationStore(path: path), try ReplicationStore(path: path))
        let (site, pack) = (ShortID.random(), PackKey(digest: sha256([1]), session: SessionID(generation: 7, random: .random()), attempt: 3))
        let snapshot = Lack.Object.snapshot(.random(), manifest: sha256([2]))
        try first.note([.pack(pack)], .damaged, at: site, now: 10)
        try second.note([snapshot], .absent, at: site, now: 5)
        try second.fail(.pack(pack), Failure(.unreachable, .storeKeepsFailing), at: site, now: 20)
        let lacks = try first.lacks(site)
        #expect(lacks.map(\.object) == [snapshot, .pack(pack)] && lacks.map(\.reason) == [.absent, .damaged] && lacks.map(\.since) == [5, 10])
        #expect(lacks[1].attempts == 1 && lacks[1].tried == 20 && lacks[1].failure?.isEmpty == false)
        // The first note keeps its time and reason.
        try first.note([snapshot, .pack(pack)], .missing, at: site, now: 100)
        #expect(try second.lacks(site).map(\.since) == [5, 10] && second.lacks(site).map(\.reason) == [.absent, .damaged])
        try second.clear([snapshot], at: site)
        #expect(try first.lacks(site).map(\.object) == [.pack(pack)] && first.lacks(.random()).isEmpty)
    }

    @Test func manyMayOpenItForTheFirstTimeAtOnce() throws {
        for round in 0..<8 {
            let path = folder.path + "/first-\(round).sqlite"
            try Threads.run("open", count: 8) { _ in
                let store = try ReplicationStore(path: path)
                try store.note([.pack(PackKey(digest: sha256([1]), session: SessionID(generation: 0, random: .random())))], .missing, at: .random())
            }
        }
    }

    @Test func aFileThatIsNoDatabaseIsPutAside() throws {
        try Files.create(path, Array("not a database, but long enough to be looked at as one: ".utf8) + [UInt8](repeating: 7, count: 4096))
        let store = try ReplicationStore(path: path)
        #expect(try store.lacks(.random()).isEmpty)
        #expect(try Files.read(path + ".damaged") != nil)
    }

    @Test func aLargeSiteIsNotListedInEachRun() throws {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        let (first, firstLists) = counting(one)
        let (second, secondLists) = counting(two)
        let store = try ReplicationStore(path: path)
        func large() -> Inventory { Inventory(store, smallSite: 0) }
        try sample.take(files(1), at: [one])
        #expect(try run([first, second], large()).allSatisfy(\.isLevel))
        let (a, b) = (firstLists.look { $0 }, secondLists.look { $0 })
        #expect(a > 0 && b > 0)
        // New packs at one site are learnt from its index and copied, without a list.
        for round in 1...3 {
            try sample.take(files(UInt64(round * 100)), at: [one])
            let reports = try run([first, second], large())
            #expect(reports.allSatisfy(\.isLevel) && reports[1].snapshots.count == 1 && reports[1].packs > 0)
        }
        #expect(firstLists.look { $0 } == a && secondLists.look { $0 } == b)
        #expect(try sample.open(two).commits.count == 4)
        let index = try sample.open(two).index(sample.domain.domain)
        #expect(Set(index.packs.map(\.key.key)).isSubset(of: try names(store, sample.open(two).repository.id)))
        // A small one is, and on demand a large one.
        _ = try run([first, second], Inventory(store))
        #expect(firstLists.look { $0 } > a)
        let c = firstLists.look { $0 }
        _ = try run([first, second], Inventory(store, isForced: true, smallSite: 0))
        #expect(firstLists.look { $0 } > c)
    }

    @Test func anOldListOrOneOfAnotherGenerationDoesNotHold() throws {
        let one = try sample.memorySite("one")
        let (counted, lists) = counting(one)
        let store = try ReplicationStore(path: path)
        let repository = try sample.repository(counted)
        func listings(_ generation: UInt32, at now: Int64, open: CondemnedRecord? = nil) throws -> Int {
            let before = lists.look { $0 }
            let coordination = Coordination(generation: generation, open: open, decision: nil)
            try Inventory(store, smallSite: -1).bringLevel(repository, coordination, now: now)
            return lists.look { $0 } - before
        }
        #expect(try listings(0, at: 1000) == 1)
        #expect(try listings(0, at: 1001) == 0 && listings(0, at: 1000 + 86_399) == 0)
        #expect(try listings(0, at: 1000 + 86_400) == 1)
        // A clock that went back proves nothing.
        #expect(try listings(0, at: 500) == 1)
        #expect(try listings(1, at: 501) == 1 && listings(1, at: 502) == 0)
        let record = CondemnedRecord(generation: 2, site: repository.id, created: .now(), packs: [], marked: [])
        #expect(try listings(2, at: 503, open: record) == 1 && listings(2, at: 504, open: record) == 1)
    }

    @Test func whatASiteLacksIsNotedUntilItHasIt() throws {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        let taken = try sample.take(files(1), at: [one])
        let store = try ReplicationStore(path: path)
        let site = try sample.open(two).repository.id
        // The target takes its records and no pack.
        let full = HookedSite(two) { act in
            if case .create(let key) = act, key.hasPrefix("packs/") { throw Failure(.noSpace, .noSpace) }
        }
        #expect(try run([one, full], Inventory(store), targets: ["two"])[0].stopped?.kind == .noSpace)
        let lack = try #require(try store.lacks(site).first)
        guard case .snapshot(let id, _) = lack.object else { throw Failure(.failed, .objectMissing) }
        #expect(id == taken.snapshot && lack.reason == .new)
        #expect(try run([one, two], Inventory(store), targets: ["two"])[0].isLevel)
        #expect(try store.lacks(site).isEmpty)
    }

    @Test func lostPacksAreNotedAndBroughtBack() throws {
        let (one, two) = (try sample.memorySite("one"), try sample.memorySite("two"))
        try sample.take(files(1), at: [one, two])
        let store = try ReplicationStore(path: path)
        #expect(try run([one, two], Inventory(store)).allSatisfy(\.isLevel))
        let site = try sample.open(two).repository.id
        let gone = try #require(try two.keys("packs/").first)
        try two.delete(gone)
        // While the other site does not answer, the lack stays.
        let silent = HookedSite(one) { act in
            if case .read(let key) = act, key.hasPrefix("packs/") { throw Failure(.unreachable, .objectMissing) }
        }
        _ = try run([silent, two], Inventory(store), targets: ["two"])
        #expect(try store.lacks(site).map(\.object) == [.pack(try #require(PackKey(key: gone)))])
        #expect(try store.lacks(site).map(\.reason) == [.missing])
        #expect(try run([one, two], Inventory(store), targets: ["two"])[0].isLevel)
        #expect(try store.lacks(site).isEmpty)
        let hash = try #require(PackKey(key: gone)).digest
        #expect(try two.keys("packs/").contains { PackKey(key: $0)?.digest == hash })
    }

    @Test func aMillionNamesStayOnDisk() throws {
        let store = try ReplicationStore(path: path)
        let inventory = Inventory(store)
        let one = try sample.memorySite("one")
        let large = CrowdedSite(one, count: 1_000_000)
        let repository = try sample.repository(large)
        let before = try residentBytes()
        try inventory.bringLevel(repository, Coordination(generation: 0, open: nil, decision: nil))
        #expect(try store.inventory(repository.id)?.packs == 1_000_000)
        #expect(large.lists.look { $0 } == 1)
        let later = Inventory(store)
        try later.bringLevel(repository, Coordination(generation: 0, open: nil, decision: nil))
        let index = try sample.open(one).index(sample.domain.domain)
        try later.mark(index, at: repository)
        try store.settle(snapshots: (0..<1000).map { .snapshot(.random(), manifest: sha256([UInt8($0 % 256)])) }, at: repository.id)
        #expect(try store.lacks(repository.id).count == 1000)
        #expect(large.lists.look { $0 } == 1, "a second run lists nothing")
        #expect(try peakBytes() - before < 256 << 20)
    }
}

private func statusBytes(_ field: String) throws -> Int {
    let lines = String(decoding: try Files.read("/proc/self/status") ?? [], as: UTF8.self).split(separator: "\n")
    let line = try #require(lines.first { $0.hasPrefix(field) })
    return try #require(Int(line.split(whereSeparator: { $0 == " " || $0 == "\t" })[1])) << 10
}

private func residentBytes() throws -> Int {
    // The peak counts from here on.
    try? Files.replace("/proc/self/clear_refs", Array("5".utf8))
    return try statusBytes("VmRSS:")
}

private func peakBytes() throws -> Int { try statusBytes("VmHWM:") }

/// A site with a million packs that are names only.
private final class CrowdedSite: Site {
    let name: String
    let lists = Monitor(0)
    private let base: any Site
    private let count: Int

    init(_ base: any Site, count: Int) { (name, self.base, self.count) = (base.name, base, count) }

    func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws {
        guard prefix == "packs/" else { return try base.list(prefix, body) }
        lists.look { $0 += 1 }
        let session = SessionID(generation: 0, random: ShortID([UInt8](repeating: 1, count: 16))!)
        for i in 0..<count {
            let digest = Digest(a: UInt64(i) << 40, b: UInt64(i), c: 0, d: 0)
            try body(ObjectInfo(key: PackKey(digest: digest, session: session).key, size: 16 << 20))
        }
    }

    func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws { try base.create(key, bytes) }
    func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws { try base.read(key, at: offset, into: into) }
    func size(_ key: String) throws -> Int { try base.size(key) }
    func delete(_ key: String) throws { try base.delete(key) }
    func freeSpace() throws -> UInt64? { try base.freeSpace() }
}

/// A site whose list of packs ends in a failure after the first.
private final class HalfListedSite: Site {
    let name: String
    private let base: any Site
    private let fail: @Sendable () throws -> Void

    init(_ base: any Site, _ fail: @escaping @Sendable () throws -> Void) { (name, self.base, self.fail) = (base.name, base, fail) }

    func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws {
        guard prefix == "packs/" else { return try base.list(prefix, body) }
        var count = 0
        try base.list(prefix) { object in
            if count == 1 { try fail() }
            count += 1
            try body(object)
        }
    }

    func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws { try base.create(key, bytes) }
    func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws { try base.read(key, at: offset, into: into) }
    func size(_ key: String) throws -> Int { try base.size(key) }
    func delete(_ key: String) throws { try base.delete(key) }
    func freeSpace() throws -> UInt64? { try base.freeSpace() }
}
