import Base

/// An answer of the protocol: elements that hold text only, grouped by the element around them. Two levels are all that
/// the answers used here have below their root.
///
/// Read by hand, since Foundation's parser ends the program at some answers that are no XML. Of XML 1.0 it takes what answers
/// are made of: UTF-8, elements, attributes (passed over), text, character references, CDATA and comments. A document type, and
/// with it every entity of one's own, is refused.
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
        var reader = Reader(bytes)
        guard String(validating: bytes, as: UTF8.self) != nil, let groups = reader.read() else { return nil }
        self.groups = groups
    }

    /// The text of the first element of this name.
    func first(_ field: String) -> String? { groups.lazy.compactMap { $0[field] }.first }

    /// The text of the root's own element of this name.
    func root(_ field: String) -> String? { groups.last?[field] }

    private struct Reader {
        private let bytes: [UInt8]
        private var at = 0
        private var groups: [Group] = []
        /// Elements that are open, each with the fields found below it so far.
        private var open: [Group] = []
        private var text: [UInt8] = []
        private var isLeaf = false
        private var hasEnded = false

        private static let deepest = 256
        private static let entities: [String: UInt8] = [
            "amp": UInt8(ascii: "&"), "lt": UInt8(ascii: "<"), "gt": UInt8(ascii: ">"), "quot": UInt8(ascii: "\""), "apos": UInt8(ascii: "'"),
        ]

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        mutating func read() -> [Group]? {
            // A byte order mark.
            _ = skip("\u{FEFF}")
            while at < bytes.count { guard step() else { return nil } }
            return hasEnded ? groups : nil
        }

        /// Reads a tag, or text up to the next one.
        private mutating func step() -> Bool {
            if skip("<?") { return upTo("?>") != nil }
            if skip("<!--") { return upTo("-->") != nil }
            if skip("<![CDATA[") {
                guard let raw = upTo("]]>"), !open.isEmpty else { return false }
                text += raw
                return true
            }
            if skip("<!") { return false }
            if skip("</") { return endTag() }
            if skip("<") { return startTag() }
            return characters()
        }

        private mutating func skip(_ word: String) -> Bool {
            guard bytes[at...].starts(with: word.utf8) else { return false }
            at += word.utf8.count
            return true
        }

        /// What comes before `word`, which is passed over; nil when it does not come.
        private mutating func upTo(_ word: String) -> ArraySlice<UInt8>? {
            let (from, first) = (at, word.utf8.first!)
            while let next = bytes[at...].firstIndex(of: first) {
                at = next
                if skip(word) { return bytes[from..<next] }
                at += 1
            }
            return nil
        }

        private mutating func skipSpace() { while at < bytes.count, Self.isSpace(bytes[at]) { at += 1 } }

        private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

        /// A name: letters, digits and what is not ASCII, with `-`, `.`, `_` and `:` between.
        private mutating func name() -> String? {
            let from = at
            while at < bytes.count {
                switch bytes[at] {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: ":"), 0x80...:
                    break
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."): if at == from { return nil }
                default: return at == from ? nil : String(decoding: bytes[from..<at], as: UTF8.self)
                }
                at += 1
            }
            return nil
        }

        private mutating func startTag() -> Bool {
            guard !hasEnded, open.count < Self.deepest, let name = name() else { return false }
            open.append(Group(name: name))
            text = []
            isLeaf = true
            while true {
                let before = at
                skipSpace()
                if skip(">") { return true }
                if skip("/>") { return close() }
                guard at > before, self.name() != nil else { return false }
                skipSpace()
                guard skip("=") else { return false }
                skipSpace()
                let quote = skip("\"") ? "\"" : skip("'") ? "'" : nil
                guard let quote, let value = upTo(quote), !value.contains(UInt8(ascii: "<")) else { return false }
            }
        }

        private mutating func endTag() -> Bool {
            guard let name = name(), name == open.last?.name else { return false }
            skipSpace()
            return skip(">") && close()
        }

        private mutating func close() -> Bool {
            let closed = open.removeLast()
            if isLeaf, !open.isEmpty {
                // The first of a name counts.
                let value = String(decoding: text, as: UTF8.self)
                open[open.count - 1].fields[closed.name] = open[open.count - 1].fields[closed.name] ?? value
            } else {
                groups.append(closed)
            }
            isLeaf = false
            text = []
            hasEnded = open.isEmpty
            return true
        }

        private mutating func characters() -> Bool {
            let end = bytes[at...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
            while at < end {
                let byte = bytes[at]
                guard byte >= 0x20 || Self.isSpace(byte), !open.isEmpty || Self.isSpace(byte) else { return false }
                at += 1
                if byte != UInt8(ascii: "&") {
                    text.append(byte)
                } else if let reference = upTo(";"), at <= end, let meant = Self.meant(String(decoding: reference, as: UTF8.self)) {
                    text += meant
                } else {
                    return false
                }
            }
            return true
        }

        private static func meant(_ reference: String) -> [UInt8]? {
            if let byte = entities[reference] { return [byte] }
            guard reference.hasPrefix("#") else { return nil }
            let isHex = reference.hasPrefix("#x")
            guard let number = UInt32(reference.dropFirst(isHex ? 2 : 1), radix: isHex ? 16 : 10), let scalar = Unicode.Scalar(number),
                number >= 0x20 || isSpace(UInt8(number))
            else { return nil }
            return Array(String(Character(scalar)).utf8)
        }
    }
}
