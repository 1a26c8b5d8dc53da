import Base
import Codec
import Foundation
import Keys
import Repository
import Sites

@testable import Restore

/// A repository made directly of packs, segments and pages, at sites in memory that a test may damage.
final class SampleRepository {
    let sites: [MemorySite]
    let domain = DomainKeys.generate()
    let keys: KeyRing
    private let ids: [ShortID]
    private let sealing: SealingKey
    private let node: SigningKey
    private let fingerprint: Fingerprint
    private let session = SessionID(generation: 0, random: .random())
    private var segment: UInt32 = 0
    let scratch = TemporaryFolder()
    /// The packs stored, in order.
    private(set) var packs: [PackKey] = []

    init(sites count: Int = 1) throws {
        let authority = try SigningKey.generate()
        node = try SigningKey.generate()
        sealing = try SealingKey.generate()
        fingerprint = Fingerprint(authority.verifying)
        let bundle = KeyBundle(tenantName: "t", epochs: [1: sealing], domains: [.init(keys: domain, name: "d")])
        keys = KeyRing(tenant: fingerprint.tenant, bundle: bundle)
        sites = (0..<count).map { MemorySite(name: "site-\($0)") }
        ids = sites.map { _ in ShortID.random() }
        let descriptor = Descriptor(
            number: 0, previous: .zero, created: 0, authority: authority.verifying, epochs: [.init(number: 1, key: sealing.publicKey)],
            recipients: [], domains: [.init(id: domain.domain, commitment: domain.commitment)],
            actors: [.init(role: .write, domain: domain.domain, key: node.verifying, from: 0)], sites: ids)
        let chain = try Statement.sign(.descriptor, tenant: fingerprint.tenant, body: descriptor.body, by: authority)
        for (site, id) in zip(sites, ids) {
            try site.create(Descriptor.key(0, chain), chain)
            let marker = SiteMarker(site: id, kind: "file", endpoint: "", created: 0)
            try site.create(SiteMarker.key, Statement.sign(.marker, tenant: fingerprint.tenant, body: marker.body, by: authority))
        }
    }

    var tenant: ShortID { fingerprint.tenant }

    /// Stores what `body` describes and returns the tree's root.
    func snapshot(blobsPerPack: Int = 1000, _ body: (SampleTree) throws -> Void) throws -> Digest {
        let run = try RunKey(tenant: tenant, domain: domain, epoch: .init(number: 1, key: sealing.publicKey))
        let tree = SampleTree(domain)
        try body(tree)
        let root = try tree.finish()
        anyData = tree.blobs.first { $0.kind == .data }?.id ?? .zero
        var rows: [IndexRow] = []
        var added: [IndexedPack] = []
        for start in stride(from: 0, to: tree.blobs.count, by: blobsPerPack) {
            let builder = PackBuilder(run: run, method: .none, isGuarded: false)
            builder.begin(Buffer(capacity: PackBuilder.bufferBytes))
            for blob in tree.blobs[start..<min(start + blobsPerPack, tree.blobs.count)] {
                try blob.bytes.withUnsafeBytes { bytes in
                    _ = try builder.add(blob.kind, id: blob.id, bytes, checksum: quickChecksum(bytes), references: blob.references)
                }
            }
            let pack = builder.finish()
            let key = PackKey(digest: pack.digest, session: session)
            for site in sites { try site.create(key.key, pack.buffer.bytes) }
            rows += pack.rows.map { IndexRow(id: $0.id, pack: UInt32(added.count), offset: $0.offset, length: $0.length) }
            added.append(IndexedPack(key: key, writer: node.id))
        }
        packs += added.map(\.key)
        let table = IndexSegment(domain: domain.domain, packs: added, rows: rows)
        let name = SegmentKey(session: session, number: segment)
        for (site, id) in zip(sites, ids) {
            let body = table.body(name, site: id, tenant: tenant, key: .catalogue(domain.catalogue, tenant: tenant))
            try site.create(name.key, Statement.sign(.segment, tenant: tenant, body: body, by: node))
        }
        segment += 1
        return root
    }

    func open(_ chosen: [any Site]? = nil, keys other: KeyRing? = nil) throws -> BlobReader {
        let open = try (chosen ?? sites).map { site in
            let repository = try SiteRepository(site: site, fingerprint: fingerprint, state: nil)
            return try OpenSite(repository, keys: other ?? keys, scratch: scratch.path + "/" + site.name + UUID().uuidString)
        }
        return BlobReader(sites: open, keys: other ?? keys, domain: domain.domain)
    }

