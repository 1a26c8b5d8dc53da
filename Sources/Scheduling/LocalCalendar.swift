import Base
import Glibc

/// A moment as the clock on the wall shows it, in the time zone of this process (tzset(3)).
package struct LocalTime: Sendable, Hashable {
    package var year: Int
    /// 1 to 12.
    package var month: Int
    /// 1 to 31.
    package var day: Int
    /// 0 is Sunday.
    package var weekday: Int
    /// Minutes after midnight.
    package var minute: Int
    package var second: Int

    /// `seconds`: since 1970 UTC.
    package init(_ seconds: Int64) {
        var time = time_t(seconds)
        var parts = tm()
        localtime_r(&time, &parts)
        self.init(parts)
    }

    private init(_ parts: tm) {
        year = Int(parts.tm_year) + 1900
        month = Int(parts.tm_mon) + 1
        day = Int(parts.tm_mday)
        weekday = Int(parts.tm_wday)
        minute = Int(parts.tm_hour) * 60 + Int(parts.tm_min)
        second = Int(parts.tm_sec)
    }
}

/// A day of the Gregorian calendar, without a time zone.
package struct CalendarDay: Sendable, Hashable, Comparable {
    /// Since 1970-01-01.
    package let number: Int

    package init(number: Int) { self.number = number }

    /// Months and days beyond their range go on into the next (or the last) ones. After Hinnant, "chrono-compatible low-level date algorithms".
    package init(year: Int, month: Int, day: Int) {
        let months = year * 12 + month - 1
        let (year, month) = (months.flooredDivision(12), months.flooredRemainder(12) + 1)
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.flooredDivision(400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        number = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    package init(_ local: LocalTime) { self.init(year: local.year, month: local.month, day: local.day) }

    /// 0 is Sunday.
    package var weekday: Int { (number + 4).flooredRemainder(7) }

    package static func + (day: CalendarDay, days: Int) -> CalendarDay { CalendarDay(number: day.number + days) }
    package static func - (day: CalendarDay, days: Int) -> CalendarDay { CalendarDay(number: day.number - days) }
    package static func < (l: CalendarDay, r: CalendarDay) -> Bool { l.number < r.number }

    package static func length(ofMonth month: Int, in year: Int) -> Int {
        CalendarDay(year: year, month: month + 1, day: 1).number - CalendarDay(year: year, month: month, day: 1).number
    }

    /// The moment at which the wall's clock shows `minute` (after midnight) on this day: the first one where it shows it twice (an
    /// autumn night), and the one that standard time would give where it never does (a spring night). Seconds since 1970.
    package func moment(minute: Int) -> Int64 {
        let wanted = (self, minute)
        func candidate(summer: Int32) -> Int64 {
            var parts = tm()
            // mktime(3) takes days beyond the month as they are meant.
            (parts.tm_year, parts.tm_mon, parts.tm_mday) = (70, 0, Int32(number + 1))
            (parts.tm_hour, parts.tm_min, parts.tm_isdst) = (Int32(minute / 60), Int32(minute % 60), summer)
            return Int64(mktime(&parts))
        }
        let candidates = [candidate(summer: 1), candidate(summer: 0), candidate(summer: -1)]
        let right = candidates.filter { candidate in
            let local = LocalTime(candidate)
            return (CalendarDay(local), local.minute) == wanted
        }
        return right.min() ?? candidates[1]
    }
}

extension Int {
    func flooredDivision(_ divisor: Int) -> Int { (self - flooredRemainder(divisor)) / divisor }
    func flooredRemainder(_ divisor: Int) -> Int {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
