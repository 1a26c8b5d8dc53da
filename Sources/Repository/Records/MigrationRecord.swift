import Base

/// The objects `migrations/<id>.<n>`, signed by maintenance: how a site was left for another, and on which proof
/// (docs/MIGRATION.md). They are of no site: the same object is stored at each, and copies count.
package struct MigrationRecord: Sendable, Equatable {
    package static let folder = "migrations/"

    package enum Act: UInt8, Sendable {
        /// No session begins at the site that is left from now on. Nothing was deleted.
        case leaving = 1
        /// Both sites hold the same: deletion may begin.
        case agreed = 2
        /// What could be deleted is gone; remnants are listed.
        case partlyDeleted = 3
        /// Nothing of the tenant is left there but these records, the chain and the marker, which go last.
        case deleted = 4
        /// The site is not left after all. Only before deletion began.
        case withdrawn = 5
    }

    /// A restore from the site that is moved to.
    package struct Sample: Sendable, Equatable {
        package let snapshot: ShortID
        package let isGood: Bool
        package let finished: Timestamp
        /// Name of the sheet that tells more; may be empty.
        package let sheet: String

        package init(snapshot: ShortID, isGood: Bool, finished: Timestamp, sheet: String) {
            self.snapshot = snapshot
            self.isGood = isGood
            self.finished = finished
            self.sheet = sheet
        }
    }

    /// An object that could not be deleted.
    package struct Remnant: Sendable, Equatable {
        package enum Reason: UInt8, Sendable {
            /// Locked until a date.
            case lock = 1
            /// Kept by a legal hold of the store, without a date.
            case hold = 2
            /// The store refused otherwise.
            case refused = 3
        }

        package let key: String
        package let size: UInt64
        package let reason: Reason
        /// Seconds since 1970; nil where the store names no date.
        package let until: Int64?

        package init(key: String, size: UInt64, reason: Reason, until: Int64?) {
            self.key = key
            self.size = size
            self.reason = reason
            self.until = until
        }
    }

    /// What both sites hold the same of.
    package struct Proof: Sendable, Equatable {
        package let root: Digest
        package let leaves: UInt64
        /// Sum of the sizes of the objects.
        package let bytes: UInt64
        package let snapshots: UInt64
        /// When the later of both sites was read to its end.
        package let made: Timestamp

        package init(root: Digest, leaves: UInt64, bytes: UInt64, snapshots: UInt64, made: Timestamp) {
            self.root = root
            self.leaves = leaves
            self.bytes = bytes
            self.snapshots = snapshots
            self.made = made
        }
    }

    package static let sampleLimit = 4096
    /// Remnants that one record lists; `remnantCount` counts all.
    package static let remnantLimit = 65_536

    package let migration: ShortID
    /// From 1, in the order in which they were made.
    package let number: UInt32
    package let act: Act
    package let from: ShortID
    package let to: ShortID
    package let fromName: String
    package let toName: String
    /// When the migration was planned.
    package let begun: Timestamp
    package let created: Timestamp
    /// Nil in `leaving` and `withdrawn`.
    package let proof: Proof?
    package let samples: [Sample]
    /// Objects and bytes that were deleted at the site that is left.
    package let deleted: UInt64
    package let deletedBytes: UInt64
    package let remnantCount: UInt64
    package let remnantBytes: UInt64
    package let remnants: [Remnant]

    package var key: String { Self.key(migration, number) }

    package static func key(_ migration: ShortID, _ number: UInt32) -> String { folder + migration.hex + "." + generationText(number) }

    package init(
        migration: ShortID, number: UInt32, act: Act, from: ShortID, to: ShortID, fromName: String, toName: String, begun: Timestamp,
        created: Timestamp, proof: Proof? = nil, samples: [Sample] = [], deleted: UInt64 = 0, deletedBytes: UInt64 = 0, remnantCount: UInt64 = 0,
        remnantBytes: UInt64 = 0, remnants: [Remnant] = []
    ) {
        self.migration = migration
        self.number = number
        self.act = act
        self.from = from
        self.to = to
        self.fromName = fromName
        self.toName = toName
        self.begun = begun
        self.created = created
        self.proof = proof
        self.samples = samples
        self.deleted = deleted
        self.deletedBytes = deletedBytes
        self.remnantCount = remnantCount
        self.remnantBytes = remnantBytes
        self.remnants = remnants
    }

    package var body: [UInt8] {
        var w = ByteWriter()
        w.id(migration)
        w.u32(number)
        w.u8(act.rawValue)
        w.id(from)
        w.id(to)
        w.text(fromName)
        w.text(toName)
        w.timestamp(begun)
        w.timestamp(created)
        w.u8(proof == nil ? 0 : 1)
        if let proof {
            w.digest(proof.root)
            w.u64(proof.leaves)
            w.u64(proof.bytes)
            w.u64(proof.snapshots)
            w.timestamp(proof.made)
        }
        w.varint(UInt64(samples.count))
        for sample in samples {
            w.id(sample.snapshot)
            w.u8(sample.isGood ? 1 : 0)
            w.timestamp(sample.finished)
            w.text(sample.sheet)
        }
        w.u64(deleted)
        w.u64(deletedBytes)
        w.u64(remnantCount)
        w.u64(remnantBytes)
        w.varint(UInt64(remnants.count))
        for remnant in remnants {
            w.text(remnant.key)
            w.u64(remnant.size)
            w.u8(remnant.reason.rawValue)
            w.i64(remnant.until ?? 0)
        }
        return w.bytes
    }

    package init(body: [UInt8]) throws {
        self = try body.decode { r in
            let (migration, number) = (try r.id(), try r.u32())
            guard number > 0 else { throw Failure(.damaged, .malformedRecord("number")) }
            guard let act = Act(rawValue: try r.u8()) else { throw Failure(.format, .newerFormat) }
            let (from, to) = (try r.id(), try r.id())
            let fromName = try r.text(limit: 256, "site name")
            let toName = try r.text(limit: 256, "site name")
            let (begun, created) = (try r.timestamp(), try r.timestamp())
            let proof: Proof? =
                try r.flag("proof")
                ? Proof(root: try r.digest(), leaves: try r.u64(), bytes: try r.u64(), snapshots: try r.u64(), made: try r.timestamp()) : nil
            let samples = try (0..<r.count(limit: Self.sampleLimit, "samples")).map { _ in
                Sample(
                    snapshot: try r.id(), isGood: try r.flag("sample"), finished: try r.timestamp(), sheet: try r.text(limit: 256, "sheet"))
            }
            let (deleted, deletedBytes) = (try r.u64(), try r.u64())
            let (remnantCount, remnantBytes) = (try r.u64(), try r.u64())
            let remnants = try (0..<r.count(limit: Self.remnantLimit, "remnants")).map { _ in
                let (key, size) = (try r.text(limit: 1024, "key"), try r.u64())
                guard let reason = Remnant.Reason(rawValue: try r.u8()) else { throw Failure(.format, .newerFormat) }
                let until = try r.i64()
                return Remnant(key: key, size: size, reason: reason, until: until == 0 ? nil : until)
            }
            return MigrationRecord(
                migration: migration, number: number, act: act, from: from, to: to, fromName: fromName, toName: toName, begun: begun,
                created: created, proof: proof, samples: samples, deleted: deleted, deletedBytes: deletedBytes, remnantCount: remnantCount,
                remnantBytes: remnantBytes, remnants: remnants)
        }
    }
}
