import Base
import Codec
import Keys
import TestSupport
import Testing

@testable import Repository

/// I25: what is sealed passes only as what it was sealed as.
@Suite struct SealTests {
    private let pack: FinishedPack
    /// Of the same run: the same encapsulation and the same run secret.
    private let sibling: FinishedPack

    init() throws {
        var random = SeededGenerator(11)
        let blobs = [SampleBlob(.data, random.bytes(40)), .treePage(1, &random), .listPage(1, &random), SampleBlob(.data, random.bytes(40))]
        let run = try tenant.runKey()
        pack = try RepositoryTests.pack(blobs, run)
        sibling = try RepositoryTests.pack(blobs, run)
    }

    /// Why it does not open; nil when it does.
    private func refusal(_ sealed: [UInt8], _ row: PackRow, _ header: PackHeader, keys: KeyRing = tenant.restoreKeys) throws -> Failure.Kind? {
        try failureKind { try sealed.withUnsafeBytes { try BlobOpener(keys: keys).open($0, row: row, header: header) { _ in } } }
    }

    private func changed(
        _ row: PackRow, id: Digest? = nil, kind: BlobKind? = nil, keyBlock: UInt16? = nil, ordinal: UInt32? = nil, length: UInt32? = nil
    ) -> PackRow {
        PackRow(
            id: id ?? row.id, kind: kind ?? row.kind, keyBlock: keyBlock ?? row.keyBlock, ordinal: ordinal ?? row.ordinal, offset: row.offset,
            length: length ?? row.length, references: row.references)
    }

