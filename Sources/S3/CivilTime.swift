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
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), isFraction(bytes[19..<bytes.count - 1]) else { return nil }
        // Where the template has no digit, the text has the same character.
        let template = Array("0000-00-00T00:00:00".utf8)
        guard zip(template, bytes).allSatisfy({ $0 == UInt8(ascii: "0") ? isDigit($1) : $0 == $1 }) else { return nil }
        func number(_ from: Int, _ count: Int) -> Int32 { bytes[from..<from + count].reduce(0) { $0 * 10 + Int32($1 - UInt8(ascii: "0")) } }
        return moment(number(0, 4), number(5, 2), number(8, 2), number(11, 2), number(14, 2), number(17, 2))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isFraction(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.isEmpty || (bytes.count > 1 && bytes.first == UInt8(ascii: ".") && bytes.dropFirst().allSatisfy(isDigit))
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

    /// Nil for what no calendar has: whoever answers may write anything.
    private static func moment(_ year: Int32, _ month: Int32, _ day: Int32, _ hour: Int32, _ minute: Int32, _ second: Int32) -> Timestamp? {
        guard 1970...9999 ~= year, 1...12 ~= month, 1...31 ~= day, 0...23 ~= hour, 0...59 ~= minute, 0...60 ~= second else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (hour, minute, second)
        let seconds = Int64(timegm(&parts))
        // A day that the month does not have has become one of the next month.
        return second == 60 || parts.tm_mday == day ? Timestamp(seconds: seconds) : nil
    }
}
