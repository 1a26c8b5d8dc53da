import Base
import Codec
import Keys
import Repository
import Sites
import Testing

@testable import Verification

@Suite struct CounterGapsTests {
    let sample: SampleTenant
    let sites: [MemorySite]
    let taken: [ShortID]

    /// Four snapshots at two sites.
    init() throws {
        sample = try SampleTenant(hasRecipient: false)
        sites = try [sample.memorySite("one"), sample.memorySite("two")]
        var taken: [ShortID] = []
        for seed in 0..<4 {
            taken.append(try sample.take([.init(name: "f", content: noise(100, seed: UInt64(seed)))], at: sites).snapshot)
        }
        self.taken = taken
    }

    private func check(absent: [String] = []) throws -> (findings: [Finding], notes: [Message]) {
        try CounterGaps.check(sites.map { try sample.open($0) }, absent: absent, keys: sample.catalogueKeys)
    }

    private func remove(_ number: Int, manifest: Bool = true, from sites: [MemorySite]) throws {
        for site in sites {
            for key in try site.keys("commits/") where key.contains(taken[number].hex) { try site.delete(key) }
            if manifest { for key in try site.keys("snapshots/") where key.contains(taken[number].hex) { try site.delete(key) } }
        }
    }

    private func forget(_ numbers: [Int]) throws {
        let dropped = try numbers.map { number in
            let key = try #require(try sites[0].keys("snapshots/").first { $0.contains(taken[number].hex) })
            let bytes = try sites[0].read(key, limit: 2 << 20)
            return ForgetRecord.Dropped(snapshot: taken[number], manifest: sha256(bytes), reason: 1)
        }
        let record = ForgetRecord(number: 0, previous: .zero, created: .now(), dropped: dropped)
        // One site is enough to explain it.
        try sites[0].create(ForgetRecord.key(0), Statement.sign(.forget, tenant: sample.tenant, body: record.body, by: sample.maintain))
    }

    @Test func nothingIsMissing() throws { #expect(try check().findings.isEmpty) }

    @Test func aSnapshotGoneFromAllSitesIsTampering() throws {
        try remove(1, from: sites)
        let findings = try check().findings
        #expect(findings.map(\.kind) == [.tampering])
        #expect(findings[0].detail.message.english.contains("snapshots 2 "))
    }

    @Test func severalInARowAreNamed() throws {
        try remove(0, from: sites)
        try remove(1, from: sites)
        try remove(2, from: sites)
        #expect(try check().findings[0].detail.message.english.contains("snapshots 1-3 "))
    }

    @Test func aCommitTakenAwayShowsThoughTheManifestIsThere() throws {
        try remove(2, manifest: false, from: sites)
        #expect(try check().findings.map(\.kind) == [.tampering])
    }

    @Test func oneSiteThatStillHasItIsEnough() throws {
        try remove(1, from: [sites[0]])
        #expect(try check().findings.isEmpty)
    }

    @Test(arguments: [[1], [1, 2], [0, 1, 2]]) func aForgetRecordExplainsIt(_ numbers: [Int]) throws {
        try forget(numbers)
        for number in numbers { try remove(number, from: sites) }
        #expect(try check().findings.isEmpty)
    }

    @Test func aRecordExplainsNoMoreThanItNames() throws {
        try forget([1])
        try remove(1, from: sites)
        try remove(2, from: sites)
        #expect(try check().findings.map(\.kind) == [.tampering])
    }

    @Test func whileASiteIsAbsentItIsANote() throws {
        try remove(1, from: sites)
        let result = try check(absent: ["three"])
        #expect(result.findings.isEmpty && result.notes.map(\.code) == ["verify.gaps-not-judged"])
    }

    @Test func aRunThatDiedBeforeItsCommitIsNoGap() throws {
        // The last manifest: nobody has named it yet.
        try remove(3, manifest: false, from: sites)
        #expect(try check().findings.isEmpty)
    }
}
