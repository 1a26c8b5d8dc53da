import Base
import Codec
import Keys
import Maintenance
import Repository
import Sites
import TestSupport
import Testing

@Suite struct CollectorTests {
    @Test func `what no snapshot needs goes, and what one needs stays`() throws {
        let depot = try Depot()
        let (a, b) = (depot.ids(3), depot.ids(3))
        let old = try depot.snapshot(a + b, storing: [a, b])
        let new = try depot.snapshot(b, storing: [])
        try depot.forget([old.id])
        let report = try depot.collect()
        #expect(report.state == .swept && report.exit == .done)
        #expect(try depot.packs() == Set([old.packs[1]] + new.packs))
        #expect(report.deletedPacks == 2 && report.deletedBytes == UInt64(2 * PackLimits.step))
        #expect(try depot.missing(b + [new.root]).isEmpty)
        #expect(try depot.collect().state == .nothing, "a second round finds nothing")
    }

    @Test func `a quarantine holds what is condemned, an undo brings it back, and later it goes`() throws {
        let depot = try Depot()
        let a = depot.ids(2)
        let old = try depot.snapshot(a, storing: [a])
        try depot.snapshot([], storing: [])
        try depot.forget([old.id])
        let week: Int64 = 7 * 86_400
        let first = try depot.collect { $0.quarantine = week }
        #expect(first.state == .condemned && first.condemnedPacks == 2 && first.deletedPacks == 0)
        #expect(try depot.repository.coordination().isCondemned(old.packs[0]))
        #expect(try depot.collect { $0.quarantine = week }.state == .condemned)
        #expect(try depot.collector(depot.options()).undo().state == .undone)
        #expect(try !depot.repository.coordination().isCondemned(old.packs[0]))
        #expect(throws: Failure.self) { try depot.collector(depot.options()).undo() }
        try depot.collect { $0.quarantine = week }
        let end = Timestamp.now().seconds + week
        let last = try depot.collect { ($0.quarantine, $0.now) = (week, { end }) }
        #expect(last.state == .swept && last.deletedPacks == 2)
    }

    @Test func `a dry run says what the run does, and changes nothing`() throws {
        let depot = try Depot()
        let (a, b) = (depot.ids(4), depot.ids(4))
        let old = try depot.snapshot(a, storing: [a])
        try depot.snapshot([a[0]] + b, storing: [b])
        try depot.forget([old.id])
        let before = try depot.site.keys("")
        let dry = try depot.collect { ($0.isDry, $0.liveShare, $0.packBytes) = (true, 2, 1 << 20) }
        #expect(try depot.site.keys("") == before)
        let run = try depot.collect { ($0.liveShare, $0.packBytes) = (2, 1 << 20) }
        #expect(dry.condemnedPacks == run.condemnedPacks && dry.condemnedBytes == run.condemnedBytes)
        #expect(dry.doomedPacks == run.doomedPacks && dry.compactedPacks == run.compactedPacks)
    }

    @Test func `compaction copies what is alive, as it is sealed`() throws {
        let depot = try Depot()
        let chunks = (0..<8).map { _ in depot.ids(10) }
        let old = try depot.snapshot(chunks.flatMap { $0 }, storing: chunks)
        let alive = chunks.map { $0[0] }
        let new = try depot.snapshot(alive, storing: [])
        try depot.forget([old.id])
        let report = try depot.collect { $0.liveShare = 0.9 }
        #expect(report.compactedPacks >= 8)
        #expect(try depot.missing(alive + [new.root]).isEmpty)
        #expect(try depot.packs().isDisjoint(with: old.packs))
        #expect(try depot.packs().count <= 2)
        let again = try depot.collect { $0.liveShare = 0.9 }
        #expect(again.compactedPacks == 0 && again.state == .nothing, "it does not go round for ever")
    }

