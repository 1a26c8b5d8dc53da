import Testing

@testable import Operations

@Suite struct ConfigurationLocatorTests {
    private let text = #"""
        # [not.a.table]
        top = 1
        dotted.key."with dot" = 2   # = [x]
        [a]
        x = """
        [fake]
        y = 1 \""" still
        """
        y = '''
        z = 2'''
        list = [ # comment ]
          "one, ]", 'two',
          [3, 4],

          { k = 5, l.m = "}" },
        ]
        [a.b.c]
        d = -1_000.5e+3  
        [[many]]
        v = 1
        [[many]]
        v = 2
        [many.sub]
        w = 3
        [ "quoted \" name" . 'x' ]
        last = true
        """#

    @Test(arguments: [
        ("top", 2), ("dotted", 3), ("dotted.key", 3), ("dotted.key.\"with dot\"", 3), ("a", 4), ("a.x", 5), ("a.y", 9), ("a.list", 11),
        ("a.list[1]", 12),
        ("a.list[2]", 12), ("a.list[3]", 13), ("a.list[3][2]", 13), ("a.list[4]", 15), ("a.list[4].k", 15), ("a.list[4].l.m", 15), ("a.b", 17),
        ("a.b.c", 17), ("a.b.c.d", 18), ("many", 19), ("many[1].v", 20), ("many[2]", 21), ("many[2].v", 22), ("many[2].sub.w", 24),
        (#""quoted \" name".x.last"#, 26),
    ])
    func `each key is found on its line`(path: String, line: Int) throws {
        let locator = ConfigurationLocator(text)
        let lines = Dictionary(uniqueKeysWithValues: locator.lines.map { ($0.key.text, $0.value) })
        #expect(lines[path] == line)
    }

    @Test func `nothing else is found`() {
        let found = Set(ConfigurationLocator(text).lines.keys.map(\.text))
        #expect(found.allSatisfy { !$0.contains("fake") && !$0.contains("not") && !$0.contains("still") && $0 != "a.z" })
    }

    @Test func `a key that is absent is placed where it should stand`() {
        let locator = ConfigurationLocator(text)
        #expect(locator.line(of: ConfigurationPath().appending("a").appending("b").appending("absent")) == 17)
        #expect(locator.line(of: ConfigurationPath().appending("absent")) == 1)
    }

    @Test func `the parser and the locator find the same keys`() throws {
        func paths(_ entries: [ConfigurationEntry], _ path: ConfigurationPath) -> Set<ConfigurationPath> {
            entries.reduce(into: []) { $0.formUnion(values($1.value, path.appending($1.key))) }
        }
        func values(_ value: ConfigurationValue, _ path: ConfigurationPath) -> Set<ConfigurationPath> {
            switch value {
            case .table(let entries): paths(entries, path).union([path])
            case .list(let elements):
                elements.enumerated().reduce(into: [path]) { $0.formUnion(values($1.element, path.appending($1.offset))) }
            default: [path]
            }
        }
        #expect(paths(try parseTOML(text), ConfigurationPath()) == Set(ConfigurationLocator(text).lines.keys))
    }

    @Test(arguments: [
        "[", "[[", "a", "a = [", "a = {", "a = \"", "a = '''x", "\\", "= =", "a = [[[", "]]]", "a.b.", "a = {x", "\u{FEFF}a = 1", "a = \"\\",
        "[a]]]\n]=",
    ])
    func `text that is not TOML ends the search all the same`(text: String) {
        _ = ConfigurationLocator(text)
    }

    @Test(arguments: ["1", "-1", "+1_000", "0x1F", "1.5", "1e9", "-2.5E-3", "true", "false", "1 # c", "1 \r\n", "\"x\"", "[1, 2]", "{ a = 1 }"])
    func `plain values go to the parser`(value: String) {
        #expect(ConfigurationLocator("a = \(value)").fatal == nil)
        #expect(throws: Never.self) { try parseTOML("a = \(value)") }
    }

    @Test func `a zero written as an escape is noticed`() {
        #expect(ConfigurationLocator("a = 1\nb = \"x\\u0000\"").linesWithZero == [2])
        #expect(ConfigurationLocator("b = \"\\\\u0000\"\nc = '\\u0000'").linesWithZero == [])
    }
}
