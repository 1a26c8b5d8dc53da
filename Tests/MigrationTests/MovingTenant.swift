import Base
import Codec
import Glibc
import Keys
import Migration
import Repository
import Sites

/// A tenant with every role at two sites, and a folder of its own that goes with it.
final class MovingTenant: Sendable {
    let secret: [UInt8]
    let authority: SigningKey
    let node: SigningKey
    let maintain: SigningKey
    let verify: SigningKey
    let domain: DomainKeys
    let bundle: KeyBundle
    let epoch: SealingKey
    let fingerprint: Fingerprint
    let siteIDs: [String: ShortID]
    let folder: String
    private let isOwner: Bool
    private let chain: [UInt8]
    private let counter = Monitor(UInt64(0))

    /// The same secret makes the same keys: `folder` is that of a tenant in another process, which it is left to.
    init(secret: [UInt8] = randomBytes(32), folder: String? = nil) throws {
        self.secret = secret
        func derived(_ number: UInt8) -> [UInt8] { sha256(secret + [number]).bytes }
        authority = try SigningKey(seed: Secret(derived(1)))
        node = try SigningKey(seed: Secret(derived(2)))
        maintain = try SigningKey(seed: Secret(derived(3)))
        verify = try SigningKey(seed: Secret(derived(4)))
        epoch = try SealingKey(seed: Secret(derived(5)))
        domain = DomainKeys(domain: ShortID(sha256(derived(6))), secret: Secret(derived(7)))
        siteIDs = ["a": ShortID(sha256(derived(8))), "b": ShortID(sha256(derived(9)))]
        self.folder = folder ?? "/tmp/hdsb-test-" + hexString(randomBytes(8))
        isOwner = folder == nil
        bundle = KeyBundle(tenantName: "moving", epochs: [1: epoch], domains: [.init(keys: domain, name: "node")])
        fingerprint = Fingerprint(authority.verifying)
        let descriptor = Descriptor(
            number: 0, previous: .zero, created: Timestamp.now().seconds, authority: authority.verifying,
            epochs: [.init(number: 1, key: epoch.publicKey)], recipients: [.init(kind: .publicKey, key: epoch.publicKey)],
            domains: [.init(id: domain.domain, commitment: domain.commitment)],
            actors: [
                .init(role: .write, domain: domain.domain, key: node.verifying, from: 0),
                .init(role: .maintain, domain: .zero, key: maintain.verifying, from: 0),
                .init(role: .verify, domain: .zero, key: verify.verifying, from: 0),
            ], sites: siteIDs.values.sorted())
        chain = try Statement.sign(.descriptor, tenant: fingerprint.tenant, body: descriptor.body, by: authority)
        try Files.makeFolder(self.folder)
    }

    deinit { if isOwner { Self.remove(folder) } }

    private static func remove(_ path: String) {
        for name in (try? Files.names(path)) ?? [] {
            let inner = path + "/" + name
            if unlink(inner) != 0 { remove(inner) }
        }
        rmdir(path)
    }

    var tenant: ShortID { fingerprint.tenant }
    var keys: KeyRing { KeyRing(tenant: tenant, catalogues: [domain.catalogue]) }

    /// Makes `site` the tenant's site `a` or `b`, with a key wrap.
    func prepare(_ site: any Site, as name: String) throws {
        let marker = SiteMarker(site: siteIDs[name]!, kind: "file", endpoint: "", created: 0)
        try site.create(SiteMarker.key, try Statement.sign(.marker, tenant: tenant, body: marker.body, by: authority))
        try site.create(Descriptor.key(0, chain), chain)
    }

    func memorySite(_ name: String) throws -> MemorySite {
        let site = MemorySite(name: name)
        try prepare(site, as: name)
        return site
    }

    /// The tenant's folder below `place`, as it is.
    func fileSite(at place: String, _ name: String) -> FileSite { FileSite(name: name, path: place, prefix: fingerprint.prefix) }

    /// A folder below `place`, as the tenants of one site have theirs.
    func fileSite(_ name: String, place: String) throws -> FileSite {
        try Files.makeFolder(place)
        let site = fileSite(at: place, name)
        try prepare(site, as: name)
        return site
    }

