import Base
import Scheduling
import Sovereignty

/// A day, written `2026-11-30`.
package struct ReportDay: Codable, Sendable, Hashable, Comparable, CustomStringConvertible {
    package let day: CalendarDay

    package init(_ day: CalendarDay) { self.day = day }

    /// Nil unless `text` is a day that exists, as `2026-05-16`.
    package init?(_ text: String) {
        guard let day = CalendarDay(text: text) else { return nil }
        self.day = day
    }

    package var description: String { day.text }
    package static func < (l: ReportDay, r: ReportDay) -> Bool { l.day < r.day }
    package func adding(days: Int) -> ReportDay { ReportDay(day + days) }
    package func adding(months: Int) -> ReportDay { ReportDay(day.adding(months: months)) }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let day = ReportDay(text) else { throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a day") }
        self = day
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A moment to the second, written in UTC as `2026-11-30T02:00:07Z`, whatever the time zone of the machine.
package struct ReportMoment: Codable, Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Since 1970.
    package let seconds: Int64

    /// `seconds`: since 1970.
    package init(seconds: Int64) { self.seconds = seconds }

    /// Nil for anything else than `description` gives.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 20, bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            bytes[19] == UInt8(ascii: "Z"), let day = CalendarDay(text: String(text.prefix(10)))
        else { return nil }
        let parts = [bytes[11...12], bytes[14...15], bytes[17...18]]
        guard parts.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } }) else { return nil }
        let numbers = parts.map { $0.reduce(0) { $0 * 10 + Int64($1 - 0x30) } }
        guard numbers[0] < 24, numbers[1] < 60, numbers[2] < 60 else { return nil }
        seconds = Int64(day.number) * 86_400 + numbers[0] * 3_600 + numbers[1] * 60 + numbers[2]
    }

    package var day: ReportDay { ReportDay(CalendarDay(number: Int(days))) }
    private var days: Int64 { seconds >= 0 ? seconds / 86_400 : -((86_399 - seconds) / 86_400) }

    private var clock: String {
        let rest = seconds - days * 86_400
        return [rest / 3_600, rest / 60 % 60, rest % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
    package var description: String { "\(day)T\(clock)Z" }
    /// For a person: `2026-11-30 02:00 UTC`.
    package var screenText: String { "\(day) \(clock.prefix(5)) UTC" }
    package static func < (l: ReportMoment, r: ReportMoment) -> Bool { l.seconds < r.seconds }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let moment = ReportMoment(text) else { throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a moment") }
        self = moment
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A sentence that a fact brings with it, in both languages.
package struct LocalText: Codable, Sendable, Equatable {
    package var en: String
    package var fr: String

    package init(en: String, fr: String) { (self.en, self.fr) = (en, fr) }
    package init(_ message: Message) { self.init(en: message.english, fr: message.french) }
    package func text(_ language: Language) -> String { language == .french ? fr : en }
}

/// The month that a report is about, and the day as of which it speaks.
package struct ReportPeriod: Codable, Sendable, Equatable {
    /// As `2026-11`.
    package let month: String
    package let from: ReportDay
    /// Its last day, or the day as of which the report speaks where that is earlier.
    package let through: ReportDay
    package let asOf: ReportDay

    /// Throws `.usage` where `month` is no month, `asOf` no day, or before the month. Without `asOf`: the month's last day.
    package init(month: String, asOf text: String? = nil) throws {
        guard let from = ReportDay(month + "-01") else { throw Failure(.usage, .reportWrongMonth(month), remedy: .reportMonthForm) }
        let last = from.adding(months: 1).adding(days: -1)
        var asOf = last
        if let text {
            guard let day = ReportDay(text) else { throw Failure(.usage, .reportWrongDay(text), remedy: .reportDayForm) }
            guard day >= from else { throw Failure(.usage, .reportBeforeMonth(text, month), remedy: .reportDayForm) }
            asOf = day
        }
        (self.month, self.from, self.through, self.asOf) = (month, from, min(last, asOf), asOf)
    }

    /// Whether `day` lies in the month, and not after `asOf`.
    package func contains(_ day: ReportDay) -> Bool { day >= from && day <= through }
}
