import Base
import Foundation
import GRDB

extension HistoryStore {
    /// Keeps `value` as the last thing known of that kind about `subject`.
    package func note(_ kind: String, tenant: String, subject: String = "", at time: Int64, _ value: some Encodable) throws {
        let bytes = try JSONEncoder().encode(value)
        try database.write { db in
            try db.execute(
                sql: """
                    INSERT INTO fact (kind, tenant, subject, time, value) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT (kind, tenant, subject) DO UPDATE SET time = excluded.time, value = excluded.value
                    """, arguments: [kind, tenant, subject, time, bytes])
        }
    }

    /// What is known of that kind, by tenant and subject. What an older version wrote and this one cannot read is left out.
    package func facts<Value: Decodable>(_ kind: String, _ type: Value.Type) throws -> [(tenant: String, subject: String, time: Int64, value: Value)]
    {
        try database.read { db in
            try Row.fetchAll(db, sql: "SELECT tenant, subject, time, value FROM fact WHERE kind = ?", arguments: [kind]).compactMap { row in
                guard let value = try? JSONLine.decode(row: type, row["value"] as Data) else { return nil }
                return (row["tenant"], row["subject"], row["time"], value)
            }
        }
    }
}

/// What one backup saw of its source.
package struct SourceCensus: Codable, Sendable, Equatable {
    package var files: UInt64 = 0
    package var bytes: UInt64 = 0
    package var newBytes: UInt64 = 0
    package var newStoredBytes: UInt64 = 0
    package var extensions: [String: UInt64] = [:]
    package init() {}

    package init(_ row: BackupRow) {
        files = row.files
        bytes = row.bytes
        newBytes = row.new_bytes
        newStoredBytes = row.new_stored_bytes
        extensions = row.extensions
    }
}

/// Something unusual about a snapshot: it holds the snapshots before it until a person has looked.
package struct KeptAnomaly: Sendable {
    package let id: Int64
    package let tenant: String
    package let source: String
    package let snapshot: String
    package let time: Int64
    package let kind: String
    package let message: Message
    package let released: Int64?
    package let releasedBy: String?
    package let reason: String?
}

extension HistoryStore {
    /// The last censuses of a source but for `snapshot`'s, until `time` (several may be of one second), youngest first.
    package func censuses(tenant: String, source: String, before snapshot: String, at time: Int64, count: Int) throws -> [SourceCensus] {
        try database.read { db in
            try Data.fetchAll(
                db,
                sql: """
                    SELECT value FROM census WHERE tenant = ? AND source = ? AND time <= ? AND snapshot <> ?
                    ORDER BY time DESC LIMIT ?
                    """,
                arguments: [tenant, source, time, snapshot, count]
            ).compactMap { try? JSONLine.decode(row: SourceCensus.self, $0) }
        }
    }

    /// Those of a source in `span`, oldest first.
    package func censuses(tenant: String, source: String, within span: Range<Int64>) throws -> [SourceCensus] {
        try database.read { db in
            try Data.fetchAll(
                db, sql: "SELECT value FROM census WHERE tenant = ? AND source = ? AND time >= ? AND time < ? ORDER BY time",
                arguments: [tenant, source, span.lowerBound, span.upperBound]
            ).compactMap { try? JSONLine.decode(row: SourceCensus.self, $0) }
        }
    }

    /// Keeps what a backup saw, and what was unusual about it, together. A snapshot that is known already is left as it is.
    package func note(_ census: SourceCensus, _ anomalies: [Anomaly], tenant: String, source: String, snapshot: String, at time: Int64) throws {
        let value = try Data(JSONEncoder().encode(census))
        try database.write { db in
            guard
                try Int.fetchOne(
                    db, sql: "SELECT 1 FROM census WHERE tenant = ? AND source = ? AND snapshot = ?", arguments: [tenant, source, snapshot]) == nil
            else { return }
            try db.execute(
                sql: "INSERT INTO census (tenant, source, time, snapshot, value) VALUES (?, ?, ?, ?, ?)",
                arguments: [tenant, source, time, snapshot, value])
            for anomaly in anomalies {
                let message = anomaly.message
                try db.execute(
                    sql: "INSERT INTO anomaly (tenant, source, snapshot, time, kind, english, french) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    arguments: [tenant, source, snapshot, time, anomaly.kind.rawValue, message.english, message.french])
            }
        }
    }

    /// What was unusual, youngest first: what nobody released, or all of it.
    package func anomalies(all: Bool = false, limit: Int64 = 1000) throws -> [KeptAnomaly] {
        try database.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM anomaly " + (all ? "" : "WHERE released IS NULL ") + "ORDER BY id DESC LIMIT ?", arguments: [limit]
            ).map { row in
                KeptAnomaly(
                    id: row["id"], tenant: row["tenant"], source: row["source"], snapshot: row["snapshot"], time: row["time"], kind: row["kind"],
                    message: Message("anomaly." + row["kind"], en: row["english"], fr: row["french"]), released: row["released"],
                    releasedBy: row["released_by"], reason: row["reason"])
            }
        }
    }

    /// A person has looked: the snapshots before it are no longer held. Throws `.usage` where there is no such open one.
    package func release(_ id: Int64, by person: String, reason: String, at time: Int64) throws {
        let changed = try database.write { db in
            try db.execute(
                sql: "UPDATE anomaly SET released = ?, released_by = ?, reason = ? WHERE id = ? AND released IS NULL",
                arguments: [time, person, reason, id])
            return db.changesCount
        }
        guard changed == 1 else { throw Failure(.usage, .noSuchAnomaly(id), remedy: .listAnomalies) }
    }
}
