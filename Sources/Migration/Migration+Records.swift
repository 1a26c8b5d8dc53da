import Base
import Keys
import Repository
import Sites

extension Migration {
    private func path(_ number: UInt32) -> String { folder + "/record-" + generationText(number) }

    /// Signs the next record, and stores it at the site that is moved to; with `atBoth` at the other one too.
    ///
    /// The signed bytes are kept in the folder first, so that a killed act stores the same object again. An earlier record that was
    /// signed and not stored is stored before.
    func record(_ act: MigrationRecord.Act, atBoth: Bool, _ context: MigrationContext) throws {
        while true {
            let number = state.records + 1
            let (bytes, record) = try signed(number, context) ?? sign(act, number, context)
            do {
                if atBoth { try context.from.createOrConfirm(record.key, bytes) }
                try context.to.createOrConfirm(record.key, bytes)
            } catch let failure as Failure where failure.kind == .exists {
                try passOver(record, failure, context)
                continue
            }
            state.records = number
            try save()
            if record.act == act { return }
        }
    }

    /// The record of that number as it was signed; nil where none was, or a kill cut it off.
    private func signed(_ number: UInt32, _ context: MigrationContext) throws -> (bytes: [UInt8], record: MigrationRecord)? {
        guard let bytes = try Files.read(path(number)), let statement = try? Statement(bytes, .migration, tenant: context.fingerprint.tenant),
            let record = try? MigrationRecord(body: statement.body), record.number == number, record.migration.hex == state.migration
        else { return nil }
        return (bytes, record)
    }

    /// Throws `.refused` for a record that nobody would believe, as by a clock before the key's time: it keeps no writer away.
    private func sign(_ act: MigrationRecord.Act, _ number: UInt32, _ context: MigrationContext) throws -> (bytes: [UInt8], record: MigrationRecord) {
        let record = try make(act, number, context.now())
        let bytes = try Statement.sign(.migration, tenant: context.fingerprint.tenant, body: record.body, by: context.signer)
        let trust = try context.repository(act == .withdrawn ? context.from : context.to, expected: act == .withdrawn ? state.from : state.to).trust
        try trust.verify(Statement(bytes, .migration, tenant: context.fingerprint.tenant), roles: [.maintain], at: record.created.seconds)
        try Files.replace(path(number), bytes)
        Steps.mark("migration signed")
        return (bytes, record)
    }

    /// Rubbish under a record's name says nothing: the next number does. A valid record there is of another machine with this state: throws `failure`.
    private func passOver(_ record: MigrationRecord, _ failure: Failure, _ context: MigrationContext) throws {
        guard try isVoid(record, context) else { throw failure }
        state.records = record.number
        try save()
    }

    /// Whether a record was signed that may be at a site though this migration has not noted it.
    func hasSigned(_ context: MigrationContext) throws -> Bool { try signed(state.records + 1, context) != nil }

    /// Says at the site that is left that it is not left after all. The other one may be what the migration is taken back for: it is told as far as it can be.
    func recordWithdrawal(_ context: MigrationContext) throws {
        while true {
            // A signed record keeps its number, whether or not it came to a site: the withdrawal is the last one.
            let (bytes, record) = try signed(state.records + 1, context) ?? sign(.withdrawn, state.records + 1, context)
            do { try store(bytes, record.key, atBoth: record.act == .withdrawn, context) } catch let failure as Failure where failure.kind == .exists
            {
                try passOver(record, failure, context)
                continue
            }
            state.records = record.number
            try save()
            if record.act == .withdrawn { return }
        }
    }

    /// Whether what lies under the record's name at either site, where there is something, is obeyed by nobody.
    private func isVoid(_ record: MigrationRecord, _ context: MigrationContext) throws -> Bool {
        for (site, id) in [(context.from, state.from), (context.to, state.to)] {
            do {
                let there = try context.repository(site, expected: id).migrations().first { $0.key == record.key }
                if let there, there != record { return false }
            } catch let failure as Failure where record.act == .withdrawn && site.name == context.to.name && failure.kind != .interrupted { continue }
        }
        return true
    }

