import Base
import Testing

@testable import Report

/// One thing that goes wrong in facts that are good, and the gap that has to be there.
struct Fault: Sendable, CustomTestStringConvertible {
    let kind: String
    let section: Int
    let clause: String
    let change: @Sendable (inout ReportFacts) -> Void

    init(_ kind: String, _ section: Int, _ clause: String, _ change: @escaping @Sendable (inout ReportFacts) -> Void) {
        (self.kind, self.section, self.clause, self.change) = (kind, section, clause, change)
    }

    var testDescription: String { kind }
}

extension Recorded {
    /// Changes a value that is known.
    fileprivate mutating func with(_ body: (inout Value) -> Void) {
        guard var value else { return }
        body(&value)
        self = .known(value)
    }
}

@Suite struct GapTests {
    static let faults: [Fault] = [
        Fault("certificate.expired", 3, "HDS EXI 14") { $0.certificates.change { $0.validUntil = Samples.day("2026-11-29") } },
        Fault("certificate.expiring", 3, "HDS EXI 12") { $0.certificates.change { $0.validUntil = Samples.day("2026-11-30") } },
        Fault("certificate.suspended", 3, "HDS EXI 14") { $0.certificates.change { $0.status = "suspended" } },
        Fault("certificate.missing", 3, "HDS EXI 12") { $0.sites[0].certificates = .known([]) },
        Fault("certificate.activity", 1, "HDS EXI 12") { $0.certificates.change { $0.activities = ["hardware"] } },
        Fault("contract.missing", 2, "CSP R.1111-11") { $0.tenants[1].contract = .known("another") },
        Fault("policy.finding", 4, "HDS EXI 28") {
            $0.decisions.change {
                $0.outcome = .deny
                $0.findings = [
                    .init(
                        rule: "storage.eea", clause: "HDS v2 EXI 28; CSP L.1111-8", outcome: .deny, reason: LocalText(en: "r", fr: "r"),
                        remedy: LocalText(en: "m", fr: "m"))
                ]
            }
        },
        Fault("waiver.in-force", 4, "HDS EXI 24") { $0.waivers = .known([waiver("2026-12-31")]) },
        Fault("waiver.ended", 4, "HDS EXI 24") { $0.waivers = .known([waiver("2026-11-29")]) },
        Fault("policy.not-approved", 4, "HDS EXI 24") { $0.policyChanges.change { $0.weakens = true } },
        Fault("law.exposed", 3, "HDS EXI 30") { $0.sites[0].exposedLaws = .known(["US CLOUD Act"]) },
        Fault("access.no-basis", 3, "HDS EXI 29") {
            $0.sites[0].remoteAccess = .known([.init(country: "CA", actor: "support", basis: nil)])
        },
        Fault("guarantees.undetermined", 3, "HDS EXI 31") { $0.organisation.exposedLaws = .unknown },
        Fault("backup.none", 5, "SecNumCloud 12.5.a") { $0.sources[0].execution = .known(.init(planned: 30, succeeded: 0)) },
        Fault("backup.missed", 5, "SecNumCloud 12.5.a") {
            $0.sources[0].execution.with { $0.missed = [Samples.moment("2026-11-08T02:00:00Z")] }
        },
        Fault("backup.failed", 5, "PGSSI-S 7.4.2") { $0.sources[0].execution.with { $0.failed = 1 } },
        Fault("backup.partial", 5, "PGSSI-S 7.4.2") { $0.sources[0].execution.with { $0.partial = 1 } },
        Fault("rpo.exceeded", 5, "HDS EXI 21") { $0.sources[0].execution.with { $0.rpoMeasuredSeconds = .known(90_001) } },
        Fault("anomaly.open", 5, "PGSSI-S 7.4.2.5") {
            $0.sources[0].anomalies = .known([
                .init(at: Samples.moment("2026-11-08T02:00:00Z"), kind: "volume", detail: LocalText(en: "3 times", fr: "3 fois"))
            ])
        },
        Fault("sites.not-independent", 6, "SecNumCloud 12.5.d") { $0.independence.change { $0.verdict = .fails } },
        Fault("sites.independence-unknown", 6, "SecNumCloud 12.5.d") { $0.independence.change { $0.verdict = .unknown } },
        Fault("probe.failed", 6, "BP-100 3.5") { $0.sites[0].probe.with { $0.isGood = false } },
        Fault("probe.deletion", 6, "BP-100 3.5") { $0.sites[0].probe.with { $0.deletionRefused = .known(false) } },
        Fault("probe.old", 6, "BP-100 3.5") { $0.sites[0].probe.with { $0.at = Samples.moment("2026-10-30T23:59:59Z") } },
        Fault("medium.expired", 6, "SecNumCloud 17.5.a") { $0.offlineMedia.change { $0.expires = Samples.day("2026-11-29") } },
        Fault("scrub.incomplete", 7, "PGSSI-S 7.4.4.7") { $0.verifications.change { $0.coverage = .known(0.9999) } },
        Fault("damage.outstanding", 7, "NIS2 4.2.3") { $0.verifications.change { $0.outstanding = 2 } },
        Fault("restore-test.none", 8, "SecNumCloud 12.5.c") { $0.sources[0].restoreTests = .known([]) },
        Fault("restore-test.failed", 8, "ISO 27001 A.8.13") { $0.sources[0].restoreTests.change { $0.result = .failed } },
        Fault("restore-test.unchecked", 8, "PGSSI-S 7.4.5.3") { $0.sources[0].restoreTests.change { $0.check = .skipped } },
        Fault("rto.exceeded", 8, "HDS EXI 21") { $0.sources[0].restoreTests.change { $0.wholeSeconds = 14_401 } },
        Fault("restore.failed", 8, "PGSSI-S 7.4.5.3") { $0.restores.change { $0.isGood = false } },
        Fault("drill.failed", 8, "BP-100 3.2") { $0.recoveryDrill.with { $0.isGood = false } },
        Fault("drill.old", 9, "SecNumCloud 10.5") { $0.cryptography.with { $0.escrowDrill.with { $0.on = Samples.day("2025-11-29") } } },
        Fault("key.limit", 9, "SecNumCloud 10.5") { $0.cryptography.with { $0.keys.change { $0.headroom = .known(0.09) } } },
        Fault("crypto.classical", 9, "ANSSI PQ") { $0.cryptography.with { $0.isPostQuantum = .known(false) } },
        Fault("keys.together", 9, "BP-100 3.3") { $0.tenants[0].keysTogether = .known(true) },
        Fault("account.shared", 10, "SecNumCloud 9.2.b") { $0.access.with { $0.accounts.change { $0.isNominative = false } } },
        Fault("account.second-factor", 10, "SecNumCloud 9.6.f") { $0.access.with { $0.accounts.change { $0.hasSecondFactor = false } } },
        Fault("account.incompatible", 10, "SecNumCloud 9.3") { $0.access.with { $0.accounts.change { $0.incompatible = ["admin", "auditor"] } } },
        Fault("access.review", 10, "SecNumCloud 12.5.b") {
            $0.access.with { $0.review = .known(.init(on: Samples.day("2026-10-31"), reviewer: "c")) }
        },
        Fault("support.ended", 10, "SecNumCloud 9.7.d") {
            $0.access.with { $0.supportGrants = .known([.init(tenant: "chu-exemple", until: Samples.day("2026-11-01"), consentBy: "x")]) }
        },
        Fault("journal.broken", 11, "SecNumCloud 12.7") { $0.journal.with { $0.chains.change { $0.isWhole = .known(false) } } },
        Fault("journal.not-verified", 11, "SecNumCloud 12.7") {
            $0.journal.with { $0.chains.change { $0.verifiedOn = .known(Samples.day("2026-10-29")) } }
        },
        Fault("journal.no-copy", 11, "SecNumCloud 12.7") { $0.journal.with { $0.chains.change { $0.copies = .known([]) } } },
        Fault("journal.retention", 11, "SecNumCloud 12.6.c") { $0.journal.with { $0.chains.change { $0.retentionDays = .known(179) } } },
        Fault("clock.loose", 11, "SecNumCloud 12.8") { $0.journal.with { $0.timeSource.with { $0.isSynchronised = false } } },
        Fault("incident.open", 12, "HDS EXI 19") { $0.incidents.change { $0.closedAt = nil } },
        Fault("incident.late", 12, "GDPR 33") {
            $0.incidents.change {
                $0.isPersonalDataBreach = .known(true)
                $0.notifiedAt = ReportMoment(seconds: $0.openedAt.seconds + 72 * 3_600 + 1)
            }
        },
        Fault("incident.incomplete", 12, "GDPR 33") { $0.incidents.change { $0.isPersonalDataBreach = .known(true) } },
        Fault("disposal.unproved", 13, "SecNumCloud 19.4") { $0.retention.with { $0.restitutions.change { $0.recordHash = nil } } },
        Fault("migration.unproved", 13, "HDS EXI 27") { $0.retention.with { $0.migrations.change { $0.rootAtTarget = Samples.hash("0") } } },
        Fault("scope.no-source", 5, "SecNumCloud 12.5.a") { $0.sources.removeAll { $0.tenant == "clinique-b" } },
        Fault("fact.unknown", 7, "PGSSI-S 7.4.4.7") { $0.verifications = .unknown },
    ]

