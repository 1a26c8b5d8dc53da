import Base
import Operations

/// How a page says times, ages and states. Everything here is pure, but for the local time zone.
struct DashboardFormat: Sendable {
    let language: Language
    /// The moment that ages are counted from.
    let now: Int64

    /// A sentence of the catalogue. In French, the spaces that its punctuation takes do not break.
    func say(_ message: Message) -> String {
        let text = message.text(language)
        guard language == .french else { return text }
        var out = ""
        var previous: Character = "\0"
        for character in text {
            if previous == " ", ":;?!%»".contains(character) {
                out.removeLast()
                out.append("\u{A0}")
            }
            out.append(previous == "«" && character == " " ? "\u{A0}" : character)
            previous = character
        }
        return out
    }

    /// A moment in local time with its offset, to the minute: `2026-11-22 02:00 +01:00`. The element's attribute has the
    /// seconds too.
    func time(_ seconds: Int64) -> HTML {
        let text = Timestamp(seconds: seconds).localText
        // Years beyond 9999, or before the calendar, have no such columns.
        guard text.utf8.count == 25 else { return HTML(text) }
        return tag("time", ["datetime": text]) {
            "\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) "
            tag("i", [:]) { "\(text.suffix(6))" }
        }
    }

    /// The local day and month, for the ends of an axis: `22/11`; in English, where `11/12` is read in two ways, `11-22`.
    func day(_ seconds: Int64) -> String {
        let parts = Timestamp(seconds: seconds).localDay.split(separator: "-")
        guard parts.count == 3 else { return Timestamp(seconds: seconds).localDay }
        return language == .french ? "\(parts[2])/\(parts[1])" : "\(parts[1])-\(parts[2])"
    }

    /// How long ago, or how far ahead, a moment is: `8 h 12 min ago`, `in 45 min 00 s`.
    func distance(_ seconds: Int64) -> String {
        let age = Double(now) - Double(seconds)
        if abs(age) < 1 { return say(.dashboardNow) }
        return say(age >= 0 ? .dashboardAgo(span(age)) : .dashboardAhead(span(-age)))
    }

    /// A length of time without more precision than an age needs: `40 s`, `4 min`, `7 h`, `7 h 20 min`, `27 d`.
    func span(_ seconds: Double) -> String {
        let seconds = max(0, min(seconds.isNaN ? 0 : seconds, 1e12))
        if seconds < 59.5 { return "\(max(1, Int(seconds.rounded())))\u{A0}s" }
        let minutes = Int((seconds / 60).rounded())
        let (large, small, unit, smallUnit) =
            switch minutes {
            case ..<60: (minutes, 0, "min", "")
            case ..<1_440: (minutes / 60, minutes % 60, "h", "min")
            default: (minutes / 1_440, minutes < 14_400 ? minutes % 1_440 / 60 : 0, Message.unitDay.text(language), "h")
            }
        return "\(count(large))\u{A0}\(unit)" + (small == 0 ? "" : "\u{A0}\(small)\u{A0}\(smallUnit)")
    }

    func duration(_ seconds: Double) -> String { language.duration(seconds: seconds).replacing(" ", with: "\u{A0}") }
    func size(_ bytes: UInt64) -> String { language.size(bytes).replacing(" ", with: "\u{A0}") }
    func count(_ number: some BinaryInteger) -> String { language.count(number) }

    /// A promise such as an RPO, which people write in whole units: `24 h`, `30 d`.
    func promise(_ seconds: Int64) -> String {
        switch seconds {
        case let whole where whole > 172_800 && whole % 86_400 == 0: "\(whole / 86_400)\u{A0}\(Message.unitDay.text(language))"
        case let whole where whole >= 3_600 && whole % 3_600 == 0: "\(whole / 3_600)\u{A0}h"
        case let whole where whole >= 60 && whole % 60 == 0: "\(whole / 60)\u{A0}min"
        default: duration(Double(seconds))
        }
    }

    /// A part of a whole. Only the whole is called 100 %, and only nothing 0 %.
    func percent(_ share: Double) -> String {
        let number =
            switch share {
            case ..<0.000_001: 0
            case 0.999_999...: 100
            default: min(99, max(1, Int((share * 100).rounded())))
            }
        return say(.percent(number))
    }

    /// A moment on two lines: how far it is, and when exactly.
    func moment(_ seconds: Int64) -> HTML { HTML(distance(seconds)) + tag("small", [:]) { time(seconds) } }
}

/// How grave something is: a colour, and always a sign and a word too (WCAG 2.1, 1.4.1).
enum DashboardState: String, Sendable {
    case good, warning, critical, idle

    private var sign: String {
        switch self {
        case .good: "✓"
        case .warning: "▲"
        case .critical: "✕"
        case .idle: "○"
        }
    }

    /// The sign, hidden from screen readers, which read the word.
    var mark: HTML { tag("b", ["class": rawValue, "aria-hidden": "true"]) { sign } }

    func word(_ text: String) -> HTML {
        tag("span", ["class": "state \(rawValue)"]) {
            tag("b", ["aria-hidden": "true"]) { sign }
            " \(text)"
        }
    }
}
