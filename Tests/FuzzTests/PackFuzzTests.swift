import Base
import Keys
import TestSupport
import Testing

@testable import Codec
@testable import Repository

extension FuzzTests {
    @Test func `headers of packs and their key blocks`() throws {
        let corpus = Samples.corpus(4, seed: 30) { random in
            let blocks = [Samples.keyBlock(.catalogue, &random), Samples.keyBlock(.run, &random), Samples.keyBlock(.catalogue, &random)]
            return PackHeader(tenant: Samples.tenant.id, domain: random.id(), keyBlocks: Array(blocks.prefix(1 + random.below(3)))).encoded
        }
        try Fuzzer(name: "pack header", corpus: corpus).run(share: 0.5) { bytes in
            let header = try bytes.withUnsafeBytes { try PackHeader($0, tenant: Samples.tenant.id) }
            let again = header.encoded
            guard again.count <= bytes.count, again == Array(bytes[..<again.count]) else { throw Fuzzer.Broken("another spelling") }
        }
        var random = SeededGenerator(31)
        let blocks = [Samples.keyBlock(.catalogue, &random).encoded, Samples.keyBlock(.run, &random).encoded]
        try Fuzzer(name: "key block", corpus: blocks).run(share: 0.25) { bytes in
            guard try bytes.decode({ try KeyBlock(&$0) }).encoded == bytes else { throw Fuzzer.Broken("another spelling") }
        }
        try Fuzzer(name: "trailer", corpus: [PackDirectory.trailer(sealedCount: 500)]).run(share: 0.1) { bytes in
            let count = try bytes.withUnsafeBytes { try PackDirectory.sealedCount($0, packSize: 1 << 20) }
            guard count + PackLimits.trailerBytes + PackLimits.headerBytes <= 1 << 20 else { throw Fuzzer.Broken("a directory of \(count) bytes") }
        }
    }

    /// Sealed again after each change, so that the parser behind the seal is reached.
    @Test func `directories of packs`() throws {
        let tenant = Samples.tenant
        let run = try tenant.runKey()
        let key = run.catalogueKey()
        let header = PackHeader(
            tenant: tenant.id, domain: tenant.domain.domain, keyBlocks: [key.block, run.blockKey().block, run.catalogueKey().block])
        let keys = tenant.catalogueKeys
        let size = 8 << 20
        let corpus = Samples.corpus(5, seed: 32) { random in
            let rows = Samples.list(random.below(12), &random) { random in
                let kind: BlobKind = random.pick([.data, .treePage, .listPage])
                return PackRow(
                    id: random.digest(), kind: kind, keyBlock: kind == .listPage ? 2 : 1, ordinal: UInt32(random.below(100)),
                    offset: UInt32(random.below(1 << 20)), length: 24 + UInt32(random.below(1 << 20)),
                    references: kind == .treePage ? Samples.list(random.below(4), &random) { $0.digest() } : [])
            }
            return PackDirectory.encode(rows)
        }
        try Fuzzer(name: "directory", corpus: corpus).run { text in
            let sealed = RecordSeal.seal(text, .directory, key: key, tenant: tenant.id, domain: tenant.domain.domain)
            let directory = try sealed.withUnsafeBytes { try PackDirectory(header: header, sealed: $0, packSize: size, keys: keys) }
            for row in directory.rows {
                guard Int(row.offset) + Int(row.length) <= size, header.keyBlocks.indices.contains(Int(row.keyBlock)), row.keyBlock > 0,
                    row.length >= PackLimits.blobOverhead, (header.keyBlocks[Int(row.keyBlock)].kind == .catalogue) == (row.kind == .listPage)
                else { throw Fuzzer.Broken("the row \(row)") }
            }
            guard PackDirectory.encode(directory.rows) == text else { throw Fuzzer.Broken("another spelling") }
        }
    }

