import Base

/// Keeps a store that fails again and again from holding everybody up: after a few operations in a row that
/// failed with all their retries it is asked for nothing for a while, then by one operation at a time until one
/// succeeds.
final class CircuitBreaker: Sendable {
    private struct State {
        var failures = 0
        /// Monotonic seconds until which the circuit is open.
        var openUntil = -1.0
        var pause = CircuitBreaker.shortest
        var isTrying = false
    }

    private static let tolerated = 3
    private static let shortest = 2.0
    private static let longest = 60.0
    private let state = Monitor(State())

    /// Whether an operation may begin now.
    func mayTry() -> Bool {
        state.look { state in
            guard state.failures >= Self.tolerated else { return true }
            guard monotonicSeconds() >= state.openUntil, !state.isTrying else { return false }
            state.isTrying = true
            return true
        }
    }

    var isOpen: Bool { state.look { $0.failures >= Self.tolerated } }

    func note(success: Bool) {
        state.look { state in
            state.isTrying = false
            if success {
                state = State()
                return
            }
            state.failures += 1
            guard state.failures >= Self.tolerated else { return }
            state.openUntil = monotonicSeconds() + state.pause
            state.pause = min(Self.longest, state.pause * 2)
        }
    }
}

/// Retries cost, successes earn: when much fails, retrying must not multiply the load.
final class RetryBudget: Sendable {
    private static let capacity = 60.0
    private static let earned = 0.2
    private let left = Monitor(RetryBudget.capacity)

    /// Whether one more retry may be made.
    func spend() -> Bool {
        left.look { left in
            guard left >= 1 else { return false }
            left -= 1
            return true
        }
    }

    func earn() { left.look { $0 = min(Self.capacity, $0 + Self.earned) } }
}