    static func waiver(_ until: String) -> ReportFacts.Waiver {
        .init(
            id: "d1", tenant: "chu-exemple", site: "gra", rules: ["tech.reach"], reason: "r", grantedOn: Samples.day("2026-01-01"),
            until: Samples.day(until), approvers: ["a", "b"], exitPlan: "p")
    }

    @Test(arguments: faults) func aFaultIsAGapWithItsClauseAndARemedy(_ fault: Fault) throws {
        var facts = try Samples.complete()
        #expect(try !Samples.report(facts).gaps.contains { $0.kind == fault.kind })
        fault.change(&facts)
        let report = try Samples.report(facts)
        let gap = try #require(report.gaps.first { $0.kind == fault.kind })
        #expect(gap.section == fault.section)
        #expect(gap.clauses.contains(fault.clause))
        #expect(!gap.text.fr.isEmpty && !gap.text.en.isEmpty && !gap.remedy.fr.isEmpty && !gap.remedy.en.isEmpty)
        // It stands in section 14 of both pages, and in the matrix.
        for language in Language.allCases {
            let page = String(decoding: HTMLPage(report, language: language, dataHash: "").bytes, as: UTF8.self)
            let gaps = page.components(separatedBy: "id=\"s14\"").last?.components(separatedBy: "id=\"s15\"").first ?? ""
            #expect(gaps.contains(escaped(ReportText(language)(gap.text))))
        }
        #expect(report.clauses.contains { $0.clause == fault.clause && $0.gaps.contains(gap.id) })
    }

