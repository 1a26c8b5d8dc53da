import Base
import Keys
import Repository

/// Brings every site level with all others.
package enum Levelling {
    /// One target after the other, each from all other sites; a target that fails does not stop the next.
    /// `targets`: names; all sites when nil.
    package static func run(
        _ sites: [OpenSite], targets: Set<String>? = nil, keys: KeyRing, signer: SigningKey, scratch: String, inventory: Inventory,
        options: ReplicationOptions = ReplicationOptions(), bad: [String: Set<PackKey>] = [:],
        progress: @escaping @Sendable (ReplicationProgress) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> [ReplicationReport] {
        var (sites, reports) = (sites, [ReplicationReport]())
        for name in sites.map(\.name) where targets?.contains(name) ?? true {
            if isCancelled() { break }
            func attempt() -> ReplicationReport {
                let target = sites.first { $0.name == name }!
                let replicator = Replicator(
                    sources: sites.filter { $0 !== target }, keys: keys, signer: signer, scratch: scratch, inventory: inventory, options: options,
                    progress: progress, isCancelled: isCancelled)
                var report = replicator.level(target, bad: bad[name] ?? [])
                // What is visible there already may have lost something since.
                if report.stopped == nil, !isCancelled() { report.add(replicator.repair(target, bad: bad[name] ?? [])) }
                return report
            }
            var report = attempt()
            for _ in 0..<attempts where !report.isLevel && !isCancelled() {
                // A collection in between has taken away, or put elsewhere, what was planned with.
                guard let moved = reopened(sites, keys: keys, scratch: scratch) else { break }
                sites = moved
                report.replace(by: attempt())
            }
            report.isMoving = !report.isLevel && sites.contains { $0.hasMoved }
            reports.append(report)
        }
        return reports
    }

    /// Times that a target is looked at anew because collection moved.
    private static let attempts = 3

    /// The sites as they are now; nil when no collection moved at any of them.
    private static func reopened(_ sites: [OpenSite], keys: KeyRing, scratch: String) -> [OpenSite]? {
        var moved = false
        let fresh = sites.map { site -> OpenSite in
            guard site.hasMoved, let again = try? OpenSite(site.repository, keys: keys, scratch: scratch) else { return site }
            moved = true
            return again
        }
        return moved ? fresh : nil
    }
}
