import Base
import Maintenance
import Scheduling
import Testing

@Suite(.serialized) struct RetentionCoolOffTests {
    @Test func `a claimed time is believed between the last look that did not show it and the first that did`() {
        func clamp(_ claimed: Int64, _ lastLook: Int64?, _ firstSeen: Int64) -> Int64 {
            RetentionTime.clamp(claimed: Timestamp(claimed), lastLook: lastLook.map { Timestamp($0) }, firstSeen: Timestamp(firstSeen)).seconds
        }
        #expect(clamp(150, 100, 200) == 150)
        #expect(clamp(99, 100, 200) == 100)
        #expect(clamp(201, 100, 200) == 200)
        #expect(clamp(.min, nil, 200) == .min)
        #expect(clamp(.max, nil, 200) == 200)
        // The clock of maintenance went back: the order in which it saw them holds.
        #expect(clamp(150, 200, 100) == 200)
    }

    @Test func `one that was pushed out waits from the arrival of the one that did it`() {
        inZone("UTC") {
            let start = utc(2026, 11, 1, 12)
            let candidates = snapshots(at: [start, start + day, start + 2 * day])
            let rules = RetentionRules(daily: 2)
            let arrival = start + 2 * day + 300
            let plan = RetentionPlan(candidates, rules, now: arrival + 3 * day - 1, coolOff: 3 * day)
            #expect(plan.reasons(0) == ["waits until 2026-11-06 12:05:00 +0000 (cool-off)"])
            #expect(plan.decision(0).goes == Timestamp(arrival + 3 * day))
            #expect(RetentionPlan(candidates, rules, now: arrival + 3 * day, coolOff: 3 * day).dropped == [RetentionCandidate.id(0)])
        }
    }

    @Test func `nothing goes before it has been there for the cool-off`() {
        inZone("UTC") {
            let noon = utc(2026, 11, 1, 12)
            // Taken long ago, found today: a site came back.
            let candidates = snapshots(at: [noon, noon + day]) + [RetentionCandidate(2, at: noon + hour, seen: noon + 10 * day)]
            let rules = RetentionRules(daily: 9)
            #expect(
                RetentionPlan(candidates, rules, now: noon + 12 * day, coolOff: 3 * day).reasons(2) == [
                    "waits until 2026-11-14 12:00:00 +0000 (cool-off)"
                ])
            #expect(RetentionPlan(candidates, rules, now: noon + 13 * day, coolOff: 3 * day).dropped == [RetentionCandidate.id(2)])
        }
    }

    @Test func `the last rule to let go counts`() {
        inZone("UTC") {
            let start = utc(2026, 11, 1, 12)
            // The day ends its claim with the third one, last with the fifth, an hour later.
            let candidates = snapshots(at: [start, start + day, start + 2 * day, start + 2 * day + 1_800, start + 2 * day + hour])
            let plan = RetentionPlan(candidates, RetentionRules(last: 4, daily: 2), now: start + 3 * day, coolOff: 2 * day)
            #expect(plan.decision(0).goes == Timestamp(start + 2 * day + hour + 300 + 2 * day))
        }
    }

    @Test func `what time alone ends does not wait`() {
        let start = utc(2026, 11, 1, 12)
        let candidates = snapshots(at: [start, start + hour])
        let rules = RetentionRules(within: 10 * day)
        #expect(RetentionPlan(candidates, rules, now: start + 10 * day - 1, coolOff: 3 * day).dropped.isEmpty)
        #expect(RetentionPlan(candidates, rules, now: start + 10 * day, coolOff: 3 * day).dropped == [RetentionCandidate.id(0)])
    }

    @Test func `when one goes is told from the periods to come`() {
        inZone("Europe/Paris") {
            let candidates = snapshots(at: [local(2026, 10, 20, 2), local(2026, 10, 21, 2), local(2026, 10, 22, 2)])
            let now = local(2026, 10, 22, 12)
            func goes(_ rules: RetentionRules, _ number: Int = 0) -> String? {
                RetentionPlan(candidates, rules, now: now, coolOff: day).decision(number).goes?.screenText
            }
            // Two newer days exist: the third, fourth, … are still to come. On the 25th the clock changes.
            #expect(goes(RetentionRules(daily: 3)) == "2026-10-24 00:00:00 +0200")
            #expect(goes(RetentionRules(daily: 5)) == "2026-10-25 23:00:00 +0100")
            #expect(goes(RetentionRules(daily: 5), 2) == "2026-10-28 00:00:00 +0100")
            #expect(goes(RetentionRules(weekly: 2)) == "2026-11-03 00:00:00 +0100")
            #expect(goes(RetentionRules(monthly: 1)) == "2026-11-02 00:00:00 +0100")
            #expect(goes(RetentionRules(yearly: 2)) == "2028-01-02 00:00:00 +0100")
            #expect(goes(RetentionRules(daily: 3, yearly: 1)) == "2027-01-02 00:00:00 +0100")
            #expect(goes(RetentionRules(hourly: 4)) == "2026-10-23 13:00:00 +0200")
            #expect(goes(RetentionRules(last: 3, daily: 3)) == "2026-10-24 00:00:00 +0200")
            #expect(goes(RetentionRules(last: 3)) == nil)
            #expect(goes(RetentionRules(daily: 2_000_000)) == nil)
            #expect(goes(RetentionRules(within: 10 * day)) == "2026-10-30 01:00:00 +0100")
        }
    }

    @Test func `a present period that has no snapshot yet may get one now`() {
        inZone("UTC") {
            let candidates = snapshots(at: [utc(2026, 11, 1, 12), utc(2026, 11, 2, 12)])
            let now = utc(2026, 11, 3, 8)
            #expect(RetentionPlan(candidates, RetentionRules(daily: 2), now: now, coolOff: day).decision(0).goes == Timestamp(now + day))
            let partial = [RetentionCandidate(0, at: utc(2026, 11, 3, 7), complete: false)]
            #expect(RetentionPlan(partial, RetentionRules(daily: 9), now: now, coolOff: day).decision(0).goes == Timestamp(now + day))
        }
    }
}