    @Test func `unchanged blobs open`() throws {
        for row in pack.rows { #expect(try refusal(pack.sealed(row), row, pack.header) == nil) }
    }

    @Test(arguments: 0..<4)
    func `each flipped bit of a sealed blob is damage`(_ number: Int) throws {
        let row = pack.rows[number]
        let header = try pack.header
        let sealed = pack.sealed(row)
        let opener = BlobOpener(keys: tenant.restoreKeys)
        for bit in 0..<sealed.count * 8 {
            var flipped = sealed
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            let kind = try failureKind { try flipped.withUnsafeBytes { try opener.open($0, row: row, header: header) { _ in } } }
            #expect(kind == .damaged, "bit \(bit)")
        }
    }

    @Test(arguments: 0..<4)
    func `another id, kind, ordinal, key block or length is damage`(_ number: Int) throws {
        let row = pack.rows[number]
        let header = try pack.header
        let sealed = pack.sealed(row)
        for bit in 0..<256 {
            var id = row.id.bytes
            id[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(try refusal(sealed, changed(row, id: Digest(id)!), header) == .damaged, "bit \(bit) of the id")
        }
        for bit in 0..<32 as Range<UInt32> { #expect(try refusal(sealed, changed(row, ordinal: row.ordinal ^ 1 << bit), header) == .damaged) }
        for kind in [BlobKind.data, .treePage, .listPage, .directory, .outline, .labels, .segment, .local] where kind != row.kind {
            #expect(try refusal(sealed, changed(row, kind: kind), header) == .damaged, "as \(kind)")
        }
        for block in 0..<3 as Range<UInt16> where block != row.keyBlock {
            #expect(try refusal(sealed, changed(row, keyBlock: block), header) == .damaged)
        }
        #expect(try refusal(Array(sealed.dropLast()), changed(row, length: row.length - 1), header) == .damaged)
        #expect(try refusal(sealed + [0], changed(row, length: row.length + 1), header) == .damaged)
        #expect(try refusal([], changed(row, length: 0), header) == .damaged)
    }

    @Test func `blobs of one pack, and of two packs of a run, do not pass for each other`() throws {
        let header = try pack.header
        for row in pack.rows {
            for other in pack.rows where other.ordinal != row.ordinal {
                let sealed = pack.sealed(other)
                #expect(try refusal(sealed, changed(row, length: UInt32(sealed.count)), header) == .damaged)
            }
            // The same blob at the same number, sealed in the sibling: only the key block is another.
            let sealed = sibling.sealed(row)
            #expect(try refusal(sealed, row, header) == .damaged)
            #expect(try refusal(sealed, row, sibling.header) == nil)
        }
    }

    @Test func `a changed key block never leads to a key`() throws {
        let header = try pack.header
        let keys = tenant.restoreKeys
        for block in header.keyBlocks {
            for at in 4..<block.encoded.count {
                var bytes = block.encoded
                bytes[at] ^= 1 << UInt8(at % 8)
                let kind = try failureKind { _ = try keys.key(for: bytes.decode { try KeyBlock(&$0) }, domain: header.domain) }
                // The commitment does not fit, or no such epoch is known; a catalogue block has epoch 0.
                #expect(kind == (block.kind == .catalogue && at < 8 ? .damaged : .key), "byte \(at) of a \(block.kind) block")
            }
        }
    }

    @Test func `another tenant's or domain's header leads to no key`() throws {
        let header = try pack.header
        var random = SeededGenerator(12)
        let (id, secret) = (random.id(), random.bytes(32))
        // Somebody who holds both domains, and calls a blob of one a blob of the other.
        let other = DomainKeys(domain: id, secret: Secret(secret))
        var bundle = tenant.bundle
        bundle.domains.append(.init(keys: other, name: "other"))
        let keys = KeyRing(tenant: tenant.id, bundle: bundle)
        for row in pack.rows {
            let moved = PackHeader(tenant: header.tenant, domain: other.domain, keyBlocks: header.keyBlocks)
            #expect(try refusal(pack.sealed(row), row, moved, keys: keys) == .key)
            let foreign = PackHeader(tenant: id, domain: header.domain, keyBlocks: header.keyBlocks)
            #expect(try refusal(pack.sealed(row), row, foreign, keys: keys) == .damaged)
            #expect(try refusal(pack.sealed(row), row, header, keys: KeyRing(tenant: id, bundle: bundle)) == .key)
        }
    }

    @Test func `a sealed record opens as what it is, and as nothing else`() throws {
        var random = SeededGenerator(13)
        let key = try tenant.runKey().catalogueKey()
        let (domain, id) = (tenant.domain.domain, random.digest())
        for count in [0, 1, 100] {
            let plain = random.bytes(count)
            let sealed = RecordSeal.seal(plain, .outline, key: key, tenant: tenant.id, domain: domain, id: id, ordinal: 3)
            #expect(sealed.count == count + AEAD.overhead)
            func open(
                _ bytes: [UInt8]? = nil, kind: BlobKind = .outline, tenant tenantID: ShortID = tenant.id, domain: ShortID = tenant.domain.domain,
                id wanted: Digest? = nil, ordinal: UInt32 = 3, key other: BlockKey? = nil
            ) throws -> Failure.Kind? {
                try failureKind {
                    let opened = try (bytes ?? sealed).withUnsafeBytes {
                        try RecordSeal.open($0, kind, key: other ?? key, tenant: tenantID, domain: domain, id: wanted ?? id, ordinal: ordinal)
                    }
                    #expect(opened == plain)
                }
            }
            #expect(try open() == nil)
            #expect(try open(kind: .directory) == .damaged)
            #expect(try open(tenant: random.id()) == .damaged)
            #expect(try open(domain: random.id()) == .damaged)
            #expect(try open(id: random.digest()) == .damaged)
            #expect(try open(ordinal: 4) == .damaged)
            #expect(try open(key: tenant.runKey().catalogueKey()) == .damaged)
            // The same key, but of a block that says something else.
            let block = KeyBlock(kind: .catalogue, epoch: 0, encapsulation: [], salt: random.bytes(32), commitment: key.block.commitment)
            #expect(try open(key: BlockKey(block: block, key: key.key)) == .damaged)
            for cut in 0...min(sealed.count - 1, 20) { #expect(try open(Array(sealed[..<cut])) == .damaged) }
        }
    }
}
