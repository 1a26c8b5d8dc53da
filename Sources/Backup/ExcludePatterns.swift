import Base

/// What a source leaves out: the patterns of gitignore(5), applied to raw bytes.
///
/// The list reads like a `.gitignore` file at the root of the source's path: `*.tmp` at any depth,
/// `cache/` for folders only, `/a/b` or `a/b` from the root, `**` across folders, `!` to take back,
/// the last matching pattern wins. Names are matched byte by byte: `?` is one byte, not one letter.
///
/// One difference from git, on purpose: `**` beside other characters (`a/b**/c`) is a plain star, as
/// gitignore(5) says, where git 2.39 lets it cross folders; a backup leaves out the less.
package struct ExcludePatterns: Sendable {
    /// Last first: the first that matches decides.
    private let patterns: [Pattern]
    /// What turns most names away at once, for each pattern: 75,000 names a second and more go by here.
    private let gates: [Gate]

    /// Throws a `Failure` of kind `.usage` at the first pattern that could never match anything, among
    /// them comments: in a list they can only be a mistake.
    package init(_ patterns: [String]) throws {
        self.patterns = try patterns.reversed().map { text in
            do {
                return try Pattern(Array(text.utf8))
            } catch let mistake as Mistake {
                throw Failure(.usage, .badExcludePattern(mistake.reason), object: printable(text.utf8))
            }
        }
        gates = self.patterns.map(\.gate)
    }

    /// Whether there is no pattern at all.
    package var isEmpty: Bool { patterns.isEmpty }

    /// Whether the entry at `components`, relative to the source's path, is left out.
    ///
    /// An excluded folder is not entered: ask for each folder before what it holds, as this looks at
    /// the entry itself only. The source's path itself (no component) is never left out.
    package func excludes(components: [[UInt8]], isFolder: Bool) -> Bool {
        guard let name = components.last, let first = name.first, let last = name.last else { return false }
        for index in gates.indices where gates[index].lets(first, last, count: name.count, isFolder) {
            if patterns[index].matches(components, name) { return !patterns[index].isNegated }
        }
        return false
    }
}

/// What a name must have before its pattern is worth a look. Plain numbers, quick to go through.
private struct Gate: Sendable {
    let isFolderOnly: Bool
    let first: UInt8?
    let last: UInt8?
    let leastCount: Int

    func lets(_ first: UInt8, _ last: UInt8, count: Int, _ isFolder: Bool) -> Bool {
        (isFolder || !isFolderOnly) && count >= leastCount && (self.first ?? first) == first && (self.last ?? last) == last
    }
}

/// Why a pattern was refused.
private struct Mistake: Error {
    let reason: Message
}

/// One pattern, compiled.
private struct Pattern: Sendable {
    let isNegated: Bool
    let gate: Gate
    private let shape: Shape

    /// The ways to compare, the quick ones apart.
    private enum Shape {
        /// A name without wildcards, at any depth.
        case name([UInt8])
        /// `*` and these bytes, at any depth.
        case suffix([UInt8])
        /// A name with wildcards, at any depth.
        case anywhere(Glob)
        /// A path from the root; nil stands for `**`.
        case path([Glob?])
    }

    init(_ text: [UInt8]) throws {
        var text = Self.withoutTrailingSpaces(text)[...]
        guard !text.contains(0) else { throw Mistake(reason: .excludeZeroByte) }
        guard text.first != UInt8(ascii: "#") else { throw Mistake(reason: .excludeComment) }
        isNegated = text.first == UInt8(ascii: "!")
        if isNegated { text = text.dropFirst() }
        let isFolderOnly = text.last == UInt8(ascii: "/")
        if isFolderOnly { text = text.dropLast() }
        guard !text.isEmpty else { throw Mistake(reason: .excludeEmpty) }

        let isAnchored = text.contains(UInt8(ascii: "/"))
        if text.first == UInt8(ascii: "/") { text = text.dropFirst() }
        var parts: [Glob] = []
        try Glob.parse(text) { parts.append($0) }
        // Of the last component, which is the name; `**` there takes any.
        let name = parts[parts.count - 1]
        gate = Gate(isFolderOnly: isFolderOnly, first: name.firstByte, last: name.lastByte, leastCount: name.leastCount)
        guard isAnchored else {
            // Without a slash there is one part.
            shape = parts[0].literal.map(Shape.name) ?? parts[0].suffix.map(Shape.suffix) ?? .anywhere(parts[0])
            return
        }
        guard !parts.contains(where: \.isEmpty) else { throw Mistake(reason: .excludeEmptyComponent) }
        shape = .path(parts.map { $0.isStars ? nil : $0 })
    }

