import Base
import Foundation
import Repository

/// Where a migration is. Each phase may be begun again at any point.
package enum MigrationPhase: String, Codable, Sendable, CaseIterable {
    case planned
    case copying
    case proving
    /// Both sites receive new snapshots until a moment.
    case doubleRun
    /// The site is being left: it is brought level for the last time, proven, and restores from the other are sampled.
    case sampling
    case agreed
    case deleting
    case done
    case withdrawn
}

/// What a migration was asked to do.
package struct MigrationPlan: Codable, Sendable, Equatable {
    /// Seconds for which both sites receive new snapshots, once they were proven the same.
    package var doubleRun: Int64
    /// Restores from the other site that must have succeeded; all snapshots where there are fewer.
    package var samples: Int
    /// Seconds after which a session at the site that is left counts as dead, and is fenced.
    package var patience: Int64

    package init(doubleRun: Int64, samples: Int = 3, patience: Int64 = 86_400) {
        self.doubleRun = doubleRun
        self.samples = samples
        self.patience = patience
    }
}

/// A migration as it is kept in a folder of the state: a JSON file, replaced at each step.
package struct MigrationState: Codable, Sendable, Equatable {
    package struct Proof: Codable, Sendable, Equatable {
        /// 64 hexadecimal digits.
        package var root: String
        package var leaves: UInt64
        package var bytes: UInt64
        package var snapshots: UInt64
        /// Seconds since 1970.
        package var made: Int64
    }

    package struct Sample: Codable, Sendable, Equatable {
        package var snapshot: String
        package var good: Bool
        package var finished: Int64
        package var sheet: String
    }

    package struct Remnant: Codable, Sendable, Equatable {
        package var key: String
        package var size: UInt64
        /// `lock`, `hold` or `refused`.
        package var reason: String
        /// Seconds since 1970; absent where the store names no date.
        package var until: Int64?
    }

    package static let version = 1

    package var version = Self.version
    package var migration: String
    package var tenant: String
    package var from: String
    package var to: String
    package var fromName: String
    package var toName: String
    package var plan: MigrationPlan
    /// Seconds since 1970.
    package var begun: Int64
    package var phase = MigrationPhase.planned
    package var doubleRunUntil: Int64?
    /// The slot of a session at the other site that a killed copy may have left open.
    package var session: String?
    /// Of the first agreement, before the double run.
    package var firstProof: Proof?
    /// Of the last one, over which deletion is decided.
    package var proof: Proof?
    /// Snapshots of the last proof.
    package var snapshots: [String] = []
    package var samples: [Sample] = []
    /// Number of the last signed record that is at its sites.
    package var records: UInt32 = 0
    package var isLeaving = false
    /// When that was said first, seconds since 1970.
    package var leftSince: Int64?
    /// When the site that is moved to was last read anew for the deletion, or that was begun.
    package var readAnew: Int64?
    /// Objects and bytes of the tenant at the site when deletion began.
    package var held: UInt64 = 0
    package var heldBytes: UInt64 = 0
    package var deletionBegan: Int64?
    /// Nothing but the marker is left.
    package var isMarkerLast = false
    package var remnants: [Remnant] = []
    package var remnantCount: UInt64 = 0
    package var remnantBytes: UInt64 = 0
    /// What the last record said of what is left: counts, then the dates.
    package var told: [UInt64]?
    package var finished: Int64?

    /// The last sampled restore of each snapshot of the proof.
    package var lastSamples: [Sample] {
        let proven = Set(snapshots)
        return Dictionary(samples.map { ($0.snapshot, $0) }) { $0.finished > $1.finished ? $0 : $1 }.values.filter { proven.contains($0.snapshot) }
    }

    /// Keys of the signed records that are at their sites.
    package var recordKeys: [String] {
        guard let id = ShortID(hex: migration), records > 0 else { return [] }
        return (1...records).map { MigrationRecord.key(id, $0) }
    }

    package static func path(_ folder: String) -> String { folder + "/migration.json" }

    /// The state in `folder`; nil where there is none. Throws `.damaged` for what is no state, `.format` for a newer one.
    package static func read(_ folder: String) throws -> MigrationState? {
        let path = path(folder)
        guard let bytes = try Files.read(path) else { return nil }
        guard let state = try? JSONDecoder().decode(MigrationState.self, from: Data(bytes)) else {
            throw Failure(.damaged, .migrationStateUnreadable, object: path)
        }
        guard state.version == version else { throw Failure(.format, .newerFormat, object: path) }
        return state
    }

    /// Durable on return; a crash leaves the old state or the new one.
    func write(_ folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try Files.replace(Self.path(folder), Array(try encoder.encode(self)))
    }
}

extension MigrationState.Proof {
    var record: MigrationRecord.Proof {
        MigrationRecord.Proof(
            root: Digest(hex: root) ?? .zero, leaves: leaves, bytes: bytes, snapshots: snapshots, made: Timestamp(seconds: made))
    }
}

extension MigrationState.Sample {
    var record: MigrationRecord.Sample? {
        ShortID(hex: snapshot).map { .init(snapshot: $0, isGood: good, finished: Timestamp(seconds: finished), sheet: sheet) }
    }
}

extension MigrationState.Remnant {
    init(_ remnant: MigrationRecord.Remnant) {
        self.init(key: remnant.key, size: remnant.size, reason: "\(remnant.reason)", until: remnant.until)
    }
}
