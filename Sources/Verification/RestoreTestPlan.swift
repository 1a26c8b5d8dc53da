import Base
import Repository
import Restore

/// How much of a snapshot one restore test restores.
package enum RestoreTestShare: Sendable, Equatable {
    case whole
    /// Of the snapshot's bytes; more than 0, at most 100.
    case percent(Double)

    /// `whole`, or `N%`; nil for anything else.
    package init?(_ text: String) {
        if text == "whole" {
            self = .whole
            return
        }
        guard text.hasSuffix("%"), let percent = Double(text.dropLast()), percent > 0, percent <= 100 else { return nil }
        self = percent == 100 ? .whole : .percent(percent)
    }

    package var text: String {
        switch self {
        case .whole: "whole"
        case .percent(let percent): (percent == percent.rounded() ? "\(Int(percent))" : "\(percent)") + "%"
        }
    }

    /// Tests that one round takes at most.
    package var steps: UInt32 {
        switch self {
        case .whole: 1
        case .percent(let percent): UInt32(min(max((100 / percent).rounded(.up), 1), 1e9))
        }
    }
}

/// A round of tests of shares that together reach everything: where it is.
package struct RestoreTestRound: Sendable, Equatable {
    /// Where the next test begins; empty at the beginning of a round.
    package var key: [UInt8] = []
    /// Tests done, and in how many it is to end.
    package var step: UInt32 = 0
    package var steps: UInt32 = 0
    package var hasFailed = false

    package init() {}

    package var isNew: Bool { step == 0 }
}

/// What one restore test is to restore. Pure: the same question has the same answer.
///
/// The bound: a round begun with the share *s* ends after at most ⌈1/s⌉ tests, however the snapshots between them grow or
/// change, since each test takes at least its equal part of what is left, and the last all of it. Ranges of one round follow
/// each other key by key: an entry that is in every one of its snapshots is in exactly one of them. Only `limit` can make a
/// round longer: where what is left outgrows it.
package struct RestoreTestPlan: Sendable, Equatable {
    /// Nil for everything at once, which is no part of a round.
    package let range: RestoreRange?
    /// The round as it is before this test.
    package let round: RestoreTestRound

    /// `total`: bytes of the snapshot's files; `before`: those before `round.key`; `limit`: bytes that a test may restore, nil
    /// for as many as there are.
    package init(share: RestoreTestShare, limit: UInt64?, total: UInt64, before: UInt64, round: RestoreTestRound) {
        var share = share
        if let limit, total > max(1, limit) {
            let percent = Double(max(1, limit)) / Double(total) * 100
            if case .percent(let wanted) = share { share = .percent(min(wanted, percent)) } else { share = .percent(percent) }
        }
        guard case .percent(let percent) = share, total > 0 else {
            range = nil
            self.round = RestoreTestRound()
            return
        }
        var round = round
        if round.isNew { round.steps = share.steps }
        let rest = total > before ? total - before : 0
        let testsLeft = UInt64(round.steps > round.step ? round.steps - round.step : 1)
        let equal = Double(total) / 100 * percent
        var budget = max(1, UInt64(min(equal.rounded(.up), 9e18)), rest / testsLeft + (rest % testsLeft == 0 ? 0 : 1))
        if let limit { budget = min(budget, max(1, limit)) }
        // To the very end, and not only to the last byte: empty files have none.
        range = RestoreRange(from: round.key, budget: rest <= budget ? nil : budget)
        self.round = round
    }

    /// The round after a test that ended before the key `next` (nil: at the end).
    package func after(next: [UInt8]?, failed: Bool) -> RestoreTestRound {
        guard let next else { return RestoreTestRound() }
        var after = round
        after.key = next
        after.step += 1
        after.hasFailed = round.hasFailed || failed
        return after
    }

    /// Whether such a test completes a round without a failure.
    package func isComplete(next: [UInt8]?, failed: Bool) -> Bool { next == nil && !failed && !round.hasFailed }
}
