import Base
import Repository

/// Which blobs need not be stored: those that every site of the run has, and those that this run has
/// already taken in hand.
final class KnownBlobs: Sendable {
    private struct State {
        var indexes: [String: SiteIndex] = [:]
        var claimed: Set<Digest> = []
    }
    private let state: Monitor<State>

    init(_ indexes: [String: SiteIndex]) { state = Monitor(State(indexes: indexes)) }

    /// A site that failed no longer matters: the others go on without it.
    func drop(_ site: String) { state.look { $0.indexes[site] = nil } }

    func isKnown(_ id: Digest) -> Bool {
        let (claimed, indexes) = state.look { ($0.claimed.contains(id), $0.indexes) }
        return claimed || (!indexes.isEmpty && indexes.values.allSatisfy { $0.isReusable(id) })
    }

    /// These are in every site's index by now, where they are found: this run need not remember them.
    func forget(_ rows: [PackRow]) { state.look { for row in rows { $0.claimed.remove(row.id) } } }

    /// True when the caller is to store the blob; from then on it is known.
    func claim(_ id: Digest) -> Bool {
        let indexes = state.look { $0.indexes }
        if !indexes.isEmpty, indexes.values.allSatisfy({ $0.isReusable(id) }) { return false }
        return state.look { $0.claimed.insert(id).inserted }
    }
}
