import Base
import Scheduling

/// A moment and what the wall's clock shows then.
struct LocalMoment {
    /// Since 1970; a thousand million years before or after where the moment lies beyond: localtime(3) ends at the year 2^31.
    let seconds: Int64
    let local: LocalTime

    init(_ time: Timestamp) {
        seconds = min(max(time.seconds, -1 << 55), 1 << 55)
        local = LocalTime(seconds)
    }
}

/// An hour, day, week, month or year of the local calendar, in the time zone of this process.
///
/// Days have 23 or 25 hours where the clock changes. Weeks are those of ISO 8601. An hour is told by the moment at which it begins, so
/// that the one which the clock shows twice in autumn is two periods.
package struct RetentionPeriod: Sendable, Hashable {
    package enum Unit: Sendable, CaseIterable { case hourly, daily, weekly, monthly, yearly }

    package let unit: Unit
    /// Hours: the first second since 1970. Days: since 1970-01-01. Weeks: since that of 1970-01-01. Months: since the year 0. Years: the year.
    package let number: Int

    init(_ unit: Unit, number: Int) {
        self.unit = unit
        self.number = number
    }

    package init(_ unit: Unit, of time: Timestamp) { self.init(unit, of: LocalMoment(time)) }

    init(_ unit: Unit, of moment: LocalMoment) {
        let local = moment.local
        let number =
            switch unit {
            case .hourly: Int(moment.seconds) - local.minute % 60 * 60 - local.second
            case .daily: CalendarDay(local).number
            case .weekly: Self.week(of: CalendarDay(local))
            case .monthly: local.year * 12 + local.month - 1
            case .yearly: local.year
            }
        self.init(unit, number: number)
    }

    /// 1970-01-01 was a Thursday.
    private static func week(of day: CalendarDay) -> Int {
        let monday = day - (day.weekday + 6) % 7
        return (monday.number + 3) / 7
    }

    /// The one so many later; hours as if the clock changed by whole ones.
    func later(by count: Int) -> RetentionPeriod { RetentionPeriod(unit, number: number + count * (unit == .hourly ? 3_600 : 1)) }

    /// Days, weeks, months and years begin on it.
    private var firstDay: CalendarDay {
        switch unit {
        case .hourly: CalendarDay(LocalTime(Int64(number)))
        case .daily: CalendarDay(number: number)
        case .weekly: CalendarDay(number: number * 7 - 3)
        case .monthly: CalendarDay(year: 0, month: number + 1, day: 1)
        case .yearly: CalendarDay(year: number, month: 1, day: 1)
        }
    }

    /// Its first moment; of a day that the zone left out, that of the next one.
    package var start: Timestamp { Timestamp(seconds: unit == .hourly ? Int64(number) : firstDay.firstMoment) }
}

extension RetentionPeriod: CustomStringConvertible {
    /// `2026-10-25 02:00 +0200`, `2026-11-20`, `2026-W47`, `2026-11` or `2026`.
    package var description: String {
        switch unit {
        case .hourly:
            let text = Timestamp(seconds: Int64(number)).screenText
            return String(text.prefix(16) + text.suffix(6))
        case .daily:
            let (year, month, day) = firstDay.date
            return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
        case .weekly:
            // A week belongs to the year that its Thursday is in (ISO 8601).
            let thursday = firstDay + 3
            let year = thursday.date.year
            let week = (thursday.number - CalendarDay(year: year, month: 1, day: 1).number) / 7 + 1
            return "\(digits(year, 4))-W\(digits(week, 2))"
        case .monthly:
            let (year, month, _) = firstDay.date
            return "\(digits(year, 4))-\(digits(month, 2))"
        case .yearly: return digits(number, 4)
        }
    }

    private func digits(_ number: Int, _ width: Int) -> String {
        let text = String(number.magnitude)
        return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - text.count)) + text
    }
}

extension CalendarDay {
    /// `moment(minute: 0)`, but quick in zones without summer time, where mktime(3) searches years for it.
    fileprivate var firstMoment: Int64 {
        // No zone is farther from UTC than 16 hours.
        var (low, high) = (Int64(number) * 86_400 - 57_600, Int64(number) * 86_400 + 57_600)
        while low < high {
            let middle = (low + high) / 2
            if CalendarDay(LocalTime(middle)) < self { low = middle + 1 } else { high = middle }
        }
        return low
    }

    fileprivate var date: (year: Int, month: Int, day: Int) {
        var year = 1970 + Int((Double(number) / 365.2425).rounded(.down))
        if CalendarDay(year: year, month: 1, day: 1) > self { year -= 1 }
        if CalendarDay(year: year + 1, month: 1, day: 1) <= self { year += 1 }
        let month = (1...12).last { CalendarDay(year: year, month: $0, day: 1) <= self } ?? 1
        return (year, month, number - CalendarDay(year: year, month: month, day: 1).number + 1)
    }
}
