import Base
import Scheduling
import Sovereignty
import Testing

/// One row of a table: what is changed in the sample, the rule that is asked, its clause, and what it must say.
struct Row: Sendable, CustomTestStringConvertible {
    let title: String
    let rule: String
    let clause: String
    let verdict: Verdict
    let outcome: Outcome
    let profile: ProfileName
    let day: String
    let change: @Sendable (inout Sample) -> Void

    init(
        _ title: String, _ rule: String, _ clause: String, _ verdict: Verdict, _ outcome: Outcome, in profile: ProfileName = .secnumcloud,
        on day: String = "2026-11-27", _ change: @escaping @Sendable (inout Sample) -> Void
    ) {
        self.title = title
        self.rule = rule
        self.clause = clause
        self.verdict = verdict
        self.outcome = outcome
        self.profile = profile
        self.day = day
        self.change = change
    }

    var testDescription: String { "\(rule) (\(clause)): \(title)" }

    /// Asks the rule, and that its result names the clause, says why in both languages, and shows a remedy where one is needed.
    func check() throws {
        var sample = Sample()
        change(&sample)
        let result = try #require(try sample.decide(profile, on: CalendarDay(text: day) ?? Sample.today).result(rule))
        #expect(result.verdict == verdict, "\(result.reason.english)")
        #expect(result.outcome == outcome, "\(result.reason.english)")
        #expect(result.clause.contains(clause))
        #expect(!result.reason.french.isEmpty && result.reason.french != result.reason.english)
        #expect((result.remedy != nil) == (outcome > .allow))
        if verdict == .fails { #expect(!result.facts.isEmpty) }
    }
}
