import Base
import FoundationEssentials
import Operations

/// What is told of a condition.
package struct Notice: Codable, Sendable, Equatable {
    package enum Event: String, Codable, Sendable {
        case raised, reminder, cleared
    }

    package let event: Event
    package let key: String
    package let level: String
    /// Seconds since 1970.
    package let since: Int64
    package let text: String
}

/// What one telling says: everything that changed at one time, so that a night's trouble is one message.
package struct Telling: Codable, Sendable, Equatable {
    package let node: String
    package let time: Int64
    package let notices: [Notice]
}

/// Works out what is to be told: each condition once when it begins, again after a time while it lasts, and once when it is over. Pure.
struct Announcement {
    private(set) var open: [KeptAlert] = []
    private(set) var closed: [String] = []
    private(set) var notices: [Notice] = []

    /// `known`: what was open before. `remind`: seconds after which what lasts is told again.
    init(_ conditions: [Condition], known: [String: KeptAlert], now: Int64, remind: Int64, language: Language) {
        var keys: Set<String> = []
        for condition in conditions where keys.insert(condition.key).inserted {
            let before = known[condition.key]
            let isWorse = before.map { $0.level != condition.level.rawValue && condition.level == .critical } ?? true
            // A clock that was put back must not silence anything.
            let isDue = before.map { now - $0.told >= remind || $0.told > now } ?? true
            let alert = KeptAlert(
                key: condition.key, level: condition.level.rawValue, since: before?.since ?? now, message: condition.message,
                told: isWorse || isDue ? now : before!.told)
            if alert != before { open.append(alert) }
            guard isWorse || isDue else { continue }
            notices.append(
                Notice(
                    event: before == nil || isWorse ? .raised : .reminder, key: alert.key, level: alert.level, since: alert.since,
                    text: condition.message.text(language)))
        }
        for (key, alert) in known.sorted(by: { $0.key < $1.key }) where !keys.contains(key) {
            closed.append(key)
            notices.append(Notice(event: .cleared, key: key, level: alert.level, since: alert.since, text: alert.message.text(language)))
        }
    }
}

extension Engine {
    /// What came of comparing what needs a person with what was told.
    package enum Announced: Sendable {
        case nothing
        /// It waits in the outbox of each channel.
        case queued
        /// The history cannot be written, so there is no outbox: to be told at once, as well as it goes.
        case loose(Telling)
    }

    /// Compares what needs a person with what was told, and puts what is to be told into the outbox of each channel.
    @discardableResult
    package func announce(to channels: [String]) -> Announced {
        let now = clock.now()
        let conditions = conditions()
        var result = Announced.nothing
        let isKept = keep {
            let announcement = Announcement(
                conditions, known: try history.alerts(), now: now, remind: Int64(seconds(configuration.alert.remindEvery)), language: language)
            guard !announcement.open.isEmpty || !announcement.closed.isEmpty else {
                // Nothing was written: whether it could be is not known.
                if let historyFailure { throw historyFailure }
                return
            }
            let telling = Telling(node: configuration.node.name, time: now, notices: announcement.notices)
            let body = Array(try JSONEncoder().encode(telling))
            let isNew = !announcement.notices.isEmpty
            try history.keep(open: announcement.open, closed: announcement.closed, at: now, messages: isNew ? channels.map { ($0, body) } : [])
            if isNew { result = .queued }
            say(announcement.notices)
        }
        if isKept {
            toldWithoutHistory = []
            return result
        }
        // The failure itself is among the conditions from the next time on.
        let notices = self.conditions().filter { toldWithoutHistory.insert($0.key).inserted }.map {
            Notice(event: .raised, key: $0.key, level: $0.level.rawValue, since: now, text: $0.message.text(language))
        }
        say(notices)
        return notices.isEmpty ? .nothing : .loose(Telling(node: configuration.node.name, time: now, notices: notices))
    }

    /// What is told may name a source or a site, never a path.
    private func say(_ notices: [Notice]) {
        for notice in notices {
            log.log(level: notice.event == .cleared ? .notice : .warning, "alert \(notice.event.rawValue)", metadata: ["alert": "\(notice.key)"])
        }
    }
}
