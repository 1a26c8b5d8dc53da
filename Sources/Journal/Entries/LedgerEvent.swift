import Base

/// One of the two ledgers. They are kept for different times, so they are chains of their own.
package enum Ledger: UInt8, Sendable, CaseIterable {
    /// What the system did. No personal data: kept as long as the backups.
    case operations = 1
    /// Who asked for what, and why. Erased after its time.
    case accesses = 2

    package var word: String { self == .operations ? "operations" : "accesses" }

    /// What must hold for as long as the backups is signed with ML-DSA-65 as well (docs/FORMAT.md, 7).
    package var isLasting: Bool { self == .operations }
}

/// What is written down: everything of an entry but its place in the chain and its time, which the ledger gives.
package struct LedgerEvent: Sendable, Equatable {
    /// What kind of act it was. A number that this version does not know is kept and shown as a number: an older
    /// verifier still follows the chain of a newer writer.
    package struct Kind: RawRepresentable, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let backup = Kind(rawValue: 1)
        package static let restore = Kind(rawValue: 2)
        /// Snapshots, folders or files were listed or looked at.
        package static let list = Kind(rawValue: 3)
        package static let verification = Kind(rawValue: 4)
        package static let restoreTest = Kind(rawValue: 5)
        package static let policyDecision = Kind(rawValue: 6)
        /// A key was made, opened, wrapped, changed or destroyed.
        package static let keyUse = Kind(rawValue: 7)
        package static let configuration = Kind(rawValue: 8)
        package static let refusal = Kind(rawValue: 9)
        /// Segments of a ledger were erased.
        package static let erasure = Kind(rawValue: 10)
        /// The ledger itself was mended after a crash or damage.
        package static let recovery = Kind(rawValue: 11)
        package static let replication = Kind(rawValue: 12)
        package static let retention = Kind(rawValue: 13)
        package static let collection = Kind(rawValue: 14)
        package static let evidence = Kind(rawValue: 15)
        /// The journal itself was read out.
        package static let export = Kind(rawValue: 16)
        package static let migration = Kind(rawValue: 17)
        package static let hold = Kind(rawValue: 18)
        /// A service began or ended.
        package static let service = Kind(rawValue: 19)
        /// The time source was looked at.
        package static let clock = Kind(rawValue: 20)
        package static let incident = Kind(rawValue: 21)
        /// A person looked through the traces.
        package static let review = Kind(rawValue: 22)
        /// What was written to a site and deleted there.
        package static let transfer = Kind(rawValue: 23)

        private static let words = [
            "", "backup", "restore", "list", "verification", "restore-test", "policy-decision", "key-use", "configuration", "refusal",
            "erasure", "recovery", "replication", "retention", "collection", "evidence", "export", "migration", "hold", "service", "clock",
            "incident", "review", "transfer",
        ]

        /// The name of the kind for people and scripts.
        package var word: String {
            rawValue > 0 && Int(rawValue) < Self.words.count ? Self.words[Int(rawValue)] : "kind-\(rawValue)"
        }
    }

    package enum Outcome: UInt8, Sendable, CaseIterable {
        /// It is about to be done; another entry tells how it ended.
        case begun = 1
        case done = 2
        case partial = 3
        case failed = 4
        case refused = 5

        package var word: String { "\(self)" }
    }

    /// What it was done to, such as `snapshot` and its id.
    package struct Object: Sendable, Equatable {
        package let type: Word
        package let value: EntryValue

        package init(_ type: Word, _ value: EntryValue) {
            self.type = type
            self.value = value
        }
    }

    package var kind: Kind
    package var outcome: Outcome
    package var identity: Identity
    package var object: Object?
    /// Why: what the person gave in the accesses ledger; a word, or nothing, in the operations ledger.
    package var reason: String
    /// Further facts, by name.
    package var details: [Word: EntryValue]

    package init(
        _ kind: Kind, _ outcome: Outcome, by identity: Identity, object: Object? = nil, reason: String = "", details: [Word: EntryValue] = [:]
    ) {
        self.kind = kind
        self.outcome = outcome
        self.identity = identity
        self.object = object
        self.reason = reason
        self.details = details
    }
}

extension LedgerEvent {
    /// Largest reason, in bytes.
    package static let reasonLimit = 1024
    /// Most details.
    package static let detailLimit = 32

    /// What a ledger of that kind may not hold in this event; nil where it may hold it all.
    package func personalData(in ledger: Ledger) -> String? {
        guard ledger == .operations else { return nil }
        if identity.account != nil { return "account" }
        if !reason.isEmpty, Word(reason) == nil { return "reason" }
        if object?.value.isFree == true { return "object" }
        return details.filter { $0.value.isFree }.keys.min()?.text
    }

    /// Throws `.usage` for what an entry of that ledger cannot hold.
    package func check(_ ledger: Ledger) throws {
        if let field = personalData(in: ledger) { throw Failure(.usage, .journalPersonalData(field)) }
        guard reason.utf8.count <= Self.reasonLimit else { throw Failure(.usage, .journalTooLong("reason", limit: Self.reasonLimit)) }
        guard details.count <= Self.detailLimit else { throw Failure(.usage, .journalTooLong("details", limit: Self.detailLimit)) }
        for (name, value) in Array(details) + (object.map { [($0.type, $0.value)] } ?? []) {
            switch value {
            case .text(let text) where text.utf8.count > EntryValue.limit: throw Failure(.usage, .journalTooLong(name.text, limit: EntryValue.limit))
            case .bytes(let bytes) where bytes.count > EntryValue.limit: throw Failure(.usage, .journalTooLong(name.text, limit: EntryValue.limit))
            default: break
            }
        }
    }
}
