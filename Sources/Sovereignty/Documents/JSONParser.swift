import Base

/// Reads strict JSON: no comment, no trailing comma, no key twice in one object, nothing after the value.
///
/// `JSONDecoder` would take the last of two equal keys, so that a person and the program could read one signed file
/// differently; it would turn 24.1 into a binary fraction; and it knows no lines. Input is at most `limit` bytes and
/// `depth` levels deep: reading never traps.
struct JSONParser {
    static let limit = 1 << 20
    static let depth = 32

    private let bytes: [UInt8]
    private var position = 0
    private var line = 1

    /// Throws `JSONSyntaxError`.
    static func parse(_ bytes: [UInt8]) throws -> JSONNode {
        guard bytes.count <= limit else { throw JSONSyntaxError(line: 1, message: .documentTooLarge(limit)) }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw JSONSyntaxError(line: 1, message: .jsonSyntax(.byteOrderMark)) }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw JSONSyntaxError(line: 1, message: .configNotUTF8) }
        var parser = JSONParser(bytes: bytes)
        let node = try parser.value(0)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.error(.textAfter) }
        return node
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func error(_ what: JSONFault) -> JSONSyntaxError { JSONSyntaxError(line: line, message: .jsonSyntax(what)) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
            if byte == 0x0A { line += 1 }
            position += 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func value(_ level: Int) throws -> JSONNode {
        guard level < Self.depth else { throw error(.tooDeep) }
        skipSpace()
        let start = line
        switch next {
        case UInt8(ascii: "{"): return JSONNode(line: start, value: .object(try object(level)))
        case UInt8(ascii: "["): return JSONNode(line: start, value: .list(try list(level)))
        case UInt8(ascii: "\""): return JSONNode(line: start, value: .text(try text()))
        case .some(let byte) where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte):
            return JSONNode(line: start, value: .number(try number()))
        default:
            for (word, value) in [("true", JSONNode.Value.boolean(true)), ("false", .boolean(false)), ("null", .null)]
            where bytes[position...].starts(with: word.utf8) {
                position += word.utf8.count
                return JSONNode(line: start, value: value)
            }
            throw error(next == nil ? .endTooEarly : .valueExpected)
        }
    }

    private mutating func object(_ level: Int) throws -> [JSONMember] {
        position += 1
        var members: [JSONMember] = []
        var keys: Set<String> = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return members }
        repeat {
            skipSpace()
            let keyLine = line
            guard next == UInt8(ascii: "\"") else { throw error(.keyExpected) }
            let key = try text()
            guard keys.insert(key).inserted else { throw JSONSyntaxError(line: keyLine, message: .jsonKeyTwice(printable(key.utf8))) }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw error(.colonExpected) }
            members.append(JSONMember(key: key, line: keyLine, value: try value(level + 1)))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw error(.endOfObjectExpected) }
        return members
    }

    private mutating func list(_ level: Int) throws -> [JSONNode] {
        position += 1
        var elements: [JSONNode] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return elements }
        repeat {
            elements.append(try value(level + 1))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw error(.endOfListExpected) }
        return elements
    }

    private mutating func text() throws -> String {
        position += 1
        var content: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0..<0x20: throw error(.controlCharacter)
            default: content.append(byte)
            }
        }
        throw error(.openText)
    }

    private mutating func escape(into content: inout [UInt8]) throws {
        guard let byte = next else { throw error(.openText) }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xD800..<0xDC00).contains(code) {
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw error(.halfPair) }
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else { throw error(.halfPair) }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error(.halfPair) }
            content += Array(String(Character(scalar)).utf8)
        default: throw error(.unknownEscape)
        }
    }

    private mutating func hexadecimal() throws -> UInt32 {
        guard position + 4 <= bytes.count else { throw error(.hexadecimalExpected) }
        let digits = bytes[position..<position + 4]
        position += 4
        let text = String(decoding: digits, as: UTF8.self)
        guard digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }), let code = UInt32(text, radix: 16) else {
            throw error(.hexadecimalExpected)
        }
        return code
    }

    private mutating func number() throws -> String {
        let start = position
        func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }
        _ = take(UInt8(ascii: "-"))
        guard isDigit(next) else { throw error(.digitExpected) }
        if !take(UInt8(ascii: "0")) { while isDigit(next) { position += 1 } }
        if take(UInt8(ascii: ".")) {
            guard isDigit(next) else { throw error(.digitExpected) }
            while isDigit(next) { position += 1 }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") { throw error(.exponent) }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }
}