    /// gitignore(5): trailing spaces do not count unless a backslash stands before.
    private static func withoutTrailingSpaces(_ text: [UInt8]) -> [UInt8] {
        var end = 0
        var at = 0
        while at < text.count {
            if text[at] == UInt8(ascii: "\\") {
                at = min(at + 2, text.count)
                end = at
            } else {
                at += 1
                if text[at - 1] != UInt8(ascii: " ") { end = at }
            }
        }
        return Array(text[..<end])
    }

    func matches(_ components: [[UInt8]], _ name: [UInt8]) -> Bool {
        switch shape {
        case .name(let wanted): name == wanted
        case .suffix(let suffix): name.count >= suffix.count && name.suffix(suffix.count).elementsEqual(suffix)
        case .anywhere(let glob): glob.matches(name)
        case .path(let parts): Self.match(parts[...], components[...])
        }
    }

    /// `**` stands for any number of components, and for one at least where it is last.
    private static func match(_ parts: ArraySlice<Glob?>, _ components: ArraySlice<[UInt8]>) -> Bool {
        var parts = parts
        var components = components
        // Where to start again after the last `**` seen: an earlier one never needs another try.
        var resume: (parts: ArraySlice<Glob?>, components: ArraySlice<[UInt8]>)?
        while true {
            if let part = parts.first {
                if part == nil, parts.count == 1, !components.isEmpty { return true }
                if part == nil, parts.count > 1 {
                    parts = parts.dropFirst()
                    resume = (parts, components)
                    continue
                }
                if let part, let component = components.first, part.matches(component) {
                    parts = parts.dropFirst()
                    components = components.dropFirst()
                    continue
                }
            } else if components.isEmpty {
                return true
            }
            guard let (again, from) = resume, !from.isEmpty else { return false }
            parts = again
            components = from.dropFirst()
            resume = (again, components)
        }
    }
}

/// A pattern for one component of a path.
private struct Glob: Sendable {
    private enum Token {
        case byte(UInt8)
        case any
        case set(ByteSet)
        case star

        var literal: UInt8? { if case .byte(let byte) = self { byte } else { nil } }

        func fits(_ byte: UInt8) -> Bool {
            switch self {
            case .byte(let wanted): byte == wanted
            case .any: true
            case .set(let set): set.contains(byte)
            case .star: false
            }
        }
    }

    private var tokens: [Token] = []
    /// Only unescaped stars, two or more: `**` as a component of its own.
    private(set) var isStars = false

    var isEmpty: Bool { tokens.isEmpty && !isStars }

    /// The name it stands for, where it has no wildcard.
    var literal: [UInt8]? { Self.bytes(tokens[...]) }

    /// The bytes after its one leading star, where it is nothing else.
    var suffix: [UInt8]? {
        guard case .star? = tokens.first else { return nil }
        return Self.bytes(tokens.dropFirst())
    }

    /// The byte that it must begin or end with, where there is one, and the bytes it takes at least.
    var firstByte: UInt8? { tokens.first?.literal }
    var lastByte: UInt8? { tokens.last?.literal }
    var leastCount: Int { tokens.count { if case .star = $0 { false } else { true } } }

