import Base
import Foundation
import GRDB
import Replication
import Scheduling

/// What happened on this machine: runs, what is settled of each schedule, what was last seen of each site, what was unusual, which
/// alerts are open. A SQLite database in the node's state folder, shared by the daemon and the commands.
///
/// It is never the only copy of what counts: snapshots, sheets and packs are at the sites, and a database that is lost
/// or damaged costs history alone.
package final class HistoryStore: Sendable {
    let database: StateDatabase

    package static func path(state: String) -> String { state + "/history.sqlite" }

    /// `path` nil: in memory, for as long as this object lasts.
    package init(path: String?) throws {
        if let path { try Files.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])) }
        database = try StateDatabase(path: path, migrator: Self.migrator)
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: runs, schedules, facts, anomalies, alerts") { db in
            try db.execute(
                sql: """
                    CREATE TABLE run (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        task TEXT NOT NULL,             -- such as backup:chu/dpi
                        kind TEXT NOT NULL,
                        tenant TEXT NOT NULL,
                        subject TEXT NOT NULL,
                        slot INTEGER,                   -- of the schedule; NULL for a run that a person asked for
                        started INTEGER NOT NULL,       -- seconds since 1970
                        ended INTEGER,                  -- NULL while it runs
                        seconds REAL,
                        exit INTEGER,
                        summary TEXT
                    );
                    CREATE INDEX run_by_task ON run (task, id);
                    CREATE TABLE schedule (
                        task TEXT PRIMARY KEY,
                        settled INTEGER,                -- slot
                        failures INTEGER NOT NULL,
                        not_before INTEGER
                    ) WITHOUT ROWID;
                    CREATE TABLE fact (                 -- the last thing known of each kind
                        kind TEXT NOT NULL,
                        tenant TEXT NOT NULL,
                        subject TEXT NOT NULL,
                        time INTEGER NOT NULL,
                        value BLOB NOT NULL,            -- JSON
                        PRIMARY KEY (kind, tenant, subject)
                    ) WITHOUT ROWID;
                    CREATE TABLE census (               -- what each backup saw of its source
                        tenant TEXT NOT NULL,
                        source TEXT NOT NULL,
                        time INTEGER NOT NULL,
                        snapshot TEXT NOT NULL,
                        value BLOB NOT NULL,            -- JSON
                        PRIMARY KEY (tenant, source, time, snapshot)
                    ) WITHOUT ROWID;
                    CREATE TABLE anomaly (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        tenant TEXT NOT NULL,
                        source TEXT NOT NULL,
                        snapshot TEXT NOT NULL,
                        time INTEGER NOT NULL,
                        kind TEXT NOT NULL,
                        english TEXT NOT NULL,
                        french TEXT NOT NULL,
                        released INTEGER,               -- when; NULL while it holds the snapshots before it
                        released_by TEXT,
                        reason TEXT
                    );
                    CREATE TABLE alert (                -- open ones
                        key TEXT PRIMARY KEY,
                        level TEXT NOT NULL,
                        since INTEGER NOT NULL,
                        english TEXT NOT NULL,
                        french TEXT NOT NULL,
                        told INTEGER NOT NULL           -- when it was last told
                    ) WITHOUT ROWID;
                    CREATE TABLE past_alert (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        key TEXT NOT NULL,
                        level TEXT NOT NULL,
                        since INTEGER NOT NULL,
                        until INTEGER NOT NULL,
                        english TEXT NOT NULL,
                        french TEXT NOT NULL
                    );
                    CREATE TABLE message (              -- to a person, not yet delivered
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        channel TEXT NOT NULL,
                        created INTEGER NOT NULL,
                        attempts INTEGER NOT NULL DEFAULT 0,
                        not_before INTEGER NOT NULL,
                        body BLOB NOT NULL              -- JSON
                    );
                    """)
        }
        migrator.registerMigration("2: arrivals of snapshots, as maintenance saw them") { db in
            try db.execute(
                sql: """
                    CREATE TABLE arrival (
                        tenant BLOB NOT NULL,           -- id
                        snapshot BLOB NOT NULL,
                        manifest BLOB NOT NULL,         -- SHA-256
                        first_seen INTEGER NOT NULL,    -- seconds since 1970, by this machine's clock
                        claimed INTEGER NOT NULL,       -- its commit, as it said then
                        last_look INTEGER,              -- that did not show it; NULL where there was none
                        PRIMARY KEY (tenant, manifest)
                    ) WITHOUT ROWID;
                    CREATE TABLE look (                 -- the last time that all snapshots of a site were seen
                        tenant BLOB NOT NULL,
                        site TEXT NOT NULL,
                        time INTEGER NOT NULL,
                        PRIMARY KEY (tenant, site)
                    ) WITHOUT ROWID;
                    """)
        }
        return migrator
    }
}
