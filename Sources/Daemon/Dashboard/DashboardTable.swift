import Base

/// A table with a caption and headed columns and rows. On a narrow screen each row is shown as a card, whose lines bear
/// the titles of the columns.
struct DashboardTable: Sendable {
    enum Kind: String, Sendable {
        case text
        /// Set to the right, with digits of one width.
        case number
        /// A sign in the middle.
        case sign
    }

    private let caption: String
    private let columns: [(title: String, kind: Kind)]
    private var rows: [HTML] = []

    /// The first column heads the rows.
    init(_ caption: String, _ columns: [(title: String, kind: Kind)]) {
        self.caption = caption
        self.columns = columns
    }

    var isEmpty: Bool { rows.isEmpty }

    mutating func add(_ cells: [HTML], state: DashboardState? = nil) {
        let row = zip(columns, cells).enumerated().map { index, cell in
            let (column, content) = cell
            return index == 0
                ? tag("th", ["scope": "row"]) { content }
                : tag("td", ["class": column.kind.attribute, "data-l": column.title]) { content.isEmpty ? "–" : content }
        }
        rows.append(tag("tr", ["class": state.map { "is-\($0.rawValue)" }]) { row })
    }

    var html: HTML {
        tag("table", [:]) {
            tag("caption", [:]) { caption }
            tag("thead", [:]) {
                tag("tr", [:]) {
                    columns.map { column in tag("th", ["scope": "col", "class": column.kind.attribute]) { column.title } }
                }
            }
            tag("tbody", [:]) { rows }
        }
    }
}

extension DashboardTable.Kind {
    fileprivate var attribute: String? {
        switch self {
        case .text: nil
        case .number: "n"
        case .sign: "s"
        }
    }
}