    func repository(_ site: any Site) throws -> SiteRepository { try SiteRepository(site: site, fingerprint: fingerprint, state: nil) }
    func open(_ site: any Site) throws -> OpenSite {
        try OpenSite(repository(site), keys: keys, scratch: folder + "/index-" + hexString(randomBytes(6)))
    }

    func context(_ from: any Site, _ to: any Site, now: Timestamp = .now()) -> MigrationContext {
        var context = MigrationContext(
            from: from, to: to, fingerprint: fingerprint, state: nil, keys: keys, signer: maintain, scratch: folder + "/scratch")
        context.options.threads = 1
        context.now = { now }
        return context
    }

    // MARK: content

    /// Takes a snapshot of one file of `chunks` chunks at `sites`, a pack for each two.
    @discardableResult
    func take(_ seed: UInt64, chunks: Int = 5, at sites: [any Site]) throws -> ShortID {
        let run = try RunKey(tenant: tenant, domain: domain, epoch: .init(number: 1, key: epoch.publicKey))
        let packer = TinyPacker(run)
        var builder = TreeBuilder(edgeKey: domain.pageEdgeKey, emit: packer.page)
        try builder.append(Entry(key: [], kind: .folder, mode: 0o755, uid: 0, gid: 0, mtime: .init(seconds: 0)))
        var entry = Entry(key: Array("file".utf8), kind: .file, mode: 0o644, uid: 0, gid: 0, mtime: .init(seconds: 0))
        var list = ChunkListBuilder(edgeKey: domain.pageEdgeKey, emit: packer.page)
        for chunk in 0..<chunks {
            let bytes = noise(20_000, seed: seed &* 1000 &+ UInt64(chunk))
            try list.append(ChunkReference(id: try packer.add(.data, .data, bytes, []), length: UInt32(bytes.count)))
            entry.size += UInt64(bytes.count)
        }
        entry.content = try list.finish()
        try builder.append(entry)
        let root = try builder.finish().root
        let packs = packer.finish()
        let number = counter.look { counter in
            counter += 1
            return counter
        }
        let outline = Manifest.Outline(
            source: domain.sourceID("sample"), node: node.id, started: .now(), finished: .now(), isComplete: true, counts: .init(), root: root,
            counter: number, previous: .zero, heads: [])
        let labels = Manifest.Labels(source: "sample", node: "node", paths: [Array("/".utf8)], command: [], excludes: [], program: "test")
        let snapshot = ShortID.random()
        let manifest = try Manifest(snapshot: snapshot, descriptor: 0, outline: outline, labels: labels, run: run)
        let bytes = try Statement.sign(.manifest, tenant: tenant, body: manifest.body, by: node)
        for site in sites {
            let session = try begin(site, snapshot)
            let stored = try packs.map { StoredPack(key: try session.store(pack: $0), writer: node.id, rows: $0.rows) }
            _ = try session.store(segment: stored, key: run.catalogueKey())
            try session.commit(manifest: bytes, snapshot: snapshot)
        }
        return snapshot
    }

    func begin(_ site: any Site, _ snapshot: ShortID = .random()) throws -> WriterSession {
        try WriterSession.begin(repository: repository(site), snapshot: snapshot, purpose: .backup, domain: domain.domain, signer: node)
    }

    /// Stores a pack that no snapshot needs, in a session that has ended or has not.
    @discardableResult
    func leavePack(_ seed: UInt64, at site: any Site, ended: Bool = true) throws -> Digest {
        let packer = TinyPacker(try RunKey(tenant: tenant, domain: domain, epoch: .init(number: 1, key: epoch.publicKey)))
        _ = try packer.add(.data, .data, noise(5000, seed: seed), [])
        let session = try begin(site)
        let key = try session.store(pack: packer.finish()[0])
        if ended { session.abandon() }
        return key.digest
    }

    /// Stores a record of opened packs, and returns its key.
    @discardableResult
    func attest(_ number: UInt32, at sites: [any Site]) throws -> String {
        let record = AttestedRecord(number: number, created: .now(), packs: [Digest(noise(32, seed: UInt64(number)))!])
        let bytes = try Statement.sign(.attested, tenant: tenant, body: record.body, by: verify)
        for site in sites { try site.create(AttestedRecord.key(number), bytes) }
        return AttestedRecord.key(number)
    }

