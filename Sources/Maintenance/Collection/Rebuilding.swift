import Base
import Keys
import Repository
import Sites

extension Collector {
    /// Makes the index anew from the packs' own directories, for packs that no counting segment lists: a generation that condemns nothing,
    /// whose decision names new segments. What an earlier decision doomed is not listed again.
    ///
    /// Goes as far as patience lets it; to be run again then. Throws `.refused` while a collection is open.
    package func rebuildIndex() throws -> CollectionReport {
        try checkRight()
        var coordination = try repository.coordination()
        try sweepAll(coordination)
        if let open = coordination.open {
            // One's own, waiting for older sessions.
            guard open.packs.packs.isEmpty else { throw Failure(.refused, .collectionOpen, object: repository.name) }
        } else {
            if options.isDry {
                try relist(try surveyor.survey(coordination), generation: 0)
                return report
            }
            guard let number = try freeNumber(after: coordination.generation) else {
                throw Failure(.fenced, .sessionFenced, object: repository.name)
            }
            let record = CondemnedRecord(generation: number, site: repository.id, created: .now(), packs: [], marked: [])
            _ = try create(CondemnedRecord.key(number), .condemned, record.body)
            Steps.mark("collection condemned")
            coordination = try repository.coordination()
        }
        guard let open = coordination.open, open.packs.packs.isEmpty else { throw Failure(.refused, .collectionOpen, object: repository.name) }
        report.generation = open.generation
        guard try close(before: open) else { return report }
        let survey = try surveyor.survey(coordination)
        (report.packs, report.bytes) = (survey.packs, survey.bytes)
        let listed = survey.domains.flatMap { $0.index.segments.filter { !$0.value.isEmpty }.keys }.compactMap { SegmentKey(key: $0) }
        let segments = listed + (try relist(survey, generation: open.generation))
        let record = DecidedRecord(
            generation: open.generation, site: repository.id, created: .now(), names: true, doomed: [], commits: named(survey),
            segments: segments.sorted { $0.key < $1.key })
        guard try create(DecidedRecord.key(open.generation), .decided, record.body) else {
            throw Failure(.fenced, .sessionFenced, object: repository.name)
        }
        Steps.mark("collection decided")
        let decided = try repository.coordination()
        try sweepAll(decided)
        report.state = .rebuilt
        let after = try surveyor.survey(decided)
        report.blocked = after.blocked + after.domains.flatMap(\.blocked)
        report.void = repository.voidObjects
        return report
    }

    /// Lists what no segment lists in new segments; returns their names.
    @discardableResult
    private func relist(_ survey: Survey, generation: UInt32) throws -> [SegmentKey] {
        // By any decision, however long ago: who has lost its memory deletes by all of them again, and a late message may bring such a pack back.
        let doomed = Set(
            try self.repository.decidedNumbers().flatMap { try self.repository.decided($0).map { try self.repository.doomed($0) } ?? [] })
        let session = SessionID(generation: generation, random: .random())
        var number: UInt32 = 0
        var names: [SegmentKey] = []
        let packs = survey.unlisted.filter { !doomed.contains($0.key) }.sorted { $0.key.key < $1.key.key }
        let (repository, keys) = (repository, keys)
        for domain in survey.domains.map(\.domain) {
            var merger = SegmentMerger(domain: domain) { segment in
                let name = SegmentKey(session: session, number: number, isMerged: true)
                number += 1
                try self.store(segment, name)
                names.append(name)
            }
            let writer = repository.trust.onlyWriter(of: domain) ?? .zero
            let step = 16 * max(1, site.smallParallelism)
            for start in stride(from: 0, to: packs.count, by: step) {
                let some = Array(packs[start..<min(start + step, packs.count)])
                let read = Threads.map("directory", some, atOnce: site.smallParallelism) {
                    try repository.directory($0.key, size: $0.size, keys: keys)
                }
                for (pack, directory) in zip(some, read) {
                    do {
                        let directory = try directory.get()
                        guard directory.header.domain == domain else { continue }
                        report.relistedPacks += 1
                        if options.isDry { continue }
                        let rows = directory.rows.map { IndexRow(id: $0.id, pack: 0, offset: $0.offset, length: $0.length) }
                        try merger.add(IndexSegment(domain: domain, packs: [IndexedPack(key: pack.key, writer: writer)], rows: rows)) { _ in true }
                    } catch let failure as Failure where failure.kind == .damaged || failure.kind == .missing || failure.kind == .wrongPlace {
                        if domain == survey.domains[0].domain { report.problems.append(failure.of("\(repository.name):\(pack.key.key)")) }
                    }
                }
            }
            try merger.flush()
        }
        return names
    }

