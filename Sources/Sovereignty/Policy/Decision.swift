import Base
import Scheduling

/// What one rule says of one placement.
package struct RuleResult: Sendable, Equatable {
    package let rule: RuleID
    package let clause: String
    package let requirement: Message
    package let verdict: Verdict
    package let outcome: Outcome
    /// Why, in one sentence.
    package let reason: Message
    /// What to do about it; nil where nothing is to be done.
    package let remedy: Message?
    package let facts: [Fact]
    /// The last day on which this outcome holds, as far as a document or a waiver ends it.
    package let through: CalendarDay?
    /// How many of the warning periods have begun: 0, 1 (90 days), 2 (30 days).
    package let urgency: Int
    package let waiver: WaiverEffect?

    /// What a waiver that names this rule does.
    package enum WaiverEffect: Sendable, Equatable {
        case inForce(WaiverID, until: CalendarDay)
        case notYet(WaiverID, from: CalendarDay)
        case ended(WaiverID, after: CalendarDay)
        /// Nobody may set this rule aside.
        case notWaivable(WaiverID)
        /// Longer than policy allows, or by fewer people.
        case beyondTerms(WaiverID)
    }
}

/// What policy says of a placement on a day, and why.
package struct Decision: Sendable, Equatable {
    package let profile: ProfileName
    package let day: CalendarDay
    package let site: SiteID
    package let tenant: TenantID
    /// In the order of the policy files.
    package let results: [RuleResult]
    /// Of the policy files, and of everything else that the decision was made from: for the journal.
    package let policyHash: Digest
    package let inputsHash: Digest

    /// The worst of all rules; what no rule forbids is allowed.
    package var outcome: Outcome { results.map(\.outcome).max() ?? .allow }

    /// The rules that keep it from being allowed without more.
    package var findings: [RuleResult] { results.filter { $0.outcome > .allow } }

    /// The result of one rule.
    package func result(_ rule: String) -> RuleResult? { results.first { $0.rule.text == rule } }
}
