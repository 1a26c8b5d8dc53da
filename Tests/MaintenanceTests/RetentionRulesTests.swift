import Base
import Maintenance
import Scheduling
import Testing

@Suite(.serialized) struct RetentionRulesTests {
    /// At noon, one a day, the last one today.
    private func days(_ count: Int, until last: Int64) -> [RetentionCandidate] {
        snapshots(at: (0..<count).map { last - Int64(count - 1 - $0) * day })
    }

    @Test func `the promised window: one a day for 400 days leaves exactly these`() {
        inZone("Europe/Paris") {
            let today = CalendarDay(year: 2026, month: 11, day: 26)
            let candidates = snapshots(at: (0..<400).map { (today - (399 - $0)).moment(minute: 120) })
            let rules = RetentionRules(last: 3, daily: 14, weekly: 8, monthly: 12, yearly: 10)
            let now = local(2026, 11, 26, 12)
            func keptDays(_ coolOff: Int64) -> [String] { candidates.after(rules, now: now, coolOff: coolOff).map(\.time.localDay).sorted() }

            let daily = (13...26).map { "2026-11-\($0)" }
            // Mondays; those of 16 and 23 November are among the days.
            let weekly = ["2026-10-05", "2026-10-12", "2026-10-19", "2026-10-26", "2026-11-02", "2026-11-09"]
            let monthly = ["2025-12-01"] + (1...9).map { "2026-0\($0)-01" } + ["2026-10-01", "2026-11-01"]
            // The first of 2026 is among the months; 2025 began with the first snapshot.
            let yearly = ["2025-10-23"]
            #expect(keptDays(0) == (daily + weekly + monthly + yearly).sorted())
            #expect(keptDays(3 * day) == (["2026-11-10", "2026-11-11", "2026-11-12"] + daily + weekly + monthly + yearly).sorted())
        }
    }

    @Test func `without a rule everything is kept, as with counts of zero`() {
        let candidates = days(30, until: utc(2026, 11, 26, 12))
        for rules in [RetentionRules(), RetentionRules(last: 0, daily: 0, within: 0), RetentionRules(weekly: -1)] {
            let plan = RetentionPlan(candidates, rules, now: utc(2026, 11, 26, 13))
            #expect(plan.dropped.isEmpty)
            #expect(plan.reasons(3) == ["no rule"])
            #expect(plan.decision(3).goes == nil)
        }
    }

    @Test func `of a period the first complete one stands, however many follow`() {
        inZone("UTC") {
            let noon = utc(2026, 11, 25, 12)
            let candidates = [
                RetentionCandidate(0, at: noon - 4 * hour, complete: false), RetentionCandidate(1, at: noon), RetentionCandidate(2, at: noon + hour),
                RetentionCandidate(3, at: noon + 2 * hour, complete: false), RetentionCandidate(4, at: noon + day),
            ]
            let plan = RetentionPlan(candidates, RetentionRules(daily: 2), now: noon + day + hour)
            #expect(plan.dropped == [0, 2, 3].map(RetentionCandidate.id))
            #expect(plan.reasons(1) == ["daily 2026-11-25 (2 of 2)"])
            #expect(plan.reasons(4) == ["newest complete one", "daily 2026-11-26 (1 of 2)"])
        }
    }