    /// Makes coordination objects anew where they were lost: a decision above every number that anything here remembers, which makes
    /// void whatever sleeps; then a commit for each signed manifest of which everything is there.
    ///
    /// Throws `.refused` where decisions or commits are there that count: then nothing is lost.
    package func rebuildCoordination() throws -> CollectionReport {
        try checkRight()
        let coordination = try repository.coordination(remembering: false)
        // One's own, begun by a run that died.
        let isDecided = coordination.decision.map { $0.commits.isEmpty && $0.doomed.packs.isEmpty && coordination.open == nil } ?? false
        let commits = isDecided ? 0 : try repository.commits(coordination).count
        let isCondemned = coordination.decision == nil && coordination.open?.packs.packs.isEmpty == true && commits == 0
        guard isDecided || isCondemned || coordination.generation == 0 && commits == 0 else {
            throw Failure(.refused, .coordinationThere(commits), object: repository.name)
        }
        report.generation = coordination.generation
        if !isDecided { try beginAnew(coordination.open) }
        if options.isDry { return report }
        let survey = try surveyor.survey(try repository.coordination())
        for root in survey.snapshots.roots where root.commit == nil {
            guard let index = survey.domains.firstIndex(where: { $0.domain == root.domain }) else { continue }
            guard surveyor.isWhole(root, survey.domains[index]) else {
                report.blocked.append(Failure(.missing, .snapshotNotWhole(root.snapshot.hex), object: repository.name))
                continue
            }
            try commit(root)
        }
        report.state = .rebuilt
        return report
    }

    /// The pair of records above every number that is validly known here. A number in an unsigned name counts for nothing.
    private func beginAnew(_ open: CondemnedRecord?) throws {
        var highest = try repository.state?.watermarks(repository.id).generation ?? 0
        var segments: [SegmentKey] = []
        for key in try site.keys("index/") {
            guard let segment = SegmentKey(key: key) else { continue }
            for domain in repository.trust.descriptor.domains.map(\.id) {
                do {
                    guard try repository.segment(segment, keys: keys, domain: domain) != nil else { continue }
                    segments.append(segment)
                    highest = max(highest, segment.session.generation)
                } catch let failure as Failure where failure.kind != .unreachable { repository.note(void: failure, key) }
            }
        }
        if let open {
            try decideAnew(open.generation, segments)
            return
        }
        report.generation = try firstFree(after: highest)
        if options.isDry { return }
        let condemned = CondemnedRecord(generation: report.generation, site: repository.id, created: .now(), packs: [], marked: [])
        guard try create(CondemnedRecord.key(report.generation), .condemned, condemned.body) else {
            throw Failure(.fenced, .sessionFenced, object: repository.name)
        }
        Steps.mark("collection condemned")
        try decideAnew(report.generation, segments)
    }

    private func decideAnew(_ generation: UInt32, _ segments: [SegmentKey]) throws {
        if options.isDry { return }
        let decided = DecidedRecord(
            generation: generation, site: repository.id, created: .now(), names: true, doomed: [], commits: [],
            segments: segments.sorted { $0.key < $1.key })
        guard try create(DecidedRecord.key(generation), .decided, decided.body) else {
            throw Failure(.fenced, .sessionFenced, object: repository.name)
        }
        Steps.mark("collection decided")
    }

    private func commit(_ root: SnapshotRoot) throws {
        let session = try WriterSession.begin(
            repository: repository, snapshot: root.snapshot, purpose: .replicate, domain: root.domain, signer: signer)
        for key in try site.keys("snapshots/") where key.dropFirst(10).hasPrefix(root.snapshot.hex + ".") {
            let bytes = try site.read(key, limit: Statement.Kind.manifest.bodyLimit + Statement.overhead)
            guard let manifest = try? Manifest(body: Statement(bytes, .manifest, tenant: repository.tenant).body),
                (try? manifest.outline(keys).root) == root.page
            else { continue }
            try session.commit(manifest: bytes, snapshot: root.snapshot)
            report.committed += 1
            return
        }
        session.abandon()
    }
}

extension Trust {
    /// The only node that ever had the right to write in the domain; nil where there were several.
    fileprivate func onlyWriter(of domain: ShortID) -> KeyID? {
        let writers = Set(chain.flatMap { $0.actors.filter { $0.role == .write && $0.domain == domain }.map(\.key.id) })
        return writers.count == 1 ? writers.first : nil
    }
}

extension Surveyor {
    /// Whether everything that the snapshot needs is listed and there.
    func isWhole(_ root: SnapshotRoot, _ domain: DomainSurvey) -> Bool {
        var live = LiveBlobs(domain.live.rows)
        guard let pages = pages[domain.domain] else { return false }
        live.mark(from: root.page, pages)
        return live.unlisted.isEmpty
            && PackNeeds(live, owed: live, domain.choices).lost == 0
    }
}
