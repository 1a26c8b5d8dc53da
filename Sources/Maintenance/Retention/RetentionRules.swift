import Base

/// How much of a source's history is kept. A rule that is nil or not above zero is absent; what one rule keeps is kept.
package struct RetentionRules: Sendable, Hashable {
    /// Snapshots.
    package var last: Int?
    /// These five: periods, as `RetentionPeriod` cuts them.
    package var hourly: Int?
    package var daily: Int?
    package var weekly: Int?
    package var monthly: Int?
    package var yearly: Int?
    /// Seconds.
    package var within: Int64?

    package init(
        last: Int? = nil, hourly: Int? = nil, daily: Int? = nil, weekly: Int? = nil, monthly: Int? = nil, yearly: Int? = nil, within: Int64? = nil
    ) {
        self.last = last
        self.hourly = hourly
        self.daily = daily
        self.weekly = weekly
        self.monthly = monthly
        self.yearly = yearly
        self.within = within
    }

    /// No rule at all: everything is kept.
    package var isEmpty: Bool { ([last, hourly, daily, weekly, monthly, yearly].allSatisfy { ($0 ?? 0) <= 0 }) && (within ?? 0) <= 0 }

    func count(_ unit: RetentionPeriod.Unit) -> Int {
        let count =
            switch unit {
            case .hourly: hourly
            case .daily: daily
            case .weekly: weekly
            case .monthly: monthly
            case .yearly: yearly
            }
        return max(0, count ?? 0)
    }
}
