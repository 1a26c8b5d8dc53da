import Base
import Glibc
import Repository
import Testing

@testable import Maintenance

@Suite struct SearchTests {
    @Test func search() throws {
        guard let rules = getenv("RULES").map({ String(cString: $0) }) else { return }
        let runs = Int(String(cString: getenv("RUNS") ?? strdup("500")))!
        for word in rules.split(separator: ",") {
            let rule = CollectionRule(rawValue: Int(word)!)
            let by: [Int: Scenario] = [
                1: .pair,
                2: .bases.beginning(.run("first", to: .create, "snapshots/"), .run("collector", to: .list, "sessions/", 2)),
                3: .copies.beginning(.finish("retention"), .run("collector", to: .delete, "packs/")),
                4: .undoing, 
                5: .sleepers.beginning(.run("sleeper", to: .create, "index/"), .run("collector", to: .delete, "packs/")),
                6: .sleepers.beginning(.run("sleeper", to: .create, "index/"), .run("collector", to: .list, "packs/", 2), isLate: false),
                7: .sleepers.beginning(.run("sleeper", to: .create, "index/"), .run("collector", to: .create, "decided/"), .run("writer", to: .list, "commits/"),
                   .run("collector", to: .delete, "commits/"), isLate: false),
                8: .longSleepers.beginning(.run("sleeper", to: .create, "snapshots/"), .finish("first"), .finish("retention")),
                9: .pair.beginning(knowing: ["node"]),
                10: .pair, 11: .pair, 12: .rivals.beginning(knowing: ["other"]),
            ]
            do {
                let scenario = by[Int(word)!]!
                let begun = monotonicSeconds()
                var (found, what) = ([Int](), [String: Int]())
                try CollectionRule.without(rule) {
                    for seed in 0..<runs {
                        let order: SteppedStore.Order = seed % 3 == 0 ? .creation : seed % 3 == 1 ? .reverse : .scattered(UInt64(seed))
                        let outcome = try Run(scenario, PrioritySchedule(seed: UInt64(seed), cues: scenario.cues), order: order).play(settles: false)
                        if let problem = outcome.problem { found.append(seed); what[problem, default: 0] += 1 }
                    }
                }
                print("rule \(word) \(scenario.name): \(found.count) of \(runs), first \(found.prefix(5)) \(Int(monotonicSeconds() - begun)) s \(what)")
            }
        }
    }
}
