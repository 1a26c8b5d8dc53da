import Base
import Keys
import Repository
import Sites

extension Replicator {
    /// Brings back packs that the target's index lists but that are missing or damaged there, and manifests
    /// whose object is gone: copies from a healthy site, under a session of its own that commits nothing. The
    /// damaged object stays where it is (nothing is overwritten); readers find the new one by its hash.
    ///
    /// Where no site has a pack of the same bytes, other packs with its blobs are copied instead.
    package func repair(_ target: OpenSite, packs: [PackKey], snapshots: [ShortID] = []) -> ReplicationReport {
        var report = ReplicationReport(target: target.name)
        let bad = Set(packs)
        do {
            try atTarget { try target.repository.checkNotLeft() }
            for snapshot in snapshots { try putBack(snapshot, target, &report) }
            let from = sourceView(target, bad: bad, &report)
            let view = TargetView(target, signer: signer, keys: keys, options: options, inventory: inventory, bad: bad)
            var left = bad
            for domain in keys.catalogueDomains where !left.isEmpty {
                let listed = try atTarget { try target.index(domain) }.packs.filter { left.contains($0.key) }
                if listed.isEmpty { continue }
                left.subtract(listed.map(\.key))
                try repair(listed, from.walker(domain) { report.problems.append($0) }.holdings, view, bad, &report)
            }
            report.problems += from.copies.reasons
        } catch let failure as TargetFailure {
            report.stopped = failure.failure.of(target.name)
        } catch { report.stopped = (error as? Failure ?? Failure(.failed, .system("repair", "\(error)"))).of(target.name) }
        return report
    }

    /// Brings back what a target lacks of snapshots that are visible there: `bad` packs, packs that its index lists and
    /// that a listing does not show, manifests that are gone.
    func repair(_ target: OpenSite, bad: Set<PackKey>) -> ReplicationReport {
        var report = ReplicationReport(target: target.name)
        do {
            try atTarget { try target.repository.checkNotLeft() }
            // Needs a listing of its own: done when one is due anyway.
            if inventory.hasListed(target.repository.id) { for domain in keys.catalogueDomains { try relist(target, domain, &report) } }
            try inventory.bringLevel(target.repository, target.coordination)
            let lost = try atTarget { try bad.union(lostPacks(target)) }
            let snapshots = try atTarget { try lostManifests(target) }
            try inventory.store.note(bad.map(Lack.Object.pack), .damaged, at: target.repository.id)
            if lost.isEmpty, snapshots.isEmpty { return report }
            report.add(repair(target, packs: lost.sorted { $0.key < $1.key }, snapshots: snapshots))
            try settle(lost, target, report)
        } catch let failure as TargetFailure {
            report.stopped = failure.failure.of(target.name)
        } catch { report.stopped = (error as? Failure ?? Failure(.failed, .system("repair", "\(error)"))).of(target.name) }
        return report
    }

    /// Lists packs of committed sessions again whose segment is gone, each after it was read and hashed. Who sealed one is
    /// taken from another site's index; where none knows, the pack is read from and not reused.
    private func relist(_ target: OpenSite, _ domain: ShortID, _ report: inout ReplicationReport) throws {
        let committed = Set(target.commits.map(\.key.session))
        guard let unlisted = try atTarget({ try target.unlisted(domain) }) else { return }
        let packs = unlisted.packs.filter { committed.contains($0.key.session) }
        if packs.isEmpty { return }
        let writers = try sources.map {
            Dictionary(try $0.index(domain).packs.map { ($0.key.digest, $0.writer) }, uniquingKeysWith: { first, _ in first })
        }
        let view = TargetView(target, signer: signer, keys: keys, options: options, inventory: inventory, bad: [])
        guard let landing = try view.begin(.random(), domain, manifest: nil) else { return }
        defer { landing.giveUp() }
        // They were looked for before the session began: by now one may be condemned, or doomed.
        for pack in packs where landing.session.coordination.mayRelist(pack.key) {
            do {
                let size = try target.site.size(pack.key.key)
                guard try target.repository.hash(pack.key, size: size) == pack.key.digest else { throw Failure(.damaged, .wrongHash) }
                let rows = try target.repository.directory(pack.key, size: size, keys: keys).rows
                let writer = writers.compactMap { $0[pack.key.digest] }.first ?? .zero
                let isDue = landing.list(StoredPack(key: pack.key, writer: writer, rows: rows))
                report.records += 1
                if isDue { try atTarget { try landing.writeSegment() } }
            } catch let failure as Failure where failure.kind != .unreachable { report.problems.append(failure.of("\(target.name):\(pack.key.key)")) }
        }
        try atTarget { try landing.writeSegment() }
    }

