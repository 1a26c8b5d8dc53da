import Base

/// Gathers everything that is wrong in one file, so that it can be said all at once.
final class ConfigurationFindings {
    let file: String
    private let locator: ConfigurationLocator
    private(set) var problems: [ConfigurationProblem] = []
    private(set) var notices: [ConfigurationNotice] = []

    init(file: String, locator: ConfigurationLocator) {
        self.file = file
        self.locator = locator
        for line in locator.linesWithZero {
            problems.append(ConfigurationProblem(file: file, line: line, key: "", message: .configZeroByte, remedy: nil))
        }
    }

    func problem(_ path: ConfigurationPath, _ message: Message, remedy: Message? = nil) {
        problems.append(
            ConfigurationProblem(file: file, line: locator.line(of: path), key: path.text, message: message, remedy: remedy))
    }

    func notice(_ path: ConfigurationPath, _ message: Message) {
        notices.append(ConfigurationNotice(file: file, line: locator.line(of: path), key: path.text, message: message))
    }

    func rank(_ path: ConfigurationPath) -> Int { locator.ranks[path] ?? Int.max }

    /// In the order of the file.
    func sort() {
        // Stable, unlike the library's.
        problems = problems.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
        notices = notices.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
    }
}

/// One table while it is read: each key is asked for once, by the type it should have; what is left
/// at the end is unknown.
///
/// A function for a key gives nil both where the key is absent and where its value is wrong; the
/// latter is a finding.
final class ConfigurationSection {
    let path: ConfigurationPath
    let findings: ConfigurationFindings
    private let entries: [String: ConfigurationValue]
    private var asked: [String] = []

