import Base
import Testing

@testable import Report

@Suite struct GuaranteeTests {
    private func table(_ facts: ReportFacts) throws -> GuaranteeTable { GuaranteeTable(facts.trimmed(), sentences: try Samples.sentences()) }

    /// Everybody who hosts or stores is qualified.
    private func qualified() throws -> ReportFacts {
        var facts = try Samples.complete()
        var list = facts.certificates.value ?? []
        for (id, holder, region) in [
            ("snc-op", "Sauvegarde Santé SAS", "gra"), ("snc-gra", "Hébergeur Un SAS", "gra"), ("snc-par", "Hébergeur Deux SAS", "par"),
        ] {
            list.append(Samples.certificate(id, "SecNumCloud", holder, services: ["Object Storage"], regions: [region]))
        }
        facts.certificates = .known(list)
        facts.organisation.certificates = .known((facts.organisation.certificates.value ?? []) + ["snc-op"])
        for (index, site) in facts.sites.enumerated() {
            facts.sites[index].certificates = .known((site.certificates.value ?? []) + ["snc-\(site.id)"])
        }
        return facts
    }

    @Test func theSentenceChangesWhenTheSecNumCloudEvidenceIsRemoved() throws {
        var facts = try qualified()
        #expect(try table(facts).sentence?.kind == .qualified)
        facts.certificates.filter { $0.id != "snc-par" }
        #expect(try table(facts).sentence?.kind == .unexposed)
    }

    @Test func aQualificationOfAnotherRegionOrAfterItsLastDayIsNone() throws {
        var facts = try qualified()
        facts.certificates.change { if $0.id == "snc-par" { $0.regions = ["other"] } }
        #expect(try table(facts).sentence?.kind == .unexposed)
        facts = try qualified()
        facts.certificates.change { if $0.id == "snc-gra" { $0.validUntil = Samples.day("2026-11-29") } }
        #expect(try table(facts).sentence?.kind == .unexposed)
        facts.period = try ReportPeriod(month: "2026-11", asOf: "2026-11-29")
        #expect(try table(facts).sentence?.kind == .qualified)
    }

    @Test func anExposureDecidesOverAQualification() throws {
        var facts = try qualified()
        facts.sites[0].exposedLaws = .known(["US CLOUD Act"])
        facts.sites[1].remoteAccess = .known([.init(country: "CA", actor: "support", basis: "GDPR45")])
        let sentence = try #require(try table(facts).sentence)
        #expect(sentence.kind == .exposed)
        #expect(sentence.text.fr.contains("US CLOUD Act") && sentence.text.fr.contains("CA"))
        #expect(!sentence.text.fr.contains("{"))
    }

    @Test func noSentenceIsChosenWhereFactsAreMissing() throws {
        var facts = try Samples.complete()
        facts.sites[1].exposedLaws = .unknown
        #expect(try table(facts).sentence == nil)
        #expect(try Samples.report(facts).gaps.contains { $0.kind == "guarantees.undetermined" && $0.clauses == ["HDS EXI 31"] })
    }

    @Test func theTableFollowsTheRegisterWhenASiteIsAdded() throws {
        var facts = try Samples.complete()
        let before = try table(facts).rows
        facts.sites.append(Samples.site("lil", "Hébergeur Trois SAS", "lille-2"))
        let rows = try table(facts).rows
        #expect(Array(rows.prefix(before.count)) == before)
        #expect(rows.dropFirst(before.count).map(\.id) == ["site:lil", "site:lil/Centre lille-2"])
        // Its certificate is not in the register.
        #expect(rows[before.count].hds == .no)
    }

    @Test func whoseMachinesTheyAreIsAnActorOfItsOwn() throws {
        let rows = try table(Samples.flawed()).rows
        let machines = try #require(rows.first { $0.role == .machines })
        #expect(machines.actor == "Hébergeur Un SAS")
        #expect(machines.hds == .unknown)
        #expect(machines.exposedLaws == nil)
        #expect(machines.qualified == .no)
        #expect(try Samples.report(Samples.flawed()).gaps.contains { $0.id == "certificate.missing:site:par/machines" })
        var facts = try Samples.flawed()
        facts.certificates = .known((facts.certificates.value ?? []) + [Samples.certificate("ev-m", "HDS", "Hébergeur Un SAS")])
        #expect(try table(facts).rows.first { $0.role == .machines }?.hds == .yes)
    }

    @Test func ownPatientsDataNeedsNoCertificate() throws {
        var facts = try Samples.complete()
        facts.organisation.certificates = .known([])
        #expect(try table(facts).rows[0].hds == .no)
        for index in facts.tenants.indices { facts.tenants[index].kind = .known(.own) }
        #expect(try table(facts).rows[0].hds == .exempt)
    }

    @Test func theWordingSaysThatItIsNotConfirmed() throws {
        #expect(try Samples.report(Samples.complete()).gaps.map(\.kind) == ["guarantees.unconfirmed"])
    }

    @Test func aFileWithoutAllThreeSentencesIsRefused() throws {
        let text = String(decoding: try Samples.file("etc/report/sentences.json"), as: UTF8.self)
        for wrong in [text.replacing("\"unexposed\"", with: "\"qualified\""), text.replacing("\"confirmed\"", with: "\"sure\""), "[", "{}"] {
            let failure = #expect(throws: Failure.self) { try Sentences(Array(wrong.utf8), file: "sentences.json") }
            #expect(failure?.kind == .usage)
            #expect(failure?.object == "sentences.json")
        }
    }

    @Test func aClauseTwiceOrWithoutASectionIsRefused() {
        let clause = #"{"id": "A", "framework": "F", "title": {"en": "e", "fr": "f"}, "sections": [SECTIONS]}"#
        func book(_ lines: [String]) throws -> ClauseBook {
            try ClauseBook(Array(#"{"clauses": [\#(lines.joined(separator: ","))]}"#.utf8), file: "clauses.json")
        }
        #expect(throws: Never.self) { try book([clause.replacing("SECTIONS", with: "1, 15")]) }
        #expect(throws: Failure.self) { try book([clause.replacing("SECTIONS", with: "1"), clause.replacing("SECTIONS", with: "2")]) }
        #expect(throws: Failure.self) { try book([clause.replacing("SECTIONS", with: "16")]) }
        #expect(throws: Failure.self) { try book([clause.replacing("SECTIONS", with: "")]) }
    }
}