    /// What could be repaired is no longer lacking; what could not stays, with the reason.
    private func settle(_ lost: Set<PackKey>, _ target: OpenSite, _ report: ReplicationReport) throws {
        let (store, site) = (inventory.store, target.repository.id)
        if let stopped = report.stopped {
            for pack in lost { try store.fail(.pack(pack), stopped, at: site) }
            return
        }
        let left = Set(report.unrepaired)
        for pack in left { try store.fail(.pack(pack), Failure(.damaged, .noGoodCopy), at: site) }
        try store.clear(lost.subtracting(left).map(Lack.Object.pack), at: site)
    }

    private func lostPacks(_ target: OpenSite) throws -> Set<PackKey> {
        var lost: Set<PackKey> = []
        for domain in keys.catalogueDomains {
            let index = try target.index(domain)
            try inventory.mark(index, at: target.repository)
            for (number, pack) in index.packs.enumerated() where !index.isPresent(UInt32(number)) { lost.insert(pack.key) }
        }
        return lost
    }

    private func lostManifests(_ target: OpenSite) throws -> [ShortID] {
        let there = Set(try target.site.keys("snapshots/"))
        let lost = target.commits.filter { !there.contains(Manifest.key($0.key.snapshot, $0.manifest)) }
        if lost.isEmpty { return [] }
        // What was forgotten meanwhile goes with its manifest.
        let forgotten = try target.repository.forgottenSnapshots()
        return lost.filter { !forgotten.contains($0.key.snapshot, $0.manifest) }.map(\.key.snapshot)
    }

    private func repair(
        _ lost: [IndexedPack], _ holdings: PackHoldings, _ view: TargetView, _ bad: Set<PackKey>, _ report: inout ReplicationReport
    ) throws {
        let (copies, domain) = (holdings.copies, holdings.domain)
        guard try isAnythingMissing(lost, at: view.site, domain, bad), let landing = try view.begin(.random(), domain, manifest: nil) else { return }
        // The session only carries packs: it ends as it began, without a snapshot.
        defer { landing.giveUp() }
        let whole = landing.index.presentPacks(not: bad)
        var wanted: [Digest: WantedPack] = [:]
        for pack in lost where !whole.contains(pack.key.digest) {
            guard let copy = try copies.copies(pack.key.digest).first else { continue }
            wanted[pack.key.digest] = WantedPack(digest: pack.key.digest, writer: pack.writer, size: copy.size)
        }
        let copier = PackCopier(copies: copies, domain: domain, keys: keys, threads: options.threads, isCancelled: isCancelled)
        let packs = Array(wanted.values)
        let count = CopyCount(ReplicationProgress(target: view.site.name), packs: packs, tell: progress)
        defer { (report.packs, report.bytes) = (report.packs + count.packs, report.bytes + count.bytes) }
        let failed = Set(try copier.copy(packs, to: landing) { count.add($0) }.map(\.digest))
        try atTarget { try landing.writeSegment() }
        let rest = Set(lost.filter { !whole.contains($0.key.digest) && (wanted[$0.key.digest] == nil || failed.contains($0.key.digest)) }.map(\.key))
        if rest.isEmpty { return }
        try copyBlobs(of: rest, landing, holdings, copier, count, &report)
    }

