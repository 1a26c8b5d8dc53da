import Base
import Codec
import Glibc
import Repository
import Testing

@testable import Verification

@Suite struct ScrubStateTests {
    private func packs(_ count: Int) -> [ListedPack] {
        (0..<count).map { number in
            let session = SessionID(generation: 0, random: ShortID(sha256([UInt8(number)])))
            return ListedPack(key: PackKey(digest: sha256([UInt8(number), 1]), session: session), size: 1)
        }
    }

    private func keys(_ packs: [ListedPack]) -> [PackKey] { packs.map(\.key) }

    @Test func newPacksComeFirstThenTheOldest() {
        let packs = packs(4)
        let state = ScrubState(nil, site: .zero)
        state.record(packs[0].key, .good, at: 300, opened: false)
        state.record(packs[1].key, .good, at: 100, opened: false)
        state.record(packs[2].key, .good, at: 200, opened: false)
        let all = state.select(packs, .all, period: 1000, now: 400)
        #expect(keys(all) == keys([packs[3], packs[1], packs[2], packs[0]]))
        #expect(keys(state.select(packs, .due, period: 250, now: 400)) == keys([packs[3], packs[1]]))
        #expect(keys(state.select(packs, .share(percent: 50), period: 1000, now: 400)) == keys([packs[3], packs[1]]))
        #expect(state.select(packs, .none, period: 0, now: 400).isEmpty)
    }

    @Test func whatWasBadIsLookedAtAgainAtOnce() {
        let packs = packs(3)
        let state = ScrubState(nil, site: .zero)
        for pack in packs { state.record(pack.key, .good, at: 100, opened: false) }
        state.record(packs[2].key, .bad, at: 150, opened: false)
        for selection in [ScrubSelection.none, .due, .share(percent: 1)] {
            #expect(keys(state.select(packs, selection, period: 1000, now: 200)) == keys([packs[2]]))
        }
    }

    @Test func aShareComesRoundToEveryPack() {
        let packs = packs(10)
        let state = ScrubState(nil, site: .zero)
        var read: [PackKey] = []
        for turn in 0..<4 {
            for pack in state.select(packs, .share(percent: 25), period: 1000, now: Int64(turn)) {
                read.append(pack.key)
                state.record(pack.key, .good, at: Int64(turn) + 1, opened: false)
            }
        }
        #expect(read.count == 12 && Set(read).count == 10)
    }

    @Test func aClockThatWasWrongProvesNothing() {
        let packs = packs(1)
        let state = ScrubState(nil, site: .zero)
        state.record(packs[0].key, .good, at: 10_000, opened: false)
        #expect(state.select(packs, .due, period: 100, now: 500).count == 1)
        #expect(state.coverage(packs, period: 100, now: 500).verified == 0)
    }

    @Test func coverageCountsWhatIsRecentAndGood() {
        let packs = packs(4)
        let state = ScrubState(nil, site: .zero)
        state.record(packs[0].key, .good, at: 90, opened: false)
        state.record(packs[1].key, .good, at: 10, opened: false)
        state.record(packs[2].key, .bad, at: 95, opened: false)
        let coverage = state.coverage(packs, period: 50, now: 100)
        #expect(coverage.packs == 4 && coverage.verified == 1 && coverage.never == 1 && coverage.oldest == Timestamp(seconds: 10))
        #expect(coverage.share == 0.25)
    }

    @Test func itOutlivesTheProcessAndForgetsWhatIsGone() throws {
        let folder = "/tmp/hdsb-test-" + hexString(randomBytes(8))
        defer { try? removeTree(folder) }
        let tenant = try TenantState(folder: folder)
        let packs = packs(3)
        let first = ScrubState(tenant, site: .zero)
        for (number, pack) in packs.enumerated() { first.record(pack.key, .good, at: Int64(number), opened: number == 1) }
        first.keep(only: [packs[0].key, packs[1].key])
        try first.save()
        let second = ScrubState(tenant, site: .zero)
        #expect(second[packs[1].key] == .init(read: 1, opened: 1, result: .good))
        #expect(second[packs[0].key] == .init(read: 0, opened: 0, result: .good) && second[packs[2].key] == nil)
        // A file that is not whole is as none: everything is read again.
        let path = folder + "/scrub-" + ShortID.zero.hex
        var bytes = try #require(try Files.read(path))
        bytes[30] ^= 1
        try Files.replace(path, bytes)
        #expect(ScrubState(tenant, site: .zero)[packs[1].key] == nil)
    }
}
