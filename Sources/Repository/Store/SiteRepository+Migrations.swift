import Base
import Sites

extension SiteRepository {
    /// Records of migrations at this site, by migration and number. What nobody with the right has signed is noted, and
    /// passed over.
    package func migrations() throws -> [MigrationRecord] {
        let names = try site.keys(MigrationRecord.folder)
        if names.isEmpty { return [] }
        let results = Threads.map("migration", names, atOnce: site.smallParallelism) { key in
            try self.believed(key, .migration) { statement, _ in
                let record = try MigrationRecord(body: statement.body)
                guard record.key == key else { throw Failure(.refused, .badSignature) }
                try self.trust.verify(statement, roles: [.maintain], at: record.created.seconds)
                return record
            }
        }
        var found: [MigrationRecord] = []
        for (key, result) in zip(names, results) {
            do { found.append(try result.get()) } catch let failure as Failure where failure.kind != .unreachable {
                // Of a newer format, too: nobody's signature was looked at, and newer formats are announced by the descriptor.
                if failure.kind != .missing { note(void: failure, key) }
            }
        }
        return found.sorted { ($0.migration, $0.number) < ($1.migration, $1.number) }
    }

    /// The last record of a migration by which this site is left, or was; nil where none is, or each was withdrawn.
    package func departure() throws -> MigrationRecord? {
        var last: [ShortID: MigrationRecord] = [:]
        for record in try migrations() where record.from == id { last[record.migration] = record }
        return last.values.filter { $0.act != .withdrawn }.max { ($0.created, $0.migration) < ($1.created, $1.migration) }
    }

    /// Throws `.refused` where the site is left: what lacks there is no loss, and nothing is to be written.
    package func checkNotLeft() throws {
        guard let departure = try departure() else { return }
        throw Failure(.refused, .siteLeft(departure.toName), object: name, remedy: .takeSiteOut(name))
    }
}