    /// For packs that no site has: copies other packs with the same blobs. A pack with a blob that is nowhere
    /// stays unrepaired.
    private func copyBlobs(
        of packs: Set<PackKey>, _ landing: Landing, _ holdings: PackHoldings, _ copier: PackCopier, _ count: CopyCount,
        _ report: inout ReplicationReport
    ) throws {
        var wanted: [Digest: WantedPack] = [:]
        var owners: [Digest: Set<PackKey>] = [:]
        var unrepaired: Set<PackKey> = []
        try landing.index.forEachRow { row, pack in
            guard packs.contains(pack.key), !landing.has(row.id) else { return }
            guard let other = try holdings.packs(with: row.id).first else {
                unrepaired.insert(pack.key)
                return
            }
            let size = try holdings.copies.copies(other.key.digest).first?.size ?? 0
            wanted[other.key.digest] = WantedPack(digest: other.key.digest, writer: other.writer, size: size)
            owners[other.key.digest, default: []].insert(pack.key)
        }
        for pack in try copier.copy(Array(wanted.values), to: landing, copied: { count.add($0) }) { unrepaired.formUnion(owners[pack.digest] ?? []) }
        guard !unrepaired.isEmpty else { return }
        let needed = try blobsMissing(at: landing.session.repository, holdings)
        try landing.index.forEachRow { row, pack in
            if unrepaired.contains(pack.key), needed.contains(row.id), !report.unrepaired.contains(pack.key) { report.unrepaired.append(pack.key) }
        }
    }

    /// Whether one of the packs has a blob that no present pack has: then a session is worth its two objects.
    private func isAnythingMissing(_ lost: [IndexedPack], at target: OpenSite, _ domain: ShortID, _ bad: Set<PackKey>) throws -> Bool {
        let index = try atTarget { try target.index(domain) }
        for pack in bad { index.markAbsent(pack) }
        let packs = Set(lost.map(\.key))
        var isMissing = false
        try index.forEachRow { row, pack in
            if !isMissing, packs.contains(pack.key) { isMissing = !(index.places(row.id).first.map { index.isPresent($0.number) } ?? false) }
        }
        return isMissing
    }

    /// Blobs that visible snapshots of the target need and that no site has. What a dead run left is needed by nobody.
    private func blobsMissing(at target: SiteRepository, _ holdings: PackHoldings) throws -> Set<Digest> {
        var missing: Set<Digest> = []
        var seen = SeenBlobs()
        let walker = Reachability(holdings, keys: keys, threads: options.threads)
        for commit in try target.commits(target.coordination()) {
            let root: Digest
            do {
                let manifest = try target.manifest(commit)
                guard manifest.domain == holdings.domain else { continue }
                root = try manifest.outline(keys).root
            } catch let failure as Failure where failure.kind != .unreachable { continue }
            try walker.walk(from: root, seen: &seen, found: { _, _ in }, lost: { id, _ in missing.insert(id) })
        }
        return missing
    }

    /// Writes a manifest again that a counting commit names.
    private func putBack(_ snapshot: ShortID, _ target: OpenSite, _ report: inout ReplicationReport) throws {
        for commit in target.commits where commit.key.snapshot == snapshot {
            let holders = sources.filter { $0.commits.contains { $0.key.snapshot == snapshot && $0.manifest == commit.manifest } }
            let wanted = WantedSnapshot(snapshot: snapshot, manifest: commit.manifest, commit: commit, sources: holders)
            do {
                let bytes = try manifestBytes(wanted, trust: target.repository.trust)
                try atTarget { try target.site.createOrConfirm(Manifest.key(snapshot, commit.manifest), bytes) }
                report.records += 1
            } catch let failure as Failure { report.skipped.append(.init(snapshot: snapshot, failure: failure)) }
        }
    }
}

extension SiteIndex {
    /// Hashes of the packs that are listed and present here, but for `bad` ones.
    func presentPacks(not bad: Set<PackKey>) -> Set<Digest> {
        var present: Set<Digest> = []
        for (number, pack) in packs.enumerated() where !bad.contains(pack.key) && isPresent(UInt32(number)) {
            present.insert(pack.key.digest)
        }
        return present
    }
}
