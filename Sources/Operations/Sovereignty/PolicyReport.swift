import Base
import Scheduling
import Sovereignty

/// One rule, for `policy explain`.
package struct RuleRow: Encodable, Sendable {
    package struct FactRow: Encodable, Sendable {
        package let name: String
        /// Nil: not known.
        package let value: String?
        package let document: String?
    }

    package let rule: String
    package let clause: String
    package let requirement: String
    package let verdict: String
    package let outcome: String
    package let code: String
    package let reason: String
    package let remedy: String?
    package let facts: [FactRow]
    package let through: String?
    /// 1: in 90 days, 2: in 30.
    package let urgency: Int
    package let waiver: String?

    init(_ result: RuleResult, _ l: Language) {
        rule = result.rule.text
        clause = result.clause
        requirement = result.requirement.text(l)
        verdict = result.verdict.rawValue
        outcome = result.outcome.rawValue
        code = result.reason.code
        reason = result.reason.text(l)
        remedy = result.remedy?.text(l)
        facts = result.facts.map { FactRow(name: $0.name, value: $0.value, document: $0.origin) }
        through = result.through?.text
        urgency = result.urgency
        waiver = result.waiver.map { Self.text($0).text(l) }
    }

    private static func text(_ effect: RuleResult.WaiverEffect) -> Message {
        switch effect {
        case .inForce(let id, let until): .waiverInForce(id.text, until.text)
        case .ended(let id, let day): .waiverEnded(id.text, day.text)
        case .notYet(let id, let day): .waiverNotYet(id.text, day.text)
        case .notWaivable(let id): .waiverNotWaivable(id.text)
        case .beyondTerms(let id): .waiverBeyondTerms(id.text)
        }
    }

    package func lines(_ l: Language) -> [String] {
        let mark = Outcome(rawValue: outcome).map { $0.mayWrite ? $0 == .allow ? "  " : "! " : "X " } ?? "  "
        var head = "\(mark)\(rule)\(l.colon)\(Message.verdict(verdict).text(l)), \(Message.outcome(outcome).text(l))"
        if let through { head += ", " + Message.through(through).text(l) }
        var lines = [head, "      \(requirement) [\(clause)]", "      \(reason)"]
        if let waiver { lines.append("      " + waiver) }
        lines += facts.map { "      - \($0.name) = \($0.value ?? Message.notKnown.text(l))" + ($0.document.map { " (\($0))" } ?? "") }
        if let remedy { lines.append("      " + Message.remedyLine(Message("", en: remedy, fr: remedy)).text(l)) }
        return lines
    }
}

/// `policy explain`: each rule for a tenant at a site, the rules about all copies, and the three questions.
package struct PolicyReport: Encodable, Sendable {
    package struct AnswerRow: Encodable, Sendable {
        package let question: String
        package let answer: String
        /// The rules that keep it from being answered with yes.
        package let because: [String]
    }

    package let tenant: String
    package let site: String
    package let profile: String
    package let day: String
    package let outcome: String
    package let rules: [RuleRow]
    package let copies: [RuleRow]
    package let answers: [AnswerRow]
    package let policy_hash: String?
    package let inputs_hash: String?
    package let refusal: FailureRecord?

    /// `day`: another one than today. Throws why the rules cannot be read, `.usage` for a site that is not the tenant's.
    package init(
        _ configuration: Configuration, tenant name: String, site siteName: String, source: String? = nil, day: CalendarDay? = nil,
        language l: Language,
        resolver: (any NameResolver)? = nil
    ) throws {
        let tenant = try configuration.tenant(name)
        let gate = PlacementGate(configuration, tenant: tenant, resolver: resolver)
        guard let place = try configuration.sites(of: tenant, named: siteName).first else { throw Failure(.usage, .unknownSite, object: siteName) }
        let source = try source.map { try configuration.sources(of: tenant, named: [$0])[0] }
        let judgement = day.map { gate.judge(place, source: source, on: $0) } ?? gate.judge(place, source: source)
        if !judgement.troubles.isEmpty { throw Failures(judgement.troubles) }
        self.tenant = tenant.name
        site = place.name
        profile = judgement.profile.rawValue
        self.day = judgement.day.text
        outcome = judgement.outcome.rawValue
        rules = judgement.decision?.results.map { RuleRow($0, l) } ?? []
        policy_hash = judgement.decision?.policyHash.hex
        inputs_hash = judgement.decision?.inputsHash.hex
        refusal = judgement.refusal.map { FailureRecord($0, l) }
        let planned = judgement.profile == .none ? nil : try PlannedCopies(gate, configuration, tenant, on: judgement.day)
        copies = planned?.rules.map { RuleRow($0, l) } ?? []
        answers =
            try planned?.answers(for: place, source: source).all.map { answer in
                AnswerRow(
                    question: answer.adjective.rawValue, answer: answer.truth.rawValue,
                    because: answer.results.filter { $0.verdict == .fails || $0.verdict == .unknown }.map(\.rule.text))
            } ?? []
    }

    /// The day that an argument names, as `2026-05-16`. Throws `.usage`.
    package static func day(_ text: String) throws -> CalendarDay {
        guard let day = CalendarDay(text: text) else { throw Failure(.usage, .notADay(text)) }
        return day
    }

    package var status: ExitStatus { Outcome(rawValue: outcome)?.mayWrite == true ? .done : .refused }

    package func lines(_ l: Language) -> [String] {
        var lines = [Message.explainTitle(tenant, site, profile, day, .outcome(outcome)).text(l), ""]
        if profile == "none" { return lines + [Message.profileNone.text(l)] }
        for rule in rules { lines += rule.lines(l) }
        if !copies.isEmpty {
            lines += ["", Message.allCopies.text(l)]
            for rule in copies { lines += rule.lines(l) }
        }
        lines.append("")
        for answer in answers {
            lines.append(
                "\(Message.adjective(answer.question).text(l))\(l.colon)\(Message.truth(answer.answer).text(l))"
                    + (answer.because.isEmpty ? "" : " (\(answer.because.joined(separator: ", ")))"))
        }
        return lines
    }
}