    @Test(arguments: ReportFacts.Resilience.Kind.allCases) func eachDigitIsAGapByItself(_ kind: ReportFacts.Resilience.Kind) throws {
        for verdict in [ReportFacts.Verdict.fails, .unknown] {
            var facts = try Samples.complete()
            facts.sources[0].resilience = .known(
                .init(snapshot: "s", digits: [.init(kind, wanted: 2, known: 1, possible: 1, verdict: verdict, sites: [])]))
            let gaps = try Samples.report(facts).gaps.filter { $0.kind == "copies.digit" }
            #expect(gaps.map(\.id) == ["copies.digit:chu-exemple/dpi/\(kind.rawValue)"])
            #expect(gaps.first?.level == (verdict == .fails ? .major : .unknown))
        }
    }

    @Test func goodFactsHaveNoGap() throws {
        let report = try Samples.report(Samples.complete())
        #expect(report.gaps.filter { $0.kind != "guarantees.unconfirmed" }.isEmpty)
    }

    @Test func gapsHaveDistinctIdsInOrderOfSections() throws {
        for facts in [try Samples.flawed(), try Samples.empty()] {
            let gaps = try Samples.report(facts).gaps
            #expect(Set(gaps.map(\.id)).count == gaps.count)
            #expect(gaps.map(\.section) == gaps.map(\.section).sorted())
        }
    }

