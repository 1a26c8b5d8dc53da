import Base
import Codec
import Keys
import TestSupport
import Testing

@testable import Repository

/// Packs that compaction makes of sealed blobs of others.
@Suite struct CopiedPackTests {
    private let block = KeyBlock(
        kind: .run, epoch: 1, encapsulation: [UInt8](repeating: 7, count: 1120), salt: [UInt8](repeating: 8, count: 32),
        commitment: [UInt8](repeating: 9, count: 32))

    private func rows(_ count: Int, bytes: Int) -> [PackRow] {
        (0..<count).map {
            PackRow(
                id: sha256([UInt8($0)]), kind: .data, keyBlock: 1, ordinal: UInt32($0), offset: 0, length: UInt32(bytes), references: [])
        }
    }

    private func fill(_ places: [UnsafeMutableRawBufferPointer]) {
        for (number, place) in places.enumerated() { place.initializeMemory(as: UInt8.self, repeating: UInt8(number + 1)) }
    }

    private func check(_ pack: FinishedPack, blobs: Int, of bytes: Int) throws {
        let directory = try PackDirectory(whole: pack.buffer.bytes, tenant: tenant.id, keys: tenant.catalogueKeys)
        #expect(directory.rows.count == blobs && directory.rows == pack.rows && sha256(pack.buffer.bytes) == pack.digest)
        #expect(pack.buffer.count % PackLimits.step == 0)
        for (number, row) in directory.rows.enumerated() {
            let sealed = pack.buffer.bytes[Int(row.offset)..<Int(row.offset) + Int(row.length)]
            #expect(sealed.count == bytes && sealed.allSatisfy { $0 == UInt8(number + 1) })
            #expect(directory.header.keyBlocks[Int(row.keyBlock)] == block)
        }
    }

    @Test func `blobs lie where their rows say, and the builder is empty again`() throws {
        let builder = CopiedPackBuilder(tenant.domain.catalogue, tenant: tenant.id, target: 4096)
        for _ in 0..<2 {
            #expect(builder.isEmpty)
            try builder.add(rows(10, bytes: 300), [block, block], fill)
            try check(#require(builder.finish()), blobs: 10, of: 300)
        }
        #expect(builder.finish() == nil)
    }

    /// A source whose bytes were not its name's leaves nothing, and the next one may be larger than the target.
    @Test func `what failed is not in the pack, and does not bound the next one`() throws {
        let builder = CopiedPackBuilder(tenant.domain.catalogue, tenant: tenant.id, target: 1000)
        #expect(throws: Failure.self) {
            try builder.add(rows(2, bytes: 400), [block, block]) { places in
                fill(places)
                throw Failure(.damaged, .wrongHash)
            }
        }
        #expect(builder.isEmpty && builder.finish() == nil)
        try builder.add(rows(200, bytes: 50_000), [block, block], fill)
        try check(#require(builder.finish()), blobs: 200, of: 50_000)
    }

    @Test func `room is what the target and the limits leave`() throws {
        let builder = CopiedPackBuilder(tenant.domain.catalogue, tenant: tenant.id, target: 1000)
        #expect(builder.hasRoom(for: rows(2, bytes: 500), [block, block]))
        #expect(!builder.hasRoom(for: rows(3, bytes: 500), [block, block]))
        try builder.add(rows(1, bytes: 600), [block, block], fill)
        #expect(!builder.hasRoom(for: rows(1, bytes: 401), [block, block]))
        #expect(builder.hasRoom(for: rows(1, bytes: 400), [block, block]))
    }
}
