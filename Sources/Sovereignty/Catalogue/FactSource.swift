import Base
import Scheduling

/// Where a fact about a provider comes from, and when: no fact of the catalogue is without.
package struct FactSource: Sendable, Equatable {
    package let mark: Mark
    package let text: String
    /// The month or day on which it was read: `2026-11`, `2026-11-22`.
    package let date: String

    package init(mark: Mark, text: String, date: String) {
        self.mark = mark
        self.text = text
        self.date = date
    }

    /// How far it can be relied on, as regulation.md marks it.
    package enum Mark: String, Sendable, CaseIterable {
        /// Text of a standard or a law.
        case text = "T"
        /// The provider's own documentation.
        case documentation = "D"
        /// Press, or an extract by a law firm.
        case press = "P"
        /// A founding document of the project.
        case founding = "S"
        /// Second hand.
        case secondary = "2"
        /// From memory: to be verified before it is quoted.
        case memory = "M"
    }

    /// Reads `mark`, `source` and `date`.
    static func read(_ section: DocumentSection) -> FactSource? {
        let mark: Mark? = section.required("mark", .expectedOne(of: Mark.allCases.map { "\"\($0.rawValue)\"" })) { section.choice("mark") }
        let text = section.requiredText("source")
        let date = section.required("date", .expectedMonthOrDay) {
            section.text("date", .expectedMonthOrDay) { text in
                CalendarDay(text: text.utf8.count == 7 ? text + "-01" : text) == nil ? nil : text
            }
        }
        guard let mark, let text, let date else { return nil }
        return FactSource(mark: mark, text: text, date: date)
    }
}
