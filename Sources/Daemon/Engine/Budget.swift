import Base
import Operations

/// What the runs at one time may take together.
struct Budget: Sendable {
    let bytes: UInt64
    let cores: Int
    private(set) var running: [Int64: (cost: JobCost, exclusive: String)] = [:]

    init(bytes: UInt64, cores: Int) {
        self.bytes = bytes
        self.cores = cores
    }

    /// The same runs, under other limits.
    func with(bytes: UInt64, cores: Int) -> Budget {
        var budget = Budget(bytes: bytes, cores: cores)
        budget.running = running
        return budget
    }

    /// Whether one more of that cost fits beside what runs. One alone always does: a budget that is too small makes runs wait for each other,
    /// never for ever.
    func admits(_ cost: JobCost, exclusive: String) -> Bool {
        guard !running.values.contains(where: { $0.exclusive == exclusive }) else { return false }
        if running.isEmpty { return true }
        let (usedBytes, usedCores) = running.values.reduce((0, 0)) { ($0.0 + $1.cost.bytes, $0.1 + $1.cost.cores) }
        return usedBytes + cost.bytes <= bytes && (cost.cores == 0 || usedCores + min(cost.cores, cores) <= cores)
    }

    mutating func take(_ run: Int64, _ cost: JobCost, exclusive: String) { running[run] = (cost, exclusive) }
    mutating func give(_ run: Int64) { running[run] = nil }
}
