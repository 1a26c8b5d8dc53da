import Base
import Scheduling
import Sovereignty

/// What policy says of a site for a tenant on a day, and what follows for who would write there.
package struct Judgement: Sendable {
    package let tenant: String
    package let site: String
    package let profile: ProfileName
    package let day: CalendarDay
    /// Nil where no rule was looked at: without a profile, or where the rules themselves cannot be read.
    package let decision: Decision?
    /// Why nothing could be decided: then nothing is written.
    package let troubles: [Failure]

    package var outcome: Outcome { troubles.isEmpty ? decision?.outcome ?? .allow : .deny }

    /// The rule that decides: the first of those with the worst outcome.
    package var decisive: RuleResult? { decision?.results.first { $0.outcome == outcome } }

    /// Why nothing new may go there, which rule says so, and what to do; nil where it may.
    package var refusal: Failure? {
        guard !outcome.mayWrite else { return nil }
        if let trouble = troubles.first {
            let what = trouble.object.map {
                Message(trouble.message.code, en: "\($0): \(trouble.message.english)", fr: "\($0) : \(trouble.message.french)")
            }
            return Failure(.refused, .policyUnreadable(what ?? trouble.message), object: site, remedy: .policySeeCheck)
        }
        guard let decisive else { return nil }
        let message = Message.policyRefuses(profile.rawValue, decisive.rule.text, decisive.clause, decisive.reason, isDenied: !outcome.copiesCount)
        return Failure(.refused, message, object: site, remedy: .policyRemedy(decisive.remedy, tenant, site))
    }
}
