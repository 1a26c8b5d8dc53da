import Base
import Foundation
import GRDB
import Repository

/// When maintenance first saw a snapshot, and the window in which it may have come.
package struct Arrival: Sendable, Equatable {
    /// Of the snapshot and its manifest.
    package let snapshot: ShortID
    package let manifest: Digest
    /// By this machine's clock.
    package let firstSeen: Timestamp
    /// When its node said that it was committed, as it was first seen: slots that come later say nothing.
    package let claimed: Timestamp
    /// The last look at that site that did not show it; nil where there was none.
    package let lastLook: Timestamp?
}

extension HistoryStore {
    /// Notes a look at a site that showed `visible`: what is new there arrived between the last look and this one.
    package func note(
        look time: Timestamp, at site: String, tenant: ShortID, showing visible: [(snapshot: ShortID, manifest: Digest, claimed: Timestamp)]
    ) throws {
        try database.write { db in
            let last = try Int64.fetchOne(
                db, sql: "SELECT time FROM look WHERE tenant = ? AND site = ?", arguments: [Data(tenant.bytes), site])
            for each in visible {
                try db.cachedStatement(
                    sql: """
                        INSERT INTO arrival (tenant, snapshot, manifest, first_seen, claimed, last_look) VALUES (?, ?, ?, ?, ?, ?)
                        ON CONFLICT DO NOTHING
                        """
                ).execute(arguments: [
                    Data(tenant.bytes), Data(each.snapshot.bytes), Data(each.manifest.bytes), time.seconds, each.claimed.seconds, last,
                ])
            }
            try db.execute(
                sql: """
                    INSERT INTO look (tenant, site, time) VALUES (?, ?, ?)
                    ON CONFLICT (tenant, site) DO UPDATE SET time = excluded.time
                    """, arguments: [Data(tenant.bytes), site, time.seconds])
        }
    }

    /// The last look at any of a tenant's sites, in seconds since 1970; nil where there was none.
    package func lastLook(tenant: ShortID) throws -> Int64? {
        try database.read { db in
            try Int64.fetchOne(db, sql: "SELECT max(time) FROM look WHERE tenant = ?", arguments: [Data(tenant.bytes)])
        }
    }

    /// Arrivals of a tenant's snapshots, by manifest.
    package func arrivals(tenant: ShortID) throws -> [Digest: Arrival] {
        try database.read { db in
            var arrivals: [Digest: Arrival] = [:]
            let rows = try Row.fetchAll(
                db, sql: "SELECT snapshot, manifest, first_seen, claimed, last_look FROM arrival WHERE tenant = ?", arguments: [Data(tenant.bytes)])
            for row in rows {
                guard let snapshot = ShortID(Array(row["snapshot"] as Data)), let manifest = Digest(Array(row["manifest"] as Data)) else { continue }
                arrivals[manifest] = Arrival(
                    snapshot: snapshot, manifest: manifest, firstSeen: Timestamp(seconds: row["first_seen"]),
                    claimed: Timestamp(seconds: row["claimed"]),
                    lastLook: (row["last_look"] as Int64?).map { Timestamp(seconds: $0) })
            }
            return arrivals
        }
    }
}
