import Scheduling
import Testing

/// A site whose packs are read as the plan says: the oldest first.
private struct ReadSite {
    struct Pack {
        let came: Int64
        var read: Int64?
        let size: Int64
    }
    var packs: [Pack] = []

    /// What `ScrubState.select` does for `.spread`; returns the bytes read.
    mutating func read(_ plan: ReadingPlan, at now: Int64) -> Int64 {
        let order = packs.indices.sorted { (packs[$0].read ?? 0, $0) < (packs[$1].read ?? 0, $1) }
        let count = Int((Double(packs.count) * plan.share).rounded(.up))
        var bytes: Int64 = 0
        for (place, index) in order.enumerated() {
            guard place < count || (packs[index].read ?? 0) < plan.before else { break }
            if let budget = plan.budget, bytes >= budget { break }
            bytes += packs[index].size
            packs[index].read = now
        }
        return bytes
    }

    /// Seconds since the pack that waits longest came or was read.
    func oldest(_ now: Int64) -> Int64 { packs.map { now - ($0.read ?? $0.came) }.max() ?? 0 }
}

@Suite struct ReadingPlanTests {
    private static let day: Int64 = 86_400

    @Test(arguments: 0..<24) func `every pack is read again within the period, new ones soon, through outages and growth`(_ seed: Int) {
        var generator = SplitMix(state: UInt64(seed))
        let period = [7, 30, 90][seed % 3] * Self.day
        let interval = ReadingPlan.interval(period: period)
        var site = ReadSite()
        var last: Int64?
        var now: Int64 = 1_000_000_000
        let end = now + 5 * period
        for _ in 0..<Int.random(in: 1...300, using: &generator) { site.packs.append(.init(came: now, size: 1)) }
        while now < end {
            now += interval
            // The daemon was away, up to a tenth of the period.
            if Int.random(in: 0..<40, using: &generator) == 0 { now += Int64.random(in: 0..<period / 10, using: &generator) }
            for _ in 0..<Int.random(in: 0..<4, using: &generator) { site.packs.append(.init(came: now, size: 1)) }
            #expect(site.oldest(now) <= period, "seed \(seed)")
            _ = site.read(ReadingPlan(period: period, interval: interval, elapsed: last.map { now - $0 }, now: now), at: now)
            last = now
            // New data is not starved: whatever came is read at once, as what was never read is oldest.
            #expect(site.packs.allSatisfy { $0.read != nil }, "seed \(seed)")
        }
    }

    @Test func `reading is spread: no time reads much more than its share once a round is through`() {
        let period = 30 * Self.day
        let interval = ReadingPlan.interval(period: period)
        var site = ReadSite()
        var now: Int64 = 1_000_000_000
        for _ in 0..<3_000 { site.packs.append(.init(came: now, size: 1)) }
        var most: Int64 = 0
        for round in 0..<120 {
            now += interval
            let bytes = site.read(ReadingPlan(period: period, interval: interval, elapsed: interval, now: now), at: now)
            if round > 30 { most = max(most, bytes) }
        }
        #expect(most <= 3_000 * interval * 3 / period)
    }

    @Test func `a budget that suffices keeps the promise, one that does not is known by the rate needed`() {
        let period = 30 * Self.day
        let interval = ReadingPlan.interval(period: period)
        let size: Int64 = 32 << 20
        var site = ReadSite()
        var now: Int64 = 1_000_000_000
        // A year's packs, of which none is due at once.
        for index in 0..<1_000 { site.packs.append(.init(came: now, read: now - Int64(index) * period / 1_100, size: size)) }
        let needed = ReadingPlan.rateNeeded(bytes: UInt64(1_000 * size), period: period)
        for _ in 0..<90 {
            now += interval
            let plan = ReadingPlan(period: period, interval: interval, elapsed: interval, now: now, rate: Int64(needed * 1.05) + 1)
            let bytes = site.read(plan, at: now)
            #expect(bytes <= plan.budget! + size)
            #expect(site.oldest(now) <= period)
        }
    }
}
