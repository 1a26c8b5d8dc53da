import Base
import CLinux
import GRDB
import Glibc

/// A SQLite database in a state folder: never the only copy of anything, so that a lost or damaged one is put aside and made again.
///
/// Any number of threads; several processes may have it open.
package final class StateDatabase: Sendable {
    private let database: DatabaseQueue
    private let path: String

    /// `path` nil: in memory, for as long as this object lasts. A file that is no database any more is put aside. Throws `.noSpace`, `.failed`.
    package init(path: String?, migrator: DatabaseMigrator) throws {
        self.path = path ?? ":memory:"
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(30)
        configuration.journalMode = path == nil ? .default : .wal
        // One at a time, from the first look at the file to the last migration: SQLite's own waiting does not cover the change to WAL mode.
        let lock = try path.map(Self.lock)
        defer { withExtendedLifetime(lock) {} }
        do {
            // Made here, so that it has the owner of its folder; SQLite gives its other files the same one.
            if let path { _ = try File.openOrCreate(RawName(path), O_RDWR, mode: 0o600) }
            database = try path.map { try Self.open($0, configuration) } ?? DatabaseQueue(configuration: configuration)
            // What was noted survives a power cut: WAL mode alone does not see to that.
            try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -8192") }
            try migrator.migrate(database)
        } catch let error as DatabaseError { throw Self.failure(error, self.path) } catch let error as SystemError {
            throw error.failure(.failed, "open", object: self.path)
        }
    }

    /// Waits for the lock on opening the database; it goes with the file.
    private static func lock(_ path: String) throws -> File {
        do {
            let file = try File.openOrCreate(RawName(path + ".lock"), O_RDWR)
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

    package func read<T>(_ body: (Database) throws -> T) throws -> T {
        do { return try database.read(body) } catch let error as DatabaseError { throw Self.failure(error, path) }
    }

    /// In one transaction.
    package func write<T>(_ body: (Database) throws -> T) throws -> T {
        do { return try database.write(body) } catch let error as DatabaseError { throw Self.failure(error, path) }
    }

    private static func failure(_ error: DatabaseError, _ path: String) -> Failure {
        Failure(error.resultCode == .SQLITE_FULL ? .noSpace : .failed, .system("sqlite", error.message ?? "\(error.resultCode)"), object: path)
    }
}
