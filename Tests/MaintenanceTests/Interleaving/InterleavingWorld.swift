import Base
import Codec
import Keys
import Repository
import Sites
import TestSupport

/// A tenant of three chunks, A, B and C, and everything that is slow to make or to sign: made once in a process, for all runs.
///
/// A snapshot is told by its letters: its root is a real tree page with one file of those chunks. `#AB` is the page itself.
final class InterleavingWorld: Sendable {
    static let shared = Result { try InterleavingWorld() }

    let tenant: TestTenant
    let runKey: RunKey
    private struct Blob {
        let kind: BlobKind
        let bytes: [UInt8]
        let references: [Digest]
    }
    private struct Made {
        var blobs: [Digest: Blob] = [:]
        var names: [Digest: String] = [:]
        var packs: [String: FinishedPack] = [:]
        var manifests: [String: [UInt8]] = [:]
        var roots: [Digest: Digest] = [:]
        var directories: [Digest: [PackRow]] = [:]
        var templates: [String: SiteTemplate] = [:]
    }
    private let made = Monitor(Made())

    init() throws {
        tenant = try TestTenant(seed: 77)
        runKey = try tenant.runKey()
    }

    // MARK: blobs

    /// The blobs of a name: a letter, or `#` and letters for the page of a tree of them.
    func blob(_ name: String) -> Digest { name.first == "#" ? page(String(name.dropFirst())) : chunk(name) }

    private func remember(_ kind: BlobKind, _ bytes: [UInt8], _ references: [Digest], _ name: String) -> Digest {
        let id = tenant.blobID(kind, bytes)
        made.look { made in
            made.blobs[id] = Blob(kind: kind, bytes: bytes, references: references)
            made.names[id] = name
        }
        return id
    }

    private func chunk(_ letter: String) -> Digest {
        remember(.data, [UInt8](repeating: letter.utf8.first!, count: 1000), [], letter)
    }

    private func page(_ letters: String) -> Digest {
        let root = Entry(key: [], kind: .folder, mode: 0o755, uid: 0, gid: 0, mtime: .init(seconds: 0))
        var file = Entry(key: Array("file".utf8), kind: .file, mode: 0o644, uid: 0, gid: 0, mtime: .init(seconds: 0))
        file.size = UInt64(1000 * letters.count)
        file.content = .chunks(letters.map { ChunkReference(id: chunk(String($0)), length: 1000) })
        let (plain, references) = TreePage.encode([root, file])
        return remember(.treePage, plain, references, "#" + letters)
    }

    /// All that a snapshot of these letters needs, its page first.
    func needs(_ letters: String) -> [Digest] { [page(letters)] + letters.map { chunk(String($0)) } }

    /// All that is below a page, with itself.
    func reachable(_ root: Digest) -> [Digest] { [root] + made.look { $0.blobs[root]?.references ?? [] } }

    func name(_ id: Digest) -> String { made.look { $0.names[id] } ?? String(id.hex.prefix(8)) }

    /// A real pack of these blobs; one for each `owner`, so that different owners' packs are different bytes.
    func pack(_ blobs: [Digest], owner: String) throws -> FinishedPack {
        let name = owner + ":" + blobs.map(name).joined(separator: " ")
        if let known = made.look({ $0.packs[name] }) { return known }
        // The order of packs is that of their hashes, and hashes are random: made until this one's is the same in every process.
        let place = name.utf8.reduce(UInt64(7)) { ($0 &* 31 &+ UInt64($1)) % 16 }
        var pack: FinishedPack
        repeat {
            let builder = PackBuilder(run: runKey, method: .none, isGuarded: false)
            builder.begin(Buffer(capacity: PackBuilder.bufferBytes))
            for id in blobs {
                let blob = made.look { $0.blobs[id]! }
                _ = try blob.bytes.withUnsafeBytes { try builder.add(blob.kind, id: id, $0, checksum: 0, references: blob.references) }
            }
            pack = builder.finish()
        } while pack.digest.leading >> 60 != place
        return made.look { $0.packs.keep(pack, name) }
    }

    func segmentKey() -> BlockKey { .catalogue(tenant.domain.catalogue, tenant: tenant.id) }

    // MARK: snapshots

    /// The id of a snapshot of that name.
    func snapshot(_ name: String) -> ShortID { ShortID(sha256(Array("snapshot \(name)".utf8))) }

