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
    /// What stores with holds of their own did not do.
    private var pushedDown: [Failure] = []

    package init(_ workspace: Workspace) throws {
        self.workspace = workspace
        view = try TenantView(workspace, site: nil, opening: false, as: try workspace.keys.maintain() == nil ? .restore : .maintain)
    }

    package var failures: [Failure] { view.opened.failures + pushedDown }

    /// Every hold that any site has or this machine has seen, oldest first; and why others cannot be read that no place has whole.
    private static func all(_ view: TenantView) throws -> (items: [Item], unread: [Failure]) {
        var (placed, released, sites): ([ShortID: Hold], [ShortID: Hold], [ShortID: [String]]) = ([:], [:], [:])
        var unread: [(key: String, failure: Failure)] = []
        func take(_ hold: Hold) { if hold.isPlaced { placed[hold.id] = hold } else { released[hold.id] = hold } }
        for site in view.opened.sites {
            let holds = try site.repository.holds(view.ring)
            for hold in holds.found {
                take(hold)
                if hold.isPlaced { sites[hold.id, default: []].append(site.name) }
            }
            unread += holds.unread
        }
        for hold in try view.opened.sites.first?.repository.keptHolds(view.ring) ?? [] { take(hold) }
        let known = Set(placed.keys.map { HoldRecord.folder + $0.hex } + released.keys.map { HoldRecord.folder + $0.hex + ".released" })
        let items = placed.values.sorted { ($0.created, $0.id) < ($1.created, $1.id) }.map {
            Item(placed: $0, released: released[$0.id], sites: sites[$0.id] ?? [])
        }
        return (items, unread.filter { !known.contains($0.key) }.map(\.failure))
    }

    /// Throws why a hold cannot be read: what it holds is not known. One that nobody with the right has signed is none.
    static func active(_ view: TenantView, now: Timestamp) throws -> [Hold] {
        let all = try all(view)
        if let failure = all.unread.first(where: { $0.kind != .refused && $0.kind != .wrongPlace }) { throw failure }
        return all.items.filter { $0.isActive(now) }.map(\.placed)
    }

    package func list() throws -> (items: [Item], problems: [Failure]) {
        let all = try Self.all(view)
        return (all.items, all.unread)
    }

    /// Holds the snapshots that the words name. Throws `.key` without the maintain role, `.usage` for a word that names none.
    package mutating func add(_ words: [String], reason: String, until: Int64?, person: String) throws -> [Item] {
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
        }
        // The records stand whatever the stores say.
        pushedDown = pushDown(snapshots)
        return items
    }

    /// Ends the hold whose id begins so. Throws `.usage` where there is none, or several.
    package mutating func release(_ prefix: String, reason: String, person: String) throws -> Item {
        let maintain = try maintain()
        guard !reason.allSatisfy(\.isWhitespace), reason.utf8.count <= Hold.textBytes else { throw Failure(.usage, .reasonNeeded) }
        let matching = try list().items.filter { $0.released == nil && $0.placed.id.hex.hasPrefix(prefix.lowercased()) }
        guard matching.count == 1, let item = matching.first, prefix.count >= 4 else { throw Failure(.usage, .noSuchHold(prefix)) }
        let release = Hold(
            id: item.placed.id, isPlaced: false, created: .now(), until: nil, person: person, reason: reason, snapshots: item.placed.snapshots)
        let domain = view.snapshots.first { item.placed.snapshots.contains($0.id) }?.manifest.domain ?? view.ring.catalogueDomains[0]
        workspace.gate.allowRemoval()
        let sites = try store(release, domain: domain, maintain.signer)
        let now = Timestamp.now()
        let others = Set(try list().items.filter { $0.placed.id != item.placed.id && $0.isActive(now) }.flatMap(\.placed.snapshots))
        pushedDown = pushDown(
            view.snapshots.filter { item.placed.snapshots.contains($0.id) && !others.contains($0.id) }, isOn: false, sparing: others)
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
        // At a site that policy lets nothing go to, the records of the others hold: retention asks all of them.
        let refused = Set(try workspace.refusals().map(\.site.name))
        let sites = view.opened.sites.filter { !hold.isPlaced || !refused.contains($0.name) }
        guard !sites.isEmpty else { throw try workspace.refusals().first?.failure ?? Failure(.unreachable, .objectMissing) }
        for site in sites { try site.site.createOrConfirm(record.key, bytes) }
        return sites.map(\.name)
    }

    /// Asks the stores that have legal holds of their own to keep every object of the snapshots, or no longer. The first trouble at a store ends it there.
    private func pushDown(_ snapshots: [Snapshot], isOn: Bool = true, sparing others: Set<ShortID> = []) -> [Failure] {
        var problems: [Failure] = []
        for site in view.opened.sites where site.site.hasLegalHolds {
            do {
                let inventory = Inventory(try workspace.replicationStore())
                let spared = try objects(view.snapshots.filter { others.contains($0.id) }, site, inventory)
                for object in try objects(snapshots, site, inventory).subtracting(spared).sorted() {
                    do { try site.site.setLegalHold(object, isOn) } catch let failure as Failure where failure.kind == .missing { continue }
                }
            } catch { problems.append((error as? Failure ?? Failure(.failed, .system("hold", "\(error)"))).of(site.name)) }
        }
        return problems
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
                    from: snapshot.outline.root, seen: &seen, found: { _, packs in objects.formUnion(packs.map(\.key.key)) },
                    lost: { _, failure in throw failure })
            }
        }
        return objects
    }
}
