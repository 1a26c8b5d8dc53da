import Base

/// The table of chapter 8 of the HDS referential (SOV-4): each actor, what certifies it, and from where data can be reached; and which of
/// the three sentences of EXI 31 follows. Made from the register alone, as of a day.
package struct GuaranteeTable: Codable, Sendable, Equatable {
    package let rows: [Row]
    /// Nil where facts are missing: then no sentence may be published.
    package let sentence: ChosenSentence?

    package struct Row: Codable, Sendable, Equatable {
        /// `operator`, `site:gra`, `site:gra/machines` or `site:gra/NAME`.
        package let id: String
        package let actor: String
        package let role: Role
        package let hds: Standing
        package let qualified: Standing
        /// HDS activities by name.
        package let activities: [String]
        /// Nil: not recorded.
        package let remoteAccess: [ReportFacts.RemoteAccess]?
        package let exposedLaws: [String]?
    }

    package enum Role: String, Codable, Sendable, CaseIterable { case host, storage, machines, subprocessor }
    /// Whether a document says so.
    package enum Standing: String, Codable, Sendable, CaseIterable { case yes, no, exempt, unknown }

    /// One of the three sentences, with its facts filled in.
    package struct ChosenSentence: Codable, Sendable, Equatable {
        package let kind: Sentences.Kind
        package let text: LocalText
        /// Whether somebody compared the wording with the text of the referential.
        package let isConfirmed: Bool
    }

    package init(_ facts: ReportFacts, sentences: Sentences) {
        let rows = GuaranteeRows(facts: facts).all
        self.rows = rows
        sentence = Self.kind(rows).flatMap { kind in
            let laws = Set(rows.flatMap { $0.exposedLaws ?? [] }).sorted().joined(separator: ", ")
            let countries = Set(rows.flatMap { $0.remoteAccess ?? [] }.map(\.country)).sorted().joined(separator: ", ")
            return sentences.chosen(kind, laws: laws, countries: countries)
        }
    }

    /// An exposure that is known decides; then a qualification of all who host or store; what is unknown lets nothing be said.
    private static func kind(_ rows: [Row]) -> Sentences.Kind? {
        if rows.contains(where: { $0.exposedLaws?.isEmpty == false || $0.remoteAccess?.isEmpty == false }) { return .exposed }
        let hosts = rows.filter { $0.role == .host || $0.role == .storage }
        if hosts.allSatisfy({ $0.qualified == .yes }) { return .qualified }
        return rows.contains { $0.exposedLaws == nil || $0.remoteAccess == nil } ? nil : .unexposed
    }
}

/// Makes the rows, the operator first.
private struct GuaranteeRows {
    let facts: ReportFacts
    private var day: ReportDay { facts.period.asOf }

    var all: [GuaranteeTable.Row] { [host] + facts.sites.flatMap(rows) }

    private var host: GuaranteeTable.Row {
        let own = facts.organisation
        let isOwnData = !facts.tenants.isEmpty && facts.tenants.allSatisfy { $0.kind.value == .own }
        let hds = standing(own.certificates.value, "HDS", service: nil, region: nil)
        return GuaranteeTable.Row(
            id: "operator", actor: own.title, role: .host, hds: isOwnData && hds != .yes ? .exempt : hds,
            qualified: standing(own.certificates.value, "SecNumCloud", service: nil, region: nil), activities: activities(own.certificates.value),
            remoteAccess: own.remoteAccess.value, exposedLaws: own.exposedLaws.value)
    }

    private func rows(_ site: ReportFacts.Site) -> [GuaranteeTable.Row] {
        let isOwn = site.operatorName.value != nil && site.operatorName.value == facts.organisation.name.value
        let documents = isOwn ? site.certificates.value.map { $0 + (facts.organisation.certificates.value ?? []) } : site.certificates.value
        let (service, region) = isOwn ? (nil, nil) : (site.service.value, site.region.value)
        func row(
            _ suffix: String, _ actor: String, _ role: GuaranteeTable.Role, hds: GuaranteeTable.Standing, qualified: GuaranteeTable.Standing,
            _ activities: [String]
        ) -> GuaranteeTable.Row {
            GuaranteeTable.Row(
                id: "site:\(site.id)\(suffix)", actor: actor, role: role, hds: hds, qualified: qualified, activities: activities,
                remoteAccess: site.remoteAccess.value, exposedLaws: site.exposedLaws.value)
        }
        var rows = [
            row(
                "", "\(site.operatorName.value ?? "?") (\(site.id))", .storage, hds: standing(documents, "HDS", service: service, region: region),
                qualified: standing(documents, "SecNumCloud", service: service, region: region), activities(documents))
        ]
        if let machines = site.underlyingOperator.value, machines != site.operatorName.value {
            rows.append(
                row("/machines", machines, .machines, hds: held(machines, "HDS", at: site) ?? .unknown, qualified: qualified(machines, at: site), []))
        }
        for subprocessor in site.subprocessors.value ?? [] {
            let hds = subprocessor.certified.value.flatMap(GuaranteeTable.Standing.init) ?? .unknown
            let name = subprocessor.name
            rows.append(row("/\(name)", name, .subprocessor, hds: held(name, "HDS", at: site) ?? hds, qualified: qualified(name, at: site), []))
        }
        return rows
    }

    /// Yes where the register has a valid document of that holder, for the site's region or for no region in particular.
    private func held(_ holder: String, _ kind: String, at site: ReportFacts.Site) -> GuaranteeTable.Standing? {
        let isHeld = (facts.certificates.value ?? []).contains { certificate in
            certificate.holder == holder && certificate.kind == kind && certificate.isValid(on: day)
                && (certificate.regions.isEmpty || site.region.value.map(certificate.regions.contains) ?? false)
        }
        return isHeld ? .yes : nil
    }

    /// Without a document nobody is qualified.
    private func qualified(_ holder: String, at site: ReportFacts.Site) -> GuaranteeTable.Standing {
        facts.certificates.value == nil ? .unknown : held(holder, "SecNumCloud", at: site) ?? .no
    }

    private func valid(_ ids: [String], _ kind: String) -> [ReportFacts.Certificate] {
        (facts.certificates.value ?? []).filter { ids.contains($0.id) && $0.kind == kind && $0.isValid(on: day) }
    }

    /// A document counts for the service and the region that it names (regulation, finding 1).
    private func standing(_ ids: [String]?, _ kind: String, service: String?, region: String?) -> GuaranteeTable.Standing {
        guard let ids, facts.certificates.value != nil else { return .unknown }
        let isCovered = valid(ids, kind).contains { certificate in
            (service.map(certificate.services.contains) ?? true) && (region.map(certificate.regions.contains) ?? true)
        }
        return isCovered ? .yes : .no
    }

    private func activities(_ ids: [String]?) -> [String] {
        Set(valid(ids ?? [], "HDS").flatMap(\.activities)).sorted()
    }
}
