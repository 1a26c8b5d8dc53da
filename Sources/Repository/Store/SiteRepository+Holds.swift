import Base
import Sites

extension SiteRepository {
    /// Holds and releases at this site, and why others cannot be read: what they say is not known, unless another place has them. What nobody with
    /// the right has signed is noted, and passed over.
    package func holds(_ keys: KeyRing) throws -> (found: [Hold], unread: [(key: String, failure: Failure)]) {
        let names = try site.keys(HoldRecord.folder)
        let results = Threads.map("hold", names, atOnce: site.smallParallelism) { key in try self.hold(key, keys) }
        var (found, unread): ([Hold], [(key: String, failure: Failure)]) = ([], [])
        for (key, result) in zip(names, results) {
            do { found.append(try result.get()) } catch let failure as Failure where failure.kind == .refused || failure.kind == .wrongPlace {
                note(void: failure, key)
                unread.append((key, failure))
            } catch let failure as Failure where failure.kind != .unreachable { unread.append((key, failure)) }
        }
        return (found, unread)
    }

    private func hold(_ key: String, _ keys: KeyRing) throws -> Hold {
        try believed(key, .hold) { statement, bytes in
            let hold = try Self.hold(statement, key, trust, keys)
            if let state { remember("hold") { try state.keepHold(bytes, key) } }
            return hold
        }
    }

    private static func hold(_ statement: Statement, _ key: String, _ trust: Trust, _ keys: KeyRing) throws -> Hold {
        let record = try HoldRecord(body: statement.body)
        guard record.key == key else { throw Failure(.refused, .badSignature) }
        try trust.verify(statement, roles: [.maintain], at: record.created.seconds)
        return try record.open(keys)
    }

    /// Holds and releases that this machine has seen at any site: what was put over one later does not take it back.
    package func keptHolds(_ keys: KeyRing) throws -> [Hold] {
        guard let state else { return [] }
        return try state.holds().compactMap { key, bytes in try? Self.hold(Statement(bytes, .hold, tenant: tenant), key, trust, keys) }
    }
}
