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
    }

    private let state: Monitor<State>
    private let history: HistoryStore
    private let clock: any DaemonClock
    private let language: Language
    private let log: Logger
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
    package func stop() { state.change { $0.isOver = true } }

    /// Delivers until `stop`; what is left then is delivered by the next life.
    package func run() {
        while !state.look({ $0.isOver }) {
            state.look { $0.isAwake = false }
            let next = deliverDue()
            let now = clock.now()
            _ = state.wait(atMost: Double(min(max(1, (next ?? now + 3_600) - now), 3_600))) { $0.isAwake || $0.isOver }
        }
    }

    /// One try of everything that is due; returns when the next is.
    package func deliverDue() -> Int64? {
        do {
            for message in try history.messages(due: clock.now()) { try deliver(message) }
            return try history.nextMessage()
        } catch {
            log.error("the outbox cannot be read", metadata: ["reason": "\(failures(of: error).first?.message.text(language) ?? "?")"])
            return clock.now() + 60
        }
    }

    private func deliver(_ message: KeptMessage) throws {
        let now = clock.now()
        guard let channel = state.look({ $0.channels.first { $0.name == message.channel } }),
            let telling = try? JSONLine.decode(row: Telling.self, message.body)
        else { return try history.delivered(message.id) }
        do {
            try channel.deliver(telling, language: language)
            try history.delivered(message.id)
        } catch {
            let reason = failures(of: error).first?.message.text(language) ?? "?"
            if now - message.created > Self.lifetime {
                log.error("an alert could not be delivered and is given up", metadata: ["channel": "\(channel.name)", "reason": "\(reason)"])
                return try history.delivered(message.id)
            }
            log.warning(
                "an alert is not delivered yet",
                metadata: ["channel": "\(channel.name)", "reason": "\(reason)", "attempts": "\(message.attempts + 1)"])
            try history.postpone(message.id, until: now + min(Self.longestWait, Self.firstWait << Int64(min(message.attempts, 10))))
        }
    }
}
