import Foundation
import FoundationXML

/// An answer of the protocol: elements that hold text only, grouped by the element around them. Two levels are all that
/// the answers used here have below their root.
struct XMLFields {
    struct Group {
        let name: String
        var fields: [String: String] = [:]

        subscript(_ field: String) -> String? { fields[field] }
    }

    /// In the order of the document; the root element's own fields are in the last one.
    let groups: [Group]

    /// Nil when `bytes` are not XML, or not whole.
    init?(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return nil }
        let reader = Reader()
        let parser = XMLParser(data: Data(bytes))
        parser.shouldResolveExternalEntities = false
        parser.delegate = reader
        guard parser.parse() else { return nil }
        groups = reader.groups
    }

    /// The text of the first element of this name.
    func first(_ field: String) -> String? { groups.lazy.compactMap { $0[field] }.first }

    /// The text of the root's own element of this name.
    func root(_ field: String) -> String? { groups.last?[field] }

    private final class Reader: NSObject, XMLParserDelegate {
        var groups: [Group] = []
        /// Elements that are open, each with the fields found below it so far.
        private var open: [Group] = []
        private var text = ""
        private var isLeaf = false

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?, attributes: [String: String]
        ) {
            open.append(Group(name: name))
            text = ""
            isLeaf = true
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

        func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
            let closed = open.removeLast()
            if isLeaf, !open.isEmpty {
                // The first of a name counts.
                open[open.count - 1].fields[name] = open[open.count - 1].fields[name] ?? text
            } else {
                groups.append(closed)
            }
            isLeaf = false
            text = ""
        }
    }
}