/// The copies that a tenant's sites will hold, as the rules about all copies together see them.
struct PlannedCopies {
    private let gate: PlacementGate
    private let dossier: Dossier
    private let day: CalendarDay
    let copies: [CopyFacts]
    let rules: [RuleResult]

    /// Throws why the rules cannot be read.
    init(_ gate: PlacementGate, _ configuration: Configuration, _ tenant: Configuration.Tenant, on day: CalendarDay) throws {
        self.gate = gate
        self.day = day
        let dossier = try gate.dossier()
        self.dossier = dossier
        copies = try configuration.sites(of: tenant, named: nil).map { site in
            var copy = CopyFacts(
                site: try gate.placement(site, nil, dossier).site, outcome: gate.judge(site, source: nil, on: day).outcome)
            copy.isLocked = site.locksForGood
            if site.isOffline { copy.levelOn = OfflineCopies.last(configuration, tenant, site.name).flatMap { CalendarDay(text: $0.seen) } }
            return copy
        }
        rules = dossier.book.evaluate(
            copies: copies, wishes: CopyWishes(independent: tenant.policy.copies, immutable: tenant.policy.immutable), profile: gate.profile,
            catalogue: dossier.catalogue, on: day)
    }

    func answers(for site: Configuration.Site, source: Configuration.Source?) throws -> Answers {
        dossier.book.answers(
            try gate.placement(site, source, dossier), copies: copies, register: dossier.register, catalogue: dossier.catalogue, on: day)
    }
}

extension Configuration.Site {
    /// Whether what is written there is locked so that nobody can lift it.
    var locksForGood: Bool { if case .s3(let s3) = place { s3.objectLock == .compliance } else { false } }
}

/// What policy says of a site, for `site check`.
package struct SiteCheckRow: Encodable, Sendable {
    package let tenant: String
    /// Nil: what the rules about all copies together say.
    package let site: String?
    package let profile: String
    package let outcome: String
    /// The rules that keep it from being allowed without more, the deciding one first.
    package let rules: [RuleRow]
    package let error: FailureRecord?

    package var status: ExitStatus { Outcome(rawValue: outcome)?.mayWrite == true ? .done : .refused }

    /// Of every site of the tenant, or the one named, and of all copies together.
    package static func all(_ configuration: Configuration, _ tenant: Configuration.Tenant, site name: String?, language l: Language) throws
        -> [SiteCheckRow]
    {
        let gate = PlacementGate(configuration, tenant: tenant)
        var rows = try configuration.sites(of: tenant, named: name).map { site in
            let judgement = gate.judge(site)
            let isolated = gate.contact(site)
            return SiteCheckRow(
                tenant: tenant.name, site: site.name, profile: judgement.profile.rawValue, outcome: judgement.outcome.rawValue,
                rules: (judgement.decision?.findings ?? []).sorted { $0.outcome > $1.outcome }.map { RuleRow($0, l) },
                error: (isolated ?? judgement.refusal).map { FailureRecord($0, l) })
        }
        if name == nil, gate.profile != .none, let planned = try? PlannedCopies(gate, configuration, tenant, on: gate.judgeDay) {
            let findings = planned.rules.filter { $0.outcome > .allow }.sorted { $0.outcome > $1.outcome }
            rows.append(
                SiteCheckRow(
                    tenant: tenant.name, site: nil, profile: gate.profile.rawValue, outcome: (findings.first?.outcome ?? .allow).rawValue,
                    rules: findings.map { RuleRow($0, l) }, error: nil))
        }
        return rows
    }
}

extension Language {
    /// What stands between a name and what is said of it.
    var colon: String { self == .french ? " : " : ": " }
}
