import Base
import CLinux
import Foundation
import GRDB
import Glibc
import Repository

/// What this machine knows of each site's packs, and what each site lacks, why and since when: a SQLite database in
/// the tenant's state folder. A cache and a queue, never the truth: a lost one is made again from the sites.
///
/// Any number of threads; two processes may have it open.
package final class ReplicationStore: Sendable {
    private let database: DatabaseQueue
    private let path: String

    /// `path` nil: in memory, for as long as this object lasts. A file that is no database any more is put aside.
    package init(path: String?) throws {
        self.path = path ?? ":memory:"
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(30)
        configuration.journalMode = path == nil ? .default : .wal
        // One at a time, from the first look at the file to the last migration: SQLite's own waiting does not cover the change to WAL mode.
        let lock = try path.map(Self.lock)
        defer { withExtendedLifetime(lock) {} }
        do {
            database = try path.map { try Self.open($0, configuration) } ?? DatabaseQueue(configuration: configuration)
            // What was noted survives a power cut: WAL mode alone does not see to that.
            try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -8192") }
            try Self.migrator.migrate(database)
        } catch let error as DatabaseError { throw Self.failure(error, self.path) }
    }

    /// Waits for the lock on opening the database; it goes with the file.
    private static func lock(_ path: String) throws -> File {
        do {
            let file = try File.open(RawName(path + ".lock"), O_RDWR | O_CREAT)
            while clinux_lock(file.descriptor) != 0 { sleep(milliseconds: 20) }
            return file
        } catch let error as SystemError { throw error.failure(.failed, "lock", object: path + ".lock") }
    }

    private static func open(_ path: String, _ configuration: GRDB.Configuration) throws -> DatabaseQueue {
        func attempt() throws -> DatabaseQueue {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read { _ = try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") }
            return queue
        }
        do { return try attempt() } catch let error as DatabaseError where [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode) {
            for suffix in ["", "-wal", "-shm"] where try Files.read(path + suffix, limit: .max) != nil {
                try Files.move(path + suffix, to: path + ".damaged" + suffix)
            }
            return try attempt()
        }
    }

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

    // MARK: running statements

    func read<T>(_ body: (Database) throws -> T) throws -> T {
        do { return try database.read(body) } catch let error as DatabaseError { throw Self.failure(error, path) }
    }

    func write<T>(_ body: (Database) throws -> T) throws -> T {
        do { return try database.write(body) } catch let error as DatabaseError { throw Self.failure(error, path) }
    }

    private static func failure(_ error: DatabaseError, _ path: String) -> Failure {
        Failure(error.resultCode == .SQLITE_FULL ? .noSpace : .failed, .system("sqlite", error.message ?? "\(error.resultCode)"), object: path)
    }

    /// The number that stands for a site.
    func number(_ site: ShortID, _ db: Database) throws -> Int64 {
        try db.cachedStatement(sql: "INSERT INTO site (id) VALUES (?) ON CONFLICT DO NOTHING").execute(arguments: [Data(site.bytes)])
        return try Int64.fetchOne(db.cachedStatement(sql: "SELECT number FROM site WHERE id = ?"), arguments: [Data(site.bytes)])!
    }
}
