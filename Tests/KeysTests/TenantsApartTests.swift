import Base
import Codec
import Keys
import TestSupport
import Testing

/// Of two tenants, or two domains of one, no key and no id is the same, and no wrapped key opens for the other.
@Suite struct TenantsApartTests {
    /// Domains with chance ids and secrets; then one pair with the same secret, and one with the same id.
    private func domains(_ seed: UInt64) -> [DomainKeys] {
        var random = SeededGenerator(seed)
        var all = (0..<6).map { _ in DomainKeys(domain: random.id(), secret: Secret(random.bytes(32))) }
        all.append(DomainKeys(domain: random.id(), secret: all[0].secret))
        all.append(DomainKeys(domain: all[1].domain, secret: Secret(random.bytes(32))))
        return all
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `no key of a domain is another domain's, for any use`(_ seed: UInt64) {
        let all = domains(seed)
        let keys = all.flatMap { one in
            [
                one.id.exposed, one.catalogue.key.exposed, one.seal.exposed, one.local.exposed, one.commitment, Array(one.gear[..<32]),
                one.bundleEdgeKey, one.pageEdgeKey,
            ]
        }
        #expect(Set(keys).count == all.count * 8, "seed \(seed)")
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `the same content and the same name have another id in each domain, and one for each kind`(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        let all = domains(seed)
        for plain in [[], random.bytes(1), random.bytes(random.below(5_000)), random.text(2_000)] {
            let ids = all.flatMap { one in
                let hasher = one.hasher()
                return [IDKind.data, .treePage, .listPage, .content, .source].map { kind in
                    plain.withUnsafeBytes { hasher.hash(prefix: kind.rawValue, $0) }
                }
            }
            #expect(Set(ids).count == all.count * 5, "seed \(seed)")
        }
        for name in ["dpi", "", random.anyText(40)] { #expect(Set(all.map { $0.sourceID(name) }).count == all.count, "seed \(seed)") }
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `a key wrap opens for its own tenant's recipient alone, whatever its header says`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let (a, b) = (random.id(), random.id())
        // Whoever wrote the code of one safe on the other's kit, too.
        let code = RecoveryCode.generate()
        let (mine, theirs) = (try code.sealingKey(tenant: a), try code.sealingKey(tenant: b))
        #expect(mine.publicKey != theirs.publicKey)
        let bundle = KeyBundle(
            tenantName: "chu", epochs: [1: try SealingKey(seed: Secret(random.bytes(32)))], domains: [.init(keys: domains(seed)[0], name: "n")])
        let bytes = try KeyWrap(bundle, tenant: a, epoch: 1, for: mine.publicKey).encoded
        #expect(try KeyWrap(decoding: bytes).open(with: mine).epochs[1]?.publicKey == bundle.epochs[1]?.publicKey)

        /// With the hash made anew, as a forger would.
        func changed(tenant: ShortID, recipient: ShortID) throws -> KeyWrap {
            var text = Array(bytes.dropLast(32))
            text.replaceSubrange(12..<28, with: tenant.bytes)
            text.replaceSubrange(32..<48, with: recipient.bytes)
            return try KeyWrap(decoding: text + sha256(text).bytes)
        }
        let (ours, foreign) = (mine.publicKey.id, theirs.publicKey.id)
        #expect(try failureKind { _ = try changed(tenant: a, recipient: ours).open(with: mine) } == nil)
        #expect(try failureKind { _ = try changed(tenant: a, recipient: ours).open(with: theirs) } == .key)
        #expect(try failureKind { _ = try changed(tenant: b, recipient: ours).open(with: mine) } == .damaged)
        for tenant in [a, b] { #expect(try failureKind { _ = try changed(tenant: tenant, recipient: foreign).open(with: theirs) } == .key) }
    }
}
