import Base
import Maintenance

/// `collect --json`: what was done, or would be, at one site.
package struct CollectRow: Codable, Sendable {
    package struct Locked: Codable, Sendable {
        package let object: String
        package let until: String?
    }

    package let tenant: String
    package let site: String
    /// `nothing`, `condemned`, `waiting`, `swept`, `undone`, `rebuilt`, `blocked`, or `failed` where the site could not be collected at all.
    package let state: String
    package let generation: UInt32
    package let packs: Int
    package let bytes: UInt64
    /// Of them, what a snapshot needs.
    package let live_bytes: UInt64
    package let condemned_packs: Int
    package let condemned_bytes: UInt64
    package let doomed_packs: Int
    package let doomed_bytes: UInt64
    package let deleted_packs: Int
    package let deleted_bytes: UInt64
    package let rescued_packs: Int
    package let compacted_packs: Int
    package let compacted_bytes: UInt64
    package let rewritten_bytes: UInt64
    package let merged_segments: Int
    package let removed_segments: Int
    package let removed_manifests: Int
    package let removed_sessions: Int
    package let fenced_sessions: Int
    package let waiting_for: [String]
    /// When the next step can be taken.
    package let until: String?
    package let locked: [Locked]
    package let relisted_packs: Int
    /// Snapshots made visible again.
    package let committed: Int
    /// Why nothing, or not all, could be condemned or decided.
    package let blocked: [String]
    package let problems: [String]
    /// Objects that are void: told, never obeyed.
    package let void: [String]
    package let status: Int32

    init(_ tenant: String, _ report: CollectionReport, _ language: Language) {
        self.init(tenant, report, language, state: report.state.rawValue, status: report.exit)
    }

    /// A site that could not be collected.
    init(_ tenant: String, _ site: String, _ failure: Failure, _ language: Language) {
        var report = CollectionReport(site: site)
        report.problems = [failure]
        self.init(tenant, report, language, state: "failed", status: failure.exitStatus)
    }

    private init(_ tenant: String, _ report: CollectionReport, _ language: Language, state: String, status: ExitStatus) {
        func time(_ seconds: Int64) -> String { Timestamp(seconds: seconds).localText }
        self.tenant = tenant
        site = report.site
        self.state = state
        generation = report.generation
        packs = report.packs
        bytes = report.bytes
        live_bytes = report.liveBytes
        condemned_packs = report.condemnedPacks
        condemned_bytes = report.condemnedBytes
        doomed_packs = report.doomedPacks
        doomed_bytes = report.doomedBytes
        deleted_packs = report.deletedPacks
        deleted_bytes = report.deletedBytes
        rescued_packs = report.rescuedPacks
        compacted_packs = report.compactedPacks
        compacted_bytes = report.compactedBytes
        rewritten_bytes = report.rewrittenBytes
        merged_segments = report.mergedSegments
        removed_segments = report.removedSegments
        removed_manifests = report.removedManifests
        removed_sessions = report.removedSessions
        fenced_sessions = report.fenced
        waiting_for = report.waitingFor
        until = report.until.map(time)
        locked = report.locked.map { Locked(object: $0.object, until: $0.until.map(time)) }
        relisted_packs = report.relistedPacks
        committed = report.committed
        blocked = report.blocked.map { $0.text(language) }
        problems = report.problems.map { $0.text(language) }
        void = report.void.map { $0.text(language) }
        self.status = status.rawValue
    }
}
