import Base
import Codec
import Sites

/// What collection has proposed and decided at a site, and so which commits and segments count
/// (docs/FORMAT.md, "Collection"; the writer's steps 1 to 5).
package struct Coordination: Sendable {
    /// The highest valid `condemned/` number; 0 when there is none.
    package let generation: UInt32
    /// The condemned set that is not yet decided.
    package let open: CondemnedRecord?
    /// The highest decision that names what counts.
    package let decision: DecidedRecord?
    private let named: Set<String>
    private let condemned: Set<PackKey>
    private let marked: Set<CommitKey>?

    package init(generation: UInt32, open: CondemnedRecord?, decision: DecidedRecord?) {
        self.generation = generation
        self.open = open
        self.decision = decision
        named = Set((decision?.commits.map(\.key) ?? []) + (decision?.segments.map(\.key) ?? []))
        condemned = Set(open?.packs.packs ?? [])
        marked = (open?.marked).map { Set($0) }
    }

    /// A commit counts if its session is of the decision's generation or later, or the decision names it.
    package func counts(_ commit: CommitKey) -> Bool {
        guard let decision, CollectionRule.commitsCount.holds else { return true }
        return commit.session.generation >= decision.generation || named.contains(commit.key)
    }

    /// Whether the decision names the commit, or the commit is of its generation or later: it is kept for good.
    package func isNamed(_ commit: CommitKey) -> Bool {
        decision.map { commit.session.generation >= $0.generation } ?? true || named.contains(commit.key)
    }

    /// Whether the decision names the segment: what it lists was there then.
    package func names(_ segment: SegmentKey) -> Bool { named.contains(segment.key) }

    /// The same for a segment; a collector's merged one counts only if named.
    package func counts(_ segment: SegmentKey) -> Bool {
        if named.contains(segment.key) { return true }
        guard !segment.isMerged else { return false }
        guard let decision, CollectionRule.segmentsCount.holds else { return true }
        return segment.session.generation >= decision.generation
    }

    /// As `counts`, for a writer that would reuse what the segment lists: while a generation is open, a
    /// segment of an older session counts only if the decision names it or that session has committed.
    package func countsForReuse(_ segment: SegmentKey, committed: Set<SessionID>) -> Bool {
        guard counts(segment) else { return false }
        guard let open, segment.session.generation < open.generation, !named.contains(segment.key), CollectionRule.committedSegments.holds else {
            return true
        }
        return committed.contains(segment.session)
    }

    /// Whether the open generation proposes to delete the pack: it does not exist for new sessions.
    package func isCondemned(_ pack: PackKey) -> Bool { condemned.contains(pack) }

    /// Whether a pack that no counting segment lists may be listed again: not one that a decision licenses to delete. Those
    /// are all of sessions older than the decision; a younger one's can only be condemned.
    package func mayRelist(_ pack: PackKey) -> Bool {
        !isCondemned(pack) && decision.map { pack.session.generation >= $0.generation } ?? true
    }

    /// Whether the open generation lets a base snapshot be used whole: it is marked, or its session began since, and used nothing that is
    /// condemned.
    package func marks(_ commit: CommitKey) -> Bool {
        guard let open, let marked, CollectionRule.markedBase.holds else { return true }
        return commit.session.generation >= open.generation || marked.contains(commit)
    }
}

extension SiteRepository {
    /// Reads what collection has written. Records that are not validly signed are void.
    ///
    /// `remembering` false: also where it is older than what this machine has seen, for who makes it anew.
    package func coordination(remembering: Bool = true) throws -> Coordination {
        // Before the listing: another process of this machine may see more while this one reads.
        let seen = try state.map { try $0.watermarks(id).generation } ?? 0
        let condemned = try highest("condemned/", .condemned) {
            try CondemnedRecord(body: $0)
        } accept: { _ in
            true
        }
        let decided = try highest("decided/", .decided) {
            try DecidedRecord(body: $0)
        } accept: { _ in
            true
        }
        let naming =
            decided?.names == false
            ? try highest("decided/", .decided) {
                try DecidedRecord(body: $0)
            } accept: {
                $0.names
            } : decided
        let generation = max(condemned?.generation ?? 0, decided?.generation ?? 0)
        if let state, remembering {
            guard generation >= seen else { throw Failure(.refused, .rolledBack(seen, generation), object: name) }
            var marks = TenantState.Watermarks()
            marks.generation = generation
            remember("generation") { try state.remember(marks, site: id) }
        }
        let open = condemned.flatMap { $0.generation > (decided?.generation ?? 0) ? $0 : nil }
        return Coordination(generation: generation, open: try open.map(complete), decision: naming)
    }

    /// The lists that a condemned record names by hash, read in.
    private func complete(_ record: CondemnedRecord) throws -> CondemnedRecord {
        CondemnedRecord(
            generation: record.generation, site: record.site, created: record.created, packs: record.packs.packs + (try lists(record.more)),
            marked: record.marked)
    }

    /// The packs of the lists that a record names by hash.
    package func lists(_ digests: [Digest]) throws -> [PackKey] {
        try digests.flatMap { digest in
            let key = PackList.key(digest)
            let bytes = try site.read(key, limit: 64 << 20)
            guard sha256(bytes) == digest else { throw Failure(.damaged, .wrongHash, object: "\(name):\(key)") }
            return try bytes.decode { try PackList(&$0).packs }
        }
    }

    /// The valid record with the highest number that `accept` takes.
    private func highest<T: GenerationRecord>(
        _ folder: String, _ kind: Statement.Kind, _ decode: ([UInt8]) throws -> T, accept: (T) -> Bool
    ) throws -> T? {
        for key in try site.keys(folder).reversed() {
            guard let number = generationNumber(key.dropFirst(folder.count)) else { continue }
            do {
                let statement = try statement(key, kind)
                let record = try decode(statement.body)
                try trust.verify(statement, roles: [.maintain], at: record.created.seconds)
                guard record.generation == number, record.site == id else { throw Failure(.refused, .badSignature) }
                if accept(record) { return record }
            } catch let failure as Failure where failure.kind != .unreachable { note(void: failure, key) }
        }
        return nil
    }
}

/// A record numbered by its generation.
protocol GenerationRecord {
    var generation: UInt32 { get }
    var site: ShortID { get }
    var created: Timestamp { get }
}
extension CondemnedRecord: GenerationRecord {}
extension DecidedRecord: GenerationRecord {}