    @Test func `nothing is condemned or decided while something that is needed is missing`() throws {
        let depot = try Depot()
        let (a, b, c) = (depot.ids(2), depot.ids(2), depot.ids(2))
        let old = try depot.snapshot(a + b, storing: [a, b])
        try depot.snapshot(b, storing: [])
        let other = try depot.snapshot(c, storing: [c])
        try depot.forget([old.id])
        let lost = try depot.site.read(other.packs[0].key, limit: 1 << 20)
        try depot.site.delete(other.packs[0].key)
        let report = try depot.collect()
        #expect(report.state == .blocked && report.exit == .damaged && report.condemnedPacks == 0)
        #expect(try depot.repository.coordination().generation == 0)
        try depot.site.create(other.packs[0].key, lost)
        try depot.collect { $0.quarantine = 86_400 }
        try depot.site.delete(other.packs[0].key)
        #expect(try depot.collect().state == .blocked)
        #expect(try depot.packs().contains(old.packs[0]))
        try depot.site.create(other.packs[0].key, lost)
        #expect(try depot.collect().state == .swept)
        #expect(try !depot.packs().contains(old.packs[0]))
    }

    @Test func `a copy that another node is said to have excuses none`() throws {
        let depot = try Depot()
        let a = depot.ids(2)
        let honest = try depot.snapshot(a, storing: [a])
        // The neighbour seals something under the same ids.
        let theirs = try depot.begin(depot.tenant.neighbour)
        try depot.store([depot.pack(a, blobBytes: 41)], by: theirs, writer: depot.tenant.neighbour)
        theirs.abandon()
        try depot.collect()
        #expect(try depot.packs().isSuperset(of: honest.packs))
    }

    @Test func `what a node adds later never takes the place of what it had`() throws {
        let depot = try Depot()
        let a = depot.ids(20)
        let honest = try depot.snapshot(a, storing: [a])
        func plant(_ bytes: Int) throws -> [PackKey] {
            let session = try depot.begin()
            defer { session.abandon() }
            return try depot.store([depot.pack(a, blobBytes: bytes)], by: session)
        }
        // Since the last decision nobody can tell which was first: both stay.
        let early = try plant(12_000)
        try depot.collect { $0.liveShare = 0.99 }
        #expect(try depot.packs().isSuperset(of: [honest.packs[0]] + early))
        // A decision names what is there; what comes then goes.
        try depot.collect { $0.segmentsOfASize = 1 }
        let late = try plant(12_500)
        let report = try depot.collect { $0.liveShare = 0.99 }
        #expect(report.deletedPacks >= 1)
        #expect(try depot.packs().isSuperset(of: [honest.packs[0]] + early))
        #expect(try !depot.packs().contains(late[0]))
    }

    @Test func `neither its own abandon nor another session's fence ends a snapshot that was committed`() throws {
        let depot = try Depot()
        let a = depot.ids(2)
        let snapshot = try depot.snapshot(a, storing: [a])
        _ = try depot.repository.commits(depot.repository.coordination()).map { try depot.repository.manifest($0) }
        let key = try #require(try depot.site.keys("commits/").compactMap { CommitKey(key: $0) }.first)
        try depot.site.delete(key.key)
        let abandon = SlotRecord(key: key, site: depot.tenant.sites[0], outcome: .abandon)
        try depot.site.create(key.key, depot.tenant.sign(.slot, abandon.body, by: depot.tenant.node))
        try depot.collect()
        #expect(try depot.packs() == Set(snapshot.packs))
        // A foreign session that names the snapshot is fenced; its own slot is rubbish.
        try depot.site.delete(key.key)
        try depot.site.create(key.key, Array("rubbish".utf8))
        _ = try depot.begin(depot.tenant.neighbour, snapshot: snapshot.id)
        try depot.collect { $0.segmentsOfASize = 1 }
        try depot.collect()
        #expect(try depot.packs() == Set(snapshot.packs))
    }

    @Test func `lost coordination stops a collection, whatever this machine remembers`() throws {
        let depot = try Depot()
        let (a, b) = (depot.ids(2), depot.ids(2))
        let one = try depot.snapshot(a, storing: [a])
        let two = try depot.snapshot(b, storing: [b])
        try depot.collect { $0.segmentsOfASize = 1 }
        for folder in ["commits/", "condemned/", "decided/", "sessions/"] { for key in try depot.site.keys(folder) { try depot.site.delete(key) } }
        let stranger = try Depot.forgetful(depot)
        let failure = #expect(throws: Failure.self) { try stranger.run() }
        #expect(failure?.kind == .refused)
        #expect(try depot.packs() == Set(one.packs + two.packs))
    }

