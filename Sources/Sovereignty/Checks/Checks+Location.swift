import Base

// Where the data is, who can look at it from where, and which laws reach it.
extension CheckContext {
    /// The papers are about the endpoint that the statement names: another one has none, whoever answers there.
    func endpointNotDenied() -> Finding {
        func facts(_ chain: [EndpointName]) -> [Fact] {
            [fact("endpoint", site.endpoint), Fact("endpoint.names", chain.map(\.text).joined(separator: " → "))]
        }
        switch placement.endpoint {
        case .noEndpoint:
            if site.driver == .file { return .notApplicable(.endpointNone) }
            return Finding(.unknown, .endpointUnknown, [fact("driver", site.driver?.rawValue), fact("endpoint", site.endpoint)])
        case .denied(let chain, let denied): return Finding(.fails, .endpointDenied(denied.owner, denied.pattern.text), facts(chain))
        case .unknown(let chain, let reason): return Finding(.unknown, reason, facts(chain))
        case .clear(let chain):
            guard let stated = site.endpoint.flatMap({ EndpointName(address: $0) }) else { return Finding(.unknown, .endpointUnstated, facts(chain)) }
            let isStated = stated == chain.first
            return Finding(Truth(isStated), isStated ? .endpointClear : .endpointOther(chain.first?.text ?? "", stated.text), facts(chain))
        }
    }

    func datacentres(within zone: Jurisdictions.Zone) -> Finding {
        guard let datacentres = site.infrastructure?.datacentres, !datacentres.isEmpty else {
            return Finding(.unknown, .datacentresUnknown, [fact("infrastructure.datacentres", nil)])
        }
        let facts = datacentres.enumerated().map {
            fact("infrastructure.datacentres[\($0)].country", $1.country.map(\.code))
        }
        if let outside = datacentres.first(where: { countries.contains($0.country, zone) == .fails }) {
            return Finding(.fails, .datacentreOutside(outside.id, outside.country?.code ?? "", zone.rawValue), facts)
        }
        if let unknown = datacentres.first(where: { $0.country == nil }) { return Finding(.unknown, .datacentreCountryUnknown(unknown.id), facts) }
        return Finding(.holds, .datacentresInside(zone.rawValue), facts)
    }

    /// Access from inside the area needs no basis. One from outside needs an adequacy decision in force on that day, or safeguards; a
    /// sub-processor outside that can reach data has to be among those who are declared.
    func remoteAccessHasBasis() -> Finding {
        guard let accesses = site.remoteAccess else { return Finding(.unknown, .remoteAccessUnknown, [fact("remoteAccess", nil)]) }
        var findings = accesses.enumerated().map { remoteAccess($1, "remoteAccess[\($0)]") }
        guard let subprocessors = site.subprocessors else {
            findings.append(Finding(.unknown, .subprocessorsUnknown, [fact("subprocessors", nil)]))
            return merged(findings, else: .remoteAccessNone)
        }
        for (index, subprocessor) in subprocessors.enumerated() {
            let place = "subprocessors[\(index)]"
            let isOutside = !countries.contains(subprocessor.seat, .area)
            let reaches = isOutside && Truth(subprocessor.canReachData)
            guard reaches != .fails, !accesses.contains(where: { $0.actor == subprocessor.name }) else { continue }
            let facts = [fact("\(place).seat", subprocessor.seat?.code), fact("\(place).canReachData", subprocessor.canReachData.map { "\($0)" })]
            findings.append(Finding(!reaches, .subprocessorUndeclared(subprocessor.name), facts))
        }
        return merged(findings, else: .remoteAccessNone)
    }

    private func remoteAccess(_ access: SiteFacts.RemoteAccess, _ place: String) -> Finding {
        let facts = [
            fact("\(place).country", access.country?.code), fact("\(place).actor", access.actor), fact("\(place).basis", access.basis?.rawValue),
        ]
        guard let country = access.country else { return Finding(.unknown, .remoteAccessCountryUnknown, facts) }
        if countries.contains(country, .area) { return Finding(.holds, .remoteAccessInside(country.code), facts) }
        switch access.basis {
        case nil: return Finding(.fails, .remoteAccessWithoutBasis(country.code), facts)
        case .safeguards: return Finding(.holds, .remoteAccessSafeguards(country.code), facts)
        case .adequacy:
            let isAdequate = countries.isAdequate(country, on: day)
            return Finding(Truth(isAdequate), isAdequate ? .remoteAccessAdequate(country.code) : .remoteAccessNotAdequate(country.code), facts)
        }
    }

    /// EXI 30 wants the laws, the residual risks and the mitigations to be said. An empty list from a company whose parent is outside the
    /// area contradicts itself: it is not believed.
    func lawsDeclared() -> Finding {
        guard let laws = site.exposedLaws else { return Finding(.unknown, .lawsUnknown, [fact("exposedLaws", nil)]) }
        if laws.isEmpty { return lawsOfParent() ?? Finding(.holds, .lawsNone, [fact("exposedLaws", "")]) }
        let facts = [
            fact("exposedLaws", laws.joined(separator: ", ")), fact("mitigations", site.mitigations?.joined(separator: ", ")),
            fact("residualRisks", site.residualRisks?.joined(separator: ", ")),
        ]
        guard let mitigations = site.mitigations, let risks = site.residualRisks, !mitigations.isEmpty, !risks.isEmpty else {
            return Finding(.unknown, .lawsWithoutRisks, facts)
        }
        return Finding(.holds, .lawsDeclared(laws.joined(separator: ", ")), facts, outcome: .warn)
    }

    func lawsNone() -> Finding {
        guard let laws = site.exposedLaws else { return Finding(.unknown, .lawsUnknown, [fact("exposedLaws", nil)]) }
        if !laws.isEmpty {
            return Finding(.fails, .lawsExposed(laws.joined(separator: ", ")), [fact("exposedLaws", laws.joined(separator: ", "))])
        }
        return lawsOfParent() ?? Finding(.holds, .lawsNone, [fact("exposedLaws", "")])
    }

    /// What makes a statement of "no law from outside" doubtful; nil where nothing does.
    private func lawsOfParent() -> Finding? {
        let parent = site.ownership?.parentCountry
        let facts = [fact("exposedLaws", ""), fact("ownership.parentCountry", parent?.code)]
        switch countries.contains(parent, .area) {
        case .holds: return nil
        case .fails: return Finding(.unknown, .lawsContradicted(parent?.code ?? ""), facts)
        case .unknown: return Finding(.unknown, .parentUnknown, facts)
        }
    }

    /// The worst of several findings, with the facts of all.
    func merged(_ findings: [Finding], else reason: Message) -> Finding {
        let decisive = findings.first { $0.verdict == .fails } ?? findings.first { $0.verdict == .unknown } ?? findings.first
        var merged = decisive ?? Finding(.holds, reason)
        merged.facts = findings.flatMap(\.facts)
        return merged
    }
}
