import Base
import CLinux
import Codec
import Glibc
import Keys
import Repository

/// What a node holds to take snapshots: no key that opens what it stored.
package struct NodeIdentity: Sendable {
    package let name: String
    package let signer: SigningKey
    package let domain: DomainKeys

    package init(name: String, signer: SigningKey, domain: DomainKeys) {
        self.name = name
        self.signer = signer
        self.domain = domain
    }
}

/// What became of a run.
package struct BackupResult: Sendable {
    package struct SiteOutcome: Sendable {
        package let site: String
        package let isCommitted: Bool
        package let storedBytes: Int
        package let failure: Failure?
        /// It lacked the previous snapshot and was left out.
        package let isBehind: Bool
        /// It is an offline site, which nobody expected to answer.
        package var isExcused = false
    }

    package let snapshot: ShortID
    /// SHA-256 of the manifest object.
    package let manifest: Digest
    package let outline: Manifest.Outline
    package let census: Census
    package let sites: [SiteOutcome]
    package let problems: [BackupProblem]
    package let seconds: Double

    /// The same, with the sites that could not even be opened.
    package func adding(unreachable: [(site: String, failure: Failure, isExpected: Bool)]) -> BackupResult {
        let more = unreachable.map {
            SiteOutcome(site: $0.site, isCommitted: false, storedBytes: 0, failure: $0.failure, isBehind: false, isExcused: $0.isExpected)
        }
        return BackupResult(
            snapshot: snapshot, manifest: manifest, outline: outline, census: census, sites: sites + more, problems: problems, seconds: seconds)
    }

    package var status: ExitStatus {
        var status: ExitStatus = outline.isComplete ? .done : .partial
        if sites.contains(where: { !$0.isCommitted && !$0.isExcused }) { status = status.combined(with: .partial) }
        return status
    }
}

