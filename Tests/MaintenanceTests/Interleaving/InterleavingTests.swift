import Base
import Glibc
import Testing

@testable import Maintenance

@Suite(.serialized) struct InterleavingTests {
    @Test func prototype() throws {
        let runs = Int(String(cString: getenv("RUNS") ?? strdup("200")))!
        let only = getenv("ONLY").map { String(cString: $0) }
        for scenario in [
            Scenario.pair, .bases, .rivals, .copying, .compaction, .undoing, .crowd, .relisting.beginning(.run("relister", to: .create, "sessions/"), .run("collector", to: .delete, "packs/")), .copies, .sleepers, .longSleepers, .rebuilding,
                .rebuilding.beginning(.run("sleeper", to: .create, "index/"), .run("first", to: .delete, "packs/"), .run("late", to: .size, "packs/"), .finish("first")),
                .bases.beginning(.run("first", to: .create, "snapshots/"), .run("collector", to: .list, "sessions/", 2)),
                .copies.beginning(.finish("retention"), .run("collector", to: .delete, "packs/")),
                .sleepers.beginning(.run("sleeper", to: .create, "index/"), .run("collector", to: .delete, "packs/")),
                .sleepers.beginning(.run("sleeper", to: .create, "index/"), .run("collector", to: .list, "packs/", 2), isLate: false),
                .sleepers.beginning(.run("sleeper", to: .create, "index/"), .run("collector", to: .create, "decided/"), .run("writer", to: .list, "commits/"),
                   .run("collector", to: .delete, "commits/"), isLate: false),
                .longSleepers.beginning(.run("sleeper", to: .create, "snapshots/"), .finish("first"), .finish("retention")),
            ] where only == nil || only!.contains(scenario.name) {
            for isLate in [true, false] {
                var scenario = scenario
                scenario.isLate = isLate
                let begun = monotonicSeconds()
                var (steps, problems, deleted, acked, overlaps) = (0, [String: [Int]](), 0, 0, 0)
                for seed in 0..<runs {
                    let order: SteppedStore.Order = seed % 3 == 0 ? .creation : seed % 3 == 1 ? .reverse : .scattered(UInt64(seed))
                    let run = try Run(scenario, PrioritySchedule(seed: UInt64(seed), cues: scenario.cues, accidents: scenario.accidents), order: order)
                    let outcome = try run.play(settles: true)
                    steps += outcome.steps
                    deleted += outcome.deleted
                    acked += outcome.acknowledged
                    overlaps += outcome.overlaps
                    if let problem = outcome.problem { problems[problem, default: []].append(seed) }
                    for odd in outcome.oddities { problems["ODD " + odd, default: []].append(seed) }
                }
                print("\(scenario.name) \(isLate): \(runs) runs, \(steps) steps, \(monotonicSeconds() - begun) s, deleted \(deleted) acked \(acked) overlaps \(overlaps)")
                for (p, seeds) in problems.sorted(by: { $0.value.count > $1.value.count }) { print("   \(seeds.count)  \(p)  \(seeds.prefix(6))") }
            }
        }
    }
}
