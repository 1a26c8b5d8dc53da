import Base
import Scheduling
import Sovereignty
import Testing

@testable import Report

/// What people wrote down, in a report of November 2026.
@Suite struct RecordMappingTests {
    private func records(_ texts: [String]) throws -> [Record] {
        try texts.map { text in
            guard case .record(let record) = try RegisterDocument(Array(text.utf8), file: "r.json") else {
                throw Failure(.usage, .documentUnreadable)
            }
            return record
        }
    }

    private func facts(_ texts: String..., asOf: String? = nil) throws -> ReportFacts {
        var facts = ReportFacts(period: try ReportPeriod(month: "2026-11", asOf: asOf), made: Samples.moment("2026-12-01T06:00:00Z"))
        facts.take(try records(texts), of: "chu")
        return facts
    }

    private func incident(_ id: String, _ opened: String, closed: String? = nil, tenants: String = #""chu""#) -> String {
        let end = closed.map { #", "closedAt": "\#($0)""# } ?? ""
        return #"{"incident": {"id": "\#(id)", "tenants": [\#(tenants)], "openedAt": "\#(opened)", "summary": "panne"\#(end)}}"#
    }

    private func complete(_ kinds: String, from: String = "2026-11-01", through: String = "2026-11-30") -> String {
        #"{"register": {"id": "n", "of": [\#(kinds)], "from": "\#(from)", "through": "\#(through)"}}"#
    }

    @Test func withoutARecordNothingIsKnown() throws {
        let facts = try facts()
        #expect(facts.incidents == .unknown && facts.offlineMedia == .unknown && facts.access == .unknown)
        #expect(facts.recoveryDrill == .unknown && facts.cryptography == .unknown)
    }

    @Test func noneIsKnownOnlyWhereSomebodySignedThatTheRegisterIsComplete() throws {
        let kinds = #""incident", "offlineMedium", "account""#
        let whole = try facts(complete(kinds))
        #expect(whole.incidents == .known([]) && whole.offlineMedia == .known([]) && whole.access.value?.accounts == .known([]))
        #expect(try facts(complete(kinds, through: "2026-11-29")).incidents == .unknown)
        #expect(try facts(complete(kinds, from: "2026-11-02")).incidents == .unknown)
        #expect(try facts(complete(kinds, through: "2026-11-20"), asOf: "2026-11-20").incidents == .known([]))
        #expect(try facts(complete(#""account""#)).incidents == .unknown)
    }

    @Test func incidentsAreThoseThatWereOpenInThePeriodAndOfTheTenant() throws {
        let facts = try facts(
            incident("late", "2026-12-01T00:00:00Z"), incident("b", "2026-11-18T08:20:00Z"),
            incident("over", "2026-10-01T00:00:00Z", closed: "2026-10-31T23:59:59Z"),
            incident("open", "2026-10-01T00:00:00Z", closed: "2026-11-01T00:00:00Z"),
            incident("theirs", "2026-11-18T08:20:00Z", tenants: #""clinique""#))
        #expect(facts.incidents.value?.map(\.id) == ["open", "b"])
        #expect(facts.incidents.value?.last?.openedAt == Samples.moment("2026-11-18T08:20:00Z"))
        #expect(facts.incidents.value?.last?.isPersonalDataBreach == .unknown)
    }

    @Test func ofDrillsAndReviewsTheLastUntilTheDayCounts() throws {
        func drill(_ id: String, _ of: String, _ on: String) -> String {
            #"{"drill": {"id": "\#(id)", "of": "\#(of)", "on": "\#(on)", "good": true, "seconds": 60, "performedBy": "\#(id)"}}"#
        }
        func review(_ id: String, _ on: String) -> String { #"{"traceReview": {"id": "\#(id)", "on": "\#(on)", "reviewer": "\#(id)"}}"# }
        let facts = try facts(
            drill("a", "recovery", "2026-03-01"), drill("b", "recovery", "2026-11-20"), drill("c", "recovery", "2026-11-21"),
            drill("d", "escrow", "2026-06-20"), review("e", "2026-10-30"), review("f", "2026-11-02"), review("g", "2026-11-21"), asOf: "2026-11-20")
        #expect(facts.recoveryDrill.value?.performedBy == "b")
        #expect(facts.cryptography.value?.escrowDrill.value?.performedBy == "d")
        #expect(facts.access.value?.review.value?.reviewer == "f")
        #expect(facts.access.value?.accounts == .unknown)
    }

    @Test func accountsAreThoseInUseOnTheDay() throws {
        func account(_ id: String, until: String? = nil, tenants: String? = nil) -> String {
            let more = (until.map { #", "until": "\#($0)""# } ?? "") + (tenants.map { #", "tenants": ["\#($0)"]"# } ?? "")
            return #"{"account": {"id": "\#(id)", "since": "2026-11-10", "roles": ["operator"], "nominative": true, "secondFactor": true\#(more)}}"#
        }
        let texts = [
            account("ours"), account("left", until: "2026-11-29"), account("last", until: "2026-11-30"), account("their", tenants: "clinique"),
            account("own", tenants: "chu"),
        ]
        var facts = try Samples.empty()
        facts.take(try records(texts), of: "chu")
        let accounts = try #require(facts.access.value?.accounts.value)
        #expect(accounts.map(\.id) == ["last", "ours", "own"])
        #expect(accounts.map(\.tenant) == [nil, nil, "chu"])
    }

    @Test func aMediumIsTakenFromItsFirstDayOn() throws {
        let medium =
            #"{"offlineMedium": {"id": "LTO-1", "site": "par", "firstUsed": "2026-11-10", "lastWritten": "2026-11-28", "expires": "2030-01-10", "place": "coffre"}}"#
        #expect(try facts(medium).offlineMedia.value?.map(\.place) == ["coffre"])
        #expect(try facts(medium, asOf: "2026-11-09").offlineMedia == .unknown)
    }
}
