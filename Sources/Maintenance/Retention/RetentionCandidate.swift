import Base

/// Whose history it is: retention counts each source of each domain by itself.
package struct RetentionGroup: Sendable, Hashable {
    package let domain: ShortID
    package let source: ShortID

    package init(domain: ShortID, source: ShortID) {
        self.domain = domain
        self.source = source
    }
}

/// Why a snapshot stays whatever the rules say: found out by the caller.
package enum RetentionProtection: Sendable, Hashable {
    /// A legal hold. `reason`: as the person wrote it.
    case hold(id: ShortID, reason: String)
    /// An open anomaly names it: until `anomaly release`.
    case anomaly(Int64)
    /// A site's lock. No protection any more from `until` on.
    case locked(until: Timestamp)
    /// Names of the sites that should have it and do not.
    case replication(lacking: [String])
    /// No younger snapshot of the source has passed a restore test.
    case lastGoodRestore
}

/// A snapshot that retention decides about.
package struct RetentionCandidate: Sendable, Equatable {
    package let id: ShortID
    package let group: RetentionGroup
    /// When it was taken, as far as maintenance can know: what `RetentionTime.clamp` gives.
    package let time: Timestamp
    /// When maintenance first saw it, at any site, by its own clock.
    package let firstSeen: Timestamp
    /// When it was committed, as its node says: puts in order what `time` cannot tell apart, and nothing else.
    package let claimed: Timestamp
    package let isComplete: Bool
    package let protections: [RetentionProtection]

    package init(
        id: ShortID, group: RetentionGroup, time: Timestamp, firstSeen: Timestamp, claimed: Timestamp? = nil, isComplete: Bool,
        protections: [RetentionProtection] = []
    ) {
        self.id = id
        self.group = group
        self.time = time
        self.firstSeen = firstSeen
        self.claimed = claimed ?? time
        self.isComplete = isComplete
        self.protections = protections
    }
}
