import Base
import Glibc

/// A moment in UTC as the protocol writes it.
struct CivilTime {
    private var parts = tm()

    init(_ moment: Timestamp) {
        var seconds = time_t(moment.seconds)
        gmtime_r(&seconds, &parts)
    }

    private func two(_ value: Int32) -> String { (value < 10 ? "0" : "") + String(value) }
    private var year: String { String(parts.tm_year + 1900) }

    /// `20261126T181500Z`.
    var compact: String {
        "\(year)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))T\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))Z"
    }

    /// `2026-11-26T18:15:00Z`.
    var extended: String {
        "\(year)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Reads `2026-11-26T18:15:00Z`, with or without a fraction.
    static func parse(extended text: String) -> Timestamp? {
        let fields = text.prefix(19).split(whereSeparator: { $0 == "-" || $0 == "T" || $0 == ":" }).map { Int32($0) }
        guard text.hasSuffix("Z"), fields.count == 6, fields.allSatisfy({ $0 != nil }) else { return nil }
        return moment(fields[0]!, fields[1]!, fields[2]!, fields[3]!, fields[4]!, fields[5]!)
    }

    /// Reads the date of an HTTP header: `Thu, 26 Nov 2026 18:15:00 GMT`.
    static func parse(httpDate text: String) -> Timestamp? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int32(words[1]), let month = months.firstIndex(of: String(words[2])),
            let year = Int32(words[3])
        else { return nil }
        let clock = words[4].split(separator: ":").map { Int32($0) }
        guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2] else { return nil }
        return moment(year, Int32(month + 1), day, hour, minute, second)
    }

    private static func moment(_ year: Int32, _ month: Int32, _ day: Int32, _ hour: Int32, _ minute: Int32, _ second: Int32) -> Timestamp {
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (hour, minute, second)
        return Timestamp(seconds: Int64(timegm(&parts)))
    }
}
