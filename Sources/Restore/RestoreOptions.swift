import Base
import Repository

/// What to restore, where, and what to do with what is there.
package struct RestoreOptions: Sendable {
    package enum Overwrite: Sendable {
        /// Every path is made as the snapshot says.
        case always
        /// A file of the same size and time is taken as right; the rest is made as the snapshot says.
        case changed
        /// What exists stays untouched.
        case never
    }

    package enum Owners: Sendable {
        /// By the names in the snapshot where this machine knows them, otherwise by number.
        case byName
        case byNumber
        /// What is made belongs to who restores.
        case none
    }

    /// The folder to restore into; made when there is none.
    package var target: RawName
    /// Keys of what to restore (`Entry.key`), with all that is below; empty for everything.
    package var paths: [[UInt8]] = []
    /// Only entries of this range of keys, with the folders above them; nil for all.
    package var range: RestoreRange?
    /// Puts the content of the one chosen path straight into the target, without the folders above it.
    package var strip = false
    package var overwrite = Overwrite.changed
    /// Removes names that the snapshot does not have from the restored folders, within `roots` only.
    package var delete = false
    /// Keys of the paths that the snapshot was taken of: the folders above them were not backed up wholly, so
    /// nothing in them is ever removed.
    package var roots: [[UInt8]] = []
    package var owners = Owners.byName
    /// An owner that may not be given (a restore by a common user) is counted, not reported as a problem.
    package var keepsOwnOwner = false
    /// Threads that open and write; more than cores hide the latency of a distant site.
    package var threads = Threads.cores {
        didSet { threads = max(1, threads) }
    }

    package init(target: RawName) { self.target = target }
}

/// A part of the one sorted map that a tree is.
package struct RestoreRange: Sendable, Equatable {
    /// The first key, there or not; empty for the beginning.
    package var from: [UInt8]
    /// The first key that is not taken; nil for none.
    package var upTo: [UInt8]?
    /// When files of so many bytes (holes included) were taken, it ends; one entry is taken always. nil: no limit.
    package var budget: UInt64?

    package init(from: [UInt8] = [], upTo: [UInt8]? = nil, budget: UInt64? = nil) {
        self.from = from
        self.upTo = upTo
        self.budget = budget
    }

    /// Says for each entry from `from` on, in order, whether it is taken; after the first that is not, none is.
    package struct Meter {
        private let range: RestoreRange
        private var isAny = false
        /// Sizes of the files taken.
        package private(set) var bytes: UInt64 = 0

        package init(_ range: RestoreRange) { self.range = range }

        package mutating func takes(_ entry: Entry) -> Bool {
            if let upTo = range.upTo, !entry.key.precedes(upTo) { return false }
            if let budget = range.budget, isAny, bytes >= budget { return false }
            isAny = true
            bytes = bytes.saturating(entry.size)
            return true
        }
    }
}

/// How far a restore is.
package struct RestoreProgress: Sendable {
    package enum Stage: Sendable {
        case planning
        case comparing
        case writing
        case finishing
    }

    package var stage = Stage.planning
    /// Paths found so far while planning; afterwards files written.
    package var files: UInt64 = 0
    package var totalFiles: UInt64 = 0
    /// Bytes compared or written, and how many there are to write.
    package var bytes: UInt64 = 0
    package var totalBytes: UInt64 = 0
}

/// What a restore would do.
package struct RestoreEstimate: Sendable {
    package var files: UInt64 = 0
    package var folders: UInt64 = 0
    package var others: UInt64 = 0
    /// Paths that are right already.
    package var right: UInt64 = 0
    /// Bytes to write.
    package var bytes: UInt64 = 0
    /// Packs to read from, and the sealed bytes needed of them.
    package var packs: UInt64 = 0
    package var sealedBytes: UInt64 = 0
    /// Space that the target needs and has.
    package var neededBytes: UInt64 = 0
    package var freeBytes: UInt64 = 0
    /// Packs that no site has, or that cannot be read.
    package var missingPacks: UInt64 = 0
    /// Blobs that no site lists.
    package var missingBlobs: UInt64 = 0
    /// Packs that no key here opens.
    package var lockedPacks: UInt64 = 0
    /// The first of what is missing.
    package var problems: [Failure] = []

    package var exitStatus: ExitStatus {
        problems.reduce(.done) { $0.combined(with: $1.exitStatus) }
    }
}
