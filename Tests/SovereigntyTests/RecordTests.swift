import Base
import Testing

@testable import Sovereignty

@Suite struct RecordTests {
    private static let incident = #"{"incident": {"id": "inc-1", "tenants": ["chu"], "openedAt": "2026-11-18T08:20:00Z", "summary": "panne"}}"#

    private static func content(_ text: String) throws -> Record.Content? {
        guard case .record(let record) = try RegisterDocument(Array(text.utf8), file: "r.json") else { return nil }
        return record.content
    }

    @Test func `each kind of record is read whole`() throws {
        let breach = #"""
            {"incident": {"id": "inc-2", "tenants": ["chu"], "openedAt": "1970-01-02T00:00:01Z", "summary": "vol", "personalDataBreach": true,
              "subjectsConcerned": 12, "consequences": "faibles", "measures": "mots de passe", "notifiedAt": "1970-01-03T00:00:00Z",
              "closedAt": "1970-01-04T00:00:00Z"}}
            """#
        #expect(
            try Self.content(breach)
                == .incident(
                    .init(
                        openedAt: 86_401, summary: "vol", isPersonalDataBreach: true, subjectsConcerned: 12, consequences: "faibles",
                        measures: "mots de passe", notifiedAt: 172_800, closedAt: 259_200)))
        #expect(
            try Self.content(
                #"{"offlineMedium": {"id": "LTO-1", "site": "par", "firstUsed": "2025-01-10", "lastWritten": "2026-11-28", "expires": "2030-01-10", "place": "coffre"}}"#
            )
                == .offlineMedium(
                    .init(
                        site: identifier("par"), firstUsed: day("2025-01-10"), lastWritten: day("2026-11-28"), expires: day("2030-01-10"),
                        place: "coffre")))
        #expect(
            try Self.content(#"{"traceReview": {"id": "r-1", "on": "2026-11-27", "reviewer": "c.durand"}}"#)
                == .traceReview(on: day("2026-11-27"), reviewer: "c.durand"))
        #expect(
            try Self.content(
                #"{"drill": {"id": "d-1", "of": "escrow", "on": "2026-06-20", "good": false, "seconds": 1500, "performedBy": "trois"}}"#)
                == .drill(.init(subject: .escrow, on: day("2026-06-20"), isGood: false, seconds: 1500, performedBy: "trois")))
        #expect(
            try Self.content(
                #"{"account": {"id": "a.martin", "since": "2026-01-01", "roles": ["operator"], "nominative": true, "secondFactor": false}}"#)
                == .account(
                    .init(since: day("2026-01-01"), until: nil, roles: ["operator"], isNominative: true, hasSecondFactor: false, incompatible: [])))
        #expect(
            try Self.content(#"{"register": {"id": "nov", "of": ["incident", "account"], "from": "2026-11-01", "through": "2026-11-30"}}"#)
                == .register(of: [.incident, .account], from: day("2026-11-01"), through: day("2026-11-30"), records: []))
    }

    @Test(arguments: [
        (#"{"incident": {"id": "i", "openedAt": "2026-11-18T08:20:00Z", "summary": "x"}}"#, "incident.tenants"),
        (#"{"incident": {"id": "i", "tenants": ["a"], "openedAt": "2026-11-18", "summary": "x"}}"#, "incident.openedAt"),
        (#"{"incident": {"id": "i", "tenants": ["a"], "openedAt": "2026-11-18T24:00:00Z", "summary": "x"}}"#, "incident.openedAt"),
        (#"{"incident": {"id": "i", "tenants": ["a"], "openedAt": "2026-11-18T+1:00:00Z", "summary": "x"}}"#, "incident.openedAt"),
        (
            #"{"incident": {"id": "i", "tenants": ["a"], "openedAt": "2026-11-18T08:20:00Z", "summary": "x", "closedAt": "2026-11-18T08:19:59Z"}}"#,
            "incident.closedAt"
        ),
        (
            #"{"offlineMedium": {"id": "m", "site": "a", "firstUsed": "2026-01-02", "lastWritten": "2026-01-01", "expires": "2027-01-01", "place": "x"}}"#,
            "offlineMedium.lastWritten"
        ),
        (#"{"drill": {"id": "d", "of": "fire", "on": "2026-06-20", "good": true, "seconds": 1, "performedBy": "x"}}"#, "drill.of"),
        (#"{"account": {"id": "a", "since": "2026-01-01", "roles": [], "nominative": 1, "secondFactor": true}}"#, "account.nominative"),
        (#"{"register": {"id": "n", "of": ["fire"], "from": "2026-11-01", "through": "2026-11-30"}}"#, "register.of[0]"),
        (#"{"register": {"id": "n", "of": [], "from": "2026-11-02", "through": "2026-11-01"}}"#, "register.through"),
        (#"{"traceReview": {"id": "r", "on": "2026-11-27", "reviewer": "x", "site": "y"}}"#, "traceReview.site"),
        (#"{"traceReview": {"id": "r", "on": "2026-11-27", "reviewer": "x"}, "site": {"id": "y"}}"#, ""),
    ])
    func `what is wrong in a record is told with its key`(_ text: String, _ key: String) {
        #expect(DocumentTests.problems(text).map(\.key).contains(key), "\(DocumentTests.problems(text))")
    }

    @Test func `a record counts once two people signed it, and two of one kind and id contradict each other`() throws {
        let approvers = try TestApprovers.all.get()
        let bytes = Array(Self.incident.utf8)
        #expect(EvidenceRegister([TestApprovers.sign("a.json", bytes)], approvers: approvers).records.map(\.file) == ["a.json"])
        let once = EvidenceRegister([TestApprovers.sign("a.json", bytes, by: ["alice"])], approvers: approvers)
        #expect(once.records.isEmpty && once.absent.map(\.reason.code) == ["document.signed-once"])
        let twice = EvidenceRegister([TestApprovers.sign("a.json", bytes), TestApprovers.sign("b.json", bytes)], approvers: approvers)
        #expect(twice.records.isEmpty && twice.absent.map(\.reason.code) == ["document.twice", "document.twice"])
        let review = Array(#"{"traceReview": {"id": "inc-1", "on": "2026-11-27", "reviewer": "x"}}"#.utf8)
        let both = EvidenceRegister([TestApprovers.sign("a.json", bytes), TestApprovers.sign("b.json", review)], approvers: approvers)
        #expect(both.records.map(\.document.kind) == [.incident, .traceReview])
    }
}
