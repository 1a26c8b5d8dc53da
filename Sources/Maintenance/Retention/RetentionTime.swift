import Base

package enum RetentionTime {
    /// The time that counts for a snapshot whose node claims to have taken it at `claimed`.
    ///
    /// `lastLook`: the latest of all looks at that site that did not show it; nil where there was none, and then a claim may be as old as it likes.
    /// `firstSeen`: the look that did. Where the clock went back between the two, `lastLook` counts.
    package static func clamp(claimed: Timestamp, lastLook: Timestamp?, firstSeen: Timestamp) -> Timestamp {
        let latest = min(claimed, firstSeen)
        return lastLook.map { max($0, latest) } ?? latest
    }

    /// Nil is never.
    static func earlier(_ l: Timestamp?, _ r: Timestamp?) -> Timestamp? {
        guard let l, let r else { return l ?? r }
        return min(l, r)
    }
}

extension Timestamp {
    /// Stops at the ends of what can be said, rather than wrap around.
    func saturating(adding more: Int64) -> Timestamp {
        let (sum, overflow) = seconds.addingReportingOverflow(more)
        return Timestamp(seconds: overflow ? (more > 0 ? .max : .min) : sum, nanoseconds: nanoseconds)
    }
}
