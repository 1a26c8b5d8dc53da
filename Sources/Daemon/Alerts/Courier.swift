import Base
import Logging
import Operations

/// A way to reach people.
package protocol AlertChannel: Sendable {
    /// Stable: messages that wait bear it.
    var name: String { get }
    /// Tells it, once. Throws when it did not arrive: it is tried again.
    func deliver(_ telling: Telling, language: Language) throws
}

/// Delivers what waits in the outbox: a thread of its own, so that a slow mail server holds up nothing.
///
/// Each message is tried until it arrives, after half a minute first, then twice as long each time up to an hour; for three days.
package final class Courier: Sendable {
    private struct State {
        var channels: [any AlertChannel]
        var isAwake = true
        var isOver = false
        /// What no outbox keeps: told once, by every channel.
        var loose: [Telling] = []
    }

    private let state: Monitor<State>
    private let history: HistoryStore
    private let clock: any DaemonClock
    private let language: Language
    private let log: Logger
    private let arrived = Monitor<Set<Int64>>([])
    private static let firstWait: Int64 = 30
    private static let longestWait: Int64 = 3_600
    private static let lifetime: Int64 = 3 * 86_400

    package init(_ channels: [any AlertChannel], history: HistoryStore, clock: any DaemonClock, language: Language, log: Logger) {
        state = Monitor(State(channels: channels))
        self.history = history
        self.clock = clock
        self.language = language
        self.log = log
    }

    package func set(channels: [any AlertChannel]) {
        state.change {
            $0.channels = channels
            $0.isAwake = true
        }
    }

    /// There may be something to deliver.
    package func wake() { state.change { $0.isAwake = true } }
    /// Tells something once, without the outbox: where the history cannot be written.
    package func tell(_ telling: Telling) {
        state.change {
            $0.loose.append(telling)
            $0.isAwake = true
        }
    }

    package func stop() { state.change { $0.isOver = true } }

    /// Delivers until `stop`; what is left then is delivered by the next life.
    package func run() {
        while !state.look({ $0.isOver }) {
            let (loose, channels) = state.look { state in
                state.isAwake = false
                defer { state.loose = [] }
                return (state.loose, state.channels)
            }
            for telling in loose { for channel in channels { tell(telling, channel) } }
            let next = deliverDue()
            let now = clock.now()
            _ = state.wait(atMost: Double(min(max(1, (next ?? now + 3_600) - now), 3_600))) { $0.isAwake || $0.isOver }
        }
    }

    private func tell(_ telling: Telling, _ channel: any AlertChannel) {
        do { try channel.deliver(telling, language: language) } catch {
            log.error(
                "an alert could not be delivered",
                metadata: ["channel": "\(channel.name)", "reason": "\(failures(of: error).first?.message.text(language) ?? "?")"])
        }
    }

    /// One try of everything that is due; returns when the next is.
    package func deliverDue() -> Int64? {
        do {
            // A channel that fails once is left alone until the next time: it must not hold up the others.
            var failing: Set<String> = []
            for message in try history.messages(due: clock.now()) where !failing.contains(message.channel) {
                if try !deliver(message) { failing.insert(message.channel) }
            }
            return try history.nextMessage()
        } catch {
            log.error("the outbox cannot be read", metadata: ["reason": "\(failures(of: error).first?.message.text(language) ?? "?")"])
            return clock.now() + 60
        }
    }

    /// Whether there is nothing left to do for it.
    private func deliver(_ message: KeptMessage) throws -> Bool {
        let now = clock.now()
        if arrived.look({ $0.contains(message.id) }) {
            try history.delivered(message.id)
            return true
        }
        guard let channel = state.look({ $0.channels.first { $0.name == message.channel } }),
            let telling = try? JSONLine.decode(row: Telling.self, message.body)
        else {
            try history.delivered(message.id)
            return true
        }
        do { try channel.deliver(telling, language: language) } catch {
            let reason = failures(of: error).first?.message.text(language) ?? "?"
            if now - message.created > Self.lifetime {
                log.error("an alert could not be delivered and is given up", metadata: ["channel": "\(channel.name)", "reason": "\(reason)"])
                try history.delivered(message.id)
                return true
            }
            log.warning(
                "an alert is not delivered yet",
                metadata: ["channel": "\(channel.name)", "reason": "\(reason)", "attempts": "\(message.attempts + 1)"])
            try history.postpone(message.id, until: now + min(Self.longestWait, Self.firstWait << Int64(min(message.attempts, 10))))
            return false
        }
        // Before it is crossed out: where that cannot be written it is not told again by this life.
        arrived.look { _ = $0.insert(message.id) }
        try history.delivered(message.id)
        return true
    }
}
