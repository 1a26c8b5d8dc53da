import Base
import Foundation
import Glibc
import Keys
import Repository
import Scheduling

/// What was found at an offline site when it was last here: what is disconnected cannot be asked, and counts as it was left.
///
/// A file of the tenant's state, `offline-<site>.json`, replaced at each visit. A copy that was seen on a day says nothing of the days since: policy
/// bounds its age (`maximumOfflineDays`).
struct OfflineCopies: Codable, Sendable {
    struct Held: Codable, Hashable, Sendable {
        let snapshot: String
        let manifest: String
    }

    /// `2026-11-22`.
    let seen: String
    /// Of the pack least recently read; nil while one was never read.
    let verified: String?
    let damaged: Bool
    let snapshots: Set<Held>

    func holds(_ snapshot: Snapshot) -> Bool {
        snapshots.contains(Held(snapshot: snapshot.id.hex, manifest: snapshot.manifestDigest.hex))
    }

    private static func path(_ folder: String, _ site: String) -> String { folder + "/offline-\(site).json" }

    /// Nil where the site was never seen, or what is kept cannot be read: then nothing is known of it.
    static func last(_ workspace: Workspace, _ site: String) -> OfflineCopies? { read(path(workspace.state.folder, site)) }

    /// The same where no tenant is opened.
    static func last(_ configuration: Configuration, _ tenant: Configuration.Tenant, _ site: String) -> OfflineCopies? {
        let keys = TenantKeys(folder: configuration.node.keys + "/" + tenant.name)
        guard let fingerprint = try? tenant.fingerprint.map({ Fingerprint(digest: $0) }) ?? keys.fingerprint() else { return nil }
        return read(path(configuration.node.state + "/" + fingerprint.tenant.hex, site))
    }

    /// `state`: the tenant's folder.
    static func forget(state: String, _ site: String) { unlink(path(state, site)) }

    private static func read(_ path: String) -> OfflineCopies? {
        (try? Files.read(path, limit: 1 << 28)).flatMap { $0 }.flatMap { try? JSONDecoder().decode(OfflineCopies.self, from: Data($0)) }
    }

    /// Keeps what is at an offline site that is here.
    static func keep(_ site: OpenSite, verified: Timestamp?, isDamaged: Bool, _ workspace: Workspace) throws {
        let copies = OfflineCopies(
            seen: CalendarDay(LocalTime(Timestamp.now().seconds)).text, verified: verified.map { CalendarDay(LocalTime($0.seconds)).text },
            damaged: isDamaged,
            snapshots: Set(site.commits.map { Held(snapshot: $0.key.snapshot.hex, manifest: $0.manifest.hex) }))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try Files.replace(path(workspace.state.folder, site.name), Array(try encoder.encode(copies)))
    }
}
