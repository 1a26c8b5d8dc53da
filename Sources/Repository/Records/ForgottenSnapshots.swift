import Base

/// What signed forget records drop: pairs of snapshot and manifest. A node chooses the ids of its snapshots, so one that takes another's must not
/// take it along when it goes.
package struct ForgottenSnapshots: Sendable {
    private var manifests: [ShortID: [Digest: Int64]] = [:]

    package init(_ records: [ForgetRecord]) {
        for record in records {
            for each in record.dropped where manifests[each.snapshot]?[each.manifest] == nil {
                manifests[each.snapshot, default: [:]][each.manifest] = record.created.seconds
            }
        }
    }

    package var isEmpty: Bool { manifests.isEmpty }

    /// Whether any manifest of the snapshot is forgotten.
    package func names(_ snapshot: ShortID) -> Bool { manifests[snapshot] != nil }

    package func contains(_ snapshot: ShortID, _ manifest: Digest) -> Bool { manifests[snapshot]?[manifest] != nil }

    /// When the manifest stored under `key` was forgotten, in seconds since 1970; nil where it is not. The name has the half of its hash.
    package func time(ofManifest key: String) -> Int64? {
        let parts = key.dropFirst(10).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let snapshot = ShortID(hex: parts[0]) else { return nil }
        return manifests[snapshot]?.first { $0.key.hex.hasPrefix(parts[1]) }?.value
    }
}
