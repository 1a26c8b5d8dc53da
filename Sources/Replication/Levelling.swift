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
        var reports: [ReplicationReport] = []
        for target in sites where targets?.contains(target.name) ?? true {
            if isCancelled() { break }
            let replicator = Replicator(
                sources: sites.filter { $0 !== target }, keys: keys, signer: signer, scratch: scratch, inventory: inventory, options: options,
                progress: progress,
                isCancelled: isCancelled)
            var report = replicator.level(target, bad: bad[target.name] ?? [])
            // What is visible there already may have lost something since.
            if report.stopped == nil, !isCancelled() { report.add(replicator.repair(target, bad: bad[target.name] ?? [])) }
            reports.append(report)
        }
        return reports
    }
}
