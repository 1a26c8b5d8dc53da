import Base
import Replication
import Repository
import Scheduling
import Sites
import Sovereignty

/// One number of 3-2-1-1-0.
package struct DigitRow: Codable, Sendable {
    /// `copies`, `media`, `offSite`, `offline`, `immutable`, `unverified`.
    package let digit: String
    package let wanted: Int
    /// As far as is known, and as far as could be.
    package let known: Int
    package let possible: Int
    /// `holds`, `fails`, `unknown`.
    package let verdict: String
    /// The sites that count for it; for `unverified`, those that spoil it.
    package let sites: [String]

    /// All of them on one line.
    package static func line(_ digits: [DigitRow], _ l: Language) -> String {
        digits.map { digit in
            let mark = digit.verdict == "holds" ? "" : digit.verdict == "fails" ? " !" : " ?"
            return "\(Message.digit(digit.digit).text(l)) \(digit.known)/\(digit.wanted)\(mark)"
        }.joined(separator: ", ")
    }
}

/// The copies of a tenant's snapshots as policy counts them: only what was found at sites that answer, and at offline ones when they were last here.
struct SnapshotCopies {
    private let view: TenantView
    private let dossier: Dossier
    private let verified: [String: Timestamp]
    private let damaged: Set<String>
    private let today: CalendarDay
    /// Of offline sites that are away, what was seen last.
    private let away: [(site: Configuration.Site, last: OfflineCopies)]

    /// Nil for a tenant without a profile, or where the rules cannot be read, which the gate tells. Lists the packs of each site once.
    init?(_ view: TenantView) throws {
        let gate = view.workspace.gate
        guard gate.profile != .none, let dossier = try? gate.dossier() else { return nil }
        self.view = view
        self.dossier = dossier
        today = gate.judgeDay
        verified = view.verifiedSites()
        var damaged = Set(view.workspace.damagedPacks(at: view.opened.sites).filter { !$0.value.isEmpty }.map(\.key))
        for site in view.opened.sites {
            let lacks = try view.workspace.replicationStore().lacks(site.repository.id)
            if lacks.contains(where: { if case .pack = $0.object { true } else { false } }) { damaged.insert(site.name) }
        }
        self.damaged = damaged
        let workspace = view.workspace
        let absent = Set(view.opened.absences.filter(\.isExpected).map(\.site))
        away = try workspace.configuration.sites(of: workspace.tenant, named: nil).filter { absent.contains($0.name) }
            .compactMap { site in OfflineCopies.last(workspace, site.name).map { (site, $0) } }
        for site in view.opened.sites where try workspace.configuration.site(site.name).isOffline {
            // Where it cannot be kept, the site counts as one that was never seen once it is away.
            try? OfflineCopies.keep(site, verified: verified[site.name], isDamaged: damaged.contains(site.name), workspace)
        }
    }

    /// When the offline site was last here and held the snapshot: nil where it did not, or is here.
    func lastSeen(_ snapshot: Snapshot, at site: String) -> String? { away.first { $0.site.name == site && $0.last.holds(snapshot) }?.last.seen }

    private func awayFacts(of snapshot: Snapshot) -> [CopyFacts] {
        away.filter { $0.last.holds(snapshot) }.compactMap { site, last in
            guard let id = SiteID(site.name) else { return nil }
            var copy = CopyFacts(site: dossier.register.facts(of: id), outcome: view.workspace.gate.judge(site).outcome)
            copy.levelOn = CalendarDay(text: last.seen)
            copy.verifiedOn = last.verified.flatMap { CalendarDay(text: $0) }
            copy.isDamaged = last.damaged
            return copy
        }
    }

    /// A site that lacks a pack, or has a damaged one, is no whole copy of anything.
    func facts(of snapshot: Snapshot) -> [CopyFacts] {
        let configuration = view.workspace.configuration
        return view.opened.sites.filter { snapshot.sites.contains($0.name) }.compactMap { opened in
            guard let site = try? configuration.site(opened.name), let id = SiteID(site.name) else { return nil }
            var copy = CopyFacts(site: dossier.register.facts(of: id), outcome: view.workspace.gate.judge(site).outcome)
            copy.verifiedOn = verified[site.name].map { CalendarDay(LocalTime($0.seconds)) }
            copy.isDamaged = damaged.contains(site.name)
            // It answers now, and has the snapshot.
            copy.levelOn = today
            copy.isLocked = isLocked(snapshot, opened, site)
            return copy
        } + awayFacts(of: snapshot)
    }