    @Test func `tables of index segments`() throws {
        let tenant = Samples.tenant
        let key = BlockKey.catalogue(tenant.domain.catalogue, tenant: tenant.id)
        let keys = tenant.catalogueKeys
        let domain = tenant.domain.domain
        let name = SegmentKey(session: SessionID(generation: 1, random: .zero), number: 2)
        let clear = IndexSegment(domain: domain, packs: [], rows: []).body(
            name, site: .zero, created: Timestamp(seconds: 1), tenant: tenant.id, key: key
        ).prefix(141)
        /// The table as it is sealed.
        func table(_ segment: IndexSegment) throws -> [UInt8] {
            let body = segment.body(name, site: .zero, created: Timestamp(seconds: 1), tenant: tenant.id, key: key)
            return try body[141...].withUnsafeBytes { try RecordSeal.open($0, .segment, key: key, tenant: tenant.id, domain: domain) }
        }
        let corpus =
            try Samples.corpus(5, seed: 33) { random in
                let packs = Samples.list(1 + random.below(4), &random) { IndexedPack(key: Samples.pack(&$0), writer: $0.digest()) }
                let rows = Samples.list(random.below(20), &random) {
                    IndexRow(id: $0.digest(), pack: UInt32($0.below(packs.count)), offset: UInt32($0.below(9000)), length: UInt32($0.below(9000)))
                }
                return (try? table(IndexSegment(domain: domain, packs: packs, rows: rows))) ?? []
            } + [table(IndexSegment(domain: domain, packs: [], rows: []))]
        try Fuzzer(name: "segment table", corpus: corpus).run { text in
            let body = clear + RecordSeal.seal(text, .segment, key: key, tenant: tenant.id, domain: domain)
            let segment = try IndexSegment(body: Array(body), tenant: tenant.id, keys: keys)
            guard segment.rows.allSatisfy({ Int($0.pack) < segment.packs.count && Int($0.offset) + Int($0.length) <= PackLimits.packBytes }) else {
                throw Fuzzer.Broken("a row beyond its pack")
            }
            guard try table(segment) == text else { throw Fuzzer.Broken("another spelling") }
        }
        let bodies = [Array(clear) + RecordSeal.seal(corpus[0], .segment, key: key, tenant: tenant.id, domain: domain)]
        try Fuzzer(name: "segment", corpus: bodies).run(share: 0.25) { bytes in
            _ = try IndexSegment.Clear(ofBody: bytes)
            _ = try IndexSegment(body: bytes, tenant: tenant.id, keys: keys)
        }
    }

    @Test func `frames`() throws {
        let contents = Samples.corpus(6, seed: 34) { random in
            switch random.below(3) {
            case 0: random.text(200 + random.below(4000))
            case 1: (0..<1500).flatMap { number -> [UInt8] in [UInt8(truncatingIfNeeded: number / 3), UInt8(random.below(2))] }
            default: random.bytes(random.below(600))
            }
        }
        func frame(_ plain: [UInt8], _ method: CompressionMethod) -> [UInt8] {
            var target = [UInt8](repeating: 0, count: FrameEncoder.bound(plain.count))
            let count = plain.withUnsafeBytes { plain in target.withUnsafeMutableBytes { FrameEncoder(method).encode(plain, into: $0) } }
            return Array(target[..<count])
        }
        let methods: [CompressionMethod] = [.auto, .zstd(level: 9), .lz4, .none]
        let decoder = FrameDecoder()
        let limit = 1 << 20
        func decode(_ frame: [UInt8]) throws -> [UInt8] {
            try frame.withUnsafeBytes { frame in
                let count = try decoder.plainLength(frame, limit: limit)
                guard count <= limit else { throw Fuzzer.Broken("a length of \(count)") }
                var plain = [UInt8](repeating: 0xA5, count: count + 8)
                try plain.withUnsafeMutableBytes { try decoder.decode(frame, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count])) }
                guard plain[count...].allSatisfy({ $0 == 0xA5 }) else { throw Fuzzer.Broken("it was written behind the target") }
                return Array(plain[..<count])
            }
        }
        try Fuzzer(name: "frame", corpus: contents.flatMap { plain in methods.map { frame(plain, $0) } }).run { _ = try decode($0) }

        // What stands in a payload is any content, made anew: only the header is another's.
        let encoders = methods.map { FrameEncoder($0) }
        try Fuzzer(name: "frame made anew", corpus: contents).run(share: 0.5, refuses: false) { plain in
            for encoder in encoders {
                var target = [UInt8](repeating: 0, count: FrameEncoder.bound(plain.count))
                let count = plain.withUnsafeBytes { plain in target.withUnsafeMutableBytes { encoder.encode(plain, into: $0) } }
                var made = Array(target[..<count])
                guard try decode(made) == plain else { throw Fuzzer.Broken("it does not come back") }
                for (at, value) in [(0, UInt8(1)), (0, 2), (1, 1), (1, 2), (4, 0), (4, 255), (6, 255)] {
                    let old = made[at]
                    made[at] = value
                    let declared = (0..<4).reduce(0) { $0 | Int(made[4 + $1]) << (8 * $1) }
                    do {
                        guard try decode(made).count == declared else { throw Fuzzer.Broken("another length than declared") }
                    } catch let failure as Failure {
                        guard failure.kind == .damaged else { throw Fuzzer.Broken("\(failure)") }
                    }
                    made[at] = old
                }
            }
        }
    }
}
