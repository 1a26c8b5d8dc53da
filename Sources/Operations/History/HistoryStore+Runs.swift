import Base
import GRDB
import Scheduling

/// Something that runs by itself or by a person's wish.
package struct TaskName: Sendable, Hashable, Comparable, CustomStringConvertible {
    package enum Kind: String, Sendable, CaseIterable, Codable {
        case backup
        case replicate
        case verify
        case restoreTest = "restore-test"
        case probe
        case renew
        case retention
        case collect
        /// Looks what each site holds.
        case observe
    }

    package let kind: Kind
    package let tenant: String
    /// Source or site; empty where it concerns all of the tenant.
    package let subject: String

    package init(_ kind: Kind, _ tenant: String, _ subject: String = "") {
        self.kind = kind
        self.tenant = tenant
        self.subject = subject
    }

    /// Such as `backup:chu/dpi`.
    package var description: String { "\(kind.rawValue):\(tenant)" + (subject.isEmpty ? "" : "/\(subject)") }

    package static func < (l: TaskName, r: TaskName) -> Bool { l.description < r.description }
}

extension HistoryStore {
    /// Notes that a run begins; returns its number. `slot`: of the schedule; nil for a person's wish.
    package func begin(_ task: TaskName, slot: Int64?, at time: Int64) throws -> Int64 {
        try database.write { db in
            try db.execute(
                sql: "INSERT INTO run (task, kind, tenant, subject, slot, started) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [task.description, task.kind.rawValue, task.tenant, task.subject, slot, time])
            return db.lastInsertedRowID
        }
    }

    /// Notes how a run ended, and what that makes of its schedule, together.
    package func end(_ run: Int64, at time: Int64, seconds: Double, exit: ExitStatus, summary: String, task: TaskName, record: SlotRecord?) throws {
        try database.write { db in
            try db.execute(
                sql: "UPDATE run SET ended = ?, seconds = ?, exit = ?, summary = ? WHERE id = ?",
                arguments: [time, seconds, exit.rawValue, summary, run])
            if let record { try Self.keep(record, task, db) }
        }
    }

    private static func keep(_ record: SlotRecord, _ task: TaskName, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO schedule (task, settled, failures, not_before) VALUES (?, ?, ?, ?)
                ON CONFLICT (task) DO UPDATE SET settled = excluded.settled, failures = excluded.failures, not_before = excluded.not_before
                """, arguments: [task.description, record.settled, record.failures, record.notBefore])
    }

    package func keep(_ record: SlotRecord, _ task: TaskName) throws { try database.write { try Self.keep(record, task, $0) } }

    /// What is settled of each schedule, by the task's name.
    package func slotRecords() throws -> [String: SlotRecord] {
        try database.read { db in
            var records: [String: SlotRecord] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT task, settled, failures, not_before FROM schedule") {
                var record = SlotRecord()
                record.settled = row["settled"]
                record.failures = row["failures"]
                record.notBefore = row["not_before"]
                records[row["task"]] = record
            }
            return records
        }
    }

    /// A run as it is kept.
    package struct Run: Sendable {
        package let id: Int64
        package let task: TaskName
        package let slot: Int64?
        package let started: Int64
        package let ended: Int64?
        package let seconds: Double
        package let exit: ExitStatus?
        package let summary: String

        package init(
            id: Int64, task: TaskName, slot: Int64?, started: Int64, ended: Int64?, seconds: Double, exit: ExitStatus?, summary: String
        ) {
            self.id = id
            self.task = task
            self.slot = slot
            self.started = started
            self.ended = ended
            self.seconds = seconds
            self.exit = exit
            self.summary = summary
        }
    }

    /// Runs that nobody saw end: the daemon was killed while they were under way.
    package func unfinished() throws -> [Run] { try runs("WHERE ended IS NULL ORDER BY id", []) }

    /// The last runs, youngest first; of one task where it is named, without the looks at sites where none is.
    package func recent(_ count: Int, of task: TaskName? = nil) throws -> [Run] {
        if let task { return try runs("WHERE ended IS NOT NULL AND task = ? ORDER BY id DESC LIMIT ?", [task.description, count]) }
        return try runs("WHERE ended IS NOT NULL AND kind <> 'observe' ORDER BY id DESC LIMIT ?", [count])
    }

    /// Those of a task that began in `span` (seconds since 1970) and ended, oldest first.
    package func runs(of task: TaskName, within span: Range<Int64>) throws -> [Run] {
        try runs(
            "WHERE ended IS NOT NULL AND task = ? AND started >= ? AND started < ? ORDER BY started, id",
            [task.description, span.lowerBound, span.upperBound])
    }

    /// When the oldest run that is kept began, of one task or of any; nil where there is none.
    package func firstRun(of task: TaskName? = nil) throws -> Int64? {
        try database.read { db in
            if let task { return try Int64.fetchOne(db, sql: "SELECT min(started) FROM run WHERE task = ?", arguments: [task.description]) }
            return try Int64.fetchOne(db, sql: "SELECT min(started) FROM run")
        }
    }

    private func runs(_ condition: String, _ arguments: StatementArguments) throws -> [Run] {
        try database.read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM run " + condition, arguments: arguments).compactMap { row in
                guard let kind = TaskName.Kind(rawValue: row["kind"]) else { return nil }
                return Run(
                    id: row["id"], task: TaskName(kind, row["tenant"], row["subject"]), slot: row["slot"], started: row["started"],
                    ended: row["ended"], seconds: row["seconds"] ?? 0, exit: (row["exit"] as Int32?).flatMap { ExitStatus(rawValue: $0) },
                    summary: row["summary"] ?? "")
            }
        }
    }

    /// Forgets runs and censuses from before `time`, but for the last of each task.
    package func prune(before time: Int64) throws {
        try database.write { db in
            try db.execute(
                sql: "DELETE FROM run WHERE ended < ? AND id NOT IN (SELECT max(id) FROM run GROUP BY task)", arguments: [time])
            try db.execute(sql: "DELETE FROM census WHERE time < ?", arguments: [time])
            try db.execute(
                sql: "DELETE FROM fact WHERE kind IN (?, ?, ?) AND time < ?",
                arguments: [FactKind.verifyRun, FactKind.retentionRun, FactKind.collectRun, time])
        }
    }
}
