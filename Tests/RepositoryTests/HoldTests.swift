import Base
import Codec
import Keys
import Sites
import TestSupport
import Testing

@testable import Repository

/// Legal holds: sealed for whoever has the catalogue key, signed by maintenance; what cannot be read is told, never taken for no hold.
@Suite struct HoldTests {
    private func hold(_ seed: UInt64 = 1, isPlaced: Bool = true) -> Hold {
        var random = SeededGenerator(seed)
        let snapshots = (0...random.below(4)).map { _ in ShortID(random.bytes(16))! }
        return Hold(
            id: ShortID(random.bytes(16))!, isPlaced: isPlaced, created: Timestamp(seconds: 1_795_730_417, nanoseconds: 5),
            until: seed % 2 == 0 ? nil : 1_800_000_000, person: "ada", reason: "réquisition n° \(seed)", snapshots: snapshots)
    }

    @discardableResult
    private func store(_ site: MemorySite, _ hold: Hold, by key: SigningKey, as name: String? = nil) throws -> HoldRecord {
        let record = HoldRecord(hold, domain: tenant.domain.catalogue, tenant: tenant.id)
        try site.create(name ?? record.key, tenant.sign(.hold, record.body, by: key))
        return record
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>, [true, false])
    func `a hold opens with the catalogue key, and with no other`(_ seed: UInt64, _ isPlaced: Bool) throws {
        let hold = hold(seed, isPlaced: isPlaced)
        let record = HoldRecord(hold, domain: tenant.domain.catalogue, tenant: tenant.id)
        #expect(record.key == "holds/" + hold.id.hex + (isPlaced ? "" : ".released"))
        let again = try HoldRecord(body: record.body)
        #expect(again.body == record.body && again.key == record.key && again.created == hold.created)
        for keys in [tenant.catalogueKeys, tenant.nodeKeys, tenant.restoreKeys] { #expect(try again.open(keys) == hold) }
        #expect(try failureKind { _ = try again.open(KeyRing(tenant: tenant.id)) } == .key)
        // id 16, act 1, domain 16, created 12, key block 72, sealed: none of what says which hold it is can be changed.
        for (at, kind) in [(0, Failure.Kind.damaged), (16, .format), (17, .key), (45, .format), (60, .key), (100, .key), (200, .damaged)] {
            var changed = record.body
            changed[at] ^= 0x40
            #expect(try failureKind { _ = try HoldRecord(body: changed).open(tenant.restoreKeys) } == kind, "byte \(at)")
        }
        #expect(try failureKind { _ = try HoldRecord(body: record.body + [0]) } == .damaged)
    }

    /// Whoever holds a release's bytes cannot pass them for the hold, nor the other way round.
    @Test func `a release is no hold, and a hold no release`() throws {
        for isPlaced in [true, false] {
            var body = HoldRecord(hold(isPlaced: isPlaced), domain: tenant.domain.catalogue, tenant: tenant.id).body
            body[16] = isPlaced ? 2 : 1
            #expect(try failureKind { _ = try HoldRecord(body: body).open(tenant.restoreKeys) } == .damaged)
        }
    }

    @Test func `what a hold takes does not tell how long its reason is`() {
        let sizes = ["a", String(repeating: "a", count: 700)].map { reason in
            let hold = Hold(isPlaced: true, created: .now(), until: nil, person: "ada", reason: reason, snapshots: [.random()])
            return HoldRecord(hold, domain: tenant.domain.catalogue, tenant: tenant.id).body.count
        }
        #expect(sizes[0] == sizes[1])
    }

    @Test func `only holds of maintenance under their own names count, and each of the others is told`() throws {
        let site = try tenant.memorySite()
        try store(site, hold(1), by: tenant.maintain)
        try store(site, hold(1, isPlaced: false), by: tenant.maintain)
        let byNode = try store(site, hold(2), by: tenant.node)
        let byStranger = try store(site, hold(3), by: tenant.stranger)
        let renamed = "holds/" + String(repeating: "a", count: 32)
        try store(site, hold(4), by: tenant.maintain, as: renamed)
        try site.create("holds/rubbish", [1, 2, 3])
        let flipped = try store(site, hold(5), by: tenant.maintain)
        var bytes = try site.read(flipped.key, limit: 1 << 17)
        bytes[bytes.count / 2] ^= 1
        try site.delete(flipped.key)
        try site.create(flipped.key, bytes)

        let holds = try tenant.open(site).holds(tenant.catalogueKeys)
        #expect(Set(holds.found.map(\.isPlaced)) == [true, false] && holds.found.allSatisfy { $0.id == hold(1).id })
        #expect(Set(holds.unread.map(\.key)) == [byNode.key, byStranger.key, renamed, "holds/rubbish", flipped.key])
    }

    /// Without the domain's key nobody can say what is held: that is a reason, not an empty list.
    @Test func `a hold without the catalogue key is unread`() throws {
        let site = try tenant.memorySite()
        let record = try store(site, hold(), by: tenant.maintain)
        let holds = try tenant.open(site).holds(KeyRing(tenant: tenant.id))
        #expect(holds.found.isEmpty && holds.unread.map(\.key) == [record.key] && holds.unread[0].failure.kind == .key)
    }
}
