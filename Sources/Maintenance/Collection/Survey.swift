import Base
import Keys
import Repository
import Sites

/// One domain's packs at a site, and what is alive of them.
struct DomainSurvey {
    let domain: ShortID
    let index: SiteIndex
    let live: LiveBlobs
    /// Size of each listed pack that is there, by its number; 0 where it is not.
    let sizes: [Int]
    /// By pack number.
    let status: [PackStatus]
    /// Rows that segments list, by pack number.
    let rowCounts: [Int]
    let needs: PackNeeds
    /// Why nothing of it may be condemned.
    let blocked: [Failure]

    var packs: [IndexedPack] { live.rows.packs }
}

/// What is at a site and what is needed of it, looked at in the order of the collector's steps: commits, then segments, then packs.
struct Survey {
    let coordination: Coordination
    let snapshots: SnapshotList
    let attested: Set<Digest>
    let domains: [DomainSurvey]
    /// Packs that are there and in no counting segment.
    let unlisted: [(key: PackKey, size: Int)]
    /// Packs that are there, and their bytes.
    let packs: Int
    let bytes: UInt64
    /// Packs that are there of those asked for.
    let present: [PackKey: Int]

    /// Why nothing may be condemned anywhere.
    var blocked: [Failure] { snapshots.unread }
    var isWhole: Bool { blocked.isEmpty && domains.allSatisfy(\.blocked.isEmpty) }
}

/// Looks at a site for collection. Holds the local caches: one for each domain's pages.
final class Surveyor {
    private let repository: SiteRepository
    private let keys: KeyRing
    private let folder: String
    private(set) var pages: [ShortID: PageReferences] = [:]
    private var indexes: [ShortID: SiteIndex] = [:]

    /// `folder`: where caches are kept.
    init(_ repository: SiteRepository, keys: KeyRing, folder: String) {
        self.repository = repository
        self.keys = keys
        self.folder = folder
    }

    /// Throws `.key` unless the catalogue key of every domain of the tenant is here: packs that cannot be judged would look like
    /// nobody's. `asking`: packs whose presence matters.
    func survey(_ coordination: Coordination, asking: Set<PackKey> = []) throws -> Survey {
        for domain in repository.trust.descriptor.domains where keys.catalogue(domain.id) == nil {
            throw Failure(.key, .collectionLacksKey(domain.id.hex), object: repository.name)
        }
        let snapshots = try repository.snapshotList(coordination, keys: keys)
        let attested = try repository.attestedPacks()
        for domain in repository.trust.descriptor.domains.map(\.id) {
            let index = try indexes[domain] ?? SiteIndex(domain: domain, folder: indexFolder(domain))
            indexes[domain] = index
            try repository.update(index, coordination: coordination, keys: keys)
        }
        // Packs after segments: what a segment lists was there before it.
        for index in indexes.values { index.clearPresent() }
        var sizes = indexes.mapValues { [Int](repeating: 0, count: $0.packCount) }
        var (unlisted, present): ([(key: PackKey, size: Int)], [PackKey: Int]) = ([], [:])
        var (packs, bytes) = (0, UInt64(0))
        try repository.listPacks { pack, size in
            (packs, bytes) = (packs + 1, bytes + UInt64(size))
            if asking.contains(pack) { present[pack] = size }
            var isListed = false
            for (domain, index) in indexes {
                guard let number = index.number(pack) else { continue }
                index.markPresent(pack, size: size)
                sizes[domain]![Int(number)] = size
                isListed = true
            }
            if !isListed { unlisted.append((pack, size)) }
        }
        let domains = try indexes.keys.sorted().map { try survey($0, sizes: sizes[$0]!, snapshots, attested) }
        return Survey(
            coordination: coordination, snapshots: snapshots, attested: attested, domains: domains, unlisted: unlisted, packs: packs, bytes: bytes,
            present: present)
    }

    private func indexFolder(_ domain: ShortID) -> String {
        repository.state?.indexFolder(site: repository.id, domain: domain) ?? folder + "/index-" + name(domain)
    }

    private func name(_ domain: ShortID) -> String { repository.id.hex + "-" + domain.hex }

    private func survey(_ domain: ShortID, sizes: [Int], _ snapshots: SnapshotList, _ attested: Set<Digest>) throws -> DomainSurvey {
        let index = indexes[domain]!
        let rows = index.rows
        let pages = try self.pages[domain] ?? PageReferences(folder: folder + "/pages-" + name(domain), domain: domain)
        self.pages[domain] = pages
        let there = rows.packs.indices.filter { rows.isPresent[$0] }
        let unread = try pages.update(there.map { (rows.packs[$0].key, sizes[$0]) }, at: repository, keys: keys)
        var blocked = unread.sorted { $0.key.key < $1.key.key }.map(\.value)
        // A segment that lists more than the pack's own directory is a liar's.
        var listed = [Int](repeating: 0, count: rows.packs.count)
        rows.forEachID { _, group in for row in group { listed[Int(row.pack)] += 1 } }
        let status = rows.packs.indices.map { i -> PackStatus in
            guard rows.isPresent[i], let own = pages.rows(rows.packs[i].key) else { return .absent }
            return own == listed[i] ? .usable : .contradicted
        }
        for i in there where status[i] == .contradicted { repository.note(void: Failure(.refused, .segmentContradictsPack), rows.packs[i].key.key) }
        var live = LiveBlobs(rows)
        for root in snapshots.roots where root.domain == domain && root.commit != nil { live.mark(from: root.page, pages) }
        // Nothing is owed to what was never committed.
        let owed = live
        for root in snapshots.roots where root.domain == domain && root.commit == nil { live.mark(from: root.page, pages) }
        live.forgiveUnlisted(beyond: owed.unlisted)
        if let id = owed.unlisted.min() { blocked.append(Failure(.missing, .blobUnknown(String(id.hex.prefix(16))), object: repository.name)) }
        let needs = PackNeeds(live, owed: owed, status: status, attested: attested, sizes: sizes)
        if needs.lost > 0 { blocked.append(Failure(.missing, .lostBlobs(needs.lost), object: repository.name)) }
        return DomainSurvey(
            domain: domain, index: index, live: live, sizes: sizes, status: status, rowCounts: listed, needs: needs, blocked: blocked)
    }
}
