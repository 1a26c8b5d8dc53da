import Base
import Keys
import Maintenance
import Replication
import Repository
import Sites

/// `hdsbackup hold add|list|release`: legal holds, kept as signed records at every site.
package struct HoldOperation {
    /// A hold with its release, where there is one.
    package struct Item: Sendable {
        package let placed: Hold
        package let released: Hold?
        /// Names of the sites that have it.
        package let sites: [String]

        package func isActive(_ now: Timestamp) -> Bool { released == nil && (placed.until.map { now.seconds < $0 } ?? true) }
    }

    private let workspace: Workspace
    private let view: TenantView

    package init(_ workspace: Workspace) throws {
        self.workspace = workspace
        view = try TenantView(workspace, site: nil, opening: false, as: try workspace.keys.maintain() == nil ? .restore : .maintain)
    }

    package var failures: [Failure] { view.opened.failures }

    /// Every hold that any site has, oldest first.
    static func all(_ view: TenantView) throws -> [Item] {
        var (placed, released, sites): ([ShortID: Hold], [ShortID: Hold], [ShortID: [String]]) = ([:], [:], [:])
        for site in view.opened.sites {
            for hold in try site.repository.holds(view.ring) {
                if hold.isPlaced {
                    placed[hold.id] = hold
                    sites[hold.id, default: []].append(site.name)
                } else {
                    released[hold.id] = hold
                }
            }
        }
        return placed.values.sorted { ($0.created, $0.id) < ($1.created, $1.id) }.map {
            Item(placed: $0, released: released[$0.id], sites: sites[$0.id] ?? [])
        }
    }

    static func active(_ view: TenantView, now: Timestamp) throws -> [Hold] { try all(view).filter { $0.isActive(now) }.map(\.placed) }

    package func list() throws -> [Item] { try Self.all(view) }

    /// Holds the snapshots that the words name. Throws `.key` without the maintain role, `.usage` for a word that names none.
    package func add(_ words: [String], reason: String, until: Int64?, person: String) throws -> [Item] {
        let maintain = try maintain()
        guard !reason.allSatisfy(\.isWhitespace), reason.utf8.count <= Hold.textBytes else { throw Failure(.usage, .reasonNeeded) }
        if let until, until <= Timestamp.now().seconds { throw Failure(.usage, .holdOver) }
        let snapshots = try words.map { try view.snapshot($0) }
        var items: [Item] = []
        for (domain, snapshots) in Dictionary(grouping: snapshots, by: \.manifest.domain).sorted(by: { $0.key < $1.key }) {
            let ids = Array(Set(snapshots.map(\.id))).sorted()
            guard ids.count <= Hold.snapshotLimit else { throw Failure(.usage, .tooManyHeld(Hold.snapshotLimit)) }
            let hold = Hold(isPlaced: true, created: .now(), until: until, person: person, reason: reason, snapshots: ids)
            let sites = try store(hold, domain: domain, maintain.signer)
            items.append(Item(placed: hold, released: nil, sites: sites))
            try pushDown(snapshots)
        }
        return items
    }

    /// Ends the hold whose id begins so. Throws `.usage` where there is none, or several.
    package func release(_ prefix: String, reason: String, person: String) throws -> Item {
        let maintain = try maintain()
        guard !reason.allSatisfy(\.isWhitespace), reason.utf8.count <= Hold.textBytes else { throw Failure(.usage, .reasonNeeded) }
        let matching = try list().filter { $0.released == nil && $0.placed.id.hex.hasPrefix(prefix.lowercased()) }
        guard matching.count == 1, let item = matching.first, prefix.count >= 4 else { throw Failure(.usage, .noSuchHold(prefix)) }
        let release = Hold(
            id: item.placed.id, isPlaced: false, created: .now(), until: nil, person: person, reason: reason, snapshots: item.placed.snapshots)
        let domain = view.snapshots.first { item.placed.snapshots.contains($0.id) }?.manifest.domain ?? view.ring.catalogueDomains[0]
        let sites = try store(release, domain: domain, maintain.signer)
        let now = Timestamp.now()
        let others = Set(try list().filter { $0.placed.id != item.placed.id && $0.isActive(now) }.flatMap(\.placed.snapshots))
        try pushDown(view.snapshots.filter { item.placed.snapshots.contains($0.id) && !others.contains($0.id) }, isOn: false, sparing: others)
        return Item(placed: item.placed, released: release, sites: sites)
    }

    private func maintain() throws -> TenantKeys.Maintain {
        guard let maintain = try workspace.keys.maintain() else { throw Failure(.key, .noRole("maintain"), object: workspace.tenant.name) }
        return maintain
    }

    /// At every site that answers; the others get it from replication. Returns their names.
    private func store(_ hold: Hold, domain: ShortID, _ signer: SigningKey) throws -> [String] {
        guard let catalogue = view.ring.catalogue(domain) else { throw Failure(.key, .noCatalogueKey) }
        let record = HoldRecord(hold, domain: catalogue, tenant: workspace.fingerprint.tenant)
        let bytes = try Statement.sign(.hold, tenant: workspace.fingerprint.tenant, body: record.body, by: signer)
        for site in view.opened.sites { try site.site.createOrConfirm(record.key, bytes) }
        return view.opened.sites.map(\.name)
    }

    /// Asks the stores that have legal holds of their own to keep every object of the snapshots, or no longer.
    private func pushDown(_ snapshots: [Snapshot], isOn: Bool = true, sparing others: Set<ShortID> = []) throws {
        for site in view.opened.sites where site.site.hasLegalHolds {
            let inventory = Inventory(try workspace.replicationStore())
            let spared = try objects(view.snapshots.filter { others.contains($0.id) }, site, inventory)
            for object in try objects(snapshots, site, inventory).subtracting(spared).sorted() {
                do { try site.site.setLegalHold(object, isOn) } catch let failure as Failure where failure.kind == .missing { continue }
            }
        }
    }

    private func objects(_ snapshots: [Snapshot], _ site: OpenSite, _ inventory: Inventory) throws -> Set<String> {
        var objects: Set<String> = []
        if snapshots.isEmpty { return objects }
        let copies = PackCopies([site], inventory)
        for (domain, own) in Dictionary(grouping: snapshots, by: \.manifest.domain) {
            let walker = Reachability(try PackHoldings(copies, domain: domain), keys: view.ring)
            var seen = SeenBlobs()
            for snapshot in own where snapshot.sites.contains(site.name) {
                objects.insert(Manifest.key(snapshot.id, snapshot.manifestDigest))
                try walker.walk(
                    from: snapshot.outline.root, seen: &seen, found: { _, packs in objects.formUnion(packs.map(\.key.key)) }, lost: { _, failure in throw failure })
            }
        }
        return objects
    }
}