    @Test func `of those of the same second the one that was seen first stands, then the least id`() {
        let noon = utc(2026, 11, 25, 12)
        let candidates = [
            RetentionCandidate(1, at: noon, seen: noon + 20), RetentionCandidate(3, at: noon, seen: noon + 10),
            RetentionCandidate(2, at: noon, seen: noon + 10), RetentionCandidate(4, at: noon + day),
        ]
        #expect(
            RetentionPlan(candidates, RetentionRules(daily: 2), now: noon + day + hour).kept == [RetentionCandidate.id(2), RetentionCandidate.id(4)])
    }

    @Test func `periods without a snapshot do not count`() {
        inZone("UTC") {
            let times = [utc(2026, 1, 5), utc(2026, 4, 5), utc(2026, 9, 30), utc(2026, 11, 25)]
            let plan = RetentionPlan(snapshots(at: times), RetentionRules(daily: 3), now: utc(2026, 11, 26))
            #expect(plan.dropped == [RetentionCandidate.id(0)])
        }
    }

    @Test func `a run of partial days pushes out no complete one, and does not pile up`() {
        inZone("UTC") {
            let start = utc(2026, 10, 1, 12)
            let candidates = (0..<40).map { RetentionCandidate($0, at: start + Int64($0) * day, complete: $0 < 10) }
            let plan = RetentionPlan(candidates, RetentionRules(daily: 4), now: start + 40 * day)
            #expect(plan.kept == Set([6, 7, 8, 9, 36, 37, 38, 39].map(RetentionCandidate.id)))
            #expect(plan.reasons(38) == ["daily 2026-11-08 (2 of 4)"])
        }
    }

    @Test func `last counts complete ones, and keeps as many partial ones that are newer`() {
        let start = utc(2026, 11, 1)
        let complete: Set = [0, 1, 2, 4, 5]
        let candidates = (0..<12).map { RetentionCandidate($0, at: start + Int64($0) * hour, complete: complete.contains($0)) }
        let plan = RetentionPlan(candidates, RetentionRules(last: 3), now: start + day)
        #expect(plan.kept == Set([2, 4, 5, 9, 10, 11].map(RetentionCandidate.id)))
        #expect(plan.reasons(4) == ["last (2 of 3)"])
        #expect(plan.reasons(11) == ["newest, partial", "last (1 of 3)"])
    }

    @Test func `the newest complete one stays, and a partial one that is newer`() {
        let start = utc(2026, 1, 1)
        let old = [RetentionCandidate(0, at: start), RetentionCandidate(1, at: start + 1), RetentionCandidate(2, at: start + 2, complete: false)]
        let rules = RetentionRules(within: day)
        #expect(RetentionPlan(old, rules, now: start + 90 * day).dropped == [RetentionCandidate.id(0)])
        let alone = [RetentionCandidate(7, at: start, complete: false)]
        #expect(RetentionPlan(alone, rules, now: start + 90 * day).dropped.isEmpty)
    }

    @Test func `within counts to the nanosecond, and never overflows`() {
        let start = utc(2026, 1, 1)
        let candidates = snapshots(at: [start, start + 1, start + hour])
        let rules = RetentionRules(within: day)
        #expect(RetentionPlan(candidates, rules, now: start + day - 1).dropped.isEmpty)
        #expect(RetentionPlan(candidates, rules, now: start + day).dropped == [RetentionCandidate.id(0)])
        #expect(RetentionPlan(candidates, rules, now: start + hour).decision(0).goes == Timestamp(start + day))
        #expect(RetentionPlan(candidates, RetentionRules(within: .max), now: start + 900 * day, coolOff: .max).dropped.isEmpty)
        #expect(RetentionPlan(candidates, RetentionRules(last: 1), now: start + 900 * day, coolOff: .max).dropped.isEmpty)
    }

    @Test func `each group is counted by itself, with its own rules`() {
        let start = utc(2026, 11, 1)
        let other = RetentionGroup(domain: .zero, source: RetentionCandidate.id(99))
        let candidates =
            (0..<4).map { RetentionCandidate($0, at: start + Int64($0)) } + (4..<8).map { RetentionCandidate($0, at: start + Int64($0), of: other) }
        let plan = RetentionPlan(candidates, now: Timestamp(start + day), coolOff: 0) { RetentionRules(last: $0 == other ? 3 : 1) }
        #expect(plan.dropped == [0, 1, 2, 4].map(RetentionCandidate.id))
    }

    @Test func `an id that is kept elsewhere is not dropped`() {
        let start = utc(2026, 11, 1)
        let other = RetentionGroup(domain: RetentionCandidate.id(98), source: .zero)
        let candidates = [RetentionCandidate(0, at: start), RetentionCandidate(1, at: start + 1), RetentionCandidate(0, at: start, of: other)]
        let plan = RetentionPlan(candidates, RetentionRules(last: 1), now: start + day)
        #expect(plan.dropped.isEmpty)
        #expect(plan.reasons(0) == ["another snapshot of this id is kept"])
    }

    @Test func `a time in the future is now`() {
        inZone("UTC") {
            let now = utc(2026, 11, 26, 12)
            let candidates = [
                RetentionCandidate(0, at: now - hour), RetentionCandidate(1, at: now + 400 * day, seen: now), RetentionCandidate(2, at: now - 600),
            ]
            let plan = RetentionPlan(candidates, RetentionRules(last: 1, daily: 2), now: now)
            #expect(plan.reasons(0) == ["daily 2026-11-26 (1 of 2)"])
            #expect(plan.reasons(1) == ["newest complete one", "last (1 of 1)"])
            #expect(plan.dropped == [RetentionCandidate.id(2)])
        }
    }

    @Test func `what is protected stays, and says every reason`() {
        inZone("UTC") {
            let start = utc(2026, 11, 1)
            let now = start + 20 * day
            let protections: [RetentionProtection] = [
                .hold(id: RetentionCandidate.id(0xAB << 56), reason: "affaire 12\u{1B}[2J"), .anomaly(7), .locked(until: Timestamp(now + day)),
                .locked(until: Timestamp(now)), .replication(lacking: ["gra", "coffre"]), .lastGoodRestore,
            ]
            let candidates = [
                RetentionCandidate(0, at: start, protections), RetentionCandidate(1, at: start + 1), RetentionCandidate(2, at: start + 2),
            ]
            let plan = RetentionPlan(candidates, RetentionRules(last: 1), now: now)
            #expect(plan.dropped == [RetentionCandidate.id(1)])
            #expect(
                plan.reasons(0) == [
                    "hold ab000000: affaire 12\\x1b[2J", "anomaly 7 is open", "locked until 2026-11-22 00:00:00 +0000", "not yet at gra, coffre",
                    "last one that passed a restore test",
                ])
            #expect(plan.decision(0).goes == nil)
        }
    }

    @Test func `only a lock has an end that can be told`() {
        let start = utc(2026, 11, 1)
        let until = start + 30 * day
        let candidates = [RetentionCandidate(0, at: start, [.locked(until: Timestamp(until))]), RetentionCandidate(1, at: start + 1)]
        let rules = RetentionRules(last: 1)
        #expect(RetentionPlan(candidates, rules, now: start + day).decision(0).goes == Timestamp(until))
        #expect(RetentionPlan(candidates, rules, now: until - 1).dropped.isEmpty)
        #expect(RetentionPlan(candidates, rules, now: until).dropped == [RetentionCandidate.id(0)])
    }

    @Test func `ten thousand snapshots are planned in well under a second`() {
        inZone("Europe/Paris") {
            let start = utc(2025, 9, 1)
            let candidates = (0..<10_000).map { RetentionCandidate($0, at: start + Int64($0) * hour, complete: $0 % 7 != 0) }
            let usual = RetentionRules(last: 3, hourly: 48, daily: 14, weekly: 8, monthly: 12, yearly: 10)
            let large = RetentionRules(last: 9_000, hourly: 9_000, daily: 9_000, weekly: 9_000, monthly: 9_000, yearly: 9_000, within: 9_000 * day)
            for rules in [usual, large] {
                let time = ContinuousClock().measure { _ = RetentionPlan(candidates, rules, now: start + 10_000 * hour, coolOff: 3 * day) }
                #expect(time < .seconds(2))
            }
        }
    }
}
