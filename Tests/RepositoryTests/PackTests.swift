import Base
import Codec
import Keys
import TestSupport
import Testing

@testable import Repository

@Suite struct PackTests {
    private static let methods: [CompressionMethod] = [.auto, .none, .lz4, .zstd(level: 1), .zstd(level: 12)]

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `what was put in comes out, each blob under its id`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let blobs = (0..<1 + random.below(40)).map { _ in SampleBlob.make(&random) }
        let pack = try pack(blobs, tenant.runKey(), method: random.pick(Self.methods))
        #expect(pack.digest == sha256(pack.bytes))
        #expect(pack.bytes.count % PackLimits.step == 0 && pack.bytes.count <= PackLimits.packBytes)
        let directory = try pack.directory(tenant.restoreKeys)
        #expect(directory.rows == pack.rows)
        #expect(directory.rows.map(\.id) == blobs.map(\.id) && directory.rows.map(\.kind) == blobs.map(\.kind))
        #expect(directory.rows.map(\.references) == blobs.map(\.references))
        #expect(directory.rows.map(\.ordinal) == blobs.indices.map { UInt32($0) })
        let opener = BlobOpener(keys: tenant.restoreKeys)
        for (blob, row) in zip(blobs, directory.rows) {
            let plain = try pack.sealed(row).withUnsafeBytes { try opener.open($0, row: row, header: directory.header) { Array($0) } }
            #expect(plain == blob.plain, "seed \(seed), \(blob.kind) of \(blob.plain.count) bytes")
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `blobs follow the header without gaps, then less than a step of zeros`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let pack = try pack((0..<random.below(30)).map { _ in SampleBlob.make(&random) }, tenant.runKey())
        var end = try PackHeader.length(pack.bytes, tenant: tenant.id)
        #expect(end == PackLimits.headerBytes + 72 + 1192 + 72)
        for row in pack.rows {
            #expect(Int(row.offset) == end)
            end += Int(row.length)
        }
        let directory = try pack.directoryRange
        #expect(directory.lowerBound - end < PackLimits.step)
        #expect(pack.bytes[end..<directory.lowerBound].allSatisfy { $0 == 0 })
    }

    @Test(arguments: [0, 1, 1 << 20, PackBuilder.largestBlob])
    func `the smallest and the largest blobs fit`(_ count: Int) throws {
        var random = SeededGenerator(2)
        let blob = SampleBlob(.data, random.bytes(count))
        let pack = try pack([blob], tenant.runKey())
        let opener = BlobOpener(keys: tenant.restoreKeys)
        let plain = try pack.sealed(pack.rows[0]).withUnsafeBytes { try opener.open($0, row: pack.rows[0], header: pack.header) { Array($0) } }
        #expect(plain == blob.plain)
        #expect(Int(pack.rows[0].length) == count + PackLimits.blobOverhead)
    }

    @Test func `a pack is full before its buffer is`() throws {
        var random = SeededGenerator(3)
        let builder = PackBuilder(run: try tenant.runKey(), method: .none, isGuarded: false)
        #expect(!builder.isFull(for: PackBuilder.largestBlob))
        builder.begin(Buffer(capacity: PackBuilder.bufferBytes))
        let blob = SampleBlob(.data, random.bytes(PackBuilder.largestBlob))
        var blobs = 0
        while !builder.isFull(for: PackBuilder.largestBlob) {
            try builder.add(blob)
            blobs += 1
        }
        let pack = builder.finish()
        #expect(blobs >= 4 && pack.bytes.count <= PackBuilder.bufferBytes)
        #expect(try pack.directory(tenant.catalogueKeys).rows.count == blobs)
    }

    @Test func `memory that changed between reading and sealing never becomes a pack`() throws {
        // I9: the checksum is that of the bytes as they were read.
        var random = SeededGenerator(4)
        let builder = PackBuilder(run: try tenant.runKey(), method: .auto)
        builder.begin(Buffer(capacity: PackBuilder.bufferBytes))
        for count in [1, 31, 32, 33, 5_000, 200_000] {
            let plain = random.text(count)
            let read = plain.withUnsafeBytes { quickChecksum($0) }
            var changed = plain
            changed[random.below(count)] ^= 1 << UInt8(random.below(8))
            let kind = try failureKind {
                _ = try changed.withUnsafeBytes { try builder.add(.data, id: tenant.blobID(.data, plain), $0, checksum: read) }
            }
            #expect(kind == .failed, "\(count) bytes")
        }
    }

    @Test func `a row that names other blobs than its page never becomes a pack`() throws {
        var random = SeededGenerator(5)
        let page = SampleBlob.treePage(6, &random)
        let builder = PackBuilder(run: try tenant.runKey(), method: .auto)
        builder.begin(Buffer(capacity: PackBuilder.bufferBytes))
        let wrong = [[], Array(page.references.dropLast()), page.references + [.zero], Array(page.references.reversed())]
        for references in wrong {
            let kind = try failureKind {
                _ = try page.plain.withUnsafeBytes {
                    try builder.add(.treePage, id: page.id, $0, checksum: quickChecksum($0), references: references)
                }
            }
            #expect(kind == .failed)
        }
        try builder.add(page)
        #expect(builder.finish().rows.count == 1)
    }

    @Test func `no two packs of a run share a key, and no ordinal comes twice in one`() throws {
        // I15. The same blobs, by two builders of one run, and twice by one of them.
        var random = SeededGenerator(6)
        let blobs = [SampleBlob.data(100, &random), .treePage(3, &random), .listPage(3, &random), .data(100, &random)]
        let run = try tenant.runKey()
        let builder = PackBuilder(run: run, method: .none)
        func fill() throws -> FinishedPack {
            builder.begin(Buffer(capacity: PackBuilder.bufferBytes))
            for blob in blobs { try builder.add(blob) }
            return builder.finish()
        }
        let packs = try [pack(blobs, run, method: .none), fill(), fill()]
        let blocks = try packs.flatMap { try $0.header.keyBlocks }
        #expect(blocks.map(\.kind) == [.catalogue, .run, .catalogue, .catalogue, .run, .catalogue, .catalogue, .run, .catalogue])
        #expect(Set(blocks.map(\.encoded)).count == blocks.count)
        #expect(Set(blocks.map(\.salt)).count == blocks.count && Set(blocks.map(\.digest)).count == blocks.count)
        #expect(Set(blocks.filter { $0.kind == .run }.map(\.encapsulation)).count == 1)
        for pack in packs { #expect(Set(pack.rows.map(\.ordinal)).count == blobs.count) }
        for number in blobs.indices { #expect(Set(packs.map { $0.sealed($0.rows[number]) }).count == packs.count) }
    }

    @Test func `maintenance opens directories and list pages, a node no content of its own`() throws {
        // I14
        var random = SeededGenerator(7)
        let blobs = [SampleBlob.data(100, &random), .treePage(3, &random), .listPage(3, &random)]
        let pack = try pack(blobs, tenant.runKey())
        for keys in [tenant.catalogueKeys, tenant.nodeKeys] {
            let directory = try pack.directory(keys)
            let kinds = try directory.rows.map { row in
                try failureKind {
                    try pack.sealed(row).withUnsafeBytes { try BlobOpener(keys: keys).open($0, row: row, header: directory.header) { _ in } }
                }
            }
            #expect(kinds == [.key, .key, nil])
        }
        #expect(try failureKind { _ = try pack.directory(KeyRing(tenant: tenant.id)) } == .key)
    }
}
