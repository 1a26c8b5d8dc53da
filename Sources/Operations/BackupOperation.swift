import Backup
import Base
import Codec
import Keys
import Replication
import Repository

/// `hdsbackup backup`: one source of a workspace, with its hooks.
package struct BackupOperation {
    private let workspace: Workspace
    private let source: Configuration.Source
    private let node: NodeIdentity

    /// Throws `.key` on a machine without the write role, `.refused` where opening keys lie beside it and
    /// the tenant did not accept that.
    package init(_ workspace: Workspace, _ source: Configuration.Source) throws {
        self.workspace = workspace
        self.source = source
        guard let keys = try workspace.keys.node() else { throw Failure(.key, .noRole("write"), object: workspace.tenant.name) }
        node = NodeIdentity(name: workspace.configuration.node.name, signer: keys.signer, domain: keys.domain)
        if !workspace.tenant.acceptsKeysTogether, try KeyFile.needsPassphrase(workspace.keys.path("restore")) != nil {
            throw Failure(.refused, .keysTogether(workspace.tenant.name), remedy: .keysTogetherRemedy)
        }
    }

    /// Takes the snapshot. `watch` is given the run's progress as soon as there is one. Sites that did not
    /// answer are in the outcomes; throws when there is no snapshot, or fewer than the quorum hold it.
    package func run(watch: (BackupProgress) -> Void) throws -> BackupResult {
        // Before the hooks: another run's must not thaw what this one froze.
        let lock = try BackupRun.lock(source.name, node.domain.sourceID(source.name), workspace.state)
        guard source.before != nil || source.after != nil else { return try take(lock, watch) }
        // `after` always runs, once: it thaws what `before` froze, even half-way, and where a signal ends this process.
        let (after, name) = (source.after, source.name)
        let freezing = Monitor<ChildProcess.Group?>(nil)
        Interruption.prepare {
            // What is still freezing is ended first: it must not freeze after the thaw.
            freezing.look { $0 }?.end()
            try? Self.run(after, of: name)
        }
        let taken = Result {
            try Self.run(source.before, of: name) { group in freezing.look { $0 = group } }
            return try take(lock, watch)
        }
        // Taken by a signal: it is running, and the process ends when it has.
        guard Interruption.take() != nil else { while true { sleep(seconds: 3_600) } }
        let thawed = Result { try Self.run(after, of: name) }
        let result = try taken.get()
        try thawed.get()
        return result
    }

    private func take(_ lock: File, _ watch: (BackupProgress) -> Void) throws -> BackupResult {
        let ring = KeyRing(tenant: workspace.fingerprint.tenant, domains: [node.domain])
        let refused = try workspace.refusals(source: source)
        let opened = try open(ring, without: refused)
        for site in opened.sites {
            guard site.repository.trust.mayWrite else { throw Failure(.format, .unsupportedFeature, object: site.name) }
        }
        let run = BackupRun(
            source: try definition(), node: node, sites: opened.sites, damaged: workspace.damagedPacks(at: opened.sites),
            quorum: workspace.tenant.writeQuorum, state: workspace.state,
            program: "hdsbackup " + programVersion, lock: lock)
        watch(run.progress)
        return try run.run().adding(
            unreachable: opened.absences.map { ($0.site, $0.failure, $0.isExpected) } + refused.map { ($0.site.name, $0.failure, false) })
    }

    /// The sites that may be written to. Throws what policy says where the others are too few for the quorum: nothing is read then.
    private func open(_ ring: KeyRing, without refused: [(site: Configuration.Site, failure: Failure)]) throws -> Workspace.Opened {
        let left = workspace.tenant.sites.count - refused.count
        if let first = refused.first, left < workspace.tenant.writeQuorum {
            throw refused.count == 1 ? first.failure : Failures(refused.map(\.failure))
        }
        return try workspace.open(without: refused.map(\.site.name), keys: ring, as: .write)
    }

    /// Puts the snapshot down as lacking at the sites that did not take it: what `replicate` will bring, and `status` shows.
    package func noteLacks(_ result: BackupResult) throws {
        let snapshot = Lack.Object.snapshot(result.snapshot, manifest: result.manifest)
        for site in result.sites where !site.isCommitted {
            guard let id = try workspace.siteID(site.site) else { continue }
            try workspace.replicationStore().note([snapshot], .absent, at: id)
        }
    }

    private func definition() throws -> BackupSource {
        let origin: BackupSource.Origin
        switch source.content {
        case .paths(let paths): origin = .paths(paths.map { Array($0.utf8) })
        case .command(let words): origin = .command(words, user: source.user, timeout: source.timeout.map(seconds))
        case .standardInput: origin = .input
        }
        let chunking: BackupSource.Chunking =
            switch source.chunking {
            case .auto: .auto
            case .content: .content
            case .fixed: .fixed
            }
        return try BackupSource(
            name: source.name, origin: origin, exclude: source.exclude, staysOnFileSystem: source.staysOnFileSystem, chunking: chunking,
            compression: CompressionMethod(configuration: source.compression.text))
    }

    /// `started`: is told of the hook's processes, and when there are none any more.
    private static func run(_ hook: Configuration.Hook?, of source: String, started: (ChildProcess.Group?) -> Void = { _ in }) throws {
        guard let hook else { return }
        do {
            let child = try ChildProcess(hook.run, user: hook.user, capturesOutput: false)
            started(child.group)
            let status = child.wait(timeout: hook.timeout.map(seconds))
            started(nil)
            guard status == 0 else { throw Failure(.failed, .hookFailed(hook.run[0], status), object: source) }
        } catch let error as SystemError { throw error.failure(.failed, "start", object: hook.run[0]) }
    }
}

/// A duration in seconds.
package func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
}
