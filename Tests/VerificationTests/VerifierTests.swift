import Base
import Codec
import Glibc
import Keys
import Replication
import Repository
import Sites
import Testing

@testable import Verification

@Suite struct VerifierTests {
    let sample: SampleTenant
    let site: MemorySite

    init() throws {
        sample = try SampleTenant(hasRecipient: false)
        site = try sample.memorySite("one")
    }

    private func files(_ seed: UInt64, count: Int = 3) -> [SampleTenant.File] {
        (0..<count).map { SampleTenant.File(name: "file-\($0)", content: noise(200 << 10, seed: seed &+ UInt64($0))) }
    }

    private func verify(
        _ site: (any Site)? = nil, keys: KeyRing?, opens: Bool = false, selection: ScrubSelection = .all, state: ScrubState? = nil
    ) throws -> VerificationReport {
        let open = try sample.open(site ?? self.site, keys: keys ?? KeyRing(tenant: sample.tenant))
        var options = VerificationOptions()
        options.selection = selection
        options.opens = opens
        return try Verifier(open, keys: keys, state: state ?? ScrubState(nil, site: open.repository.id), options: options).run()
    }

    private func packKey(_ digest: Digest) throws -> String { try #require(try site.keys("packs/").first { $0.contains(digest.hex) }) }

    @Test func aWholeSiteHasNothingToReport() throws {
        let taken = try sample.take(files(1) + [.init(name: "long", content: noise(50_000, seed: 9), chunk: 500)], at: [site])
        try sample.take(files(2), at: [site])
        let report = try verify(keys: sample.restoreKeys, opens: true)
        #expect(report.findings.isEmpty && report.unchecked.isEmpty && report.notes.isEmpty && report.status == .done)
        #expect(report.snapshots == 2 && report.packs >= taken.packs.count && report.packsRead == report.packs)
        #expect(report.bytesRead == report.packBytes && report.blobsOpened >= report.blobs && report.blobs > 100)
        #expect(report.coverage.share == 1 && report.coverage.never == 0)
    }

    enum Harm: CaseIterable {
        case flipFirst, flipMiddle, flipLast, truncate, empty, delete, zero, append, swap
    }

    private func harm(_ harm: Harm, _ key: String, other: String) throws {
        switch harm {
        case .flipFirst: try site.tamper(key) { $0[0] ^= 1 }
        case .flipMiddle: try site.tamper(key) { $0[$0.count / 2] ^= 0x10 }
        case .flipLast: try site.tamper(key) { $0[$0.count - 1] ^= 0x80 }
        case .truncate: try site.tamper(key) { $0.removeLast(1000) }
        case .empty: try site.tamper(key) { $0 = [] }
        case .delete: try site.delete(key)
        case .zero: try site.tamper(key) { $0 = [UInt8](repeating: 0, count: $0.count) }
        case .append: try site.tamper(key) { $0.append(0) }
        case .swap:
            let bytes = try site.read(other, limit: 128 << 20)
            try site.tamper(key) { $0 = bytes }
        }
    }

    @Test(arguments: Harm.allCases) func harmToAPackIsFoundWithWhatSuffers(_ harm: Harm) throws {
        let hurt = try sample.take(files(1), at: [site])
        try sample.take(files(50), at: [site])
        let key = try packKey(hurt.packs[0].digest)
        try self.harm(harm, key, other: packKey(hurt.packs[1].digest))
        let report = try verify(keys: sample.restoreKeys)
        #expect(report.status == .damaged && report.unchecked.isEmpty)
        let finding = try #require(report.findings.first)
        #expect(report.findings.count == 1 && finding.object == key)
        #expect(finding.kind == (harm == .delete ? .missing : .damaged))
        #expect(finding.snapshots == [hurt.snapshot])
        #expect(finding.paths.contains(Array("/file-0".utf8)) && finding.pathCount == finding.paths.count)
        #expect(report.packsToRepair == [try #require(PackKey(key: key))])
    }

    @Test(arguments: Harm.allCases) func withTheCatalogueKeyThePathsAreNotNamed(_ harm: Harm) throws {
        let hurt = try sample.take(files(1), at: [site])
        let key = try packKey(hurt.packs[0].digest)
        try self.harm(harm, key, other: packKey(hurt.packs[1].digest))
        let report = try verify(keys: sample.catalogueKeys)
        #expect(report.findings.map(\.object) == [key] && report.findings[0].snapshots == [hurt.snapshot] && report.findings[0].paths.isEmpty)
        #expect(report.notes.map(\.code) == ["verify.paths-not-known"])
    }

    @Test(arguments: Harm.allCases) func withoutAnyKeyHashesTell(_ harm: Harm) throws {
        let hurt = try sample.take(files(1), at: [site])
        let key = try packKey(hurt.packs[0].digest)
        try self.harm(harm, key, other: packKey(hurt.packs[1].digest))
        let report = try verify(keys: nil)
        #expect(report.notes.map(\.code) == ["verify.presence-not-checked"])
        // What is gone can only be missed by who knows that it should be there.
        #expect(report.findings.map(\.object) == (harm == .delete ? [] : [key]))
    }

    @Test func theRootPagesPackTakesEverythingWithIt() throws {
        let hurt = try sample.take(files(1), at: [site])
        try site.delete(packKey(hurt.packs.last!.digest))
        let report = try verify(keys: sample.restoreKeys)
        #expect(report.findings.count == 1 && report.findings[0].snapshots == [hurt.snapshot])
        #expect(report.findings[0].paths == [Array("/".utf8)])
    }

    @Test func presenceAloneFindsWhatIsMissingOrSwapped() throws {
        let hurt = try sample.take(files(1), at: [site])
        let keys = try hurt.packs.prefix(2).map { try packKey($0.digest) }
        try harm(.swap, keys[0], other: keys[1])
        let report = try verify(keys: sample.catalogueKeys, selection: .none)
        #expect(report.packsRead == 0 && report.findings.map(\.object) == [keys[0]] && report.findings[0].snapshots == [hurt.snapshot])
    }

    @Test func aForeignTenantsPackIsNamedAsSuch() throws {
        try sample.take(files(1), at: [site])
        let other = try SampleTenant(hasRecipient: false)
        let foreign = try other.memorySite("two")
        try other.take(files(2), at: [foreign])
        let key = try #require(try foreign.keys("packs/").first)
        try site.create(key, foreign.read(key, limit: 128 << 20))
        let segment = try #require(try foreign.keys("index/").first)
        try site.create(segment, foreign.read(segment, limit: 64 << 20))
        let report = try verify(keys: sample.restoreKeys, opens: true)
        #expect(Set(report.findings.map(\.object)) == [key, segment])
        #expect(report.findings.allSatisfy { $0.kind == .foreign } && report.status == .damaged)
    }

    @Test func aNameThatIsNoneIsVoid() throws {
        try sample.take(files(1, count: 1), at: [site])
        try site.create("packs/00/readme", [1])
        let report = try verify(keys: nil)
        #expect(report.findings.map(\.object) == ["packs/00/readme"])
    }

    @Test func everySmallObjectIsChecked() throws {
        try sample.take(files(1, count: 1), at: [site])
        let wrap = try KeyWrap(sample.bundle, tenant: sample.tenant, epoch: 1, for: sample.bundle.epochs[1]!.publicKey)
        try site.create("keys/0000000001/\(wrap.recipient.hex).00", wrap.encoded)
        #expect(try verify(keys: nil).findings.isEmpty)
        for folder in ["sessions/", "commits/", "snapshots/", "index/", "keys/"] {
            let key = try #require(try site.keys(folder).first)
            let whole = try site.read(key, limit: 1 << 20)
            for at in [0, whole.count / 2, whole.count - 1] {
                try site.tamper(key) { $0[at] ^= 4 }
                let report = try verify(keys: nil)
                #expect(report.findings.map(\.object) == [key] && report.findings[0].kind == .damaged, "\(key) \(at)")
                try site.tamper(key) { $0 = whole }
            }
        }
    }

    @Test func whatAStrangerSignedIsVoid() throws {
        try sample.take(files(1, count: 1), at: [site])
        let record = CondemnedRecord(generation: 1, site: sample.siteIDs["one"]!, created: .now(), packs: [], marked: [])
        let bytes = try Statement.sign(.condemned, tenant: sample.tenant, body: record.body, by: .generate())
        try site.create(CondemnedRecord.key(1), bytes)
        let report = try verify(keys: sample.catalogueKeys)
        #expect(report.findings.map(\.kind) == [.void] && report.status == .partial)
    }

    @Test func aLostManifestNamesItsSnapshot() throws {
        let taken = try sample.take(files(1, count: 1), at: [site])
        try site.delete(try #require(try site.keys("snapshots/").first))
        let report = try verify(keys: sample.catalogueKeys)
        #expect(report.findings.map(\.snapshots) == [[taken.snapshot]] && report.manifestsToRepair == [taken.snapshot])
        #expect(report.status == .damaged)
    }

    @Test func aLostSegmentIsNamedAndItsBlobsAreStillFound() throws {
        try sample.take(files(1), at: [site])
        let segment = try #require(try site.keys("index/").first)
        try site.delete(segment)
        let report = try verify(keys: sample.restoreKeys, opens: true)
        #expect(report.findings.map(\.kind) == [.missing] && report.status == .damaged)
        #expect(report.findings.allSatisfy { segment.hasPrefix($0.object) && $0.snapshots.isEmpty })
    }

    @Test func aPackOfADeadSessionIsNoLostSegment() throws {
        let taken = try sample.take(files(1), at: [site])
        let dead = try WriterSession.begin(
            repository: sample.repository(site), snapshot: .random(), purpose: .backup, domain: sample.domain.domain, signer: sample.node)
        _ = try dead.store(pack: taken.packs[0])
        #expect(try verify(keys: sample.restoreKeys, opens: true).findings.isEmpty)
    }

    @Test func aMissingKeyWrapIsNamed() throws {
        let sample = try SampleTenant()
        let site = try sample.memorySite("one")
        let recipient = try #require(sample.bundle.epochs[1]).publicKey
        func findings() throws -> [Finding] {
            let open = try sample.open(site, keys: KeyRing(tenant: sample.tenant))
            return try Verifier(open, keys: nil, state: ScrubState(nil, site: open.repository.id)).run().findings
        }
        #expect(try findings().map(\.object) == ["keys/1/\(recipient.id.hex)"])
        let wrap = try KeyWrap(sample.bundle, tenant: sample.tenant, epoch: 1, for: recipient)
        try site.create("keys/1/\(recipient.id.hex).00", wrap.encoded)
        #expect(try findings().isEmpty)
    }

    @Test func silenceIsNoDamage() throws {
        try sample.take(files(1), at: [site])
        let faulty = FaultySite(site)
        let open = try sample.open(faulty)
        faulty.setHook { act, key in if act == .read, key.hasPrefix("packs/") { throw Failure(.unreachable, .system("reach", "test")) } }
        let report = try Verifier(open, keys: sample.catalogueKeys, state: ScrubState(nil, site: open.repository.id)).run()
        #expect(report.findings.isEmpty && report.status == .unreachable && report.coverage.verified == 0)
    }

    @Test func wrongBytesOnceAreTheWaysFault() throws {
        try sample.take(files(1), at: [site])
        let faulty = FaultySite(site)
        let seen = Monitor<Set<String>>([])
        faulty.setGarble { key in key.hasPrefix("packs/") && seen.look { $0.insert(key).inserted } }
        let report = try verify(faulty, keys: nil)
        #expect(report.findings.isEmpty && report.status == .unreachable)
        #expect(report.unchecked.allSatisfy { $0.message.code == "verify.reads-differ" } && report.unchecked.count == report.packs)
    }

    @Test func openingWithoutTheKeyIsRefused() throws {
        try sample.take(files(1, count: 1), at: [site])
        #expect { _ = try verify(keys: sample.catalogueKeys, opens: true) } throws: { ($0 as? Failure)?.kind == .key }
    }

    @Test func whatAnotherSiteStillHasIsBroughtBack() throws {
        let two = try sample.memorySite("two")
        let taken = try sample.take(files(1), at: [site, two])
        try site.tamper(packKey(taken.packs[0].digest)) { $0[300] ^= 1 }
        try site.delete(packKey(taken.packs[1].digest))
        try site.delete(try #require(try site.keys("snapshots/").first))
        let found = try verify(keys: sample.catalogueKeys)
        #expect(found.packsToRepair.count == 1 && found.manifestsToRepair.count == 1)
        let replicator = Replicator(
            sources: [try sample.open(two)], keys: sample.catalogueKeys, signer: sample.maintain, scratch: sample.scratch, inventory: try .passing())
        var repaired = replicator.repair(try sample.open(site), packs: found.packsToRepair, snapshots: found.manifestsToRepair)
        #expect(repaired.isLevel && repaired.packs == 1)
        // The manifest's return shows what else the snapshot lacks.
        let again = try verify(keys: sample.catalogueKeys)
        #expect(again.packsToRepair.count == 1)
        repaired = replicator.repair(try sample.open(site), packs: again.packsToRepair)
        #expect(repaired.isLevel && repaired.packs == 1)
        let last = try verify(keys: sample.restoreKeys, opens: true)
        #expect(last.status == .done && last.findings.count == 1 && last.findings[0].isHealed)
    }
}
