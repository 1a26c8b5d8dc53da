import Base
import Scheduling

/// One object while it is read: each key is asked for once, by the type it should have; what is left at the end is unknown.
///
/// A function for a key gives nil where the key is absent or `null` (both mean: not known) and where its value is wrong; the
/// latter is a problem.
final class DocumentSection {
    let path: String
    let line: Int
    let findings: DocumentFindings
    private let members: [JSONMember]
    private var asked: [String] = []

    init(path: String, _ members: [JSONMember], line: Int, _ findings: DocumentFindings) {
        self.path = path
        self.members = members
        self.line = line
        self.findings = findings
    }

    /// The keys that the document gives, in its order.
    var keys: [String] { members.map(\.key) }

    func problem(_ key: String, _ message: Message) {
        findings.problem(members.first { $0.key == key }?.line ?? line, place(key), message)
    }

    /// The value of `key`, whatever it is, unless it is `null`.
    func node(_ key: String) -> JSONNode? {
        asked.append(key)
        guard let node = members.first(where: { $0.key == key })?.value, node.value != .null else { return nil }
        return node
    }

    /// A text that `read` understands.
    func text<T>(_ key: String, _ expected: Message, _ read: (String) -> T?) -> T? {
        node(key).flatMap { text($0, at: place(key), expected, read) }
    }

    /// A text with something in it, and without control characters.
    func text(_ key: String) -> String? { text(key, .expectedText, plainText) }

    func choice<T: RawRepresentable & CaseIterable>(_ key: String) -> T? where T.RawValue == String {
        text(key, .expectedOne(of: T.allCases.map { "\"\($0.rawValue)\"" })) { T(rawValue: $0) }
    }

    func boolean(_ key: String) -> Bool? {
        guard let node = node(key) else { return nil }
        guard case .boolean(let flag) = node.value else {
            findings.problem(node.line, place(key), .configWrongType(.expectedBoolean, found: node.typeName))
            return nil
        }
        return flag
    }

    /// A number that `read` understands from its digits.
    func number<T>(_ key: String, _ expected: Message, _ read: (String) -> T?) -> T? {
        guard let node = node(key) else { return nil }
        guard case .number(let digits) = node.value else {
            findings.problem(node.line, place(key), .configWrongType(expected, found: node.typeName))
            return nil
        }
        guard let number = read(digits) else {
            findings.problem(node.line, place(key), .configWrongValue(expected, found: digits))
            return nil
        }
        return number
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        number(key, .expectedInteger(range.lowerBound, range.upperBound)) { Int($0).flatMap { range.contains($0) ? $0 : nil } }
    }

    func percentage(_ key: String) -> Percentage? { number(key, .expectedPercentage) { Percentage($0) } }

    func day(_ key: String) -> CalendarDay? { text(key, .expectedDay) { CalendarDay(text: $0) } }

    func country(_ key: String) -> Country? { text(key, .expectedCountry) { Country($0) } }

    /// A list whose elements are texts that `read` understands each.
    func list<T>(_ key: String, of expected: Message, _ read: (String) -> T?) -> [T]? {
        elements(key, of: expected)?.compactMap { node, place in text(node, at: place, expected, read) }
    }

    func texts(_ key: String) -> [String]? { list(key, of: .expectedText, plainText) }

    func choices<T: RawRepresentable & CaseIterable>(_ key: String) -> [T]? where T.RawValue == String {
        list(key, of: .expectedOne(of: T.allCases.map { "\"\($0.rawValue)\"" })) { T(rawValue: $0) }
    }

    /// An object below this one, read to its last key.
    func section<T>(_ key: String, _ read: (DocumentSection) -> T) -> T? {
        node(key).flatMap { section($0, at: place(key), read) }
    }

    /// A list of objects, each read to its last key.
    func sections<T>(_ key: String, _ read: (DocumentSection) -> T?) -> [T]? {
        elements(key, of: .expectedTable)?.compactMap { node, place in section(node, at: place, read) ?? nil }
    }

    /// What `read` makes of `key`, whose absence is a problem.
    func required<T>(_ key: String, _ expected: Message, _ read: () -> T?) -> T? {
        let isThere = members.contains { $0.key == key && $0.value.value != .null }
        if !isThere { problem(key, .configMissingKey(expected)) }
        let result = read()
        return isThere ? result : nil
    }

    func requiredText(_ key: String) -> String? { required(key, .expectedText) { text(key) } }
    func requiredDay(_ key: String) -> CalendarDay? { required(key, .expectedDay) { day(key) } }

    /// Reports the keys that nobody asked for.
    func finish() {
        let known = asked.map { "\"\($0)\"" }
        for member in members where !asked.contains(member.key) {
            findings.problem(member.line, place(printable(member.key.utf8)), .documentUnknownKey(known))
        }
    }

    private func place(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func elements(_ key: String, of expected: Message) -> [(JSONNode, String)]? {
        guard let node = node(key) else { return nil }
        guard case .list(let elements) = node.value else {
            findings.problem(node.line, place(key), .configWrongType(.expectedList(of: expected), found: node.typeName))
            return nil
        }
        return elements.enumerated().map { ($1, "\(place(key))[\($0)]") }
    }

    private func text<T>(_ node: JSONNode, at place: String, _ expected: Message, _ read: (String) -> T?) -> T? {
        guard case .text(let text) = node.value else {
            findings.problem(node.line, place, .configWrongType(expected, found: node.typeName))
            return nil
        }
        guard let result = read(text) else {
            let shown = printable(text.utf8)
            findings.problem(node.line, place, .configWrongValue(expected, found: "\"\(shown.count <= 60 ? shown : shown.prefix(57) + "…")\""))
            return nil
        }
        return result
    }

    private func section<T>(_ node: JSONNode, at place: String, _ read: (DocumentSection) -> T) -> T? {
        guard case .object(let members) = node.value else {
            findings.problem(node.line, place, .configWrongType(.expectedTable, found: node.typeName))
            return nil
        }
        let section = DocumentSection(path: place, members, line: node.line, findings)
        let result = read(section)
        section.finish()
        return result
    }
}

/// A text that is not empty and holds no control character.
private func plainText(_ text: String) -> String? {
    text.isEmpty || text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) } ? nil : text
}

/// Reads one document: an object, with `read` seeing its keys. Throws `DocumentProblems` with everything that is wrong.
func readDocument<T>(_ bytes: [UInt8], file: String, _ read: (DocumentSection) -> T?) throws -> T {
    let node: JSONNode
    do {
        node = try JSONParser.parse(bytes)
    } catch let error as JSONSyntaxError {
        throw DocumentProblems([DocumentProblem(file: file, line: error.line, key: "", message: error.message)])
    }
    guard case .object(let members) = node.value else {
        let message = Message.configWrongType(.expectedTable, found: node.typeName)
        throw DocumentProblems([DocumentProblem(file: file, line: node.line, key: "", message: message)])
    }
    let findings = DocumentFindings(file: file)
    let section = DocumentSection(path: "", members, line: node.line, findings)
    let result = read(section)
    section.finish()
    guard findings.problems.isEmpty, let result else { throw DocumentProblems(findings.sorted) }
    return result
}
