import Base
import Codec
import Keys
import Maintenance
import Repository
import Sites
import TestSupport

/// One site of a tenant, filled with packs whose blobs nobody can open: collection never does.
final class Depot {
    static let shared = Result { try TestTenant(seed: 66) }

    let tenant: TestTenant
    let site: any Site
    let repository: SiteRepository
    let scratch: TemporaryFolder
    var random: SeededGenerator
    private let block: KeyBlock

    init(seed: UInt64 = 1, site: (any Site)? = nil) throws {
        tenant = try Self.shared.get()
        if let site {
            self.site = site
            try tenant.prepare(site, 0)
        } else {
            self.site = try tenant.memorySite()
        }
        scratch = try TemporaryFolder()
        repository = try tenant.open(self.site, state: TenantState(folder: scratch.path + "/state"))
        random = SeededGenerator(seed)
        block = KeyBlock(
            kind: .run, epoch: 1, encapsulation: [UInt8](repeating: 7, count: 1120), salt: random.bytes(32), commitment: random.bytes(32))
    }

    func ids(_ count: Int) -> [Digest] { (0..<count).map { _ in random.digest() } }

    /// A pack of data blobs, and of pages with what each refers to.
    func pack(_ data: [Digest], pages: [(id: Digest, references: [Digest])] = [], blobBytes: Int = 40) -> FinishedPack {
        let builder = CopiedPackBuilder(tenant.domain.catalogue, tenant: tenant.id, target: 64 << 20)
        let sealed = random.bytes(blobBytes)
        var ordinal: UInt32 = 0
        func add(_ id: Digest, _ kind: BlobKind, _ references: [Digest]) {
            let row = PackRow(
                id: id, kind: kind, keyBlock: 1, ordinal: ordinal, offset: 0, length: UInt32(blobBytes), references: references)
            try! builder.add([row], [block, block]) { $0[0].copyBytes(from: sealed) }
            ordinal += 1
        }
        for id in data { add(id, .data, []) }
        for page in pages { add(page.id, .treePage, page.references) }
        return builder.finish()!
    }

    func begin(_ signer: SigningKey? = nil, snapshot: ShortID = .random()) throws -> WriterSession {
        try WriterSession.begin(
            repository: repository, snapshot: snapshot, purpose: .backup, domain: tenant.domain.domain, signer: signer ?? tenant.node)
    }

    /// Stores packs, and a segment that lists them.
    @discardableResult
    func store(_ packs: [FinishedPack], by session: WriterSession, writer: SigningKey? = nil) throws -> [PackKey] {
        var stored: [StoredPack] = []
        for pack in packs { stored.append(StoredPack(key: try session.store(pack: pack), writer: (writer ?? tenant.node).id, rows: pack.rows)) }
        _ = try session.store(segment: stored, key: .catalogue(tenant.domain.catalogue, tenant: tenant.id))
        return stored.map(\.key)
    }

    func manifest(_ snapshot: ShortID, root: Digest, by signer: SigningKey? = nil) throws -> [UInt8] {
        let signer = signer ?? tenant.node
        let outline = Manifest.Outline(
            source: ShortID(hex: String(repeating: "5", count: 32))!, node: signer.id, started: .now(), finished: .now(), isComplete: true,
            counts: .init(), root: root, counter: 1, previous: .zero, heads: [])
        let labels = Manifest.Labels(source: "s", node: "n", paths: [], command: [], excludes: [], program: "test")
        let manifest = try Manifest(snapshot: snapshot, descriptor: 0, outline: outline, labels: labels, run: tenant.runKey())
        return try tenant.sign(.manifest, manifest.body, by: signer)
    }

    /// Commits a snapshot whose root page refers to `chunks`; new packs of their own are stored for `new`, and one for the page.
    @discardableResult
    func snapshot(_ chunks: [Digest], storing new: [[Digest]], by signer: SigningKey? = nil) throws -> (id: ShortID, root: Digest, packs: [PackKey]) {
        let id = random.id()
        let root = random.digest()
        let session = try begin(signer, snapshot: id)
        var packs = new.map { pack($0) }
        packs.append(pack([], pages: [(root, chunks)]))
        let keys = try store(packs, by: session, writer: signer)
        try session.commit(manifest: manifest(id, root: root, by: signer), snapshot: id)
        return (id, root, keys)
    }

    func forget(_ snapshots: [ShortID]) throws {
        let commits = try repository.commits(repository.coordination())
        let dropped = snapshots.map { id in
            ForgetRecord.Dropped(snapshot: id, manifest: commits.first { $0.key.snapshot == id }?.manifest ?? .zero, reason: 1)
        }
        _ = try Forgetting([repository], signer: tenant.maintain).run(dropped)
    }

    func options(_ change: (inout CollectionOptions) -> Void = { _ in }) -> CollectionOptions {
        var options = CollectionOptions()
        (options.quarantine, options.patience, options.liveShare) = (0, 0, 0)
        change(&options)
        return options
    }

    func collector(_ options: CollectionOptions, folder: String = "collect", damaged: Set<PackKey> = []) throws -> Collector {
        try Files.makeFolder(scratch.path + "/" + folder)
        return Collector(
            repository, keys: tenant.catalogueKeys, signer: tenant.maintain, folder: scratch.path + "/" + folder, damaged: damaged,
            options: options)
    }

    /// A collector of a machine that has never seen the site.
    static func forgetful(_ depot: Depot) throws -> Collector {
        let repository = try depot.tenant.open(depot.site)
        try Files.makeFolder(depot.scratch.path + "/elsewhere")
        return Collector(
            repository, keys: depot.tenant.catalogueKeys, signer: depot.tenant.maintain, folder: depot.scratch.path + "/elsewhere",
            options: depot.options())
    }

    @discardableResult
    func collect(_ change: (inout CollectionOptions) -> Void = { _ in }) throws -> CollectionReport { try collector(options(change)).run() }

    func packs() throws -> Set<PackKey> { Set(try site.keys("packs/").compactMap { PackKey(key: $0) }) }

    /// Ids reachable from a root of one page that no pack, listed by a counting segment and there, holds.
    func missing(_ ids: [Digest]) throws -> [Digest] {
        let index = try SiteIndex(domain: tenant.domain.domain, folder: scratch.path + "/look-\(random.next())")
        try repository.update(index, coordination: repository.coordination(), keys: tenant.catalogueKeys)
        var present: [(key: PackKey, size: Int)] = []
        try repository.listPacks { present.append(($0, $1)) }
        index.setPresent(present)
        return ids.filter { id in !(index.places(id).first.map { index.isPresent($0.number) } ?? false) }
    }
}
