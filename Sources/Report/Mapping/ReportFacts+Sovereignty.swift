import Base
import Scheduling
import Sovereignty

// What the module Sovereignty knows, as facts of a report.
extension ReportFacts.Site {
    /// What is stated of a site; what a probe found and who has copies there come from elsewhere.
    package init(_ stated: SiteFacts, tenants: [String]) {
        self.init(id: stated.id.text, tenants: tenants)
        service = Recorded(stated.service)
        region = Recorded(stated.region)
        operatorName = Recorded(stated.company?.entity.name)
        siren = Recorded(stated.company?.entity.siren?.digits)
        seat = Recorded(stated.company?.seat?.code)
        parent = Recorded(stated.ownership?.ultimateParent)
        parentCountry = Recorded(stated.ownership?.parentCountry?.code)
        underlyingOperator = Recorded(stated.infrastructure?.underlyingOperator)
        // A datacentre without a country is not known.
        datacentres = PartlyKnown(list: stated.infrastructure?.datacentres).compact { room in
            room.country.map { ReportFacts.Datacentre(id: room.id, country: $0.code) }
        }
        remoteAccess = PartlyKnown(list: stated.remoteAccess).compact { access in
            access.country.map { ReportFacts.RemoteAccess(country: $0.code, actor: access.actor ?? "?", basis: access.basis?.rawValue) }
        }
        exposedLaws = Recorded(stated.exposedLaws)
        residualRisks = Recorded(stated.residualRisks)
        mitigations = Recorded(stated.mitigations)
        subprocessors = Recorded(stated.subprocessors?.map(ReportFacts.Subprocessor.init))
        certificates = .known(stated.evidence.map(\.text))
        media = Recorded(stated.media?.rawValue)
        isOffline = Recorded(stated.isOffline)
    }
}

/// A list whose elements may be known in part.
private struct PartlyKnown<Element> {
    let list: [Element]?

    /// Unknown where one element is: a list that lacks somebody says less than none.
    func compact<Result: Codable & Sendable & Equatable>(_ transform: (Element) -> Result?) -> Recorded<[Result]> {
        guard let list else { return .unknown }
        let results = list.compactMap(transform)
        return results.count == list.count ? .known(results) : .unknown
    }
}

extension ReportFacts.Subprocessor {
    fileprivate init(_ stated: SiteFacts.Subprocessor) {
        self.init(name: stated.name)
        role = Recorded(stated.role)
        seat = Recorded(stated.seat?.code)
        certified = Recorded(stated.certification?.rawValue)
        canReachData = Recorded(stated.canReachData)
    }
}

extension ReportFacts.Certificate {
    /// A document of the register as it stood on `day`.
    package init(_ evidence: Evidence, on day: ReportDay) {
        let status = evidence.statusSince.map { day.day >= $0 } ?? true ? evidence.status : .valid
        self.init(
            id: evidence.id.text, kind: evidence.kind.rawValue, holder: evidence.holder.name,
            activities: evidence.activities.map(\.rawValue).sorted(), services: evidence.services, regions: evidence.regions,
            issuedOn: ReportDay(evidence.issuedOn), validUntil: evidence.validUntil.map(ReportDay.init), status: status.rawValue,
            documentHash: evidence.documentHash.hex)
        issuer = Recorded(evidence.issuer?.name)
        number = Recorded(evidence.number)
        referential = Recorded(evidence.referential)
    }
}

extension ReportFacts.Decision {
    package init(_ decision: Decision) {
        self.init(
            tenant: decision.tenant.text, site: decision.site.text, profile: decision.profile.rawValue, on: ReportDay(decision.day),
            outcome: ReportFacts.Outcome(decision.outcome),
            findings: decision.findings.map { result in
                ReportFacts.Finding(
                    rule: result.rule.text, clause: result.clause, outcome: ReportFacts.Outcome(result.outcome), reason: LocalText(result.reason),
                    remedy: LocalText(result.remedy ?? result.requirement))
            }, policyHash: decision.policyHash.hex, inputsHash: decision.inputsHash.hex)
    }
}

extension ReportFacts.Outcome {
    package init(_ outcome: Outcome) {
        self =
            switch outcome {
            case .allow: .allow
            case .warn: .warn
            case .readOnly: .readOnly
            case .deny: .deny
            }
    }
}

extension ReportFacts.Verdict {
    package init(_ truth: Truth) {
        self =
            switch truth {
            case .holds: .holds
            case .fails: .fails
            case .unknown: .unknown
            }
    }
}

extension ReportFacts.Waiver {
    package init(_ waiver: Waiver) {
        self.init(
            id: waiver.id.text, tenant: waiver.tenant.text, site: waiver.site.text, rules: waiver.rules.map(\.text).sorted(), reason: waiver.reason,
            grantedOn: ReportDay(waiver.grantedOn), until: ReportDay(waiver.until), approvers: waiver.approvers.map(\.text),
            exitPlan: waiver.exitPlan)
    }
}

extension ReportFacts.Resilience {
    package init(_ resilience: Resilience, snapshot: String) {
        self.init(
            snapshot: snapshot,
            digits: resilience.digits.map { digit in
                Digit(
                    Kind(digit.kind), wanted: digit.wanted, known: digit.known, possible: digit.possible,
                    verdict: ReportFacts.Verdict(digit.verdict), sites: digit.sites.map(\.text))
            })
    }
}

extension ReportFacts.Resilience.Kind {
    fileprivate init(_ kind: Resilience.Digit.Kind) {
        self =
            switch kind {
            case .copies: .copies
            case .media: .media
            case .offSite: .offSite
            case .offline: .offline
            case .immutable: .immutable
            case .unverified: .unverified
            }
    }
}

extension ReportFacts.SitePair {
    /// Whether two sites fall together, and what they share.
    package init(_ first: SiteFacts, _ second: SiteFacts, by independence: Independence) {
        let (truth, reason) = independence.between(first, second)
        self.init(first.id.text, second.id.text, verdict: ReportFacts.Verdict(truth), reason: LocalText(reason))
    }
}