    @Test func `a decision that was put over makes nobody's packs of what it named`() throws {
        let depot = try Depot()
        let (a, b) = (depot.ids(2), depot.ids(2))
        let one = try depot.snapshot(a, storing: [a])
        let two = try depot.snapshot(b, storing: [b])
        try depot.collect { $0.segmentsOfASize = 1 }
        for key in try depot.site.keys("commits/") + depot.site.keys("decided/") {
            try depot.site.delete(key)
            try depot.site.create(key, Array("rubbish".utf8))
        }
        _ = try? depot.collect()
        _ = try? depot.collect()
        #expect(try depot.packs() == Set(one.packs + two.packs))
    }

    @Test func `a repaired pack is kept, and not the damaged one in its place`() throws {
        let depot = try Depot()
        let a = depot.ids(2)
        let snapshot = try depot.snapshot(a, storing: [a])
        try depot.collect { $0.segmentsOfASize = 1 }
        let bytes = try depot.site.read(snapshot.packs[0].key, limit: 1 << 20)
        let session = try WriterSession.begin(
            repository: depot.repository, snapshot: .random(), purpose: .replicate, domain: depot.tenant.domain.domain, signer: depot.tenant.maintain)
        let rows = depot.pack(a).rows
        let copy = try bytes.withUnsafeBytes { try session.store(pack: snapshot.packs[0].digest, $0) }
        _ = try session.store(
            segment: [StoredPack(key: copy, writer: depot.tenant.node.id, rows: rows)],
            key: .catalogue(depot.tenant.domain.catalogue, tenant: depot.tenant.id))
        session.abandon()
        let collector = try depot.collector(depot.options(), damaged: [snapshot.packs[0]])
        _ = try collector.run()
        #expect(try depot.packs().contains(copy))
    }

    @Test func `a slot that somebody made up does not end another's session`() throws {
        let depot = try Depot()
        let a = depot.ids(2)
        let old = try depot.snapshot(a, storing: [a])
        let session = try depot.begin()
        let made = CommitKey(snapshot: .random(), session: session.id)
        try depot.site.create(made.key, Array("rubbish".utf8))
        try depot.forget([old.id])
        #expect(try depot.collect { $0.patience = 3600 }.waitingFor == [session.id.text])
        #expect(try depot.collect().fenced > 0)
        #expect(try depot.repository.statement(session.slot.key, .slot).signer == depot.tenant.maintain.id)
    }

    @Test func `a page of one node keeps alive what another's page of that id leaves out`() throws {
        let depot = try Depot()
        let a = depot.ids(2)
        let honest = try depot.snapshot(a, storing: [a])
        let theirs = try depot.begin(depot.tenant.neighbour)
        try depot.store([depot.pack([], pages: [(honest.root, [])])], by: theirs, writer: depot.tenant.neighbour)
        theirs.abandon()
        try depot.collect()
        #expect(try depot.missing(a + [honest.root]).isEmpty)
    }

    @Test func `a segment that says more than the pack's own directory makes nothing go`() throws {
        let depot = try Depot()
        let (a, x) = (depot.ids(2), depot.ids(1))
        let honest = try depot.snapshot(a + x, storing: [a, x])
        // The neighbour lists x in a pack that does not hold it.
        let theirs = try depot.begin(depot.tenant.neighbour)
        let pack = depot.pack(depot.ids(1))
        let key = try theirs.store(pack: pack)
        let lie = PackRow(id: x[0], kind: .data, keyBlock: 1, ordinal: 9, offset: 64, length: 40, references: [])
        _ = try theirs.store(
            segment: [StoredPack(key: key, writer: depot.tenant.neighbour.id, rows: pack.rows + [lie])],
            key: .catalogue(depot.tenant.domain.catalogue, tenant: depot.tenant.id))
        theirs.abandon()
        let report = try depot.collect()
        #expect(report.void.contains { $0.object?.contains(key.key) ?? false })
        #expect(try depot.packs().isSuperset(of: honest.packs))
        #expect(report.state != .blocked)
    }

