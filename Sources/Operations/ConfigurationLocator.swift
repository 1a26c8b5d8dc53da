import Base

/// A place in a configuration: keys, and positions in lists.
struct ConfigurationPath: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case key(String)
        case index(Int)
    }

    private(set) var parts: [Part] = []

    init() {}

    func appending(_ key: String) -> ConfigurationPath { appending(.key(key)) }
    func appending(_ index: Int) -> ConfigurationPath { appending(.index(index)) }

    private func appending(_ part: Part) -> ConfigurationPath {
        var path = self
        path.parts.append(part)
        return path
    }

    /// The place that holds this one; nil for the whole.
    var parent: ConfigurationPath? {
        guard !parts.isEmpty else { return nil }
        var path = self
        path.parts.removeLast()
        return path
    }

    /// As one would write it: `source.dpi.paths[1]`, counted from one.
    var text: String {
        var text = ""
        for part in parts {
            switch part {
            case .key(let key): text += (text.isEmpty ? "" : ".") + keyText(key)
            case .index(let index): text += "[\(index + 1)]"
            }
        }
        return text
    }
}

/// A key as TOML writes it: bare where it may be, else quoted.
func keyText(_ key: String) -> String {
    let isBare = !key.isEmpty && key.utf8.allSatisfy { isBareKeyByte($0) }
    return isBare ? key : quotedText(key)
}

/// A TOML basic string, with its quotes.
func quotedText(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\t": out += "\\t"
        case _ where scalar.value < 0x20 || scalar.value == 0x7F:
            let hex = String(scalar.value, radix: 16, uppercase: true)
            out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}

private func isBareKeyByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
    default: false
    }
}

/// Finds on which line each key of a TOML text stands, and in which order: the parser keeps neither.
///
/// Exact for text that the parser accepts, and for any text up to its first mistake. Beyond that it
/// finds fewer or wrong lines, and always an end: each step reads at least one byte or stops.
struct ConfigurationLocator {
    private(set) var lines: [ConfigurationPath: Int] = [:]
    /// Rank of each place in the text.
    private(set) var ranks: [ConfigurationPath: Int] = [:]
    /// Lines of strings with an escaped zero, which the parser's C interface cuts short.
    private(set) var linesWithZero: [Int] = []
    /// The first mistake of a kind where the parser has an assertion in place of an error, and would
    /// abort the program.
    private(set) var fatal: (line: Int, path: ConfigurationPath, message: Message)?

    private let bytes: [UInt8]
    private var at = 0
    private var line = 1
    /// How many times each `[[…]]` was seen.
    private var counts: [ConfigurationPath: Int] = [:]
    /// Lists and inline tables around the current place. The parser's own limit is 256.
    private var depth = 0
    private static let deepest = 300

    init(_ text: String) {
        bytes = Array(text.utf8)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
        var section = ConfigurationPath()
        while true {
            skipBlanks()
            guard let byte = peek else { break }
            let before = at
            if byte == UInt8(ascii: "[") { section = header() } else { assignment(below: section) }
            if at == before { advance() }
        }
    }

