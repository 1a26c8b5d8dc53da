import Base
import Scheduling

extension PolicyBook {
    /// What the profile says of a placement on a day.
    package func evaluate(
        _ placement: Placement, profile: ProfileName, register: EvidenceRegister, catalogue: ProviderCatalogue, on day: CalendarDay
    ) -> Decision {
        let context = CheckContext(
            placement: placement, register: register, catalogue: catalogue, terms: terms, countries: countries, day: day)
        return Decision(
            profile: profile, day: day, site: placement.site.id, tenant: placement.tenant.id,
            results: rules(of: profile).filter { !$0.check.isOfCopies }.map { result(of: $0, context) }, policyHash: hash,
            inputsHash: context.inputsHash)
    }

    func result(of rule: Rule, _ context: CheckContext) -> RuleResult {
        let finding = rule.exemption(context.placement).map(Finding.notApplicable) ?? rule.check.finding(context)
        return result(of: rule, finding, context.day, waivers: context.waivers(of: rule))
    }

    /// What follows from a finding: the rule's outcome, a warning before a last day, and what a waiver changes.
    func result(of rule: Rule, _ finding: Finding, _ day: CalendarDay, waivers: [Waiver]) -> RuleResult {
        var (outcome, through) = (Self.outcome(of: rule, finding), finding.through)
        var effect: RuleResult.WaiverEffect?
        if outcome > .warn, let waiver = waivers.map({ self.effect(of: $0, on: rule, day) }).min(by: { $0.rank < $1.rank }) {
            effect = waiver
            if case .inForce(_, let until) = waiver { (outcome, through) = (.warn, until) }
        }
        let urgency = through.map { last in terms.warnDays.count { day >= last - $0 } } ?? 0
        if urgency > 0, outcome == .allow { outcome = .warn }
        return RuleResult(
            rule: rule.id, clause: rule.clause, requirement: rule.requirement, verdict: finding.verdict, outcome: outcome, reason: finding.reason,
            remedy: outcome > .allow ? rule.remedy : nil, facts: finding.facts, through: through, urgency: urgency, waiver: effect)
    }

    private static func outcome(of rule: Rule, _ finding: Finding) -> Outcome {
        switch finding.verdict {
        case .notApplicable: .allow
        case .holds: finding.outcome ?? .allow
        case .fails: finding.outcome.map { min($0, rule.whenFalse) } ?? rule.whenFalse
        case .unknown: rule.whenUnknown
        }
    }

    private func effect(of waiver: Waiver, on rule: Rule, _ day: CalendarDay) -> RuleResult.WaiverEffect {
        if !rule.isWaivable { return .notWaivable(waiver.id) }
        if Set(waiver.approvers).count < terms.waiver.minimumApprovers || waiver.until > waiver.grantedOn.adding(months: terms.waiver.maximumMonths) {
            return .beyondTerms(waiver.id)
        }
        if day > waiver.until { return .ended(waiver.id, after: waiver.until) }
        if day < waiver.grantedOn { return .notYet(waiver.id, from: waiver.grantedOn) }
        return .inForce(waiver.id, until: waiver.until)
    }
}

extension RuleResult.WaiverEffect {
    /// The one that helps comes first, then the one that a person should hear of.
    fileprivate var rank: Int {
        switch self {
        case .inForce: 0
        case .ended: 1
        case .notYet: 2
        case .beyondTerms: 3
        case .notWaivable: 4
        }
    }
}

extension Rule {
    /// Why the rule is not for this tenant or site; nil where it is.
    fileprivate func exemption(_ placement: Placement) -> Message? {
        if !tenants.contains(placement.tenant.kind) { return .ruleNotForTenant(placement.tenant.kind.rawValue) }
        // Only an establishment that keeps its own data needs nobody's certificate for its own machines.
        if exemption.contains(.runByTenant), placement.tenant.kind == .ownData, placement.isRunByTenant { return .ruleNotForOwnSite }
        if exemption.contains(.runByOperator), placement.isRunByHost { return .ruleNotForOperatorSite }
        return nil
    }
}

extension CheckContext {
    fileprivate func waivers(of rule: Rule) -> [Waiver] {
        register.waivers.values.map(\.document)
            .filter { $0.site == site.id && $0.tenant == placement.tenant.id && $0.rules.contains(rule.id) }
            .sorted { ($1.until, $0.id) < ($0.until, $1.id) }
    }

    /// Of everything that the decision is made from, beside the policy files.
    fileprivate var inputsHash: Digest {
        var parts: [String] = ["day", day.text, "catalogue", catalogue.hash.hex, "site", site.id.text]
        parts += [register.sites[site.id]?.hash.hex ?? "\(site)"]
        let ids = Set(site.evidence + placement.host.evidence).sorted()
        for id in ids { parts += ["evidence", id.text, register.evidence[id]?.hash.hex ?? "absent"] }
        for (id, waiver) in register.waivers.sorted(by: { $0.key < $1.key })
        where waiver.document.site == site.id && waiver.document.tenant == placement.tenant.id {
            parts += ["waiver", id.text, waiver.hash.hex]
        }
        func entity(_ entity: LegalEntity?) -> [String] { entity.map { [$0.name, $0.siren?.digits ?? ""] } ?? [] }
        parts += ["tenant", placement.tenant.id.text, placement.tenant.kind.rawValue] + entity(placement.tenant.entity)
        parts += ["operator"] + entity(placement.host.entity)
        if let source = placement.source {
            parts += ["source", source.name, source.authorisation.map { "\($0.id) \($0.until.text)" } ?? "", source.retentionBasis ?? ""]
            parts += [source.retentionDays.map(String.init) ?? "", source.informationNotice ?? ""]
        }
        parts += ["lock", placement.lockDays.map(String.init) ?? ""]
        switch placement.endpoint {
        case .noEndpoint: parts += ["endpoint"]
        case .clear(let chain): parts += ["endpoint", "clear"] + chain.map(\.text)
        case .denied(let chain, let denied): parts += ["endpoint", "denied", denied.pattern.text] + chain.map(\.text)
        case .unknown(let chain, let reason): parts += ["endpoint", "unknown", reason.code] + chain.map(\.text)
        }
        return hash(of: parts.map { Array($0.utf8) })
    }
}
