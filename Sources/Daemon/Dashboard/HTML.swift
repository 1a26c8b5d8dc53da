/// A piece of a page. Text in it is always escaped, and markup comes only from `tag`, whose names are part of the
/// program: nothing that was read, such as a source's name or a failure's text, can become markup.
///
/// What it writes is HTML that is well-formed XML too (every element closed, every attribute quoted), so that a test can
/// parse a page with a strict parser.
package struct HTML: Sendable, ExpressibleByStringInterpolation {
    package private(set) var markup = ""

    fileprivate init(markup: String) { self.markup = markup }

    /// A literal is text as well.
    package init(stringLiteral value: String) { markup = HTML.escaped(value) }

    /// `text`, escaped.
    package init(_ text: String) { markup = HTML.escaped(text) }

    /// Nothing.
    package static let none = HTML(markup: "")

    package var isEmpty: Bool { markup.isEmpty }

    package static func + (left: HTML, right: HTML) -> HTML { HTML(markup: left.markup + right.markup) }

    /// A style sheet of the program; a content security policy names it by the hash of exactly these bytes.
    package static func style(_ sheet: StaticString) -> HTML { HTML(markup: "<style>\(sheet)</style>") }

    /// The page around `root`, with the declaration without which browsers imitate those of 1998.
    package static func document(_ root: HTML) -> String { "<!DOCTYPE html>\n" + root.markup + "\n" }

    /// `text` with the five characters of markup as references, and without those that a page must not hold: control
    /// characters (XML 1.0 §2.2 refuses them), and the marks that turn the direction of writing, by which a name could
    /// show as another one.
    package static func escaped(_ text: String) -> String {
        var out = ""
        out.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            case "\n", "\t": out.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": out += "\u{FFFD}"
            case "\u{200E}", "\u{200F}", "\u{061C}", "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": out += "\u{FFFD}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}

/// An element. An attribute that is nil is left out; one that is empty stays.
package func tag(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:], @HTMLBuilder _ content: () -> HTML) -> HTML {
    HTML(markup: "<\(name)\(written(attributes))>" + content().markup + "</\(name)>")
}

/// An element without content. In a page only void elements may be written so, and those of SVG.
package func tag(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?>) -> HTML {
    HTML(markup: "<\(name)\(written(attributes))/>")
}

private func written(_ attributes: KeyValuePairs<StaticString, String?>) -> String {
    attributes.reduce(into: "") { text, attribute in
        if let value = attribute.value { text += " \(attribute.key)=\"\(HTML.escaped(value))\"" }
    }
}

/// Pieces one after another; a `String` among them is text.
@resultBuilder
package enum HTMLBuilder {
    package static func buildExpression(_ piece: HTML) -> HTML { piece }
    package static func buildExpression(_ pieces: [HTML]) -> HTML { buildArray(pieces) }
    package static func buildExpression(_ text: String) -> HTML { HTML(text) }
    package static func buildBlock(_ pieces: HTML...) -> HTML { buildArray(pieces) }
    package static func buildOptional(_ piece: HTML?) -> HTML { piece ?? .none }
    package static func buildEither(first piece: HTML) -> HTML { piece }
    package static func buildEither(second piece: HTML) -> HTML { piece }
    package static func buildArray(_ pieces: [HTML]) -> HTML {
        HTML(markup: pieces.reduce(into: "") { $0 += $1.markup })
    }
}
