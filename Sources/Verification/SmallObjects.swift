import Base
import Codec
import Keys
import Repository
import Sites

/// Checks every small object of a site: its checksum, its signature, and that its signer had the right
/// (docs/FORMAT.md, "Whose word counts"). Needs no key.
struct SmallObjects {
    let site: OpenSite
    /// Opens segments where it can.
    let keys: KeyRing?
    private var repository: SiteRepository { site.repository }
    private let commits: [ShortID: Timestamp]

    init(_ site: OpenSite, keys: KeyRing?) {
        self.site = site
        self.keys = keys
        commits = Dictionary(site.commits.map { ($0.key.snapshot, $0.created) }, uniquingKeysWith: min)
    }

    private static let folders: [(String, Statement.Kind?)] = [
        ("descriptor/", .descriptor), ("sessions/", .session), ("commits/", .slot), ("snapshots/", .manifest), ("index/", .segment),
        ("condemned/", .condemned), ("decided/", .decided), ("forget/", .forget), ("attested/", .attested),
        (SheetRecord.folder, .sheet), (HoldRecord.folder, .hold), (MigrationRecord.folder, .migration), ("keys/", nil), ("lists/", nil),
    ]

    /// Reads and checks them one after the other: they are small, except segments, of which one is held at a time.
    func check(isCancelled: () -> Bool, checked: () -> Void, found: (Finding) -> Void, unknown: (Failure) -> Void) throws {
        checkOne(SiteMarker.key, .marker, found, unknown)
        checked()
        for (folder, kind) in Self.folders {
            let names: [String]
            do { names = try site.site.keys(folder) } catch let failure as Failure {
                unknown(failure.of(site.name))
                continue
            }
            for key in names {
                if isCancelled() { throw Failure(.interrupted, .interrupted) }
                checkOne(key, kind, found, unknown)
                checked()
            }
        }
    }

    private func checkOne(_ key: String, _ kind: Statement.Kind?, _ found: (Finding) -> Void, _ unknown: (Failure) -> Void) {
        let object = "\(site.name):\(key)"
        let limit = (kind?.bodyLimit ?? 64 << 20) + Statement.overhead
        let bytes: [UInt8]
        do {
            bytes = try site.site.read(key, limit: limit)
        } catch {
            let failure = (error as? Failure ?? Failure(.failed, .system("read", "\(error)"))).of(object)
            // Gone since the listing: maintenance removes sessions and slots that have ended.
            if failure.kind == .missing { return }
            if failure.kind == .damaged { found(Finding(.damaged, key, site: site.name, failure)) } else { unknown(failure) }
            return
        }
        do {
            do {
                if let kind { try check(bytes, kind, key) } else { try check(bytes, key) }
            } catch let failure as Failure where failure.kind == .damaged {
                // Wrong bytes once are the way's fault.
                let again = try site.site.read(key, limit: limit)
                guard again != bytes else { throw failure }
                if let kind { try check(again, kind, key) } else { try check(again, key) }
            }
        } catch {
            let failure = (error as? Failure ?? Failure(.failed, .system("check", "\(error)"))).of(object)
            if let finding = Finding(failure, key, site: site.name) { found(finding) } else { unknown(failure) }
        }
    }

    /// Objects that are no statements.
    private func check(_ bytes: [UInt8], _ key: String) throws {
        if key.hasPrefix("lists/") {
            guard Digest(hex: key.dropFirst(6)) == sha256(bytes) else { throw Failure(.damaged, .wrongHash) }
        } else {
            guard try KeyWrap(decoding: bytes).tenant == repository.tenant else { throw Failure(.wrongPlace, .foreignObject) }
        }
    }