    func manifest(_ name: String, _ letters: String) throws -> [UInt8] {
        if let known = made.look({ $0.manifests[name + " " + letters] }) { return known }
        let root = page(letters)
        let outline = Manifest.Outline(
            source: tenant.domain.sourceID("source"), node: tenant.node.id, started: .now(), finished: .now(), isComplete: true, counts: .init(),
            root: root, counter: 1, previous: .zero, heads: [])
        let labels = Manifest.Labels(source: "source", node: "node", paths: [], command: [], excludes: [], program: "test")
        let manifest = try Manifest(snapshot: snapshot(name), descriptor: 0, outline: outline, labels: labels, run: runKey)
        let bytes = try tenant.sign(.manifest, manifest.body, by: tenant.node)
        return made.look { made in
            let kept = made.manifests.keep(bytes, name + " " + letters)
            made.roots[sha256(kept)] = root
            return kept
        }
    }

    /// The root page of a manifest that was made here.
    func root(_ manifest: Digest) -> Digest? { made.look { $0.roots[manifest] } }

    // MARK: sites

    /// Rows of a pack by its own directory.
    func directory(_ pack: Digest, _ bytes: UnsafeRawBufferPointer) throws -> [PackRow] {
        if let known = made.look({ $0.directories[pack] }) { return known }
        let rows = try PackDirectory(whole: bytes, tenant: tenant.id, keys: tenant.catalogueKeys).rows
        made.look { $0.directories[pack] = rows }
        return rows
    }

    func template(_ name: String, _ make: (SiteBuilder) throws -> Void) throws -> SiteTemplate {
        if let known = made.look({ $0.templates[name] }) { return known }
        let builder = try SiteBuilder(self)
        try make(builder)
        let template = try builder.finish()
        return made.look { $0.templates.keep(template, name) }
    }

    func open(_ site: any Site, state: TenantState? = nil) throws -> SiteRepository { try tenant.open(site, state: state) }
}

extension Dictionary {
    /// What was there first: several threads may have made the same thing, and it is random.
    fileprivate mutating func keep(_ value: Value, _ key: Key) -> Value {
        if let first = self[key] { return first }
        self[key] = value
        return value
    }
}

/// How a site is when a run begins.
struct SiteTemplate: Sendable {
    struct Object: Sendable {
        let key: String
        let bytes: [UInt8]
        let meaning: ObjectMeaning
    }
    let objects: [Object]
    /// Snapshots that were acknowledged before.
    let acknowledged: [ShortID]
}

/// Makes a site's past with real sessions.
final class SiteBuilder {
    let world: InterleavingWorld
    let site: SteppedSite
    private var acknowledged: [ShortID] = []

    init(_ world: InterleavingWorld) throws {
        self.world = world
        let empty = SiteTemplate(objects: [], acknowledged: [])
        site = SteppedSite(try SteppedStore(empty, order: .creation, truth: SiteTruth(world)))
        try world.tenant.prepare(site)
    }

    private func session(_ name: String, _ packs: [[String]], isReplicator: Bool = false) throws -> WriterSession {
        let tenant = world.tenant
        let session = try WriterSession.begin(
            repository: world.open(site), snapshot: world.snapshot(name), purpose: isReplicator ? .replicate : .backup, domain: tenant.domain.domain,
            signer: isReplicator ? tenant.maintain : tenant.node)
        for blobs in packs {
            let pack = try world.pack(blobs.map(world.blob), owner: "past")
            let stored = StoredPack(key: try session.store(pack: pack), writer: tenant.node.id, rows: pack.rows)
            _ = try session.store(segment: [stored], key: world.segmentKey())
        }
        return session
    }

    /// A snapshot that was committed.
    func snapshot(_ name: String, _ letters: String, packs: [[String]], isReplicator: Bool = false) throws {
        let session = try session(name, packs, isReplicator: isReplicator)
        try session.commit(manifest: world.manifest(name, letters), snapshot: world.snapshot(name))
        acknowledged.append(world.snapshot(name))
    }

    /// Packs that are listed and that nobody needs: their session was given up.
    func spare(_ name: String, packs: [[String]], isReplicator: Bool = false) throws {
        try session(name, packs, isReplicator: isReplicator).abandon()
    }

    /// One listed segment less.
    func loseSegment(_ number: Int) throws { try site.delete(site.keys("index/")[number]) }

    fileprivate func finish() throws -> SiteTemplate {
        var seen: Set<String> = []
        let objects = try site.store.log.compactMap { object -> SiteTemplate.Object? in
            guard site.store.exists(object.key), seen.insert(object.key).inserted else { return nil }
            let meaning = try object.bytes.withUnsafeBytes { try ObjectMeaning(object.key, $0, world) }
            return SiteTemplate.Object(key: object.key, bytes: object.bytes, meaning: meaning)
        }
        return SiteTemplate(objects: objects, acknowledged: acknowledged)
    }
}
