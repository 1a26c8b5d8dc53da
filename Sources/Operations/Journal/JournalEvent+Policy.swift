import Base
import Journal
import Sovereignty

extension JournalEvent {
    /// Rules that one entry names, at most.
    private static let ruleLimit = 20

    /// What policy said of a site: the outcome, the rules that keep it from being allowed without more, and the hashes of what it was decided from.
    init(_ judgement: Judgement, source: String?) {
        self.init(
            .policyDecision, judgement.outcome.mayWrite ? .done : .refused, object: LedgerEvent.Object("site", .word(Word(fitting: judgement.site))))
        details["outcome"] = .word(Word(fitting: judgement.outcome.rawValue))
        details["profile"] = .word(Word(fitting: judgement.profile.rawValue))
        if let source { details["source"] = .word(Word(fitting: source)) }
        guard let decision = judgement.decision else { return }
        details["policy"] = .digest(decision.policyHash)
        details["inputs"] = .digest(decision.inputsHash)
        details["rules"] = .count(decision.findings.count)
        for (number, finding) in decision.findings.prefix(Self.ruleLimit).enumerated() {
            details[Word(fitting: "rule.\(number + 1)")] = .word(Word(fitting: finding.rule.text))
        }
    }
}
