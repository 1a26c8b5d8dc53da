import Base
import Scheduling

// Certificates and contracts. Each later rule looks only at the certificates that passed the earlier ones, so that one is not valid
// by its date, another by its version and a third by its scope.
extension CheckContext {
    func certificateValid(_ kind: Evidence.Kind) -> Finding {
        let search = search(kind, site.evidence, of: site.company?.entity)
        guard let best = search.valid.first else {
            // What was taken back or is over is a breach; what nobody showed is not known.
            return Finding(search.candidates.isEmpty ? .unknown : .fails, search.lack, search.facts)
        }
        return Finding(.holds, .certificateValid(best.evidence.id.text), search.facts, through: best.through)
    }

    func certificateReferential(_ kind: Evidence.Kind) -> Finding {
        let valid = search(kind, site.evidence, of: site.company?.entity).valid
        guard !valid.isEmpty else { return Finding(.unknown, .certificateNoneValid) }
        let facts = valid.map { Fact("\($0.evidence.id).referential", $0.evidence.referential, origin: $0.file) }
        let good = valid.filter { isInForce($0.evidence, kind) }
        guard let best = good.first else {
            return Finding(.fails, notInForce(valid[0].evidence), facts)
        }
        // The referential itself may end while the certificate goes on.
        let end = best.evidence.referential.flatMap { terms.referentials[$0]?.noEffectFrom }.map { $0 - 1 }
        return Finding(.holds, .referentialInForce(best.evidence.referential ?? ""), facts, through: end)
    }

    func certificateScope(_ kind: Evidence.Kind) -> Finding {
        let search = search(kind, site.evidence, of: site.company?.entity)
        let current = search.valid.filter { isInForce($0.evidence, kind) }
        guard !current.isEmpty else {
            return Finding(
                search.candidates.isEmpty ? .unknown : .fails, search.valid.first.map { notInForce($0.evidence) } ?? search.lack, search.facts)
        }
        let facts =
            [fact("service", site.service), fact("region", site.region)]
            + current.flatMap { candidate in
                [
                    Fact("\(candidate.evidence.id).services", candidate.evidence.services.joined(separator: ", "), origin: candidate.file),
                    Fact("\(candidate.evidence.id).regions", candidate.evidence.regions.joined(separator: ", "), origin: candidate.file),
                ]
            }
        let truths = current.map { $0.evidence.covers(service: site.service, region: site.region) }
        if let index = truths.firstIndex(of: .holds) {
            return Finding(.holds, .scopeCovers(current[index].evidence.id.text), facts, through: current[index].through)
        }
        let isUnknown = truths.contains(.unknown)
        return Finding(isUnknown ? .unknown : .fails, isUnknown ? .scopeUnknown : .scopeMisses(site.service ?? "?", site.region ?? "?"), facts)
    }

    /// The activities of the operator's certificates that cover this service and region, and those of whose machines it runs on.
    func certificateActivities(_ kind: Evidence.Kind, _ wanted: Set<Evidence.Activity>) -> Finding {
        var current = search(kind, site.evidence, of: site.company?.entity).valid.filter {
            isInForce($0.evidence, kind) && $0.evidence.covers(service: site.service, region: site.region) == .holds
        }
        guard !current.isEmpty else { return Finding(.unknown, .certificateNoneInScope) }
        if let name = site.infrastructure?.underlyingOperator {
            current += search(kind, site.evidence, of: LegalEntity(name: name)).valid.filter { isInForce($0.evidence, kind) }
        }
        let facts = current.map { candidate in
            Fact("\(candidate.evidence.id).activities", text(candidate.evidence.activities), origin: candidate.file)
        }
        let missing = wanted.subtracting(current.flatMap(\.evidence.activities))
        return Finding(Truth(missing.isEmpty), missing.isEmpty ? .activitiesCovered : .activitiesMissing(text(missing)), facts)
    }

    /// A contract with who runs the site.
    func contract(_ kinds: [Evidence.Kind]) -> Finding { contract(kinds, site.evidence, of: site.company?.entity) }

    /// The contract of the operator of this program with the tenant: it stands among the operator's evidence, and its holder is the tenant.
    func operatorContract(_ kinds: [Evidence.Kind]) -> Finding {
        guard let entity = placement.tenant.entity else { return Finding(.unknown, .tenantUnknown, [Fact("tenant", nil)]) }
        return contract(kinds, placement.host.evidence, of: entity)
    }

    private func contract(_ kinds: [Evidence.Kind], _ ids: [EvidenceID], of holder: LegalEntity?) -> Finding {
        let searches = kinds.map { search($0, ids, of: holder) }
        let facts = searches.flatMap(\.facts)
        if let best = searches.compactMap(\.valid.first).first {
            return Finding(.holds, .contractSigned(best.evidence.id.text), facts, through: best.through)
        }
        let isKnown = searches.contains { !$0.candidates.isEmpty }
        let lack = searches.first { !$0.candidates.isEmpty }?.lack ?? searches.first?.lack ?? .certificateNoneValid
        return Finding(isKnown ? .fails : .unknown, lack, facts)
    }

    /// The operator's own HDS certificate, with the activities that the rule names: activity 6, "sauvegarde externalisée", is `backup`.
    func operatorCertified(_ wanted: Set<Evidence.Activity>) -> Finding {
        let search = search(.hds, placement.host.evidence, of: placement.host.entity)
        let current = search.valid.filter { isInForce($0.evidence, .hds) }
        guard let best = current.first(where: { $0.evidence.activities.isSuperset(of: wanted) }) ?? current.first else {
            return Finding(
                search.candidates.isEmpty ? .unknown : .fails, search.valid.first.map { notInForce($0.evidence) } ?? search.lack, search.facts)
        }
        let missing = wanted.subtracting(best.evidence.activities)
        let facts = search.facts + [Fact("\(best.evidence.id).activities", text(best.evidence.activities), origin: best.file)]
        return Finding(
            Truth(missing.isEmpty), missing.isEmpty ? .activitiesCovered : .activitiesMissing(text(missing)), facts,
            through: missing.isEmpty ? best.through : nil)
    }

    private func isInForce(_ evidence: Evidence, _ kind: Evidence.Kind) -> Bool {
        guard let name = evidence.referential, let referential = terms.referentials[name], referential.kind == kind else { return false }
        return referential.noEffectFrom.map { day < $0 } ?? true
    }

    /// Why its referential does not count.
    private func notInForce(_ evidence: Evidence) -> Message {
        .referentialNotInForce(evidence.referential ?? "?", evidence.referential.flatMap { terms.referentials[$0]?.noEffectFrom }?.text)
    }

    private func text(_ activities: Set<Evidence.Activity>) -> String {
        Evidence.Activity.allCases.filter(activities.contains).map(\.rawValue).joined(separator: ", ")
    }
}
