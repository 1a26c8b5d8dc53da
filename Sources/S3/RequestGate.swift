import Base

/// How many requests are under way at once: as many as the store takes.
///
/// Found by trying, as TCP does (additive increase, multiplicative decrease): each answered request lets a
/// little more through, and a store that says it is busy or does not answer in time halves what is let through.
final class RequestGate: Sendable {
    private struct State {
        var limit: Double
        var active = 0
        /// Monotonic seconds of the last halving: one overload makes many requests fail at once.
        var halved = -1.0
    }

    private let state: Monitor<State>
    private let most: Double
    private static let pause = 1.0

    init(start: Int = 4, most: Int) {
        self.most = Double(most)
        state = Monitor(State(limit: Double(min(start, most))))
    }

    var limit: Int { state.look { Int($0.limit) } }

    /// Waits for room.
    func enter() { state.wait(until: { Double($0.active) < $0.limit.rounded(.down) }) { $0.active += 1 } }

    /// `isOverloaded`: the store refused for lack of room, or took too long.
    func leave(isOverloaded: Bool) {
        state.change { state in
            // Only a limit that is in use says something about the store.
            let isFull = Double(state.active) >= state.limit.rounded(.down)
            state.active -= 1
            if isOverloaded {
                let now = monotonicSeconds()
                guard now - state.halved > Self.pause else { return }
                state.halved = now
                state.limit = max(1, state.limit / 2)
            } else if isFull {
                state.limit = min(most, state.limit + 1 / state.limit)
            }
        }
    }
}
