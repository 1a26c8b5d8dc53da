import Base
import Codec
import Keys
import Sites
import TestSupport
import Testing

@testable import Repository

/// What counts, as docs/FORMAT.md §18 says.
@Suite struct CoordinationTests {
    private static let snapshot = ShortID(Digest(a: 1, b: 1, c: 1, d: 1))

    private static func session(_ generation: UInt32) -> SessionID { SessionID(generation: generation, random: snapshot) }
    private static func commit(_ generation: UInt32) -> CommitKey { CommitKey(snapshot: snapshot, session: session(generation)) }
    private static func segment(_ generation: UInt32, merged: Bool = false) -> SegmentKey {
        SegmentKey(session: session(generation), number: 0, isMerged: merged)
    }

    private static func decision(_ generation: UInt32, commits: [CommitKey] = [], segments: [SegmentKey] = []) -> DecidedRecord {
        DecidedRecord(generation: generation, site: .zero, created: .now(), names: true, doomed: [], commits: commits, segments: segments)
    }

    private static func condemned(_ generation: UInt32, packs: [PackKey] = [], marked: [CommitKey] = []) -> CondemnedRecord {
        CondemnedRecord(generation: generation, site: .zero, created: .now(), packs: packs, marked: marked)
    }

    @Test(
        arguments: [
            // The session's generation, the decision's (0: none), named, whether it counts.
            (0, 0, false, true), (7, 0, false, true),
            (0, 1, false, false), (0, 1, true, true), (1, 1, false, true), (2, 1, false, true),
            (2, 3, false, false), (2, 3, true, true), (3, 3, false, true), (4, 3, false, true), (.max, 3, false, true),
        ] as [(UInt32, UInt32, Bool, Bool)])
    func `a commit or segment counts if its session is not older than the decision, or it is named`(
        _ generation: UInt32, _ decided: UInt32, _ named: Bool, _ counts: Bool
    ) {
        let (commit, segment) = (Self.commit(generation), Self.segment(generation))
        let decision = decided == 0 ? nil : Self.decision(decided, commits: named ? [commit] : [], segments: named ? [segment] : [])
        // An open generation changes nothing about what counts for readers.
        for open in [nil, Self.condemned(decided + 1)] {
            let coordination = Coordination(generation: decided, open: open, decision: decision)
            #expect(coordination.counts(commit) == counts)
            #expect(coordination.counts(segment) == counts)
        }
    }

    @Test(arguments: [(0, 0, true), (0, 1, false), (1, 1, true), (2, 3, false), (3, 3, true), (4, 3, true)] as [(UInt32, UInt32, Bool)])
    func `a pack that no segment lists may be listed again unless a decision may have licensed its end`(
        _ generation: UInt32, _ decided: UInt32, _ may: Bool
    ) {
        let pack = PackKey(digest: Digest(a: 2, b: 2, c: 2, d: 2), session: Self.session(generation))
        let decision = decided == 0 ? nil : Self.decision(decided)
        #expect(Coordination(generation: decided, open: nil, decision: decision).mayRelist(pack) == may)
        // A condemned one does not exist for new sessions.
        let open = Self.condemned(decided + 1, packs: [pack])
        #expect(!Coordination(generation: decided + 1, open: open, decision: decision).mayRelist(pack))
    }

    @Test(
        arguments: [(0, 0, false, false), (5, 0, false, false), (5, 3, false, false), (3, 3, false, false), (1, 3, true, true), (5, 3, true, true)]
            as [(UInt32, UInt32, Bool, Bool)])
    func `a merged segment counts only if it is named`(_ generation: UInt32, _ decided: UInt32, _ named: Bool, _ counts: Bool) {
        let segment = Self.segment(generation, merged: true)
        let decision = decided == 0 ? nil : Self.decision(decided, segments: named ? [segment] : [Self.segment(generation)])
        let coordination = Coordination(generation: decided, open: nil, decision: decision)
        #expect(coordination.counts(segment) == counts)
        #expect(coordination.countsForReuse(segment, committed: [segment.session]) == counts)
    }

    @Test func `a decision that names a commit names no segment of its session, nor another slot of it`() {
        let coordination = Coordination(generation: 3, open: nil, decision: Self.decision(3, commits: [Self.commit(1)]))
        #expect(coordination.counts(Self.commit(1)))
        #expect(!coordination.counts(Self.segment(1)))
        #expect(!coordination.counts(CommitKey(snapshot: .zero, session: Self.session(1))))
        #expect(!coordination.counts(SegmentKey(session: Self.session(1), number: 1)))
    }

    @Test(
        arguments: [
            // The session's generation, the open one (0: none), the decision's, named by it, the session committed, whether it may be reused.
            (0, 0, 0, false, false, true), (2, 0, 0, false, false, true), (2, 0, 2, false, false, true), (1, 0, 2, false, true, false),
            (1, 0, 2, true, false, true),
            (0, 1, 0, false, false, false), (0, 1, 0, false, true, true), (1, 1, 0, false, false, true), (2, 1, 0, false, false, true),
            (2, 3, 2, false, false, false), (2, 3, 2, false, true, true), (2, 3, 2, true, false, true), (3, 3, 2, false, false, true),
            (1, 3, 2, false, true, false), (1, 3, 2, true, false, true),
        ] as [(UInt32, UInt32, UInt32, Bool, Bool, Bool)])
    func `while a generation is open, a writer reuses what older sessions listed only if they ended well`(
        _ generation: UInt32, _ open: UInt32, _ decided: UInt32, _ named: Bool, _ committed: Bool, _ counts: Bool
    ) {
        let segment = Self.segment(generation)
        let coordination = Coordination(
            generation: max(open, decided), open: open == 0 ? nil : Self.condemned(open),
            decision: decided == 0 ? nil : Self.decision(decided, segments: named ? [segment] : []))
        #expect(coordination.countsForReuse(segment, committed: committed ? [segment.session] : [Self.session(77)]) == counts)
    }

