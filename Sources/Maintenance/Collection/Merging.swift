import Base
import Keys
import Repository

extension Collector {
    /// Segments to be superseded: those that list a pack that goes or is gone, and those of one size of which there are many. Not those of
    /// sessions that began after the generation was opened.
    func segmentsToMerge(_ survey: Survey, doomed: Set<PackKey>) -> [SegmentKey] {
        survey.domains.flatMap { superseded($0, survey, doomed: doomed) }
    }

    private func superseded(_ domain: DomainSurvey, _ survey: Survey, doomed: Set<PackKey>) -> [SegmentKey] {
        guard domain.blocked.isEmpty else { return [] }
        let last = survey.coordination.open?.generation ?? .max
        var (chosen, sizes): ([SegmentKey], [Int: [SegmentKey]]) = ([], [:])
        for (name, packs) in domain.index.segments {
            guard let segment = SegmentKey(key: name), segment.session.generation < last, !packs.isEmpty else { continue }
            if packs.contains(where: { domain.status[Int($0)] == .absent || doomed.contains(domain.packs[Int($0)].key) }) {
                chosen.append(segment)
            } else {
                let rows = packs.reduce(0) { $0 + domain.rowCounts[Int($1)] }
                // Sizes that differ by less than a factor of eight are one.
                sizes[(Int.bitWidth - max(1, rows).leadingZeroBitCount) / 3, default: []].append(segment)
            }
        }
        for segments in sizes.values where segments.count >= options.segmentsOfASize { chosen += segments }
        return chosen.sorted { $0.key < $1.key }
    }

    /// Writes merged segments in place of superseded ones; returns the segments that count from now on.
    func merge(_ survey: Survey, doomed: Set<PackKey>, generation: UInt32) throws -> [SegmentKey] {
        var named: [SegmentKey] = []
        let session = SessionID(generation: generation, random: .random())
        var number: UInt32 = 0
        for domain in survey.domains {
            let superseded = superseded(domain, survey, doomed: doomed)
            let gone = Set(superseded.map(\.key))
            named += domain.index.segments.filter { !$0.value.isEmpty && !gone.contains($0.key) }.compactMap { SegmentKey(key: $0.key) }
            var merger = SegmentMerger(domain: domain.domain) { segment in
                let name = SegmentKey(session: session, number: number, isMerged: true)
                number += 1
                try self.store(segment, name)
                named.append(name)
            }
            for key in superseded {
                guard let segment = try repository.segment(key, keys: keys, domain: domain.domain) else { continue }
                try merger.add(segment) { pack in
                    guard let number = domain.index.number(pack) else { return false }
                    return domain.status[Int(number)] != .absent && !doomed.contains(pack)
                }
            }
            try merger.flush()
            report.mergedSegments += superseded.count
        }
        return named.sorted { $0.key < $1.key }
    }

    func store(_ segment: IndexSegment, _ name: SegmentKey) throws {
        guard let catalogue = keys.catalogue(segment.domain) else { throw Failure(.key, .noCatalogueKey) }
        let body = segment.body(
            name, site: repository.id, tenant: repository.tenant, key: .catalogue(catalogue, tenant: repository.tenant))
        guard try create(name.key, .segment, body) else { throw Failure(.exists, .objectExists, object: "\(repository.name):\(name.key)") }
        Steps.mark("segment merged")
    }
}

/// Puts packs of several segments together into segments of a bounded size.
struct SegmentMerger {
    /// Rows of a merged segment, about: what a reader holds in memory at once.
    private static let rows = IndexSegment.rowLimit / 4

    let domain: ShortID
    let store: (IndexSegment) throws -> Void
    private var packs: [IndexedPack] = []
    private var waiting: [IndexRow] = []
    private var seen: Set<PackKey> = []

    init(domain: ShortID, store: @escaping (IndexSegment) throws -> Void) {
        self.domain = domain
        self.store = store
    }

    /// Takes in the packs of `segment` that `isKept`, each once.
    mutating func add(_ segment: IndexSegment, isKept: (PackKey) -> Bool) throws {
        var numbers = [UInt32?](repeating: nil, count: segment.packs.count)
        if waiting.count + segment.rows.count > Self.rows { try flush() }
        for (i, pack) in segment.packs.enumerated() where isKept(pack.key) && seen.insert(pack.key).inserted {
            numbers[i] = UInt32(packs.count)
            packs.append(pack)
        }
        for row in segment.rows {
            guard let number = numbers[Int(row.pack)] else { continue }
            waiting.append(IndexRow(id: row.id, pack: number, offset: row.offset, length: row.length))
        }
    }

    mutating func flush() throws {
        guard !packs.isEmpty else { return }
        try store(IndexSegment(domain: domain, packs: packs, rows: waiting))
        (packs, waiting) = ([], [])
    }
}
