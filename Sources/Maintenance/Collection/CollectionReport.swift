import Base
import Repository

/// How far a collection goes.
package struct CollectionOptions: Sendable {
    /// Seconds between condemning and deciding: for so long what was condemned can be brought back.
    package var quarantine: Int64 = 7 * 86_400
    /// Seconds for which sessions that began before a pack was condemned are waited for, at least; then they are fenced.
    package var patience: Int64 = 6 * 3600
    /// Says what would be done, and does nothing.
    package var isDry = false
    /// A pack with a smaller live share is compacted.
    package var liveShare = 0.8
    /// Bytes that compaction reads in a run.
    package var compactionBytes: UInt64 = 16 << 30
    /// Segments of about one size that are merged once there are so many.
    package var segmentsOfASize = 8
    /// Bytes of a pack that compaction writes, about.
    package var packBytes = PackBuilder.targetBytes
    /// Seconds since 1970.
    package var now: @Sendable () -> Int64 = { Timestamp.now().seconds }

    package init() {}
}

/// What a collection at one site did, or would do.
package struct CollectionReport: Sendable {
    package enum State: String, Sendable {
        /// There was nothing to do.
        case nothing
        /// Packs are condemned; the quarantine runs.
        case condemned
        /// Older sessions are still waited for.
        case waiting
        /// It was decided, and what was doomed is deleted, but for what is locked.
        case swept
        /// The open generation was given up.
        case undone
        /// The index, or what coordinates, was made anew.
        case rebuilt
        /// There is something that has to be repaired first.
        case blocked
    }

    /// An object that cannot be deleted yet.
    package struct Locked: Sendable, Equatable {
        package let object: String
        /// Seconds since 1970; nil where the store does not say.
        package let until: Int64?
    }

    package let site: String
    package var state = State.nothing
    /// Of what was condemned or decided last; 0 when there is none.
    package var generation: UInt32 = 0
    package var condemnedPacks = 0
    package var condemnedBytes: UInt64 = 0
    package var doomedPacks = 0
    package var doomedBytes: UInt64 = 0
    package var deletedPacks = 0
    package var deletedBytes: UInt64 = 0
    /// Condemned packs that somebody needed after all.
    package var rescuedPacks = 0
    package var compactedPacks = 0
    /// Bytes that compaction read and wrote.
    package var compactedBytes: UInt64 = 0
    package var rewrittenBytes: UInt64 = 0
    package var mergedSegments = 0
    package var removedSegments = 0
    package var removedSessions = 0
    package var removedManifests = 0
    /// Sessions that were ended.
    package var fenced = 0
    /// Sessions that are waited for.
    package var waitingFor: [String] = []
    /// When the next step can be taken, seconds since 1970.
    package var until: Int64?
    package var locked: [Locked] = []
    /// Packs that are there, and their bytes, before.
    package var packs = 0
    package var bytes: UInt64 = 0
    /// Bytes in them that a snapshot needs.
    package var liveBytes: UInt64 = 0
    /// Why nothing is condemned.
    package var blocked: [Failure] = []
    package var problems: [Failure] = []
    /// Objects that nobody with a right has signed: told, never obeyed.
    package var void: [Failure] = []
    /// Packs that were listed again.
    package var relistedPacks = 0
    /// Snapshots that were made visible again.
    package var committed = 0

    package init(site: String) { self.site = site }

    package var exit: ExitStatus { (blocked + problems).reduce(.done) { $0.combined(with: $1.exitStatus) } }
}
