import Base
import Codec
import Keys
import Repository
import Sites
import TestSupport
import Testing

@testable import Backup

/// Somebody with another node's key, or with none, plants rubbish under the id of content that a node will back up.
@Suite struct PlantedTests {
    private let tenant = try! TestTenant(seed: 47)
    private let content = SampleFiles(seed: 5, count: 0).noise(300 << 10)

    private func plant(_ site: MemorySite, signer: SigningKey, domain: DomainKeys, claims: ShortID) throws {
        let id = tenant.blobID(.data, content)
        let run = try RunKey(tenant: tenant.id, domain: domain, epoch: tenant.descriptor.currentEpoch!)
        let builder = PackBuilder(run: run, method: .none)
        builder.begin(Buffer(capacity: PackBuilder.bufferBytes))
        let rubbish = [UInt8](repeating: 0xAA, count: content.count)
        try rubbish.withUnsafeBytes { _ = try builder.add(.data, id: id, $0, checksum: quickChecksum($0)) }
        let pack = builder.finish()
        let session = SessionID(generation: 0, random: .random())
        let key = PackKey(digest: pack.digest, session: session)
        try site.create(key.key, pack.buffer.bytes)
        let rows = pack.rows.map { IndexRow(id: $0.id, pack: 0, offset: $0.offset, length: $0.length) }
        let segment = IndexSegment(domain: claims, packs: [IndexedPack(key: key, writer: signer.id)], rows: rows)
        let name = SegmentKey(session: session, number: 0)
        let body = segment.body(name, site: tenant.sites[0], tenant: tenant.id, key: run.catalogueKey())
        try site.create(name.key, tenant.sign(.segment, body, by: signer))
    }

    enum Planter: CaseIterable, Sendable { case neighbour, stranger, otherDomain }

    @Test(arguments: Planter.allCases)
    func `what a node backs up is never taken from rubbish that somebody else listed under its id`(_ planter: Planter) throws {
        let site = try tenant.memorySite()
        switch planter {
        case .neighbour: try plant(site, signer: tenant.neighbour, domain: tenant.domain, claims: tenant.domain.domain)
        case .stranger: try plant(site, signer: tenant.stranger, domain: tenant.domain, claims: tenant.domain.domain)
        case .otherDomain:
            let other = DomainKeys(domain: .random(), secret: Secret(randomBytes(32)))
            try plant(site, signer: tenant.neighbour, domain: other, claims: tenant.domain.domain)
        }
        let (source, own) = (try TemporaryFolder(), try TemporaryFolder())
        try source.write("file", content)
        let state = try TenantState(folder: own.path + "/state")
        let open = try OpenSite(tenant.open(site, state: state), keys: tenant.nodeKeys, scratch: own.path)
        let backup = try BackupSource(name: "files", origin: .paths([Array(source.path.utf8)]), exclude: [], chunking: .content, compression: .none)
        let node = NodeIdentity(name: "node", signer: tenant.node, domain: tenant.domain)
        let result = try BackupRun(source: backup, node: node, sites: [open], quorum: 1, state: state, program: "test").run()
        #expect(result.status == .done && result.outline.counts.storedBytes > UInt64(content.count))

        let read = try OpenSite(tenant.open(site), keys: tenant.restoreKeys, scratch: own.path + "/read")
        let reader = BlobReader(sites: [read], keys: tenant.restoreKeys, domain: tenant.domain.domain)
        var entries = try TreeReader(source: reader, root: result.outline.root).entries(under: Entry.key(path: Array((source.path + "/file").utf8)))
        let entry = try #require(try entries.next())
        var chunks = TreeReader(source: reader, root: .zero).chunks(of: entry)
        var found: [UInt8] = []
        while let chunk = try chunks.next() { found += try reader.blob(chunk.id, kind: .data) { Array($0) } }
        #expect(found == content)
    }
}

extension SampleFiles {
    /// Bytes that are all different from one seed to the next.
    func noise(_ count: Int) -> [UInt8] {
        var random = SeededGenerator(99)
        return random.bytes(count)
    }
}
