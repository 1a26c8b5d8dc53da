import Base
import Foundation
import GRDB

/// An alert that is open, or was.
package struct KeptAlert: Sendable, Equatable {
    package let key: String
    package let level: String
    package let since: Int64
    package let message: Message
    /// When it was told last.
    package let told: Int64

    package init(key: String, level: String, since: Int64, message: Message, told: Int64) {
        self.key = key
        self.level = level
        self.since = since
        self.message = message
        self.told = told
    }
}

/// Something to be told to people, waiting for its channel.
package struct KeptMessage: Sendable {
    package let id: Int64
    package let channel: String
    package let created: Int64
    package let attempts: Int
    package let body: [UInt8]
}

extension HistoryStore {
    package func alerts() throws -> [String: KeptAlert] {
        try database.read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT * FROM alert")
            return Dictionary(
                rows.map { row in
                    let alert = KeptAlert(
                        key: row["key"], level: row["level"], since: row["since"], message: Message("alert", en: row["english"], fr: row["french"]),
                        told: row["told"])
                    return (alert.key, alert)
                }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// Keeps what changed and what is to be told of it, together: a crash in between tells nothing twice and loses nothing.
    ///
    /// `closed`: keys of alerts that are over, which go to the record of past ones. `messages`: a body for each channel.
    package func keep(open: [KeptAlert], closed: [String], at time: Int64, messages: [(channel: String, body: [UInt8])]) throws {
        try database.write { db in
            for alert in open {
                try db.execute(
                    sql: """
                        INSERT INTO alert (key, level, since, english, french, told) VALUES (?, ?, ?, ?, ?, ?)
                        ON CONFLICT (key) DO UPDATE SET level = excluded.level, english = excluded.english, french = excluded.french, told = excluded.told
                        """, arguments: [alert.key, alert.level, alert.since, alert.message.english, alert.message.french, alert.told])
            }
            for key in closed {
                try db.execute(
                    sql:
                        "INSERT INTO past_alert (key, level, since, until, english, french) SELECT key, level, since, ?, english, french FROM alert WHERE key = ?",
                    arguments: [time, key])
                try db.execute(sql: "DELETE FROM alert WHERE key = ?", arguments: [key])
            }
            for message in messages {
                try db.execute(
                    sql: "INSERT INTO message (channel, created, not_before, body) VALUES (?, ?, ?, ?)",
                    arguments: [message.channel, time, time, Data(message.body)])
            }
        }
    }

    /// Alerts that are over, youngest first.
    package func pastAlerts(_ count: Int) throws -> [(alert: KeptAlert, until: Int64)] {
        try database.read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM past_alert ORDER BY id DESC LIMIT ?", arguments: [count]).map { row in
                (
                    KeptAlert(
                        key: row["key"], level: row["level"], since: row["since"], message: Message("alert", en: row["english"], fr: row["french"]),
                        told: 0), row["until"]
                )
            }
        }
    }

    /// What waits to be told and may be tried at `time`, oldest first; what waits for more than an hour was put off by a clock that was wrong.
    package func messages(due time: Int64) throws -> [KeptMessage] {
        try database.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM message WHERE not_before <= ? OR not_before > ? ORDER BY id LIMIT 100", arguments: [time, time + 3_600]
            ).map { row in
                KeptMessage(
                    id: row["id"], channel: row["channel"], created: row["created"], attempts: row["attempts"], body: Array(row["body"] as Data))
            }
        }
    }

    /// When the next message may be tried; nil when none waits.
    package func nextMessage() throws -> Int64? {
        try database.read { try Int64.fetchOne($0, sql: "SELECT min(not_before) FROM message") }
    }

    package func delivered(_ message: Int64) throws {
        try database.write { try $0.execute(sql: "DELETE FROM message WHERE id = ?", arguments: [message]) }
    }

    package func postpone(_ message: Int64, until time: Int64) throws {
        try database.write {
            try $0.execute(sql: "UPDATE message SET attempts = attempts + 1, not_before = ? WHERE id = ?", arguments: [time, message])
        }
    }
}
