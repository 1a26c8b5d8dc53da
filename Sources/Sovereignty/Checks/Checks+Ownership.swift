import Base
import Scheduling

// SecNumCloud 3.2, 19.6: whose the operator is, and on whom it depends.
extension CheckContext {
    func seats(within zone: Jurisdictions.Zone) -> Finding {
        let company = site.company
        let places = [
            ("operator.seat", company?.seat), ("operator.centralAdmin", company?.centralAdministration),
            ("operator.mainEstablishment", company?.mainEstablishment),
        ]
        let facts = places.map { fact($0.0, $0.1?.code) }
        if let outside = places.first(where: { countries.contains($0.1, zone) == .fails }) {
            return Finding(.fails, .seatOutside(outside.0, outside.1?.code ?? "", zone.rawValue), facts)
        }
        if let unknown = places.first(where: { $0.1 == nil }) { return Finding(.unknown, .seatUnknown(unknown.0), facts) }
        return Finding(.holds, .seatsInside(zone.rawValue), facts)
    }

    /// A parent outside the Union holds more than any limit, whatever the list of holders says.
    func parent(within zone: Jurisdictions.Zone) -> Finding {
        let country = site.ownership?.parentCountry
        let facts = [fact("ownership.ultimateParent", site.ownership?.ultimateParent), fact("ownership.parentCountry", country?.code)]
        guard let country else { return Finding(.unknown, .parentUnknown, facts) }
        let isInside = countries.contains(country, zone)
        return Finding(Truth(isInside), isInside ? .parentInside(zone.rawValue) : .parentOutside(country.code, zone.rawValue), facts)
    }

    func capitalSingle(_ limit: Percentage) -> Finding {
        guard let holdings = site.ownership?.holdings else { return holdingsUnknown }
        for holding in holdings {
            for share in [holding.capital, holding.votes].compactMap({ $0 }) where share > limit {
                return Finding(.fails, .capitalSingleAbove(holding.holder, share.description, limit.description), facts(of: holdings))
            }
        }
        if let unknown = holdings.first(where: { $0.capital == nil || $0.votes == nil }) {
            return Finding(.unknown, .capitalShareUnknown(unknown.holder), facts(of: holdings))
        }
        return Finding(.holds, .capitalSingleWithin(limit.description), facts(of: holdings))
    }

    /// Capital and votes each; what is known already above the limit decides, whatever is not known.
    func capitalSum(_ limit: Percentage) -> Finding {
        guard let holdings = site.ownership?.holdings else { return holdingsUnknown }
        for share in [\SiteFacts.Holding.capital, \.votes] {
            let sum = holdings.compactMap { $0[keyPath: share] }.reduce(.zero, +)
            if sum > limit { return Finding(.fails, .capitalSumAbove(sum.description, limit.description), facts(of: holdings)) }
        }
        if let unknown = holdings.first(where: { $0.capital == nil || $0.votes == nil }) {
            return Finding(.unknown, .capitalShareUnknown(unknown.holder), facts(of: holdings))
        }
        return Finding(.holds, .capitalSumWithin(limit.description), facts(of: holdings))
    }

    private var holdingsUnknown: Finding { Finding(.unknown, .holdingsUnknown, [fact("ownership.nonEU", nil)]) }

    private func facts(of holdings: [SiteFacts.Holding]) -> [Fact] {
        if holdings.isEmpty { return [fact("ownership.nonEU", "")] }
        return holdings.enumerated().flatMap { index, holding in
            [
                fact("ownership.nonEU[\(index)].holder", holding.holder),
                fact("ownership.nonEU[\(index)].capitalPct", holding.capital?.description),
                fact("ownership.nonEU[\(index)].votesPct", holding.votes?.description),
            ]
        }
    }

    /// A power that holders from outside must not have.
    func noPower(_ name: String, _ power: Bool?, _ reason: (Bool?) -> Message) -> Finding {
        Finding(!Truth(power), reason(power.map { !$0 }), [fact(name, power.map { "\($0)" })])
    }

    /// The statement about ownership is renewed each year (19.6.f). Overdue, it is a warning for `graceDays`, and read-only from then on.
    func ownershipStated(graceDays: Int) -> Finding {
        let search = search(.ownershipStatement, site.evidence, of: site.company?.entity)
        if let best = search.valid.first { return Finding(.holds, .ownershipStated(best.evidence.id.text), search.facts, through: best.through) }
        let overdue = search.candidates.compactMap { candidate in
            if case .expired(let after) = candidate.state { (candidate, after) } else { nil }
        }
        guard let (_, after) = overdue.max(by: { $0.1 < $1.1 }), search.candidates.allSatisfy({ !$0.state.isRefusal }) else {
            return Finding(.unknown, search.lack, search.facts)
        }
        let isInGrace = day <= after + graceDays
        return Finding(.fails, .ownershipOverdue(after.text), search.facts, outcome: isInGrace ? .warn : .readOnly)
    }

    func technologyNoReach() -> Finding {
        technology(.technologyNoReach) { supplier, place in
            let truth = !Truth(supplier.canReachData)
            return Finding(
                truth, truth == .fails ? .technologyReaches(supplier.supplier) : .technologyReachUnknown(supplier.supplier),
                [fact("\(place).canReachData", supplier.canReachData.map { "\($0)" })])
        }
    }

    func technologyAutonomy() -> Finding {
        technology(.technologyAutonomous) { supplier, place in
            let truth = Truth(supplier.autonomy.map { $0 != .dependent })
            return Finding(
                truth, truth == .fails ? .technologyDependent(supplier.supplier) : .technologyAutonomyUnknown(supplier.supplier),
                [fact("\(place).autonomy", supplier.autonomy?.rawValue)])
        }
    }

    /// Asks each supplier that is from outside the Union, or of whom that is not known.
    private func technology(_ good: Message, _ ask: (SiteFacts.Technology, String) -> Finding) -> Finding {
        guard let technology = site.technology else { return Finding(.unknown, .technologyUnknown, [fact("technology", nil)]) }
        var findings: [Finding] = []
        for (index, supplier) in technology.enumerated() {
            let place = "technology[\(index)]"
            let isInside = countries.contains(supplier.country, .union)
            if isInside == .holds { continue }
            var finding = ask(supplier, place)
            finding.facts.insert(fact("\(place).country", supplier.country?.code), at: 0)
            // Of a supplier from nobody knows where, a bad answer is not yet a breach.
            if finding.verdict == .fails, isInside == .unknown {
                finding = Finding(.unknown, .technologyCountryUnknown(supplier.supplier), finding.facts)
            }
            if finding.verdict == .holds { finding.reason = good }
            findings.append(finding)
        }
        var result = merged(findings, else: good)
        if findings.isEmpty { result.facts = [fact("technology", technology.map(\.supplier).joined(separator: ", "))] }
        return result
    }
}
