import Base
import Maintenance
import Testing
import TestSupport

/// A stolen node writes what it likes beside an honest history. It signs any claim; when it is seen it cannot choose.
@Suite(.serialized) struct RetentionAttackTests {
    private static let rules = RetentionRules(last: 3, hourly: 24, daily: 14, weekly: 8, monthly: 12, yearly: 10)

    /// An honest snapshot every six hours, looks every hour; from `theft` on hundreds of others.
    private struct Scene {
        let start: Int64
        let theft: Int64
        var honest: [RetentionCandidate] = []
        var hostile: [RetentionCandidate] = []

        init(_ history: inout RandomHistory, days: Int, after: Int, flood: Int) {
            start = history.start() / hour * hour
            theft = start + Int64(days) * day
            for look in stride(from: start, to: theft, by: Int(hour)) where look / hour % 6 == 0 {
                honest.append(history.snapshot(look - hour, look, complete: !history.random.chance(9)))
            }
            for look in stride(from: theft, to: theft + Int64(after) * day, by: Int(hour)) {
                for _ in 0..<history.random.below(flood) { hostile.append(history.snapshot(look - hour, look, complete: !history.random.chance(3))) }
            }
        }
    }

    private func eachZone(_ seed: Int, _ body: (inout RandomHistory) -> Void) {
        for (place, zone) in retentionZones.enumerated() {
            inZone(zone) {
                var history = RandomHistory(1_000 + seed * retentionZones.count + place)
                body(&history)
            }
        }
    }

    @Test(arguments: 0..<3) func `for the cool-off a flood takes nothing away`(_ seed: Int) {
        eachZone(seed) { history in
            let scene = Scene(&history, days: 60, after: 3, flood: 10)
            for hours in [1, 20, 47, 71] as [Int64] {
                let now = scene.theft + hours * hour
                let without = RetentionPlan(scene.honest, Self.rules, now: now, coolOff: 3 * day)
                let with = RetentionPlan(scene.honest + scene.hostile.seen(by: now), Self.rules, now: now, coolOff: 3 * day)
                #expect(without.kept.isSubset(of: with.kept), "seed \(seed), \(hours) h")
            }
        }
    }

    @Test(arguments: 0..<3) func `after it a flood takes from the periods no more than one honest snapshot an hour would`(_ seed: Int) {
        eachZone(seed) { history in
            let scene = Scene(&history, days: 60, after: 12, flood: 8)
            let hourly = stride(from: scene.theft - hour, to: scene.theft + 12 * day, by: Int(hour)).enumerated().map {
                RetentionCandidate(1_000_000 + $0.offset, at: $0.element, seen: $0.element)
            }
            var rules = Self.rules
            rules.last = nil
            for days in [4, 8, 12] as [Int64] {
                let now = scene.theft + days * day
                let honest = RetentionPlan(scene.honest + hourly.seen(by: now), rules, now: now, coolOff: 3 * day)
                let stolen = RetentionPlan(scene.honest + scene.hostile.seen(by: now), Self.rules, now: now, coolOff: 3 * day)
                let old = Set(scene.honest.map(\.id))
                #expect(honest.kept.intersection(old).isSubset(of: stolen.kept), "seed \(seed), \(days) d")
            }
        }
    }

    @Test(arguments: 0..<3) func `no claim takes the place of a snapshot that stands, even through a site that was away for weeks`(_ seed: Int) {
        eachZone(seed) { history in
            let scene = Scene(&history, days: 40, after: 0, flood: 1)
            let now = scene.theft + 10 * day
            // The look before this one was at the beginning: every claim since then is believed.
            let hostile = (0..<400).map { _ in
                let claimed = Timestamp(Int64.random(in: scene.start...scene.theft, using: &history.random))
                return RetentionCandidate(
                    id: history.nextID(), group: RetentionCandidate.group,
                    time: RetentionTime.clamp(claimed: claimed, lastLook: Timestamp(scene.start), firstSeen: Timestamp(scene.theft)),
                    firstSeen: Timestamp(scene.theft), isComplete: true)
            }
            let without = RetentionPlan(scene.honest, RetentionRules(daily: 90, weekly: 90, monthly: 90), now: now)
            let with = RetentionPlan(scene.honest + hostile, RetentionRules(daily: 90, weekly: 90, monthly: 90), now: now)
            let standing = zip(scene.honest, without.decisions).filter { candidate, decision in
                guard case .kept(let reasons) = decision.verdict else { return false }
                return candidate.isComplete && reasons.contains { if case .period = $0 { true } else { false } }
            }
            #expect(Set(standing.map(\.0.id)).isSubset(of: with.kept))
        }
    }

    @Test(arguments: 0..<3) func `claims of any time fill no period that was closed when they were seen`(_ seed: Int) {
        eachZone(seed) { history in
            let scene = Scene(&history, days: 3, after: 30, flood: 3)
            let days = Set(scene.hostile.map { RetentionPeriod(.daily, of: $0.time) })
            // Thirty days, and the one in which the last look before them was.
            #expect(days.count <= 31)
        }
    }
}
