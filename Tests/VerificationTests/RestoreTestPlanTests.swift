import Base
import Foundation
import Keys
import Repository
import Restore
import Testing

@testable import Verification

/// Rounds of shares, over snapshots that are lists of keys and sizes: what is restored is decided without any file.
@Suite struct RestoreTestPlanTests {
    private typealias Listed = [(key: [UInt8], size: UInt64)]

    /// One test: its plan, and what it takes of `files`, which are sorted.
    private func test(_ files: Listed, _ share: RestoreTestShare, limit: UInt64? = nil, _ round: RestoreTestRound)
        -> (plan: RestoreTestPlan, taken: [[UInt8]], next: [UInt8]?)
    {
        var round = round
        if !round.isNew, !files.contains(where: { !$0.key.lexicographicallyPrecedes(round.key) }) { round = RestoreTestRound() }
        let before = files.filter { $0.key.lexicographicallyPrecedes(round.key) }.reduce(0) { $0 + $1.size }
        let plan = RestoreTestPlan(share: share, limit: limit, total: files.reduce(0) { $0 + $1.size }, before: before, round: round)
        let range = plan.range ?? RestoreRange()
        var meter = RestoreRange.Meter(range)
        var taken: [[UInt8]] = []
        for file in files where !file.key.lexicographicallyPrecedes(range.from) {
            var entry = Entry(key: file.key, kind: .file, mode: 0o600, uid: 0, gid: 0, mtime: Timestamp(seconds: 0))
            entry.size = file.size
            guard meter.takes(entry) else { return (plan, taken, file.key) }
            taken.append(file.key)
        }
        return (plan, taken, nil)
    }

