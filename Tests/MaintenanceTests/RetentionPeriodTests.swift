import Base
import Scheduling
import Testing

@testable import Maintenance

@Suite(.serialized) struct RetentionPeriodTests {
    private func names(_ unit: RetentionPeriod.Unit, _ times: [Int64]) -> [String] {
        times.map { RetentionPeriod(unit, of: Timestamp($0)).description }
    }

    @Test func `a day with 23 and one with 25 hours are one day each`() {
        inZone("Europe/Paris") {
            for (start, length) in [(local(2026, 3, 29), 23 * hour), (local(2026, 10, 25), 25 * hour)] {
                #expect(names(.daily, [start - 1, start + length]) != names(.daily, [start, start]))
                #expect(Set(names(.daily, [start, start + length / 2, start + length - 1])).count == 1)
                #expect(Set(names(.daily, [start - 1, start, start + length])).count == 3)
                let hours = stride(from: start, to: start + length, by: 1_800).map { RetentionPeriod(.hourly, of: Timestamp($0)) }
                #expect(Set(hours).count == Int(length / hour))
            }
        }
    }

    @Test func `an hour that the clock shows twice is two periods`() {
        inZone("Europe/Paris") {
            let first = utc(2026, 10, 25, 0, 30)
            #expect(names(.hourly, [first, first + hour]) == ["2026-10-25 02:00 +0200", "2026-10-25 02:00 +0100"])
        }
    }

    @Test func `hours begin with the local clock where it is three quarters of an hour off`() {
        inZone("Asia/Kathmandu") {
            #expect(names(.hourly, [utc(2026, 5, 1, 0, 14), utc(2026, 5, 1, 0, 15)]) == ["2026-05-01 05:00 +0545", "2026-05-01 06:00 +0545"])
        }
    }

    @Test func `weeks are those of ISO 8601, also across years`() {
        inZone("UTC") {
            let days = [(2020, 12, 31), (2021, 1, 3), (2021, 1, 4), (2024, 12, 29), (2024, 12, 30), (2026, 12, 31), (2027, 1, 3), (2027, 1, 4)]
            #expect(
                names(.weekly, days.map { utc($0.0, $0.1, $0.2, 12) })
                    == ["2020-W53", "2020-W53", "2021-W01", "2024-W52", "2025-W01", "2026-W53", "2026-W53", "2027-W01"])
        }
    }

    @Test func `a leap day, and the day that Apia never had`() {
        inZone("UTC") {
            #expect(names(.daily, [utc(2028, 2, 29), utc(2028, 3, 1) - 1, utc(2028, 3, 1)]) == ["2028-02-29", "2028-02-29", "2028-03-01"])
        }
        inZone("Pacific/Apia") {
            // At midnight after 29 December 2011 the zone changed sides of the date line.
            let change = utc(2011, 12, 30, 10)
            #expect(names(.daily, [change - 1, change]) == ["2011-12-29", "2011-12-31"])
            #expect(Set(names(.weekly, [change - 1, change])) == ["2011-W52"])
        }
    }

    @Test(arguments: retentionZones) func `a period begins with the first moment that is in it`(_ zone: String) {
        inZone(zone) {
            for unit in RetentionPeriod.Unit.allCases {
                for time in stride(from: utc(2026, 1, 1), to: utc(2029, 1, 1), by: 131 * Int(hour) + 7) {
                    let period = RetentionPeriod(unit, of: Timestamp(Int64(time)))
                    let start = period.start.seconds
                    #expect(start <= time)
                    #expect(RetentionPeriod(unit, of: Timestamp(start)) == period)
                    #expect(RetentionPeriod(unit, of: Timestamp(start - 1)).number < period.number)
                    #expect(period.later(by: 1).start.seconds > time)
                    if unit == .daily { #expect(start == CalendarDay(LocalTime(start)).moment(minute: 0)) }
                }
            }
        }
    }

    @Test func `no time is too odd to have periods`() {
        for seconds in [.min, .min + 1, -1 << 56, -62_135_596_800, -1, 0, 1 << 56, .max] as [Int64] {
            for unit in RetentionPeriod.Unit.allCases { #expect(!RetentionPeriod(unit, of: Timestamp(seconds)).description.isEmpty) }
        }
    }
}
