import Base
import Glibc
import Maintenance
import Scheduling
import TestSupport

let retentionZones = ["Europe/Paris", "UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]
let hour: Int64 = 3_600
let day: Int64 = 86_400

/// Runs `body` with the process in that time zone, and puts back the one before.
func inZone<T>(_ name: String, _ body: () throws -> T) rethrows -> T {
    let before = getenv("TZ").map { String(cString: $0) }
    setenv("TZ", name, 1)
    tzset()
    defer {
        if let before { setenv("TZ", before, 1) } else { unsetenv("TZ") }
        tzset()
    }
    return try body()
}

/// Seconds since 1970 of a moment in UTC.
func utc(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0) -> Int64 {
    Int64(CalendarDay(year: year, month: month, day: day).number) * 86_400 + Int64(hour * 3_600 + minute * 60)
}

/// Seconds since 1970 of a moment in the zone of this process.
func local(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0) -> Int64 {
    CalendarDay(year: year, month: month, day: day).moment(minute: hour * 60 + minute)
}

extension Timestamp {
    init(_ seconds: Int64) { self.init(seconds: seconds) }
}

extension RetentionCandidate {
    static let group = RetentionGroup(domain: .zero, source: .zero)

    /// `seen`: five minutes after `time` where nothing is given.
    init(
        _ number: Int, at time: Int64, seen: Int64? = nil, complete: Bool = true, _ protections: [RetentionProtection] = [],
        of group: RetentionGroup = group
    ) {
        self.init(
            id: Self.id(UInt64(number)), group: group, time: Timestamp(time), firstSeen: Timestamp(seen ?? time + 300), isComplete: complete,
            protections: protections)
    }

    static func id(_ number: UInt64) -> ShortID { ShortID(Digest(a: number, b: 0, c: 0, d: 0)) }
}

/// One complete snapshot at each of these times, numbered from 0.
func snapshots(at times: [Int64]) -> [RetentionCandidate] { times.enumerated().map { RetentionCandidate($0.offset, at: $0.element) } }

extension RetentionPlan {
    init(_ candidates: [RetentionCandidate], _ rules: RetentionRules, now: Int64, coolOff: Int64 = 0) {
        self.init(candidates, now: Timestamp(now), coolOff: coolOff) { _ in rules }
    }

    var kept: Set<ShortID> { Set(decisions.lazy.filter(\.isKept).map(\.id)) }

    func decision(_ number: Int) -> RetentionDecision { decisions.first { $0.id == RetentionCandidate.id(UInt64(number)) }! }

    /// As people read them.
    func reasons(_ number: Int) -> [String] {
        guard case .kept(let reasons) = decision(number).verdict else { return [] }
        return reasons.map { $0.message.english }
    }
}

extension [RetentionCandidate] {
    /// Those that a plan leaves.
    func after(_ rules: RetentionRules, now: Int64, coolOff: Int64 = 0) -> [RetentionCandidate] {
        let kept = RetentionPlan(self, rules, now: now, coolOff: coolOff).kept
        return filter { kept.contains($0.id) }
    }

    /// Those that maintenance had seen by then.
    func seen(by time: Int64) -> [RetentionCandidate] { filter { $0.firstSeen <= Timestamp(time) } }
}

/// The history of a source as maintenance sees it: it looks every few hours, and dates what is new by what the node claims.
struct RandomHistory {
    var random: SeededGenerator
    private var number = 0

    init(_ seed: Int) { random = SeededGenerator(UInt64(seed)) }

    /// Shortly before the clocks change, a leap day, the end of a year, or the day that Apia never had.
    mutating func start() -> Int64 {
        random.pick([
            utc(2026, 3, 24), utc(2026, 10, 20), utc(2026, 10, 28), utc(2028, 2, 24), utc(2026, 12, 22), utc(2024, 12, 24), utc(2011, 12, 24),
        ]) + Int64(random.below(Int(day)))
    }

    /// `most`: snapshots that one look finds.
    mutating func snapshots(from start: Int64, days: Int, most: Int = 3, partial oneIn: Int = 4) -> [RetentionCandidate] {
        var candidates: [RetentionCandidate] = []
        var (lastLook, time) = (start, start)
        while time < start + Int64(days) * day {
            time += Int64(1 + random.below(random.chance(10) ? 90 : 9)) * 1_800
            for _ in 0..<random.below(most + 1) { candidates.append(snapshot(lastLook, time, complete: !random.chance(oneIn))) }
            lastLook = time
        }
        return candidates
    }

    /// One that the look at `firstSeen` found. Clocks are right, wrong by years, or show the same second.
    mutating func snapshot(_ lastLook: Int64, _ firstSeen: Int64, complete: Bool) -> RetentionCandidate {
        let claimed =
            switch random.below(8) {
            case 0: lastLook - Int64(random.below(900)) * day
            case 1: firstSeen + Int64(random.below(900)) * day
            case 2: lastLook + 1
            default: Int64.random(in: lastLook...firstSeen, using: &random)
            }
        let time = RetentionTime.clamp(claimed: Timestamp(claimed), lastLook: Timestamp(lastLook), firstSeen: Timestamp(firstSeen))
        return RetentionCandidate(id: nextID(), group: RetentionCandidate.group, time: time, firstSeen: Timestamp(firstSeen), isComplete: complete)
    }

    /// Ids say nothing about the order.
    mutating func nextID() -> ShortID { random.id() }

    /// Times that no honest maintenance would give: any, in any order.
    mutating func lawless(from start: Int64, days: Int, count: Int) -> [RetentionCandidate] {
        (0..<count).map { _ in
            let span = Int(day) * days
            let (time, seen) = (start + Int64(random.below(span) / 1_800 * 1_800), start + Int64(random.below(span) / 1_800 * 1_800))
            return RetentionCandidate(
                id: nextID(), group: RetentionCandidate.group, time: Timestamp(time), firstSeen: Timestamp(seen), isComplete: !random.chance(3))
        }
    }

    mutating func rules() -> RetentionRules {
        func count(_ limit: Int) -> Int? { random.chance(2) ? nil : random.below(limit) }
        var rules = RetentionRules(last: count(5), hourly: count(30), daily: count(9), weekly: count(5), monthly: count(4), yearly: count(3))
        if random.chance(3) { rules.within = Int64(random.below(10)) * day }
        if rules.isEmpty { rules.daily = 3 }
        return rules
    }

    mutating func coolOff() -> Int64 { random.pick([0, hour, day, 3 * day]) }
}
