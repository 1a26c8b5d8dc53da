import Base
import Codec
import Keys
import TestSupport
import Testing

/// What the restore role holds, and its wraps for recipients.
@Suite struct KeyBundleTests {
    private static func epoch(_ number: UInt8) -> SealingKey { try! SealingKey(seed: Secret(run(number, number + 31))) }
    private static func domain(_ number: UInt8) -> DomainKeys {
        DomainKeys(domain: ShortID([UInt8](repeating: number, count: 16))!, secret: Secret(run(number, number + 31)))
    }

    private static let bundle = KeyBundle(
        tenantName: "Hôpital", epochs: [1: epoch(1), 7: epoch(2), .max: epoch(3)],
        domains: [.init(keys: domain(1), name: "nœud 1"), .init(keys: domain(2), name: "")], authoritySeed: Secret(run(0x50, 0x6F)))
    private static let small = KeyBundle(tenantName: "", epochs: [1: epoch(1)], domains: [.init(keys: domain(1), name: "n")])
    private static let tenant = ShortID(run(0x70, 0x7F))!

    private func same(_ a: KeyBundle, _ b: KeyBundle) -> Bool { a.encoded().equals(b.encoded()) }

    // MARK: bundles

    @Test func aBundleIsReadBack() throws {
        for bundle in [Self.bundle, Self.small, KeyBundle(tenantName: "x", epochs: [:], domains: [])] {
            let back = try KeyBundle(decoding: bundle.encoded())
            #expect(same(back, bundle))
            #expect(back.tenantName == bundle.tenantName)
            #expect(back.epochs.mapValues(\.publicKey) == bundle.epochs.mapValues(\.publicKey))
            #expect(back.domains.map(\.name) == bundle.domains.map(\.name))
            #expect(back.domains.map(\.keys.commitment) == bundle.domains.map(\.keys.commitment))
            #expect(back.authoritySeed?.exposed == bundle.authoritySeed?.exposed)
        }
    }

    @Test func theLayoutIsThatOfTheFormat() {
        var w = ByteWriter()
        w.u8(1)
        w.text("")
        w.varint(1)
        w.u32(1)
        w.raw(run(1, 32))
        w.varint(1)
        w.raw([UInt8](repeating: 1, count: 16))
        w.raw(run(1, 32))
        w.text("n")
        w.counted([])
        #expect(Self.small.encoded().exposed == w.bytes)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func anyChangeIsReadOrRefused(_ seed: UInt64) throws {
        var mutation = Mutation(seed: seed)
        let bytes = Self.small.encoded().exposed
        for _ in 0..<50 {
            let kind = try failureKind { _ = try KeyBundle(decoding: Secret(mutation.apply(bytes))) }
            #expect(kind == nil || kind == .damaged || kind == .format)
        }
    }

    @Test func anotherVersionIsANewerFormat() throws {
        var bytes = Self.bundle.encoded().exposed
        bytes[0] = 2
        #expect(try failureKind { _ = try KeyBundle(decoding: Secret(bytes)) } == .format)
    }

    @Test func mergingTakesWhatIsLackingAndKeepsWhatIsThere() {
        var merged = KeyBundle(
            tenantName: "mine", epochs: [1: Self.epoch(1), 2: Self.epoch(2)], domains: [.init(keys: Self.domain(1), name: "mine")])
        merged.merge(
            KeyBundle(
                tenantName: "theirs", epochs: [2: Self.epoch(9), 3: Self.epoch(3)],
                domains: [
                    .init(keys: DomainKeys(domain: Self.domain(1).domain, secret: Secret(run(9, 40))), name: "theirs"),
                    .init(keys: Self.domain(2), name: "theirs"),
                ],
                authoritySeed: Secret([1])))
        #expect(merged.tenantName == "mine")
        #expect(merged.epochs.mapValues { $0.seed.exposed.first } == [1: 1, 2: 2, 3: 3])
        #expect(merged.domains.map(\.name) == ["mine", "theirs"])
        #expect(merged.domains[0].keys.secret.equals(Self.domain(1).secret))
        #expect(merged.authoritySeed?.exposed == [1])
        merged.merge(KeyBundle(tenantName: "", epochs: [:], domains: [], authoritySeed: Secret([2])))
        #expect(merged.authoritySeed?.exposed == [1])
    }

    // MARK: wraps

    private static let recipient = epoch(0x30)
    private static let wrap = try! KeyWrap(small, tenant: tenant, epoch: 5, for: recipient.publicKey)

    private func open(_ bytes: [UInt8], with key: SealingKey = Self.recipient) throws -> Failure.Kind? {
        try failureKind { _ = try KeyWrap(decoding: bytes).open(with: key) }
    }

    @Test func aWrapOpensForItsRecipient() throws {
        let wrap = try KeyWrap(decoding: Self.wrap.encoded)
        #expect(wrap.tenant == Self.tenant && wrap.epoch == 5 && wrap.recipient == Self.recipient.publicKey.id)
        #expect(same(try wrap.open(with: Self.recipient), Self.small))
        #expect(wrap.encoded == Self.wrap.encoded)
    }

    @Test func aWrapIsForNobodyElse() throws {
        #expect(try open(Self.wrap.encoded, with: Self.epoch(0x31)) == .key)
    }

    @Test func aChangedByteAnywhereIsDamage() throws {
        let bytes = Self.wrap.encoded
        for i in bytes.indices {
            var changed = bytes
            changed[i] ^= 1 << UInt8(i % 8)
            #expect(try failureKind { _ = try KeyWrap(decoding: changed) } == .damaged)
        }
        for count in [0, 1, 79, 80, 81, 1000, bytes.count - 33, bytes.count - 1] {
            #expect(try failureKind { _ = try KeyWrap(decoding: Array(bytes[..<count])) } == .damaged)
        }
        #expect(try failureKind { _ = try KeyWrap(decoding: bytes + [0]) } == .damaged)
    }

    /// A wrap is not signed: whoever changes it can also mend the last digest. Each field then fails as what it is.
    @Test(arguments: [
        (0, Failure.Kind.damaged), (8, .format), (10, .format), (12, .damaged), (28, .damaged), (32, .key), (48, .key), (1167, .key), (1168, .key),
        (1199, .key), (1200, .damaged), (1203, .damaged), (1204, .damaged),
    ])
    func aForgedWrapFailsAsTheFieldThatWasChanged(_ at: Int, _ kind: Failure.Kind) throws {
        var body = Array(Self.wrap.encoded.dropLast(32))
        body[at] ^= 1
        #expect(try open(body + sha256(body).bytes) == kind)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func anyForgedWrapIsOpenedOrRefused(_ seed: UInt64) throws {
        var mutation = Mutation(seed: seed)
        for _ in 0..<50 {
            let body = mutation.apply(Array(Self.wrap.encoded.dropLast(32)))
            let kind = try open(body + sha256(body).bytes)
            #expect(kind == nil || kind == .damaged || kind == .format || kind == .key)
        }
    }
}
