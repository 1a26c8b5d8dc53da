import Base

/// The report itself: facts, and what follows from them. The same facts and files give the same report.
package struct AuditReport: Codable, Sendable, Equatable {
    package static let format = "hdsbackup-report/1"

    package let format: String
    package let facts: ReportFacts
    package let guarantees: GuaranteeTable
    package let gaps: [Gap]
    package let clauses: [ClauseRow]

    /// Leaves out what came after the day of the report. Throws `.refused` where a text holds what no report may (`ReportFacts.refuseForbiddenContent`).
    package init(_ facts: ReportFacts, sentences: Sentences, book: ClauseBook) throws {
        let facts = facts.trimmed()
        try facts.refuseForbiddenContent()
        format = Self.format
        self.facts = facts
        guarantees = GuaranteeTable(facts, sentences: sentences)
        gaps = GapFinder.gaps(in: facts, guarantees: guarantees)
        clauses = ClauseRow.matrix(book, gaps, bare: facts.bareSections)
    }

    package var json: [UInt8] { get throws { try ReportJSON.encode(self) } }

    /// Reads back `json`. Throws `.format` for another format.
    package init(json: [UInt8]) throws {
        do { self = try ReportJSON.decode(AuditReport.self, json) } catch { throw Failure(.format, .reportUnreadable) }
        guard format == Self.format else { throw Failure(.format, .newerFormat) }
    }
}
