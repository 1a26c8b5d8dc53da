import Base
import Sovereignty
import Testing

/// SecNumCloud 3.2, 19.6: whose the operator is.
@Suite struct OwnershipRulesTests {
    static func holding(_ capital: String?, _ votes: String?, indirect: Bool = false) -> SiteFacts.Holding {
        var holding = SiteFacts.Holding(holder: "Fonds d'essai")
        (holding.country, holding.isIndirect) = (Country("US"), indirect)
        (holding.capital, holding.votes) = (capital.map(percentage), votes.map(percentage))
        return holding
    }

    static func capital(
        _ title: String, _ rule: String, _ verdict: Verdict, _ holdings: [SiteFacts.Holding]?
    ) -> Row {
        Row(title, rule, "19.6.b", verdict, verdict == .holds ? .allow : .deny, in: .sovereign) { $0.site.ownership?.holdings = holdings }
    }

    static let shares: [Row] = [
        capital("none from outside", "capital.single", .holds, []),
        capital("not stated", "capital.single", .unknown, nil),
        capital("24.0 % of capital and votes", "capital.single", .holds, [holding("24.0", "24.0")]),
        capital("24.000001 % of capital", "capital.single", .fails, [holding("24.000001", "0")]),
        capital("24.1 % of capital", "capital.single", .fails, [holding("24.1", "24")]),
        capital("24.1 % of votes", "capital.single", .fails, [holding("24", "24.1")]),
        capital("24.1 %, indirect", "capital.single", .fails, [holding("24.1", "24.1", indirect: true)]),
        capital("24 % and unknown votes", "capital.single", .unknown, [holding("24", nil)]),
        capital("24.1 % decides, whatever is unknown", "capital.single", .fails, [holding(nil, nil), holding("24.1", nil)]),
        capital("two of 24 %", "capital.single", .holds, [holding("24", "24"), holding("24", "24")]),
        capital("none from outside", "capital.sum", .holds, []),
        capital("not stated", "capital.sum", .unknown, nil),
        capital("39.0 % together", "capital.sum", .holds, [holding("24", "20"), holding("15", "19")]),
        capital("39.1 % of capital together", "capital.sum", .fails, [holding("24", "20"), holding("15.1", "15")]),
        capital("39.1 % of votes together", "capital.sum", .fails, [holding("20", "24"), holding("15", "15.1")]),
        capital("39.000001 % together", "capital.sum", .fails, [holding("24", "0"), holding("15.000001", "0")]),
        capital("capital and votes are not added up", "capital.sum", .holds, [holding("24", "39")]),
        capital("39 % and one unknown", "capital.sum", .unknown, [holding("24", "20"), holding("15", "15"), holding(nil, "0")]),
        capital("39.1 % decides, whatever is unknown", "capital.sum", .fails, [holding("39.1", nil), holding(nil, nil)]),
    ]

    @Test(arguments: shares) func `holders from outside the Union stay below 24 and 39 per cent`(_ row: Row) throws { try row.check() }

    static let powers: [Row] = [
        Row("no veto", "capital.veto", "19.6.b", .holds, .allow, in: .sovereign) { _ in },
        Row("a veto", "capital.veto", "19.6.b", .fails, .deny, in: .sovereign) { $0.site.ownership?.hasVeto = true },
        Row("veto not stated", "capital.veto", "19.6.b", .unknown, .deny, in: .sovereign) { $0.site.ownership?.hasVeto = nil },
        Row("no majority of the board", "capital.board", "19.6.b", .holds, .allow, in: .sovereign) { _ in },
        Row("a majority of the board", "capital.board", "19.6.b", .fails, .deny, in: .sovereign) { $0.site.ownership?.hasBoardMajority = true },
        Row("the board not stated", "capital.board", "19.6.b", .unknown, .deny, in: .sovereign) { $0.site.ownership?.hasBoardMajority = nil },
        Row("a US parent behind a French entity", "capital.parent", "19.6.a-b", .fails, .deny, in: .sovereign) {
            $0.site.ownership?.parentCountry = Country("US")
        },
        Row("a parent from nobody knows where", "capital.parent", "19.6.a-b", .unknown, .deny, in: .sovereign) {
            $0.site.ownership?.parentCountry = nil
        },
        Row("a Swiss parent", "capital.parent", "19.6.a-b", .fails, .deny, in: .sovereign) { $0.site.ownership?.parentCountry = Country("CH") },
        Row("a German parent", "capital.parent", "19.6.a-b", .holds, .allow, in: .sovereign) { $0.site.ownership?.parentCountry = Country("DE") },
        Row("a seat in London", "seat.eu", "19.6.a", .fails, .deny, in: .sovereign) { $0.site.company?.seat = Country("GB") },
        Row("a central administration in Norway", "seat.eu", "19.6.a", .fails, .deny, in: .sovereign) {
            $0.site.company?.centralAdministration = Country("NO")
        },
        Row("a main establishment that is not stated", "seat.eu", "19.6.a", .unknown, .deny, in: .sovereign) {
            $0.site.company?.mainEstablishment = nil
        },
        Row("all three in France", "seat.eu", "19.6.a", .holds, .allow, in: .sovereign) { _ in },
    ]

