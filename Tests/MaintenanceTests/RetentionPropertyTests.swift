import Base
import Maintenance
import Testing
import TestSupport

/// Of random histories in zones that change their clocks in every way there is.
@Suite(.serialized) struct RetentionPropertyTests {
    private static let seeds = 0..<10

    private func eachZone(_ seed: Int, _ body: (inout RandomHistory) -> Void) {
        for (place, zone) in retentionZones.enumerated() {
            inZone(zone) {
                var history = RandomHistory(seed * retentionZones.count + place)
                body(&history)
            }
        }
    }

    @Test(arguments: 0..<16) func `a plan is what the rules say, one snapshot at a time`(_ seed: Int) {
        eachZone(seed) { history in
            let start = history.start()
            let candidates = seed % 2 == 0 ? history.snapshots(from: start, days: 8) : history.lawless(from: start, days: 8, count: 40)
            let rules = history.rules()
            let coolOff = history.coolOff()
            let now = start + Int64(1 + history.random.below(9 * 24)) * hour
            let plan = RetentionPlan(candidates, rules, now: now, coolOff: coolOff)
            let model = RetentionModel(rules: rules, now: Timestamp(now), coolOff: coolOff)
            #expect(plan.kept == model.kept(candidates), "seed \(seed), \(rules)")
        }
    }

    @Test(arguments: seeds) func `the order in which the candidates are given does not matter`(_ seed: Int) {
        eachZone(seed) { history in
            let start = history.start()
            let candidates = history.lawless(from: start, days: 20, count: 120)
            let rules = history.rules()
            let shuffled = candidates.shuffled(using: &history.random)
            let (one, other) = (RetentionPlan(candidates, rules, now: start + 21 * day), RetentionPlan(shuffled, rules, now: start + 21 * day))
            #expect(one.decisions.sorted { $0.id < $1.id } == other.decisions.sorted { $0.id < $1.id })
        }
    }

    @Test(arguments: seeds) func `what arrives within the cool-off takes nothing away, whatever its times`(_ seed: Int) {
        eachZone(seed) { history in
            let start = history.start()
            let candidates = history.lawless(from: start, days: 20, count: 80)
            let rules = history.rules()
            let now = start + 21 * day
            let kept = RetentionPlan(candidates, rules, now: now, coolOff: 3 * day).kept
            var more = candidates
            for _ in 0..<200 {
                let time = start + Int64.random(in: -40 * day...40 * day, using: &history.random)
                let seen = now - Int64(history.random.below(Int(3 * day)))
                more.append(
                    RetentionCandidate(
                        id: history.nextID(), group: RetentionCandidate.group, time: Timestamp(time), firstSeen: Timestamp(seen),
                        isComplete: !history.random.chance(3)))
            }
            #expect(kept.isSubset(of: RetentionPlan(more, rules, now: now, coolOff: 3 * day).kept), "seed \(seed), \(rules)")
        }
    }

    @Test(arguments: seeds) func `the complete snapshot of a period stands until so many newer periods have one`(_ seed: Int) {
        eachZone(seed) { history in
            let start = history.start()
            let candidates = history.lawless(from: start, days: 20, count: 150)
            let unit = history.random.pick(RetentionPeriod.Unit.allCases)
            let count = 1 + history.random.below(5)
            let rules = RetentionRules(count, unit)
            let end = start + 25 * day
            for now in stride(from: start + day, to: end, by: Int(5 * day)) {
                let before = RetentionPlan(candidates.seen(by: now), rules, now: now)
                let after = RetentionPlan(candidates.seen(by: now + 5 * day), rules, now: now + 5 * day)
                let complete = candidates.seen(by: now + 5 * day).filter(\.isComplete).map { RetentionPeriod(unit, of: $0.time).number }
                for (candidate, decision) in zip(candidates.seen(by: now), before.decisions) where candidate.isComplete {
                    guard case .kept(let reasons) = decision.verdict, candidate.time <= Timestamp(now) else { continue }
                    guard reasons.contains(where: { if case .period = $0 { true } else { false } }), !after.kept.contains(candidate.id) else {
                        continue
                    }
                    let own = RetentionPeriod(unit, of: candidate.time).number
                    #expect(Set(complete.filter { $0 > own }).count >= count, "seed \(seed)")
                }
            }
        }
    }

