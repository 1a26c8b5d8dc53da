import Base
import Glibc
import Journal
import Keys
import Repository

/// Whose signatures count when ledgers are verified, and when.
package struct JournalTrust: Sendable {
    package var keys: [VerifyingKey] = []
    package var rights: [KeyID: LedgerVerification.Right] = [:]

    package init() {}

    /// By the tenant's descriptors, as far as this machine keeps them: every key that ever had a role. On this machine its own
    /// key counts as well (`MachineKey`).
    package init(_ workspace: Workspace) throws {
        let objects = try workspace.keys.publicObjects().filter { $0.key.hasPrefix("descriptor/") }
        if !objects.isEmpty {
            let trust = try Trust(
                fingerprint: workspace.fingerprint, candidates: objects.sorted { $0.key < $1.key }.map { .init(name: $0.key, bytes: $0.value) })
            add(trust)
        }
        if let own = try MachineKey.read(state: workspace.configuration.node.state) { keys.append(own.verifying) }
    }

    package mutating func add(_ trust: Trust) {
        for actor in trust.chain.flatMap(\.actors) {
            if !keys.contains(where: { $0.id == actor.key.id }) { keys.append(actor.key) }
            let known = rights[actor.key.id]
            // A right begins a day early, as for all that is signed (docs/FORMAT.md, 8); the latest descriptor says when it ends.
            rights[actor.key.id] = LedgerVerification.Right(
                from: min(known?.from ?? .distantFuture, Timestamp(seconds: actor.from - 86_400)),
                until: actor.until == 0 ? nil : Timestamp(seconds: actor.until))
        }
    }

    /// By the files `*.pub` of a folder, 1984 bytes each: without any configuration. Throws `.usage` where there is none, `.damaged` for another file
    /// of that name.
    package init(folder: String) throws {
        for name in try Files.names(folder) where name.hasSuffix(".pub") {
            let path = folder + "/" + name
            do {
                keys.append(try (Files.read(path, limit: VerifyingKey.byteCount) ?? []).decode { try VerifyingKey(&$0) })
            } catch let failure as Failure { throw failure.of(path) }
        }
        guard !keys.isEmpty else { throw Failure(.usage, .journalKeysNeeded, object: folder, remedy: .journalKeysRemedy) }
    }
}

extension Timestamp {
    fileprivate static var distantFuture: Timestamp { Timestamp(seconds: .max) }
}
