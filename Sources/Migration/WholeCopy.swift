import Base
import Codec
import Keys
import Replication
import Repository
import Sites

/// Copies to one site all that another holds of a tenant, as it is stored: snapshots and records by replication, then packs
/// that no snapshot of today needs, and objects of folders set aside. Nothing is deleted or written over, nothing is opened but directories.
package struct WholeCopy {
    let keys: KeyRing
    let signer: SigningKey
    let scratch: String
    let options: ReplicationOptions
    let isCancelled: @Sendable () -> Bool
    /// Told of bytes that were copied.
    let progress: @Sendable (Int) -> Void
    /// Sealed segments of the journal that were erased, without an attempt's number: they are brought nowhere.
    let erased: Set<String>
    /// Told the slot of a session before it stores anything, and nil after its end: a killed copy's session is ended by the next.
    let session: (CommitKey?) throws -> Void

    /// What is copied beyond what snapshots need.
    package struct Report: Sendable {
        package var replication: ReplicationReport
        package var packs = 0
        package var objects = 0
        package var bytes = 0
        /// Packs and objects that could not be copied.
        package var failures: [Failure] = []
    }

    /// `from`, `to`: opened for this copy. `bad`: packs known to be damaged at `to`.
    package func run(from: OpenSite, to: OpenSite, bad: Set<PackKey> = []) throws -> Report {
        let inventory = try Inventory.passing()
        let replicator = Replicator(
            sources: [from], keys: keys, signer: signer, scratch: scratch, inventory: inventory, options: options, progress: told(progress),
            isCancelled: isCancelled)
        var report = Report(replication: replicator.level(to, bad: bad))
        // What a segment lists there is listed anew with its whole copy, so that collection keeps that one.
        if report.replication.stopped == nil, !bad.isEmpty {
            report.replication.add(replicator.repair(to, packs: bad.sorted { $0.key < $1.key }))
        }
        if let stopped = report.replication.stopped { throw stopped }
        try copyPacks(lacking(from, to, bad: bad), from, to, &report)
        try copyManifests(from, to, &report)
        try copyOthers(from, to, &report)
        return report
    }

    /// What a replicator tells of each snapshot from its start, as steps.
    private func told(_ progress: @escaping @Sendable (Int) -> Void) -> @Sendable (ReplicationProgress) -> Void {
        let last = Monitor<(snapshot: ShortID?, bytes: Int)>((nil, 0))
        return { step in
            let new = last.look { last in
                defer { last = (step.snapshot, step.bytes) }
                return step.snapshot == last.snapshot ? step.bytes - last.bytes : step.bytes
            }
            if new > 0 { progress(new) }
        }
    }

    // MARK: packs

    struct Copy: Sendable {
        let key: PackKey
        let size: Int
    }

    /// Packs that are listed at `from` and not at `to`.
    func lacking(_ from: OpenSite, _ to: OpenSite, bad: Set<PackKey> = []) throws -> [Digest: [Copy]] {
        var there: Set<Digest> = []
        try to.repository.listPacks { key, _ in if !bad.contains(key) { there.insert(key.digest) } }
        var lacking: [Digest: [Copy]] = [:]
        try from.repository.listPacks { key, size in
            if !there.contains(key.digest) { lacking[key.digest, default: []].append(Copy(key: key, size: size)) }
        }
        return lacking
    }

    /// Stores packs that `to` lacks, or has damaged, under a session that commits nothing.
    func copyPacks(_ wanted: [Digest: [Copy]], _ from: OpenSite, _ to: OpenSite, _ report: inout Report) throws {
        guard !wanted.isEmpty else { return }
        let domain = keys.catalogueDomains.first ?? to.repository.trust.descriptor.domains.first?.id ?? .zero
        let session = try WriterSession.begin(
            repository: to.repository, snapshot: .random(), purpose: .replicate, domain: domain, signer: signer)
        try self.session(session.slot)
        defer { session.abandon() }
        let results = Monitor((packs: 0, bytes: 0, failures: [Failure]()))
        for batch in wanted.sorted(by: { $0.key < $1.key }).batches(of: 64) {
            if isCancelled() { throw Failure(.interrupted, .interrupted) }
            let outcomes = Threads.map("migrate", batch, atOnce: max(options.threads, to.site.parallelism)) { [progress] digest, copies in
                let stored = try Self.copy(digest, copies, from, session)
                Steps.mark("pack migrated")
                progress(stored)
                results.look { results in
                    (results.packs, results.bytes) = (results.packs + 1, results.bytes + stored)
                }
            }
            for outcome in outcomes {
                do { try outcome.get() } catch let failure as Failure where failure.kind == .damaged || failure.kind == .missing {
                    results.look { $0.failures.append(failure) }
                }
            }
        }
        results.look { results in
            report.packs += results.packs
            report.bytes += results.bytes
            report.failures += results.failures
        }
        session.abandon()
        try self.session(nil)
    }

    /// Reads a pack whole from the first copy that is what its name says, and stores it; returns its size in bytes.
    private static func copy(_ digest: Digest, _ copies: [Copy], _ from: OpenSite, _ session: WriterSession) throws -> Int {
        var last = Failure(.missing, .objectMissing, object: "\(from.name):\(Leaf.pack(digest))")
        for copy in copies {
            let object = "\(from.name):\(copy.key.key)"
            do {
                let bytes = try from.site.readTwice(copy.key.key, limit: PackLimits.packBytes) { bytes in
                    guard sha256(bytes) == digest else { throw Failure(.damaged, .wrongHash, object: object) }
                    return bytes
                }
                _ = try bytes.withUnsafeBytes { try session.store(pack: digest, $0) }
                return bytes.count
            } catch let failure as Failure where failure.kind == .damaged || failure.kind == .missing { last = failure.of(object) }
        }
        throw last
    }

    // MARK: manifests that no commit names

    /// Validly signed ones, as they are: they are what makes a snapshot visible again whose slot was taken away.
    private func copyManifests(_ from: OpenSite, _ to: OpenSite, _ report: inout Report) throws {
        let there = Set(try to.site.keys("snapshots/"))
        let forgotten = try from.repository.forgottenSnapshots()
        let writing = Set(try from.repository.sessionsAtWork().map(\.snapshot))
        for key in try from.site.keys("snapshots/") where !there.contains(key) && forgotten.time(ofManifest: key) == nil {
            if isCancelled() { throw Failure(.interrupted, .interrupted) }
            do {
                let (manifest, digest) = try from.repository.signedManifest(key, ever: true)
                if writing.contains(manifest.snapshot) { continue }
                if try from.repository.isGivenUp(manifest, digest) { continue }
                let bytes = try from.site.readTwice(key, limit: Statement.Kind.manifest.bodyLimit + Statement.overhead) { bytes in
                    guard key.hasSuffix("." + sha256(bytes).hex.prefix(32)) else { throw Failure(.damaged, .wrongHash) }
                    return bytes
                }
                try to.site.createOrConfirm(key, bytes)
                report.objects += 1
                report.bytes += bytes.count
            } catch let failure as Failure where [.damaged, .missing, .refused, .wrongPlace, .format].contains(failure.kind) {
                report.failures.append(failure.of("\(from.name):\(key)"))
            }
        }
    }

    // MARK: folders set aside

    /// Objects of folders that neither replication nor a site's own coordination knows.
    private func copyOthers(_ from: OpenSite, _ to: OpenSite, _ report: inout Report) throws {
        let known = CopyInventory.ownFolders.union(["packs", "snapshots", "descriptor", "keys", "forget", "attested", "sheets", "holds"])
        func keys(_ site: OpenSite) throws -> [String] {
            var keys: [String] = []
            try site.site.list("") { if $0.key != SiteMarker.key, !known.contains($0.key.prefix { $0 != "/" }) { keys.append($0.key) } }
            return keys
        }
        let there = Set(try keys(to))
        for key in try keys(from) {
            let sealed = SealedName(key)
            if sealed == nil ? there.contains(key) : erased.contains(sealed!.segment) { continue }
            if isCancelled() { throw Failure(.interrupted, .interrupted) }
            do {
                let bytes = try from.site.read(key, limit: RecordCheck.limit(key))
                if let sealed { try sealed.keep(bytes, at: to.site) } else { try to.site.createOrConfirm(key, bytes) }
                report.objects += 1
                report.bytes += bytes.count
            } catch let failure as Failure where failure.kind == .damaged || failure.kind == .missing {
                report.failures.append(failure.of("\(from.name):\(key)"))
            }
        }
    }
}
