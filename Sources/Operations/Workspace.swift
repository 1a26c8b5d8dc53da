import Base
import Codec
import Keys
import Replication
import Repository
import Sites

/// A tenant as one command sees it: configuration, the keys at hand, and the sites that answer.
package final class Workspace: Sendable {
    package let configuration: Configuration
    package let tenant: Configuration.Tenant
    package let keys: TenantKeys
    package let fingerprint: Fingerprint
    package let state: TenantState
    private let replication = Monitor<ReplicationStore?>(nil)
    /// Decides whether bytes of the tenant may go to a site.
    package let gate: PlacementGate
    /// What this machine wrote to each site and deleted there.
    package let transfers: TransferLedgers
    private let stores = Monitor<[StoreName: any Site]>([:])
    private let passphrase: @Sendable () throws -> Secret?
    /// Whether the restore key was opened.
    private let opening = Monitor(false)

    /// Throws `.usage` when the tenant was never initialised here.
    package init(_ configuration: Configuration, tenant name: String?, passphrase: @escaping @Sendable () throws -> Secret?) throws {
        self.configuration = configuration
        tenant = try configuration.tenant(name)
        gate = PlacementGate(configuration, tenant: tenant)
        keys = TenantKeys(folder: configuration.node.keys + "/" + tenant.name)
        guard let fingerprint = try tenant.fingerprint.map({ Fingerprint(digest: $0) }) ?? keys.fingerprint() else {
            throw Failure(.usage, .tenantNotInitialised(tenant.name), remedy: .runInit)
        }
        self.fingerprint = fingerprint
        state = try TenantState(folder: configuration.node.state + "/" + fingerprint.tenant.hex)
        transfers = TransferLedgers(state: state.folder, tenant: fingerprint.tenant)
        self.passphrase = passphrase
    }

    /// The store of a site, not yet opened; the same one every time.
    package func store(_ site: Configuration.Site, as access: SiteAccess) throws -> any Site {
        let name = StoreName(site: site.name, access: access)
        return try stores.look { stores in
            if let store = stores[name] { return store }
            if let refusal = gate.contact(site) { throw refusal }
            let store = GatedSite(
                try SiteConnector(keys: configuration.node.keys, tenantPrefix: fingerprint.prefix).store(site, as: access), site, gate,
                transfers.ledger(site, id: try siteID(site.name)))
            stores[name] = store
            return store
        }
    }

    /// The id of a site of this name, known since it was prepared.
    package func siteID(_ name: String) throws -> ShortID? { try keys.siteID(name, tenant: fingerprint.tenant) }

    /// What is known of the sites' packs, and what each site lacks.
    package func replicationStore() throws -> ReplicationStore {
        try replication.look { known in
            if let known { return known }
            let store = try ReplicationStore(path: state.folder + "/replication.sqlite")
            known = store
            return store
        }
    }

    private struct StoreName: Hashable {
        let site: String
        let access: SiteAccess
    }

    /// What was asked of each site so far, for `--json`.
    package var trafficRows: [String: TrafficRow] { traffic.mapValues { TrafficRow($0) } }

    /// What was asked of each site so far, by name.
    package var traffic: [String: SiteTraffic] {
        stores.look { stores in
            Dictionary(stores.compactMap { name, store in store.traffic.map { (name.site, $0) } }, uniquingKeysWith: { $0 + $1 })
        }
    }

    /// The keys of every role that this machine holds; with those that open content when `opening`, which
    /// may ask for a passphrase.
    package func keyRing(opening: Bool) throws -> KeyRing {
        let node = try keys.node()
        let maintain = try keys.maintain()
        // A machine that holds nothing else (a recovered one) needs the restore key to see anything.
        let isNeeded = opening || (node == nil && maintain == nil)
        let bundle = isNeeded ? try restoreBundle() : try unprotectedBundle()
        return KeyRing(
            tenant: fingerprint.tenant, bundle: bundle, domains: node.map { [$0.domain] } ?? [], catalogues: maintain?.catalogues ?? [])
    }

    /// Throws `.key` when there is none on this machine.
    package func restoreBundle() throws -> KeyBundle {
        guard let bundle = try keys.restore(passphrase: passphrase) else {
            throw Failure(.key, .noOpeningKey, object: tenant.name, remedy: .whereOpeningKeys)
        }
        opening.look { $0 = true }
        return bundle
    }

    private func unprotectedBundle() throws -> KeyBundle? {
        guard try KeyFile.needsPassphrase(keys.path("restore")) == false else { return nil }
        return try keys.restore { nil }
    }

    /// Whether the restore key was asked for and opened: what the journal calls a use of a key.
    package var hasOpenedRestoreKey: Bool { opening.look { $0 } }

    /// The tenant's sites that policy lets no new bytes go to, of `source` where one is named, with the reason.
    package func refusals(source: Configuration.Source? = nil) throws -> [(site: Configuration.Site, failure: Failure)] {
        try configuration.sites(of: tenant, named: nil).compactMap { site in gate.refusal(of: site, source: source).map { (site, $0) } }
    }

    /// As `refusals`, of any of the tenant's sources: for who copies snapshots and cannot tell which source each is of.
    package func refusalsOfAnySource() throws -> [(site: Configuration.Site, failure: Failure)] {
        let own = configuration.sources.filter { $0.tenant == tenant.name }
        return try configuration.sites(of: tenant, named: nil).compactMap { site in
            (gate.refusal(of: site) ?? own.lazy.compactMap { self.gate.refusal(of: site, source: $0) }.first).map { (site, $0) }
        }
    }

    package struct Opened: Sendable {
        package let sites: [OpenSite]
        package let absences: [Absence]

        /// Of the sites that should answer: an offline one is expected to be absent.
        package var failures: [Failure] { absences.filter { !$0.isExpected }.map(\.failure) }
    }

    /// A site that could not be opened.
    package struct Absence: Sendable {
        package let site: String
        package let failure: Failure
        /// It is an offline site.
        package let isExpected: Bool
    }

    /// One of the tenant's sites, its marker and chain checked, and nothing else of it read.
    package func repository(_ site: Configuration.Site, as access: SiteAccess) throws -> SiteRepository {
        let repository = try SiteRepository(
            site: store(site, as: access), fingerprint: fingerprint, state: state, expected: keys.siteID(site.name, tenant: fingerprint.tenant))
        try site.place.check(mark: repository.place, site: site.name)
        return repository
    }

    /// Whether the site is one that is expected to be away, and is: one that is here and no good is not away. Where no disk is mounted, an empty folder is.
    func isAway(_ site: Configuration.Site, _ failure: Failure, as access: SiteAccess) -> Bool {
        guard site.isOffline else { return false }
        if failure.kind == .unreachable { return true }
        return failure.kind == .wrongPlace && (try? store(site, as: access).keys("").isEmpty) ?? true
    }

    /// Opens the tenant's sites, or the one named, but for those of `without`, which are asked for nothing. A site that cannot be opened is in `failures`; throws
    /// the first of them when none could.
    package func open(site name: String? = nil, without: [String] = [], keys ring: KeyRing, as access: SiteAccess = .restore) throws -> Opened {
        var sites: [OpenSite] = []
        var absences: [Absence] = []
        for site in try configuration.sites(of: tenant, named: name) where !without.contains(site.name) {
            do {
                let repository = try repository(site, as: access)
                sites.append(try OpenSite(repository, keys: ring, scratch: state.folder))
            } catch let failure as Failure {
                absences.append(Absence(site: site.name, failure: failure.of(site.name), isExpected: isAway(site, failure, as: access)))
            }
        }
        let opened = Opened(sites: sites, absences: absences)
        let failures = absences.map(\.failure)
        if sites.isEmpty, let first = failures.first { throw failures.count == 1 ? first : Failures(failures) }
        return opened
    }
}

extension Fingerprint {
    package init(digest: Digest) { self = Fingerprint(hex: digest.hex)! }
}
