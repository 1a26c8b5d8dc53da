import Base
import Testing

@testable import Report

@Suite struct TenantScopeTests {
    private static let foreign = [
        "clinique-b", "Clinique Bellevue", "Clinique\u{A0}Bellevue", "552100554", "552 100 554", "imagerie", "M. Bernard", "ev-contrat-cli",
    ]

    /// All that is written of a tenant's report.
    private func output(_ facts: ReportFacts) throws -> String {
        let report = try Samples.report(facts)
        let pages = Language.allCases.map { HTMLPage(report, language: $0, dataHash: "").bytes }
        return ([try report.json] + pages).map { String(decoding: $0, as: UTF8.self) }.joined().lowercased()
    }

    @Test func aTenantsReportHoldsNothingOfAnother() throws {
        var facts = try Samples.flawed()
        facts.tenants[1].kind = .unknown
        facts.incidents.change { $0.summary = "Panne commune à CHU d'Exemple et à la CLINIQUE BELLEVUE (clinique-b)" }
        facts.policyChanges.change { $0.summary = "demande de Clinique\u{A0}Bellevue, SIREN 552 100 554" }
        facts.sites[0].mitigations = .known(["cloisonnement clinique-b/chu-exemple"])
        facts.actions.append(.init(gap: "backup.missed:clinique-b/imagerie", owner: "x", due: Samples.day("2026-12-01")))
        facts.documents = [.init(name: "pv clinique-b.pdf", hash: Samples.hash("8"))]
        let whole = try output(facts)
        for name in Self.foreign { #expect(whole.contains(name.lowercased()) || whole.contains(escaped(name).lowercased()), "\(name)") }
        let scoped = try facts.scoped(to: "chu-exemple")
        let text = try output(scoped)
        for name in Self.foreign { #expect(!text.contains(name.lowercased()), "\(name)") }
        #expect(text.contains("chu d&#39;exemple"))
        #expect(text.contains("panne commune"))
        #expect(scoped.tenants.map(\.id) == ["chu-exemple"])
        #expect(scoped.sources.count == 2)
        #expect(scoped.incidents.value?.first?.tenants == ["chu-exemple"])
        #expect(scoped.actions.map(\.gap) == ["restore-test.none:chu-exemple/dpi"])
        #expect(scoped.documents.isEmpty)
    }

    @Test func aSiteWithoutItsCopiesIsNotItsAffair() throws {
        var facts = try Samples.complete()
        facts.sites[1].tenants = ["clinique-b"]
        let scoped = try facts.scoped(to: "chu-exemple")
        #expect(scoped.sites.map(\.id) == ["gra"])
        #expect(scoped.independence == .known([]))
        #expect(scoped.offlineMedia == .known([]))
    }

    @Test func scopingMakesNoGapsOfItsOwn() throws {
        let report = try Samples.report(try Samples.complete().scoped(to: "chu-exemple"))
        #expect(report.gaps.map(\.kind) == ["guarantees.unconfirmed"])
    }

    @Test func aNameThatIsAWordOfTheModelBreaksNothing() throws {
        var facts = try Samples.complete()
        for name in ["valid", "hds", "allow", "2026-11", "good", "third", "FR"] {
            facts.tenants[1].id = name
            let scoped = try facts.scoped(to: "chu-exemple")
            #expect(scoped.tenants == [facts.tenants[0]], "\(name)")
            #expect(scoped.period == facts.period)
        }
    }

    @Test func aTenantThatDoesNotExistIsRefused() throws {
        let failure = #expect(throws: Failure.self) { try Samples.complete().scoped(to: "another") }
        #expect(failure?.kind == .usage)
    }

    @Test func namesAreVeiledAsWholeWordsInAnyCase() {
        let veil = NameVeil(hidden: ["chu-b", "Élan", "a"], shown: ["chu-b-annexe"])
        #expect(veil.veil("CHU-B et chu-b-annexe, chu-bis") == "[…] et chu-b-annexe, chu-bis")
        #expect(veil.veil("ÉLAN, l'élan, élancé") == "[…], l'[…], élancé")
        #expect(veil.veil("a, ab, b-a.") == "[…], ab, b-[…].")
        #expect(veil.veil("") == "")
        #expect(veil.veil("İstanbul ﬁn ß chu-b") == "İstanbul ﬁn ß […]")
    }
}
