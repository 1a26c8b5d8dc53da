import Base
import Sites

/// A restore test's sheet as it was found, its signature and its signer's right checked.
package struct FoundSheet: Sendable {
    /// `<time>-<random>`.
    package let name: String
    package let sheet: RestoreSheet
    /// The stored bytes, for keeping.
    package let bytes: [UInt8]

    /// Reads and believes a stored sheet of that name. Throws `.refused` for one badly signed, without the right, or of
    /// another name; `.key` where no catalogue key here opens it; `.damaged`, `.format`.
    package init(_ bytes: [UInt8], name: String, trust: Trust, keys: KeyRing) throws {
        let statement = try Statement(bytes, .sheet, tenant: trust.tenant)
        let record = try SheetRecord(body: statement.body)
        guard record.name == name else { throw Failure(.refused, .badSignature) }
        try trust.verify(statement, roles: [.verify], at: record.created.seconds)
        self.name = name
        sheet = try record.open(keys)
        self.bytes = bytes
    }
}

extension SiteRepository {
    /// The sheets of restore tests at this site that `keys` opens, oldest first; sheets of other domains are left out. What
    /// is void is noted and passed over. `known` are not read again.
    package func sheets(_ keys: KeyRing, besides known: Set<String> = []) throws -> [FoundSheet] {
        let wanted = try site.keys(SheetRecord.folder).filter { !known.contains(String($0.dropFirst(SheetRecord.folder.count))) }
        let results = Threads.map("sheet", wanted, atOnce: site.smallParallelism) { key in
            try self.site.readTwice(key, limit: Statement.Kind.sheet.bodyLimit + Statement.overhead) { bytes in
                try FoundSheet(bytes, name: String(key.dropFirst(SheetRecord.folder.count)), trust: self.trust, keys: keys)
            }
        }
        var found: [FoundSheet] = []
        for (key, result) in zip(wanted, results) {
            do { found.append(try result.get()) } catch let failure as Failure where failure.kind == .key {
                continue
            } catch let failure as Failure where failure.kind != .unreachable { note(void: failure, key) }
        }
        return found
    }
}
