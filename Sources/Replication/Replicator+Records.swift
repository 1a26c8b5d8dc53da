import Base
import Keys
import Repository
import Sites

extension Replicator {
    /// Copies the records that the target lacks: the chain of descriptors first, then key wraps, then what
    /// retention dropped, what was attested, sheets of restore tests, holds, and records of migrations. Each is verified before. Returns the target, opened again
    /// where it has become another.
    func levelRecords(_ target: OpenSite, _ report: inout ReplicationReport) throws -> OpenSite {
        let added = try levelChain(target)
        var target = target
        if added > 0 {
            target = try atTarget {
                let repository = try SiteRepository(
                    site: target.site, fingerprint: target.repository.trust.fingerprint, state: target.repository.state,
                    expected: target.repository.id)
                return try OpenSite(repository, keys: keys, scratch: scratch)
            }
        }
        report.records += added
        for source in sources {
            do {
                report.records += try copyWraps(source, target, &report)
                report.records += try copyStatements(.forget, source, target, &report)
                report.records += try copyStatements(.attested, source, target, &report)
                report.records += try copyStatements(.sheet, source, target, &report)
                report.records += try copyStatements(.hold, source, target, &report)
                report.records += try copyStatements(.migration, source, target, &report)
            } catch let failure as Failure { report.problems.append(failure.of(source.name)) }
        }
        return target
    }

    /// Makes the target's chain as long as the longest. Chains that part were not made by one authority's
    /// hand: nothing is copied then.
    private func levelChain(_ target: OpenSite) throws -> Int {
        let known = target.repository.trust.stored
        var longest = known
        for source in sources where source.repository.trust.stored.count > longest.count { longest = source.repository.trust.stored }
        for site in sources + [target] where !longest.starts(with: site.repository.trust.stored) {
            throw Failure(.refused, .brokenChain, object: site.name)
        }
        try atTarget {
            for number in known.count..<longest.count {
                try target.site.createOrConfirm(Descriptor.key(UInt32(number), longest[number]), longest[number])
            }
        }
        return longest.count - known.count
    }

    /// Key wraps for the recipients of today: one taken back must not return from an old copy.
    private func copyWraps(_ source: OpenSite, _ target: OpenSite, _ report: inout ReplicationReport) throws -> Int {
        let recipients = Set(target.repository.trust.descriptor.recipients.map(\.key.id))
        let there = Set(try atTarget { try target.site.keys("keys/") })
        var copied = 0
        for key in try source.site.keys("keys/") where !there.contains(key) {
            do {
                let bytes = try source.site.read(key, limit: 16 << 20)
                let wrap = try KeyWrap(decoding: bytes)
                guard wrap.tenant == target.repository.tenant else { throw Failure(.wrongPlace, .foreignObject) }
                guard recipients.contains(wrap.recipient) else { continue }
                try atTarget { try target.site.createOrConfirm(key, bytes) }
                copied += 1
            } catch let failure as Failure { report.problems.append(failure.of("\(source.name):\(key)")) }
        }
        return copied
    }

    /// Records of one kind, each known by its name. Forget records form one chain of the tenant: two of the same number that
    /// differ are told, for only one of them is obeyed at each site.
    private func copyStatements(
        _ kind: Statement.Kind, _ source: OpenSite, _ target: OpenSite, _ report: inout ReplicationReport
    ) throws -> Int {
        let folder =
            switch kind {
            case .forget: "forget/"
            case .sheet: SheetRecord.folder
            case .hold: HoldRecord.folder
            case .migration: MigrationRecord.folder
            default: "attested/"
            }
        let limit = kind.bodyLimit + Statement.overhead
        let there = Set(try atTarget { try target.site.keys(folder) })
        var copied = 0
        for key in try source.site.keys(folder) {
            if kind != .forget, there.contains(key) { continue }
            do {
                let bytes = try source.site.read(key, limit: limit)
                if there.contains(key) {
                    guard try atTarget({ try target.site.read(key, limit: limit) }) == bytes else { throw Failure(.refused, .recordsDiffer) }
                    continue
                }
                try check(bytes, kind, key, target.repository.trust)
                try atTarget { try target.site.createOrConfirm(key, bytes) }
                copied += 1
            } catch let failure as Failure { report.problems.append(failure.of("\(source.name):\(key)")) }
        }
        return copied
    }

    /// Throws unless the record is validly signed and named.
    private func check(_ bytes: [UInt8], _ kind: Statement.Kind, _ key: String, _ trust: Trust) throws {
        let statement = try Statement(bytes, kind, tenant: trust.tenant)
        let (name, created): (String, Timestamp)
        if kind == .forget {
            let record = try ForgetRecord(body: statement.body)
            (name, created) = (ForgetRecord.key(record.number), record.created)
        } else if kind == .hold {
            let record = try HoldRecord(body: statement.body)
            (name, created) = (record.key, record.created)
        } else if kind == .migration {
            let record = try MigrationRecord(body: statement.body)
            (name, created) = (record.key, record.created)
        } else if kind == .sheet {
            let record = try SheetRecord(body: statement.body)
            (name, created) = (record.key, record.created)
        } else {
            let record = try AttestedRecord(body: statement.body)
            (name, created) = (AttestedRecord.key(record.number), record.created)
        }
        guard name == key else { throw Failure(.refused, .badSignature) }
        try trust.verify(statement, roles: [[.forget, .hold, .migration].contains(kind) ? .maintain : .verify], at: created.seconds)
    }
}
