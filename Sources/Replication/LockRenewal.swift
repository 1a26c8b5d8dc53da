import Base
import Codec
import Keys
import Repository
import Sites

/// Keeps the locks of everything that a snapshot needs from running out, at a site whose store locks objects.
///
/// Nodes lock what they write for a short while only, so that a stolen one cannot fill a site for years. Maintenance
/// renews what is still reachable once less than half of the period is left, the shortest first, with a bounded number of requests
/// a day. What nobody needs is not renewed, and can be deleted when its lock has ended.
package struct LockRenewal {
    package struct Report: Sendable {
        /// Objects whose lock must not run out.
        package var needed = 0
        package var renewed = 0
        /// Objects that are due and wait for another day's requests.
        package var waiting = 0
        /// The lock that ends first among those needed, seconds since 1970; nil when one is not known.
        package var first: Int64?
        /// Blobs of snapshots that no pack here holds: their packs could not be renewed.
        package var lost = 0
        package var failures: [Failure] = []
    }

    /// A list of the versions, and what the store says of the first; and the lock.
    private static let requestsToAsk = 2
    private static let requestsToLock = 3

    private let site: OpenSite
    private let keys: KeyRing
    private let inventory: Inventory
    private let requestsPerDay: Int
    private let expiring: Set<ShortID>

    /// `expiring`: snapshots that retention would forget but for their lock: it is left to end.
    package init(_ site: OpenSite, keys: KeyRing, inventory: Inventory, requestsPerDay: Int, expiring: Set<ShortID> = []) {
        self.site = site
        self.keys = keys
        self.inventory = inventory
        self.requestsPerDay = requestsPerDay
        self.expiring = expiring
    }

    /// Throws `.key` without the domains' catalogue keys, `.unreachable` when the site does not answer.
    package func run(now: Int64 = Timestamp.now().seconds) throws -> Report {
        var report = Report()
        guard let period = site.site.lockPeriod else { return report }
        // What is to be deleted is not to be kept any longer (docs/MIGRATION.md).
        if let departure = try site.repository.departure(), departure.act != .leaving {
            report.failures.append(Failure(.refused, .siteLeft(departure.toName), object: site.name))
            return report
        }
        let (store, id) = (inventory.store, site.repository.id)
        let needed = try neededObjects(&report)
        report.needed = needed.count
        try store.keepLocks(only: needed, at: id)
        // Unknown ends first: they may be the shortest.
        let known = try needed.map { (object: $0, until: try store.lockEnd($0, at: id)) }
        var first = Int64.max
        var isUnknown = false
        for (object, until) in known.sorted(by: { ($0.until ?? 0, $0.object) < ($1.until ?? 0, $1.object) }) {
            var until = until
            do {
                if until == nil, try store.spendRenewal(Self.requestsToAsk, at: id, limit: requestsPerDay, now: now) {
                    until = try site.site.lockEnd(object)?.seconds ?? 0
                    try store.note(lockEnd: until!, object, at: id)
                }
                if until.map({ $0 - now < period / 2 }) ?? true {
                    if until != nil, try store.spendRenewal(Self.requestsToLock, at: id, limit: requestsPerDay, now: now) {
                        try site.site.lock(object, until: Timestamp(seconds: now + period))
                        try store.note(lockEnd: now + period, object, at: id)
                        (until, report.renewed) = (now + period, report.renewed + 1)
                    } else {
                        report.waiting += 1
                    }
                }
            } catch let failure as Failure where failure.kind != .unreachable { report.failures.append(failure.of("\(site.name):\(object)")) }
            if let until { first = min(first, until) } else { isUnknown = true }
        }
        report.first = isUnknown || needed.isEmpty ? nil : first
        return report
    }

    /// Everything that a snapshot needs here: its packs, its manifest, and what tells readers what they are.
    private func neededObjects(_ report: inout Report) throws -> Set<String> {
        var needed: Set<String> = []
        for folder in ["descriptor/", "keys/", "forget/", "attested/", HoldRecord.folder, MigrationRecord.folder, "index/"] {
            needed.formUnion(try site.site.keys(folder))
        }
        needed.insert(SiteMarker.key)
        let roots = try rootPages(&needed, &report)
        let copies = PackCopies([site], inventory) { report.failures.append($0) }
        for domain in keys.catalogueDomains {
            let walker = Reachability(try PackHoldings(copies, domain: domain), keys: keys)
            var seen = SeenBlobs()
            for root in roots[domain] ?? [] {
                try walker.walk(
                    from: root, seen: &seen, found: { _, packs in for pack in packs { needed.insert(pack.key.key) } },
                    lost: { _, _ in report.lost += 1 })
            }
        }
        return needed
    }

    /// Of every validly signed manifest that no forget record names, committed or not: a vandal of what decides visibility must not
    /// let locks run out.
    private func rootPages(_ needed: inout Set<String>, _ report: inout Report) throws -> [ShortID: [Digest]] {
        let forgotten = try site.repository.forgottenSnapshots()
        var roots: [ShortID: [Digest]] = [:]
        for key in try site.site.keys("snapshots/") {
            do {
                let (manifest, digest) = try site.repository.signedManifest(key, ever: true)
                guard !forgotten.contains(manifest.snapshot, digest), !expiring.contains(manifest.snapshot) else { continue }
                needed.insert(key)
                guard keys.catalogue(manifest.domain) != nil else { throw Failure(.key, .noCatalogueKey) }
                roots[manifest.domain, default: []].append(try manifest.outline(keys).root)
            } catch let failure as Failure where failure.kind != .unreachable { report.failures.append(failure.of("\(site.name):\(key)")) }
        }
        return roots
    }
}
