import Base
import Codec
import Journal
import Keys
import Testing

/// A closed segment as sites hold it.
@Suite struct SealedSegmentTests {
    private let tenant = ShortID([UInt8](repeating: 7, count: 16))!
    private let chain = ShortID([UInt8](repeating: 9, count: 16))!
    private let key = try! SealingKey(seed: Secret([UInt8](repeating: 4, count: 32)))

    private func sealed(_ bytes: [UInt8]) throws -> SealedSegment {
        try SealedSegment(bytes, tenant: tenant, chain: chain, number: 3, epoch: 1, to: key.publicKey)
    }

    @Test(arguments: [0, 1, 1000, SealedSegment.step - 4, SealedSegment.step - 3, 100_000]) func itOpensToTheSameBytes(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let stored = try sealed(bytes).encoded
        #expect(try SealedSegment(decoding: stored).open(tenant: tenant, chain: chain, number: 3, with: key) == bytes)
    }

    @Test func itsSizeTellsStepsOnly() throws {
        let small = try sealed([1]).encoded.count
        #expect(try sealed([UInt8](repeating: 1, count: 9000)).encoded.count == small)
        #expect(try sealed([UInt8](repeating: 1, count: SealedSegment.step)).encoded.count == small + SealedSegment.step)
    }

    @Test func twoOfTheSameAreNotAlike() throws { #expect(try sealed([1, 2, 3]) != sealed([1, 2, 3])) }

    @Test func anotherKeyOpensNothing() throws {
        let other = try SealingKey(seed: Secret([UInt8](repeating: 5, count: 32)))
        let segment = try sealed([1, 2, 3])
        let failure = #expect(throws: Failure.self) { try segment.open(tenant: tenant, chain: chain, number: 3, with: other) }
        #expect(failure?.kind == .key)
    }

    @Test func itOpensInItsOwnPlaceOnly() throws {
        let segment = try sealed([1, 2, 3])
        for (tenant, chain, number) in [(nil, chain, 3), (tenant, tenant, 3), (tenant, chain, 4)] as [(ShortID?, ChainID, UInt32)] {
            let failure = #expect(throws: Failure.self) { try segment.open(tenant: tenant, chain: chain, number: number, with: key) }
            #expect(failure?.kind == .damaged)
        }
    }

    @Test func everyChangedOrMissingByteIsNoticed() throws {
        let stored = try sealed([1, 2, 3]).encoded
        for at in [0, 8, 10, 12, 16, 600, 1140, 1168, 1172, 1300, stored.count - 1] {
            var bytes = stored
            bytes[at] ^= 1
            #expect(throws: Failure.self) { try SealedSegment(decoding: bytes).open(tenant: tenant, chain: chain, number: 3, with: key) }
        }
        for count in [0, 8, 15, 1000, stored.count - 1] {
            #expect(throws: Failure.self) { try SealedSegment(decoding: Array(stored.prefix(count))) }
        }
        #expect(throws: Failure.self) { try SealedSegment(decoding: stored + [0]) }
    }
}
