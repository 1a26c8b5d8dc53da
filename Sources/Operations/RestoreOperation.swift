import Base
import Keys
import Repository
import Restore

/// `hdsbackup restore`: a snapshot, or parts of it, into a folder.
package struct RestoreOperation {
    package let view: TenantView
    package let snapshot: Snapshot
    private let restorer: Restorer

    /// `paths`: as in the snapshot; all when empty. `options` needs only what the operator chose.
    ///
    /// Throws `.key` without the restore key, `.usage` for an unknown snapshot.
    package init(
        _ workspace: Workspace, site: String?, snapshot name: String, paths: [String], options: RestoreOptions,
        progress: @escaping @Sendable (RestoreProgress) -> Void
    ) throws {
        view = try TenantView(workspace, site: site, opening: true)
        snapshot = try view.snapshot(name)
        let reader = BlobReader(sites: view.sites(for: snapshot), keys: view.ring, domain: snapshot.manifest.domain)
        var options = options
        options.paths = paths.map { Entry.key(path: Array($0.utf8)) }
        options.roots = (try? snapshot.manifest.labels(view.ring))?.paths.map { Entry.key(path: $0) } ?? []
        if options.strip, options.paths.isEmpty, options.roots.count == 1 { options.paths = options.roots }
        options.threads = max(options.threads, reader.parallelism)
        restorer = Restorer(reader: reader, root: snapshot.outline.root, options: options, progress: progress)
    }

    /// What would be done.
    package func estimate() throws -> RestoreEstimate { try restorer.estimate() }

    package func restore() throws -> RestoreResult { try restorer.restore() }
}
