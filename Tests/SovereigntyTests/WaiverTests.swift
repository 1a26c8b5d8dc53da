import Base
import Sovereignty
import Testing

/// A waiver allows until a day, then writes stop by themselves (S2: EMC2, three years).
@Suite struct WaiverTests {
    /// A site that breaks 19.6.c: an S3NS-like one.
    static func sample(_ waiver: [String: String]?) -> Sample {
        var sample = Sample()
        var technology = SiteFacts.Technology(supplier: "Google")
        (technology.country, technology.canReachData, technology.autonomy) = (Country("US"), true, .own)
        sample.site.technology = [technology]
        sample.waivers = [waiver].compactMap { $0 }
        return sample
    }

    static func result(_ waiver: [String: String]?, on text: String = "2026-11-27", _ rule: String = "tech.reach") throws -> RuleResult {
        try #require(try sample(waiver).decide(.sovereign, on: day(text)).result(rule))
    }

    @Test func `without a waiver the site is denied`() throws {
        let result = try Self.result(nil)
        #expect(result.outcome == .deny && result.waiver == nil)
    }

    @Test func `with one it is allowed, with a warning, through its last day`() throws {
        let waiver = Sample.waiver("tech.reach", until: "2027-06-30")
        for today in ["2026-01-01", "2026-11-27", "2027-06-30"] {
            let result = try Self.result(waiver, on: today)
            #expect(result.outcome == .warn && result.verdict == .fails)
            #expect(result.waiver == .inForce(identifier("w-1"), until: day("2027-06-30")))
            #expect(result.through == day("2027-06-30"))
        }
        #expect(try Self.sample(waiver).decide(.sovereign).outcome == .warn)
    }

    @Test func `the day after, writes stop by themselves`() throws {
        let result = try Self.result(Sample.waiver("tech.reach", until: "2026-11-26"))
        #expect(result.outcome == .deny && result.waiver == .ended(identifier("w-1"), after: day("2026-11-26")))
    }

    @Test func `it does not count before its first day, nor for another rule, site or tenant`() throws {
        #expect(
            try Self.result(Sample.waiver("tech.reach", until: "2027-06-30", granted: "2026-11-28")).waiver
                == .notYet(identifier("w-1"), from: day("2026-11-28")))
        #expect(try Self.result(Sample.waiver("tech.autonomy", until: "2027-06-30")).outcome == .deny)
        for (key, value) in [("site", "\"fr2\""), ("tenant", "\"chu-autre\"")] {
            #expect(try Self.result(Sample.waiver("tech.reach", until: "2027-06-30").merging([key: value]) { $1 }).outcome == .deny)
        }
    }

    @Test func `it lasts three years at most`() throws {
        #expect(try Self.result(Sample.waiver("tech.reach", until: "2029-01-01")).outcome == .warn)
        let result = try Self.result(Sample.waiver("tech.reach", until: "2029-01-02"))
        #expect(result.outcome == .deny && result.waiver == .beyondTerms(identifier("w-1")))
    }

    @Test func `nobody sets aside what the law gives nobody the power to`() throws {
        var sample = Self.sample(Sample.waiver("storage.eea", "hds.valid", until: "2027-06-30"))
        sample.site.infrastructure = Sample.infrastructure("Hébergeur d'essai SAS", ("x", "GB"))
        let result = try #require(try sample.decide(.hds).result("storage.eea"))
        #expect(result.outcome == .deny && result.waiver == .notWaivable(identifier("w-1")))
    }

    @Test func `it is signed by two people, and by those whom it names`() throws {
        for (approvers, code) in [
            (["alice"], "waiver.approvers-few"), (["alice", "alice"], "waiver.approvers-few"), (["alice", "carole"], "waiver.approvers-unsigned"),
        ] {
            var sample = Self.sample(Sample.waiver("tech.reach", until: "2027-06-30", approvers: approvers))
            #expect(try sample.register.absent.map(\.reason.code) == [code])
            sample.waivers = []
            #expect(try sample.decide(.sovereign).outcome == .deny)
        }
    }

    @Test func `an exit plan is part of it`() throws {
        var waiver = Sample.waiver("tech.reach", until: "2027-06-30")
        waiver["exitPlan"] = nil
        let absent = try Self.sample(waiver).register.absent
        #expect(absent.flatMap(\.problems).map(\.key) == ["waiver.exitPlan"])
    }

    @Test func `it opens an endpoint that is refused by name, as the one of EMC2 did`() throws {
        var sample = Sample()
        let host = try #require(EndpointName("emc2.blob.core.windows.net"))
        let denied = try #require(try Shipped.book.get().denied.first { $0.pattern.matches(host) })
        sample.endpoint = .denied([host], denied)
        #expect(try sample.decide(.hds).outcome == .deny)
        sample.waivers = [Sample.waiver("endpoint.denied", until: "2028-12-31")]
        #expect(try sample.decide(.hds).outcome == .warn)
    }
}
