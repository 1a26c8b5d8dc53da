import Base
import Keys
import Repository
import Restore
import Verification

/// `hdsbackup restore-test` and `hdsbackup drill`, and the daemon's restore tests: real restores of the last snapshots into a
/// scratch place, each with a signed sheet.
package struct RestoreTestOperation {
    package struct Options: Sendable {
        /// Instead of the last one; then of its source alone.
        package var snapshot: String?
        /// Instead of what the configuration says; its limit does not count then.
        package var share: RestoreTestShare?
        /// Sites that are asked for nothing, as if they were gone.
        package var without: [String] = []
        /// Read from this site alone.
        package var site: String?

        package init() {}
    }

    /// What concerns a person who may know the source: paths, and what its check said.
    package enum Detail: Sendable {
        /// What was found, or what did not work, while the source was tested; of all sources where nil.
        case failure(Failure, source: String?)
        case checkOutput([UInt8], source: String)
        /// Why a source was not tested at all.
        case notTested(Failure, source: String)
    }

    private let workspace: Workspace
    private let options: Options
    private let signer: SigningKey
    private let view: TenantView
    private let tell: (Detail) -> Void

    /// Tests the sources of the names, or all of the tenant that have a snapshot: one row each. What goes wrong with one source
    /// is in its row; `tell` has the details.
    ///
    /// Throws where no test can be: `.key` without the opening keys or the verify role's, `.refused` where they lie beside the write
    /// role and the tenant did not accept that, or the verify key has no right; `.usage`; `.unreachable` when no site answers.
    package static func run(
        _ workspace: Workspace, sources: [String] = [], options: Options = Options(),
        progress: @escaping @Sendable (String, RestoreProgress) -> Void = { _, _ in }, isCancelled: @escaping @Sendable () -> Bool = { false },
        tell: @escaping (Detail) -> Void = { _ in }
    ) throws -> [RestoreTestRow] {
        let operation = try RestoreTestOperation(workspace, options, tell)
        return try operation.subjects(sources).map { name, snapshot in
            do {
                return try operation.test(name, snapshot.get(), isCancelled) { progress(name, $0) }
            } catch {
                guard let failure = failures(of: error).first, failure.kind != .interrupted else { throw error }
                tell(.notTested(failure, source: name))
                return RestoreTestRow(tenant: workspace.tenant.name, source: name, failure)
            }
        }
    }

    /// Why no test can run on this machine for the tenant; nil where its keys allow them. Asks for no passphrase and no site.
    package static func obstacle(_ workspace: Workspace) -> Failure? {
        do {
            _ = try signer(workspace)
            return nil
        } catch { return failures(of: error).first ?? Failure(.failed, .system("keys", "\(error)")) }
    }

    private init(_ workspace: Workspace, _ options: Options, _ tell: @escaping (Detail) -> Void) throws {
        self.workspace = workspace
        self.options = options
        self.tell = tell
        signer = try Self.signer(workspace)
        for name in options.without { _ = try workspace.configuration.sites(of: workspace.tenant, named: name) }
        guard workspace.tenant.sites.contains(where: { !options.without.contains($0) && (options.site == nil || options.site == $0) }) else {
            throw Failure(.usage, .drillNoSiteLeft)
        }
        view = try TenantView(workspace, site: options.site, without: options.without, opening: true)
        for failure in view.problems + view.opened.failures { tell(.failure(failure, source: nil)) }
        let now = Timestamp.now().seconds
        guard view.opened.sites.contains(where: { $0.repository.trust.actor(signer.id, .verify, at: now) != nil }) else {
            throw Failure(.refused, .noVerifyRight, object: workspace.tenant.name)
        }
    }

    /// The key that signs sheets, where tests may run.
    private static func signer(_ workspace: Workspace) throws -> SigningKey {
        let tenant = workspace.tenant
        guard try workspace.keys.holdsRestore() else {
            throw Failure(.key, .testsNeedOpeningKeys, object: tenant.name, remedy: .testsOnProofHost)
        }
        if !tenant.acceptsKeysTogether, try workspace.keys.node() != nil {
            throw Failure(.refused, .keysTogether(tenant.name), remedy: .keysTogetherRemedy)
        }
        guard let signer = try workspace.keys.verify() else { throw Failure(.key, .noRole("verify"), object: tenant.name, remedy: .testsOnProofHost) }
        return signer
    }

    // MARK: what to test

    private func subjects(_ names: [String]) throws -> [(name: String, snapshot: Result<Snapshot, any Error>)] {
        if let text = options.snapshot {
            let snapshot = try view.snapshot(text)
            let name = view.sourceName(snapshot)
            guard names.isEmpty || names == [name] else { throw Failure(.usage, .snapshotOfAnother(name), object: text) }
            return [(name, .success(snapshot))]
        }
        let configured = workspace.configuration.sources.filter { $0.tenant == workspace.tenant.name }.map(\.name)
        let existing = Set(view.snapshots.map { view.sourceName($0) })
        if let unknown = names.first(where: { !configured.contains($0) && !existing.contains($0) }) {
            throw Failure(.usage, .unknownSource, object: unknown)
        }
        // A proof host need not know what is backed up elsewhere; a source that was never backed up is not its business.
        let all = names.isEmpty ? configured.filter(existing.contains) + existing.subtracting(configured).sorted() : names
        guard !all.isEmpty else { throw Failure(.usage, .noSnapshots) }
        return all.map { name in (name, Result { try view.snapshot(name + "@latest") }) }
    }

    private func subject(_ snapshot: Snapshot) throws -> RestoreTest.Subject {
        let labels = try snapshot.manifest.labels(view.ring)
        var subject = RestoreTest.Subject(snapshot: snapshot, sourceName: labels.source)
        subject.paths = labels.paths
        subject.isLive = try !labels.paths.isEmpty && workspace.keys.node()?.signer.id == snapshot.outline.node
        let source = workspace.configuration.sources.first { $0.tenant == workspace.tenant.name && $0.name == labels.source }
        subject.check = source?.check.map { SourceCheck(words: $0, user: source?.user, timeout: source?.timeout.map(seconds)) }
        subject.promised = source?.rto.map { UInt64(max(0, $0.components.seconds)) }
        return subject
    }

    // MARK: one test

    private func test(
        _ name: String, _ snapshot: Snapshot, _ isCancelled: @escaping @Sendable () -> Bool, _ progress: @escaping @Sendable (RestoreProgress) -> Void
    ) throws -> RestoreTestRow {
        guard let domain = view.ring.domainKeys(snapshot.manifest.domain) else { throw Failure(.key, .noOpeningKey, object: name) }
        let configuration = workspace.configuration.restoreTest
        let reader = BlobReader(sites: view.sites(for: snapshot), keys: view.ring, domain: snapshot.manifest.domain)
        let test = RestoreTest(
            reader: reader, subject: try subject(snapshot), place: configuration.place, threads: max(Threads.cores, reader.parallelism),
            progress: progress, isCancelled: isCancelled)
        let memory = RestoreTestMemory(workspace.state, source: snapshot.outline.source, domain: domain)
        let plan = try test.plan(
            share: options.share ?? configuration.share, limit: options.share == nil ? configuration.limit.bytes : nil, round: memory.round)
        var outcome = try test.run(plan)
        if let round = outcome.round { try memory.keep(round) }
        outcome.sheet.host = workspace.configuration.node.name
        outcome.sheet.program = "hdsbackup " + programVersion
        outcome.sheet.without = options.without
        for failure in outcome.details { tell(.failure(failure, source: name)) }
        for copy in reader.damage where copy.isHealed {
            tell(.failure(Failure(.partial, .healed("\(copy.site):\(copy.object)")), source: name))
        }
        if !outcome.checkOutput.isEmpty { tell(.checkOutput(outcome.checkOutput, source: name)) }
        return try store(outcome, domain.catalogue)
    }

    /// Signs the sheet and stores it at every site that answers, and here.
    private func store(_ outcome: RestoreTest.Outcome, _ catalogue: CatalogueKey) throws -> RestoreTestRow {
        let tenant = workspace.fingerprint.tenant
        let record = SheetRecord(outcome.sheet, domain: catalogue, tenant: tenant)
        let bytes = try Statement.sign(.sheet, tenant: tenant, body: record.body, by: signer)
        var row = RestoreTestRow(outcome.sheet, name: record.name, tenant: workspace.tenant.name)
        row.status = row.exitStatus.combined(with: outcome.status).rawValue
        func note(_ failure: Failure) {
            tell(.failure(failure, source: row.source))
            row.status = row.exitStatus.combined(with: .partial).rawValue
        }
        do {
            try Files.makeFolder(workspace.state.folder + "/sheets")
            try Files.replace(workspace.state.folder + "/sheets/" + record.name, bytes)
        } catch let failure as Failure { note(failure) }
        for site in view.opened.sites {
            do {
                try put(bytes, record.key, site)
                row.sheet_sites.append(site.name)
            } catch let failure as Failure { note(Failure(failure.kind, .sheetNotStored(failure.message), object: site.name)) }
        }
        return row
    }

    /// The restore role's credentials may be for reading only: then the machine's others are tried.
    private func put(_ bytes: [UInt8], _ key: String, _ site: OpenSite) throws {
        do { try site.site.createOrConfirm(key, bytes) } catch let failure as Failure where failure.kind == .refused {
            let place = try workspace.configuration.site(site.name)
            guard case .s3 = place.place else { throw failure }
            try workspace.store(place, as: .write).createOrConfirm(key, bytes)
        }
    }
}
