import Base

/// The report as a reader sees it, before any output format: sections of tables, lists and sentences in one language.
struct ReportDocument {
    let language: Language
    let title: String
    let subtitle: String
    /// The operator.
    let author: String
    let made: ReportMoment
    let sections: [ReportSection]
}

struct ReportSection {
    /// 1 to 15.
    let number: Int
    let title: String
    var blocks: [ReportBlock]
}

enum ReportBlock {
    case heading(String)
    case paragraph(String)
    /// A sentence that stands out, such as one that says that nothing is recorded.
    case note(ReportTone, String)
    case table(ReportTable)
    case steps([String])
    case code(String)
    /// A line that leads to another section.
    case link(String, section: Int)
}

struct ReportTable {
    let caption: String
    let columns: [String]
    /// The first cell of each names the row.
    let rows: [[ReportCell]]
    var isWide = false
    /// Columns whose texts stay on one line.
    var unbroken: Set<Int> = []
}

struct ReportCell {
    let text: String
    var tone = ReportTone.plain
    var isCode = false

    init(_ text: String, _ tone: ReportTone = .plain, isCode: Bool = false) {
        (self.text, self.tone, self.isCode) = (text, tone, isCode)
    }
}

/// Said by a word or a sign as well, never by colour alone.
enum ReportTone: String {
    case plain, good, minor, bad, unknown

    /// Before the text.
    var sign: String {
        switch self {
        case .plain: ""
        case .good: "✓ "
        case .minor: "! "
        case .bad: "✗ "
        case .unknown: "? "
        }
    }
}
