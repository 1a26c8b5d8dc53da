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
    var status: [PackStatus] { choices.status }
    /// Rows that segments list, by pack number.
    let rowCounts: [Int]
    let needs: PackNeeds
    let choices: PackChoices
    /// A snapshot that was never committed needs what no pack here holds: an unlisted pack may hold it.
    let mayBeUnlisted: Bool
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

    /// Bytes in packs that a snapshot needs.
    var liveBytes: UInt64 { domains.reduce(0) { $0 + $1.needs.liveBytes.reduce(0, +) } }

    /// Why nothing may be condemned anywhere.
    var blocked: [Failure] { snapshots.unread.filter { $0.domain == nil }.map(\.failure) }
}

/// Looks at a site for collection. Holds the local caches: one for each domain's pages.
final class Surveyor {
    private let repository: SiteRepository
    private let keys: KeyRing
    private let folder: String
    private let damaged: Set<PackKey>
    private(set) var pages: [ShortID: PageReferences] = [:]
    private var indexes: [ShortID: SiteIndex] = [:]

    /// `folder`: where caches are kept. `damaged`: packs that verification has found so.
    init(_ repository: SiteRepository, keys: KeyRing, folder: String, damaged: Set<PackKey>) {
        self.repository = repository
        self.keys = keys
        self.folder = folder
        self.damaged = damaged
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
        try checkMerged(coordination)
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
        let domains = try indexes.keys.sorted().map { try survey($0, sizes: sizes[$0]!, snapshots, attested, coordination) }
        return Survey(
            coordination: coordination, snapshots: snapshots, attested: attested, domains: domains, unlisted: unlisted, packs: packs, bytes: bytes,
            present: present)
    }

    /// Throws `.refused` where maintenance has written a merged segment of a later generation than any that is there: what coordinates this site was
    /// lost or put back, and everything that later segments list would look like nobody's.
    private func checkMerged(_ coordination: Coordination) throws {
        for key in try repository.site.keys("index/") {
            guard let segment = SegmentKey(key: key), segment.isMerged, segment.session.generation > coordination.generation else { continue }
            guard try repository.isMaintenances(segment) else { continue }
            // Another collector may have opened a generation since this one looked.
            guard try repository.coordination().generation < segment.session.generation else {
                throw Failure(.fenced, .sessionFenced, object: repository.name)
            }
            throw Failure(.refused, .coordinationLost(segment.session.generation, coordination.generation), object: repository.name)
        }
    }

    private func indexFolder(_ domain: ShortID) -> String {
        repository.state?.indexFolder(site: repository.id, domain: domain) ?? folder + "/index-" + name(domain)
    }

    private func name(_ domain: ShortID) -> String { repository.id.hex + "-" + domain.hex }

    private func survey(_ domain: ShortID, sizes: [Int], _ snapshots: SnapshotList, _ attested: Set<Digest>, _ coordination: Coordination) throws
        -> DomainSurvey
    {
        let index = indexes[domain]!
        let rows = index.rows
        let pages = try self.pages[domain] ?? PageReferences(folder: folder + "/pages-" + name(domain), domain: domain)
        self.pages[domain] = pages
        let there = rows.packs.indices.filter { rows.isPresent[$0] }
        let unread = try pages.update(there.map { (rows.packs[$0].key, sizes[$0]) }, at: repository, keys: keys)
        for failure in unread.values {
            repository.note(void: failure, failure.object.map { String($0.dropFirst(repository.name.utf8.count + 1)) } ?? "packs/")
        }
        var blocked = snapshots.unread.filter { $0.domain == domain }.map(\.failure)
        // A segment that lists other rows than the pack's own directory is a liar's.
        var (listed, digests) = ([Int](repeating: 0, count: rows.packs.count), [UInt64](repeating: 0, count: rows.packs.count))
        rows.forEachID { _, group in
            for row in group {
                listed[Int(row.pack)] += 1
                digests[Int(row.pack)] &+= pages.digest(row)
            }
        }
        let status = rows.packs.indices.map { i -> PackStatus in
            let key = rows.packs[i].key
            guard rows.isPresent[i], !damaged.contains(key), let own = pages.rows(key) else { return .absent }
            return own.count == listed[i] && own.digest == digests[i] && own.bytes <= sizes[i] ? .usable : .contradicted
        }
        for i in there where status[i] == .contradicted { repository.note(void: Failure(.refused, .segmentContradictsPack), rows.packs[i].key.key) }
        let choices = PackChoices(
            packs: rows.packs, status: status, standing: try standing(index, rows.packs, attested, coordination))
        var live = LiveBlobs(rows)
        for root in snapshots.roots where root.domain == domain && root.commit != nil { live.mark(from: root.page, pages) }
        // Nothing is owed to what was never committed.
        let owed = live
        for root in snapshots.roots where root.domain == domain && root.commit == nil { live.mark(from: root.page, pages) }
        let isUnlisted = !live.unlisted.isEmpty
        live.forgiveUnlisted(beyond: owed.unlisted)
        if let id = owed.unlisted.min() { blocked.append(Failure(.missing, .blobUnknown(String(id.hex.prefix(16))), object: repository.name)) }
        let needs = PackNeeds(live, owed: owed, choices)
        if needs.lost > 0 { blocked.append(Failure(.missing, .lostBlobs(needs.lost), object: repository.name)) }
        return DomainSurvey(
            domain: domain, index: index, live: live, sizes: sizes, rowCounts: listed, needs: needs, choices: choices,
            mayBeUnlisted: isUnlisted || needs.lostOfAny > 0, blocked: blocked)
    }

    private func standing(
        _ index: SiteIndex, _ packs: [IndexedPack], _ attested: Set<Digest>, _ coordination: Coordination
    ) throws -> [PackStanding] {
        var standing = [PackStanding](repeating: .recent, count: packs.count)
        let compactions = try repository.compactionSessions()
        for (name, numbers) in index.segments where !numbers.isEmpty {
            guard let segment = SegmentKey(key: name) else { continue }
            if coordination.names(segment) { for number in numbers { standing[Int(number)] = max(standing[Int(number)], .named) } }
            if !segment.isMerged, compactions.contains(segment.session), try repository.isMaintenances(segment) {
                for number in numbers where packs[Int(number)].key.session == segment.session { standing[Int(number)] = .compacted }
            }
        }
        for i in packs.indices where attested.contains(packs[i].key.digest) { standing[i] = .attested }
        return standing
    }
}
