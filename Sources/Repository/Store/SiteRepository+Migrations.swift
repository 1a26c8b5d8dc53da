import Base
import Sites

extension SiteRepository {
    /// Records of migrations at this site, by migration and number. What nobody with the right has signed is noted, and
    /// passed over.
    package func migrations() throws -> [MigrationRecord] {
        let names = try site.keys(MigrationRecord.folder)
        if names.isEmpty { return [] }
        let results = Threads.map("migration", names, atOnce: site.smallParallelism) { try self.migration($0) }
        return try results.compactMap { try $0.get() }.sorted { ($0.migration, $0.number) < ($1.migration, $1.number) }
    }

    /// The record of that key; nil where it is gone, or nobody with the right has signed it, which is noted. Also one of a newer format: newer formats are
    /// announced by the descriptor.
    private func migration(_ key: String) throws -> MigrationRecord? {
        do {
            return try believed(key, .migration) { statement, _ in
                let record = try MigrationRecord(body: statement.body)
                guard record.key == key else { throw Failure(.refused, .badSignature) }
                try self.trust.verify(statement, roles: [.maintain], at: record.created.seconds)
                return record
            }
        } catch let failure as Failure where failure.kind != .unreachable {
            if failure.kind != .missing { note(void: failure, key) }
            return nil
        }
    }

    /// The last record by which this site is left; nil where it is not.
    package func departure() throws -> MigrationRecord? { try departures().max { ($0.created, $0.migration) < ($1.created, $1.migration) } }

    /// By which this site is left: of each migration away from here the last valid record, but for those that were withdrawn, or are over: a site that was emptied
    /// and prepared again is not left. Of each migration no record before it is read.
    package func departures() throws -> [MigrationRecord] {
        var departures: [MigrationRecord] = []
        let names = try site.keys(MigrationRecord.folder)
        for records in Dictionary(grouping: names, by: { $0.prefix { $0 != "." } }).values {
            // Numbers are spelled so that names sort by them.
            for key in records.sorted(by: >) {
                guard let record = try migration(key), record.from == id else { continue }
                if record.act != .withdrawn, record.act != .deleted { departures.append(record) }
                break
            }
        }
        return departures
    }

    /// Throws `.refused` where the site is left: what lacks there is no loss, and nothing is to be written.
    package func checkNotLeft() throws {
        guard let departure = try departure() else { return }
        throw Failure(.refused, .siteLeft(departure.toName), object: name, remedy: .takeSiteOut(name))
    }
}
