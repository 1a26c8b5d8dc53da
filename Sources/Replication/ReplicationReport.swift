import Base
import Repository

/// How replication works; the defaults suit a small machine.
package struct ReplicationOptions: Sendable {
    /// Packs copied at a time; each holds one pack in memory.
    package var threads = 3
    /// A segment is written after so many packs or so many seconds: what a later run need not copy again.
    package var packsPerSegment = 32
    package var secondsPerSegment = 60.0
    /// How old a listing of the target may be when a snapshot is committed, in seconds.
    package var listingAge = 3600.0

    package init() {}
}

/// Where a run is. Given from the threads that copy, one at a time.
package struct ReplicationProgress: Sendable {
    package let target: String
    package var snapshot: ShortID?
    /// Counts from 1.
    package var snapshotNumber = 0
    package var snapshotCount = 0
    /// Of the snapshot at hand.
    package var packs = 0
    package var packCount = 0
    package var bytes = 0
    package var byteCount = 0
}

/// What a run did to one target.
package struct ReplicationReport: Sendable {
    package struct Skipped: Sendable {
        package let snapshot: ShortID
        package let failure: Failure
    }

    package let target: String
    /// Now visible there, in the order of their commits.
    package var snapshots: [ShortID] = []
    package var packs = 0
    package var bytes = 0
    /// Descriptors, key wraps and other records that it lacked.
    package var records = 0
    /// Snapshots that could not be brought there; others were.
    package var skipped: [Skipped] = []
    /// Packs that no site could give whole, for a repair.
    package var unrepaired: [PackKey] = []
    /// Copies and records that were passed over: damaged, foreign or void. They changed nothing.
    package var problems: [Failure] = []
    /// Collection kept moving: what was missing may only be elsewhere by now, and another run will tell.
    package var isMoving = false
    /// Why the work at this target ended early.
    package var stopped: Failure?

    package init(target: String) { self.target = target }

    /// Takes in what a further act at the same target did.
    package mutating func add(_ other: ReplicationReport) {
        snapshots += other.snapshots
        packs += other.packs
        bytes += other.bytes
        records += other.records
        skipped += other.skipped
        unrepaired += other.unrepaired
        problems += other.problems.filter { failure in !problems.contains { $0.object == failure.object } }
        stopped = stopped ?? other.stopped
    }

    /// What a later attempt at the same target did; what did not work before no longer counts.
    mutating func replace(by later: ReplicationReport) {
        var sum = later
        (sum.snapshots, sum.packs) = (snapshots + later.snapshots, packs + later.packs)
        (sum.bytes, sum.records) = (bytes + later.bytes, records + later.records)
        self = sum
    }

    /// Whether the target is level with the sources.
    package var isLevel: Bool { skipped.isEmpty && unrepaired.isEmpty && stopped == nil }

    /// What the command exits with: damage at a source that another copy healed leaves 0.
    package var status: ExitStatus {
        if isMoving { return stopped?.exitStatus ?? .partial }
        var status = stopped?.exitStatus ?? .done
        for each in skipped { status = status.combined(with: each.failure.exitStatus) }
        if !unrepaired.isEmpty { status = status.combined(with: .damaged) }
        return status
    }
}

/// Counts what is copied for one snapshot, and tells. Any thread.
final class CopyCount: Sendable {
    private let state: Monitor<ReplicationProgress>
    private let tell: @Sendable (ReplicationProgress) -> Void

    init(_ progress: ReplicationProgress, packs: [WantedPack], tell: @escaping @Sendable (ReplicationProgress) -> Void) {
        var progress = progress
        progress.packCount = packs.count
        progress.byteCount = packs.reduce(0) { $0 + $1.size }
        state = Monitor(progress)
        self.tell = tell
    }

    var packs: Int { state.look { $0.packs } }
    var bytes: Int { state.look { $0.bytes } }

    func add(_ bytes: Int) {
        state.look { progress in
            progress.packs += 1
            progress.bytes += bytes
            tell(progress)
        }
    }
}