    private func isLocked(_ snapshot: Snapshot, _ opened: OpenSite, _ site: Configuration.Site) -> Bool? {
        guard site.locksForGood else { return false }
        guard let end = try? opened.site.lockEnd(Manifest.key(snapshot.id, snapshot.manifestDigest)) else { return nil }
        return end > .now()
    }

    func digits(of snapshot: Snapshot) -> [DigitRow] {
        var production = ProductionFacts()
        let papers = view.workspace.configuration.papers
        production.media = papers.media.flatMap { SiteFacts.Media(rawValue: $0.rawValue) }
        production.datacentre = papers.datacentre.map { SiteFacts.Datacentre(id: $0) }
        let resilience = Resilience(
            facts(of: snapshot), production: production, terms: dossier.book.terms.resilience, catalogue: dossier.catalogue, on: today)
        return resilience.digits.map {
            DigitRow(
                digit: $0.kind.rawValue, wanted: $0.wanted, known: $0.known, possible: $0.possible, verdict: $0.verdict.rawValue,
                sites: $0.sites.map(\.text))
        }
    }
}

/// The worst that policy says of a site, or of all copies together (nil), for `status` and alerts.
package struct PolicyRow: Codable, Sendable {
    package let site: String?
    package let outcome: String
    package let rule: String
    /// Where it stands; nil where the rules cannot be read.
    package let clause: String?
    package let reason: String
    package let remedy: String?
    package let through: String?
    package let urgency: Int

    package var mayWrite: Bool { Outcome(rawValue: outcome)?.mayWrite ?? false }

    /// Nil for a tenant without a profile. Rules that cannot be read are a row of each site.
    static func all(_ workspace: Workspace, site name: String?, language l: Language) throws -> [PolicyRow]? {
        let gate = workspace.gate
        guard gate.profile != .none else { return nil }
        var rows: [PolicyRow] = []
        for site in try workspace.configuration.sites(of: workspace.tenant, named: name) {
            let judgement = gate.judge(site)
            if !judgement.troubles.isEmpty, let refusal = judgement.refusal {
                rows.append(
                    PolicyRow(
                        site: site.name, outcome: Outcome.deny.rawValue, rule: "-", clause: nil, reason: refusal.message.text(l),
                        remedy: refusal.remedy?.text(l),
                        through: nil, urgency: 0))
            } else if let worst = worst(judgement.decision?.findings ?? []) {
                rows.append(PolicyRow(site.name, worst, l))
            }
        }
        if name == nil, let planned = try? PlannedCopies(gate, workspace.configuration, workspace.tenant, on: gate.judgeDay),
            let worst = worst(planned.rules.filter { $0.outcome > .allow })
        {
            rows.append(PolicyRow(nil, worst, l))
        }
        return rows
    }

    private static func worst(_ findings: [RuleResult]) -> RuleResult? {
        findings.enumerated().max { ($0.element.outcome, $0.element.urgency, $1.offset) < ($1.element.outcome, $1.element.urgency, $0.offset) }?
            .element
    }

    private init(
        site: String?, outcome: String, rule: String, clause: String?, reason: String, remedy: String?, through: String?, urgency: Int
    ) {
        self.site = site
        self.outcome = outcome
        self.rule = rule
        self.clause = clause
        self.reason = reason
        self.remedy = remedy
        self.through = through
        self.urgency = urgency
    }

    private init(_ site: String?, _ result: RuleResult, _ l: Language) {
        self.init(
            site: site, outcome: result.outcome.rawValue, rule: result.rule.text, clause: result.clause, reason: result.reason.text(l),
            remedy: result.remedy?.text(l), through: result.through?.text, urgency: result.urgency)
    }
}