    init(_ path: ConfigurationPath, _ entries: [ConfigurationEntry], _ findings: ConfigurationFindings) {
        self.path = path
        self.findings = findings
        self.entries = Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether a version to come gives the key its meaning.
    enum Effect {
        case now, later
    }

    /// Whether the file gives `key`, right or wrong.
    func has(_ key: String) -> Bool { entries[key] != nil }

    func problem(_ key: String, _ message: Message, remedy: Message? = nil) {
        findings.problem(path.appending(key), message, remedy: remedy)
    }

    /// The value of `key`, whatever it is.
    func value(_ key: String, _ effect: Effect = .now) -> ConfigurationValue? {
        asked.append(key)
        guard let value = entries[key] else { return nil }
        if effect == .later { findings.notice(path.appending(key), .notInEffectYet) }
        return value
    }

    /// A text that `read` understands.
    func text<T>(_ key: String, _ expected: Message, effect: Effect = .now, isSecret: Bool = false, _ read: (String) -> T?) -> T? {
        guard let value = value(key, effect) else { return nil }
        guard case .text(let text) = value else {
            problem(key, .configWrongType(expected, found: value.typeName))
            return nil
        }
        guard let result = read(text) else {
            problem(key, isSecret ? .configWrongValue(expected) : .configWrongValue(expected, found: shortened(text)))
            return nil
        }
        return result
    }

    /// A text with something in it.
    func text(_ key: String, _ effect: Effect = .now) -> String? {
        text(key, .expectedText, effect: effect) { $0.isEmpty ? nil : $0 }
    }

    /// One of the texts of `T`.
    func choice<T: RawRepresentable & CaseIterable>(_ key: String, _ effect: Effect = .now) -> T? where T.RawValue == String {
        text(key, .expectedOne(of: T.allCases.map { quotedText($0.rawValue) }), effect: effect) { T(rawValue: $0) }
    }

    func path(_ key: String, _ effect: Effect = .now) -> String? {
        text(key, .expectedAbsolutePath, effect: effect, absolutePath)
    }

    func duration(_ key: String, _ effect: Effect = .now) -> Duration? {
        text(key, .expectedDuration, effect: effect) { Duration(configuration: $0) }
    }

    /// The same, or none at all: `0s`.
    func durationOrZero(_ key: String) -> Duration? {
        text(key, .expectedDurationOrZero) { Duration(configuration: $0, zeroIsAllowed: true) }
    }

    func bytes(_ key: String, _ effect: Effect = .now) -> ByteCount? {
        text(key, .expectedSize, effect: effect) { ByteCount($0) }
    }

    /// `50MiB/s`.
    func rate(_ key: String) -> ByteCount? {
        text(key, .expectedRate) { $0.hasSuffix("/s") ? ByteCount(String($0.dropLast(2))) : nil }
    }

    func integer(_ key: String, in range: ClosedRange<Int>, _ effect: Effect = .now) -> Int? {
        guard let value = value(key, effect) else { return nil }
        let expected = Message.expectedInteger(range.lowerBound, range.upperBound == .max ? nil : range.upperBound)
        guard case .integer(let number) = value else {
            problem(key, .configWrongType(expected, found: value.typeName))
            return nil
        }
        guard range.contains(number) else {
            problem(key, .configWrongValue(expected, found: "\(number)"))
            return nil
        }
        return number
    }

    func boolean(_ key: String, _ effect: Effect = .now) -> Bool? {
        guard let value = value(key, effect) else { return nil }
        guard case .boolean(let flag) = value else {
            problem(key, .configWrongType(.expectedBoolean, found: value.typeName))
            return nil
        }
        return flag
    }

    /// A list of texts that `read` understands each.
    func list<T>(_ key: String, of expected: Message, effect: Effect = .now, _ read: (String) -> T?) -> [T]? {
        guard let value = value(key, effect) else { return nil }
        return list(value, at: path.appending(key), of: expected, read)
    }

    /// The same of a value that was looked up already.
    func list<T>(_ value: ConfigurationValue, at path: ConfigurationPath, of expected: Message, _ read: (String) -> T?) -> [T]? {
        guard case .list(let elements) = value else {
            findings.problem(path, .configWrongType(.expectedList(of: expected), found: value.typeName))
            return nil
        }
        let results: [T?] = elements.enumerated().map { index, element in
            let place = path.appending(index)
            guard case .text(let text) = element else {
                findings.problem(place, .configWrongType(expected, found: element.typeName))
                return nil
            }
            let result = read(text)
            if result == nil { findings.problem(place, .configWrongValue(expected, found: shortened(text))) }
            return result
        }
        return results.contains { $0 == nil } ? nil : results.compactMap { $0 }
    }

    /// A program and its arguments.
    func command(_ key: String, _ effect: Effect = .now) -> [String]? {
        value(key, effect).flatMap { command($0, at: path.appending(key)) }
    }

    func command(_ value: ConfigurationValue, at path: ConfigurationPath) -> [String]? {
        guard let words = list(value, at: path, of: .expectedText, { $0 }) else { return nil }
        guard let program = words.first, !program.isEmpty else {
            findings.problem(path, .configWrongValue(.expectedCommand))
            return nil
        }
        return words
    }

    /// A table below this one.
    func section(_ key: String, _ effect: Effect = .now) -> ConfigurationSection? {
        guard let value = value(key, effect) else { return nil }
        guard case .table(let entries) = value else {
            problem(key, .configWrongType(.expectedTable, found: value.typeName))
            return nil
        }
        return ConfigurationSection(path.appending(key), entries, findings)
    }

    /// Names of the tables below `key`, right or wrong, in the order of the file.
    func names(below key: String) -> [String] {
        guard case .table(let entries)? = entries[key] else { return [] }
        let place = path.appending(key)
        return entries.map(\.key).sorted { (findings.rank(place.appending($0)), $0) < (findings.rank(place.appending($1)), $1) }
    }

    /// The tables below `key`, by name, in the order of the file: `[site.a]`, `[site.b]`.
    func namedSections(_ key: String) -> [(name: String, section: ConfigurationSection)] {
        guard let table = section(key) else { return [] }
        return names(below: key).compactMap { name in
            guard isName(name) else {
                table.problem(name, .configBadName)
                return nil
            }
            return table.section(name).map { (name, $0) }
        }
    }

    /// What `read` makes of `key`, whose absence is a problem.
    func required<T>(_ key: String, _ expected: Message, _ read: () -> T?) -> T? {
        guard has(key) else {
            ignore([key])
            problem(key, .configMissingKey(expected))
            return nil
        }
        return read()
    }

    /// Lets the keys pass unread: what is wrong elsewhere leaves them without a meaning.
    func ignore(_ keys: [String]) { asked += keys }

    /// Lets every key pass unread.
    func ignoreTheRest() { asked += entries.keys }

    /// Says that the keys, where the file gives them, do not go with another.
    func refuse(_ keys: [String], _ reason: Message) {
        for key in keys {
            asked.append(key)
            if has(key) { problem(key, reason) }
        }
    }

    /// Reports the keys that nobody asked for.
    func finish() {
        for key in entries.keys where !asked.contains(key) {
            problem(key, .configUnknownKey, remedy: nearest(to: key, in: asked).map(Message.didYouMean))
        }
    }
}

extension ConfigurationValue {
    /// What it is, for a person.
    var typeName: Message {
        switch self {
        case .text: .typeText
        case .integer: .typeInteger
        case .number: .typeNumber
        case .boolean: .typeBoolean
        case .moment: .typeMoment
        case .list: .typeList
        case .table: .typeTable
        }
    }
}

/// A wrong value as a message quotes it: on one line, and not too long.
private func shortened(_ text: String) -> String {
    let text = printable(text.utf8)
    return "\"" + (text.count <= 60 ? text : text.prefix(57) + "…") + "\""
}

/// The word of `candidates` that `word` is probably meant to be; nil where none is near.
package func nearest(to word: String, in candidates: [String]) -> String? {
    let scored = candidates.map { ($0, editDistance(word, $0)) }
    guard let best = scored.min(by: { $0.1 < $1.1 }), best.1 <= max(1, word.count / 3) else { return nil }
    return best.0
}

/// Letters to insert, remove, replace or swap to make `a` of `b`.
private func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a.unicodeScalars)
    let b = Array(b.unicodeScalars)
    var before: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
            row.append(cost)
        }
        (before, last) = (last, row)
    }
    return last[b.count]
}
