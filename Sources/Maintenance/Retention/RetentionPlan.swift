import Base

/// What becomes of one snapshot.
package struct RetentionDecision: Sendable, Equatable {
    package enum Verdict: Sendable, Equatable {
        /// Every reason that there is, at least one.
        case kept(by: [RetentionReason])
        /// No rule keeps it, and none did for the length of the cool-off.
        case dropped
    }

    package let id: ShortID
    package let group: RetentionGroup
    package let verdict: Verdict
    /// The earliest moment from which a plan may drop it, if every period to come has a complete snapshot. Nil where that cannot be said: what
    /// only `last` or being the newest keeps goes when as many newer complete ones exist, a hold when a person releases it. Nil for
    /// what is dropped.
    package let goes: Timestamp?

    package var isKept: Bool { verdict != .dropped }
}

/// What retention keeps and drops, and why. Pure: the same candidates, in any order, have the same plan.
///
/// It is counted in the time zone of this process (tzset(3)). The plan for one group does not depend on the others, but for a snapshot's id that two
/// of them have: it is dropped only where both drop it.
package struct RetentionPlan: Sendable, Equatable {
    /// Three days, in seconds.
    package static let defaultCoolOff: Int64 = 3 * 86_400

    /// In the order of the candidates.
    package let decisions: [RetentionDecision]

    /// `coolOff`: seconds that a snapshot stays after the arrival that made the last rule drop it, and after its own. `rules`: asked once for each group.
    package init(
        _ candidates: [RetentionCandidate], now: Timestamp, coolOff: Int64 = defaultCoolOff, rules: (RetentionGroup) -> RetentionRules
    ) {
        var members: [RetentionGroup: [Int]] = [:]
        for (index, candidate) in candidates.enumerated() { members[candidate.group, default: []].append(index) }
        var decisions = [RetentionDecision?](repeating: nil, count: candidates.count)
        for (group, indices) in members {
            let rules = rules(group)
            guard !rules.isEmpty else {
                for index in indices { decisions[index] = Self.keepAll(candidates[index], now) }
                continue
            }
            let history = RetentionHistory(candidates, indices, now: now, coolOff: max(0, coolOff))
            let claims = history.claims(rules)
            for (place, item) in history.items.enumerated() {
                decisions[item.index] = Self.decide(candidates[item.index], claims.map { $0[place] }, history)
            }
        }
        self.decisions = Self.sparingSameIDs(decisions.compactMap { $0 })
    }

    /// Ids of what goes, in the order of the candidates.
    package var dropped: [ShortID] { decisions.filter { !$0.isKept }.map(\.id) }

    private static func keepAll(_ candidate: RetentionCandidate, _ now: Timestamp) -> RetentionDecision {
        let protections = protections(candidate, now).map(RetentionReason.protection)
        return RetentionDecision(id: candidate.id, group: candidate.group, verdict: .kept(by: [.noRule] + protections), goes: nil)
    }

    private static func decide(_ candidate: RetentionCandidate, _ claims: [RetentionClaim], _ history: RetentionHistory) -> RetentionDecision {
        var reasons = claims.compactMap(\.reason)
        let ends = claims.compactMap(\.goes)
        let isForeseeable = reasons.isEmpty || claims.contains { $0.reason != nil && $0.goes != nil }
        var goes = ends.reduce(history.cooledOff(candidate.firstSeen), max)
        if reasons.isEmpty, goes > history.now { reasons = [.coolOff(until: goes)] }

        let protections = protections(candidate, history.now)
        reasons += protections.map(RetentionReason.protection)
        guard !reasons.isEmpty else { return RetentionDecision(id: candidate.id, group: candidate.group, verdict: .dropped, goes: nil) }
        var isOpen = !isForeseeable
        for protection in protections {
            if case .locked(let until) = protection { goes = max(goes, until) } else { isOpen = true }
        }
        return RetentionDecision(id: candidate.id, group: candidate.group, verdict: .kept(by: reasons), goes: isOpen ? nil : goes)
    }

    private static func protections(_ candidate: RetentionCandidate, _ now: Timestamp) -> [RetentionProtection] {
        candidate.protections.filter { protection in
            if case .locked(let until) = protection { until > now } else { true }
        }
    }

    /// A node chooses the ids of its snapshots: one that takes another's must not take it along when it goes.
    private static func sparingSameIDs(_ decisions: [RetentionDecision]) -> [RetentionDecision] {
        let kept = Set(decisions.lazy.filter(\.isKept).map(\.id))
        return decisions.map { decision in
            guard !decision.isKept, kept.contains(decision.id) else { return decision }
            return RetentionDecision(id: decision.id, group: decision.group, verdict: .kept(by: [.sameID]), goes: nil)
        }
    }
}