    private func check(_ bytes: [UInt8], _ kind: Statement.Kind, _ key: String) throws {
        let statement = try Statement(bytes, kind, tenant: repository.tenant)
        let (body, trust, now) = (statement.body, repository.trust, Timestamp.now().seconds)
        let name: String
        var home = repository.id
        switch kind {
        case .marker:
            name = SiteMarker.key
            guard try SiteMarker(body: body).site == repository.id else { throw Failure(.wrongPlace, .markerForeign) }
            try statement.verify(trust.descriptor.authority)
        case .descriptor:
            name = Descriptor.key(try Descriptor(body: body).number, bytes)
            // The chain was believed when the site was opened: it must not have changed since.
            guard trust.stored.contains(bytes) else { throw Failure(.refused, .brokenChain) }
        case .session:
            let record = try SessionRecord(body: body)
            (name, home) = (SessionRecord.key(record.session), record.site)
            try trust.verify(statement, roles: [record.purpose == .backup ? .write : .maintain], domain: record.domain, at: record.created.seconds)
        case .slot:
            let record = try SlotRecord(body: body)
            (name, home) = (record.key.key, record.site)
            try trust.verify(statement, roles: record.outcome == .fence ? [.maintain] : [.write, .maintain], at: record.created.seconds)
            // Only who holds the session gives it up; once it is removed, nobody knows who that was.
            if record.outcome == .abandon,
                let session = try? repository.statement(SessionRecord.key(record.key.session), .session), session.signer != statement.signer
            {
                throw Failure(.refused, .badSignature)
            }
        case .manifest:
            let manifest = try Manifest(body: body)
            name = Manifest.key(manifest.snapshot, sha256(bytes))
            try trust.verify(statement, roles: [.write], domain: manifest.domain, at: commits[manifest.snapshot]?.seconds ?? now)
        case .condemned:
            let record = try CondemnedRecord(body: body)
            (name, home) = (CondemnedRecord.key(record.generation), record.site)
            try trust.verify(statement, roles: [.maintain], at: record.created.seconds)
        case .decided:
            let record = try DecidedRecord(body: body)
            (name, home) = (DecidedRecord.key(record.generation), record.site)
            try trust.verify(statement, roles: [.maintain], at: record.created.seconds)
        case .forget:
            let record = try ForgetRecord(body: body)
            name = ForgetRecord.key(record.number)
            try trust.verify(statement, roles: [.maintain], at: record.created.seconds)
        case .attested:
            let record = try AttestedRecord(body: body)
            name = AttestedRecord.key(record.number)
            try trust.verify(statement, roles: [.verify], at: record.created.seconds)
        case .sheet:
            let record = try SheetRecord(body: body)
            name = record.key
            try trust.verify(statement, roles: [.verify], at: record.created.seconds)
            // Signed, and yet not to be read: damage that no checksum shows.
            if let keys, keys.catalogue(record.domain) != nil { _ = try record.open(keys) }
        case .hold:
            let record = try HoldRecord(body: body)
            name = record.key
            try trust.verify(statement, roles: [.maintain], at: record.created.seconds)
            if let keys, keys.catalogue(record.domain) != nil { _ = try record.open(keys) }
        case .migration:
            let record = try MigrationRecord(body: body)
            name = record.key
            try trust.verify(statement, roles: [.maintain], at: record.created.seconds)
        case .segment:
            let clear = try IndexSegment.Clear(ofBody: body)
            (name, home) = (clear.name.key, clear.site)
            try checkSegment(statement, clear)
        }
        // What was said of another place, or under another name, is not said here.
        guard name == key, home == repository.id else { throw Failure(.refused, .badSignature) }
    }

    private func checkSegment(_ statement: Statement, _ clear: IndexSegment.Clear) throws {
        let (name, domain) = (clear.name, clear.domain)
        let signer = try repository.trust.verify(statement, roles: [.maintain, .write], domain: domain, at: clear.created.seconds)
        guard let keys, keys.catalogue(domain) != nil else { return }
        let segment = try IndexSegment(body: statement.body, tenant: repository.tenant, keys: keys)
        guard signer.role == .maintain || segment.packs.allSatisfy({ $0.key.session == name.session && $0.writer == signer.key.id }) else {
            throw Failure(.refused, .badSignature)
        }
    }
}