    @Test func everyClauseOfAGapIsInTheBook() throws {
        let known = Set(try Samples.book().clauses.map(\.id))
        var facts = [try Samples.empty(), try Samples.flawed()]
        for fault in Self.faults where fault.kind != "policy.finding" {
            var one = try Samples.complete()
            fault.change(&one)
            facts.append(one)
        }
        for one in facts {
            for gap in try Samples.report(one).gaps where gap.kind != "policy.finding" {
                #expect(Set(gap.clauses).isSubset(of: known), "\(gap.id): \(gap.clauses)")
            }
        }
    }

    @Test func clausesOfThePolicyFilesAreThoseOfTheBook() {
        #expect(ClauseName.ids(of: "HDS v2 EXI 12, 17; CSP R.1111-11") == ["HDS EXI 12", "HDS EXI 17", "CSP R.1111-11"])
        #expect(ClauseName.ids(of: "SecNumCloud 3.2, 19.6.a") == ["SecNumCloud 19.6.a"])
        #expect(ClauseName.ids(of: "ANSSI-BP-100 3.5; HDS v2 EXI 5.F") == ["BP-100 3.5", "HDS EXI 5.F"])
        #expect(ClauseName.ids(of: "HDS v2 EXI 12, activity 6") == ["HDS EXI 12, activity 6"])
        #expect(ClauseName.ids(of: "SREN art. 31; circular 6519/SG of 5 Feb 2026") == ["SREN 31", "circular 6519/SG of 5 Feb 2026"])
        #expect(ClauseName.ids(of: "") == [])
    }

    @Test func aClauseOfWhichNothingIsKnownIsNotCalledGood() throws {
        let rows = try Samples.report(Samples.empty()).clauses
        // The report itself shows these two.
        #expect(rows.filter { $0.worst == nil }.map(\.clause) == ["HDS EXI 07", "ISO 27001 10.2"])
        #expect(try Samples.report(Samples.complete()).clauses.contains { $0.worst == nil })
    }

    @Test func allSevenReferentialsAreInTheMatrix() throws {
        let frameworks = Set(try Samples.report(Samples.complete()).clauses.map(\.framework))
        for wanted in ["HDS", "SecNumCloud", "PGSSI-S", "BP-100", "NIS2", "CaRE D2", "ISO"] {
            #expect(frameworks.contains { $0.contains(wanted) }, "\(wanted)")
        }
    }

    @Test func anActionNamesItsOwnerAndTakesNothingAway() throws {
        let report = try Samples.report(Samples.flawed())
        let gap = try #require(report.gaps.first { $0.id == "restore-test.none:chu-exemple/dpi" })
        #expect(gap.owner == "a.martin")
        #expect(gap.due == Samples.day("2026-12-15"))
        #expect(report.gaps.contains { $0.owner == nil })
    }

    @Test func anActionThatIsLateIsAGapOfItsOwn() throws {
        var facts = try Samples.flawed()
        facts.actions[0].due = Samples.day("2026-11-29")
        #expect(try Samples.report(facts).gaps.contains { $0.kind == "action.overdue" && $0.section == 14 })
    }

    @Test func anUnnotifiedBreachIsLateAfterSeventyTwoHours() throws {
        var facts = try Samples.complete()
        facts.incidents.change {
            $0.isPersonalDataBreach = .known(true)
            $0.notifiedAt = nil
        }
        #expect(try Samples.report(facts).gaps.contains { $0.kind == "incident.late" })
        facts.period = try ReportPeriod(month: "2026-11", asOf: "2026-11-20")
        #expect(try !Samples.report(facts).gaps.contains { $0.kind == "incident.late" })
    }

    @Test func aTestOfAnotherMonthIsNoneOfThisOne() throws {
        var facts = try Samples.complete()
        facts.sources[0].restoreTests.change { $0.at = Samples.moment("2026-10-31T23:00:00Z") }
        #expect(try Samples.report(facts).gaps.contains { $0.id == "restore-test.none:chu-exemple/dpi" })
    }
}
