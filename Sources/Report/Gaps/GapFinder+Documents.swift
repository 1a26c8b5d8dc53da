import Base

// Certificates, contracts, guarantees, policy.
extension GapFinder {
    /// Days before its end from which a document is about to end.
    private static let warningDays = 90

    mutating func findDocuments() {
        for certificate in facts.certificates.value ?? [] {
            let subject = "\(certificate.id) (\(certificate.holder))"
            let clauses = certificate.kind == "SecNumCloud" ? ["SREN 31"] : ["HDS EXI 12", "HDS EXI 14"]
            if certificate.status != "valid" {
                add(.certificateSuspended(certificate.kind, .reportWord(certificate.status)), 3, .major, clauses, subject, object: certificate.id)
            } else if let end = certificate.validUntil, end < day {
                add(.certificateExpired(certificate.kind, end.description), 3, .major, clauses, subject, object: certificate.id)
            } else if let end = certificate.validUntil, end < day.adding(days: Self.warningDays) {
                add(.certificateExpiring(certificate.kind, end.description), 3, .minor, clauses, subject, object: certificate.id)
            }
        }
        findMissingDocuments()
        for row in guarantees.rows where row.role == .machines && row.hds == .unknown {
            add(.certificateMissing, 3, .unknown, ["HDS EXI 12", "HDS EXI 06"], row.actor, object: row.id)
        }
        // What is stated of a site is stated of all of its actors.
        for row in guarantees.rows where row.role == .host || row.role == .storage {
            if let laws = row.exposedLaws, !laws.isEmpty {
                add(.exposedLaws(laws.joined(separator: ", ")), 3, .major, ["HDS EXI 30"], row.actor, object: row.id)
            }
            for access in row.remoteAccess ?? [] where access.basis == nil {
                add(.accessWithoutBasis(access.country), 3, .major, ["HDS EXI 29"], row.actor, object: "\(row.id)/\(access.country)")
            }
        }
        switch guarantees.sentence {
        case nil: add(.sentenceUndetermined, 3, .unknown, ["HDS EXI 31"], "EXI 31")
        case let sentence? where !sentence.isConfirmed: add(.sentenceUnconfirmed, 3, .minor, ["HDS EXI 31"], "EXI 31")
        default: break
        }
    }

    private mutating func findMissingDocuments() {
        guard let certificates = facts.certificates.value else { return }
        func valid(_ ids: [String], _ kinds: Set<String>) -> [ReportFacts.Certificate] {
            certificates.filter { ids.contains($0.id) && kinds.contains($0.kind) && $0.isValid(on: day) }
        }
        let isHostForOthers = facts.tenants.contains { $0.kind.value != .own }
        if let own = facts.organisation.certificates.value, isHostForOthers,
            !valid(own, ["HDS"]).contains(where: { $0.activities.contains("backup") })
        {
            add(.backupActivityMissing, 1, .major, ["HDS EXI 12"], facts.organisation.title, object: "organisation")
        }
        for site in facts.sites {
            // What the operator runs itself is covered by its own certificate.
            guard let ids = site.certificates.value, site.operatorName.value != facts.organisation.name.value else { continue }
            if valid(ids, ["HDS"]).isEmpty { add(.certificateMissing, 3, .major, ["HDS EXI 12"], site.id) }
        }
        for tenant in facts.tenants {
            guard let contract = tenant.contract.value, tenant.kind.value != .own else { continue }
            if valid([contract], ["contractHDS", "ghtAgreement"]).isEmpty {
                add(.contractMissing, 2, .major, ["CSP R.1111-11"], tenant.id)
            }
        }
    }

    mutating func findPolicy() {
        for decision in facts.decisions.value ?? [] {
            for finding in decision.findings where finding.outcome != .allow {
                let reason = Message(finding.rule, en: finding.reason.en, fr: finding.reason.fr)
                let remedy = Message(finding.rule, en: finding.remedy.en, fr: finding.remedy.fr)
                add(
                    .policyFinding(reason, remedy), 4, finding.outcome == .warn ? .minor : .major, ClauseName.ids(of: finding.clause),
                    "\(decision.tenant)/\(decision.site)", object: "\(decision.tenant)/\(decision.site)/\(finding.rule)")
            }
        }
        for waiver in facts.waivers.value ?? [] {
            let subject = "\(waiver.tenant)/\(waiver.site)"
            if waiver.until < day {
                add(.waiverEnded(waiver.id, waiver.until.description), 4, .major, ["HDS EXI 24"], subject, object: waiver.id)
            } else {
                add(.waiverInForce(waiver.id, waiver.until.description), 4, .minor, ["HDS EXI 24"], subject, object: waiver.id)
            }
        }
        for change in facts.policyChanges.value ?? [] where change.weakens && change.approvedBy.isEmpty {
            add(.changeNotApproved, 4, .major, ["HDS EXI 24"], "\(change.on) \(change.summary)")
        }
    }
}
