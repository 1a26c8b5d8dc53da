import Base
import Glibc
import Keys
import Replication
import Repository
import Restore
import Sites
import Testing

@testable import Verification

/// The test as a whole, with a clock of its own, on sites in memory.
@Suite struct RestoreTestTests {
    let sample: SampleTenant
    let sites: [MemorySite]
    private let place: String

    init() throws {
        sample = try SampleTenant(hasRecipient: false)
        sites = try ["one", "two"].map(sample.memorySite)
        place = sample.scratch + "/place"
        let files = (0..<8).map { SampleTenant.File(name: "file-\($0)", content: noise(100 << 10, seed: UInt64($0 + 1))) }
        try sample.take(files, at: sites)
    }

    /// A test whose restore takes `seconds` by its clock.
    private func test(
        _ chosen: [any Site]? = nil, seconds: Double = 2, check: SourceCheck? = nil, promised: UInt64? = nil, paths: [[UInt8]] = [[0x2F]],
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws -> RestoreTest {
        let open = try (chosen ?? sites).map { try sample.open($0, keys: sample.restoreKeys) }
        let snapshot = try #require(Snapshots.list(open, keys: sample.restoreKeys) { _ in }.last)
        var subject = RestoreTest.Subject(snapshot: snapshot, sourceName: "sample")
        (subject.paths, subject.check, subject.promised) = (paths, check, promised)
        let time = Monitor(0.0)
        return RestoreTest(
            reader: BlobReader(sites: open, keys: sample.restoreKeys, domain: sample.domain.domain), subject: subject, place: place,
            now: { Timestamp(seconds: 1_800_000_000) },
            clock: {
                time.look { time in
                    defer { time += seconds }
                    return time
                }
            }, isCancelled: isCancelled)
    }

    private func run(_ test: RestoreTest, _ share: RestoreTestShare = .whole, limit: UInt64? = nil, _ round: RestoreTestRound = .init()) throws
        -> RestoreTest.Outcome
    {
        let outcome = try test.run(test.plan(share: share, limit: limit, round: round))
        #expect(try Files.names(place) == [], "the scratch folder stays")
        return outcome
    }

    @Test func `a good test says what it did, and by the clock that it was given`() throws {
        let outcome = try run(test(promised: 2))
        let sheet = outcome.sheet
        #expect(sheet.result == .good && outcome.status == .done && outcome.details.isEmpty)
        #expect(sheet.restoreTime == 2000 && sheet.wholeTime == 2000 && sheet.promised == 2)
        #expect(sheet.started == Timestamp(seconds: 1_800_000_000) && sheet.finished == sheet.started)
        #expect(sheet.files == 8 && sheet.bytes == 800 << 10 && sheet.from == 0 && sheet.to == RestoreSheet.whole && sheet.isRoundComplete)
        #expect(sheet.sites == ["one"] && sheet.comparison.compared == 8)
        #expect(sheet.live == .init(.skipped, "elsewhere") && sheet.check == .init(.skipped, "none"))
    }

    @Test func `a promise that a whole restore would break is late, be it scaled`() throws {
        #expect(try run(test(promised: 1)).sheet.result == .late)
        #expect(try run(test(promised: 1)).status == .partial)
        let part = try run(test(promised: 7), .percent(25))
        #expect(part.sheet.restoreTime == 2000 && part.sheet.wholeTime == 8000 && part.sheet.result == .late)
        #expect(try run(test(promised: 8), .percent(25)).sheet.result == .good)
    }

    @Test func `shares follow each other to the end of a round`() throws {
        var (round, sheets): (RestoreTestRound, [RestoreSheet]) = (.init(), [])
        repeat {
            let outcome = try run(test(), .percent(30), round)
            sheets.append(outcome.sheet)
            round = try #require(outcome.round)
        } while !round.isNew && sheets.count < 10
        #expect(sheets.count == 3 && sheets.map(\.isRoundComplete) == [false, false, true])
        #expect(sheets.map(\.from).dropFirst() == sheets.map(\.to).dropLast() && sheets[2].to == RestoreSheet.whole)
        #expect(sheets.reduce(0) { $0 + $1.files } == 8)
        #expect(try run(test(), .whole, limit: 300 << 10).sheet.files == 3)
    }

    @Test func `damage at the only site fails it, and another site heals it`() throws {
        for key in try sites[0].keys("packs/") { try sites[0].tamper(key) { $0[$0.count / 3] ^= 1 } }
        let alone = try run(test([sites[0]]))
        #expect(alone.sheet.result == .failed && alone.sheet.restored.outcome == .failed && alone.status == .damaged)
        #expect(alone.sheet.exitStatus == .damaged && !alone.sheet.isRoundComplete && !alone.details.isEmpty)
        let healed = try run(test())
        #expect(healed.sheet.result == .good && healed.sheet.healed > 0 && healed.sheet.sites == ["one", "two"])
    }

    @Test func `a failed share keeps its round from being complete, and the round goes on`() throws {
        for key in try sites[0].keys("packs/") { try sites[0].tamper(key) { $0[$0.count / 3] ^= 1 } }
        let outcome = try run(test([sites[0]]), .percent(50))
        #expect(outcome.round?.hasFailed == true && outcome.round?.step == 1)
        let last = try run(test(), .percent(50), #require(outcome.round))
        #expect(last.sheet.result == .good && last.sheet.to == RestoreSheet.whole && !last.sheet.isRoundComplete)
    }

    @Test func `a site that fell silent fails it without being called damage, and the round stays where it is`() throws {
        let silent = FaultySite(sites[0])
        let test = try test([silent])
        let plan = try test.plan(share: .percent(50), limit: nil, round: .init())
        silent.setHook { act, key in if act == .read, key.hasPrefix("packs/") { throw Failure(.unreachable, .system("reach", "test")) } }
        let outcome = try test.run(plan)
        #expect(outcome.sheet.result == .failed && outcome.sheet.restored.reason == "unreachable" && outcome.status == .unreachable)
        #expect(outcome.sheet.exitStatus == .unreachable && outcome.round == nil)
    }

    @Test func `a check gets the place and the scratch folder, and its end decides`() throws {
        let words = [
            "sh", "-c", "test -d \"$1\" && test \"$1\" = \"$HDSBACKUP_RESTORED\" && ls \"$HDSBACKUP_SCRATCH/files/file-0\"", "-", "{restored}",
        ]
        let good = try run(test(check: SourceCheck(words: words)))
        #expect(good.sheet.check.outcome == .good && String(decoding: good.checkOutput, as: UTF8.self).contains("file-0"))
        let bad = try run(test(check: SourceCheck(words: ["sh", "-c", "yes | head -c 100000; exit 7"])))
        #expect(bad.sheet.check == .init(.failed, "status") && bad.checkOutput.count == 4096 && bad.status == .failed)
        #expect(bad.sheet.result == .failed && bad.sheet.comparison.outcome == .good)
        let slow = try run(test(check: SourceCheck(words: ["sleep", "60"], timeout: 0.3)))
        #expect(slow.sheet.check == .init(.failed, "time"))
        #expect(try run(test(check: SourceCheck(words: ["true"])), .percent(50)).sheet.check == .init(.skipped, "share"))
    }

    @Test func `a check that leaves something running behind is not waited for`() throws {
        let begun = monotonicSeconds()
        let outcome = try run(test(check: SourceCheck(words: ["sh", "-c", "sleep 30 & echo started"])))
        #expect(outcome.sheet.check.outcome == .good && monotonicSeconds() - begun < 20)
    }

    @Test func `one that is interrupted says nothing and leaves nothing`() throws {
        let test = try test(isCancelled: { true })
        let plan = try test.plan(share: .whole, limit: nil, round: .init())
        #expect(throws: Failure.self) { try test.run(plan) }
        #expect(try Files.names(place) == [])
    }
}
