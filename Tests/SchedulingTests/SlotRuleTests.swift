import Base
import Scheduling
import Testing

@Suite(.serialized) struct SlotRuleTests {
    private func rule(_ text: String) throws -> SlotRule { SlotRule(try #require(Schedule(text))) }

    @Test func `what was never done is due at once`() throws {
        let rule = try rule("daily at 02:00")
        let now = utc(2026, 11, 26, 12)
        #expect(rule.due(SlotRecord(), now: now) == rule.schedule.slot(atOrBefore: now))
        #expect(rule.next(SlotRecord(), now: now) == now)
    }

    @Test func `a week of missed runs is made up for once`() throws {
        let rule = try rule("every 1d")
        var record = SlotRecord()
        rule.settle(&record, slot: utc(2026, 11, 1))
        let now = utc(2026, 11, 8, 5)
        let slot = try #require(rule.due(record, now: now))
        #expect(slot == utc(2026, 11, 8))
        rule.settle(&record, slot: slot)
        #expect(rule.due(record, now: now + 60) == nil)
        #expect(rule.next(record, now: now + 60) == utc(2026, 11, 9))
    }

    @Test func `a slot is not run twice where the clock goes back over it`() throws {
        let rule = try rule("every 1h")
        var record = SlotRecord()
        let slot = utc(2026, 11, 26, 10)
        rule.settle(&record, slot: slot)
        for back in [1, 60, 1_800, 3_599] as [Int64] { #expect(rule.due(record, now: slot - back) == nil) }
        #expect(rule.due(record, now: slot + 3_600) == slot + 3_600)
    }

    @Test func `a clock that was years ahead when it was believed blocks nothing`() throws {
        let rule = try rule("every 1h")
        var record = SlotRecord()
        rule.settle(&record, slot: utc(2030, 1, 1))
        let now = utc(2026, 11, 26, 10, 30)
        #expect(rule.due(record, now: now) == nil)
        #expect(rule.next(record, now: now) == utc(2026, 11, 26, 11))
        #expect(rule.correct(&record, now: now))
        #expect(!rule.correct(&record, now: now))
        #expect(rule.due(record, now: now) == utc(2026, 11, 26, 10))
    }

    @Test func `after failures the same slot is tried again, ever more rarely, and a new slot does not wait longer`() throws {
        let rule = try rule("daily at 02:00")
        var record = SlotRecord()
        var now = utc(2026, 11, 26, 2)
        var waits: [Int64] = []
        for _ in 0..<6 {
            #expect(rule.due(record, now: now) != nil)
            rule.fail(&record, now: now)
            #expect(rule.due(record, now: now + 1) == nil)
            let next = rule.next(record, now: now + 1)
            waits.append(next - now)
            now = next
        }
        #expect(waits == [300, 600, 1_200, 2_400, 3_600, 3_600])
        // A clock put back by a year: the wait is not a year.
        #expect(rule.due(record, now: now - 366 * 86_400) != nil)
    }

    @Test func `offsets are the same each time, within their bound, and spread`() throws {
        let schedule = try #require(Schedule("every 6h"))
        let offsets = (0..<100).map { SlotRule(schedule, name: "backup:chu/source-\($0)").offset }
        #expect(offsets == (0..<100).map { SlotRule(schedule, name: "backup:chu/source-\($0)").offset })
        #expect(offsets.allSatisfy { (0...600).contains($0) })
        #expect(Set(offsets).count > 50)
        #expect(SlotRule(try #require(Schedule("every 5s")), name: "a").offset == 0)
    }

    /// Weeks of a random clock: forward jumps, small steps back, long pauses.
    @Test(arguments: 0..<40) func `no slot runs twice and none is passed over while the clock is right`(_ seed: Int) throws {
        var generator = SplitMix(state: UInt64(seed))
        let rule = SlotRule(try #require(Schedule(["every 1h", "daily at 02:00", "every 10m"][seed % 3])), offset: Int64(seed * 7 % 60))
        var record = SlotRecord()
        var now = utc(2026, 1, 1)
        var ran: [Int64] = []
        var jumped = false
        for _ in 0..<3_000 {
            switch Int.random(in: 0..<200, using: &generator) {
            case 0:
                now += Int64.random(in: 0..<5 * 86_400, using: &generator)
                jumped = true
            case 1: now -= Int64.random(in: 0..<rule.schedule.period, using: &generator)
            default: now += 30
            }
            guard let slot = rule.due(record, now: now) else { continue }
            #expect(!ran.contains(slot))
            if let last = ran.last {
                #expect(slot > last)
                if !jumped { #expect(slot == rule.schedule.slot(after: last)) }
            }
            jumped = false
            ran.append(slot)
            rule.settle(&record, slot: slot)
        }
        #expect(ran.count > 5)
    }
}

/// Steele, Lea and Flood's generator: small, and the same everywhere.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
