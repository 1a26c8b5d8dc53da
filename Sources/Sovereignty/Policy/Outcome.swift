/// What policy says of a site for one tenant, from the best to the worst. Restores work under each of them.
package enum Outcome: String, Sendable, CaseIterable, Comparable {
    case allow
    /// Allowed, and somebody has to act before a day comes.
    case warn
    /// Not one new byte; what is there stays, and counts.
    case readOnly
    /// Not one new byte; what is there does not count, and has to leave.
    case deny

    package var mayWrite: Bool { self < .readOnly }
    package var copiesCount: Bool { self < .deny }

    package static func < (l: Outcome, r: Outcome) -> Bool { l.rank < r.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? Self.allCases.count }
}
