import Base

/// Builds the fifteen sections of a report in one language. A section without facts says so; none is left out.
struct ReportBuilder {
    let report: AuditReport
    let t: ReportText
    /// SHA-256 of `report.json`, which a page can name as it comes after it.
    let dataHash: String

    var facts: ReportFacts { report.facts }

    func document() -> ReportDocument {
        let bodies: [() -> [ReportBlock]] = [
            identification, scope, sites, policy, execution, resilience, integrity, restores, cryptography, access, journal, incidents, retention,
            gapList, annex,
        ]
        let sections = bodies.enumerated().map { index, body in
            ReportSection(number: index + 1, title: t(Message.reportSectionTitles[index]), blocks: body() + gapLine(index + 1))
        }
        let own = facts.organisation.name.value ?? t(.reportUnknownOperator)
        let subject = facts.tenant.map { id in facts.tenants.first { $0.id == id }?.name.value ?? id } ?? own
        return ReportDocument(
            language: t.language, title: t(.reportTitle), subtitle: t(.reportSubtitle(subject, facts.period.month, facts.period.asOf.description)),
            author: own, made: facts.made, sections: sections)
    }

    /// How many gaps a section has, and where they are.
    private func gapLine(_ section: Int) -> [ReportBlock] {
        guard section < 14 else { return [] }
        let count = report.gaps.count { $0.section == section }
        return count == 0 ? [.paragraph(t(.reportNoGapHere))] : [.link(t(.reportGapsHere(count)), section: 14)]
    }

    // MARK: Cells

    func cell(_ text: String) -> ReportCell { ReportCell(text) }
    func code(_ text: String) -> ReportCell { ReportCell(text, isCode: true) }
    var notRecorded: ReportCell { ReportCell(t(.reportNotRecorded), .unknown) }

    func show<Value>(_ recorded: Recorded<Value>, _ text: (Value) -> ReportCell) -> ReportCell { recorded.value.map(text) ?? notRecorded }
    func show(_ recorded: Recorded<String>) -> ReportCell { show(recorded) { cell($0) } }
    func show(_ recorded: Recorded<Int>) -> ReportCell { show(recorded) { cell(t.count($0)) } }
    func show(_ recorded: Recorded<[String]>) -> ReportCell { show(recorded) { cell($0.isEmpty ? t(.reportNone) : $0.joined(separator: ", ")) } }
    func showHash(_ recorded: Recorded<String>) -> ReportCell { show(recorded) { code($0) } }
    func showDuration(_ recorded: Recorded<Int64>) -> ReportCell { show(recorded) { cell(t.duration(Double($0))) } }
    func showDays(_ recorded: Recorded<Int>) -> ReportCell { show(recorded) { cell(t(.reportDays($0))) } }
    func good(_ value: Bool) -> ReportCell { ReportCell(t.yesNo(value), value ? .good : .bad) }
    func bytes(_ count: UInt64) -> ReportCell { cell(t.size(count)) }

    // MARK: Blocks

    func table(
        _ caption: Message, _ columns: [Message], _ rows: [[ReportCell]], isWide: Bool = false, unbroken: Set<Int> = []
    ) -> ReportBlock {
        guard !rows.isEmpty else { return .note(.unknown, t(.reportNothingRecorded(t(caption)))) }
        return .table(ReportTable(caption: t(caption), columns: columns.map(t.callAsFunction), rows: rows, isWide: isWide, unbroken: unbroken))
    }

    /// A table of what is recorded; a sentence where nothing is, or where it is recorded that there is none.
    func listed<Element>(
        _ recorded: Recorded<[Element]>, _ caption: Message, _ columns: [Message], isWide: Bool = false, _ row: (Element) -> [ReportCell]
    ) -> ReportBlock {
        guard let list = recorded.value else { return .note(.unknown, t(.reportNothingRecorded(t(caption)))) }
        if list.isEmpty { return .note(.plain, t(.reportRecordedNone(t(caption)))) }
        return table(caption, columns, list.map(row), isWide: isWide)
    }

    /// Names and values of one object, two columns.
    func card(_ caption: Message, _ lines: [(Message, ReportCell)]) -> ReportBlock {
        table(caption, [.reportColumnItem, .reportColumnValue], lines.map { [cell(t($0.0)), $0.1] })
    }

    /// The label of a field that may be lacking, as the head of a column or the title of a table.
    func label(_ field: String) -> Message {
        guard let label = Message.reportFact(field) else { return Message("report.fact", en: field, fr: field) }
        return Message(label.code, en: capitalised(label.english), fr: capitalised(label.french))
    }

    func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
