import Base

/// What one rule says of one snapshot.
struct RetentionClaim {
    /// Nil where the rule does not keep it.
    let reason: RetentionReason?
    /// The earliest moment from which the rule lets it go, cool-off included; nil where that cannot be said. Always there without a reason.
    let goes: Timestamp?

    static func standing(_ reason: RetentionReason, goes: Timestamp?) -> RetentionClaim { RetentionClaim(reason: reason, goes: goes) }
    static func over(_ goes: Timestamp) -> RetentionClaim { RetentionClaim(reason: nil, goes: goes) }
}

/// When the first `limit` of a set had arrived, whatever the order in which they are added.
struct EarliestArrivals {
    let limit: Int
    private(set) var count = 0
    /// Ascending, `limit` at most.
    private var arrivals: [Timestamp] = []

    init(_ limit: Int) { self.limit = limit }

    var first: Timestamp? { arrivals.first }
    /// When there were `limit`; nil while there are fewer.
    var full: Timestamp? { arrivals.count == limit ? arrivals.last : nil }

    mutating func add(_ arrival: Timestamp) {
        count += 1
        var (low, high) = (0, arrivals.count)
        while low < high {
            let middle = (low + high) / 2
            if arrivals[middle] < arrival { low = middle + 1 } else { high = middle }
        }
        guard low < limit else { return }
        if arrivals.count == limit { arrivals.removeLast() }
        arrivals.insert(arrival, at: low)
    }
}
