import Base

/// The snapshots of one group as the rules see them.
///
/// What a rule keeps of a set has two properties, and all that is promised rests on them. (a) More snapshots only ever end its claim on
/// one. So the arrival that ended a claim is a moment, from which the cool-off runs, and nothing comes back that is gone. (b) What it does
/// not keep changes nothing in what it keeps. So forgetting step by step leaves what one look at the end would.
struct RetentionHistory {
    struct Item {
        /// Its place in what the caller gave.
        let index: Int
        let id: ShortID
        /// Never after `now`.
        let time: Timestamp
        let firstSeen: Timestamp
        let claimed: Timestamp
        let isComplete: Bool
        let local: LocalMoment
    }

    /// Oldest first. At the same time: as they arrived, then as their node says, then by id.
    let items: [Item]
    let now: Timestamp
    /// Seconds.
    let coolOff: Int64

    init(_ candidates: [RetentionCandidate], _ indices: [Int], now: Timestamp, coolOff: Int64) {
        self.now = now
        self.coolOff = coolOff
        let items = indices.map { index in
            let candidate = candidates[index]
            let time = min(candidate.time, now)
            return Item(
                index: index, id: candidate.id, time: time, firstSeen: candidate.firstSeen, claimed: candidate.claimed,
                isComplete: candidate.isComplete,
                local: LocalMoment(time))
        }
        self.items = items.sorted { ($0.time, $0.firstSeen, $0.claimed, $0.id) < ($1.time, $1.firstSeen, $1.claimed, $1.id) }
    }

    /// Of each rule that there is: what it says of each of `items`.
    func claims(_ rules: RetentionRules) -> [[RetentionClaim]] {
        var claims = [newest()]
        if let count = rules.last, count > 0 { claims.append(last(count)) }
        for unit in RetentionPeriod.Unit.allCases where rules.count(unit) > 0 {
            claims.append(RetentionPeriodRule(self, unit, rules.count(unit)).claims())
        }
        if let seconds = rules.within, seconds > 0 { claims.append(within(seconds)) }
        return claims
    }

    /// From when on one is let go that lost its claim by an arrival.
    func cooledOff(_ arrival: Timestamp) -> Timestamp { arrival.saturating(adding: coolOff) }

    // MARK: last, newest, within

    /// The newest complete one, and a partial one that is newer still.
    private func newest() -> [RetentionClaim] { ranked(1) { item, _ in item.isComplete ? .newestComplete : .newestPartial } }

    private func last(_ count: Int) -> [RetentionClaim] { ranked(count) { _, place in .last(place: place, of: count) } }

    /// The `count` newest complete ones; of partial ones newer than all these, as many. When they lose their place cannot be said:
    /// when so many newer complete ones exist.
    private func ranked(_ count: Int, _ reason: (Item, Int) -> RetentionReason) -> [RetentionClaim] {
        var (complete, partial) = (EarliestArrivals(count), EarliestArrivals(count))
        var claims: [RetentionClaim] = []
        claims.reserveCapacity(items.count)
        for item in items.reversed() {
            let end = item.isComplete ? complete.full : RetentionTime.earlier(complete.first, partial.full)
            let place = (item.isComplete ? complete.count : partial.count) + 1
            claims.append(end.map { .over(cooledOff($0)) } ?? .standing(reason(item, place), goes: nil))
            if item.isComplete { complete.add(item.firstSeen) } else { partial.add(item.firstSeen) }
        }
        return claims.reversed()
    }

    /// Time ends it and no arrival: there is no cool-off.
    private func within(_ seconds: Int64) -> [RetentionClaim] {
        items.map { item in
            let end = item.time.saturating(adding: seconds)
            return end > now ? .standing(.within(until: end), goes: end) : .over(end)
        }
    }
}
