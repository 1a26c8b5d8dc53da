import Base
import Foundation
import GRDB
import Repository

extension ReplicationStore {
    /// When the lock of an object ends, as last set or seen; nil when that is not known.
    func lockEnd(_ object: String, at site: ShortID) throws -> Int64? {
        try read { db in
            let statement = try db.cachedStatement(sql: "SELECT until FROM lock WHERE site = (SELECT number FROM site WHERE id = ?) AND object = ?")
            return try Int64.fetchOne(statement, arguments: [Data(site.bytes), object])
        }
    }

    func note(lockEnd until: Int64, _ object: String, at site: ShortID) throws {
        try write { db in
            let number = try number(site, db)
            try db.cachedStatement(
                sql: "INSERT INTO lock (site, object, until) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET until = max(until, excluded.until)"
            ).execute(arguments: [number, object, until])
        }
    }

    /// Forgets what is no longer renewed.
    func keepLocks(only objects: Set<String>, at site: ShortID) throws {
        try write { db in
            let number = try number(site, db)
            let known = try String.fetchAll(db, sql: "SELECT object FROM lock WHERE site = ?", arguments: [number])
            for object in known where !objects.contains(object) {
                try db.cachedStatement(sql: "DELETE FROM lock WHERE site = ? AND object = ?").execute(arguments: [number, object])
            }
        }
    }

    /// Takes `count` requests of the day's; false, and takes none, when there are not so many left.
    func spendRenewal(_ count: Int, at site: ShortID, limit: Int, now: Int64) throws -> Bool {
        try write { db in
            let number = try number(site, db)
            let day = now / 86_400
            try db.execute(sql: "DELETE FROM renewal WHERE site = ? AND day <> ?", arguments: [number, day])
            let spent = try Int.fetchOne(db, sql: "SELECT requests FROM renewal WHERE site = ?", arguments: [number]) ?? 0
            guard spent + count <= limit else { return false }
            try db.execute(
                sql: "INSERT INTO renewal (site, day, requests) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET requests = requests + excluded.requests",
                arguments: [number, day, count])
            return true
        }
    }
}
