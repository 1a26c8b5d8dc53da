import Base
import Testing

/// The real code, each request to the site a choice point (docs/MODEL.md has the protocol's own model). A failure names the scenario and the seed:
/// `story` tells what happened, step by step.
@Suite struct InterleavingTests {
    /// Runs of each scenario in all; a run that settles takes twice as long.
    private static let seeds = 0..<150 as Range<UInt64>
    private static let settling: UInt64 = 3

    @Test(arguments: Scenario.all) func noInterleavingLosesWhatASnapshotNeeds(_ scenario: Scenario) throws {
        var tally = Tally(scenario.name)
        for seed in Self.seeds {
            let outcome = try scenario.play(seed, settles: seed % Self.settling == 0)
            tally.add(outcome)
            #expect(outcome.overlaps == 0, "\(scenario.name), seed \(seed): two generations are open")
            guard outcome.problem != nil || !outcome.oddities.isEmpty else { continue }
            let text = "\(scenario.name), seed \(seed): \(outcome.problem ?? "") \(outcome.oddities)\n\(try scenario.story(seed))"
            Issue.record("\(text)")
            break
        }
        print(tally.text)
        // A scope in which nothing happens proves nothing.
        #expect(tally.acknowledged > 0 && tally.deleted > 0)
    }

    /// But for compaction: the hash of a pack that it makes is random, and packs are deleted in the order of their hashes.
    @Test(arguments: Scenario.all.filter { !$0.compacts }) func theSameSeedIsTheSameRun(_ scenario: Scenario) throws {
        for seed in 0..<12 as Range<UInt64> {
            let (one, other) = (try scenario.play(seed), try scenario.play(seed))
            #expect(one.fingerprint == other.fingerprint && one.problem == other.problem, "\(scenario.name), seed \(seed)")
        }
    }

    @Test func noFewChangesBetweenAWriterAndACollectorLoseAnything() throws {
        var tally = Tally("exhaustive")
        let found = try Exhaustive.search(.brief) { tally.add($0) }
        print(tally.text)
        #expect(found == nil, "changes \(found?.changes ?? []): \(found?.outcome.problem ?? "") \(found?.outcome.oddities ?? [])")
        #expect(tally.acknowledged > 0 && tally.deleted > 0)
    }
}

/// Every interleaving of two actors with so few changes from one to the other.
enum Exhaustive {
    static let changes = 2

    /// The first that goes wrong.
    static func search(_ scenario: Scenario, _ each: (Outcome) -> Void = { _ in }) throws -> (changes: [Int], outcome: Outcome)? {
        // Each schedule makes those that have one change more, later.
        var waiting: [[Int]] = [[]]
        while let changes = waiting.popLast() {
            let schedule = ListedSchedule(changes: Set(changes))
            let outcome = try Run(scenario, schedule).play(settles: false)
            each(outcome)
            if outcome.problem != nil || !outcome.oddities.isEmpty { return (changes, outcome) }
            // The first choice, of who begins, is no change.
            guard changes.filter({ $0 > 0 }).count < Self.changes else { continue }
            waiting += schedule.places.filter { $0 > changes.last ?? -1 }.map { changes + [$0] }
        }
        return nil
    }
}

/// Counts over runs.
struct Tally {
    let name: String
    private var (runs, steps, checks) = (0, 0, 0)
    private(set) var (acknowledged, deleted) = (0, 0)
    private let begun = monotonicSeconds()

    init(_ name: String) { self.name = name }

    mutating func add(_ outcome: Outcome) {
        runs += 1
        (steps, checks) = (steps + outcome.steps, checks + outcome.checks)
        (acknowledged, deleted) = (acknowledged + outcome.acknowledged, deleted + outcome.deleted)
    }

    var text: String {
        "interleavings: \(name): \(runs) runs, \(steps) steps, \(checks) looks at the invariant, \(acknowledged) snapshots, \(deleted) packs deleted, "
            + "\(Int(monotonicSeconds() - begun)) s"
    }
}
