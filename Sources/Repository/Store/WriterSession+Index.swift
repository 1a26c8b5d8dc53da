import Base
import Keys
import Sites

extension WriterSession {
    /// Brings `index` level by the writer's steps 4 and 5: a segment is used only if it counts and, while a
    /// generation is open, one of an older session only if the last decision names it or its session has a
    /// commit that counts. `commits`: those that count for this session.
    package func level(_ index: SiteIndex, commits: [Commit], keys: KeyRing) throws {
        try repository.update(index, coordination: coordination, keys: keys, committed: Set(commits.map(\.key.session)))
    }

    /// Notes in `index` which packs a listing of the site shows; condemned ones do not exist for this session.
    package func listPresent(in index: SiteIndex) throws {
        var present: [(key: PackKey, size: Int)] = []
        try repository.listPacks { if !coordination.isCondemned($0) { present.append(($0, $1)) } }
        index.setPresent(present)
    }
}
