import Base
import Keys
import Repository
import Sites

/// Whether a small object belongs to a tenant's copy: replication copies what is validly signed, and key wraps of today's
/// recipients. What is neither is left behind.
enum RecordCheck {
    private static let kinds: [Substring: Statement.Kind] = ["forget": .forget, "attested": .attested, "sheets": .sheet, "holds": .hold]

    /// Largest size of the object of that key, in bytes.
    static func limit(_ key: String) -> Int {
        let folder = key.prefix { $0 != "/" }
        if let kind = kinds[folder] { return kind.bodyLimit + Statement.overhead }
        return folder == "keys" ? 16 << 20 : 64 << 20
    }

    /// Throws `.damaged`, `.refused`, `.wrongPlace` or `.format` for what nobody obeys; false for a wrap whose recipient is none any more.
    static func belongs(_ bytes: [UInt8], _ key: String, _ trust: Trust) throws -> Bool {
        let folder = key.prefix { $0 != "/" }
        if folder == "keys" {
            let wrap = try KeyWrap(decoding: bytes)
            guard wrap.tenant == trust.tenant else { throw Failure(.wrongPlace, .foreignObject) }
            return trust.descriptor.recipients.contains { $0.key.id == wrap.recipient }
        }
        // Set aside for other uses: it is kept as it is.
        guard let kind = kinds[folder] else { return true }
        let statement = try Statement(bytes, kind, tenant: trust.tenant)
        let (name, role, created): (String, Descriptor.Role, Timestamp)
        switch kind {
        case .forget:
            let record = try ForgetRecord(body: statement.body)
            (name, role, created) = (ForgetRecord.key(record.number), .maintain, record.created)
        case .attested:
            let record = try AttestedRecord(body: statement.body)
            (name, role, created) = (AttestedRecord.key(record.number), .verify, record.created)
        case .sheet:
            let record = try SheetRecord(body: statement.body)
            (name, role, created) = (record.key, .verify, record.created)
        default:
            let record = try HoldRecord(body: statement.body)
            (name, role, created) = (record.key, .maintain, record.created)
        }
        guard name == key else { throw Failure(.refused, .badSignature) }
        try trust.verify(statement, roles: [role], at: created.seconds)
        return true
    }
}