/// One backup of one source, to all its sites at once.
///
/// Nothing is visible at a site before every object that the snapshot needs is known to be there. A crash
/// anywhere leaves objects that nobody refers to; what a checkpoint listed is not stored again.
package final class BackupRun {
    private let source: BackupSource
    private let node: NodeIdentity
    private let sites: [OpenSite]
    private let damaged: [String: Set<PackKey>]
    private let quorum: Int
    private let state: TenantState
    private let program: String
    private let lock: File?
    package let progress = BackupProgress()

    private var tenant: ShortID { sites[0].repository.tenant }

    /// `sites`: those that answered, opened with the domain's catalogue key; at least one. `damaged`: packs that
    /// verification found bad, by site: nothing in them is reused. `lock`: of the source, where the caller has it already.
    package init(
        source: BackupSource, node: NodeIdentity, sites: [OpenSite], damaged: [String: Set<PackKey>] = [:], quorum: Int, state: TenantState,
        program: String, lock: File? = nil
    ) {
        self.lock = lock
        self.source = source
        self.node = node
        self.sites = sites
        self.damaged = damaged
        self.quorum = quorum
        self.state = state
        self.program = program
    }

    /// Takes the snapshot. Throws when there is none: nothing of the source could be read, a command
    /// failed, or fewer sites than the quorum hold it.
    package func run() throws -> BackupResult {
        let begun = monotonicSeconds()
        let started = Timestamp.now()
        let sourceID = node.domain.sourceID(source.name)
        let lock = try self.lock ?? Self.lock(source.name, sourceID, state)
        defer { withExtendedLifetime(lock) {} }
        raiseDescriptorLimit()
        try labels.check()

        let snapshot = ShortID.random()
        let previousID = try lastSnapshot(sourceID)
        let (level, behind) = divide(previousID)
        let descriptor = level[0].repository.trust.descriptor
        guard let epoch = descriptor.currentEpoch else { throw Failure(.format, .noDescriptor) }
        let key = try RunKey(tenant: tenant, domain: node.domain, epoch: epoch)

        let (participants, known, failures) = try begin(level, snapshot, key)
        let pipeline = Pipeline(run: key, method: source.compression, participants: participants, known: known, progress: progress)
        pipeline.start()
        let scanned: Scanned
        do {
            scanned = try scan(pipeline, sourceID)
        } catch {
            pipeline.fail(error)
            try? pipeline.finish()
            for participant in participants { participant.abandon() }
            throw participants.allSatisfy({ $0.failure != nil }) ? participants[0].failure ?? error : error
        }

        let commitLock = try lockCommits()
        defer { withExtendedLifetime(commitLock) {} }
        let heads = try ownHeads()
        var counts = scanned.counts
        counts.readBytes = scanned.readBytes
        counts.storedBytes = UInt64(participants.map(\.storedBytes).max() ?? 0)
        counts.problems = scanned.problemCount
        let outline = Manifest.Outline(
            source: sourceID, node: node.signer.id, started: started, finished: .now(), isComplete: scanned.problemCount == 0, counts: counts,
            root: scanned.root, counter: (heads.own?.counter ?? 0) + 1, previous: heads.own?.manifest ?? .zero, heads: heads.others)
        let manifest = try Manifest(snapshot: snapshot, descriptor: descriptor.number, outline: outline, labels: labels, run: key)
        let bytes = try Statement.sign(.manifest, tenant: tenant, body: manifest.body, by: node.signer)
        let committed = participants.map { $0.commit(bytes, snapshot: snapshot) }

        let outcomes =
            zip(participants, committed).map { participant, committed in
                BackupResult.SiteOutcome(
                    site: participant.name, isCommitted: committed, storedBytes: participant.storedBytes, failure: participant.failure,
                    isBehind: false)
            }
            + failures.map {
                BackupResult.SiteOutcome(site: $0.site, isCommitted: false, storedBytes: 0, failure: $0.failure, isBehind: false)
            }
            + behind.map {
                BackupResult.SiteOutcome(
                    site: $0.name, isCommitted: false, storedBytes: 0, failure: Failure(.partial, .siteBehind($0.name), object: $0.name),
                    isBehind: true)
            }
        var census = scanned.census
        (census.newBytes, census.newStoredBytes) = (progress.figures.newBytes, progress.figures.newStoredBytes)
        let reached = committed.filter { $0 }.count
        guard reached > 0 else {
            scanned.catalogue.discard()
            throw participants.compactMap(\.failure).first ?? Failure(.failed, .quorumMissed(0, quorum))
        }
        try scanned.catalogue.finish(totals: scanned.totals)
        try remember(snapshot, sourceID, bytes, counter: outline.counter)
        Steps.mark("catalogue kept")
        let result = BackupResult(
            snapshot: snapshot, manifest: sha256(bytes), outline: outline, census: census, sites: outcomes, problems: scanned.problems,
            seconds: monotonicSeconds() - begun)
        guard reached >= quorum else {
            let cause = outcomes.compactMap(\.failure).first
            throw Failure(
                cause?.isPassing == false ? cause!.kind : .unreachable, .quorumMissed(reached, quorum), object: cause?.object, remedy: cause?.message)
        }
        return result
    }

    // MARK: before

    /// One run of a source at a time on a machine: held until the file is closed. Throws `.refused` while another has it.
    package static func lock(_ name: String, _ source: ShortID, _ state: TenantState) throws -> File {
        let path = state.folder + "/lock-" + source.hex
        do {
            let file = try File.openOrCreate(RawName(path), O_RDWR)
            guard clinux_lock(file.descriptor) == 0 else { throw Failure(.refused, .sourceBusy, object: name) }
            return file
        } catch let error as SystemError { throw error.failure(.failed, "lock", object: path) }
    }

    /// Deep folders are walked with one descriptor a level.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(7), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(7), &limit)
    }

    /// Sites that hold the previous snapshot take part whole; the others are left to replication, unless
    /// none holds it.
    private func divide(_ previous: ShortID?) -> (level: [OpenSite], behind: [OpenSite]) {
        guard let previous else { return (sites, []) }
        let level = sites.filter { site in site.commits.contains { $0.key.snapshot == previous && site.coordination.marks($0.key) } }
        // Too few of them for the quorum: then what the others lack is read and stored again.
        guard level.count >= min(quorum, sites.count), !level.isEmpty else { return (sites, []) }
        return (level, sites.filter { site in !level.contains { $0 === site } })
    }

    private func begin(
        _ sites: [OpenSite], _ snapshot: ShortID, _ key: RunKey
    ) throws -> ([Participant], KnownBlobs, [(site: String, failure: Failure)]) {
        var ready: [(OpenSite, WriterSession, SiteIndex)] = []
        var failures: [(site: String, failure: Failure)] = []
        for site in sites {
            do {
                let session = try WriterSession.begin(
                    repository: site.repository, snapshot: snapshot, purpose: .backup, domain: node.domain.domain, signer: node.signer)
                Steps.mark("session begun")
                let index = try freshIndex(site, session)
                index.setTrust(writer: node.signer.id, attested: try site.repository.attestedPacks())
                // Every reused pack is seen in a listing made during the session, and is not known to be damaged.
                try session.listPresent(in: index)
                for pack in damaged[site.name] ?? [] { index.markAbsent(pack) }
                ready.append((site, session, index))
            } catch let failure as Failure { failures.append((site.name, failure)) }
        }
        guard !ready.isEmpty else { throw failures[0].failure }
        let known = KnownBlobs(Dictionary(ready.map { ($0.0.name, $0.2) }, uniquingKeysWith: { first, _ in first }))
        let participants = ready.map {
            Participant(name: $0.0.name, session: $0.1, index: $0.2, run: key, writer: node.signer.id, known: known)
        }
        return (participants, known, failures)
    }

    /// The site's index as this session may use it: read after its registration.
    private func freshIndex(_ site: OpenSite, _ session: WriterSession) throws -> SiteIndex {
        let commits = try site.repository.commits(session.coordination)
        let index = try SiteIndex(domain: node.domain.domain, folder: state.indexFolder(site: site.repository.id, domain: node.domain.domain))
        try session.level(index, commits: commits, keys: KeyRing(tenant: tenant, domains: [node.domain]))
        return index
    }

    // MARK: the scan

    private struct Scanned {
        let root: Digest
        let counts: Manifest.Counts
        let census: Census
        let readBytes: UInt64
        let problems: [BackupProblem]
        let problemCount: UInt64
        let catalogue: CatalogueWriter
        let totals: [Digest: UInt32]
    }

    private func scan(_ pipeline: Pipeline, _ sourceID: ShortID) throws -> Scanned {
        let (folder, keys) = (state.folder, node.domain)
        let previous = try CatalogueReader(folder: folder, source: sourceID, keys: keys)
        let catalogue = try CatalogueWriter(folder: folder, source: sourceID, keys: keys)
        let assembler = EntryAssembler(pipeline: pipeline, keys: keys, catalogue: catalogue)
        let reader = ContentReader(pipeline: pipeline, assembler: assembler, keys: keys, chunking: source.chunking) {
            (try? KnownContents(CatalogueReader(folder: folder, source: sourceID, keys: keys))) ?? KnownContents()
        }
        let scanner = Scanner(source: source, previous: previous, assembler: assembler, reader: reader, pipeline: pipeline, keys: keys)
        switch source.origin {
        case .paths(let paths): try scanner.scan(paths)
        case .command(let words, let user, let timeout):
            try StreamSource(name: source.name, reader: reader).command(words, user: user, timeout: timeout)
        case .input: try StreamSource(name: source.name, reader: reader).input()
        }
        try reader.finish()
        let root = try assembler.finish()
        try pipeline.finish()
        let totals = (previous?.totals ?? [:]).merging(reader.bundleTotals) { $1 }
        return Scanned(
            root: root, counts: assembler.counts, census: assembler.extensions.finish(), readBytes: reader.readBytes, problems: scanner.problems,
            problemCount: scanner.problemCount,
            catalogue: catalogue, totals: totals)
    }

    private var labels: Manifest.Labels {
        switch source.origin {
        case .paths(let paths):
            Manifest.Labels(source: source.name, node: node.name, paths: paths, command: [], excludes: source.excludeTexts, program: program)
        case .command(let words, _, _):
            Manifest.Labels(source: source.name, node: node.name, paths: [], command: words, excludes: [], program: program)
        case .input: Manifest.Labels(source: source.name, node: node.name, paths: [], command: [], excludes: [], program: program)
        }
    }

    // MARK: what came before

    /// The highest manifest of this node, and of every other one that this run can see.
    private func ownHeads() throws -> (own: Manifest.Head?, others: [Manifest.Head]) {
        let keys = KeyRing(tenant: tenant, domains: [node.domain])
        var highest: [KeyID: Manifest.Head] = [:]
        for snapshot in try Snapshots.list(sites, keys: keys, problem: { _ in }) {
            let head = Manifest.Head(
                domain: snapshot.manifest.domain, node: snapshot.outline.node, counter: snapshot.outline.counter, manifest: snapshot.manifestDigest)
            if head.counter > highest[head.node]?.counter ?? 0 { highest[head.node] = head }
        }
        var own = highest.removeValue(forKey: node.signer.id)
        if let last = try lastHead(), last.counter > own?.counter ?? 0 { own = last }
        return (own, highest.values.sorted { $0.node < $1.node })
    }

    private func lastPath(_ source: ShortID) -> String { state.folder + "/last-" + source.hex }

    private func lastSnapshot(_ source: ShortID) throws -> ShortID? {
        try Files.read(lastPath(source), limit: 64).flatMap { ShortID($0) }
    }

    private var headPath: String { state.folder + "/head-" + node.domain.domain.hex }

    /// This node's last manifest as this machine remembers it: it may be visible nowhere any more.
    private func lastHead() throws -> Manifest.Head? {
        guard let bytes = try Files.read(headPath, limit: 256), let head = try? bytes.decode({ r in (try r.u64(), try r.digest()) }) else {
            return nil
        }
        return Manifest.Head(domain: node.domain.domain, node: node.signer.id, counter: head.0, manifest: head.1)
    }

    /// Sources that end together count their manifests one after the other.
    private func lockCommits() throws -> File {
        let path = state.folder + "/lock-commits"
        do {
            let file = try File.openOrCreate(RawName(path), O_RDWR)
            while clinux_lock(file.descriptor) != 0 { sleep(milliseconds: 50) }
            return file
        } catch let error as SystemError { throw error.failure(.failed, "lock", object: path) }
    }

    private func remember(_ snapshot: ShortID, _ source: ShortID, _ manifest: [UInt8], counter: UInt64) throws {
        var head = ByteWriter()
        head.u64(counter)
        head.digest(sha256(manifest))
        try Files.replace(headPath, head.bytes)
        try Files.replace(lastPath(source), snapshot.bytes)
        try state.keepManifest(manifest, sha256(manifest))
    }
}