    func wrap(at site: any Site) throws {
        let wrap = try KeyWrap(bundle, tenant: tenant, epoch: 1, for: epoch.publicKey)
        try site.create(KeyWrap.key(epoch: 1, recipient: epoch.publicKey.id) + "." + ShortID.random().hex, wrap.encoded)
    }
}

/// Packs of two blobs each.
private final class TinyPacker {
    private let run: RunKey
    private let builder: PackBuilder
    private let hasher: KeyedHasher
    private var held = 0
    private var packs: [FinishedPack] = []

    init(_ run: RunKey) {
        self.run = run
        builder = PackBuilder(run: run, method: .none, isGuarded: false)
        hasher = run.domain.hasher()
    }

    func page(_ kind: PageKind, _ plain: [UInt8], _ references: [Digest]) throws -> Digest {
        kind == .treePage ? try add(.treePage, .treePage, plain, references) : try add(.listPage, .listPage, plain, references)
    }

    func add(_ kind: BlobKind, _ prefix: IDKind, _ bytes: [UInt8], _ references: [Digest]) throws -> Digest {
        try bytes.withUnsafeBytes { bytes in
            let id = hasher.hash(prefix: prefix.rawValue, bytes)
            if held == 2 { close() }
            if !builder.isOpen { builder.begin(Buffer(capacity: PackBuilder.bufferBytes)) }
            try builder.add(kind, id: id, bytes, checksum: 0, references: references)
            held += 1
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

/// `count` bytes that do not compress, the same for the same seed.
func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state >> 32)
    }
}

/// A site that asks before each act, and whose store may lock objects.
final class ProxySite: Site {
    enum Act: Sendable, Equatable {
        case create(String)
        case read(String)
        case list(String)
        case delete(String)
    }

    let behind: any Site
    private let hook = Monitor<@Sendable (Act) throws -> Void>({ _ in })
    private let locks = Monitor<[String: Timestamp]>([:])
    private let garble = Monitor<@Sendable (String) -> Bool>({ _ in false })
    private let read = Monitor<[String]>([])
    var name: String { behind.name }

    init(_ behind: any Site) { self.behind = behind }

    func setHook(_ new: @escaping @Sendable (Act) throws -> Void) { hook.look { $0 = new } }
    /// Objects of which a reading gives a wrong byte.
    func setGarble(_ new: @escaping @Sendable (String) -> Bool) { garble.look { $0 = new } }
    func setLocks(_ new: [String: Timestamp]) { locks.look { $0 = new } }
    /// Keys of packs whose first bytes were read since the last call.
    func takeReads() -> [String] {
        read.look { read in
            defer { read = [] }
            return read.filter { $0.hasPrefix("packs/") }
        }
    }

    private func ask(_ act: Act) throws { try hook.look { $0 }(act) }

    func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws {
        try ask(.create(key))
        try behind.create(key, bytes)
    }

    func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws {
        try ask(.read(key))
        if offset == 0 { read.look { $0.append(key) } }
        try behind.read(key, at: offset, into: into)
        if into.count > 100, garble.look({ $0 })(key) { into[100] ^= 1 }
    }

    func size(_ key: String) throws -> Int {
        try ask(.read(key))
        return try behind.size(key)
    }

    func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws {
        try ask(.list(prefix))
        try behind.list(prefix, body)
    }

    func delete(_ key: String) throws {
        try ask(.delete(key))
        if locks.look({ $0[key] }) != nil { throw Failure(.refused, .system("delete", "locked"), object: key) }
        try behind.delete(key)
    }

    func lockEnd(_ key: String) throws -> Timestamp? { locks.look { $0[key] } }
    func freeSpace() throws -> UInt64? { nil }
}

extension Site {
    /// Puts other bytes in an object's place, as only a broken disk or a vandal does.
    func flip(_ key: String, at offset: Int = 200) throws {
        var bytes = try read(key, limit: 128 << 20)
        bytes[min(offset, bytes.count - 1)] ^= 1
        try delete(key)
        try create(key, bytes)
    }

    /// Every object with its bytes' hash.
    func everything() throws -> [String: Digest] {
        Dictionary(uniqueKeysWithValues: try keys("").map { ($0, sha256(try read($0, limit: 128 << 20))) })
    }
}
