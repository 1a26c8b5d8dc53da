/// How much of a site to read at each of its verifications, so that every pack is read again within the period.
///
/// A round through all packs takes four fifths of the period: at each time the share that the time since the last one
/// stands for is read, oldest first, and besides whatever would be too old at the next time. With verifications every *t* seconds
/// no pack is older than 0.8 · period + 2 *t* (`ReadingPlanTests`), as long as the budget lets through what the site grows by.
package struct ReadingPlan: Sendable, Equatable {
    /// Of all packs, 0 to 1.
    package let share: Double
    /// Packs that were read before this moment are read in any case. Seconds since 1970.
    package let before: Int64
    /// Bytes that may be read; nil for no limit.
    package let budget: Int64?

    package init(share: Double, before: Int64, budget: Int64?) {
        self.share = share
        self.before = before
        self.budget = budget
    }

    static let roundPart = 0.8

    /// `elapsed`: seconds since the last verification ended well; nil for the first. `interval`: to the next one. `rate`: bytes a second that
    /// verification may read at this site.
    package init(period: Int64, interval: Int64, elapsed: Int64?, now: Int64, rate: Int64? = nil) {
        let since = min(max(elapsed ?? interval, interval), period)
        share = min(1, Double(since) / (Double(period) * Self.roundPart))
        before = now - period + 2 * interval
        budget = rate.map { $0.multipliedReportingOverflow(by: since).overflow ? .max : $0 * since }
    }

    /// Bytes a second that a site of so many bytes needs.
    package static func rateNeeded(bytes: UInt64, period: Int64) -> Double { Double(bytes) / (Double(period) * roundPart) }

    /// How often to verify: thirty times a period, not more often than every ten seconds.
    package static func interval(period: Int64) -> Int64 { max(min(10, period), period / 30) }
}
