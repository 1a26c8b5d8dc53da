extension ReportFacts {
    /// One site, as it is stated and as it was found.
    package struct Site: Codable, Sendable, Equatable, Titled {
        package var id: String
        /// Tenants with copies there.
        package var tenants: [String]
        package var service: Recorded<String> = .unknown
        package var region: Recorded<String> = .unknown
        package var operatorName: Recorded<String> = .unknown
        package var siren: Recorded<String> = .unknown
        package var seat: Recorded<String> = .unknown
        package var parent: Recorded<String> = .unknown
        package var parentCountry: Recorded<String> = .unknown
        package var underlyingOperator: Recorded<String> = .unknown
        package var datacentres: Recorded<[Datacentre]> = .unknown
        package var remoteAccess: Recorded<[RemoteAccess]> = .unknown
        /// Laws from outside the Union; empty: stated that there are none.
        package var exposedLaws: Recorded<[String]> = .unknown
        package var residualRisks: Recorded<[String]> = .unknown
        package var mitigations: Recorded<[String]> = .unknown
        package var subprocessors: Recorded<[Subprocessor]> = .unknown
        package var certificates: Recorded<[String]> = .unknown
        /// `object`, `disk`, `tape` or `removable`.
        package var media: Recorded<String> = .unknown
        package var isOffline: Recorded<Bool> = .unknown
        package var probe: Recorded<Probe> = .unknown

        package init(id: String, tenants: [String]) { (self.id, self.tenants) = (id, tenants) }
        var title: String { id }
    }

    package struct Datacentre: Codable, Sendable, Equatable {
        package var id: String
        /// ISO 3166-1, two letters.
        package var country: String
        package init(id: String, country: String) { (self.id, self.country) = (id, country) }
    }

    package struct RemoteAccess: Codable, Sendable, Equatable {
        package var country: String
        package var actor: String
        /// `GDPR45` or `GDPR46`; nil: none is stated, which is a gap.
        package var basis: String?
        package init(country: String, actor: String, basis: String?) { (self.country, self.actor, self.basis) = (country, actor, basis) }
    }

    package struct Subprocessor: Codable, Sendable, Equatable, Titled {
        package var name: String
        package var role: Recorded<String> = .unknown
        package var seat: Recorded<String> = .unknown
        /// `yes`, `no` or `exempt`.
        package var certified: Recorded<String> = .unknown
        package var canReachData: Recorded<Bool> = .unknown
        package init(name: String) { self.name = name }
        var title: String { name }
    }

    /// What trying found out (BAK-5).
    package struct Probe: Codable, Sendable, Equatable {
        package var at: ReportMoment
        package var isGood: Bool
        /// Deleting a locked version was tried and refused.
        package var deletionRefused: Recorded<Bool> = .unknown
        package init(at: ReportMoment, isGood: Bool) { (self.at, self.isGood) = (at, isGood) }
    }

    package struct Certificate: Codable, Sendable, Equatable, Titled {
        package var id: String
        /// `HDS`, `SecNumCloud`, `ISO27001`, `contractHDS`, `DPA`, …
        package var kind: String
        package var holder: String
        package var issuer: Recorded<String> = .unknown
        package var number: Recorded<String> = .unknown
        package var referential: Recorded<String> = .unknown
        package var activities: [String]
        package var services: [String]
        package var regions: [String]
        package var issuedOn: ReportDay
        /// Nil where the document names no end.
        package var validUntil: ReportDay?
        /// `valid`, `suspended` or `withdrawn`.
        package var status: String
        package var documentHash: String

        package init(
            id: String, kind: String, holder: String, activities: [String] = [], services: [String] = [], regions: [String] = [],
            issuedOn: ReportDay, validUntil: ReportDay?, status: String = "valid", documentHash: String
        ) {
            (self.id, self.kind, self.holder) = (id, kind, holder)
            (self.activities, self.services, self.regions) = (activities, services, regions)
            (self.issuedOn, self.validUntil, self.status, self.documentHash) = (issuedOn, validUntil, status, documentHash)
        }
        var title: String { id }

        /// Whether it is worth something on `day`; its last day still counts.
        package func isValid(on day: ReportDay) -> Bool { status == "valid" && issuedOn <= day && (validUntil.map { day <= $0 } ?? true) }
    }

    /// What policy says of a site for a tenant.
    package struct Decision: Codable, Sendable, Equatable {
        package var tenant: String
        package var site: String
        package var profile: String
        package var on: ReportDay
        package var outcome: Outcome
        /// The rules that keep it from being allowed without more.
        package var findings: [Finding]
        package var policyHash: String
        package var inputsHash: String
        package init(
            tenant: String, site: String, profile: String, on: ReportDay, outcome: Outcome, findings: [Finding], policyHash: String,
            inputsHash: String
        ) {
            (self.tenant, self.site, self.profile, self.on) = (tenant, site, profile, on)
            (self.outcome, self.findings) = (outcome, findings)
            (self.policyHash, self.inputsHash) = (policyHash, inputsHash)
        }
    }

    package enum Outcome: String, Codable, Sendable, CaseIterable { case allow, warn, readOnly, deny }

    package struct Finding: Codable, Sendable, Equatable {
        package var rule: String
        package var clause: String
        package var outcome: Outcome
        package var reason: LocalText
        package var remedy: LocalText
        package init(rule: String, clause: String, outcome: Outcome, reason: LocalText, remedy: LocalText) {
            (self.rule, self.clause, self.outcome, self.reason, self.remedy) = (rule, clause, outcome, reason, remedy)
        }
    }

    package struct Waiver: Codable, Sendable, Equatable, Titled {
        package var id: String
        package var tenant: String
        package var site: String
        package var rules: [String]
        package var reason: String
        package var grantedOn: ReportDay
        package var until: ReportDay
        package var approvers: [String]
        package var exitPlan: String
        package init(
            id: String, tenant: String, site: String, rules: [String], reason: String, grantedOn: ReportDay, until: ReportDay, approvers: [String],
            exitPlan: String
        ) {
            (self.id, self.tenant, self.site, self.rules, self.reason) = (id, tenant, site, rules, reason)
            (self.grantedOn, self.until, self.approvers, self.exitPlan) = (grantedOn, until, approvers, exitPlan)
        }
        var title: String { id }
    }

    package struct PolicyChange: Codable, Sendable, Equatable {
        package var on: ReportDay
        package var summary: String
        /// Whether a guarantee became weaker: then a tenant has to approve (EXI 24).
        package var weakens: Bool
        package var approvedBy: [String]
        package init(on: ReportDay, summary: String, weakens: Bool, approvedBy: [String]) {
            (self.on, self.summary, self.weakens, self.approvedBy) = (on, summary, weakens, approvedBy)
        }
    }

    /// Whether two sites do not fall together.
    package struct SitePair: Codable, Sendable, Equatable {
        package var first: String
        package var second: String
        package var verdict: Verdict
        package var reason: LocalText
        package init(_ first: String, _ second: String, verdict: Verdict, reason: LocalText) {
            (self.first, self.second, self.verdict, self.reason) = (first, second, verdict, reason)
        }
    }

    /// A registered offline medium.
    package struct Medium: Codable, Sendable, Equatable {
        package var id: String
        package var site: String
        package var firstUsed: ReportDay
        package var lastWritten: ReportDay
        package var expires: ReportDay
        package var place: String
        package init(id: String, site: String, firstUsed: ReportDay, lastWritten: ReportDay, expires: ReportDay, place: String) {
            (self.id, self.site, self.firstUsed, self.lastWritten) = (id, site, firstUsed, lastWritten)
            (self.expires, self.place) = (expires, place)
        }
    }
}
