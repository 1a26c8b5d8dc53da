import Base
import Codec
import Glibc
import Keys
import Repository
import Sites

/// A tenant with every role, for tests: prepares sites and takes small snapshots with the real builders.
final class SampleTenant: Sendable {
    let authority: SigningKey
    let node: SigningKey
    let maintain: SigningKey
    let verify: SigningKey
    let domain = DomainKeys.generate()
    let bundle: KeyBundle
    let fingerprint: Fingerprint
    let chain: Monitor<[[UInt8]]>
    let siteIDs: [String: ShortID]
    let scratch: String
    private let counter = Monitor((number: UInt64(0), previous: Digest.zero))

    /// `hasRecipient`: the descriptor names one, whose wraps a whole site has.
    init(sites: [String] = ["one", "two", "three"], hasRecipient: Bool = true) throws {
        authority = try .generate()
        node = try .generate()
        maintain = try .generate()
        verify = try .generate()
        let epoch = try SealingKey.generate()
        bundle = KeyBundle(tenantName: "sample", epochs: [1: epoch], domains: [.init(keys: domain, name: "node")])
        fingerprint = Fingerprint(authority.verifying)
        siteIDs = Dictionary(uniqueKeysWithValues: sites.map { ($0, ShortID.random()) })
        scratch = "/tmp/hdsb-test-" + hexString(randomBytes(8))
        let descriptor = Descriptor(
            number: 0, previous: .zero, created: Timestamp.now().seconds, authority: authority.verifying,
            epochs: [.init(number: 1, key: epoch.publicKey)], recipients: hasRecipient ? [.init(kind: .publicKey, key: epoch.publicKey)] : [],
            domains: [.init(id: domain.domain, commitment: domain.commitment)],
            actors: [
                .init(role: .write, domain: domain.domain, key: node.verifying, from: 0),
                .init(role: .maintain, domain: .zero, key: maintain.verifying, from: 0),
                .init(role: .verify, domain: .zero, key: verify.verifying, from: 0),
            ], sites: siteIDs.values.sorted())
        chain = Monitor([try Statement.sign(.descriptor, tenant: fingerprint.tenant, body: descriptor.body, by: authority)])
    }

    deinit { try? removeTree(scratch) }

    var tenant: ShortID { fingerprint.tenant }
    var catalogueKeys: KeyRing { KeyRing(tenant: tenant, catalogues: [domain.catalogue]) }
    var restoreKeys: KeyRing { KeyRing(tenant: tenant, bundle: bundle) }

    /// Signs another descriptor, equal but for its number.
    func extendChain() throws {
        let old = chain.look { $0 }
        var next = try Descriptor(body: Statement(old.last!, .descriptor, tenant: tenant).body)
        next.number += 1
        next.previous = sha256(old.last!)
        let bytes = try Statement.sign(.descriptor, tenant: tenant, body: next.body, by: authority)
        chain.look { $0.append(bytes) }
    }

    /// Makes `site` the tenant's site of that name: marker and chain.
    func prepare(_ site: any Site) throws {
        let marker = SiteMarker(site: siteIDs[site.name]!, kind: "file", endpoint: "", created: 0)
        try site.create(SiteMarker.key, try Statement.sign(.marker, tenant: tenant, body: marker.body, by: authority))
        for (number, bytes) in chain.look({ $0 }).enumerated() { try site.create(Descriptor.key(UInt32(number), bytes), bytes) }
    }

    func memorySite(_ name: String) throws -> MemorySite {
        let site = MemorySite(name: name)
        try prepare(site)
        return site
    }

    func repository(_ site: any Site, state: TenantState? = nil) throws -> SiteRepository {
        try SiteRepository(site: site, fingerprint: fingerprint, state: state)
    }

    func open(_ site: any Site, keys: KeyRing? = nil) throws -> OpenSite {
        try OpenSite(repository(site), keys: keys ?? catalogueKeys, scratch: scratch + "/" + hexString(randomBytes(6)))
    }

    // MARK: snapshots

    struct File {
        var name: String
        var content: [UInt8]
        /// Bytes of a chunk of it.
        var chunk = 64 << 10
    }

    struct Taken {
        let snapshot: ShortID
        let root: Digest
        let packs: [FinishedPack]
    }

