import Base
import Repository

/// Something at a site that is not as it should be.
package struct Finding: Sendable {
    package enum Kind: String, Sendable {
        /// An object that something needs is not there.
        case missing
        /// Stored bytes are not what they should be.
        case damaged
        /// Another tenant's, or of no domain of this one.
        case foreign
        /// Badly signed, or by somebody without the right: nobody obeys it.
        case void
        /// A snapshot is gone and no record says why.
        case tampering
    }

    package let kind: Kind
    /// The key, or the blob's id where no object is known to hold it.
    package let object: String
    package let site: String
    /// Snapshots that cannot be restored wholly from this site because of it.
    package var snapshots: [ShortID] = []
    /// Raw absolute paths in them, some of them when there are many.
    package var paths: [[UInt8]] = []
    /// Paths that are affected, at least.
    package var pathCount = 0
    package let detail: Failure
    /// A whole copy of the same pack is at this site under another name.
    package var isHealed = false
    /// The blob that is wrong in a pack that is what it was when it was written.
    var blob: Digest?

    package init(_ kind: Kind, _ object: String, site: String, _ detail: Failure) {
        self.kind = kind
        self.object = object
        self.site = site
        self.detail = detail
    }

    /// The finding that a failed check amounts to; nil for what says nothing about stored bytes.
    init?(_ failure: Failure, _ object: String, site: String) {
        switch failure.kind {
        case .damaged: self.init(.damaged, object, site: site, failure)
        case .missing: self.init(.missing, object, site: site, failure)
        case .wrongPlace: self.init(.foreign, object, site: site, failure)
        case .refused: self.init(.void, object, site: site, failure)
        default: return nil
        }
    }

    /// The pack concerned, for a repair.
    package var pack: PackKey? { kind == .damaged || kind == .missing ? PackKey(key: object) : nil }

    var status: ExitStatus { isHealed ? .done : kind == .void ? .partial : .damaged }
}

/// Which packs are read whole.
package enum ScrubSelection: Sendable, Equatable {
    /// None but those found bad before.
    case none
    /// Those not read within the period, new ones first.
    case due
    case all
    /// That share of all, those not read for longest first.
    case share(percent: Double)
    /// A part of a round through all packs: that share of them (0 to 1), those not read for longest first, and besides what was read before a
    /// moment (seconds since 1970) or never; as long as the bytes do not pass the budget, where there is one. See `ReadingPlan`.
    case spread(share: Double, before: Int64, budget: Int64?)
}

package struct VerificationOptions: Sendable {
    package var selection = ScrubSelection.due
    /// Every pack is read again within so many seconds.
    package var period: Int64 = 30 * 86_400
    /// Opens every blob of the packs that are read; needs the restore key.
    package var opens = false
    /// Packs read at a time: each with a buffer of 1 MiB, or of the whole pack where blobs are opened.
    package var threads = 3
    /// Paths listed of one finding, at most.
    package var pathLimit = 100

    package init() {}
}

/// Where a run is. Given from the threads that read, one at a time.
package struct VerificationProgress: Sendable {
    package enum Phase: Sendable {
        case objects, packs, presence
    }
    package let site: String
    package var phase = Phase.objects
    package var done = 0
    /// 0 where it is not known before.
    package var total = 0
    package var bytes = 0
    package var totalBytes = 0
}

/// How much of a site has been read lately.
package struct Coverage: Sendable, Equatable {
    package var packs = 0
    /// Read whole within the period, and good.
    package var verified = 0
    package var never = 0
    /// When the pack that was read longest ago was read.
    package var oldest: Timestamp?

    package init() {}

    /// From 0 to 1.
    package var share: Double { packs == 0 ? 1 : Double(verified) / Double(packs) }
}

/// What verifying one site gave.
package struct VerificationReport: Sendable {
    package let site: String
    package var snapshots = 0
    /// Blobs that the snapshots need, found to be there by the packs' directories.
    package var blobs = 0
    package var packs = 0
    package var packBytes = 0
    package var packsRead = 0
    package var bytesRead = 0
    package var blobsOpened = 0
    /// Small objects whose checksums and signatures were checked.
    package var objects = 0
    package var findings: [Finding] = []
    /// What could not be checked for a reason that may pass, or for lack of a right: no damage.
    package var unchecked: [Failure] = []
    /// What was left out on purpose, and why.
    package var notes: [Message] = []
    package var coverage = Coverage()

    package init(site: String) { self.site = site }

    package var status: ExitStatus {
        let status = findings.reduce(ExitStatus.done) { $0.combined(with: $1.status) }
        return unchecked.reduce(status) { $0.combined(with: $1.exitStatus) }
    }

    /// Packs to bring back from another site.
    package var packsToRepair: [PackKey] { findings.filter { !$0.isHealed }.compactMap(\.pack) }

    /// Snapshots whose manifest is gone.
    package var manifestsToRepair: [ShortID] {
        findings.flatMap { $0.kind == .missing && $0.object.hasPrefix("snapshots/") ? $0.snapshots : [] }
    }
}
