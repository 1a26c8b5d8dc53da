import Base
import Glibc
import Scheduling
import Testing

/// Runs `body` with the process in that time zone, and puts back the one before.
func inZone<T>(_ name: String, _ body: () throws -> T) rethrows -> T {
    let before = getenv("TZ").map { String(cString: $0) }
    setenv("TZ", name, 1)
    tzset()
    defer {
        if let before { setenv("TZ", before, 1) } else { unsetenv("TZ") }
        tzset()
    }
    return try body()
}

/// Seconds since 1970 of a moment in UTC.
func utc(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0) -> Int64 {
    Int64(CalendarDay(year: year, month: month, day: day).number) * 86_400 + Int64(hour * 3_600 + minute * 60)
}

@Suite(.serialized) struct ScheduleTests {
    @Test(arguments: [
        "every 6h", "every 30s", "every 90m", "daily at 02:00", "daily at 23:59", "weekly on sunday at 03:00", "monthly on 1 at 04:00",
        "monthly on 31 at 00:00",
    ])
    func `a schedule is written as it was read`(_ text: String) throws {
        #expect(try #require(Schedule(text)).text == text)
    }

    @Test(arguments: [
        "", "every", "every 0h", "every -1h", "every 6", "every 6 h", "every 6x", "every 99999999999d", "daily at 24:00", "daily at 2:00",
        "daily 02:00",
        "weekly on someday at 03:00", "weekly on sunday", "monthly on 0 at 04:00", "monthly on 32 at 04:00", "hourly", "daily at 02:00 extra",
    ])
    func `what is no schedule is none`(_ text: String) { #expect(Schedule(text) == nil) }

    @Test func `the days of the calendar are right for four centuries`() {
        var day = CalendarDay(year: 1900, month: 1, day: 1)
        #expect(day.number == -25_567)
        #expect(CalendarDay(year: 1970, month: 1, day: 1).number == 0)
        // Every month of 400 years, against the rule for leap years.
        for year in 1900..<2300 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for (month, length) in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].enumerated() {
                #expect(CalendarDay(year: year, month: month + 1, day: 1) == day)
                #expect(CalendarDay.length(ofMonth: month + 1, in: year) == length)
                day = day + length
            }
        }
        #expect(CalendarDay(year: 2026, month: 11, day: 26).weekday == 4)
    }

    @Test func `a daily run keeps its hour through summer time, one a day`() throws {
        try inZone("Europe/Paris") {
            let schedule = try #require(Schedule("daily at 04:00"))
            // 28 March 2026: the clock goes from 02:00 to 03:00 on the 29th; on 25 October it goes back.
            var time = utc(2026, 3, 27, 12)
            var hours: [Int64] = []
            for _ in 0..<4 {
                time = schedule.slot(after: time)
                let local = LocalTime(time)
                #expect((local.minute, local.second) == (240, 0))
                hours.append(time)
            }
            #expect(zip(hours, hours.dropFirst()).map { $1 - $0 } == [23 * 3_600, 86_400, 86_400])
            time = schedule.slot(after: utc(2026, 10, 24, 12))
            #expect(schedule.slot(after: time) - time == 86_400)
            #expect(schedule.slot(atOrBefore: time - 1) == time - 25 * 3_600)
        }
    }

    @Test func `an hour that does not exist, and one that comes twice, give one slot each`() throws {
        try inZone("Europe/Paris") {
            let schedule = try #require(Schedule("daily at 02:30"))
            var slots: Set<Int64> = []
            var time = utc(2026, 3, 28)
            while time < utc(2026, 3, 31) {
                time = schedule.slot(after: time)
                slots.insert(time)
            }
            #expect(slots.sorted() == [utc(2026, 3, 28, 1, 30), utc(2026, 3, 29, 1, 30), utc(2026, 3, 30, 0, 30), utc(2026, 3, 31, 0, 30)])
            // In autumn 02:30 is at 00:30 and 01:30 UTC: the first counts.
            #expect(schedule.slot(after: utc(2026, 10, 24, 12)) == utc(2026, 10, 25, 0, 30))
            #expect(schedule.slot(after: utc(2026, 10, 25, 0, 30)) == utc(2026, 10, 26, 1, 30))
        }
    }

    @Test(arguments: [
        "UTC", "Europe/Paris", "America/St_Johns", "Pacific/Chatham", "Pacific/Apia", "Antarctica/Troll", "America/Sao_Paulo", "Asia/Kathmandu",
    ])
    func `in any zone slots rise, none lies between two, and before and after agree`(_ zone: String) throws {
        try inZone(zone) {
            var generator = SystemRandomNumberGenerator()
            for text in [
                "daily at 00:00", "daily at 02:30", "weekly on sunday at 01:15", "monthly on 31 at 23:45", "every 7h", "monthly on 29 at 02:00",
            ] {
                let schedule = try #require(Schedule(text))
                for _ in 0..<60 {
                    let time = Int64.random(in: utc(2009, 1, 1)..<utc(2037, 1, 1), using: &generator)
                    let before = schedule.slot(atOrBefore: time)
                    let after = schedule.slot(after: time)
                    #expect(before <= time && time < after, "\(text) \(time)")
                    #expect(schedule.slot(atOrBefore: after - 1) == before, "\(text) \(time)")
                    #expect(schedule.slot(after: before) == after, "\(text) \(time)")
                    #expect(schedule.slot(atOrBefore: before) == before, "\(text) \(time)")
                }
            }
        }
    }

    @Test func `the last day of a short month stands for the one that it lacks`() throws {
        try inZone("UTC") {
            let schedule = try #require(Schedule("monthly on 31 at 04:00"))
            var time = utc(2028, 1, 1)
            var days: [Int] = []
            for _ in 0..<12 {
                time = schedule.slot(after: time)
                days.append(LocalTime(time).day)
            }
            #expect(days == [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
        }
    }
}
