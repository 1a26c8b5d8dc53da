import Base
import Keys
import Sites

/// A site made ready for one act: what collection has decided there, its commits, and an index of each
/// domain on demand.
package final class OpenSite: Sendable {
    package let repository: SiteRepository
    package let coordination: Coordination
    package let commits: [Commit]
    private let keys: KeyRing
    private let scratch: String
    private let indexes = Monitor<[ShortID: SiteIndex]>([:])

    package var name: String { repository.name }
    package var site: any Site { repository.site }

    /// `scratch`: folder for index caches where the repository has no state of its own (a bare machine).
    package init(_ repository: SiteRepository, keys: KeyRing, scratch: String) throws {
        self.repository = repository
        self.keys = keys
        self.scratch = scratch
        coordination = try repository.coordination()
        commits = try repository.commits(coordination)
    }

    /// The index of a domain, level with the site's counting segments. Which packs are really there is
    /// not known until `listPresent` or `SiteIndex.setPresent`. Throws `.key` without the catalogue key.
    package func index(_ domain: ShortID) throws -> SiteIndex {
        if let known = indexes.look({ $0[domain] }) { return known }
        let folder = repository.state?.indexFolder(site: repository.id, domain: domain) ?? scratch + "/index-" + repository.id.hex + "-" + domain.hex
        let index = try SiteIndex(domain: domain, folder: folder)
        try repository.update(index, coordination: coordination, keys: keys)
        return indexes.look { indexes in
            if let other = indexes[domain] { return other }
            indexes[domain] = index
            return index
        }
    }

    /// Lists the site's packs and notes in the domain's index which are there. Returns their number and
    /// bytes, all domains together.
    @discardableResult
    package func listPresent(_ domain: ShortID) throws -> (packs: Int, bytes: Int) {
        let index = try index(domain)
        var keys: [PackKey] = []
        var bytes = 0
        try repository.listPacks { key, size in
            keys.append(key)
            bytes += size
        }
        index.setPresent(keys)
        return (keys.count, bytes)
    }
}

/// A snapshot as all reachable sites together show it.
package struct Snapshot: Sendable {
    package let id: ShortID
    package let manifest: Manifest
    package let manifestDigest: Digest
    package let outline: Manifest.Outline
    /// Names of the sites where it is visible.
    package let sites: [String]
    /// When it was committed first.
    package let committed: Timestamp
}

package enum Snapshots {
    /// Every snapshot visible at any of `sites` whose outline `keys` opens, oldest first. What cannot be
    /// read is given to `problem` and left out.
    package static func list(_ sites: [OpenSite], keys: KeyRing, problem: (Failure) -> Void) throws -> [Snapshot] {
        struct Seen {
            var commit: Commit
            var sites: [OpenSite]
        }
        var seen: [ShortID: [Digest: Seen]] = [:]
        for site in sites {
            for commit in site.commits {
                var entry = seen[commit.key.snapshot]?[commit.manifest] ?? Seen(commit: commit, sites: [])
                if !entry.sites.contains(where: { $0 === site }) { entry.sites.append(site) }
                if commit.created < entry.commit.created { entry.commit = commit }
                seen[commit.key.snapshot, default: [:]][commit.manifest] = entry
            }
        }
        var snapshots: [Snapshot] = []
        for (id, candidates) in seen {
            for entry in candidates.values {
                var last: Failure?
                for site in entry.sites {
                    do {
                        let manifest = try site.repository.manifest(entry.commit)
                        let outline = try manifest.outline(keys)
                        guard outline.node == manifest.signer else { throw Failure(.refused, .badSignature, object: site.name + ":" + entry.commit.key.key) }
                        snapshots.append(
                            Snapshot(
                                id: id, manifest: manifest, manifestDigest: entry.commit.manifest, outline: outline,
                                sites: entry.sites.map(\.name), committed: entry.commit.created))
                        last = nil
                        break
                    } catch let failure as Failure { last = failure }
                }
                if let last { problem(last) }
            }
        }
        return snapshots.sorted { ($0.outline.started, $0.id) < ($1.outline.started, $1.id) }
    }
}
