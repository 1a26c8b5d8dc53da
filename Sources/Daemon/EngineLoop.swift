import Base
import Operations

/// The daemon's one decision maker: a thread that owns the engine, wakes when something is due or somebody asks, and says
/// that it is alive when it has really turned.
package final class EngineLoop: Sendable {
    private struct State {
        var mail: [@Sendable (Engine) -> Void] = []
        var isOver = false
        /// Monotonic seconds of the last turn.
        var lastTurn = 0.0
        /// When runs are asked to end, and when they are left behind; nil while nothing is stopping.
        var stopRunsAt: Double?
        var giveUpAt: Double?
    }

    private let state = Monitor(State())
    private let clock: any DaemonClock
    private let notifier: Notifier
    private let channels: Monitor<[String]>
    private let courier: Courier?

    /// Seconds that a run gets to end when it is asked to.
    private static let endGrace = 10.0

    /// `courier`: is woken when there is something to tell.
    package init(clock: any DaemonClock, notifier: Notifier, courier: Courier?, channels: [String]) {
        self.clock = clock
        self.notifier = notifier
        self.courier = courier
        self.channels = Monitor(channels)
    }

    package func set(channels: [String]) { self.channels.look { $0 = channels } }

    /// Has the thread of the engine do something, soon.
    package func post(_ body: @escaping @Sendable (Engine) -> Void) { state.change { $0.mail.append(body) } }

    /// The same, and waits for its result. Throws `.refused` when the daemon has stopped.
    package func call<T: Sendable>(_ body: @escaping @Sendable (Engine) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let isTaken = state.change { state in
                guard !state.isOver else { return false }
                state.mail.append { engine in continuation.resume(with: Result { try body(engine) }) }
                return true
            }
            if !isTaken { continuation.resume(throwing: Failure(.refused, .daemonStopping)) }
        }
    }

    /// Starts nothing more, gives what runs so many seconds, then asks it to end: it is gone on with by the next run.
    package func stop(within seconds: Double) {
        let now = monotonicSeconds()
        notifier.stopping(within: seconds + Self.endGrace + 5)
        state.change { state in
            guard state.stopRunsAt == nil else { return }
            state.stopRunsAt = now + seconds
            state.giveUpAt = now + seconds + Self.endGrace
            state.mail.append { $0.stop() }
        }
    }

    /// Whether the loop has turned lately: false means that it hangs.
    package var isAlive: Bool { state.look { $0.isOver || monotonicSeconds() - $0.lastTurn < 180 } }

    /// Runs until `stop`, on this thread: the one that starts workers, which end with it. `make` makes the engine here.
    package func run(_ make: () throws -> Engine) throws {
        let engine = try make()
        if let watchdog = notifier.watchdog { engine.longestPause = max(1, min(engine.longestPause, Int64(watchdog / 3))) }
        var status = ""
        while true {
            let mail = state.look { state in
                defer { state.mail = [] }
                return state.mail
            }
            for body in mail { body(engine) }
            let pause = engine.turn()
            switch engine.announce(to: channels.look { $0 }) {
            case .nothing: break
            case .queued: courier?.wake()
            case .loose(let telling): courier?.tell(telling)
            }
            let now = monotonicSeconds()
            state.look { $0.lastTurn = now }
            notifier.alive()
            let line = engine.statusLine
            if line != status {
                notifier.status(line)
                status = line
            }
            var wait = Double(pause)
            let (stopRunsAt, giveUpAt) = state.look { ($0.stopRunsAt, $0.giveUpAt) }
            if let stopRunsAt, let giveUpAt {
                if engine.isIdle || now >= giveUpAt { break }
                if now >= stopRunsAt { engine.stopRuns() }
                wait = max(0.05, min(1, (now >= stopRunsAt ? giveUpAt : stopRunsAt) - now))
            }
            _ = state.wait(atMost: wait) { !$0.mail.isEmpty }
        }
        let late = state.change { state in
            state.isOver = true
            defer { state.mail = [] }
            return state.mail
        }
        for body in late { body(engine) }
    }
}

extension Engine {
    /// What the service manager shows.
    var statusLine: String {
        let critical = conditions().count { $0.level == .critical }
        let runs = running.values.map { "\($0.task)" }.sorted().joined(separator: ", ")
        return Message.statusLine(running: runs, alerts: critical).text(language)
    }
}
