import Base
import Codec
import Keys
import Repository
import Sites
import Testing

@testable import Verification

/// What a writer's faulty memory or a stolen node leaves: packs whose hash is right and whose content is not.
@Suite struct OpeningTests {
    let sample: SampleTenant
    let site: MemorySite

    init() throws {
        sample = try SampleTenant(hasRecipient: false)
        site = try sample.memorySite("one")
    }

    private struct Blob {
        var kind: BlobKind
        var prefix: IDKind
        var plain: [UInt8]
        var references: [Digest] = []
        var id: Digest?
    }

    /// Stores one pack of these blobs and the segment that lists it; gives the pack's key.
    private func store(_ blobs: [Blob], index change: (inout [PackRow]) -> Void = { _ in }) throws -> PackKey {
        let run = try RunKey(tenant: sample.tenant, domain: sample.domain, epoch: .init(number: 1, key: sample.bundle.epochs[1]!.publicKey))
        let builder = PackBuilder(run: run, method: .none, isGuarded: false)
        builder.begin(Buffer(capacity: PackBuilder.bufferBytes))
        for blob in blobs {
            try blob.plain.withUnsafeBytes { plain in
                let id = blob.id ?? sample.domain.hasher().hash(prefix: blob.prefix.rawValue, plain)
                try builder.add(blob.kind, id: id, plain, checksum: 0, references: blob.references)
            }
        }
        let pack = builder.finish()
        let session = try WriterSession.begin(
            repository: sample.repository(site), snapshot: .random(), purpose: .backup, domain: sample.domain.domain, signer: sample.node)
        let key = try session.store(pack: pack)
        var rows = pack.rows
        change(&rows)
        _ = try session.store(segment: [StoredPack(key: key, writer: sample.node.id, rows: rows)], key: run.catalogueKey())
        return key
    }

    private func verify(opens: Bool = true) throws -> VerificationReport {
        let open = try sample.open(site, keys: sample.restoreKeys)
        var options = VerificationOptions()
        options.selection = .all
        options.opens = opens
        return try Verifier(open, keys: sample.restoreKeys, state: ScrubState(nil, site: open.repository.id), options: options).run()
    }

    @Test func aBlobThatIsNotItsIDIsFoundByOpeningOnly() throws {
        let id = sha256([1, 2, 3])
        let key = try store([
            Blob(kind: .data, prefix: .data, plain: noise(1000, seed: 1), id: id), Blob(kind: .data, prefix: .data, plain: noise(500, seed: 2)),
        ])
        #expect(try verify(opens: false).findings.isEmpty)
        let report = try verify()
        #expect(report.findings.map(\.object) == ["\(key.key)#\(id.hex)"] && report.status == .damaged)
        // Another copy of the pack is as wrong: there is nothing to bring back.
        #expect(report.packsToRepair.isEmpty)
    }

    @Test func aDirectoryThatHidesAReferenceIsFound() throws {
        let chunk = noise(1000, seed: 3)
        let id = chunk.withUnsafeBytes { sample.domain.hasher().hash(prefix: IDKind.data.rawValue, $0) }
        var entry = Entry(key: Array("f".utf8), kind: .file, mode: 0o600, uid: 0, gid: 0, mtime: .init(seconds: 0))
        entry.size = 1000
        entry.content = .chunks([ChunkReference(id: id, length: 1000)])
        let (plain, references) = TreePage.encode([entry])
        #expect(references == [id])
        let chunkBlob = Blob(kind: .data, prefix: .data, plain: chunk)
        _ = try store([chunkBlob, Blob(kind: .treePage, prefix: .treePage, plain: plain, references: references)])
        #expect(try verify().findings.isEmpty)
        let key = try store([chunkBlob, Blob(kind: .treePage, prefix: .treePage, plain: plain, references: [])])
        let report = try verify()
        #expect(report.findings.count == 1 && report.findings[0].object.hasPrefix(key.key))
        #expect(report.findings[0].detail.message.code == "verify.references-differ")
    }

