import Base

/// When something runs by itself: `every 6h`, `daily at 02:00`, `weekly on sunday at 03:00`, `monthly on 1 at 04:00`; local time.
///
/// Its moments are the *slots*. What is planned, done and late is told by slots, so that a clock that jumps, a night with 25 hours
/// or a machine that was off neither loses a run nor gives one twice.
package struct Schedule: Sendable, Hashable {
    package enum Rule: Sendable, Hashable {
        /// At the multiples of so many seconds since 1970.
        case every(Int64)
        /// Minutes after midnight.
        case daily(minute: Int)
        /// 0 is Sunday.
        case weekly(weekday: Int, minute: Int)
        /// The last day of a month that is too short.
        case monthly(day: Int, minute: Int)
    }

    package let rule: Rule

    package init(_ rule: Rule) { self.rule = rule }

    private static let weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]

    /// Nil for what is none of the four forms. `every` takes one second to 366 days: a whole number of `s`, `m`, `h`, `d` or `w`.
    package init?(_ text: String) {
        let words = text.split(separator: " ").map(String.init)
        switch words.first {
        case "every":
            guard words.count == 2, let seconds = Self.seconds(words[1]), (1...366 * 86_400).contains(seconds) else { return nil }
            rule = .every(seconds)
        case "daily":
            guard words.count == 3, words[1] == "at", let minute = Self.minute(words[2]) else { return nil }
            rule = .daily(minute: minute)
        case "weekly":
            guard words.count == 5, words[1] == "on", words[3] == "at", let minute = Self.minute(words[4]),
                let weekday = Self.weekdays.firstIndex(of: words[2].lowercased())
            else { return nil }
            rule = .weekly(weekday: weekday, minute: minute)
        case "monthly":
            guard words.count == 5, words[1] == "on", words[3] == "at", let minute = Self.minute(words[4]), let day = Int(words[2]),
                (1...31).contains(day)
            else { return nil }
            rule = .monthly(day: day, minute: minute)
        default: return nil
        }
    }

    private static func seconds(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Int64(text.dropLast()), number > 0 else { return nil }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : seconds
    }

    private static func minute(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else { return nil }
        guard let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60 else { return nil }
        return hour * 60 + minute
    }

    /// As `init(_:)` reads it.
    package var text: String {
        func clock(_ minute: Int) -> String { "\(minute / 600)\(minute / 60 % 10):\(minute % 60 / 10)\(minute % 10)" }
        switch rule {
        case .every(let seconds):
            let (unit, length) = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)].first { seconds % $0.1 == 0 }!
            return "every \(seconds / length)\(unit)"
        case .daily(let minute): return "daily at \(clock(minute))"
        case .weekly(let weekday, let minute): return "weekly on \(Self.weekdays[weekday]) at \(clock(minute))"
        case .monthly(let day, let minute): return "monthly on \(day) at \(clock(minute))"
        }
    }

    /// Seconds from one slot to the next, about.
    package var period: Int64 {
        switch rule {
        case .every(let seconds): seconds
        case .daily: 86_400
        case .weekly: 7 * 86_400
        case .monthly: 30 * 86_400
        }
    }

    /// The last slot at or before `time`, in seconds since 1970.
    package func slot(atOrBefore time: Int64) -> Int64 {
        if case .every(let seconds) = rule { return time - (time % seconds + seconds) % seconds }
        let today = CalendarDay(LocalTime(time))
        // The day itself, or one before it: a clock that was put back has the same slot for longer.
        var back = 0
        while true {
            let slot = slot(inCycleOf: today, back)
            if slot <= time { return slot }
            back += 1
        }
    }

    /// The first slot after `time`.
    package func slot(after time: Int64) -> Int64 {
        if case .every(let seconds) = rule { return slot(atOrBefore: time) + seconds }
        let today = CalendarDay(LocalTime(time))
        var back = 1
        while true {
            let slot = slot(inCycleOf: today, back)
            if slot > time { return slot }
            back -= 1
        }
    }

    /// The slot of the day, week or month that `day` is in, or of the one so many before.
    private func slot(inCycleOf day: CalendarDay, _ back: Int) -> Int64 {
        switch rule {
        case .every: preconditionFailure("has no calendar")
        case .daily(let minute): return (day - back).moment(minute: minute)
        case .weekly(let weekday, let minute):
            return (day - day.weekday + weekday - 7 * back).moment(minute: minute)
        case .monthly(let wanted, let minute):
            let local = LocalTime((day).moment(minute: 720))
            let first = CalendarDay(year: local.year, month: local.month - back, day: 1)
            let month = LocalTime(first.moment(minute: 720))
            let last = CalendarDay.length(ofMonth: month.month, in: month.year)
            return (first + (min(wanted, last) - 1)).moment(minute: minute)
        }
    }
}
