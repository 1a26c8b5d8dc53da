/// Which section a fact belongs to, and which clauses ask for it.
struct FactHome {
    let section: Int
    let clauses: [String]

    /// By type and property, then by type. What has no place of its own belongs to the section of gaps.
    static func of(_ field: String) -> FactHome {
        if let home = homes[field] { return home }
        return homes[String(field.prefix { $0 != "." })] ?? FactHome(section: 14, clauses: [])
    }

    private static func at(_ section: Int, _ clauses: String...) -> FactHome { FactHome(section: section, clauses: clauses) }

    private static let homes: [String: FactHome] = [
        "Product": at(1, "HDS EXI 17"),
        "Organisation": at(1, "HDS EXI 12"),
        "Organisation.remoteAccess": at(3, "HDS EXI 29", "HDS EXI 31"),
        "Organisation.exposedLaws": at(3, "HDS EXI 30", "HDS EXI 31"),
        "Tenant": at(2, "HDS EXI 11", "HDS EXI 20"),
        "Tenant.contract": at(2, "CSP R.1111-11"),
        "Tenant.responsibilities": at(2, "HDS EXI 13"),
        "Tenant.keysTogether": at(9, "BP-100 3.3"),
        "Source": at(2, "SecNumCloud 12.5.a"),
        "Site": at(3, "HDS EXI 28", "HDS EXI 31"),
        "Site.seat": at(3, "SecNumCloud 19.6.a"),
        "Site.parent": at(3, "SecNumCloud 19.6.b"),
        "Site.parentCountry": at(3, "SecNumCloud 19.6.b"),
        "Site.remoteAccess": at(3, "HDS EXI 29"),
        "Site.exposedLaws": at(3, "HDS EXI 30"),
        "Site.residualRisks": at(3, "HDS EXI 30"),
        "Site.mitigations": at(3, "HDS EXI 30"),
        "Site.subprocessors": at(3, "HDS EXI 06", "GDPR 28"),
        "Site.certificates": at(3, "HDS EXI 12"),
        "Site.media": at(6, "BP-100 3-2-1"),
        "Site.isOffline": at(6, "BP-100 3-2-1"),
        "Site.probe": at(6, "BP-100 3.5"),
        "Probe": at(6, "BP-100 3.5"),
        "Subprocessor": at(3, "HDS EXI 06", "GDPR 28"),
        "Certificate": at(3, "HDS EXI 12"),
        "ReportFacts.certificates": at(3, "HDS EXI 12", "HDS EXI 17"),
        "ReportFacts.decisions": at(4, "HDS EXI 14"),
        "ReportFacts.waivers": at(4, "HDS EXI 24"),
        "ReportFacts.policyChanges": at(4, "HDS EXI 24"),
        "Source.plan": at(5, "SecNumCloud 12.5.a", "PGSSI-S 7.4.1"),
        "Source.execution": at(5, "HDS EXI 21", "SecNumCloud 12.5.a"),
        "Source.anomalies": at(5, "PGSSI-S 7.4.2.5"),
        "Plan": at(5, "SecNumCloud 12.5.a", "PGSSI-S 7.4.1"),
        "Plan.restoreOrder": at(5, "BP-100 3.2"),
        "Execution": at(5, "HDS EXI 21"),
        "Source.resilience": at(6, "BP-100 3-2-1", "CaRE D2 O3"),
        "ReportFacts.independence": at(6, "SecNumCloud 12.5.d"),
        "ReportFacts.offlineMedia": at(6, "SecNumCloud 17.5.a", "PGSSI-S 7.4.4.2"),
        "ReportFacts.transfers": at(3, "HDS EXI 28"),
        "Transfer": at(3, "HDS EXI 28"),
        "ReportFacts.verifications": at(7, "PGSSI-S 7.4.4.7", "NIS2 4.2.3"),
        "Verification": at(7, "PGSSI-S 7.4.4.7", "NIS2 4.2.3"),
        "Source.restoreTests": at(8, "SecNumCloud 12.5.c", "ISO 27001 A.8.13"),
        "RestoreSheet": at(8, "PGSSI-S 7.4.5.3"),
        "ReportFacts.restores": at(8, "PGSSI-S 7.4.5.3"),
        "ReportFacts.recoveryDrill": at(8, "BP-100 3.2"),
        "ReportFacts.cryptography": at(9, "SecNumCloud 10.1"),
        "Cryptography": at(9, "SecNumCloud 10.1"),
        "Cryptography.escrowDrill": at(9, "SecNumCloud 10.5"),
        "Key": at(9, "SecNumCloud 10.5"),
        "ReportFacts.access": at(10, "HDS EXI 23", "SecNumCloud 9.3"),
        "Access": at(10, "HDS EXI 23", "SecNumCloud 9.3"),
        "Access.review": at(10, "SecNumCloud 12.5.b"),
        "Access.supportGrants": at(10, "SecNumCloud 9.7.d"),
        "ReportFacts.journal": at(11, "HDS EXI 15", "SecNumCloud 12.7"),
        "Journal": at(11, "SecNumCloud 12.7"),
        "Journal.timeSource": at(11, "SecNumCloud 12.8"),
        "Chain": at(11, "SecNumCloud 12.7"),
        "ReportFacts.incidents": at(12, "GDPR 33", "HDS EXI 19"),
        "Incident": at(12, "GDPR 33"),
        "Source.basis": at(13, "CSP R.1112-7", "GDPR 5"),
        "Source.retentionDays": at(13, "CSP R.1112-7", "GDPR 5"),
        "ReportFacts.retention": at(13, "GDPR 5", "HDS EXI 27"),
        "Retention": at(13, "GDPR 5"),
        "Retention.restitutions": at(13, "HDS EXI 27"),
        "Retention.destructions": at(13, "HDS EXI 27", "SecNumCloud 19.4"),
    ]
}
