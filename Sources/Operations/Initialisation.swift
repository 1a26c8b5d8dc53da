import Base
import Codec
import Keys
import Repository
import Sites

/// `hdsbackup init`: makes a tenant's keys and its repository at each site; and later, prepares the sites
/// that are new or were emptied.
package struct Initialisation {
    package struct Outcome: Sendable {
        /// Only when the tenant is new: shown once, kept nowhere.
        package let kit: RecoveryKit?
        package let fingerprint: Fingerprint
        /// Sites prepared now, and those that were ready.
        package let prepared: [String]
        package let ready: [String]
        /// Where keys for other machines were put.
        package let keysElsewhere: String?
        /// What policy says of the sites that were therefore left alone.
        package var refused: [Failure] = []
    }

    private let configuration: Configuration
    private let tenant: Configuration.Tenant
    private let keys: TenantKeys
    private let gate: PlacementGate
    private let now = Timestamp.now().seconds
    private let noted = Monitor<TransferLedgers?>(nil)

    package init(_ configuration: Configuration, tenant name: String?) throws {
        self.configuration = configuration
        tenant = try configuration.tenant(name)
        gate = PlacementGate(configuration, tenant: tenant)
        keys = TenantKeys(folder: configuration.node.keys + "/" + tenant.name)
    }

    /// Whether the tenant has no keys here yet.
    package var isNew: Bool { get throws { try keys.fingerprint() == nil && tenant.fingerprint == nil } }

    // MARK: a new tenant

    /// `elsewhere`: folder for the keys of roles that this machine does not hold, the opening keys first.
    /// Nothing is written before everything was checked; a run that fails half-way can be repeated.
    /// `deliver` puts the kit where it is safe, before the keys take effect: without it the tenant's
    /// authority would be lost.
    package func create(elsewhere: String?, passphrase: Secret?, deliver: (RecoveryKit) throws -> Void) throws -> Outcome {
        guard try isNew else { throw Failure(.refused, .tenantExists(tenant.name)) }
        let together = tenant.acceptsKeysTogether
        guard together || elsewhere != nil else { throw Failure(.refused, .keysTogether(tenant.name), remedy: .keysTogetherRemedy) }
        let sites = try configuration.sites(of: tenant)
        for site in judge(sites).allowed { try makePlace(site) }

        let code = RecoveryCode.generate()
        let authority = try SigningKey.generate()
        let fingerprint = Fingerprint(authority.verifying)
        let epoch = try SealingKey.generate()
        let domain = DomainKeys.generate()
        let node = TenantKeys.Node(signer: try .generate(), domain: domain, domainName: configuration.node.domain)
        let maintain = TenantKeys.Maintain(signer: try .generate(), catalogues: [domain.catalogue])
        let verify = try SigningKey.generate()
        let bundle = KeyBundle(
            tenantName: tenant.name, epochs: [1: epoch], domains: [.init(keys: domain, name: configuration.node.domain)],
            authoritySeed: authority.seed)
        let recipient = try code.sealingKey(tenant: fingerprint.tenant).publicKey
        let ids = sites.map { _ in ShortID.random() }

        let descriptor = Descriptor(
            number: 0, previous: .zero, created: now, authority: authority.verifying, epochs: [.init(number: 1, key: epoch.publicKey)],
            recipients: [.init(kind: .recoveryCode, key: recipient)], domains: [.init(id: domain.domain, commitment: domain.commitment)],
            actors: [
                .init(role: .write, domain: domain.domain, key: node.signer.verifying, from: now),
                .init(role: .maintain, domain: .zero, key: maintain.signer.verifying, from: now),
                .init(role: .verify, domain: .zero, key: verify.verifying, from: now),
            ], sites: ids)
        let chain = try Statement.sign(.descriptor, tenant: fingerprint.tenant, body: descriptor.body, by: authority)
        let wrap = try KeyWrap(bundle, tenant: fingerprint.tenant, epoch: 1, for: recipient)

        // Keys first: a site without keys can be prepared again, keys without a site are worth nothing.
        // All in folders of a passing name, which a run that fails leaves for the next to remove.
        let here = TenantKeys(folder: keys.folder + ".new")
        let other = elsewhere.map { TenantKeys(folder: $0 + "/" + tenant.name + ".new") }
        let folders = [here] + (other.map { [$0] } ?? [])
        for each in folders {
            guard try Files.names(String(each.folder.dropLast(4))).isEmpty else {
                throw Failure(.refused, .tenantExists(tenant.name), object: each.folder)
            }
            try Files.removeFolder(each.folder)
            try Files.makeFolder(each.folder)
        }
        try place(.write, here, other).create(node: node)
        try place(.maintain, here, other).create(maintain: maintain)
        try place(.verify, here, other).create(verify: verify)
        try (together ? here : other!).create(restore: bundle, passphrase: passphrase)
        try here.keep(publicObject: Descriptor.key(0, chain), chain)
        try here.keep(publicObject: KeyWrap.key(epoch: 1, recipient: recipient.id) + "." + ShortID.random().hex, wrap.encoded)
        for (site, id) in zip(sites, ids) {
            let marker = SiteMarker(site: id, kind: site.place.kind, endpoint: site.place.mark, created: now)
            try here.keep(
                publicObject: "site/" + site.name, try Statement.sign(.marker, tenant: fingerprint.tenant, body: marker.body, by: authority))
        }
        try here.keep(fingerprint: fingerprint)
        let kit = RecoveryKit(
            tenant: tenant.name, fingerprint: fingerprint, code: code, sites: sites.map { ($0.name, $0.place.address) })
        try deliver(kit)
        for each in folders { try Files.move(each.folder, to: String(each.folder.dropLast(4))) }
        let (allowed, refused) = judge(sites)
        for site in allowed { try prepare(site, fingerprint) }
        return Outcome(
            kit: kit, fingerprint: fingerprint, prepared: allowed.map(\.name), ready: [],
            keysElsewhere: other.map { String($0.folder.dropLast(4)) }, refused: refused)
    }

    /// The sites that bytes of the tenant may go to, and what policy says of the others.
    private func judge(_ sites: [Configuration.Site]) -> (allowed: [Configuration.Site], refused: [Failure]) {
        let refusals = sites.map { (site: $0, failure: gate.refusal(of: $0)) }
        return (refusals.filter { $0.failure == nil }.map(\.site), refusals.compactMap(\.failure))
    }

    /// Keys of roles that the configuration does not give this machine go to the other folder.
    private func place(_ role: Configuration.Role, _ here: TenantKeys, _ other: TenantKeys?) -> TenantKeys {
        configuration.node.roles.contains(role) ? here : other ?? here
    }

    /// Makes the folder of a file site; the bucket of an object store is the provider's to make.
    private func makePlace(_ site: Configuration.Site) throws {
        if let folder = site.folder { try Files.makeFolder(folder, mode: 0o750) }
    }

    private func store(_ site: Configuration.Site, _ fingerprint: Fingerprint) throws -> any Site {
        if let refusal = gate.contact(site) { throw refusal }
        let transfers = noted.look { noted in
            let ledgers = noted ?? TransferLedgers(state: configuration.node.state + "/" + fingerprint.tenant.hex, tenant: fingerprint.tenant)
            noted = ledgers
            return ledgers
        }
        return GatedSite(
            try SiteConnector(keys: configuration.node.keys, tenantPrefix: fingerprint.prefix).store(site, as: .maintain), site, gate,
            transfers.ledger(site, id: try keys.siteID(site.name, tenant: fingerprint.tenant)))
    }

    /// The ledgers of what was written; nil before anything was.
    package var transfers: TransferLedgers? { noted.look { $0 } }

    // MARK: sites of a tenant that exists

    /// Prepares the tenant's sites that have no marker, or only `name`. A site that the descriptor does not
    /// know needs the authority: `kit`.
    package func prepareSites(named name: String?, kit: RecoveryKit?) throws -> Outcome {
        guard let fingerprint = try tenant.fingerprint.map({ Fingerprint(digest: $0) }) ?? keys.fingerprint() else {
            throw Failure(.usage, .tenantNotInitialised(tenant.name), remedy: .runInit)
        }
        let sites = try configuration.sites(of: tenant, named: name)
        let new = try sites.filter { try keys.publicObjects()["site/" + $0.name] == nil }
        if !new.isEmpty {
            guard let kit else { throw Failure(.key, .authorityNeeded(new.map(\.name).joined(separator: ", ")), remedy: .giveKit) }
            try admit(new, fingerprint, kit)
        }
        var prepared: [String] = []
        var ready: [String] = []
        let (allowed, refused) = judge(sites)
        for site in allowed {
            try makePlace(site)
            let store = try store(site, fingerprint)
            let isMarked = (try? store.size(SiteMarker.key)) != nil
            try prepare(site, fingerprint)
            if isMarked { ready.append(site.name) } else { prepared.append(site.name) }
        }
        return Outcome(kit: nil, fingerprint: fingerprint, prepared: prepared, ready: ready, keysElsewhere: nil, refused: refused)
    }

    /// A new descriptor that names the new sites, signed by the authority from the kit.
    private func admit(_ new: [Configuration.Site], _ fingerprint: Fingerprint, _ kit: RecoveryKit) throws {
        guard kit.fingerprint == fingerprint else { throw Failure(.refused, .wrongFingerprint) }
        let objects = try keys.publicObjects()
        let recovery = try kit.code.sealingKey(tenant: fingerprint.tenant)
        var seed: Secret?
        for (key, bytes) in objects where key.hasPrefix("keys/") {
            let wrap = try KeyWrap(decoding: bytes)
            if wrap.recipient == recovery.publicKey.id { seed = try wrap.open(with: recovery).authoritySeed ?? seed }
        }
        guard let seed else { throw Failure(.key, .wrongKey) }
        let authority = try SigningKey(seed: seed)
        let stored = objects.filter { $0.key.hasPrefix("descriptor/") }.sorted { $0.key < $1.key }.map(\.value)
        let trust = try Trust(fingerprint: fingerprint, candidates: stored.map { .init(name: keys.folder, bytes: $0) })
        guard authority.verifying == trust.descriptor.authority else { throw Failure(.key, .wrongKey) }
        var next = trust.descriptor
        next.number += 1
        next.previous = sha256(trust.stored.last!)
        next.created = now
        let ids = new.map { _ in ShortID.random() }
        next.sites += ids
        for (site, id) in zip(new, ids) {
            let marker = SiteMarker(site: id, kind: site.place.kind, endpoint: site.place.mark, created: now)
            try keys.keep(
                publicObject: "site/" + site.name, try Statement.sign(.marker, tenant: fingerprint.tenant, body: marker.body, by: authority))
        }
        let signed = try Statement.sign(.descriptor, tenant: fingerprint.tenant, body: next.body, by: authority)
        try keys.keep(publicObject: Descriptor.key(next.number, signed), signed)
    }

    /// Puts the public records at a site, the marker last: until it is there the site is not one. What is
    /// there already must be the same.
    private func prepare(_ site: Configuration.Site, _ fingerprint: Fingerprint) throws {
        let store = try store(site, fingerprint)
        let objects = try keys.publicObjects()
        for (key, bytes) in objects.sorted(by: { $0.key < $1.key }) where !key.hasPrefix("site/") {
            do { try store.createOrConfirm(key, bytes) } catch let failure as Failure where failure.kind == .exists && key.hasPrefix("keys/") {}
        }
        guard let marker = objects["site/" + site.name] else { throw Failure(.missing, .markerMissing(site.name)) }
        do { try store.createOrConfirm(SiteMarker.key, marker) } catch let failure as Failure where failure.kind == .exists {
            throw Failure(.wrongPlace, .markerForeign, object: site.name)
        }
        // It may be another disk: what was seen on the old one says nothing of it.
        OfflineCopies.forget(state: configuration.node.state + "/" + fingerprint.tenant.hex, site.name)
    }
}
