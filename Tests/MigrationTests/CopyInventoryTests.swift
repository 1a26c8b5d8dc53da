import Base
import Codec
import Glibc
import Keys
import Repository
import Sites
import Testing

@testable import Migration

@Suite struct CopyInventoryTests {
    let tenant: MovingTenant

    init() throws { tenant = try MovingTenant() }

    private func log(_ name: String, _ site: String) throws -> ReadingLog {
        try ReadingLog(path: tenant.folder + "/" + name, migration: .zero, site: tenant.siteIDs[site]!)
    }

    private func read(_ site: any Site, _ name: String = "log-\(hexString(randomBytes(4)))") throws -> SiteLeaves {
        try CopyInventory(tenant.open(site), log: log(name, site.name)).read()
    }

    private func level(_ from: any Site, _ to: any Site) throws {
        let copy = WholeCopy(
            keys: tenant.keys, signer: tenant.maintain, scratch: tenant.folder, options: .init(), isCancelled: { false }, progress: { _ in },
            erased: [],
            session: { _ in })
        let report = try copy.run(from: tenant.open(from), to: tenant.open(to))
        #expect(report.failures.isEmpty && report.replication.isLevel)
    }

    private func fill(_ site: any Site) throws {
        try tenant.take(1, at: [site])
        try tenant.take(2, at: [site])
        try tenant.attest(1, at: [site])
        try tenant.wrap(at: site)
        try tenant.leavePack(77, at: site)
    }

