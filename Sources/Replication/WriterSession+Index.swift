import Base
import Keys
import Repository

extension WriterSession {
    /// Brings `index` level by the writer's steps 4 and 5: a segment is used only if it counts and, while a
    /// generation is open, one of an older session only if the last decision names it or its session has a
    /// commit that counts. `commits`: those that count for this session.
    package func level(_ index: SiteIndex, commits: [Commit], keys: KeyRing) throws {
        let committed = Set(commits.map(\.key.session))
        var segments: [SegmentKey] = []
        for key in try repository.site.keys("index/") {
            if let segment = SegmentKey(key: key), isUsable(segment, committed) { segments.append(segment) }
        }
        try index.update(segments) { segment in
            do { return try repository.segment(segment, keys: keys, domain: index.domain) } catch let failure as Failure
                where failure.kind != .unreachable && failure.kind != .key
            {
                repository.note(void: failure, segment.key)
                return nil
            }
        }
    }

    private func isUsable(_ segment: SegmentKey, _ committed: Set<SessionID>) -> Bool {
        guard coordination.counts(segment) else { return false }
        guard let open = coordination.open, segment.session.generation < open.generation else { return true }
        return coordination.decision?.segments.contains(segment) == true || committed.contains(segment.session)
    }

    /// Notes in `index` which packs a listing of the site shows; condemned ones do not exist for this session.
    package func listPresent(in index: SiteIndex) throws {
        var present: [PackKey] = []
        try repository.listPacks { key, _ in if !coordination.isCondemned(key) { present.append(key) } }
        index.setPresent(present)
    }
}
