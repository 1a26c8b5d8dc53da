import Base
import Keys
import Repository

/// A tenant's snapshots with names for people: what the commands that read begin with.
package struct TenantView: Sendable {
    package let workspace: Workspace
    package let ring: KeyRing
    package let opened: Workspace.Opened
    package let snapshots: [Snapshot]
    /// Manifests that could not be read, and objects that are void.
    package let problems: [Failure]
    private let unread: [HiddenSnapshot]
    /// Sites that are being emptied, with those that they are left for: they are no copies any more.
    package let left: [String: String]

    /// `opening`: with the keys that open content, which may ask for a passphrase. `without`: sites that are not asked.
    package init(_ workspace: Workspace, site: String?, without: [String] = [], opening: Bool, as access: SiteAccess = .restore) throws {
        self.workspace = workspace
        ring = try workspace.keyRing(opening: opening)
        let all = try workspace.open(site: site, without: without, keys: ring, as: access)
        let leaving = site == nil ? try Self.left(all.sites) : [:]
        let staying = all.sites.filter { leaving[$0.name] == nil }
        left = leaving
        opened = staying.isEmpty ? all : Workspace.Opened(sites: staying, absences: all.absences)
        var unread: [HiddenSnapshot] = []
        let domains = Set(ring.catalogueDomains)
        snapshots = try Snapshots.list(opened.sites, keys: ring) { lost in
            if lost.failure.kind != .key || !domains.isEmpty { unread.append(lost) }
        }
        self.unread = unread.filter { $0.failure.kind != .key }
        problems = unread.map(\.failure) + opened.sites.flatMap(\.repository.voidObjects)
    }

    private static func left(_ sites: [OpenSite]) throws -> [String: String] {
        var left: [String: String] = [:]
        for site in sites { if let departure = try site.repository.departure(), departure.act != .leaving { left[site.name] = departure.toName } }
        return left
    }

    /// The source's name: from the labels where they open, else from the configuration, else its id.
    package func sourceName(_ snapshot: Snapshot) -> String {
        if ring.canOpenContent, let labels = try? snapshot.manifest.labels(ring) { return labels.source }
        for source in workspace.configuration.sources where source.tenant == workspace.tenant.name {
            if ids(source.name).contains(snapshot.outline.source) { return source.name }
        }
        return String(snapshot.outline.source.hex.prefix(12))
    }

    private func ids(_ name: String) -> [ShortID] { ring.catalogueDomains.compactMap { ring.domainKeys($0)?.sourceID(name) } }

    /// The snapshot that an argument names.
    package func snapshot(_ text: String) throws -> Snapshot {
        let hidden = try Snapshots.hidden(opened.sites, besides: snapshots, unread: unread, keys: ring)
        return try SnapshotSelection(snapshots, hidden: hidden, sourceID: ids).find(text)
    }

    /// Sites in the order to read from, those that list the snapshot first.
    package func sites(for snapshot: Snapshot) -> [OpenSite] {
        opened.sites.filter { snapshot.sites.contains($0.name) } + opened.sites.filter { !snapshot.sites.contains($0.name) }
    }
}
