import Base
import Synchronization

/// What a running task tells about itself: one line on the terminal, redrawn five times a second at most.
///
/// Any thread may call any function; `add` costs a few nanoseconds when nothing is to be drawn. The line
/// stays until `finish`.
package final class ProgressLine: Sendable {
    private let label: Mutex<String>
    private let bytes = Atomic<UInt64>(0)
    private let newBytes = Atomic<UInt64>(0)
    private let items = Atomic<UInt64>(0)
    /// One more than the total; zero where it is not known.
    private let total: Atomic<UInt64>
    private let meter: Mutex<RateMeter>
    /// Where it is listed, and, where it is shown, drawn.
    private let keeper: Console
    private let console: Console?

    init(_ label: String, total: UInt64?, start: Double, keeper: Console, isShown: Bool) {
        self.label = Mutex(label)
        self.total = Atomic(total.map { $0 &+ 1 } ?? 0)
        self.keeper = keeper
        console = isShown ? keeper : nil
        meter = Mutex(RateMeter(start: start))
    }

    /// Counts work that was done: bytes read, those of them that were not stored yet, and entries.
    package func add(bytes: Int = 0, new: Int = 0, items: Int = 0) {
        if bytes > 0 { self.bytes.wrappingAdd(UInt64(bytes), ordering: .relaxed) }
        if new > 0 { newBytes.wrappingAdd(UInt64(new), ordering: .relaxed) }
        if items > 0 { self.items.wrappingAdd(UInt64(items), ordering: .relaxed) }
        console?.drawIfDue()
    }

    /// Says how many bytes there will be in all, once that is known; nil where it no longer is.
    package func expect(_ bytes: UInt64?) {
        total.store(bytes.map { $0 &+ 1 } ?? 0, ordering: .relaxed)
        console?.drawIfDue()
    }

    /// Changes the name of the task: `label` is one line, fit for a terminal (see `printable`).
    package func rename(_ label: String) {
        self.label.withLock { $0 = label }
        console?.drawIfDue()
    }

    /// Takes the line away. Counting goes on, unseen.
    package func finish() { keeper.remove(self) }

    var workerProgress: WorkerProgress {
        let counts = counts
        var progress = WorkerProgress()
        progress.label = label.withLock { $0 }
        (progress.bytes, progress.total, progress.newBytes, progress.items) = (counts.bytes, counts.total, counts.newBytes, counts.items)
        return progress
    }

    /// What was counted so far.
    package var counts: ProgressCounts {
        let total = total.load(ordering: .relaxed)
        return ProgressCounts(
            bytes: bytes.load(ordering: .relaxed), total: total == 0 ? nil : total &- 1,
            newBytes: newBytes.load(ordering: .relaxed), items: items.load(ordering: .relaxed))
    }

    func text(_ language: Language, now: Double, columns: Int) -> String {
        let counts = counts
        let rate = meter.withLock { $0.rate(at: now, bytes: counts.bytes) }
        return counts.text(label.withLock { $0 }, rate: rate, language, columns: columns)
    }
}

/// How far a task is.
package struct ProgressCounts: Sendable, Equatable {
    package var bytes: UInt64
    package var total: UInt64?
    package var newBytes: UInt64
    package var items: UInt64

    /// The line of progress; the parts that matter less go first where `columns` are few. Pure.
    func text(_ label: String, rate: Double?, _ language: Language, columns: Int) -> String {
        var parts: [String] = []
        if let total {
            parts.append("\(language.size(bytes)) / \(language.size(total))")
            // Rounded down, so that 100 % means all of it; in floating point, as 100 times a size may overflow.
            if total > 0 { parts.append(Message.percent(bytes >= total ? 100 : min(99, Int(Double(bytes) / Double(total) * 100))).text(language)) }
        } else {
            parts.append(language.size(bytes))
        }
        if let rate, rate > 0 {
            parts.append(language.rate(bytesPerSecond: rate))
            if let total, total > bytes {
                parts.append(Message.progressLeft(language.duration(seconds: Double(total - bytes) / rate)).text(language))
            }
        }
        if newBytes > 0 { parts.append(Message.progressNew(language.size(newBytes)).text(language)) }
        if items > 0 { parts.append(Message.progressItems(language.count(items), one: items == 1).text(language)) }
        var line = truncated(label, columns: max(8, columns / 2))
        for part in parts {
            let longer = line + "  " + part
            guard displayWidth(longer) <= columns else { break }
            line = longer
        }
        return truncated(line, columns: columns)
    }
}

/// Bytes a second over the last ten seconds.
struct RateMeter: Sendable {
    private static let window = 10.0
    private var samples: [(time: Double, bytes: UInt64)]

    init(start: Double) { samples = [(start, 0)] }

    /// Takes a sample and gives the rate; nil in the first second.
    mutating func rate(at now: Double, bytes: UInt64) -> Double? {
        // One sample from before the window stays, as its edge.
        while samples.count > 1, samples[1].time <= now - Self.window { samples.removeFirst() }
        let first = samples[0]
        // Every half second is enough, and bounds the list.
        if now - samples[samples.count - 1].time >= 0.5 { samples.append((now, bytes)) }
        guard now - first.time >= 1, bytes >= first.bytes else { return nil }
        return Double(bytes - first.bytes) / (now - first.time)
    }
}