    /// Changes one byte in the middle of each chosen pack of a site, which is sealed content there.
    func damage(_ site: Int, _ packs: [PackKey], at offset: (Int) -> Int = { $0 / 2 }) throws {
        for pack in packs {
            var bytes = try sites[site].read(pack.key, limit: 1 << 28)
            bytes[offset(bytes.count)] ^= 1
            try sites[site].delete(pack.key)
            try sites[site].create(pack.key, bytes)
        }
    }

    /// The id of some data blob.
    private(set) var anyData = Digest.zero

    /// The pack and place of a blob.
    func place(_ id: Digest) throws -> BlobPlace {
        let repository = try SiteRepository(site: sites[0], fingerprint: fingerprint, state: nil)
        let site = try OpenSite(repository, keys: keys, scratch: scratch.path + "/" + UUID().uuidString)
        return try site.index(domain.domain).places(id)[0]
    }

    /// Damages the stored bytes of one blob at a site.
    func damage(_ site: Int, blob id: Digest) throws {
        let place = try place(id)
        try damage(site, [place.pack.key]) { _ in Int(place.offset) + Int(place.length) / 2 }
    }
}

/// Entries and blobs of one snapshot to be.
final class SampleTree {
    struct Blob {
        let kind: BlobKind
        let id: Digest
        let bytes: [UInt8]
        let references: [Digest]
    }

    private let domain: DomainKeys
    private let hasher: KeyedHasher
    private var entries: [Entry] = []
    private(set) var blobs: [Blob] = []
    private var known: Set<Digest> = []

    init(_ domain: DomainKeys) {
        self.domain = domain
        hasher = domain.hasher()
    }

    static let time = Timestamp(seconds: 1_700_000_000, nanoseconds: 123_456_789)

    /// Adds an entry as it is; `change` may alter what is common to all.
    @discardableResult
    func add(_ path: String, _ kind: Entry.Kind, mode: UInt16 = 0o644, _ change: (inout Entry) -> Void = { _ in }) -> Entry {
        var entry = Entry(
            key: Entry.key(path: Array(path.utf8)), kind: kind, mode: mode, uid: geteuid(), gid: getegid(), mtime: Self.time)
        change(&entry)
        entries.append(entry)
        return entry
    }

    func folder(_ path: String, mode: UInt16 = 0o755, _ change: (inout Entry) -> Void = { _ in }) { add(path, .folder, mode: mode, change) }

    /// A file cut into chunks of `chunk` bytes of its data stream.
    @discardableResult
    func file(_ path: String, _ data: [UInt8], chunk: Int = 1 << 20, holes: [Entry.Hole] = [], _ change: (inout Entry) -> Void = { _ in }) throws
        -> [Digest]
    {
        var list = ChunkListBuilder(edgeKey: domain.pageEdgeKey) { [self] kind, plain, references in
            blob(kind == .listPage ? .listPage : .treePage, plain, references)
        }
        var ids: [Digest] = []
        for start in stride(from: 0, to: data.count, by: chunk) {
            let part = Array(data[start..<min(start + chunk, data.count)])
            let id = blob(.data, part)
            ids.append(id)
            try list.append(ChunkReference(id: id, length: UInt32(part.count)))
        }
        let content = try list.finish()
        add(path, .file) { entry in
            entry.size = UInt64(data.count) + holes.reduce(0) { $0 + $1.length }
            entry.holes = holes
            entry.content = content
            change(&entry)
        }
        return ids
    }

    /// Small files that share a blob, in the order given.
    @discardableResult
    func bundle(_ files: [(path: String, data: [UInt8])], _ change: (inout Entry) -> Void = { _ in }) -> Digest {
        let id = blob(.data, files.flatMap(\.data))
        var offset: UInt32 = 0
        for file in files {
            add(file.path, .file) { entry in
                entry.size = UInt64(file.data.count)
                entry.content = file.data.isEmpty ? .none : .bundle(id: id, offset: offset, length: UInt32(file.data.count))
                change(&entry)
            }
            offset += UInt32(file.data.count)
        }
        return id
    }

    @discardableResult
    func blob(_ kind: BlobKind, _ bytes: [UInt8], _ references: [Digest] = []) -> Digest {
        let id = bytes.withUnsafeBytes { hasher.hash(prefix: kind.idKind!.rawValue, $0) }
        if known.insert(id).inserted { blobs.append(Blob(kind: kind, id: id, bytes: bytes, references: references)) }
        return id
    }

    func finish() throws -> Digest {
        var builder = TreeBuilder(edgeKey: domain.pageEdgeKey) { [self] kind, plain, references in
            blob(kind == .listPage ? .listPage : .treePage, plain, references)
        }
        for entry in entries.sorted(by: Entry.precedes) { try builder.append(entry) }
        return try builder.finish().root
    }
}