    /// The line of `path`, or of the nearest place that holds it; 1 where nothing does.
    func line(of path: ConfigurationPath) -> Int {
        var path: ConfigurationPath? = path
        while let place = path {
            if let line = lines[place] { return line }
            path = place.parent
        }
        return 1
    }

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func isNext(_ text: StaticString) -> Bool {
        at + text.utf8CodeUnitCount <= bytes.count && (0..<text.utf8CodeUnitCount).allSatisfy { bytes[at + $0] == text.utf8Start[$0] }
    }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where at < bytes.count {
            if bytes[at] == UInt8(ascii: "\n") { line += 1 }
            at += 1
        }
    }

    private mutating func note(_ path: ConfigurationPath, _ line: Int) {
        guard lines[path] == nil else { return }
        lines[path] = line
        ranks[path] = ranks.count
    }

    private mutating func skipSpaces() {
        while let byte = peek, byte == 0x20 || byte == 0x09 { advance() }
    }

    /// Spaces, ends of line and comments.
    private mutating func skipBlanks() {
        while let byte = peek {
            switch byte {
            case 0x20, 0x09, 0x0D, 0x0A: advance()
            case UInt8(ascii: "#"): while at < bytes.count, bytes[at] != 0x0A { at += 1 }
            default: return
            }
        }
    }

    /// `[a.b]` or `[[a.b]]`: the place that the lines below it fill.
    private mutating func header() -> ConfigurationPath {
        let start = line
        let isElement = isNext("[[")
        advance(isElement ? 2 : 1)
        skipSpaces()
        // The parser itself refuses `[]` and the end of the text, and asserts all else.
        let startsKey = peek.map { isBareKeyByte($0) || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "]") } ?? true
        if !startsKey, fatal == nil { fatal = (start, ConfigurationPath(), .configBadHeader) }
        let keys = dottedKey()
        while peek == UInt8(ascii: "]") || peek == 0x20 || peek == 0x09 { advance() }
        var path = ConfigurationPath()
        for (rank, key) in keys.enumerated() {
            path = path.appending(key)
            if rank == keys.count - 1, isElement {
                note(path, start)
                counts[path, default: 0] += 1
            }
            if let count = counts[path] { path = path.appending(count - 1) }
            note(path, start)
        }
        // The header itself, where a table below it came first.
        lines[path] = start
        return path
    }

    private mutating func assignment(below section: ConfigurationPath) {
        let start = line
        var path = section
        for key in dottedKey() {
            path = path.appending(key)
            note(path, start)
        }
        skipSpaces()
        guard peek == UInt8(ascii: "=") else { return }
        advance()
        skipSpaces()
        value(path)
    }

    private mutating func dottedKey() -> [String] {
        var keys: [String] = []
        while true {
            skipSpaces()
            switch peek {
            case UInt8(ascii: "\""), UInt8(ascii: "'"): keys.append(string())
            case let byte? where isBareKeyByte(byte):
                let start = at
                while let byte = peek, isBareKeyByte(byte) { advance() }
                keys.append(String(decoding: bytes[start..<at], as: UTF8.self))
            default: return keys
            }
            skipSpaces()
            guard peek == UInt8(ascii: ".") else { return keys }
            advance()
        }
    }

    private mutating func value(_ path: ConfigurationPath) {
        switch peek {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = string()
        case UInt8(ascii: "["):
            elements(until: UInt8(ascii: "]")) { locator, index in
                locator.note(path.appending(index), locator.line)
                locator.value(path.appending(index))
            }
        case UInt8(ascii: "{"):
            elements(until: UInt8(ascii: "}")) { locator, _ in locator.assignment(below: path) }
        default:
            let start = at
            while let byte = peek, ![0x2C, 0x5D, 0x7D, 0x23, 0x0A].contains(byte) { at += 1 }
            refuseUnlessPlain(bytes[start..<at], path)
        }
    }

    /// Keeps from the parser what is neither a number nor `true` or `false`: many an odd value would make it
    /// abort, and so would odd dates and times, for which the configuration has no use anyway.
    private mutating func refuseUnlessPlain(_ scalar: ArraySlice<UInt8>, _ path: ConfigurationPath) {
        let words = scalar.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        // With nothing there at all the parser has an error of its own, but for a `}` in a list.
        guard let word = words.first else {
            if peek == UInt8(ascii: "}"), fatal == nil { fatal = (line, path, .configBadValue) }
            return
        }
        let isWord = word.elementsEqual("true".utf8) || word.elementsEqual("false".utf8)
        if words.count > 1 || !(isWord || isLikeNumber(word)), fatal == nil { fatal = (line, path, .configBadValue) }
    }

    /// A sign or none, a digit, then digits, letters, underscores and dots; another sign after an `e` only.
    private func isLikeNumber(_ word: ArraySlice<UInt8>) -> Bool {
        func isSign(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") }
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        let number = isSign(word.first) ? word.dropFirst() : word
        guard let first = number.first, isDigit(first) else { return false }
        var previous = first
        for byte in number {
            let followsExponent = isSign(byte) && previous | 0x20 == UInt8(ascii: "e")
            guard followsExponent || (isBareKeyByte(byte) && !isSign(byte)) || byte == UInt8(ascii: ".") else { return false }
            previous = byte
        }
        return true
    }

    /// The elements of a list or an inline table, whose opening bracket is next.
    private mutating func elements(until end: UInt8, _ element: (inout ConfigurationLocator, Int) -> Void) {
        guard depth < Self.deepest else {
            at = bytes.count
            return
        }
        depth += 1
        defer { depth -= 1 }
        advance()
        var index = 0
        while true {
            skipBlanks()
            guard let byte = peek else { return }
            if byte == end { return advance() }
            let before = at
            if byte == UInt8(ascii: ",") {
                advance()
            } else {
                element(&self, index)
                index += 1
            }
            if at == before { return }
        }
    }

    /// Skips a string of any of the four kinds, and gives its content: exact for keys, which seldom
    /// have more than the two escapes of a basic string.
    private mutating func string() -> String {
        let quote = bytes[at]
        let isLong = isNext("\"\"\"") || isNext("'''")
        let start = line
        advance(isLong ? 3 : 1)
        var content: [UInt8] = []
        while let byte = peek {
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                if isNext("\\u0000") || isNext("\\U00000000") { linesWithZero.append(start) }
                advance()
                if let escaped = peek { content.append(escaped) }
                advance()
            } else if byte == quote {
                guard isLong else {
                    advance()
                    break
                }
                if isNext("\"\"\"") || isNext("'''") {
                    advance(3)
                    // Up to two quotes may stand right before the closing three.
                    while peek == quote { advance() }
                    break
                }
                advance()
            } else {
                content.append(byte)
                advance()
            }
        }
        return String(decoding: content, as: UTF8.self)
    }
}
