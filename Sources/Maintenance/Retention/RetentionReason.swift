import Base

/// Why a snapshot is kept.
package enum RetentionReason: Sendable, Hashable {
    /// Its source has no rule.
    case noRule
    /// The newest complete snapshot of its group.
    case newestComplete
    /// A partial snapshot that is newer than all others of its group.
    case newestPartial
    /// `place`: 1 for the newest.
    case last(place: Int, of: Int)
    /// It stands for its period; `place`: 1 for the newest period.
    case period(RetentionPeriod, place: Int, of: Int)
    case within(until: Timestamp)
    /// No rule keeps it any more, but not for long enough.
    case coolOff(until: Timestamp)
    case protection(RetentionProtection)
    /// Another snapshot of the same id is kept, and what is forgotten is an id.
    case sameID

    /// As `retention explain` says it.
    package var message: Message {
        switch self {
        case .noRule: .retentionNoRule
        case .newestComplete: .retentionNewestComplete
        case .newestPartial: .retentionNewestPartial
        case .last(let place, let count): .retentionLast(place, of: count)
        case .period(let period, let place, let count): .retentionPeriod(period.unit.names, period.description, place, of: count)
        case .within(let until): .retentionWithin(until)
        case .coolOff(let until): .retentionCoolOff(until)
        case .protection(let protection): protection.message
        case .sameID: .retentionSameID
        }
    }
}

extension RetentionProtection {
    fileprivate var message: Message {
        switch self {
        case .hold(let id, let reason): .retentionHold(String(id.hex.prefix(8)), printable(reason.utf8))
        case .anomaly(let number): .retentionAnomaly(number)
        case .locked(let until): .retentionLocked(until)
        case .replication(let sites): .retentionNotReplicated(sites.joined(separator: ", "))
        case .lastGoodRestore: .retentionLastGoodRestore
        }
    }
}

extension RetentionPeriod.Unit {
    fileprivate var names: (en: String, fr: String) {
        switch self {
        case .hourly: ("hourly", "heure")
        case .daily: ("daily", "jour")
        case .weekly: ("weekly", "semaine")
        case .monthly: ("monthly", "mois")
        case .yearly: ("yearly", "année")
        }
    }
}
