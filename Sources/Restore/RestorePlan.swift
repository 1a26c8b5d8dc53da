import Base
import Repository

/// Sums of a plan.
struct PlanTotals {
    var entries: UInt64 = 0
    var files: UInt64 = 0
    var folders: UInt64 = 0
    var others: UInt64 = 0
    var right: UInt64 = 0
    var kept: UInt64 = 0
    /// Sizes of the files of a range, holes included.
    var rangeBytes: UInt64 = 0
    /// Bytes to write to files.
    var bytes: UInt64 = 0
    /// Space and inodes that the target needs for all that.
    var space: UInt64 = 0
    var inodes: UInt64 = 0
    /// Bytes that wait until a file can be changed as a whole.
    var waiting: UInt64 = 0

    static let block: UInt64 = 4096

    /// Counts the space of `bytes` of one file, whole blocks.
    mutating func need(_ bytes: UInt64) {
        space = space.saturating(bytes.saturating(Self.block - 1) & ~(Self.block - 1))
    }

    mutating func write(_ count: UInt64) { bytes = bytes.saturating(count) }
}

extension UInt64 {
    /// Sums from a snapshot may be absurd; they must not trap.
    func saturating(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

/// Everything that a restore will do, in files without names: memory holds none of what grows.
final class RestorePlan {
    let records: PlanRecords
    /// Records of folders, in the order of paths.
    let folders: SpillMap
    let held: SpillMap
    /// Records of the files whose pieces are held.
    let heldRecords: SpillMap
    /// Records of further links, first paths known.
    let followers: SpillMap
    /// Sorted `NameRow`s of the folders to clean; nil when nothing is removed.
    let names: SpillMap?
    let pieces: ExternalSorter<PlanPiece>
    var totals: PlanTotals
    /// Where the next range begins; nil at the end.
    let next: [UInt8]?
    /// What the target does to what is made in it differs from folder to folder.
    let isVaried: Bool
    let hasDefaultACL: Bool
    /// Where files without names can be.
    let spillFolders: [File]

    init(
        records: PlanRecords, folders: SpillMap, held: SpillMap, heldRecords: SpillMap, followers: SpillMap, names: SpillMap?,
        pieces: ExternalSorter<PlanPiece>, totals: PlanTotals, next: [UInt8]?, isVaried: Bool, hasDefaultACL: Bool, spillFolders: [File]
    ) {
        self.records = records
        self.folders = folders
        self.held = held
        self.heldRecords = heldRecords
        self.followers = followers
        self.names = names
        self.pieces = pieces
        self.totals = totals
        self.next = next
        self.isVaried = isVaried
        self.hasDefaultACL = hasDefaultACL
        self.spillFolders = spillFolders
    }
}
