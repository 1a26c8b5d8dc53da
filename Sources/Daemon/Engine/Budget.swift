import Base
import Operations

/// What the runs at one time may take together.
struct Budget: Sendable {
    let bytes: UInt64
    let cores: Int
    private(set) var running: [Int64: (cost: JobCost, exclusive: String, since: Double)] = [:]

    init(bytes: UInt64, cores: Int) {
        self.bytes = bytes
        self.cores = cores
    }

    private static let longRun = 6 * 3_600.0

    /// The same runs, under other limits.
    func with(bytes: UInt64, cores: Int) -> Budget {
        var budget = Budget(bytes: bytes, cores: cores)
        budget.running = running
        return budget
    }

    /// Whether one more of that cost fits beside what runs. One alone always does: a budget that is too small makes runs wait for each other,
    /// never for ever. A backup or a restore test waits for its like only: a verification that reads for hours must not make a snapshot late.
    /// One that has run for six hours, the first copy of a large source or a hook that hangs, no longer counts: it must not stop all others.
    func admits(_ cost: JobCost, exclusive: String, at time: Double) -> Bool {
        guard !running.values.contains(where: { $0.exclusive == exclusive }) else { return false }
        let counted = running.values.filter { (!cost.isUrgent || $0.cost.isUrgent) && time - $0.since < Self.longRun }
        if counted.isEmpty { return true }
        let (usedBytes, usedCores) = counted.reduce((0, 0)) { ($0.0 + $1.cost.bytes, $0.1 + $1.cost.cores) }
        return usedBytes + cost.bytes <= bytes && (cost.cores == 0 || usedCores + min(cost.cores, cores) <= cores)
    }

    mutating func take(_ run: Int64, _ cost: JobCost, exclusive: String, at time: Double) { running[run] = (cost, exclusive, time) }
    mutating func give(_ run: Int64) { running[run] = nil }
}
