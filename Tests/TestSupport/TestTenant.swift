import Base
import Codec
import Keys
import Repository
import Sites

/// A tenant with every key in hand: two nodes in one domain, maintenance, verification, and the sites that its
/// descriptor names. The same seed makes the same keys.
package struct TestTenant: Sendable {
    package let authority: SigningKey
    package let node: SigningKey
    /// A second node of the same domain.
    package let neighbour: SigningKey
    package let maintain: SigningKey
    package let verify: SigningKey
    /// Somebody without any right.
    package let stranger: SigningKey
    package let epoch: SealingKey
    package let domain: DomainKeys
    package let sites: [ShortID]
    package let descriptor: Descriptor
    /// The stored bytes of its only descriptor.
    package let chain: [UInt8]

    package var fingerprint: Fingerprint { Fingerprint(authority.verifying) }
    package var id: ShortID { fingerprint.tenant }

    package init(seed: UInt64 = 1, from: Int64 = 0, until: Int64 = 0) throws {
        var random = SeededGenerator(seed)
        func secret() -> Secret { Secret(random.bytes(32)) }
        authority = try SigningKey(seed: secret())
        node = try SigningKey(seed: secret())
        neighbour = try SigningKey(seed: secret())
        maintain = try SigningKey(seed: secret())
        verify = try SigningKey(seed: secret())
        stranger = try SigningKey(seed: secret())
        epoch = try SealingKey(seed: secret())
        domain = DomainKeys(domain: random.id(), secret: secret())
        sites = (0..<3).map { _ in random.id() }
        descriptor = Descriptor(
            number: 0, previous: .zero, created: 1_700_000_000, authority: authority.verifying, epochs: [.init(number: 1, key: epoch.publicKey)],
            recipients: [], domains: [.init(id: domain.domain, commitment: domain.commitment)],
            actors: [
                .init(role: .write, domain: domain.domain, key: node.verifying, from: from, until: until),
                .init(role: .write, domain: domain.domain, key: neighbour.verifying, from: from, until: until),
                .init(role: .maintain, domain: .zero, key: maintain.verifying, from: from, until: until),
                .init(role: .verify, domain: .zero, key: verify.verifying, from: from, until: until),
            ], sites: sites)
        chain = try Statement.sign(.descriptor, tenant: Fingerprint(authority.verifying).tenant, body: descriptor.body, by: authority)
    }

    // MARK: keys

    package var bundle: KeyBundle {
        KeyBundle(tenantName: "hospital", epochs: [1: epoch], domains: [.init(keys: domain, name: "node")])
    }
    /// What opens everything.
    package var restoreKeys: KeyRing { KeyRing(tenant: id, bundle: bundle) }
    /// What a node holds: no key that opens content.
    package var nodeKeys: KeyRing { KeyRing(tenant: id, domains: [domain]) }
    package var catalogueKeys: KeyRing { KeyRing(tenant: id, catalogues: [domain.catalogue]) }

    package func runKey() throws -> RunKey { try RunKey(tenant: id, domain: domain, epoch: descriptor.currentEpoch!) }

    /// The id of a blob with these plain bytes.
    package func blobID(_ kind: BlobKind, _ plain: [UInt8]) -> Digest {
        plain.withUnsafeBytes { domain.hasher().hash(prefix: kind.idKind!.rawValue, $0) }
    }

    // MARK: sites

    /// Makes `site` the tenant's site number `number`.
    package func prepare(_ site: any Site, _ number: Int = 0) throws {
        try site.create(Descriptor.key(0, chain), chain)
        let marker = SiteMarker(site: sites[number], kind: "file", endpoint: "", created: 1_700_000_000)
        try site.create(SiteMarker.key, sign(.marker, marker.body, by: authority))
    }

    package func memorySite(_ number: Int = 0) throws -> MemorySite {
        let site = MemorySite(name: "memory-\(number)")
        try prepare(site, number)
        return site
    }

    package func open(_ site: any Site, state: TenantState? = nil) throws -> SiteRepository {
        try SiteRepository(site: site, fingerprint: fingerprint, state: state)
    }

    package func sign(_ kind: Statement.Kind, _ body: [UInt8], by key: SigningKey) throws -> [UInt8] {
        try Statement.sign(kind, tenant: id, body: body, by: key)
    }
}
