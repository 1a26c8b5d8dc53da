import Base
import Scheduling

/// What came out of one rule.
package enum Verdict: String, Sendable, CaseIterable {
    case holds, fails, unknown
    /// The rule is not for this tenant, this site or this question.
    case notApplicable

    init(_ truth: Truth) {
        switch truth {
        case .holds: self = .holds
        case .fails: self = .fails
        case .unknown: self = .unknown
        }
    }
}

/// One thing that a rule looked at.
package struct Fact: Sendable, Equatable {
    /// Where it stands, such as `ownership.nonEU[0].capitalPct`.
    package let name: String
    /// Nil: not known.
    package let value: String?
    /// The document that says it; nil for what the configuration or a probe says.
    package let origin: String?

    package init(_ name: String, _ value: String?, origin: String? = nil) {
        self.name = name
        self.value = value
        self.origin = origin
    }
}

/// What a check found, before policy says what follows.
struct Finding {
    var verdict: Verdict
    /// Why, for a person.
    var reason: Message
    var facts: [Fact] = []
    /// The last day on which it holds; nil where no day ends it.
    var through: CalendarDay?
    /// What follows, where it is milder than what the rule says: a grace that has a name.
    var outcome: Outcome?

    init(_ truth: Truth, _ reason: Message, _ facts: [Fact] = [], through: CalendarDay? = nil, outcome: Outcome? = nil) {
        verdict = Verdict(truth)
        self.reason = reason
        self.facts = facts
        self.through = through
        self.outcome = outcome
    }

    static func notApplicable(_ reason: Message) -> Finding {
        var finding = Finding(.holds, reason)
        finding.verdict = .notApplicable
        return finding
    }
}

/// What all checks of one site look at.
struct CheckContext {
    let placement: Placement
    let register: EvidenceRegister
    let catalogue: ProviderCatalogue
    let terms: PolicyTerms
    let countries: Jurisdictions
    let day: CalendarDay

    var site: SiteFacts { placement.site }

    /// A fact of the site's statement.
    func fact(_ name: String, _ value: String?) -> Fact { Fact(name, value, origin: register.sites[site.id]?.file) }
}