    @Test(arguments: powers) func `seats, parent and powers are in the Union`(_ row: Row) throws { try row.check() }

    static func supplier(_ country: String?, reaches: Bool?, _ autonomy: SiteFacts.Technology.Autonomy?) -> [SiteFacts.Technology] {
        var technology = SiteFacts.Technology(supplier: "Logiciel d'essai")
        (technology.country, technology.canReachData, technology.autonomy) = (country.flatMap { Country($0) }, reaches, autonomy)
        return [technology]
    }

    static let technology: [Row] = [
        Row("no supplier", "tech.reach", "19.6.c", .holds, .allow, in: .sovereign) { _ in },
        Row("not stated", "tech.reach", "19.6.c", .unknown, .deny, in: .sovereign) { $0.site.technology = nil },
        Row("from the US, without reach", "tech.reach", "19.6.c", .holds, .allow, in: .sovereign) {
            $0.site.technology = supplier("US", reaches: false, .own)
        },
        Row("from the US, with reach", "tech.reach", "19.6.c", .fails, .deny, in: .sovereign) {
            $0.site.technology = supplier("US", reaches: true, .own)
        },
        Row("from the US, reach not stated", "tech.reach", "19.6.c", .unknown, .deny, in: .sovereign) {
            $0.site.technology = supplier("US", reaches: nil, .own)
        },
        Row("from France, with reach", "tech.reach", "19.6.c", .holds, .allow, in: .sovereign) {
            $0.site.technology = supplier("FR", reaches: true, .dependent)
        },
        Row("from nobody knows where, with reach", "tech.reach", "19.6.c", .unknown, .deny, in: .sovereign) {
            $0.site.technology = supplier(nil, reaches: true, .own)
        },
        Row("from the US, own skills", "tech.autonomy", "19.6.d", .holds, .allow, in: .sovereign) {
            $0.site.technology = supplier("US", reaches: false, .own)
        },
        Row("from the US, two third parties", "tech.autonomy", "19.6.d", .holds, .allow, in: .sovereign) {
            $0.site.technology = supplier("US", reaches: false, .twoThirdParties)
        },
        Row("from the US, no autonomy", "tech.autonomy", "19.6.d", .fails, .deny, in: .sovereign) {
            $0.site.technology = supplier("US", reaches: false, .dependent)
        },
        Row("from the US, autonomy not stated", "tech.autonomy", "19.6.d", .unknown, .deny, in: .sovereign) {
            $0.site.technology = supplier("US", reaches: false, nil)
        },
    ]

    @Test(arguments: technology) func `suppliers from outside reach nothing and can be done without`(_ row: Row) throws { try row.check() }

    static func stated(_ day: String) -> @Sendable (inout Sample) -> Void {
        { $0.documents["ev-owner"] = Sample.paper("ownershipStatement", Sample.company, issued: day) }
    }

    static let statements: [Row] = [
        Row("stated half a year ago", "ownership.stated", "19.6.f", .holds, .allow, in: .sovereign, stated("2026-06-01")),
        Row("its twelfth month ends in 90 days", "ownership.stated", "19.6.f", .holds, .warn, in: .sovereign, on: "2026-08-30", stated("2025-11-28")),
        Row("it ends in 91 days", "ownership.stated", "19.6.f", .holds, .allow, in: .sovereign, on: "2026-08-29", stated("2025-11-28")),
        Row("its last day", "ownership.stated", "19.6.f", .holds, .warn, in: .sovereign, stated("2025-11-27")),
        Row("one day overdue", "ownership.stated", "19.6.f", .fails, .warn, in: .sovereign, stated("2025-11-26")),
        Row("thirty days overdue", "ownership.stated", "19.6.f", .fails, .warn, in: .sovereign, stated("2025-10-28")),
        Row("thirty-one days overdue", "ownership.stated", "19.6.f", .fails, .readOnly, in: .sovereign, stated("2025-10-27")),
        Row("never stated", "ownership.stated", "19.6.f", .unknown, .deny, in: .sovereign) { $0.documents["ev-owner"] = nil },
        Row("taken back", "ownership.stated", "19.6.f", .unknown, .deny, in: .sovereign) { $0.documents["ev-owner"]?["status"] = "\"withdrawn\"" },
        Row("about another company", "ownership.stated", "19.6.f", .unknown, .deny, in: .sovereign) {
            $0.documents["ev-owner"] = Sample.paper("ownershipStatement", Sample.hospital)
        },
    ]

    @Test(arguments: statements) func `ownership is stated each year: overdue is a warning, then read-only`(_ row: Row) throws { try row.check() }
}
