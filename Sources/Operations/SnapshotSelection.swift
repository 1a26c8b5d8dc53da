import Base
import Keys
import Repository

/// Finds the snapshot that an argument names: an id prefix, `latest`, `dpi@latest`, or `dpi@2026-11-22`.
package struct SnapshotSelection {
    private let snapshots: [Snapshot]
    private let sourceID: (String) -> [ShortID]

    /// `sourceID`: the ids that a source's name has, one for each domain at hand.
    package init(_ snapshots: [Snapshot], sourceID: @escaping (String) -> [ShortID]) {
        self.snapshots = snapshots
        self.sourceID = sourceID
    }

    /// Throws `.usage` when none, or several, match.
    package func find(_ text: String) throws -> Snapshot {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var candidates = snapshots
        var moment = text
        if parts.count == 2 {
            let ids = sourceID(parts[0])
            candidates = candidates.filter { ids.contains($0.outline.source) }
            guard !candidates.isEmpty else { throw Failure(.usage, .noSnapshotOf(parts[0])) }
            moment = parts[1]
        }
        if moment == "latest" {
            guard let last = candidates.max(by: { $0.outline.started < $1.outline.started }) else { throw Failure(.usage, .noSnapshots) }
            return last
        }
        if parts.count == 2 {
            let day = candidates.filter { $0.outline.started.localDay == moment }
            guard let last = day.max(by: { $0.outline.started < $1.outline.started }) else { throw Failure(.usage, .noSnapshotOn(moment), object: parts[0]) }
            return last
        }
        let matching = candidates.filter { $0.id.hex.hasPrefix(text.lowercased()) }
        guard text.count >= 4, let first = matching.first else { throw Failure(.usage, .noSuchSnapshot(text), remedy: .listSnapshots) }
        guard Set(matching.map(\.id)).count == 1 else { throw Failure(.usage, .ambiguousSnapshot(text, matching.count)) }
        return first
    }
}