    @Test func `a signed manifest keeps its packs although its commit was taken away`() throws {
        let depot = try Depot()
        let a = depot.ids(2)
        let snapshot = try depot.snapshot(a, storing: [a])
        for key in try depot.site.keys("commits/") { try depot.site.delete(key) }
        try depot.collect()
        #expect(try depot.packs() == Set(snapshot.packs))
    }

    @Test func `numbers that somebody squats stop nothing`() throws {
        let depot = try Depot()
        let a = depot.ids(2)
        let old = try depot.snapshot(a, storing: [a])
        try depot.snapshot([], storing: [])
        try depot.forget([old.id])
        try depot.site.create(CondemnedRecord.key(1), Array("rubbish".utf8))
        try depot.collect { $0.quarantine = 86_400 }
        let open = try #require(try depot.repository.coordination().open)
        #expect(open.generation == 2)
        try depot.site.create(DecidedRecord.key(2), Array("rubbish".utf8))
        let report = try depot.collect()
        #expect(report.state == .swept && report.deletedPacks == 2)
    }

    @Test func `an index that is gone is made again from the packs`() throws {
        let depot = try Depot()
        let (a, b) = (depot.ids(3), depot.ids(3))
        let old = try depot.snapshot(a + b, storing: [a, b])
        let new = try depot.snapshot(b, storing: [])
        try depot.forget([old.id])
        for isDecided in [false, true] {
            if isDecided { #expect(try depot.collect().state == .swept) }
            for key in try depot.site.keys("index/") { try depot.site.delete(key) }
            #expect(try depot.collect().state == .blocked)
            let report = try depot.collector(depot.options()).rebuildIndex()
            #expect(report.state == .rebuilt && report.exit == .done)
            #expect(try depot.missing(b + [new.root]).isEmpty)
        }
        #expect(try depot.collect().exit == .done)
        #expect(try depot.missing(b + [new.root]).isEmpty)
    }

    @Test func `what coordinates is made again from signed manifests`() throws {
        let depot = try Depot()
        let (a, b) = (depot.ids(2), depot.ids(2))
        let kept = try depot.snapshot(a, storing: [a])
        let broken = try depot.snapshot(b, storing: [b])
        try depot.site.delete(broken.packs[0].key)
        #expect(throws: Failure.self) { try depot.collector(depot.options()).rebuildCoordination() }
        for folder in ["commits/", "sessions/", "condemned/", "decided/"] { for key in try depot.site.keys(folder) { try depot.site.delete(key) } }
        let report = try depot.collector(depot.options()).rebuildCoordination()
        #expect(report.committed == 1 && report.blocked.count == 1)
        #expect(try depot.repository.commits(depot.repository.coordination()).map(\.key.snapshot) == [kept.id])
    }

    @Test func `many small segments become one`() throws {
        let depot = try Depot()
        var all: [Digest] = []
        for _ in 0..<10 {
            let chunk = depot.ids(1)
            all += chunk
            try depot.snapshot(chunk, storing: [chunk])
        }
        let report = try depot.collect()
        #expect(report.mergedSegments == 10)
        #expect(try depot.site.keys("index/").count == 1)
        #expect(try depot.missing(all).isEmpty)
        #expect(try depot.collect().state == .nothing)
    }

    @Test func `caches that are gone or damaged change nothing`() throws {
        let depot = try Depot()
        let (a, b) = (depot.ids(3), depot.ids(3))
        let old = try depot.snapshot(a + b, storing: [a, b])
        try depot.snapshot(b, storing: [])
        try depot.collect { $0.segmentsOfASize = 1 }
        try depot.forget([old.id])
        for folder in [depot.scratch.path + "/collect", depot.scratch.path + "/state"] {
            for name in try Files.names(folder) {
                for inner in (try? Files.names(folder + "/" + name)) ?? [] where inner != "lock" {
                    try? Files.replace(folder + "/" + name + "/" + inner, [1, 2, 3])
                }
            }
        }
        #expect(try depot.collect().state == .swept)
        #expect(try depot.missing(b).isEmpty)
    }
}
