import Base

/// How many copies would outlive any one of: an operator, a parent company, a datacentre (SecNumCloud 12.5.d; regulation §0, finding 2).
///
/// Names of sites say nothing: two brands can be one machine room. Two copies are independent where nothing of the three is shared and
/// their datacentres are far enough apart; where one of them is not known, that is unknown.
package struct Independence: Sendable {
    private let minimumKilometres: Int
    private let catalogue: ProviderCatalogue

    package init(minimumKilometres: Int, catalogue: ProviderCatalogue) {
        self.minimumKilometres = minimumKilometres
        self.catalogue = catalogue
    }

    /// Whether the two do not fall together, and what they share.
    package func between(_ a: SiteFacts, _ b: SiteFacts) -> (truth: Truth, reason: Message) {
        let shared: [(Truth, Message)] = [
            (differ(operators(a), operators(b)), .sharedOperator(a.id.text, b.id.text)),
            (differ(parents(a), parents(b)), .sharedParent(a.id.text, b.id.text)),
            (differ(rooms(a), rooms(b)), .sharedDatacentre(a.id.text, b.id.text)),
            (distance(a, b), .tooNear(a.id.text, b.id.text, minimumKilometres)),
        ]
        if let failing = shared.first(where: { $0.0 == .fails }) { return failing }
        if shared.contains(where: { $0.0 == .unknown }) { return (.unknown, .independenceUnknown(a.id.text, b.id.text)) }
        return (.holds, .independentPair(a.id.text, b.id.text))
    }

    /// The size of the largest set of sites of which no two fall together: as far as is known, and as far as could be.
    package func count(_ sites: [SiteFacts]) -> (known: Int, possible: Int) {
        let truths = sites.map { a in sites.map { b in between(a, b).truth } }
        func largest(_ isApart: (Truth) -> Bool) -> Int {
            let apart = truths.map { $0.map(isApart) }
            return largestSet(Array(sites.indices), apart)
        }
        return (largest { $0 == .holds }, largest { $0 != .fails })
    }

    /// Either `first` is in the set or it is not. Sites number a handful; beyond twenty the first fit is taken, which never claims too much.
    private func largestSet(_ candidates: [Int], _ apart: [[Bool]]) -> Int {
        guard let first = candidates.first else { return 0 }
        let rest = Array(candidates.dropFirst())
        let compatible = rest.filter { apart[first][$0] }
        let with = 1 + largestSet(compatible, apart)
        if compatible.count == rest.count || candidates.count > 20 { return with }
        return max(with, largestSet(rest, apart))
    }

    // MARK: What can be shared

    private func differ(_ a: Set<String>?, _ b: Set<String>?) -> Truth {
        guard let a, let b else { return .unknown }
        return Truth(a.isDisjoint(with: b))
    }

    /// Who runs it, and whose machines they are, by statement and by catalogue. Nil where the machines' owner is not known.
    private func operators(_ site: SiteFacts) -> Set<String>? {
        guard let company = site.company, let underlying = site.infrastructure?.underlyingOperator else { return nil }
        var names = [company.entity.name, underlying]
        if let provider = catalogue.provider(named: company.entity.name) {
            names += provider.underlying.filter { $0.regions.map { $0.contains(site.region ?? "") || site.region == nil } ?? true }.map(\.operator)
        }
        return Set(names.map(catalogue.canonical))
    }

    /// Its parent by statement, and those that the catalogue names for each company involved.
    private func parents(_ site: SiteFacts) -> Set<String>? {
        guard let parent = site.ownership?.ultimateParent, let operators = operators(site) else { return nil }
        let known = catalogue.providers.filter { operators.contains(catalogue.canonical($0.entity.name)) }.compactMap(\.ultimateParent)
        return Set(([parent] + known).map(catalogue.canonical))
    }

    private func rooms(_ site: SiteFacts) -> Set<String>? {
        guard let datacentres = site.infrastructure?.datacentres, !datacentres.isEmpty else { return nil }
        return Set(datacentres.map { $0.id.lowercased() })
    }

    private func distance(_ a: SiteFacts, _ b: SiteFacts) -> Truth {
        guard minimumKilometres > 0 else { return .holds }
        return far(a.infrastructure?.datacentres ?? [], b.infrastructure?.datacentres ?? [])
    }

    /// Whether every datacentre of one is far from every one of the other.
    private func far(_ a: [SiteFacts.Datacentre], _ b: [SiteFacts.Datacentre]) -> Truth {
        guard !a.isEmpty, !b.isEmpty else { return .unknown }
        return Truth.all(
            a.flatMap { here in
                b.map { there in
                    guard let from = here.place, let to = there.place else { return Truth.unknown }
                    return Truth(from.kilometres(to: to) >= Double(minimumKilometres))
                }
            })
    }

    /// Whether the site is elsewhere than where the data itself lives.
    package func isOffSite(_ site: SiteFacts, _ production: ProductionFacts) -> Truth {
        guard let home = production.datacentre else { return .unknown }
        let apart = differ(rooms(site), [home.id.lowercased()])
        return minimumKilometres > 0 ? apart && far(site.infrastructure?.datacentres ?? [], [home]) : apart
    }
}
