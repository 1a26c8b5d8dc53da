import Base
import Repository

/// Bringing sites level from a command.
package enum SiteLevelling {
    /// Copies to `site` what it lacks; returns how many snapshots. Throws without the maintain role.
    package static func bring(_ workspace: Workspace, to site: String) throws -> Int {
        throw Failure(.key, .noRole("maintain"), object: workspace.tenant.name)
    }
}

extension TenantView {
    /// When every pack of the snapshot was last verified, at its latest site; not kept yet.
    package func lastVerified(_ snapshot: Snapshot) -> Timestamp? { nil }
}

/// A path as the program keeps it: absolute.
package func absolute(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    return currentFolder() + "/" + path
}
