import Base
import Chunking
import Codec
import Keys
import TestSupport
import Testing

@testable import Repository

/// What is sealed for one tenant opens for no other, and the same content has nothing in common with itself elsewhere.
@Suite struct PacksApartTests {
    static let seeds = 1...8 as ClosedRange<UInt64>

    private func blobs(_ random: inout SeededGenerator) -> [(kind: BlobKind, plain: [UInt8])] {
        let samples =
            [SampleBlob.data(1 + random.below(5_000), &random), .treePage(1 + random.below(40), &random), .listPage(1 + random.below(40), &random)]
            + (0..<random.below(4)).map { _ in SampleBlob.data(random.below(60_000), &random) }
        return samples.map { ($0.kind, $0.plain) }
    }

    private func refusal(_ pack: FinishedPack, _ row: PackRow, _ header: PackHeader, _ keys: KeyRing) throws -> Failure.Kind? {
        try failureKind { try pack.sealed(row).withUnsafeBytes { try BlobOpener(keys: keys).open($0, row: row, header: header) { _ in } } }
    }

    @Test(arguments: seeds)
    func `a pack opens with its own tenant's keys alone, whatever tenant and domain its header names`(_ seed: UInt64) throws {
        var pair = try Pair(seed)
        let (a, b) = (pair.a, pair.b)
        let pack = try a.pack(blobs(&pair.random))
        let own = try PackHeader(pack.bytes, tenant: a.id)
        for row in pack.rows { #expect(try refusal(pack, row, own, a.restoreKeys) == nil) }
        #expect(try failureKind { _ = try PackHeader(pack.bytes, tenant: b.id) } == .wrongPlace)
        for tenant in [a.id, b.id] {
            for domain in [a.domain.domain, b.domain.domain] {
                let header = PackHeader(tenant: tenant, domain: domain, keyBlocks: own.keyBlocks)
                let isOwn = tenant == a.id && domain == a.domain.domain
                for ring in pair.wrongRings {
                    for row in pack.rows {
                        let kind = try refusal(pack, row, header, ring.keys)
                        if isOwn, ring.hasCatalogue, row.kind == .listPage {
                            // The ids in a list are what a domain's catalogue key is for.
                            #expect(kind == nil, "\(ring.what)")
                        } else if domain == a.domain.domain, ring.hasCatalogue, row.kind == .listPage {
                            #expect(kind == .damaged, "\(ring.what), header rewritten")
                        } else {
                            #expect(kind == .key, "\(ring.what), \(row.kind), tenant \(tenant == a.id), domain \(domain == a.domain.domain)")
                        }
                    }
                }
                if !isOwn {
                    for row in pack.rows {
                        let kind = try refusal(pack, row, header, a.restoreKeys)
                        #expect(kind == .damaged || kind == .key, "own keys, header rewritten")
                    }
                }
            }
        }
    }

    @Test(arguments: seeds)
    func `a directory opens with its own tenant's catalogue key alone, also where the pack's bytes name another tenant`(_ seed: UInt64) throws {
        var pair = try Pair(seed)
        let (a, b) = (pair.a, pair.b)
        let pack = try a.pack(blobs(&pair.random))
        func open(_ bytes: [UInt8], _ tenant: ShortID, _ keys: KeyRing) throws -> Failure.Kind? {
            try failureKind {
                try bytes.withUnsafeBytes { bytes in
                    let range = bytes.count - PackLimits.trailerBytes..<bytes.count
                    let count = try PackDirectory.sealedCount(UnsafeRawBufferPointer(rebasing: bytes[range]), packSize: bytes.count)
                    let sealed = UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound - count..<range.lowerBound])
                    _ = try PackDirectory(header: PackHeader(bytes, tenant: tenant), sealed: sealed, packSize: bytes.count, keys: keys)
                }
            }
        }
        let bytes = Array(pack.bytes)
        #expect(try open(bytes, a.id, a.catalogueKeys) == nil)
        for ring in pair.wrongRings { #expect(try open(bytes, a.id, ring.keys) == (ring.hasCatalogue ? nil : .key), "\(ring.what)") }
        for keys in [b.restoreKeys, b.nodeKeys, b.catalogueKeys] { #expect(try open(bytes, b.id, keys) == .wrongPlace) }
        // Tenant, then tenant and domain, as the header has them.
        var renamed = bytes
        renamed.replaceSubrange(16..<32, with: b.id.bytes)
        for ring in pair.wrongRings { #expect(try open(renamed, b.id, ring.keys) == (ring.hasCatalogue ? .damaged : .key), "\(ring.what)") }
        renamed.replaceSubrange(32..<48, with: b.domain.domain.bytes)
        for keys in [b.restoreKeys, b.nodeKeys, b.catalogueKeys] { #expect(try open(renamed, b.id, keys) == .key) }
    }

    @Test(arguments: seeds)
    func `the same content in two tenants has no id, no row and no run of sealed bytes in common`(_ seed: UInt64) throws {
        var pair = try Pair(seed)
        let same = blobs(&pair.random)
        let (one, other) = (try pair.a.pack(same), try pair.b.pack(same))
        #expect(one.digest != other.digest && one.rows.map(\.kind) == other.rows.map(\.kind))
        #expect(Set(one.rows.map(\.id)).isDisjoint(with: other.rows.map(\.id)))
        // Sizes are of the content, not of who stores it.
        #expect(one.rows.map(\.length) == other.rows.map(\.length) && one.bytes.count == other.bytes.count)
        for (left, right) in zip(one.rows, other.rows) {
            let (left, right) = (one.sealed(left), other.sealed(right))
            guard left.count >= 48 else { continue }
            let windows = Set((0...left.count - 16).map { Array(left[$0..<$0 + 16]) })
            #expect(!stride(from: 0, through: right.count - 16, by: 16).contains { windows.contains(Array(right[$0..<$0 + 16])) })
        }
        // The same tenant finds its own again.
        #expect(try pair.a.pack(same).rows.map(\.id) == one.rows.map(\.id))
    }

    /// Where each page of these entries, each list page of these chunks and each chunk of these bytes ends.
    private func edges(_ keys: DomainKeys, _ entries: [Entry], _ chunks: [ChunkReference], _ bytes: [UInt8]) throws -> [[Int]] {
        var pages: [Int] = []
        func emit(_ kind: PageKind, _ plain: [UInt8], _ references: [Digest]) -> Digest {
            pages.append(plain.count)
            let prefix = kind == .treePage ? IDKind.treePage : .listPage
            return plain.withUnsafeBytes { keys.hasher().hash(prefix: prefix.rawValue, $0) }
        }
        var found: [[Int]] = []
        var tree = TreeBuilder(edgeKey: keys.pageEdgeKey, emit: emit)
        for entry in entries { try tree.append(entry) }
        _ = try tree.finish()
        found.append(pages)
        pages = []
        var list = ListBuilder(edgeKey: keys.pageEdgeKey, emit: emit)
        for chunk in chunks { try list.append(chunk) }
        _ = try list.finish()
        found.append(pages)
        let cutter = ContentCutter(gear: keys.gear)
        var (at, cuts) = (0, [Int]())
        bytes.withUnsafeBytes { bytes in
            while at < bytes.count {
                at += cutter.cut(UnsafeRawBufferPointer(rebasing: bytes[at...]), isEnd: true)
                cuts.append(at)
            }
        }
        found.append(cuts)
        var bundles = BundleCutter(key: keys.bundleEdgeKey)
        found.append((0..<4_000).filter { bundles.add(length: 3_000, contentHash: ShortID(Digest(a: UInt64($0), b: 1, c: 2, d: 3))) })
        return found
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `pages, lists, chunks and bundles of the same content end elsewhere in another tenant`(_ seed: UInt64) throws {
        var pair = try Pair(seed)
        let entries = (0..<6_000).map { number in
            Entry(key: Array("f\(100_000 + number)".utf8), kind: .folder, mode: 0o755, uid: 0, gid: 0, mtime: Timestamp(seconds: 1))
        }
        let chunks = (0..<6_000).map { _ in ChunkReference(id: pair.random.digest(), length: 1_000) }
        let bytes = pair.random.bytes(24 << 20)
        let (mine, theirs) = (try edges(pair.a.domain, entries, chunks, bytes), try edges(pair.b.domain, entries, chunks, bytes))
        for (one, other) in zip(mine, theirs) {
            #expect(one.count > 3 && one != other)
        }
        #expect(try edges(pair.a.domain, entries, chunks, bytes) == mine)
    }
}