    @Test func aPageThatDoesNotDecodeIsFound() throws {
        _ = try store([Blob(kind: .treePage, prefix: .treePage, plain: [1, 99, 0, 0])])
        #expect(try verify().status == .damaged)
    }

    @Test(arguments: [0, 1, 2]) func anIndexThatDisagreesIsFound(_ how: Int) throws {
        let blobs = (0..<3).map { Blob(kind: .data, prefix: .data, plain: noise(400, seed: UInt64(10 + $0))) }
        _ = try store(blobs) { rows in
            let row = rows[1]
            switch how {
            case 0: rows.remove(at: 1)
            case 1:
                rows[1] = PackRow(
                    id: row.id, kind: row.kind, keyBlock: row.keyBlock, ordinal: row.ordinal, offset: row.offset + 1, length: row.length,
                    references: [])
            default:
                rows.append(PackRow(id: sha256([0]), kind: .data, keyBlock: 1, ordinal: 9, offset: row.offset, length: row.length, references: []))
            }
        }
        let report = try verify()
        #expect(report.findings.map(\.detail.message.code) == ["verify.index-differs"] && report.packsToRepair.isEmpty)
    }

    @Test func aBadBlobNamesTheFilesThatNeedIt() throws {
        // A file whose one chunk is wrong, in a pack of a good hash.
        let id = sha256([5])
        var root = Entry(key: [], kind: .folder, mode: 0o700, uid: 0, gid: 0, mtime: .init(seconds: 0))
        root.key = []
        func file(_ name: String, _ id: Digest) -> Entry {
            var entry = Entry(key: Array(name.utf8), kind: .file, mode: 0o600, uid: 0, gid: 0, mtime: .init(seconds: 0))
            entry.size = 300
            entry.content = .chunks([ChunkReference(id: id, length: 300)])
            return entry
        }
        let good = noise(300, seed: 6)
        let goodID = good.withUnsafeBytes { sample.domain.hasher().hash(prefix: IDKind.data.rawValue, $0) }
        let (plain, references) = TreePage.encode([root, file("bad", id), file("good", goodID)])
        let rootID = plain.withUnsafeBytes { sample.domain.hasher().hash(prefix: IDKind.treePage.rawValue, $0) }
        _ = try store([
            Blob(kind: .data, prefix: .data, plain: noise(300, seed: 7), id: id), Blob(kind: .data, prefix: .data, plain: good),
            Blob(kind: .treePage, prefix: .treePage, plain: plain, references: references),
        ])
        let snapshot = ShortID.random()
        try commit(snapshot, root: rootID)
        let report = try verify()
        #expect(report.findings.count == 1)
        #expect(report.findings[0].snapshots == [snapshot] && report.findings[0].paths == [Array("/bad".utf8)])
    }

    private func commit(_ snapshot: ShortID, root: Digest) throws {
        let run = try RunKey(tenant: sample.tenant, domain: sample.domain, epoch: .init(number: 1, key: sample.bundle.epochs[1]!.publicKey))
        let outline = Manifest.Outline(
            source: .zero, node: sample.node.id, started: .now(), finished: .now(), isComplete: true, counts: .init(), root: root, counter: 1,
            previous: .zero, heads: [])
        let labels = Manifest.Labels(source: "s", node: "n", paths: [], command: [], excludes: [], program: "p")
        let manifest = try Manifest(snapshot: snapshot, descriptor: 0, outline: outline, labels: labels, run: run)
        let session = try WriterSession.begin(
            repository: sample.repository(site), snapshot: snapshot, purpose: .backup, domain: sample.domain.domain, signer: sample.node)
        let bytes = try Statement.sign(.manifest, tenant: sample.tenant, body: manifest.body, by: sample.node)
        try session.commit(manifest: bytes, snapshot: snapshot)
    }
}