    @Test(arguments: seeds) func `a second plan at the same moment drops nothing, and says the same`(_ seed: Int) {
        eachZone(seed) { history in
            let start = history.start()
            let candidates = seed % 2 == 0 ? history.snapshots(from: start, days: 30) : history.lawless(from: start, days: 30, count: 150)
            let (rules, coolOff, now) = (history.rules(), history.coolOff(), start + 30 * day)
            let first = RetentionPlan(candidates, rules, now: now, coolOff: coolOff)
            let second = RetentionPlan(candidates.filter { first.kept.contains($0.id) }, rules, now: now, coolOff: coolOff)
            #expect(second.decisions == first.decisions.filter(\.isKept), "seed \(seed), \(rules)")
        }
    }

    @Test(arguments: seeds) func `dropping day by day leaves what one plan at the end leaves, for the same reasons`(_ seed: Int) {
        eachZone(seed) { history in
            let start = history.start()
            let days = 30 + history.random.below(60)
            let candidates = history.snapshots(from: start, days: days, most: 2)
            let (rules, coolOff) = (history.rules(), history.coolOff())
            var (left, arrived) = ([RetentionCandidate](), 0)
            var now = start
            while now < start + Int64(days) * day {
                now += Int64(1 + history.random.below(40)) * hour
                let seen = candidates.seen(by: now)
                left = (left + seen[arrived...]).after(rules, now: now, coolOff: coolOff)
                arrived = seen.count
            }
            let gradual = RetentionPlan(left, rules, now: now, coolOff: coolOff)
            let atOnce = RetentionPlan(candidates.seen(by: now), rules, now: now, coolOff: coolOff)
            #expect(gradual.decisions == atOnce.decisions.filter(\.isKept), "seed \(seed), \(rules)")
        }
    }

    @Test(arguments: seeds) func `what the rules drop changes nothing in what they keep, whatever the times`(_ seed: Int) {
        eachZone(seed) { history in
            let start = history.start()
            let (some, others) = (history.lawless(from: start, days: 15, count: 60), history.lawless(from: start, days: 15, count: 60))
            let (rules, now) = (history.rules(), start + 16 * day)
            #expect((some.after(rules, now: now) + others).after(rules, now: now) == (some + others).after(rules, now: now), "seed \(seed), \(rules)")
        }
    }

    @Test(arguments: seeds) func `nothing goes before the moment that was told, and with full periods it goes then`(_ seed: Int) {
        eachZone(seed) { history in
            let start = history.start()
            let now = start + 6 * day + Int64(history.random.below(Int(day)))
            let candidates = history.snapshots(from: start, days: 6).seen(by: now)
            let rules = RetentionRules(
                hourly: history.random.below(9), daily: 1 + history.random.below(4), weekly: history.random.below(2))
            let coolOff = history.coolOff()
            let plan = RetentionPlan(candidates, rules, now: now, coolOff: coolOff)
            // From now on one at the beginning of every hour, and one now.
            let first = RetentionPeriod(.hourly, of: Timestamp(now)).start.seconds
            let times = [now] + stride(from: first + hour, to: first + 28 * day, by: Int(hour))
            let full = candidates + times.enumerated().map { RetentionCandidate(1_000_000 + $0.offset, at: $0.element, seen: $0.element) }
            for decision in plan.decisions where decision.isKept {
                guard let goes = decision.goes, goes < Timestamp(first + 28 * day) else { continue }
                func isKept(at time: Int64) -> Bool {
                    RetentionPlan(full.seen(by: time), rules, now: time, coolOff: coolOff).kept.contains(decision.id)
                }
                guard history.random.chance(4) else { continue }
                if goes > Timestamp(now) { #expect(isKept(at: goes.seconds - 1), "seed \(seed), \(decision)") }
                #expect(!isKept(at: goes.seconds), "seed \(seed), \(decision)")
            }
        }
    }
}

extension RetentionRules {
    init(_ count: Int, _ unit: RetentionPeriod.Unit) {
        self.init()
        switch unit {
        case .hourly: hourly = count
        case .daily: daily = count
        case .weekly: weekly = count
        case .monthly: monthly = count
        case .yearly: yearly = count
        }
    }
}
