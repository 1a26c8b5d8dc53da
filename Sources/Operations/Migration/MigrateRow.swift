import Base
import Migration

/// `migrate --json`: where a migration is, and what it shows. Properties are named as in JSON.
package struct MigrateRow: Encodable, Sendable {
    /// One object that is not the same at both sites, or is not whole.
    package struct Difference: Encodable, Sendable {
        package let object: String
        /// `migration.leaf-missing`, `-differs`, `-damaged` or `-unread`.
        package let code: String
    }

    package struct Remnant: Encodable, Sendable {
        package let object: String
        package let bytes: UInt64
        /// `lock`, `hold` or `refused`.
        package let reason: String
        /// RFC 3339; null where the store names no date.
        package let until: String?
    }

    package let tenant: String
    package let from: String
    package let to: String
    /// Id of the migration: its records are `migrations/<id>.<n>`. Null for a plan.
    package var migration: String?
    /// `planned`, `copying`, `proving`, `doubleRun`, `sampling`, `agreed`, `deleting`, `done` or `withdrawn`.
    package var phase: String
    /// Why it stopped here: `planned`, `waiting`, `writers`, `differs`, `samples`, `agreed`, `remnants`, `done` or `withdrawn`.
    package var outcome: String
    /// Of the last readings that agreed: over all that the first site holds, 64 hexadecimal digits, the same at both.
    package var root: String?
    package var objects: UInt64 = 0
    package var bytes: UInt64 = 0
    package var snapshots: UInt64 = 0
    /// Of the last readings, where they do not agree.
    package var root_from: String?
    package var root_to: String?
    package var different: Int = 0
    /// The first thousand of them.
    package var differences: [Difference] = []
    /// RFC 3339: until then both sites receive new snapshots.
    package var double_run_until: String?
    /// Sessions at work at the site that is left.
    package var writers: [String] = []
    package var samples_wanted = 0
    package var samples_good = 0
    package var samples_failed = 0
    package var deleted_objects: UInt64 = 0
    package var deleted_bytes: UInt64 = 0
    package var remaining_objects: UInt64 = 0
    package var remaining_bytes: UInt64 = 0
    /// The first thousand that the store keeps.
    package var remnants: [Remnant] = []
    /// Signed records, by key.
    package var records: [String] = []
    package var status: Int32 = 0

    package var exitStatus: ExitStatus { ExitStatus(rawValue: status) ?? .failed }

    static let listed = 1000

    /// A plan: nothing is known but what there is.
    init(tenant: String, from: String, to: String, objects: Int, bytes: Int, snapshots: Int) {
        (self.tenant, self.from, self.to) = (tenant, from, to)
        (phase, outcome) = (MigrationPhase.planned.rawValue, "planned")
        (self.objects, self.bytes, self.snapshots) = (UInt64(objects), UInt64(bytes), UInt64(snapshots))
    }

    init(tenant: String, _ state: MigrationState, _ compared: LeafComparison?, outcome: String, status: ExitStatus) {
        (self.tenant, from, to) = (tenant, state.fromName, state.toName)
        migration = state.migration
        phase = state.phase.rawValue
        self.outcome = outcome
        self.status = status.rawValue
        if let proof = state.proof ?? state.firstProof {
            (root, objects, bytes, snapshots) = (proof.root, proof.leaves, proof.bytes, proof.snapshots)
        }
        if let compared, !compared.agrees {
            (root_from, root_to) = (compared.fromRoot.hex, compared.toRoot.hex)
            different = compared.differences.count
            differences = compared.differences.prefix(Self.listed).map { Difference(object: $0.name, code: $0.failure.message.code) }
        }
        double_run_until = state.phase == .doubleRun ? state.doubleRunUntil.map { Timestamp(seconds: $0).localText } : nil
        let last = state.lastSamples
        samples_wanted = max(0, min(state.plan.samples, state.snapshots.count) - last.count)
        samples_good = last.count(where: \.good)
        samples_failed = last.count - samples_good
        if state.deletionBegan != nil {
            deleted_objects = state.held - min(state.held, state.remnantCount)
            deleted_bytes = state.heldBytes - min(state.heldBytes, state.remnantBytes)
            (remaining_objects, remaining_bytes) = (state.remnantCount, state.remnantBytes)
            remnants = state.remnants.prefix(Self.listed).map {
                Remnant(object: $0.key, bytes: $0.size, reason: $0.reason, until: $0.until.map { Timestamp(seconds: $0).localText })
            }
        }
        records = state.recordKeys
    }
}
