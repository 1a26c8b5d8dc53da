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
    private let rebuilt = Monitor<[ShortID: SiteIndex?]>([:])

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

    /// Whether collection has moved here since the site was opened: what is listed may be elsewhere, or gone. False where that cannot be seen.
    package var hasMoved: Bool {
        guard let now = try? repository.coordination() else { return false }
        return now.generation != coordination.generation || now.decision?.generation != coordination.decision?.generation
            || (now.open == nil) != (coordination.open == nil)
    }

    /// The index of a domain, level with the site's counting segments. Which packs are really there is
    /// not known until `SiteIndex.setPresent`. Throws `.key` without the catalogue key.
    package func index(_ domain: ShortID) throws -> SiteIndex {
        if let known = indexes.look({ $0[domain] }) { return known }
        let index = try SiteIndex(domain: domain, folder: indexFolder(domain))
        try repository.update(index, coordination: coordination, keys: keys)
        return indexes.look { indexes in
            if let other = indexes[domain] { return other }
            indexes[domain] = index
            return index
        }
    }

    /// An index of the packs that no counting segment lists, made from their own directories: what a lost segment said.
    /// For reading and for judging damage only: a writer that relied on them would not be seen by collection. Packs that
    /// collection may delete are not among them.
    ///
    /// Costs a listing and two requests for each such pack, once; nil when there are none.
    package func unlisted(_ domain: ShortID) throws -> SiteIndex? {
        if let known = rebuilt.look({ $0[domain] }) { return known }
        let listed = try keys.catalogueDomains.map { try self.index($0) }
        // A copy of a listed pack under another name is somebody's, and says nothing new.
        let known = Set(listed.flatMap { $0.packs.map(\.key.digest) })
        var packs: [(key: PackKey, size: Int)] = []
        try repository.listPacks { key, size in if !known.contains(key.digest), coordination.mayRelist(key) { packs.append((key, size)) } }
        let index = packs.isEmpty ? nil : try rebuild(domain, packs)
        rebuilt.look { $0[domain] = .some(index) }
        return index
    }

    private func rebuild(_ domain: ShortID, _ packs: [(key: PackKey, size: Int)]) throws -> SiteIndex {
        let index = try SiteIndex(domain: domain, folder: indexFolder(domain) + "-unlisted")
        index.reset()
        var (found, rows): ([IndexedPack], [IndexRow]) = ([], [])
        func flush() throws {
            try index.add(IndexSegment(domain: domain, packs: found, rows: rows), named: "unlisted-\(index.packCount)")
            (found, rows) = ([], [])
        }
        for pack in packs {
            let directory: PackDirectory
            do { directory = try repository.directory(pack.key, size: pack.size, keys: keys) } catch let failure as Failure
                where failure.kind != .unreachable
            {
                continue  // damaged, gone meanwhile, or of a domain whose key is not here
            }
            guard directory.header.domain == domain else { continue }
            rows += directory.rows.map { IndexRow(id: $0.id, pack: UInt32(found.count), offset: $0.offset, length: $0.length) }
            found.append(IndexedPack(key: pack.key, writer: .zero))
            if rows.count >= IndexSegment.rowLimit / 4 { try flush() }
        }
        try flush()
        index.setPresent(packs)
        return index
    }

    private func indexFolder(_ domain: ShortID) -> String {
        repository.state?.indexFolder(site: repository.id, domain: domain) ?? scratch + "/index-" + repository.id.hex + "-" + domain.hex
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

/// A snapshot that was made visible and cannot be read at any site: its manifest or its slot is damaged everywhere, or
/// the sites did not answer.
package struct HiddenSnapshot: Sendable {
    package let id: ShortID
    package let failure: Failure
    /// Nil where the manifest cannot be read.
    package let source: ShortID?
    /// Nil where it is not known.
    package let domain: ShortID?
    /// The manifest's hash, where a commit names it.
    package let manifest: Digest?
    /// When it was taken, or committed at the site where it was found, which may be much later.
    package let time: Timestamp
}

extension Snapshot {
    /// What this manifest says of others: the number of each by its hash.
    package var named: [Digest: (node: KeyID, counter: UInt64)] {
        var named = Dictionary(outline.heads.map { ($0.manifest, ($0.node, $0.counter)) }, uniquingKeysWith: { first, _ in first })
        if outline.previous != .zero { named[outline.previous] = (outline.node, outline.counter &- 1) }
        return named
    }
}

package enum Snapshots {
    /// Snapshots that are hidden, given what `list` found and what it could not read: those, and slots that are void
    /// although a signed manifest of that snapshot is there. A void slot alone is somebody's rubbish.
    package static func hidden(
        _ sites: [OpenSite], besides visible: [Snapshot], unread: [HiddenSnapshot], keys: KeyRing
    ) throws -> [HiddenSnapshot] {
        let known = Set(visible.map(\.id))
        var hidden = Dictionary(unread.filter { !known.contains($0.id) }.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for site in sites {
            let void = site.repository.voidSlots.filter { !known.contains($0.key.snapshot) && hidden[$0.key.snapshot] == nil }
            guard !void.isEmpty else { continue }
            let manifests = Dictionary(grouping: try site.site.keys("snapshots/")) { $0.dropFirst(10).prefix(32) }
            for (slot, failure) in void {
                for key in manifests[slot.snapshot.hex[...]] ?? [] {
                    do {
                        let (manifest, digest) = try site.repository.signedManifest(key)
                        let outline = try manifest.outline(keys)
                        hidden[slot.snapshot] = HiddenSnapshot(
                            id: slot.snapshot, failure: failure, source: outline.source, domain: manifest.domain, manifest: digest,
                            time: outline.started)
                    } catch let silent as Failure where silent.kind == .unreachable {
                        hidden[slot.snapshot] = HiddenSnapshot(
                            id: slot.snapshot, failure: silent, source: nil, domain: nil, manifest: nil, time: .now())
                    } catch is Failure { continue }
                }
            }
        }
        return Array(hidden.values)
    }

    /// Every snapshot visible at any of `sites` whose outline `keys` opens, oldest first. What cannot be
    /// read is given to `problem` and left out.
    package static func list(_ sites: [OpenSite], keys: KeyRing, problem: (HiddenSnapshot) -> Void) throws -> [Snapshot] {
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
                        guard outline.node == manifest.signer else {
                            throw Failure(.refused, .badSignature, object: site.name + ":" + entry.commit.key.key)
                        }
                        snapshots.append(
                            Snapshot(
                                id: id, manifest: manifest, manifestDigest: entry.commit.manifest, outline: outline,
                                sites: entry.sites.map(\.name), committed: entry.commit.created))
                        last = nil
                        break
                    } catch let failure as Failure { last = failure }
                }
                if let last {
                    problem(
                        HiddenSnapshot(
                            id: id, failure: last, source: nil, domain: entry.commit.domain, manifest: entry.commit.manifest,
                            time: entry.commit.created))
                }
            }
        }
        return snapshots.sorted { ($0.order, $0.id) < ($1.order, $1.id) }
    }
}

extension Snapshot {
    /// When it was begun, to put snapshots in order. One of a clock that was far ahead counts as the oldest: it must not stand for the latest until
    /// that day comes.
    package var order: Timestamp { outline.started.seconds > Timestamp.now().seconds + 86_400 ? Timestamp(seconds: .min) : outline.started }
}
