import Base
import Codec
import Keys

/// The keys that a role holds of one tenant, and the block keys already worked out with them.
package final class KeyRing: Sendable {
    package let tenant: ShortID
    private let epochs: [UInt32: SealingKey]
    private let domains: [ShortID: DomainKeys]
    private let catalogues: [ShortID: CatalogueKey]

    private struct Cache {
        var runs: [Digest: Secret] = [:]
        var blocks: [CacheKey: BlockKey] = [:]
    }
    private struct CacheKey: Hashable {
        let block: Digest
        let domain: ShortID
    }
    private let cache = Monitor(Cache())

    /// `bundle` for the restore role, `domains` for nodes, `catalogues` for maintenance: any of them.
    package init(tenant: ShortID, bundle: KeyBundle? = nil, domains: [DomainKeys] = [], catalogues: [CatalogueKey] = []) {
        self.tenant = tenant
        epochs = bundle?.epochs ?? [:]
        let all = (bundle?.domains.map(\.keys) ?? []) + domains
        self.domains = Dictionary(all.map { ($0.domain, $0) }, uniquingKeysWith: { first, _ in first })
        let keys = catalogues + all.map(\.catalogue)
        self.catalogues = Dictionary(keys.map { ($0.domain, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package var canOpenContent: Bool { !epochs.isEmpty && !domains.isEmpty }

    /// Domains whose catalogue opens.
    package var catalogueDomains: [ShortID] { catalogues.keys.sorted() }

    package func domainKeys(_ domain: ShortID) -> DomainKeys? { domains[domain] }
    package func catalogue(_ domain: ShortID) -> CatalogueKey? { catalogues[domain] }

    /// The key that `block` leads to. Throws `.key` when this ring lacks it or it is another's.
    package func key(for block: KeyBlock, domain: ShortID) throws -> BlockKey {
        let name = CacheKey(block: block.digest, domain: domain)
        if let known = cache.look({ $0.blocks[name] }) { return known }
        let found: BlockKey
        switch block.kind {
        case .catalogue:
            guard let catalogue = catalogues[domain] else { throw Failure(.key, .noCatalogueKey) }
            found = try BlockKey.recover(block, secret: catalogue.key, tenant: tenant, domain: domain)
        case .run:
            found = try BlockKey.recover(block, secret: runSecret(block, domain: domain), tenant: tenant, domain: domain)
        }
        cache.look { cache in
            if cache.blocks.count > 4096 { cache.blocks.removeAll() }
            cache.blocks[name] = found
        }
        return found
    }

    /// Decapsulation costs a hundred microseconds, and a run has one for all its packs.
    private func runSecret(_ block: KeyBlock, domain: ShortID) throws -> Secret {
        guard let epoch = epochs[block.epoch], let keys = domains[domain] else { throw Failure(.key, .noOpeningKey) }
        let name = sha256(block.encapsulation + domain.bytes)
        if let known = cache.look({ $0.runs[name] }) { return known }
        let exported = try epoch.decapsulate(block.encapsulation, info: RunKey.info(tenant: tenant, domain: domain, epoch: block.epoch))
        let secret = extract(salt: keys.seal, material: exported)
        cache.look { cache in
            if cache.runs.count > 1024 { cache.runs.removeAll() }
            cache.runs[name] = secret
        }
        return secret
    }
}

/// A run's secret and the encapsulation that leads the restore role to it. It lives in memory only.
package struct RunKey: Sendable {
    package let tenant: ShortID
    package let domain: DomainKeys
    package let epoch: UInt32
    package let encapsulation: [UInt8]
    private let secret: Secret

    package init(tenant: ShortID, domain: DomainKeys, epoch: Descriptor.Epoch) throws {
        self.tenant = tenant
        self.domain = domain
        self.epoch = epoch.number
        let (encapsulation, exported) = try epoch.key.encapsulate(info: Self.info(tenant: tenant, domain: domain.domain, epoch: epoch.number))
        self.encapsulation = encapsulation
        secret = extract(salt: domain.seal, material: exported)
    }

    static func info(tenant: ShortID, domain: ShortID, epoch: UInt32) -> [UInt8] {
        var w = ByteWriter()
        w.raw(Array("hdsbackup/1 run".utf8))
        w.id(tenant)
        w.id(domain)
        w.u32(epoch)
        return w.bytes
    }

    /// A key for one pack or one manifest.
    package func blockKey() -> BlockKey {
        .run(secret, encapsulation: encapsulation, tenant: tenant, domain: domain.domain, epoch: epoch)
    }

    package func catalogueKey() -> BlockKey { .catalogue(domain.catalogue, tenant: tenant) }
}
