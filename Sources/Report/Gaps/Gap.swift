import Base

/// Something that is not as it should be, or that nobody knows: stated, with what to do and who does it.
package struct Gap: Codable, Sendable, Equatable {
    /// Stable from one month to the next: `backup.missed:chu/dpi`.
    package let id: String
    /// Such as `backup.missed`.
    package let kind: String
    /// Of the report, 1 to 15.
    package let section: Int
    package let level: Level
    /// Of the standards, as the clause matrix writes them.
    package let clauses: [String]
    /// What it is about, such as `chu/dpi`.
    package let subject: String
    package let text: LocalText
    package let remedy: LocalText
    /// Where in the facts it comes from, for what is not recorded.
    package let facts: [String]
    /// Who has to act, and until when; nil: nobody was named, which the report says.
    package private(set) var owner: String?
    package private(set) var due: ReportDay?

    package enum Level: String, Codable, Sendable, CaseIterable {
        /// A requirement is not met.
        case major
        /// Nobody recorded it: it counts as not met.
        case unknown
        /// It is met in part, or will not be for long.
        case minor
    }

    init(
        _ wording: GapWording, section: Int, _ level: Level, _ clauses: [String], subject: String, object: String? = nil, facts: [String] = []
    ) {
        kind = String(wording.text.code.dropFirst("gap.".count))
        id = kind + ":" + (object ?? subject)
        self.section = section
        self.level = level
        self.clauses = clauses
        self.subject = subject
        text = LocalText(wording.text)
        remedy = LocalText(wording.remedy)
        self.facts = facts
    }

    mutating func assign(_ action: ReportFacts.CorrectiveAction) {
        owner = action.owner
        due = action.due
    }
}
