import Base
import Scheduling

/// "Securely, resiliently, not subject to extra-EU law" (regulation §2, row 22), one by one.
///
/// A question is answered by every rule of any profile that the files name for it, whatever profile the tenant chose, and no
/// waiver makes an answer better: it is what can be said to a patient.
package struct Answers: Sendable, Equatable {
    package let all: [Answer]

    /// One question, and the rules that answer it.
    package struct Answer: Sendable, Equatable {
        package let adjective: Rule.Adjective
        package let truth: Truth
        package let results: [RuleResult]
    }

    /// The answer to one question.
    package subscript(adjective: Rule.Adjective) -> Answer? { all.first { $0.adjective == adjective } }
}

extension PolicyBook {
    /// The three answers for one placement, with the copies that there are beside it.
    package func answers(
        _ placement: Placement, copies: [CopyFacts], register: EvidenceRegister, catalogue: ProviderCatalogue, on day: CalendarDay
    ) -> Answers {
        let context = CheckContext(
            placement: placement, register: register, catalogue: catalogue, terms: terms, countries: countries, day: day)
        let answers = Rule.Adjective.allCases.map { adjective in
            let results = allRules.filter { $0.adjectives.contains(adjective) }.map { rule in
                rule.check.isOfCopies
                    ? result(of: rule, finding(rule.check, copies, CopyWishes(), catalogue, day), day, waivers: [])
                    : result(of: rule, context)
            }
            let truths = results.map(\.verdict).compactMap(Truth.init(_:))
            // Of what no rule looked at, nothing is known.
            return Answers.Answer(adjective: adjective, truth: truths.isEmpty ? .unknown : Truth.all(truths), results: results)
        }
        return Answers(all: answers)
    }
}

extension Truth {
    /// Nil for a rule that does not apply.
    fileprivate init?(_ verdict: Verdict) {
        switch verdict {
        case .holds: self = .holds
        case .fails: self = .fails
        case .unknown: self = .unknown
        case .notApplicable: return nil
        }
    }
}
