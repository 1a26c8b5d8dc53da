import Base
import Sites

extension SiteRepository {
    /// Holds and releases at this site. What is void is noted and passed over.
    ///
    /// Throws `.key` where one cannot be opened: a hold that is not understood must not be taken for none; `.damaged` where one cannot be read.
    package func holds(_ keys: KeyRing) throws -> [Hold] {
        let names = try site.keys(HoldRecord.folder)
        let results = Threads.map("hold", names, atOnce: site.smallParallelism) { key in try self.hold(key, keys) }
        var found: [Hold] = []
        for (key, result) in zip(names, results) {
            do { found.append(try result.get()) } catch let failure as Failure where failure.kind == .refused || failure.kind == .wrongPlace {
                note(void: failure, key)
            }
        }
        return found
    }

    private func hold(_ key: String, _ keys: KeyRing) throws -> Hold {
        let statement = try statement(key, .hold)
        let record = try HoldRecord(body: statement.body)
        guard record.key == key else { throw Failure(.refused, .badSignature) }
        try trust.verify(statement, roles: [.maintain], at: record.created.seconds)
        return try record.open(keys)
    }
}
