import Base
import Codec
import Keys
import TestSupport
import Testing

@testable import Repository

@Suite struct RecordTests {
    static let seeds = 1...40 as ClosedRange<UInt64>
    static let kinds: [Statement.Kind] = [
        .marker, .descriptor, .session, .manifest, .slot, .condemned, .decided, .forget, .attested, .segment, .sheet,
    ]

    /// Encodes, decodes, compares, and encodes again.
    private func check<T: Equatable>(_ value: T, _ body: (T) -> [UInt8], _ decode: ([UInt8]) throws -> T, _ seed: UInt64) throws {
        let bytes = body(value)
        let again = try decode(bytes)
        #expect(again == value, "seed \(seed)")
        #expect(body(again) == bytes, "seed \(seed)")
        #expect(try failureKind { _ = try decode(bytes + [0]) } == .damaged)
        #expect(try failureKind { _ = try decode(Array(bytes.dropLast())) } == .damaged)
    }

    @Test(arguments: seeds)
    func `each record comes back as it was`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        try check(RandomRecords.marker(&random), \.body, SiteMarker.init(body:), seed)
        try check(RandomRecords.session(&random), \.body, SessionRecord.init(body:), seed)
        try check(RandomRecords.slot(&random), \.body, SlotRecord.init(body:), seed)
        try check(RandomRecords.condemned(&random), \.body, CondemnedRecord.init(body:), seed)
        try check(RandomRecords.decided(&random), \.body, DecidedRecord.init(body:), seed)
        try check(RandomRecords.forget(&random), \.body, ForgetRecord.init(body:), seed)
        try check(RandomRecords.attested(&random), \.body, AttestedRecord.init(body:), seed)
        let sheet = RandomRecords.sheet(&random)
        #expect(try RestoreSheet(decoding: sheet.encoded) == sheet, "seed \(seed)")
        try check(RandomRecords.outline(&random), \.encoded, Manifest.Outline.init(decoding:), seed)
    }

    @Test(arguments: seeds)
    func `a descriptor comes back as it was`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let value = RandomRecords.descriptor(&random)
        let again = try Descriptor(body: value.body)
        #expect(again.body == value.body)
        #expect(again.number == value.number && again.previous == value.previous && again.created == value.created)
        #expect(again.authority == value.authority && again.features == value.features && again.epochs == value.epochs)
        #expect(again.recipients == value.recipients && again.domains == value.domains && again.actors == value.actors && again.sites == value.sites)
        #expect(again.currentEpoch?.number == value.epochs.map(\.number).max())
    }

    @Test(arguments: seeds)
    func `an index segment comes back as it was, with the catalogue key alone`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let value = RandomRecords.segment(&random)
        let (name, site, created) = (random.segmentKey(), random.id(), random.time())
        let key = BlockKey.catalogue(tenant.domain.catalogue, tenant: tenant.id)
        let body = value.body(name, site: site, created: created, tenant: tenant.id, key: key)
        let again = try IndexSegment(body: body, tenant: tenant.id, keys: tenant.catalogueKeys)
        #expect(again.domain == value.domain && again.packs == value.packs && again.rows == value.rows)
        let clear = try IndexSegment.Clear(ofBody: body)
        #expect(clear.name == name && clear.site == site && clear.created == created && clear.domain == value.domain)
        #expect(try failureKind { _ = try IndexSegment(body: body, tenant: tenant.id, keys: KeyRing(tenant: tenant.id)) } == .key)
        #expect(try failureKind { _ = try IndexSegment(body: body + [0], tenant: tenant.id, keys: tenant.catalogueKeys) } == .damaged)
        var changed = body
        changed[body.count - 1 - random.below(24)] ^= 1
        #expect(try failureKind { _ = try IndexSegment(body: changed, tenant: tenant.id, keys: tenant.catalogueKeys) } == .damaged)
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `a manifest comes back as it was: the outline for maintenance, the labels for who restores`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let (outline, labels) = (RandomRecords.outline(&random), RandomRecords.labels(&random))
        let value = try Manifest(snapshot: random.id(), descriptor: random.u32(), outline: outline, labels: labels, run: tenant.runKey())
        let again = try Manifest(body: value.body)
        #expect(again.body == value.body && again.snapshot == value.snapshot && again.domain == tenant.domain.domain)
        for keys in [tenant.restoreKeys, tenant.nodeKeys, tenant.catalogueKeys] { #expect(try again.outline(keys) == outline) }
        #expect(try again.labels(tenant.restoreKeys) == labels)
        for keys in [tenant.nodeKeys, tenant.catalogueKeys] { #expect(try failureKind { _ = try again.labels(keys) } == .key) }
        // Another snapshot's outline does not pass for this one's.
        var moved = value.body
        moved[0] ^= 1
        let other = try Manifest(body: moved)
        #expect(try failureKind { _ = try other.outline(tenant.restoreKeys) } == .damaged)
        #expect(try failureKind { _ = try other.labels(tenant.restoreKeys) } == .damaged)
    }

    @Test func `a flag is zero or one`() throws {
        var random = SeededGenerator(1)
        let decided = DecidedRecord(
            generation: 1, site: random.id(), created: random.time(), names: false, doomed: [], commits: [], segments: [random.segmentKey()])
        let outline = RandomRecords.outline(&random)
        // Where the flags stand: "names", a segment key's "merged" (the lists behind it are empty), "complete".
        let cases: [([UInt8], Int, ([UInt8]) throws -> Void)] = [
            (decided.body, 32, { _ = try DecidedRecord(body: $0) }), (decided.body, decided.body.count - 2, { _ = try DecidedRecord(body: $0) }),
            (outline.encoded, 73, { _ = try Manifest.Outline(decoding: $0) }),
        ]
        let kinds = try cases.map { bytes, at, read in
            var changed = bytes
            #expect(bytes[at] <= 1)
            changed[at] = 2
            return try failureKind { try read(changed) }
        }
        #expect(kinds == [.damaged, .damaged, .damaged])
    }

    @Test(arguments: kinds)
    func `a statement counts as what it is, of its tenant, by its signer, unchanged`(_ kind: Statement.Kind) throws {
        var random = SeededGenerator(UInt64(kind.rawValue))
        let body = random.bytes(1 + random.below(2000))
        let bytes = try tenant.sign(kind, body, by: tenant.node)
        let statement = try Statement(bytes, kind, tenant: tenant.id)
        #expect(statement.body == body && statement.signer == tenant.node.id)
        #expect(statement.signatures.map(\.algorithm) == (kind.isLasting ? [.ed25519, .mldsa65] : [.ed25519]))
        try statement.verify(tenant.node.verifying)
        for key in [tenant.neighbour, tenant.authority, tenant.stranger] {
            #expect(try failureKind { try statement.verify(key.verifying) } == .refused)
        }
        for other in Self.kinds where other != kind { #expect(try failureKind { _ = try Statement(bytes, other, tenant: tenant.id) } == .damaged) }
        #expect(try failureKind { _ = try Statement(bytes, kind, tenant: random.id()) } == .wrongPlace)

        /// With the last hash made anew, as a forger would.
        func forged(_ change: (inout [UInt8]) -> Void) throws -> Failure.Kind? {
            var text = Array(bytes.dropLast(32))
            change(&text)
            return try failureKind { try Statement(text + sha256(text).bytes, kind, tenant: tenant.id).verify(tenant.node.verifying) }
        }
        #expect(try forged { _ in } == nil)
        #expect(try forged { $0[36 + random.below(body.count)] ^= 1 } == .refused)
        // Behind the body: the number of signatures, then algorithm, signer and signature of the first.
        for at in 2..<98 { #expect(try forged { $0[36 + body.count + at] ^= 1 } == .refused, "byte \(at) behind the body") }
        #expect(try forged { $0[8] = 2 } == .format)
        #expect(try forged { $0[10] = 2 } == .format)
        #expect(try forged { $0[13] = 1 } == .damaged)
        var flipped = bytes
        flipped[random.below(bytes.count)] ^= 1
        #expect(try failureKind { _ = try Statement(flipped, kind, tenant: tenant.id) } == .damaged)
    }

    @Test func `a signature of one kind of statement is none of another`() throws {
        var random = SeededGenerator(3)
        let body = random.bytes(100)
        for (kind, other) in [(Statement.Kind.slot, Statement.Kind.session), (.session, .segment), (.condemned, .decided), (.marker, .manifest)] {
            var text = Array(try tenant.sign(kind, body, by: tenant.node).dropLast(32))
            text[12] = other.rawValue
            let statement = try Statement(text + sha256(text).bytes, other, tenant: tenant.id)
            #expect(try failureKind { try statement.verify(tenant.node.verifying) } == .refused)
        }
    }

    @Test func `what must last needs both signatures`() throws {
        let body: [UInt8] = [1, 2, 3]
        for kind in Self.kinds where kind.isLasting {
            var text = Array(try tenant.sign(kind, body, by: tenant.authority).dropLast(32))
            let end = 36 + body.count
            text[end] = 1
            text.removeLast(33 + 3309)  // ML-DSA's
            let statement = try Statement(text + sha256(text).bytes, kind, tenant: tenant.id)
            #expect(statement.signatures.count == 1)
            #expect(try failureKind { try statement.verify(tenant.authority.verifying) } == .refused)
        }
    }

    @Test func `a body that is too large is not signed`() throws {
        let body = [UInt8](repeating: 0, count: (64 << 10) + 1)
        #expect(try failureKind { _ = try tenant.sign(.slot, body, by: tenant.node) } == .failed)
        #expect(try failureKind { _ = try tenant.sign(.slot, Array(body.dropLast()), by: tenant.node) } == nil)
    }

    @Test(arguments: seeds)
    func `a name says one thing in one way`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let (pack, commit, segment, session) = (random.packKey(), random.commitKey(), random.segmentKey(), random.session())
        #expect(PackKey(key: pack.key) == pack && CommitKey(key: commit.key) == commit && SegmentKey(key: segment.key) == segment)
        #expect(SessionID(session.text) == session)
        for name in [pack.key, commit.key, segment.key] {
            var bytes = Array(name.utf8)
            let at = random.below(bytes.count)
            switch random.below(3) {
            case 0: bytes.remove(at: at)
            case 1: bytes.insert(random.pick(Array("0.-/aAc+ ".utf8)), at: at)
            default: bytes[at] = random.pick(Array("0.-/aAc+ ".utf8))
            }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(PackKey(key: text).map { $0.key == text } ?? true, "\(text)")
            #expect(CommitKey(key: text).map { $0.key == text } ?? true, "\(text)")
            #expect(SegmentKey(key: text).map { $0.key == text } ?? true, "\(text)")
        }
    }
}
