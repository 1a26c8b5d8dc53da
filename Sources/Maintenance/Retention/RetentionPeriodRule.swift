import Base

/// One snapshot for each of the newest periods of a history.
///
/// It is the complete one that arrived first, so that nothing later can take its place. A complete one goes when `count` newer periods
/// have a complete one; a partial one when its own period has, or when `count` newer periods have any: a run of partial ones pushes out no
/// complete one, and does not pile up.
struct RetentionPeriodRule {
    private struct Standing {
        /// Its place in the history's items.
        let item: Int
        let arrival: Timestamp
    }

    private struct Period {
        var complete: Standing?
        var partial: Standing?
        /// Newer periods that have a complete snapshot, and since when there are `count` of them.
        var newerComplete = 0
        var completeEnd: Timestamp?
        /// Newer periods that have any snapshot, and since when there are `count` of them.
        var newer = 0
        var partialEnd: Timestamp?

        var arrival: Timestamp? { RetentionTime.earlier(complete?.arrival, partial?.arrival) }

        func standing(isComplete: Bool) -> Standing? { isComplete ? complete : partial }
    }

    private let history: RetentionHistory
    private let unit: RetentionPeriod.Unit
    private let count: Int
    /// The number of the period of each item.
    private let numbers: [Int]
    private let present: RetentionPeriod
    private var periods: [Int: Period] = [:]

    init(_ history: RetentionHistory, _ unit: RetentionPeriod.Unit, _ count: Int) {
        self.history = history
        self.unit = unit
        self.count = count
        numbers = history.items.map { RetentionPeriod(unit, of: $0.local).number }
        present = RetentionPeriod(unit, of: history.now)
        gather()
        rank()
    }

    private mutating func gather() {
        for (index, item) in history.items.enumerated() {
            var period = periods[numbers[index], default: Period()]
            // Items come oldest first: of those that arrived together the oldest stands.
            if let standing = period.standing(isComplete: item.isComplete), standing.arrival <= item.firstSeen { continue }
            let standing = Standing(item: index, arrival: item.firstSeen)
            if item.isComplete { period.complete = standing } else { period.partial = standing }
            periods[numbers[index]] = period
        }
    }

    private mutating func rank() {
        var (complete, any) = (EarliestArrivals(count), EarliestArrivals(count))
        for (number, content) in periods.sorted(by: { $0.key > $1.key }) {
            var period = content
            (period.newerComplete, period.completeEnd) = (complete.count, complete.full)
            (period.newer, period.partialEnd) = (any.count, any.full)
            periods[number] = period
            if let arrival = period.complete?.arrival { complete.add(arrival) }
            if let arrival = period.arrival { any.add(arrival) }
        }
    }

    func claims() -> [RetentionClaim] {
        history.items.indices.map { index in
            guard let period = periods[numbers[index]] else { preconditionFailure("every item was gathered") }
            if let end = end(index, period) { return .over(history.cooledOff(end)) }
            let isComplete = history.items[index].isComplete
            let place = (isComplete ? period.newerComplete : period.newer) + 1
            let name = RetentionPeriod(unit, number: numbers[index])
            return .standing(.period(name, place: place, of: count), goes: goes(name, place, isComplete).map(history.cooledOff))
        }
    }

    /// The arrival that ended the claim on an item; nil while it stands.
    private func end(_ index: Int, _ period: Period) -> Timestamp? {
        let isComplete = history.items[index].isComplete
        let standing = period.standing(isComplete: isComplete)
        let displaced = standing?.item == index ? nil : standing?.arrival
        return RetentionTime.earlier(displaced, isComplete ? period.completeEnd : RetentionTime.earlier(period.complete?.arrival, period.partialEnd))
    }

    /// When the claim ends if the present period gets a complete snapshot now, where it has none, and each one to come as it begins.
    private func goes(_ period: RetentionPeriod, _ place: Int, _ isComplete: Bool) -> Timestamp? {
        if period == present, !isComplete { return history.now }
        let held = periods[present.number]
        let isFilled = (isComplete ? held?.complete?.arrival : held?.arrival) != nil
        let toCome = count - place + (period.number < present.number && !isFilled ? 0 : 1)
        // Farther away than anybody's plans.
        guard toCome <= 1_000_000 else { return nil }
        let last = max(period.number, present.number)
        return max(history.now, RetentionPeriod(unit, number: last).later(by: toCome).start)
    }
}
