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
                InventoryMark(time: $0["inventoried"], generation: UInt32($0["generation"] as Int64), packs: $0["packs"], bytes: Int($0["bytes"] as Double))
            }
        }
    }

    /// Packs of a listing that are written at once.
    private static let batch = 4096

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

    /// Rows of one statement: fewer statements, less time.
    private static let rows = 32

    private func put(_ packs: [(key: PackKey, size: Int)], site: Int64, round: Int64, _ db: Database) throws {
        for start in stride(from: 0, to: packs.count, by: Self.rows) {
            let some = packs[start..<min(packs.count, start + Self.rows)]
            let values = repeatElement("(?, ?, ?, ?)", count: some.count).joined(separator: ", ")
            let statement = try db.cachedStatement(
                sql: "INSERT INTO pack (site, name, size, round) VALUES \(values) ON CONFLICT DO UPDATE SET size = excluded.size, round = excluded.round")
            var arguments: [any DatabaseValueConvertible] = []
            for pack in some { arguments += [site, Self.name(pack.key), pack.size, round] as [any DatabaseValueConvertible] }
            try statement.execute(arguments: StatementArguments(arguments))
        }
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
