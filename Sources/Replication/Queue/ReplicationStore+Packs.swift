import Base
import Foundation
import GRDB
import Repository

/// A whole listing of a site's packs.
package struct InventoryMark: Sendable, Equatable {
    /// Seconds since 1970.
    package let time: Int64
    /// Of collection, when the listing began.
    package let generation: UInt32
    package let packs: Int
    package let bytes: Int
}

extension ReplicationStore {
    /// The last whole listing; nil when there was none.
    package func inventory(_ site: ShortID) throws -> InventoryMark? {
        try read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT inventoried, generation, (SELECT count(*) FROM pack WHERE site = number) AS packs,
                        (SELECT total(size) FROM pack WHERE site = number) AS bytes
                    FROM site WHERE id = ? AND inventoried IS NOT NULL
                    """, arguments: [Data(site.bytes)]
            ).map {
                InventoryMark(
                    time: $0["inventoried"], generation: UInt32($0["generation"] as Int64), packs: $0["packs"], bytes: Int($0["bytes"] as Double))
            }
        }
    }

    /// Packs of a listing that are written at once, and synced: 4 MiB or so.
    private static let batch = 32_768

    /// Lists the site's packs and makes what is known of them the same. Memory does not grow with their number. A listing
    /// that fails half-way takes nothing away.
    package func reconcile(_ repository: SiteRepository, generation: UInt32, now: Int64 = Timestamp.now().seconds) throws {
        let (site, round) = try write { db -> (Int64, Int64) in
            let site = try number(repository.id, db)
            try db.execute(sql: "UPDATE site SET round = round + 1 WHERE number = ?", arguments: [site])
            return (site, try Int64.fetchOne(db, sql: "SELECT round FROM site WHERE number = ?", arguments: [site])!)
        }
        var waiting: [(key: PackKey, size: Int)] = []
        func flush() throws {
            try write { try put(waiting, site: site, round: round, $0) }
            waiting.removeAll(keepingCapacity: true)
        }
        try repository.listPacks { pack, size in
            waiting.append((pack, size))
            if waiting.count == Self.batch { try flush() }
        }
        try flush()
        try write { db in
            try db.execute(sql: "DELETE FROM pack WHERE site = ? AND round <> ?", arguments: [site, round])
            try db.execute(
                sql: "UPDATE site SET inventoried = ?, generation = ? WHERE number = ?", arguments: [now, Int64(generation), site])
        }
    }

    /// All in one statement: the names as one blob, the sizes as one blob of twelve digits each (in a text, the way to each place is counted anew). Bound one by one, a million packs
    /// take ten times as long.
    private func put(_ packs: [(key: PackKey, size: Int)], site: Int64, round: Int64, _ db: Database) throws {
        guard !packs.isEmpty else { return }
        var names = ByteWriter(capacity: packs.count * 53)
        var sizes: [UInt8] = []
        for pack in packs {
            pack.key.write(to: &names)
            let digits = String(pack.size).utf8
            sizes += repeatElement(UInt8(ascii: "0"), count: 12 - digits.count) + Array(digits)
        }
        let statement = try db.cachedStatement(
            sql: """
                WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
                INSERT INTO pack (site, name, size, round)
                SELECT ?, substr(?, 1 + i * 53, 53), CAST(substr(?, 1 + i * 12, 12) AS INTEGER), ? FROM n WHERE true
                ON CONFLICT DO UPDATE SET size = excluded.size, round = excluded.round
                """)
        try statement.execute(arguments: [packs.count, site, Data(names.bytes), Data(sizes), round])
    }

    /// Notes packs that are known to be at the site by other means than a listing.
    package func add(_ packs: [(key: PackKey, size: Int)], at site: ShortID) throws {
        try write { db in
            let number = try number(site, db)
            let round = try Int64.fetchOne(db, sql: "SELECT round FROM site WHERE number = ?", arguments: [number])!
            try put(packs, site: number, round: round, db)
        }
    }

    /// Calls `body` for each pack known to be at the site.
    package func forEachPack(at site: ShortID, _ body: (PackKey, Int) throws -> Void) throws {
        try read { db in
            let rows = try Row.fetchCursor(
                db, sql: "SELECT name, size FROM pack WHERE site = (SELECT number FROM site WHERE id = ?)",
                arguments: [Data(site.bytes)])
            while let row = try rows.next() { try body(try Self.pack(row), row["size"]) }
        }
    }

    /// The names under which a site has the pack, and their sizes.
    package func copies(_ digest: Digest, at site: ShortID) throws -> [(key: PackKey, size: Int)] {
        try read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT name, size FROM pack WHERE site = (SELECT number FROM site WHERE id = ?) AND name BETWEEN ? AND ?")
            let (first, last) = (Data(digest.bytes), Data(digest.bytes + [UInt8](repeating: 0xFF, count: 21)))
            return try Row.fetchAll(statement, arguments: [Data(site.bytes), first, last]).map { (try Self.pack($0), $0["size"]) }
        }
    }

    private static func name(_ pack: PackKey) -> Data {
        var w = ByteWriter()
        pack.write(to: &w)
        return Data(w.bytes)
    }

    private static func pack(_ row: Row) throws -> PackKey { try Array(row["name"] as Data).decode { try PackKey(&$0) } }
}