    /// Throws `.refused` where the site is left for a third one as well: neither copy is whole once the other has begun to delete.
    func checkAlone(_ context: MigrationContext) throws {
        let repository = try context.repository(context.from, expected: state.from)
        if let other = try repository.departures().first(where: { $0.migration.hex != state.migration && $0.to.hex != state.to }) {
            throw Failure(.refused, .migrationElsewhere(other.toName), object: state.fromName)
        }
    }

    /// Throws `.refused` where another migration away from the site, whose folder is elsewhere or lost, has come so far that it may have deleted.
    func checkNotDeleted(_ context: MigrationContext) throws {
        for (site, id) in [(context.from, state.from), (context.to, state.to)] {
            let records: [MigrationRecord]
            do { records = try context.repository(site, expected: id).migrations() } catch let failure as Failure
                where site.name == context.to.name && failure.kind != .interrupted
            {
                continue  // It may be gone: it is what the migration is taken back for.
            }
            for all in Dictionary(grouping: records, by: \.migration).values {
                guard let last = all.last, last.from.hex == state.from, last.migration.hex != state.migration else { continue }
                if [.agreed, .partlyDeleted].contains(last.act) { throw Failure(.refused, .migrationTooLate, object: state.fromName) }
            }
        }
    }

    /// Other migrations between the same sites, of which the folder was lost: nobody else can take them back any more.
    func withdrawOthers(_ context: MigrationContext) throws {
        let repository = try context.repository(context.from, expected: state.from)
        for records in Dictionary(grouping: try repository.migrations(), by: \.migration).values {
            guard let last = records.last, last.act != .withdrawn, last.migration.hex != state.migration, last.from.hex == state.from,
                last.to.hex == state.to
            else { continue }
            let record = MigrationRecord(
                migration: last.migration, number: last.number + 1, act: .withdrawn, from: last.from, to: last.to, fromName: last.fromName,
                toName: last.toName, begun: last.begun, created: context.now(), proof: nil, samples: [], deleted: 0, deletedBytes: 0,
                remnantCount: 0, remnantBytes: 0, remnants: [])
            let bytes = try Statement.sign(.migration, tenant: context.fingerprint.tenant, body: record.body, by: context.signer)
            try store(bytes, record.key, atBoth: true, context)
        }
    }

    private func store(_ bytes: [UInt8], _ key: String, atBoth: Bool, _ context: MigrationContext) throws {
        if atBoth { try context.from.createOrConfirm(key, bytes) }
        do { try context.to.createOrConfirm(key, bytes) } catch let failure as Failure where failure.kind != .interrupted {
            problems.append(failure.of(context.to.name))
        }
    }

    private func make(_ act: MigrationRecord.Act, _ number: UInt32, _ now: Timestamp) throws -> MigrationRecord {
        guard let migration = ShortID(hex: state.migration), let from = ShortID(hex: state.from), let to = ShortID(hex: state.to) else {
            throw Failure(.damaged, .migrationStateUnreadable, object: MigrationState.path(folder))
        }
        let isProven = act != .leaving && act != .withdrawn
        let isAfter = act == .partlyDeleted || act == .deleted
        return MigrationRecord(
            migration: migration, number: number, act: act, from: from, to: to, fromName: state.fromName, toName: state.toName,
            begun: Timestamp(seconds: state.begun), created: now, proof: isProven ? state.proof?.record : nil,
            samples: isProven ? state.samples.suffix(MigrationRecord.sampleLimit).compactMap(\.record) : [],
            deleted: isAfter ? state.held - min(state.held, state.remnantCount) : 0,
            deletedBytes: isAfter ? state.heldBytes - min(state.heldBytes, state.remnantBytes) : 0,
            remnantCount: isAfter ? state.remnantCount : 0, remnantBytes: isAfter ? state.remnantBytes : 0,
            remnants: isAfter
                ? state.remnants.map {
                    .init(key: $0.key, size: $0.size, reason: $0.reason == "lock" ? .lock : $0.reason == "hold" ? .hold : .refused, until: $0.until)
                } : [])
    }
}
