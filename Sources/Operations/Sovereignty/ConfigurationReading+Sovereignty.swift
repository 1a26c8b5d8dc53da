import Base
import Scheduling
import Sovereignty

// `[sovereignty]`, and what tenants and sources say of themselves.
extension Configuration {
    static func readPapers(_ section: ConfigurationSection, _ papers: inout Papers) {
        if let evidence = section.path("evidence") { papers.evidence = evidence }
        if let approvers = section.path("approvers") { papers.approvers = approvers }
        papers.policies = section.path("policies")
        papers.providers = section.path("providers")
        papers.host = readParty(section, name: "operator", siren: "operator_siren")
        papers.hostEvidence = section.list("operator_evidence", of: .expectedName) { EvidenceID($0)?.text } ?? []
        papers.datacentre = section.text("datacentre")
        papers.media = section.choice("media")
        section.finish()
    }

    static func readParty(_ section: ConfigurationSection, _ tenant: inout Tenant) {
        tenant.kind = section.choice("type") ?? .third
        tenant.party = readParty(section, name: "legal_name", siren: "siren")
    }

    /// A SIREN says nothing without the name.
    private static func readParty(_ section: ConfigurationSection, name: String, siren: String) -> Party? {
        let number = section.text(siren, .expectedSIREN) { SIREN($0)?.digits }
        guard let text = section.text(name) else {
            if section.has(siren), !section.has(name) { section.problem(name, .configMissingKey(.expectedText)) }
            return nil
        }
        return Party(name: text, siren: number)
    }

    static func readPermissions(_ section: ConfigurationSection, _ source: inout Source) {
        source.notice = section.text("information_notice")
        guard let consent = section.section("authorisation") else { return }
        let id = consent.required("id", .expectedText) { consent.text("id") }
        let until = consent.required("until", .expectedDay) { consent.text("until", .expectedDay) { CalendarDay(text: $0)?.text } }
        consent.finish()
        if let id, let until { source.authorisation = Source.Authorisation(id: id, until: until) }
    }
}
