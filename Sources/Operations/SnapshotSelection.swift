import Base
import Keys
import Repository

/// Finds the snapshot that an argument names: an id prefix, `latest`, `dpi@latest`, or `dpi@2026-11-22`.
package struct SnapshotSelection {
    private let snapshots: [Snapshot]
    private let hidden: [HiddenSnapshot]
    private let sourceID: (String) -> [ShortID]

    /// `hidden`: snapshots that damage hides; an older one is never passed off as the latest. `sourceID`: the ids that a
    /// source's name has, one for each domain at hand.
    package init(_ snapshots: [Snapshot], hidden: [HiddenSnapshot] = [], sourceID: @escaping (String) -> [ShortID]) {
        self.snapshots = snapshots
        self.hidden = hidden
        self.sourceID = sourceID
    }

    /// Throws `.usage` when none, or several, match, and why it cannot be read when it is a hidden one.
    package func find(_ text: String) throws -> Snapshot {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2 {
            let ids = sourceID(parts[0])
            let own = snapshots.filter { ids.contains($0.outline.source) }
            let domains = Set(own.map(\.manifest.domain))
            // A node speaks for its own domain: what it says was made visible blocks no other one's sources.
            let lost = hidden.filter { lost in
                lost.source.map { ids.contains($0) } ?? lost.domain.map { own.isEmpty || domains.contains($0) } ?? true
            }
            if parts[1] == "latest" { return try last(own, lost, none: Failure(.usage, .noSnapshotOf(parts[0]))) }
            return try last(
                own.filter { $0.outline.started.localDay == parts[1] }, lost.filter { $0.time.localDay == parts[1] },
                none: own.isEmpty ? Failure(.usage, .noSnapshotOf(parts[0])) : Failure(.usage, .noSnapshotOn(parts[1]), object: parts[0]))
        }
        if text == "latest" { return try last(snapshots, hidden, none: Failure(.usage, .noSnapshots)) }
        let prefix = text.lowercased()
        let matching = snapshots.filter { $0.id.hex.hasPrefix(prefix) }
        guard text.count >= 4, let first = matching.first else {
            if text.count >= 4, let lost = hidden.first(where: { $0.id.hex.hasPrefix(prefix) }) { throw lost.failure }
            throw Failure(.usage, .noSuchSnapshot(text), remedy: .listSnapshots)
        }
        guard Set(matching.map(\.id)).count == 1 else { throw Failure(.usage, .ambiguousSnapshot(text, matching.count)) }
        return first
    }

    /// Whether the hidden snapshot certainly came before `last`. Its number is known where a later manifest names it by
    /// hash; else its time must do, which is that of replication at a site that got it later.
    private func isOlder(_ lost: HiddenSnapshot, than last: Snapshot?) -> Bool {
        guard let last else { return false }
        for each in snapshots {
            if let digest = lost.manifest, let known = each.named[digest], known.node == last.outline.node {
                return known.counter < last.outline.counter
            }
        }
        return lost.time <= last.outline.started
    }

    /// The last of `snapshots`, unless a hidden one is younger.
    private func last(_ snapshots: [Snapshot], _ hidden: [HiddenSnapshot], none: Failure) throws -> Snapshot {
        let last = snapshots.max { $0.order < $1.order }
        if let lost = hidden.filter({ !isOlder($0, than: last) }).max(by: { $0.time < $1.time }) {
            let message = Message.youngerHidden(String(lost.id.hex.prefix(12)), lost.failure.message)
            throw Failure(lost.failure.kind, message, object: lost.failure.object, remedy: .nameAnother)
        }
        guard let last else { throw none }
        return last
    }
}
