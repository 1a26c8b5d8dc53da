import Base
import Scheduling
import Sovereignty
import Testing

@testable import Report

@Suite struct MappingTests {
    private func stated() -> SiteFacts {
        var site = SiteFacts(id: SiteID("gra")!)
        var company = SiteFacts.Company(entity: LegalEntity(name: "OVH SAS", siren: SIREN("424 761 419")))
        company.seat = Country("FR")
        site.company = company
        var infrastructure = SiteFacts.Infrastructure()
        infrastructure.underlyingOperator = "OVH SAS"
        var room = SiteFacts.Datacentre(id: "GRA1")
        room.country = Country("FR")
        infrastructure.datacentres = [room]
        site.infrastructure = infrastructure
        site.exposedLaws = []
        site.media = .object
        return site
    }

    @Test func whatIsStatedOfASiteIsTakenAndTheRestIsUnknown() {
        let site = ReportFacts.Site(stated(), tenants: ["chu"])
        #expect(site.operatorName == .known("OVH SAS"))
        #expect(site.siren == .known("424761419"))
        #expect(site.datacentres == .known([.init(id: "GRA1", country: "FR")]))
        #expect(site.exposedLaws == .known([]))
        #expect(site.media == .known("object"))
        #expect(site.parent == .unknown)
        #expect(site.remoteAccess == .unknown)
        #expect(site.probe == .unknown)
    }

    @Test func aListThatIsKnownInPartIsUnknown() {
        var facts = stated()
        facts.infrastructure?.datacentres?.append(SiteFacts.Datacentre(id: "GRA2"))
        #expect(ReportFacts.Site(facts, tenants: []).datacentres == .unknown)
        facts.remoteAccess = [SiteFacts.RemoteAccess()]
        #expect(ReportFacts.Site(facts, tenants: []).remoteAccess == .unknown)
    }

    @Test func twoSitesOnTheSameMachinesAreNotIndependent() throws {
        var other = SiteFacts(id: SiteID("par")!)
        var company = SiteFacts.Company(entity: LegalEntity(name: "Clever Cloud SAS"))
        company.seat = Country("FR")
        other.company = company
        var infrastructure = SiteFacts.Infrastructure()
        infrastructure.underlyingOperator = "OVH SAS"
        other.infrastructure = infrastructure
        let pair = ReportFacts.SitePair(
            stated(), other, by: Independence(minimumKilometres: 0, catalogue: try ProviderCatalogue([])))
        #expect(pair.verdict == .fails)
        var facts = try Samples.complete()
        facts.independence = .known([pair])
        #expect(try Samples.report(facts).gaps.contains { $0.kind == "sites.not-independent" && $0.subject == "gra + par" })
    }

    @Test func eachVerdictAndOutcomeHasItsOwn() {
        #expect(Truth.allCases.map { ReportFacts.Verdict($0).rawValue } == Truth.allCases.map(\.rawValue))
        #expect(Outcome.allCases.map { ReportFacts.Outcome($0).rawValue } == Outcome.allCases.map(\.rawValue))
    }
}