    /// Takes a snapshot of `files` at each of `sites`, packs of at most `packBytes` of plain content.
    @discardableResult
    func take(_ files: [File], at sites: [any Site], packBytes: Int = 256 << 10, snapshot: ShortID = .random()) throws -> Taken {
        let run = try RunKey(tenant: tenant, domain: domain, epoch: .init(number: 1, key: bundle.epochs[1]!.publicKey))
        let packer = Packer(run, packBytes)
        let root = try tree(files, packer)
        let packs = packer.finish()
        let outline = counter.look { counter in
            counter.number += 1
            return Manifest.Outline(
                source: domain.sourceID("sample"), node: node.id, started: .now(), finished: .now(), isComplete: true, counts: .init(),
                root: root, counter: counter.number, previous: counter.previous, heads: [])
        }
        let labels = Manifest.Labels(source: "sample", node: "node", paths: [Array("/".utf8)], command: [], excludes: [], program: "test")
        let manifest = try Manifest(snapshot: snapshot, descriptor: 0, outline: outline, labels: labels, run: run)
        let bytes = try Statement.sign(.manifest, tenant: tenant, body: manifest.body, by: node)
        counter.look { $0.previous = sha256(bytes) }
        for site in sites {
            let session = try WriterSession.begin(
                repository: repository(site), snapshot: snapshot, purpose: .backup, domain: domain.domain, signer: node)
            let stored = try packs.map { StoredPack(key: try session.store(pack: $0), writer: node.id, rows: $0.rows) }
            _ = try session.store(segment: stored, key: run.catalogueKey())
            try session.commit(manifest: bytes, snapshot: snapshot)
        }
        return Taken(snapshot: snapshot, root: root, packs: packs)
    }

    private func tree(_ files: [File], _ packer: Packer) throws -> Digest {
        var builder = TreeBuilder(edgeKey: domain.pageEdgeKey, emit: packer.page)
        var folder = Entry(key: [], kind: .folder, mode: 0o755, uid: 0, gid: 0, mtime: .init(seconds: 0))
        folder.key = []
        try builder.append(folder)
        for file in files.sorted(by: { $0.name < $1.name }) {
            var entry = Entry(key: Array(file.name.utf8), kind: .file, mode: 0o644, uid: 0, gid: 0, mtime: .init(seconds: 0))
            entry.size = UInt64(file.content.count)
            var chunks = ChunkListBuilder(edgeKey: domain.pageEdgeKey, emit: packer.page)
            for start in stride(from: 0, to: file.content.count, by: file.chunk) {
                let chunk = Array(file.content[start..<min(start + file.chunk, file.content.count)])
                try chunks.append(ChunkReference(id: try packer.chunk(chunk), length: UInt32(chunk.count)))
            }
            entry.content = try chunks.finish()
            try builder.append(entry)
        }
        return try builder.finish().root
    }
}

/// Puts blobs into small packs, each blob once.
private final class Packer {
    private let run: RunKey
    private let limit: Int
    private let builder: PackBuilder
    private let hasher: KeyedHasher
    private var held = 0
    private var known: Set<Digest> = []
    private var packs: [FinishedPack] = []

    init(_ run: RunKey, _ limit: Int) {
        self.run = run
        self.limit = limit
        builder = PackBuilder(run: run, method: .none, isGuarded: false)
        hasher = run.domain.hasher()
    }

    func chunk(_ bytes: [UInt8]) throws -> Digest { try add(.data, .data, bytes, []) }

    func page(_ kind: PageKind, _ plain: [UInt8], _ references: [Digest]) throws -> Digest {
        kind == .treePage ? try add(.treePage, .treePage, plain, references) : try add(.listPage, .listPage, plain, references)
    }

    private func add(_ kind: BlobKind, _ prefix: IDKind, _ bytes: [UInt8], _ references: [Digest]) throws -> Digest {
        try bytes.withUnsafeBytes { bytes in
            let id = hasher.hash(prefix: prefix.rawValue, bytes)
            guard known.insert(id).inserted else { return id }
            if held + bytes.count > limit { close() }
            if !builder.isOpen { builder.begin(Buffer(capacity: PackBuilder.bufferBytes)) }
            try builder.add(kind, id: id, bytes, checksum: 0, references: references)
            held += bytes.count
            return id
        }
    }

    private func close() {
        if builder.isOpen { packs.append(builder.finish()) }
        held = 0
    }

    func finish() -> [FinishedPack] {
        close()
        return packs
    }
}

/// Deletes a folder and what is in it.
func removeTree(_ path: String) throws {
    for name in try Files.names(path) {
        let inner = path + "/" + name
        if unlink(inner) != 0 { try removeTree(inner) }
    }
    rmdir(path)
}

/// `count` bytes that do not compress, the same for the same seed.
func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return [UInt8](unsafeUninitializedCapacity: count + 8) { bytes, filled in
        for at in stride(from: 0, to: count, by: 8) {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            UnsafeMutableRawPointer(bytes.baseAddress! + at).storeBytes(of: state &* 0x2545_F491_4F6C_DD1D, as: UInt64.self)
        }
        filled = count
    }
}
