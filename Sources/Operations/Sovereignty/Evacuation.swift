import Base
import Repository
import Sites
import Verification

/// `evacuate SITE --to OTHER`: everything that a site holds is brought to another one and read back there; then says what is left to destroy.
/// Deletes nothing: a copy is let go by a person, once the other one is proven.
package struct Evacuation {
    /// `evacuate --json`. Bytes are of packs, as stored.
    package struct Row: Encodable, Sendable {
        package let tenant: String
        package let from: String
        package let to: String
        package let dry: Bool
        /// Snapshots at the site, and those that the other one lacks.
        package let snapshots: Int
        package let missing: [String]
        package let missing_packs: Int
        package let missing_bytes: Int
        /// Packs read back at the other site; nil for a plan.
        package let verified_packs: Int?
        /// Every snapshot of the site is at the other one, and what lies there was read and found right.
        package let complete: Bool
        /// What is still at the site.
        package let left_objects: Int
        package let left_bytes: Int
        package let status: Int32

        package var exitStatus: ExitStatus { ExitStatus(rawValue: status) ?? .failed }
    }

    private let workspace: Workspace
    private let from: String
    private let to: String

    /// Throws `.usage` where both are one, or one is not the tenant's; what policy says of the other site where nothing new may go there.
    package init(_ workspace: Workspace, from: String, to: String) throws {
        self.workspace = workspace
        self.from = from
        self.to = to
        _ = try workspace.configuration.sites(of: workspace.tenant, named: from)
        guard from != to, let target = try workspace.configuration.sites(of: workspace.tenant, named: to).first else {
            throw Failure(.usage, .evacuateToItself, object: from)
        }
        if let refusal = try workspace.refusalsOfAnySource().first(where: { $0.site.name == target.name }) { throw refusal.failure }
    }

    /// What would be copied, and what is there.
    package func plan() throws -> Row { try row(isDry: true, verification: nil, failures: []) }

    /// Copies, reads everything at the other site, and compares. `problem` is told of what did not work. Throws as `replicate` and `verify` do.
    package func run(problem: (Failure) -> Void, progress: @escaping @Sendable (_ bytes: Int) -> Void) throws -> Row {
        let levelled = try SiteLevelling.run(workspace, to: to) { _, bytes in progress(bytes) }
        var found: [Failure] = levelled.failures
        for report in levelled.reports { found += report.skipped.map(\.failure) + (report.stopped.map { [$0] } ?? []) }
        var options = VerificationOptions()
        options.selection = .all
        let verified = try VerifyOperation.run(workspace, site: to, options: options) { _ in }
        found += verified.failures + verified.reports.flatMap { $0.findings.filter { !$0.isHealed }.map { $0.detail.of($0.object) } + $0.unchecked }
        for failure in found { problem(failure) }
        return try row(isDry: false, verification: verified, failures: found)
    }

    private func row(isDry: Bool, verification: VerifyOperation.Outcome?, failures: [Failure]) throws -> Row {
        let ring = try workspace.keyRing(opening: false)
        // The one that is left first: what comes meanwhile makes this no complete move.
        let source = try workspace.open(site: from, keys: ring).sites[0]
        let target = try workspace.open(site: to, keys: ring).sites[0]
        struct Name: Hashable {
            let snapshot: ShortID
            let manifest: Digest
        }
        let here = Set(source.commits.map { Name(snapshot: $0.key.snapshot, manifest: $0.manifest) })
        let there = Set(target.commits.map { Name(snapshot: $0.key.snapshot, manifest: $0.manifest) })
        var known: Set<Digest> = []
        try target.repository.listPacks { key, _ in known.insert(key.digest) }
        var (packs, bytes) = (0, 0)
        try source.repository.listPacks { key, size in if !known.contains(key.digest) { (packs, bytes) = (packs + 1, bytes + size) } }
        var (objects, left) = (0, 0)
        try source.site.list("") { (objects, left) = (objects + 1, left + $0.size) }
        let missing = here.subtracting(there).map(\.snapshot.hex).sorted()
        var status = failures.reduce(verification?.status ?? .done) { $0.combined(with: $1.exitStatus) }
        if !isDry, !missing.isEmpty { status = status.combined(with: .partial) }
        return Row(
            tenant: workspace.tenant.name, from: from, to: to, dry: isDry, snapshots: here.count, missing: missing, missing_packs: packs,
            missing_bytes: bytes, verified_packs: verification?.reports.reduce(0) { $0 + $1.packsRead },
            complete: verification != nil && status == .done && missing.isEmpty, left_objects: objects, left_bytes: left, status: status.rawValue)
    }
}