/// `where SNAPSHOT`: who holds it, where, under which law, on which evidence.
package struct WhereReport: Encodable, Sendable {
    package struct Copy: Encodable, Sendable {
        package let site: String
        package let place: String
        package let `operator`: String?
        package let machines_of: String?
        package let parent: String?
        package let countries: [String]
        /// Nil: not stated. Empty: stated that there is none.
        package let exposed_laws: [String]?
        package let outcome: String
        /// Papers of the site, each with whether it counts.
        package let evidence: [String: Bool]
        package let verified: String?
        /// Of all packs at the site, not of this snapshot alone.
        package let stored_bytes: Int?
        /// The day on which it was last here, of an offline site that is away.
        package let seen: String?
    }

    package let tenant: String
    package let snapshot: String
    package let source: String
    package let time: String
    package let copies: [Copy]
    /// Sites of the tenant where it was not found.
    package let not_at: [String]
    package let digits: [DigitRow]?

    /// Throws `.usage` for a word that names no snapshot.
    package init(_ view: TenantView, _ word: String) throws {
        let (workspace, snapshot) = (view.workspace, try view.snapshot(word))
        let dossier = try? workspace.gate.dossier()
        let register = dossier?.register ?? EvidenceRegister()
        let times = view.verifiedSites()
        tenant = workspace.tenant.name
        self.snapshot = snapshot.id.hex
        source = view.sourceName(snapshot)
        time = snapshot.outline.started.localText
        let counted = try SnapshotCopies(view)
        digits = counted?.digits(of: snapshot)
        let sites = try workspace.configuration.sites(of: workspace.tenant, named: nil)
        func seen(_ site: Configuration.Site) -> String? { counted?.lastSeen(snapshot, at: site.name) }
        not_at = sites.filter { !snapshot.sites.contains($0.name) && seen($0) == nil }.map(\.name)
        copies = sites.filter { snapshot.sites.contains($0.name) || seen($0) != nil }.map { site in
            let facts = SiteID(site.name).map { register.facts(of: $0) }
            let opened = view.opened.sites.first { $0.name == site.name }
            var bytes: Int? = opened == nil ? nil : 0
            do {
                try opened?.repository.listPacks { _, size in bytes = (bytes ?? 0) + size }
            } catch { bytes = nil }
            return Copy(
                site: site.name, place: site.place.address, operator: facts?.company?.entity.name,
                machines_of: facts?.infrastructure?.underlyingOperator, parent: facts?.ownership?.ultimateParent,
                countries: Set(facts?.infrastructure?.datacentres?.compactMap(\.country?.code) ?? []).sorted(), exposed_laws: facts?.exposedLaws,
                outcome: workspace.gate.judge(site).outcome.rawValue,
                evidence: Dictionary(
                    (facts?.evidence ?? []).map { ($0.text, register.evidence[$0] != nil) }, uniquingKeysWith: { first, _ in first }),
                verified: times[site.name]?.localText, stored_bytes: bytes, seen: seen(site))
        }
    }

    package func lines(_ l: Language) -> [String] {
        var table = ConsoleTable([
            (Message.headSite.text(l), .left), (Message.headOperator.text(l), .left), (Message.headCountry.text(l), .left),
            (Message.headLaw.text(l), .left), (Message.headEvidence.text(l), .left), (Message.headVerified.text(l), .left),
            (Message.headStored.text(l), .right), (Message.headOutcome.text(l), .left),
        ])
        let unknown = Message.notKnown.text(l)
        for copy in copies {
            let laws = copy.exposed_laws.map { $0.isEmpty ? Message.lawsNoneShort.text(l) : $0.joined(separator: ", ") } ?? unknown
            let papers = copy.evidence.sorted { $0.key < $1.key }.map { $0.key + ($0.value ? "" : " (\(Message.stateAbsent.text(l)))") }
            table.add([
                copy.site + (copy.seen.map { " (\(Message.seenOn($0).text(l)))" } ?? ""), copy.operator ?? unknown,
                copy.countries.isEmpty ? unknown : copy.countries.joined(separator: ", "), laws,
                papers.isEmpty ? "-" : papers.joined(separator: ", "), copy.verified ?? Message.never.text(l),
                copy.stored_bytes.map { l.size($0) } ?? "-",
                Message.outcome(copy.outcome).text(l),
            ])
        }
        var lines = [Message.whereTitle(String(snapshot.prefix(12)), source, time).text(l), ""] + table.lines
        if let digits { lines += ["", DigitRow.line(digits, l)] }
        return lines
    }
}
