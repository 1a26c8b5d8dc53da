import Base

/// Numbers and words for a reader in one language.
struct ReportText {
    let language: Language

    init(_ language: Language) { self.language = language }

    func callAsFunction(_ message: Message) -> String { spaced(message.text(language)) }
    func callAsFunction(_ text: LocalText) -> String { spaced(text.text(language)) }

    /// French puts a space before some signs, which no line may begin with.
    private func spaced(_ text: String) -> String {
        guard language == .french else { return text }
        var text = text
        for sign in [":", ";", "%", "»", "!", "?"] { text = text.replacing(" " + sign, with: "\u{A0}" + sign) }
        return text.replacing("« ", with: "«\u{A0}")
    }

    /// A word of the model.
    func word(_ raw: String) -> String { Message.reportWord(raw).text(language) }
    func words(_ list: [String]) -> String { list.isEmpty ? self(.reportNone) : list.map(word).joined(separator: ", ") }

    func count(_ number: some BinaryInteger) -> String {
        let digits = Array(String(number))
        var out = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0, digits[index - 1] != "-" { out += self(.groupMark) }
            out.append(digit)
        }
        return out
    }

    /// In binary units, with one decimal.
    func size(_ bytes: UInt64) -> String {
        var (value, unit) = (Double(bytes), 0)
        while value >= 1024, unit < Message.binaryUnits.count - 1 { (value, unit) = (value / 1024, unit + 1) }
        return (unit == 0 ? count(bytes) : decimal(value)) + "\u{A0}" + self(Message.binaryUnits[unit])
    }

    private func decimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? count(tenths / 10) : count(tenths / 10) + self(.decimalMark) + "\(tenths % 10)"
    }

    /// `share`: 0 to 1. Never rounded up: 99.97 % is not all.
    func percent(_ share: Double) -> String { self(.percent(Int(share * 100))) }

    /// The two largest units.
    func duration(_ seconds: Double) -> String {
        let total = Int64(min(max(seconds.rounded(), 0), 1e15))
        let parts = [(total / 86_400, self(.unitDay)), (total / 3_600 % 24, "h"), (total / 60 % 60, "min"), (total % 60, "s")]
        guard let first = parts.firstIndex(where: { $0.0 > 0 }) else { return "0\u{A0}s" }
        return parts[first..<min(first + 2, parts.count)].filter { $0.0 > 0 }.map { "\($0.0)\u{A0}\($0.1)" }.joined(separator: " ")
    }

    func yesNo(_ value: Bool) -> String { self(value ? .reportYes : .reportNo) }
}
