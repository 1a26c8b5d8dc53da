import Base
import Report
import Scheduling
import Sovereignty

// Sites, papers, and what policy says.
extension FactsOfTenant {
    func site(_ site: Configuration.Site) -> ReportFacts.Site {
        var fact = ReportFacts.Site(id: site.name, tenants: [tenant.name])
        if let stated = SiteID(site.name).flatMap({ dossier?.register.sites[$0] })?.document {
            fact = ReportFacts.Site(stated, tenants: [tenant.name])
        }
        if fact.isOffline.value == nil { fact.isOffline = .known(site.isOffline) }
        if let probe = ProbeReport.last(workspace, site.name), let at = Self.moment(localText: probe.time), at.day <= period.asOf {
            fact.probe = .known(ReportFacts.Probe(at: at, isGood: probe.good))
        }
        return fact
    }

    /// Of a time as `Timestamp.localText` writes it: `2026-11-30T02:00:07+01:00`. Nil for anything else.
    static func moment(localText text: String) -> ReportMoment? {
        guard text.utf8.count == 25, let local = ReportMoment(String(text.prefix(19)) + "Z") else { return nil }
        let zone = text.suffix(6)
        guard let hours = Int64(zone.dropFirst().prefix(2)), let minutes = Int64(zone.suffix(2)), zone.first == "+" || zone.first == "-" else {
            return nil
        }
        let offset = hours * 3_600 + minutes * 60
        return ReportMoment(seconds: local.seconds + (zone.first == "+" ? -offset : offset))
    }

    /// The whole register: what is not this tenant's, its sites' or the operator's is left out by the scope.
    func certificates() -> Recorded<[ReportFacts.Certificate]> {
        Recorded(
            dossier.map { dossier in
                dossier.register.evidence.values.map { ReportFacts.Certificate($0.document, on: period.asOf) }.sorted { $0.id < $1.id }
            })
    }

    /// Today's papers, judged as of the day of the report. Without a profile, nobody judged.
    func decisions() throws -> Recorded<[ReportFacts.Decision]> {
        let judgements = try configuration.sites(of: tenant).map { workspace.gate.judge($0, source: nil, on: period.asOf.day) }
        let decisions = judgements.compactMap(\.decision)
        return decisions.count == judgements.count ? .known(decisions.map { ReportFacts.Decision($0) }) : .unknown
    }

    func waivers() -> Recorded<[ReportFacts.Waiver]> {
        Recorded(
            dossier.map { dossier in
                dossier.register.waivers.values.map(\.document).filter { $0.tenant.text == tenant.name }.map { ReportFacts.Waiver($0) }
                    .sorted { $0.id < $1.id }
            })
    }

    func independence() throws -> Recorded<[ReportFacts.SitePair]> {
        guard let dossier else { return .unknown }
        let independence = Independence(minimumKilometres: dossier.book.terms.resilience.minimumKilometres, catalogue: dossier.catalogue)
        let sites = try configuration.sites(of: tenant).compactMap { SiteID($0.name).map(dossier.register.facts) }
        return .known(
            sites.indices.flatMap { first in
                sites[(first + 1)...].map { ReportFacts.SitePair(sites[first], $0, by: independence) }
            })
    }

    /// What people wrote down of this tenant, or of the operator.
    func records() -> [EvidenceRegister.Admitted<Record>] {
        (dossier?.register.records ?? []).filter { $0.document.tenants?.contains { $0.text == tenant.name } ?? true }
    }

    /// The signed statements about the tenant's sites, and records. Certificates and sheets have their hashes where they stand.
    func documents() -> [ReportFacts.HashedDocument] {
        guard let register = dossier?.register else { return [] }
        return tenant.sites.compactMap { SiteID($0).flatMap { register.sites[$0] } }.map {
            ReportFacts.HashedDocument(name: $0.file, hash: $0.hash.hex)
        } + records().map { ReportFacts.HashedDocument(name: $0.file, hash: $0.hash.hex) }
    }
}