    private func randomFiles(_ random: inout RandomNumbers, _ count: Int) -> Listed {
        var keys: Set<[UInt8]> = []
        while keys.count < count { keys.insert((0..<1 + random.below(3)).map { _ in UInt8(97 + random.below(26)) }) }
        return keys.sorted { $0.lexicographicallyPrecedes($1) }.map {
            ($0, random.below(4) == 0 ? 0 : UInt64(random.below(10) == 0 ? 5000 : random.below(300)))
        }
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `a round reaches everything once, in at most its number of tests`(_ seed: UInt64) {
        var random = RandomNumbers(seed)
        let files = randomFiles(&random, 1 + random.below(60))
        let share = RestoreTestShare.percent(Double(1 + random.below(99)) + (random.below(2) == 0 ? 0.5 : 0))
        var round = RestoreTestRound()
        var reached: [[UInt8]] = []
        var tests = 0
        repeat {
            let (plan, taken, next) = test(files, share, round)
            reached += taken
            tests += 1
            #expect(!taken.isEmpty && plan.isComplete(next: next, failed: false) == (next == nil))
            round = plan.after(next: next, failed: false)
        } while !round.isNew && tests < 1000
        #expect(reached == files.map(\.key), "seed \(seed)")
        #expect(tests <= Int(share.steps), "seed \(seed): \(tests) of \(share.steps)")
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `though snapshots change, what stays is reached within the bound from any moment on`(_ seed: UInt64) {
        var random = RandomNumbers(seed)
        let stays = randomFiles(&random, 1 + random.below(20))
        let share = RestoreTestShare.percent(Double(2 + random.below(60)))
        let bound = Int(share.steps)
        var round = RestoreTestRound()
        var rounds: [[[UInt8]]] = [[]]
        for _ in 0..<4 * bound {
            // Whatever else is there this time, wherever it lies and however large it is.
            let others = randomFiles(&random, random.below(30)).filter { other in !stays.contains { $0.key == other.key } }
            let files = (stays + others.map { ($0.key, $0.size * (random.below(3) == 0 ? 1000 : 1)) })
                .sorted { $0.key.lexicographicallyPrecedes($1.key) }
            let (plan, taken, next) = test(files, share, round)
            // What the round would have gone on with is gone: it is over.
            if !round.isNew, plan.round.isNew { rounds.append([]) }
            // Nothing has any bytes: all of it at once, whatever a round had reached.
            if plan.range == nil { rounds.removeLast(rounds.count > 1 && !round.isNew ? 2 : 1) }
            if plan.range == nil { rounds.append([]) }
            round = plan.after(next: next, failed: false)
            rounds[rounds.count - 1] += taken
            if round.isNew { rounds.append([]) }
        }
        // Four times the bound is four rounds at least, and each whole one has everything that stays, once.
        #expect(rounds.count > 4, "seed \(seed)")
        for reached in rounds.dropLast() {
            for file in stays { #expect(reached.filter { $0 == file.key }.count == 1, "seed \(seed): \(file.key)") }
        }
    }

    @Test func `whole is one range without an end, and no part of a round`() {
        let (plan, taken, next) = test([([1], 5), ([2], 0)], .whole, RestoreTestRound())
        #expect(plan.range == nil && taken.count == 2 && next == nil)
        #expect(plan.isComplete(next: nil, failed: false) && !plan.isComplete(next: nil, failed: true))
    }

    @Test func `beyond the limit a share of that size is taken`() {
        let files: Listed = (0..<100).map { ([UInt8($0)], 10) }
        #expect(test(files, .whole, limit: 1000, RestoreTestRound()).plan.range == nil)
        var round = RestoreTestRound()
        var tests = 0
        repeat {
            let (plan, taken, next) = test(files, .whole, limit: 240, round)
            #expect(taken.count <= 24)
            round = plan.after(next: next, failed: false)
            tests += 1
        } while !round.isNew
        #expect(tests == 5)
        #expect(test(files, .percent(50), limit: 100, RestoreTestRound()).taken.count == 10)
    }

    @Test func `a failure in a round keeps it from being complete, and the next one begins anew`() {
        let files: Listed = (0..<10).map { ([UInt8($0)], 10) }
        var (plan, _, next) = test(files, .percent(50), RestoreTestRound())
        var round = plan.after(next: next, failed: true)
        (plan, _, next) = test(files, .percent(50), round)
        #expect(next == nil && !plan.isComplete(next: next, failed: false))
        round = plan.after(next: next, failed: false)
        #expect(round == RestoreTestRound())
    }

    @Test func `a round whose place is gone begins anew`() {
        var round = RestoreTestRound()
        (round.key, round.step, round.steps) = ([200], 1, 4)
        #expect(test([([1], 5)], .percent(25), round).taken == [[1]])
    }

    @Test(arguments: [
        ("whole", RestoreTestShare.whole), ("100%", .whole), ("10%", .percent(10)), ("0.5%", .percent(0.5)), ("0%", nil), ("-1%", nil), ("101%", nil),
        ("10", nil), ("%", nil), ("nan%", nil), ("inf%", nil), ("", nil), ("Whole", nil),
    ])
    func `a share is spelled as whole or in per cent`(_ text: String, _ share: RestoreTestShare?) {
        #expect(RestoreTestShare(text) == share)
        if let share { #expect(RestoreTestShare(share.text) == share) }
    }

    @Test func `where a round is survives, sealed, and losing it begins anew`() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/rounds-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (state, domain, source) = (try TenantState(folder: folder), DomainKeys.generate(), ShortID.random())
        let memory = RestoreTestMemory(state, source: source, domain: domain)
        #expect(memory.round == RestoreTestRound())
        var round = RestoreTestRound()
        (round.key, round.step, round.steps, round.hasFailed) = (Array("srv\0patient-dupont".utf8), 3, 10, true)
        try memory.keep(round)
        #expect(memory.round == round)
        let path = folder + "/restore-test-" + source.hex
        let bytes = try #require(try Files.read(path))
        #expect(!String(decoding: bytes, as: UTF8.self).contains("dupont"))
        #expect(RestoreTestMemory(state, source: source, domain: .generate()).round == RestoreTestRound())
        for at in [0, 8, 40, bytes.count - 1] {
            var damaged = bytes
            damaged[at] ^= 1
            try Files.replace(path, damaged)
            #expect(memory.round == RestoreTestRound())
        }
        try Files.replace(path, Array(bytes[..<45]))
        #expect(memory.round == RestoreTestRound())
    }
}

/// The same numbers for the same seed (xorshift).
private struct RandomNumbers {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func below(_ limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return limit == 0 ? 0 : Int((state >> 11) % UInt64(limit))
    }
}
