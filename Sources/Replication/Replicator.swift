import Base
import Codec
import Keys
import Repository
import Sites

/// Brings one site level with others: copies objects as they are, checked on the way, in commit order, under
/// sessions of its own (docs/FORMAT.md, "Writing"; a writer at its target). Done by the maintain role: it
/// needs the domains' catalogue keys and opens no content.
package final class Replicator: Sendable {
    let sources: [OpenSite]
    let keys: KeyRing
    let signer: SigningKey
    let scratch: String
    let inventory: Inventory
    let options: ReplicationOptions
    let progress: @Sendable (ReplicationProgress) -> Void
    let isCancelled: @Sendable () -> Bool

    /// Fences in a row after which a snapshot is left for the next run.
    private static let fences = 3
    /// Plans for one snapshot: each after the first follows a copy found bad.
    private static let plans = 16

    /// `signer`: the maintain key. `scratch`: where indexes go if a site's repository has no state here. `inventory`: what is
    /// known of the sites' packs.
    package init(
        sources: [OpenSite], keys: KeyRing, signer: SigningKey, scratch: String, inventory: Inventory,
        options: ReplicationOptions = ReplicationOptions(),
        progress: @escaping @Sendable (ReplicationProgress) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.sources = sources
        self.keys = keys
        self.signer = signer
        self.scratch = scratch
        self.inventory = inventory
        self.options = options
        self.progress = progress
        self.isCancelled = isCancelled
    }

    /// Makes every snapshot that counts at a source visible at the target, oldest first; before it, the
    /// records that say who may do what. Never throws: the report says what did not work. `bad`: packs at the
    /// target that are known to be missing or damaged.
    package func level(_ target: OpenSite, bad: Set<PackKey> = []) -> ReplicationReport {
        var report = ReplicationReport(target: target.name)
        do {
            try atTarget { try target.repository.checkNotLeft() }
            let target = try levelRecords(target, &report)
            let from = sourceView(target, bad: bad, &report)
            let view = TargetView(target, signer: signer, keys: keys, options: options, inventory: inventory, bad: bad)
            let wanted = try self.wanted(at: target)
            let (store, site) = (inventory.store, target.repository.id)
            try store.settle(snapshots: wanted.map(\.lack), at: site)
            for (number, each) in wanted.enumerated() {
                if isCancelled() { throw Failure(.interrupted, .interrupted) }
                var progress = ReplicationProgress(target: target.name)
                (progress.snapshot, progress.snapshotNumber, progress.snapshotCount) = (each.snapshot, number + 1, wanted.count)
                self.progress(progress)
                do {
                    try bring(each, from, view, progress, &report)
                    try store.clear([each.lack], at: site)
                } catch let failure as Failure where failure.kind != .interrupted {
                    // Blobs counted as seen may not have come: the next snapshot looks for itself.
                    view.seen = SeenBlobs()
                    try store.fail(each.lack, failure, at: site)
                    if try !isForgotten(each) { report.skipped.append(.init(snapshot: each.snapshot, failure: failure)) }
                }
            }
            report.problems += from.copies.reasons
        } catch let failure as TargetFailure {
            report.stopped = failure.failure.of(target.name)
        } catch { report.stopped = (error as? Failure ?? Failure(.failed, .system("replicate", "\(error)"))).of(target.name) }
        return report
    }

    /// The target comes last among those that are read: of what it has already, it may be the only one left.
    func sourceView(_ target: OpenSite, bad: Set<PackKey>, _ report: inout ReplicationReport) -> SourceView {
        let without = Set(bad.map { "\(target.name):\($0.key)" })
        return SourceView(
            PackCopies(sources + [target], inventory, without: without) { report.problems.append($0) }, keys: keys, threads: options.threads)
    }

    // MARK: what is wanted

    /// A snapshot visible at sources and not at the target.
    struct WantedSnapshot {
        let snapshot: ShortID
        let manifest: Digest
        var commit: Commit
        var sources: [OpenSite]

        var lack: Lack.Object { .snapshot(snapshot, manifest: manifest) }
    }

    /// In the order of the first commit anywhere, so that a run that ends early leaves no hole.
    func wanted(at target: OpenSite) throws -> [WantedSnapshot] {
        struct Name: Hashable {
            let snapshot: ShortID
            let manifest: Digest
        }
        let there = Set(target.commits.map { Name(snapshot: $0.key.snapshot, manifest: $0.manifest) })
        let forgotten = try atTarget { try target.repository.forgottenSnapshots() }
        var wanted: [Name: WantedSnapshot] = [:]
        for source in sources {
            for commit in source.commits where !forgotten.contains(commit.key.snapshot, commit.manifest) {
                let name = Name(snapshot: commit.key.snapshot, manifest: commit.manifest)
                if there.contains(name) { continue }
                var entry = wanted[name] ?? WantedSnapshot(snapshot: name.snapshot, manifest: name.manifest, commit: commit, sources: [])
                entry.sources.append(source)
                if commit.created < entry.commit.created { entry.commit = commit }
                wanted[name] = entry
            }
        }
        return wanted.values.sorted { ($0.commit.created, $0.snapshot) < ($1.commit.created, $1.snapshot) }
    }

    /// Whether a source has dropped the snapshot since it was opened: then its packs may well be gone.
    private func isForgotten(_ wanted: WantedSnapshot) throws -> Bool {
        wanted.sources.contains { (try? $0.repository.forgottenSnapshots().contains(wanted.snapshot, wanted.manifest)) ?? false }
    }

    // MARK: one snapshot

    private func bring(
        _ wanted: WantedSnapshot, _ from: SourceView, _ view: TargetView, _ progress: ReplicationProgress, _ report: inout ReplicationReport
    ) throws {
        let bytes = try manifestBytes(wanted, trust: view.site.repository.trust)
        let statement = try Statement(bytes, .manifest, tenant: keys.tenant)
        let manifest = try Manifest(body: statement.body)
        let outline = try manifest.outline(keys)
        guard outline.node == statement.signer else { throw Failure(.refused, .badSignature, object: Manifest.key(wanted.snapshot, wanted.manifest)) }
        let walker = try from.walker(manifest.domain) { report.problems.append($0) }
        var fences = 0
        while true {
            guard let landing = try view.begin(wanted.snapshot, manifest.domain, manifest: wanted.manifest) else { return }
            do {
                try fill(landing, root: outline.root, walker, view, progress, &report)
                try atTarget {
                    try landing.writeSegment()
                    try landing.index.save()
                    try landing.session.commit(manifest: bytes, snapshot: wanted.snapshot)
                }
                Steps.mark("committed")
                report.snapshots.append(wanted.snapshot)
                return
            } catch let failure as Failure where failure.kind == .fenced {
                view.forget()
                fences += 1
                if fences == Self.fences { throw failure }
            } catch {
                landing.giveUp()
                throw error
            }
        }
    }

    /// Copies what the snapshot needs and the target lacks. Plans again as long as copies turn out bad.
    private func fill(
        _ landing: Landing, root: Digest, _ walker: Reachability, _ view: TargetView, _ progress: ReplicationProgress,
        _ report: inout ReplicationReport
    ) throws {
        let copies = walker.holdings.copies
        let copier = PackCopier(copies: copies, domain: walker.holdings.domain, keys: keys, threads: options.threads, isCancelled: isCancelled)
        for _ in 0..<Self.plans {
            let dismissed = copies.dismissed
            for copy in dismissed where copy.site === view.site { landing.index.markAbsent(copy.key) }
            let (packs, lost) = try plan(landing, root: root, walker, &view.seen)
            let count = CopyCount(progress, packs: packs, tell: self.progress)
            defer { (report.packs, report.bytes) = (report.packs + count.packs, report.bytes + count.bytes) }
            let failed = try copier.copy(packs, to: landing) { count.add($0) }
            if failed.isEmpty, dismissed.count == copies.dismissed.count {
                if let lost { throw lost }
                return
            }
            view.seen = SeenBlobs()
        }
        throw Failure(.damaged, .tooManyBadCopies)
    }

    /// The packs to copy for the snapshot, and why it cannot be whole, if so.
    private func plan(
        _ landing: Landing, root: Digest, _ walker: Reachability, _ seen: inout SeenBlobs
    ) throws -> (packs: [WantedPack], lost: Failure?) {
        var chosen: [Digest: WantedPack] = [:]
        var lost: Failure?
        try walker.walk(
            from: root, seen: &seen,
            found: { id, packs in
                guard !landing.has(id), !packs.contains(where: { chosen[$0.key.digest] != nil }) else { return }
                let size = try walker.holdings.copies.copies(packs[0].key.digest).first?.size ?? 0
                chosen[packs[0].key.digest] = WantedPack(digest: packs[0].key.digest, writer: packs[0].writer, size: size)
            },
            lost: { _, failure in lost = lost ?? failure })
        return (chosen.values.sorted { $0.digest < $1.digest }, lost)
    }

    /// The manifest as it is stored, from the first source that has it whole.
    func manifestBytes(_ wanted: WantedSnapshot, trust: Trust) throws -> [UInt8] {
        var last = Failure(.missing, .objectMissing, object: Manifest.key(wanted.snapshot, wanted.manifest))
        for source in wanted.sources {
            let key = Manifest.key(wanted.snapshot, wanted.manifest)
            do {
                let bytes = try source.site.readTwice(key, limit: Statement.Kind.manifest.bodyLimit + Statement.overhead) { bytes in
                    guard sha256(bytes) == wanted.manifest else { throw Failure(.damaged, .wrongHash, object: "\(source.name):\(key)") }
                    return bytes
                }
                let statement = try Statement(bytes, .manifest, tenant: trust.tenant)
                let manifest = try Manifest(body: statement.body)
                guard manifest.snapshot == wanted.snapshot else { throw Failure(.refused, .badSignature, object: "\(source.name):\(key)") }
                guard manifest.descriptor <= trust.descriptor.number else {
                    throw Failure(.refused, .rolledBack(manifest.descriptor, trust.descriptor.number), object: "\(source.name):\(key)")
                }
                try trust.verify(statement, roles: [.write], domain: manifest.domain, at: wanted.commit.created.seconds)
                return bytes
            } catch let failure as Failure { last = failure.of("\(source.name):\(key)") }
        }
        throw last
    }
}