    @Test(arguments: ["memory", "file"]) func aCopyHasTheSameRoot(_ kind: String) throws {
        func site(_ name: String) throws -> any Site {
            kind == "memory" ? try tenant.memorySite(name) : try tenant.fileSite(name, place: tenant.folder + "/place-" + name)
        }
        let (a, b) = (try site("a"), try site("b"))
        try fill(a)
        #expect(try read(a).root != read(b).root)
        try level(a, b)
        let (from, to) = (try read(a), try read(b))
        #expect(from.root == to.root && from.leaves == to.leaves)
        let comparison = LeafComparison(from: from, to: to)
        #expect(comparison.agrees && comparison.extra == 0 && comparison.differences.isEmpty)
        // Two snapshots of three and a half packs each, one pack of nobody, and everything small.
        let names = from.leaves.map(\.name)
        for prefix in ["packs/", "commits/", "snapshots/", "descriptor/", "attested/", "keys/"] { #expect(names.contains { $0.hasPrefix(prefix) }) }
        #expect(!names.contains { $0.hasPrefix("index/") || $0.hasPrefix("sessions/") || $0 == "site" })
        #expect(from.problems.isEmpty && to.problems.isEmpty && from.snapshots.count == 2)
    }

    @Test func whatTheOtherSiteHasBesidesIsInNoRoot() throws {
        let (a, b) = (try tenant.memorySite("a"), try tenant.memorySite("b"))
        try fill(a)
        try tenant.take(9, at: [b])
        try level(a, b)
        let comparison = LeafComparison(from: try read(a), to: try read(b))
        #expect(comparison.agrees && comparison.extra > 2)
    }

    @Test func aFlippedByteChangesTheRootAndIsNamed() throws {
        let (a, b) = (try tenant.memorySite("a"), try tenant.memorySite("b"))
        try fill(a)
        try level(a, b)
        let pack = try #require(b.keys("packs/").first)
        try b.flip(pack)
        let (from, to) = (try read(a), try read(b))
        let comparison = LeafComparison(from: from, to: to)
        #expect(!comparison.agrees && comparison.fromRoot != comparison.toRoot)
        #expect(comparison.differences.map(\.name) == [Leaf.pack(PackKey(key: pack)!.digest)])
        guard case .changed(let old, let new) = try #require(comparison.differences.first) else { return #expect(Bool(false)) }
        #expect(old.content != new.content && old.size == new.size)
        #expect(to.problems.contains { $0.object?.contains(pack) == true })
    }

    @Test(arguments: ["attested/", "keys/", "snapshots/"]) func aFlippedByteOfASmallObjectIsNamed(_ folder: String) throws {
        let (a, b) = (try tenant.memorySite("a"), try tenant.memorySite("b"))
        try fill(a)
        try level(a, b)
        let key = try #require(b.keys(folder).first)
        try b.flip(key)
        let comparison = LeafComparison(from: try read(a), to: try read(b))
        #expect(!comparison.agrees && comparison.fromRoot != comparison.toRoot && comparison.differences.map(\.name) == [key])
    }

    @Test func whatIsMissingIsNamed() throws {
        let (a, b) = (try tenant.memorySite("a"), try tenant.memorySite("b"))
        try fill(a)
        try level(a, b)
        let late = try tenant.take(5, at: [a])
        let manifest = try #require(b.keys("snapshots/").first)
        try b.delete(manifest)
        let comparison = LeafComparison(from: try read(a), to: try read(b))
        #expect(comparison.lateSnapshots == [late] && !comparison.agrees)
        let missing = comparison.differences.compactMap { if case .missing(let leaf) = $0 { leaf.name } else { nil } }
        #expect(missing.contains(manifest) && missing.contains { $0.hasPrefix("commits/" + late.hex) })
        #expect(missing.count == comparison.differences.count)
    }

    @Test func damageAtTheSiteThatIsLeftIsToldApart() throws {
        let (a, b) = (try tenant.memorySite("a"), try tenant.memorySite("b"))
        try fill(a)
        try level(a, b)
        let pack = try #require(a.keys("packs/").first)
        try a.flip(pack)
        // The other site has it whole.
        let healed = LeafComparison(from: try read(a), to: try read(b))
        #expect(healed.agrees && healed.healed == 1)
        for key in try b.keys("packs/") where PackKey(key: key)!.digest == PackKey(key: pack)!.digest { try b.delete(key) }
        let lost = LeafComparison(from: try read(a), to: try read(b))
        #expect(!lost.agrees && lost.differences.map(\.name) == [Leaf.pack(PackKey(key: pack)!.digest)])
        guard case .damaged = try #require(lost.differences.first) else { return #expect(Bool(false)) }
    }

    @Test func aByteThatIsWrongOnceIsTheWaysFault() throws {
        let behind = try tenant.memorySite("a")
        try fill(behind)
        let (site, pack) = (ProxySite(behind), try #require(behind.keys("packs/").first))
        let times = Monitor(1)
        site.setGarble { key in
            times.look { times in
                guard key == pack, times > 0 else { return false }
                times -= 1
                return true
            }
        }
        let leaves = try read(site)
        #expect(try leaves.root == read(behind).root && leaves.problems.isEmpty)
        times.look { $0 = 2 }
        #expect(try read(site).problems.count == 1)
    }

    @Test func aPackOfAWriterAtWorkIsNotYetOfTheCopy() throws {
        let a = try tenant.memorySite("a")
        try fill(a)
        let before = try read(a)
        try tenant.leavePack(5, at: a, ended: false)
        let during = try read(a)
        #expect(during.root == before.root && during.sessions.count == 1 && during.found.count == before.found.count + 1)
    }

    @Test func aKilledReadingGoesOnAndGivesTheSameRoot() throws {
        let behind = try tenant.memorySite("a")
        for seed in 1...4 { try tenant.take(UInt64(seed), chunks: 9, at: [behind]) }
        let whole = try read(behind)
        let site = ProxySite(behind)
        var kills = 0
        let left = Monitor(0)
        site.setHook { act in
            guard case .read(let key) = act, key.hasPrefix("packs/") else { return }
            try left.look { left in
                left -= 1
                if left < 0 { throw Failure(.unreachable, .system("read", "test")) }
            }
        }
        // Packs are read once in all, whatever the number of deaths.
        var reads: [String] = []
        while true {
            left.look { $0 = 2 }
            do {
                let leaves = try read(site, "one")
                #expect(leaves.root == whole.root && leaves.leaves == whole.leaves)
                reads += site.takeReads()
                break
            } catch let failure as Failure where failure.kind == .unreachable {
                kills += 1
                reads += site.takeReads()
                #expect(kills < 100)
            }
        }
        #expect(kills >= 9)
        #expect(reads.sorted() == (try behind.keys("packs/")))
        // Nor are they read in a later reading; all are, once that is asked for.
        left.look { $0 = 1000 }
        #expect(try read(site, "one").root == whole.root && site.takeReads().isEmpty)
        try log("one", "a").clear()
        #expect(try read(site, "one").root == whole.root && site.takeReads().count == reads.count)
    }

    @Test func aLogThatWasCutOrSpoiltIsReadAsFarAsItIsWhole() throws {
        let path = tenant.folder + "/cut"
        func open() throws -> ReadingLog { try ReadingLog(path: path, migration: .zero, site: .zero) }
        let first = try open()
        for number in 0..<3 { try first.add("key-\(number)", size: number, sha256([UInt8(number)])) }
        try first.sync()
        var bytes = try #require(try Files.read(path))
        bytes[45] ^= 1
        try Files.replace(path, Array(bytes.dropLast(3)))
        let second = try open()
        #expect(second.count == 1 && second.content("key-1", size: 1) == sha256([1]))
        #expect(second.content("key-1", size: 2) == nil && second.content("key-2", size: 2) == nil)
        try second.add("key-2", size: 2, sha256([2]))
        try second.sync()
        #expect(try open().content("key-2", size: 2) == sha256([2]))
        #expect(throws: Failure.self) { try ReadingLog(path: path, migration: .random(), site: .zero) }
    }

    @Test func anObjectIsShownToBeInTheCopyByItsPathAlone() throws {
        let a = try tenant.memorySite("a")
        try fill(a)
        let leaves = try read(a)
        for name in leaves.leaves.map(\.name) {
            let proof = try #require(leaves.inclusion(of: name))
            #expect(MerkleTree.holds(proof.leaf.hash, at: proof.index, of: proof.count, path: proof.path, root: leaves.root))
        }
        #expect(leaves.inclusion(of: "packs/none") == nil)
    }
}
