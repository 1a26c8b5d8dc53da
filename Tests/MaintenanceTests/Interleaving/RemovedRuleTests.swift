import Base
import Repository
import Testing

/// A rule taken away, and where that shows.
struct RemovedRule: Sendable, CustomTestStringConvertible {
    let rule: CollectionRule
    let scenario: Scenario
    /// The seed that found it first.
    let seed: UInt64

    var testDescription: String { "\(rule)" }

    /// As docs/MODEL.md numbers them. The cues lead to the brink of each hole; the rest is left to the seeds.
    static let all = [
        RemovedRule(rule: .listAgain, scenario: .lateRegistration, seed: 3),
        RemovedRule(rule: .markedBase, scenario: .basesAtTheBrink, seed: 107),
        RemovedRule(rule: .packSuffix, scenario: .copiesAtTheBrink, seed: 2),
        RemovedRule(rule: .decisionAlone, scenario: .undoing, seed: 149),
        RemovedRule(rule: .segmentsCount, scenario: .deletingBesideASleeper, seed: 9),
        RemovedRule(rule: .committedSegments, scenario: .decidingBesideASleeper, seed: 0),
        RemovedRule(rule: .lateRemoval, scenario: .removingBesideASleeper, seed: 8),
        RemovedRule(rule: .commitsCount, scenario: .longSleep, seed: 19),
        RemovedRule(rule: .freshIndex, scenario: .knowingPair, seed: 35),
        RemovedRule(rule: .closedFirst, scenario: .pair, seed: 24),
        RemovedRule(rule: .secondMark, scenario: .pair, seed: 7),
        RemovedRule(rule: .oneOpen, scenario: .rivalsAtTheBrink, seed: 4),
    ]
}

/// Tests of the tests: without one of the protocol's rules they have to fail. Each in a process of its own, since a rule is taken away from the
/// whole process.
@Suite(.serialized) struct RemovedRuleTests {
    /// Seeds that are tried if the code has changed so much that the recorded one finds nothing any more.
    static let others = 0..<600 as Range<UInt64>

    @Test(arguments: CollectionRule.allCases.map(\.rawValue)) func eachRuleIsMissed(_ number: Int) async {
        await #expect(processExitsWith: .success) { [number] in try RemovedRuleTests.look(number) }
    }

    /// The exhaustive search is not blind either, for the rules that two actors need.
    @Test(arguments: [CollectionRule.listAgain, .freshIndex, .closedFirst, .secondMark].map(\.rawValue))
    func theExhaustiveSearchMissesIt(_ number: Int) async {
        await #expect(processExitsWith: .success) { [number] in try RemovedRuleTests.exhaust(number) }
    }

    private static func exhaust(_ number: Int) throws {
        var runs = 0
        let found = try CollectionRule.without(CollectionRule(rawValue: number)) { try Exhaustive.search(.brief) { _ in runs += 1 } }
        print("interleavings without rule \(number), exhaustively: changes \(found?.changes ?? []) after \(runs) runs")
        #expect(found?.outcome.problem != nil)
    }

    private static func look(_ number: Int) throws {
        let removed = try #require(RemovedRule.all.first { $0.rule.rawValue == number })
        let begun = monotonicSeconds()
        var tried = 0
        let found = try CollectionRule.without(removed.rule) {
            try ([removed.seed] + others).first { seed in
                tried += 1
                return try removed.scenario.play(seed).problem != nil
            }
        }
        print("interleavings without \(removed.rule): seed \(found.map { "\($0)" } ?? "none"), \(tried) runs, \(Int(monotonicSeconds() - begun)) s")
        let seed = try #require(found, "nobody misses \(removed.rule)")
        // It is the rule that makes the difference.
        let outcome = try removed.scenario.play(seed)
        #expect(outcome.problem == nil, "seed \(seed): \(outcome.problem ?? "")")
    }
}
