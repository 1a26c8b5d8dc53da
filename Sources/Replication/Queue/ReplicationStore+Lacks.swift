import Base
import Foundation
import GRDB
import Repository

/// Something that a site should have and has not.
package struct Lack: Sendable, Equatable {
    package enum Object: Sendable, Hashable {
        case snapshot(ShortID, manifest: Digest)
        case pack(PackKey)
    }

    package enum Reason: String, Sendable {
        /// Taken elsewhere and not yet brought.
        case new
        /// The site did not take it when it was taken.
        case absent
        /// Listed by the site's index, and not there.
        case missing
        /// There, and not what its name says.
        case damaged
    }

    package let object: Object
    /// Seconds since 1970 when it was noticed.
    package let since: Int64
    package let reason: Reason
    /// Attempts to bring it that failed, when the last was, and why.
    package let attempts: Int
    package let tried: Int64?
    package let failure: String?
}

extension Lack.Object {
    /// For people: a snapshot's id, or a pack's key.
    package var name: String {
        switch self {
        case .snapshot(let id, _): id.hex
        case .pack(let pack): pack.key
        }
    }

    /// `snapshot` or `pack`.
    package var kind: String {
        switch self {
        case .snapshot: "snapshot"
        case .pack: "pack"
        }
    }

    var text: String {
        switch self {
        case .snapshot(let id, let manifest): "\(id.hex).\(manifest.hex)"
        case .pack(let pack): pack.key
        }
    }

    fileprivate init?(kind: String, text: String) {
        if kind == "pack" {
            guard let pack = PackKey(key: text) else { return nil }
            self = .pack(pack)
        } else {
            let parts = text.split(separator: ".")
            guard parts.count == 2, let id = ShortID(hex: parts[0]), let manifest = Digest(hex: parts[1]) else { return nil }
            self = .snapshot(id, manifest: manifest)
        }
    }
}

extension ReplicationStore {
    /// What a site lacks, the longest first.
    package func lacks(_ site: ShortID) throws -> [Lack] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT kind, object, since, reason, attempts, tried, failure FROM lack
                    WHERE site = (SELECT number FROM site WHERE id = ?) ORDER BY since, kind, object
                    """, arguments: [Data(site.bytes)]
            ).compactMap { row in
                guard let object = Lack.Object(kind: row["kind"], text: row["object"]), let reason = Lack.Reason(rawValue: row["reason"]) else {
                    return nil
                }
                return Lack(
                    object: object, since: row["since"], reason: reason, attempts: row["attempts"], tried: row["tried"], failure: row["failure"])
            }
        }
    }

    /// Notes what a site lacks; what was noted before keeps its time and reason.
    package func note(_ objects: [Lack.Object], _ reason: Lack.Reason, at site: ShortID, now: Int64 = Timestamp.now().seconds) throws {
        guard !objects.isEmpty else { return }
        try write { db in
            let number = try number(site, db)
            for object in objects {
                try db.cachedStatement(
                    sql: "INSERT INTO lack (site, kind, object, since, reason) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
                ).execute(arguments: [number, object.kind, object.text, now, reason.rawValue])
            }
        }
    }

    /// Makes `snapshots` all that the site lacks of that kind.
    package func settle(snapshots: [Lack.Object], at site: ShortID, now: Int64 = Timestamp.now().seconds) throws {
        let wanted = Set(snapshots)
        let done = try lacks(site).map(\.object).filter { $0.kind == "snapshot" && !wanted.contains($0) }
        try clear(done, at: site)
        try note(snapshots, .new, at: site, now: now)
    }

    /// Notes that the site has these.
    package func clear(_ objects: [Lack.Object], at site: ShortID) throws {
        guard !objects.isEmpty else { return }
        try write { db in
            let number = try number(site, db)
            for object in objects {
                try db.cachedStatement(sql: "DELETE FROM lack WHERE site = ? AND kind = ? AND object = ?")
                    .execute(arguments: [number, object.kind, object.text])
            }
        }
    }

    /// Notes an attempt that failed.
    package func fail(_ object: Lack.Object, _ failure: Failure, at site: ShortID, now: Int64 = Timestamp.now().seconds) throws {
        try write { db in
            try db.execute(
                sql: "UPDATE lack SET attempts = attempts + 1, tried = ?, failure = ? WHERE site = ? AND kind = ? AND object = ?",
                arguments: [now, failure.text(.english), try number(site, db), object.kind, object.text])
        }
    }
}
