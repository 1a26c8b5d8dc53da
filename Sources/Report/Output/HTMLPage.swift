import Base

/// A report as one HTML file: no script, nothing from elsewhere, readable by a screen reader and on paper.
package struct HTMLPage {
    private let document: ReportDocument
    private let t: ReportText
    private static let longWord = 22
    private static let shortWord = 12
    /// Rows of a table that a page holds whole, below its heading.
    private static let shortTable = 12

    /// `dataHash`: SHA-256 of the `report.json` beside it, in hexadecimal digits.
    package init(_ report: AuditReport, language: Language, dataHash: String) {
        t = ReportText(language)
        document = ReportBuilder(report: report, t: t, dataHash: dataHash).document()
    }

    package var bytes: [UInt8] { Array(text.utf8) }

    private var text: String {
        let title = escaped("\(document.title) – \(document.subtitle)")
        var out = """
            <!DOCTYPE html>
            <html lang="\(document.language.rawValue)" xml:lang="\(document.language.rawValue)" xmlns="http://www.w3.org/1999/xhtml">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
            <meta name="author" content="\(escaped(document.author))"/>
            <meta name="dcterms.created" content="\(document.made)"/>
            <title>\(title)</title>
            <style>\(HTMLStyle.sheet)
            @page { @top-left { content: \(styleText(document.subtitle)); } }
            @page :first { @top-left { content: none; } }
            </style>
            </head>
            <body>
            <header>
            <h1>\(escaped(document.title))</h1>
            <p class="subtitle">\(escaped(document.subtitle))</p>
            </header>
            <nav aria-labelledby="contents">
            <h2 id="contents">\(escaped(t(.reportContents)))</h2>
            <ol>

            """
        for section in document.sections { out += "<li><a href=\"#s\(section.number)\">\(escaped(section.title))</a></li>\n" }
        out += "</ol>\n</nav>\n<main>\n"
        for section in document.sections { out += html(section) }
        out += "</main>\n</body>\n</html>\n"
        return out
    }

    private func html(_ section: ReportSection) -> String {
        var out =
            "<section aria-labelledby=\"s\(section.number)\">\n<h2 id=\"s\(section.number)\">\(section.number). \(escaped(section.title))</h2>\n"
        for (index, block) in section.blocks.enumerated() { out += html(block, id: "b\(section.number)-\(index + 1)") }
        return out + "</section>\n"
    }

    /// `id`: of this block alone.
    private func html(_ block: ReportBlock, id: String) -> String {
        switch block {
        case .heading(let text): "<h3>\(escaped(text))</h3>\n"
        case .paragraph(let text): "<p>\(escaped(text))</p>\n"
        case .note(let tone, let text): "<p class=\"note \(tone.rawValue)\">\(tone.sign)\(escaped(text))</p>\n"
        case .steps(let steps): "<ol>\n" + steps.map { "<li>\(escaped($0))</li>\n" }.joined() + "</ol>\n"
        case .code(let text): "<pre><code>\(escaped(text))</code></pre>\n"
        case .link(let text, let section): "<p><a href=\"#s\(section)\">\(escaped(text))</a></p>\n"
        case .table(let table): html(table, id: id)
        }
    }

    /// A narrow screen shows it in a frame that scrolls, by the keyboard as well.
    private func html(_ table: ReportTable, id: String) -> String {
        let classes =
            (table.isWide ? ["wide"] : []) + (table.columns.count == 2 ? ["pair"] : []) + (table.rows.count <= Self.shortTable ? ["short"] : [])
        let kind = classes.isEmpty ? "" : " class=\"\(classes.joined(separator: " "))\""
        var out = "<div class=\"table\" role=\"group\" aria-labelledby=\"\(id)\" tabindex=\"0\">\n<table\(kind)>\n"
        out += "<caption id=\"\(id)\">\(escaped(table.caption))</caption>\n<thead><tr>"
        for column in table.columns { out += "<th scope=\"col\">\(escaped(column))</th>" }
        out += "</tr></thead>\n<tbody>\n"
        for row in table.rows {
            out += "<tr>"
            for (index, cell) in row.enumerated() {
                let tag = index == 0 ? "th" : "td"
                let scope = index == 0 ? " scope=\"row\"" : ""
                // A word that is too long for a column may break anywhere; a day or a size may not.
                let isLong = cell.text.split(separator: " ").contains { $0.count > Self.longWord }
                let isTight = table.unbroken.contains(index) || cell.text.count <= Self.shortWord && !cell.text.contains(" ")
                let classes = (cell.tone == .plain ? [] : [cell.tone.rawValue]) + (isLong ? ["long"] : isTight ? ["tight"] : [])
                let tone = classes.isEmpty ? "" : " class=\"\(classes.joined(separator: " "))\""
                let text = cell.isCode ? "<code>\(escaped(cell.text))</code>" : escaped(cell.text)
                out += "<\(tag)\(scope)\(tone)>\(cell.tone.sign)\(text)</\(tag)>"
            }
            out += "</tr>\n"
        }
        return out + "</tbody>\n</table>\n</div>\n"
    }
}

/// `text` as it may stand in an element or an attribute. Characters that XML 1.0 forbids, and those that turn the direction of text, become U+FFFD.
func escaped(_ text: String) -> String {
    var out = ""
    for scalar in escapedScalars(text) {
        switch scalar {
        case "&": out += "&amp;"
        case "<": out += "&lt;"
        case ">": out += "&gt;"
        case "\"": out += "&quot;"
        case "'": out += "&#39;"
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out
}

/// `text` as a string of CSS that may stand in an element. What is neither a letter, a digit nor a space is written by its number.
func styleText(_ text: String) -> String {
    var out = ""
    for scalar in escapedScalars(text) {
        let isPlain = scalar == " " || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        if isPlain { out.unicodeScalars.append(scalar) } else { out += "\\" + String(scalar.value, radix: 16) + " " }
    }
    return "\"\(out)\""
}

/// Characters that XML 1.0 forbids, and those that turn the direction of text, become U+FFFD.
private func escapedScalars(_ text: String) -> [Unicode.Scalar] {
    text.unicodeScalars.map { scalar in
        let isForbidden =
            scalar.value < 0x20 && scalar != "\n" && scalar != "\t" || (0x7F...0x9F).contains(scalar.value)
            || (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value) || scalar.value & 0xFFFE == 0xFFFE
        return isForbidden ? "\u{FFFD}" : scalar
    }
}
