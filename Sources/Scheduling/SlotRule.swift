import Base

/// What was done of a task's schedule: kept across restarts.
package struct SlotRecord: Sendable, Equatable, Codable {
    /// The last slot that is settled: a run of it ended, well or as well as it will.
    package var settled: Int64?
    /// Tries of the slot after that which failed, and when the next may be.
    package var failures = 0
    package var notBefore: Int64?

    package init() {}
}

/// Which slot of a task is due: a pure rule.
///
/// - A missed slot is made up for once, however many were missed.
/// - A slot is never run twice, also where the clock goes back over it.
/// - A clock that was far in the future when it was believed blocks nothing: a settled slot that is more than a period ahead
///   is taken for the present.
package struct SlotRule: Sendable {
    package let schedule: Schedule
    /// Seconds after the slot at which it runs, so that not everything begins at once.
    package let offset: Int64

    package init(_ schedule: Schedule, offset: Int64 = 0) {
        self.schedule = schedule
        self.offset = offset
    }

    /// An offset that is always the same for `name`: up to a twentieth of the period, ten minutes at most.
    package init(_ schedule: Schedule, name: String) {
        let span = UInt64(min(600, schedule.period / 20))
        // FNV-1a: any hash that stays the same will do.
        let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        self.init(schedule, offset: span == 0 ? 0 : Int64((hash >> 16) % (span + 1)))
    }

    /// The slot that is to be run now; nil when none is. `now`: seconds since 1970 by the wall's clock.
    package func due(_ record: SlotRecord, now: Int64) -> Int64? {
        let slot = schedule.slot(atOrBefore: now - offset)
        guard let settled = settled(record, now) else { return isHeldBack(record, now) ? nil : slot }
        return slot > settled && !isHeldBack(record, now) ? slot : nil
    }

    /// When `due` gives a slot next; never before `now`.
    package func next(_ record: SlotRecord, now: Int64) -> Int64 {
        let slot = settled(record, now).map { schedule.slot(after: $0) } ?? schedule.slot(atOrBefore: now - offset)
        let held = isHeldBack(record, now) ? record.notBefore! : now
        return max(now, slot + offset, held)
    }

    private func settled(_ record: SlotRecord, _ now: Int64) -> Int64? {
        guard let settled = record.settled else { return nil }
        return settled > now + schedule.period ? now : settled
    }

    /// Puts right what a clock that was far ahead left: nothing counts as settled, so that the task is due once more, now. Whether there was anything to
    /// put right.
    package func correct(_ record: inout SlotRecord, now: Int64) -> Bool {
        guard let settled = record.settled, settled > now + schedule.period else { return false }
        record.settled = nil
        return true
    }

    /// Waiting after a failure; not longer than the longest wait, whatever the clock did since.
    private func isHeldBack(_ record: SlotRecord, _ now: Int64) -> Bool {
        guard let notBefore = record.notBefore else { return false }
        return notBefore > now && notBefore - now <= longestWait
    }

    // MARK: what became of a run

    /// The slot is settled. One that lies ahead of `settled` stays where the clock went back.
    package func settle(_ record: inout SlotRecord, slot: Int64) {
        record = SlotRecord()
        record.settled = slot
    }

    /// The run failed: the same slot is tried again, after a time that doubles.
    package func fail(_ record: inout SlotRecord, now: Int64) {
        record.failures += 1
        record.notBefore = now + wait(after: record.failures)
    }

    private var firstWait: Int64 { max(1, min(300, schedule.period / 12)) }
    private var longestWait: Int64 { max(1, min(3_600, schedule.period / 2)) }

    /// Seconds to wait after so many failures: from five minutes to an hour, less where the schedule is short.
    package func wait(after failures: Int) -> Int64 {
        min(longestWait, firstWait << Int64(min(max(failures - 1, 0), 12)))
    }
}