    private static func bytes(_ tokens: ArraySlice<Token>) -> [UInt8]? {
        var bytes: [UInt8] = []
        for token in tokens {
            guard let byte = token.literal else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// Cuts `text` at its slashes and gives each component compiled.
    static func parse(_ text: ArraySlice<UInt8>, _ body: (Glob) -> Void) throws {
        var glob = Glob()
        var stars = 0
        var onlyStars = true
        func finish() {
            glob.isStars = onlyStars && stars >= 2
            body(glob)
            glob = Glob()
            stars = 0
            onlyStars = true
        }
        var at = text.startIndex
        while at < text.endIndex {
            let byte = text[at]
            at += 1
            if byte == UInt8(ascii: "*") {
                stars += 1
                if case .star? = glob.tokens.last { continue }
                glob.tokens.append(.star)
                continue
            }
            if byte == UInt8(ascii: "/") {
                finish()
                continue
            }
            onlyStars = false
            switch byte {
            case UInt8(ascii: "?"): glob.tokens.append(.any)
            case UInt8(ascii: "["): glob.tokens.append(.set(try ByteSet(text, &at)))
            case UInt8(ascii: "\\"):
                guard at < text.endIndex else { throw Mistake(reason: .excludeLoneBackslash) }
                glob.tokens.append(.byte(text[at]))
                at += 1
            default: glob.tokens.append(.byte(byte))
            }
        }
        finish()
    }

    /// Whether the whole of `name` fits.
    func matches(_ name: [UInt8]) -> Bool {
        tokens.withUnsafeBufferPointer { tokens in
            name.withUnsafeBufferPointer { name in
                var t = 0
                var n = 0
                // After the last star seen, as above.
                var resume: (t: Int, n: Int)?
                while true {
                    if t < tokens.count {
                        if case .star = tokens[t] {
                            t += 1
                            resume = (t, n)
                            continue
                        }
                        if n < name.count, tokens[t].fits(name[n]) {
                            t += 1
                            n += 1
                            continue
                        }
                    } else if n == name.count {
                        return true
                    }
                    guard let (againT, fromN) = resume, fromN < name.count else { return false }
                    t = againT
                    n = fromN + 1
                    resume = (t, n)
                }
            }
        }
    }
}

/// The bytes that a `[…]` accepts.
private struct ByteSet: Sendable {
    private var low: (UInt64, UInt64) = (0, 0)
    private var high: (UInt64, UInt64) = (0, 0)

    func contains(_ byte: UInt8) -> Bool {
        let word =
            switch byte >> 6 {
            case 0: low.0
            case 1: low.1
            case 2: high.0
            default: high.1
            }
        return word >> UInt64(byte & 63) & 1 == 1
    }

    private mutating func insert(_ byte: UInt8) {
        let bit = UInt64(1) << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: low.0 |= bit
        case 1: low.1 |= bit
        case 2: high.0 |= bit
        default: high.1 |= bit
        }
    }

    private mutating func invert() {
        low = (~low.0, ~low.1)
        high = (~high.0, ~high.1)
    }

    /// Reads the set whose `[` was just read, and leaves `at` after its `]`. The rules, odd ones
    /// included, are those of git's wildmatch.c.
    init(_ text: ArraySlice<UInt8>, _ at: inout Int) throws {
        func next() throws -> UInt8 {
            guard at < text.endIndex else { throw Mistake(reason: .excludeOpenBracket) }
            defer { at += 1 }
            return text[at]
        }
        func peek() -> UInt8? { at < text.endIndex ? text[at] : nil }

        var byte = try next()
        let isNegated = byte == UInt8(ascii: "!") || byte == UInt8(ascii: "^")
        if isNegated { byte = try next() }
        // The lower end of a range that may follow; none after a range or a class.
        var previous: UInt8?
        repeat {
            if byte == UInt8(ascii: "\\") {
                byte = try next()
                insert(byte)
                previous = byte
            } else if byte == UInt8(ascii: "-"), let first = previous, let after = peek(), after != UInt8(ascii: "]") {
                var last = try next()
                if last == UInt8(ascii: "\\") { last = try next() }
                if first <= last { for member in first...last { insert(member) } }
                previous = nil
            } else if byte == UInt8(ascii: "["), peek() == UInt8(ascii: ":"), let name = try className(text, &at) {
                guard let members = Self.classes[name] else { throw Mistake(reason: .excludeUnknownClass) }
                for member in UInt8(0)...127 where members(member) { insert(member) }
                previous = nil
            } else {
                insert(byte)
                previous = byte
            }
            byte = try next()
        } while byte != UInt8(ascii: "]")
        if isNegated { invert() }
    }

    /// The name in a `[:name:]` whose first bracket was read; nil, with nothing read, where the `:]` lacks.
    private func className(_ text: ArraySlice<UInt8>, _ at: inout Int) throws -> String? {
        let rest = text[(at + 1)...]
        guard let end = rest.firstIndex(of: UInt8(ascii: "]")) else { throw Mistake(reason: .excludeOpenBracket) }
        guard end > rest.startIndex, text[end - 1] == UInt8(ascii: ":") else { return nil }
        at = end + 1
        return String(decoding: text[rest.startIndex..<end - 1], as: UTF8.self)
    }

    /// The classes of POSIX, of ASCII only.
    private static let classes: [String: @Sendable (UInt8) -> Bool] = [
        "alnum": { isLetter($0) || isDigit($0) },
        "alpha": isLetter,
        "blank": { $0 == 0x20 || $0 == 0x09 },
        "cntrl": { $0 < 0x20 || $0 == 0x7F },
        "digit": isDigit,
        "graph": { (0x21...0x7E).contains($0) },
        "lower": { (0x61...0x7A).contains($0) },
        "print": { (0x20...0x7E).contains($0) },
        "punct": { (0x21...0x7E).contains($0) && !isLetter($0) && !isDigit($0) },
        "space": { $0 == 0x20 || (0x09...0x0D).contains($0) },
        "upper": { (0x41...0x5A).contains($0) },
        "xdigit": { isDigit($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0) },
    ]

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
