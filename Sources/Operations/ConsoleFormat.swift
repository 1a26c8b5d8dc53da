import Base

// How numbers are shown to people. Everything here is pure.
extension Language {
    /// Of `--lang`, else of the first of LC_ALL, LC_MESSAGES and LANG that is set and not empty.
    ///
    /// Throws a `Failure` of kind `.usage` for an option that is neither `fr` nor `en`.
    package init(option: String?, environment: [String: String]) throws {
        if let option {
            guard let language = Language(rawValue: option) else {
                throw Failure(.usage, .badLanguage(printable(option.utf8)), remedy: .languagesAre)
            }
            self = language
        } else {
            let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
            self = Language(locale: locale ?? "")
        }
    }

    /// A size in binary units: `512 B`, `1.5 GiB`.
    package func size(_ bytes: some BinaryInteger) -> String {
        var value = Double(bytes.magnitude)
        var unit = 0
        // What would be shown as 1024.0 goes to the next unit.
        while value >= (unit == 0 ? 1024 : 1023.95), unit < Message.binaryUnits.count - 1 {
            value /= 1024
            unit += 1
        }
        let sign = bytes < 0 ? "-" : ""
        let name = Message.binaryUnits[unit].text(self)
        if unit == 0 { return "\(sign)\(bytes.magnitude) \(name)" }
        let tenths = Int((value * 10).rounded())
        return "\(sign)\(tenths / 10)\(Message.decimalMark.text(self))\(tenths % 10) \(name)"
    }

    /// A rate: `12.3 MiB/s`.
    package func rate(bytesPerSecond: Double) -> String { size(UInt64(max(0, min(bytesPerSecond, 1e18)))) + "/s" }

    /// A whole number in groups of three digits: `75,000`.
    package func count(_ number: some BinaryInteger) -> String {
        let digits = Array(String(number.magnitude))
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += Message.groupMark.text(self) }
            text.append(digit)
        }
        return text
    }

    /// A length of time in its two largest units: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`, `4 d 03 h`.
    package func duration(seconds: Double) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clamped = max(0, min(seconds.isNaN ? 0 : seconds, 1e12))
        if clamped < 9.95 {
            let tenths = Int((clamped * 10).rounded())
            return "\(tenths / 10)\(Message.decimalMark.text(self))\(tenths % 10) s"
        }
        let whole = Int(clamped.rounded())
        return switch whole {
        case ..<60: "\(whole) s"
        case ..<3_600: "\(whole / 60) min \(two(whole % 60)) s"
        case ..<86_400: "\(whole / 3_600) h \(two(whole % 3_600 / 60)) min"
        default: "\(whole / 86_400) \(Message.unitDay.text(self)) \(two(whole % 86_400 / 3_600)) h"
        }
    }

    package func duration(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        return self.duration(seconds: Double(seconds) + Double(attoseconds) / 1e18)
    }
}

/// Columns that `text` takes on a terminal: none for combining marks, two for East Asian wide letters and emoji.
package func displayWidth(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { width, scalar in
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: width
        default: width + (isWide(scalar.value) ? 2 : 1)
        }
    }
}

/// The large blocks of UAX #11's W and F; rarer ones count as narrow.
private func isWide(_ value: UInt32) -> Bool {
    switch value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
        0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
        true
    default: false
    }
}

/// As much of `text` as fits in `columns`, with `…` where something was cut.
package func truncated(_ text: String, columns: Int) -> String {
    guard displayWidth(text) > columns else { return text }
    var out = ""
    var width = 0
    for character in text {
        width += displayWidth(String(character))
        if width > columns - 1 { break }
        out.append(character)
    }
    return columns > 0 ? out + "…" : ""
}

/// For each id its shortest prefix of at least `minimum` characters that no other id of the list has.
package func shortIDs(_ ids: [String], minimum: Int = 8) -> [String] {
    let sorted = Set(ids).sorted()
    var lengths: [String: Int] = [:]
    for (index, id) in sorted.enumerated() {
        let neighbours = [index - 1, index + 1].filter(sorted.indices.contains)
        let common = neighbours.map { zip(id, sorted[$0]).prefix { $0 == $1 }.count }.max() ?? 0
        lengths[id] = max(minimum, common + 1)
    }
    return ids.map { String($0.prefix(lengths[$0] ?? minimum)) }
}

/// Rows of text under titles, in columns as wide as they need.
package struct ConsoleTable: Sendable {
    package enum Alignment: Sendable {
        case left, right
    }

    private let titles: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []

    package init(_ columns: [(title: String, alignment: Alignment)]) {
        titles = columns.map(\.title)
        alignments = columns.map(\.alignment)
    }

    package var isEmpty: Bool { rows.isEmpty }

    /// Adds a row; a cell that lacks is empty. Cells are one line each and fit for a terminal (see `printable`).
    package mutating func add(_ cells: [String]) { rows.append(cells) }

    /// The titles and the rows, without spaces at the ends of lines.
    package var lines: [String] {
        let all = [titles] + rows
        let widths = titles.indices.map { column in
            all.map { column < $0.count ? displayWidth($0[column]) : 0 }.max() ?? 0
        }
        return all.map { cells in
            let padded = titles.indices.map { column in
                let cell = column < cells.count ? cells[column] : ""
                let padding = String(repeating: " ", count: widths[column] - displayWidth(cell))
                return alignments[column] == .left ? cell + padding : padding + cell
            }
            let line = padded.joined(separator: "  ")
            return String(line[..<(line.lastIndex { $0 != " " }.map { line.index(after: $0) } ?? line.startIndex)])
        }
    }
}
