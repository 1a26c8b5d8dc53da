import Base
import Foundation
import GRDB
import Repository

/// What this machine knows of each site's packs, and what each site lacks, why and since when: a SQLite database in
/// the tenant's state folder. A cache and a queue, never the truth: a lost one is made again from the sites.
///
/// Any number of threads; two processes may have it open.
package final class ReplicationStore: Sendable {
    private let database: StateDatabase

    /// `path` nil: in memory, for as long as this object lasts.
    package init(path: String?) throws { database = try StateDatabase(path: path, migrator: Self.migrator) }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: packs by site, what sites lack") { db in
            try db.execute(
                sql: """
                    CREATE TABLE site (
                        number INTEGER PRIMARY KEY,
                        id BLOB NOT NULL UNIQUE,
                        inventoried INTEGER,            -- seconds since 1970 of the last whole listing
                        generation INTEGER,             -- of collection, then
                        round INTEGER NOT NULL DEFAULT 0
                    );
                    CREATE TABLE pack (                 -- present at the site, as last seen
                        site INTEGER NOT NULL REFERENCES site,
                        name BLOB NOT NULL,             -- digest, session, attempt
                        size INTEGER NOT NULL,
                        round INTEGER NOT NULL,         -- of the listing that showed it last
                        PRIMARY KEY (site, name)
                    ) WITHOUT ROWID;
                    CREATE TABLE lack (
                        site INTEGER NOT NULL REFERENCES site,
                        kind TEXT NOT NULL CHECK (kind IN ('snapshot', 'pack')),
                        object TEXT NOT NULL,
                        since INTEGER NOT NULL,
                        reason TEXT NOT NULL,
                        attempts INTEGER NOT NULL DEFAULT 0,
                        tried INTEGER,
                        failure TEXT,
                        PRIMARY KEY (site, kind, object)
                    ) WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("2: ends of locks") { db in
            try db.execute(
                sql: """
                    CREATE TABLE lock (
                        site INTEGER NOT NULL REFERENCES site,
                        object TEXT NOT NULL,
                        until INTEGER NOT NULL,         -- as last set or seen
                        PRIMARY KEY (site, object)
                    ) WITHOUT ROWID;
                    CREATE TABLE renewal (
                        site INTEGER NOT NULL REFERENCES site,
                        day INTEGER NOT NULL,           -- since 1970
                        requests INTEGER NOT NULL,
                        PRIMARY KEY (site, day)
                    ) WITHOUT ROWID;
                    """)
        }
        return migrator
    }

    func read<T>(_ body: (Database) throws -> T) throws -> T { try database.read(body) }

    func write<T>(_ body: (Database) throws -> T) throws -> T { try database.write(body) }

    /// The number that stands for a site.
    func number(_ site: ShortID, _ db: Database) throws -> Int64 {
        try db.cachedStatement(sql: "INSERT INTO site (id) VALUES (?) ON CONFLICT DO NOTHING").execute(arguments: [Data(site.bytes)])
        return try Int64.fetchOne(db.cachedStatement(sql: "SELECT number FROM site WHERE id = ?"), arguments: [Data(site.bytes)])!
    }
}
