import Base
import Codec
import Keys
import Repository

/// Copies what is alive in packs that are mostly dead into new ones, as it is sealed. A writer without a commit: it registers like one, and
/// a later generation condemns the old packs because the new copies count.
struct Compaction {
    /// Packs of one domain that one node sealed: a copy speaks for that node only.
    struct Group {
        let domain: DomainSurvey
        let writer: KeyID
        let packs: [(key: PackKey, size: Int)]
    }

    private let collector: Collector
    private let survey: Survey
    /// Least bytes that a group has to free, as a share of what it reads.
    private static let gain = 0.1
    /// Bytes in a directory for a blob, without its references.
    private static let rowBytes: UInt64 = 96

    init(_ collector: Collector, _ survey: Survey) {
        self.collector = collector
        self.survey = survey
    }

    private var options: CollectionOptions { collector.options }

    /// The packs with the smallest live share first, within the budget of a run.
    func plan(without kept: Set<PackKey>) -> [Group] {
        guard survey.blocked.isEmpty else { return [] }
        var budget = options.compactionBytes
        var groups: [Group] = []
        for domain in survey.domains where domain.blocked.isEmpty {
            let needs = domain.needs
            let sparse = domain.packs.indices.filter { number in
                domain.status[number] == .usable && !kept.contains(domain.packs[number].key) && needs.isNeeded[number] && !needs.isDisputed[number]
                    && domain.choices.standing[number] != .attested
                    && Double(needs.liveBytes[number]) < options.liveShare * Double(domain.sizes[number])
            }
            for (writer, numbers) in Dictionary(grouping: sparse, by: { domain.packs[$0].writer }).sorted(by: { $0.key < $1.key }) {
                var (chosen, read, live, rows) = ([(key: PackKey, size: Int)](), UInt64(0), UInt64(0), UInt64(0))
                func share(_ number: Int) -> Double { Double(needs.liveBytes[number]) / Double(domain.sizes[number]) }
                for number in numbers.sorted(by: { (share($0), domain.packs[$0].key.key) < (share($1), domain.packs[$1].key.key) }) {
                    let size = UInt64(domain.sizes[number])
                    guard read + size <= budget else { break }
                    chosen.append((domain.packs[number].key, domain.sizes[number]))
                    (read, live, rows) = (read + size, live + needs.liveBytes[number], rows + UInt64(domain.rowCounts[number]))
                }
                let packs = live / UInt64(options.packBytes) + 1
                let written = live + rows * Self.rowBytes + packs * UInt64(PackLimits.step)
                guard written < read, Double(read - written) >= Self.gain * Double(read) else { continue }
                budget -= read
                groups.append(Group(domain: domain, writer: writer, packs: chosen))
            }
        }
        return groups
    }

    /// Copies the groups' live blobs. What cannot be read whole is told, and left where it is.
    func run(_ groups: [Group]) throws {
        for group in groups { try run(group) }
    }

    private func run(_ group: Group) throws {
        let repository = collector.repository
        guard let catalogue = collector.keys.catalogue(group.domain.domain) else { throw Failure(.key, .noCatalogueKey) }
        let session = try WriterSession.begin(
            repository: repository, snapshot: .random(), purpose: .compact, domain: group.domain.domain, signer: collector.signer)
        // It ends as it began, without a snapshot; what it listed stays.
        defer { session.abandon() }
        // What this was planned with no longer stands.
        guard session.coordination.open == nil, session.coordination.generation == survey.coordination.generation else { return }
        let output = CopiedPackBuilder(catalogue, tenant: repository.tenant, target: options.packBytes)
        var stored: [StoredPack] = []
        func flush() throws {
            guard let pack = output.finish() else { return }
            let key = try session.store(pack: pack)
            collector.report.rewrittenBytes += UInt64(pack.buffer.count)
            stored.append(StoredPack(key: key, writer: group.writer, rows: pack.rows))
            Steps.mark("pack compacted")
            if stored.reduce(0, { $0 + $1.rows.count }) >= IndexSegment.rowLimit / 4 { try list() }
        }
        func list() throws {
            guard !stored.isEmpty else { return }
            _ = try session.store(segment: stored, key: .catalogue(catalogue, tenant: repository.tenant))
            stored = []
        }
        var copied: Set<Digest> = []
        let piece = Buffer(capacity: PackSource.pieceBytes)
        for pack in group.packs {
            guard let source = try reading(pack.key, { try PackSource(pack.key, size: pack.size, repository, collector.keys) }) else { continue }
            var ids: Set<Digest> = []
            let rows = source.directory.rows.filter {
                isSole($0.id, pack.key, group) && !copied.contains($0.id) && ids.insert($0.id).inserted
            }
            let blocks = source.directory.header.keyBlocks
            if !output.isEmpty, !output.hasRoom(for: rows, blocks) { try flush() }
            let added: Void? = try reading(pack.key) { try output.add(rows, blocks) { try source.copy(rows, to: $0, through: piece) } }
            guard added != nil else { continue }
            copied.formUnion(ids)
            collector.report.compactedBytes += UInt64(pack.size)
        }
        try flush()
        try list()
    }

    /// Nil where the pack is not what it should be: that is told, the pack left as it is, and the others go on.
    private func reading<Result>(_ pack: PackKey, _ body: () throws -> Result) throws -> Result? {
        do { return try body() } catch let failure as Failure
            where [Failure.Kind.damaged, .missing, .wrongPlace, .format, .key].contains(failure.kind)
        {
            collector.report.problems.append(failure.of("\(collector.repository.name):\(pack.key)"))
            return nil
        }
    }

    /// Whether the blob is needed and this pack is the one that stays.
    private func isSole(_ id: Digest, _ pack: PackKey, _ group: Group) -> Bool {
        let live = group.domain.live
        guard let position = live.rows.position(id), live.isLive(position) else { return false }
        var isSole = false
        group.domain.choices.forEach(in: live.rows.rows(of: id)) { kept in
            if kept.contains(where: { group.domain.packs[Int($0.pack)].key == pack }) {
                isSole = kept.allSatisfy { group.domain.packs[Int($0.pack)].key.digest == pack.digest }
            }
        }
        return isSole
    }
}
