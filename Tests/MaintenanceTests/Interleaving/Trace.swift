import Base
import Glibc
import Testing

@testable import Maintenance

@Suite struct TraceTests {
    @Test func traced() throws {
        guard let only = getenv("ONLY").map({ String(cString: $0) }) else { return }
        let seed = UInt64(String(cString: getenv("SEED")))!
        let scenario = [Scenario.pair, .bases, .rivals, .copying, .compaction, .undoing, .crowd].first { $0.name == only }!
        let order: SteppedStore.Order = seed % 3 == 0 ? .creation : seed % 3 == 1 ? .reverse : .scattered(UInt64(seed))
        let outcome = try Run(scenario, PrioritySchedule(seed: seed, accidents: scenario.accidents), order: order).play(settles: true, tells: true)
        for line in outcome.trace { print(line) }
        print(outcome.problem ?? "fine", outcome.oddities)
    }
}