    @Test func `a condemned pack does not exist while its generation is open, under that name`() {
        let pack = PackKey(digest: .zero, session: Self.session(1))
        let coordination = Coordination(generation: 2, open: Self.condemned(2, packs: [pack]), decision: nil)
        #expect(coordination.isCondemned(pack))
        #expect(!coordination.isCondemned(PackKey(digest: .zero, session: Self.session(2))))
        #expect(!coordination.isCondemned(PackKey(digest: .zero, session: Self.session(1), attempt: 1)))
        #expect(!Coordination(generation: 2, open: nil, decision: nil).isCondemned(pack))
    }

    @Test func `a base is taken over whole only if the open generation marks it, or it began since`() {
        let open = Coordination(generation: 2, open: Self.condemned(2, marked: [Self.commit(1)]), decision: nil)
        #expect(open.marks(Self.commit(1)) && !open.marks(Self.commit(0)) && open.marks(Self.commit(2)))
        #expect(Coordination(generation: 2, open: nil, decision: nil).marks(Self.commit(2)))
    }

    // MARK: as it is read from a site

    private let site: MemorySite

    init() throws { site = try tenant.memorySite() }

    private func put(
        condemned generation: UInt32, at place: UInt32? = nil, site other: ShortID? = nil, packs: [PackKey] = [], more: [Digest] = [],
        by key: SigningKey = tenant.maintain
    ) throws {
        let record = CondemnedRecord(generation: generation, site: other ?? tenant.sites[0], created: .now(), packs: packs, marked: [], more: more)
        try site.create(CondemnedRecord.key(place ?? generation), tenant.sign(.condemned, record.body, by: key))
    }

    private func put(decided generation: UInt32, names: Bool = true, site other: ShortID? = nil, by key: SigningKey = tenant.maintain) throws {
        let record = DecidedRecord(
            generation: generation, site: other ?? tenant.sites[0], created: .now(), names: names, doomed: [], commits: [], segments: [])
        try site.create(DecidedRecord.key(generation), tenant.sign(.decided, record.body, by: key))
    }

    private func read() throws -> (generation: UInt32, open: UInt32?, decision: UInt32?) {
        let found = try tenant.open(site).coordination()
        return (found.generation, found.open?.generation, found.decision?.generation)
    }

    @Test(
        arguments: [
            // Condemned, decided with names, undone; generation, open, decision.
            ([], [], [], 0, nil, nil), ([1], [], [], 1, 1, nil), ([1], [1], [], 1, nil, 1), ([1, 2], [1], [], 2, 2, 1),
            ([1, 2], [1], [2], 2, nil, 1), ([1], [], [1], 1, nil, nil), ([1], [2], [], 2, nil, 2), ([], [3], [], 3, nil, 3),
            ([1, 2, 3], [1], [2], 3, 3, 1),
        ] as [([UInt32], [UInt32], [UInt32], UInt32, UInt32?, UInt32?)])
    func `the highest generation is open until a decision of that number or above`(
        _ condemned: [UInt32], _ decided: [UInt32], _ undone: [UInt32], _ generation: UInt32, _ open: UInt32?, _ decision: UInt32?
    ) throws {
        for number in condemned { try put(condemned: number) }
        for number in decided { try put(decided: number) }
        for number in undone { try put(decided: number, names: false) }
        let found = try read()
        #expect(found.generation == generation && found.open == open && found.decision == decision)
    }

    @Test func `records without a right, of another site or under another number do not exist`() throws {
        try put(condemned: 1)
        for (number, key) in [tenant.node, tenant.verify, tenant.stranger, tenant.authority].enumerated() {
            try put(condemned: UInt32(number) + 10, by: key)
        }
        try put(condemned: 20, site: tenant.sites[1])
        try put(condemned: 30, at: 31)
        try put(decided: 40, by: tenant.node)
        try put(decided: 41, site: tenant.sites[2])
        try site.create(CondemnedRecord.key(50), [1, 2, 3])
        try site.create("condemned/0000000060.x", [1, 2, 3])
        let repository = try tenant.open(site)
        let found = try repository.coordination()
        #expect(found.generation == 1 && found.open?.generation == 1 && found.decision == nil)
        #expect(repository.voidObjects.count == 9)
    }

    @Test func `further condemned packs stand in lists that are named by their hash`() throws {
        var random = SeededGenerator(1)
        let packs = (0..<4).map { _ in random.packKey() }
        var list = ByteWriter()
        PackList(Array(packs[2...])).write(to: &list)
        let digest = sha256(list.bytes)
        try put(condemned: 1, packs: Array(packs[..<2]), more: [digest])
        #expect(try failureKind { _ = try tenant.open(site).coordination() } == .missing)
        try site.create("lists/" + digest.hex, list.bytes)
        let found = try tenant.open(site).coordination()
        #expect(packs.allSatisfy(found.isCondemned) && !found.isCondemned(random.packKey()))
        try site.overwrite("lists/" + digest.hex, list.bytes + [0])
        #expect(try failureKind { _ = try tenant.open(site).coordination() } == .damaged)
    }
}
