import Base
import Codec
import Keys
import Sites
import TestSupport
import Testing

@testable import Repository

/// A stolen key is ended by taking its actor out of the descriptor, which ends the word of what it signed before
/// (docs/FORMAT.md §8), whatever a machine remembers.
@Suite struct RevocationTests {
    private let folder: FastFolder
    private let site: MemorySite
    private let state: TenantState
    private let commit: Commit

    /// A manifest of the node's, whose slot maintenance has filled, as replication does.
    init() throws {
        folder = try FastFolder()
        site = try tenant.memorySite()
        state = try TenantState(folder: folder.path + "/state")
        var random = SeededGenerator(1)
        var outline = RandomRecords.outline(&random)
        outline.node = tenant.node.id
        let snapshot = random.id()
        let manifest = try Manifest(
            snapshot: snapshot, descriptor: 0, outline: outline, labels: RandomRecords.labels(&random), run: tenant.runKey())
        let bytes = try tenant.sign(.manifest, manifest.body, by: tenant.node)
        let slot = CommitKey(snapshot: snapshot, session: random.session())
        commit = Commit(key: slot, manifest: sha256(bytes), created: .now(), domain: nil)
        try site.create(Manifest.key(snapshot, sha256(bytes)), bytes)
        try site.create(
            slot.key,
            tenant.sign(.slot, SlotRecord(key: slot, site: tenant.sites[0], outcome: .commit, manifest: sha256(bytes)).body, by: tenant.maintain))
    }

    private func revoke() throws {
        var next = tenant.descriptor
        next.number = 1
        next.previous = sha256(tenant.chain)
        next.actors.removeAll { $0.key == tenant.node.verifying }
        let bytes = try tenant.sign(.descriptor, next.body, by: tenant.authority)
        try site.create(Descriptor.key(1, bytes), bytes)
    }

    private func read(_ state: TenantState?) throws -> Failure.Kind? {
        let repository = try tenant.open(site, state: state)
        let commits = try repository.commits(repository.coordination())
        #expect(commits.map(\.key) == [commit.key])
        return try failureKind { _ = try repository.manifest(commits[0]) }
    }

    @Test func `a manifest is believed while its signer has the right`() throws {
        #expect(try read(nil) == nil)
        for _ in 0..<2 { #expect(try read(state) == nil) }
    }

    @Test func `a manifest whose signer lost the right is refused`() throws {
        try revoke()
        #expect(try read(nil) == .refused)
        #expect(try read(state) == .refused)
    }

    @Test func `a machine that has read it before refuses it too`() throws {
        #expect(try read(state) == nil)
        try revoke()
        #expect(try read(nil) == .refused)
        let kind = try read(state)
        #expect(kind == .refused)
    }
}
