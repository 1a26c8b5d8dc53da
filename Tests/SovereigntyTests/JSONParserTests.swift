import Base
import Testing

@testable import Sovereignty

@Suite struct JSONParserTests {
    static func parse(_ text: String) throws -> JSONNode { try JSONParser.parse(Array(text.utf8)) }

    @Test func `a document is read with its lines, and its numbers keep their digits`() throws {
        let node = try Self.parse("{\n  \"a\": [24.10, -0.5, true,\n  null],\n  \"b\": \"é\\u00e9\\ud83d\\ude00\\n\"\n}\n")
        guard case .object(let members) = node.value else { throw Issue() }
        #expect(members.map(\.key) == ["a", "b"])
        #expect(members.map(\.line) == [2, 4])
        guard case .list(let elements) = members[0].value.value else { throw Issue() }
        #expect(elements.map(\.value) == [.number("24.10"), .number("-0.5"), .boolean(true), .null])
        #expect(elements[3].line == 3)
        #expect(members[1].value.value == .text("éé😀\n"))
    }

    struct Issue: Error {}

    @Test(arguments: [
        "", "{", "{}x", "{\"a\":1,}", "[1,]", "{\"a\":1,\"a\":2}", "{\"\\u00e9\":1,\"é\":2}", "01", "1.", ".5", "+1", "1e3", "nul", "\"\t\"", "\"a",
        "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\u12g4\"", "\"\\u+123\"", "{a:1}", "'a'", "// x\n1", "\u{FEFF}{}", "{\"a\" 1}", "[1 2]",
        String(repeating: "[", count: 40),
    ])
    func `what is not strict JSON is refused with its line`(_ text: String) {
        #expect(throws: JSONSyntaxError.self) { try Self.parse(text) }
    }

    @Test func `a key that stands twice is named with the line of the second`() {
        #expect(throws: JSONSyntaxError(line: 3, message: .jsonKeyTwice("status"))) {
            try Self.parse("{\n\"status\": \"withdrawn\",\n\"status\": \"valid\"}")
        }
    }

    @Test func `no byte changed, cut or added makes it trap`() throws {
        let text = Array("{\"a\": [24.1, \"\\u00e9\\n\", true, null, {\"b\": -1}]}".utf8)
        for index in text.indices {
            _ = try? JSONParser.parse(Array(text[..<index]))
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[index] = byte
                _ = try? JSONParser.parse(changed)
            }
        }
        #expect(throws: JSONSyntaxError.self) { try JSONParser.parse([UInt8](repeating: 0x20, count: JSONParser.limit + 1)) }
        #expect(throws: JSONSyntaxError.self) { try JSONParser.parse([0x22, 0xFF, 0x22]) }
    }
}
