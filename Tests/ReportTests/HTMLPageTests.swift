import Base
import Foundation
import FoundationXML
import Testing

@testable import Report

/// What an XML parser saw of a page.
private final class PageReader: NSObject, XMLParserDelegate {
    var headings: [Int] = []
    var language: String?
    var ids: [String] = []
    var links: [String] = []
    var elements: Set<String> = []
    var attributes: Set<String> = []
    var texts = ""
    var problems: [String] = []
    private var table: (captions: Int, heads: Int, rows: Int, rowHeads: Int)?

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?, attributes values: [String: String] = [:]
    ) {
        elements.insert(name)
        attributes.formUnion(values.keys)
        if name == "html" { language = values["lang"] }
        if let id = values["id"] { ids.append(id) }
        if let link = values["href"] { links.append(link) }
        if name.count == 2, name.first == "h", let level = Int(name.dropFirst()) { headings.append(level) }
        switch name {
        case "table": table = (0, 0, 0, 0)
        case "caption": table?.captions += 1
        case "th" where values["scope"] == "col": table?.heads += 1
        case "th" where values["scope"] == "row": table?.rowHeads += 1
        case "th": problems.append("th without scope")
        case "tr": table?.rows += 1
        default: break
        }
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        guard name == "table", let seen = table else { return }
        if seen.captions != 1 || seen.heads < 2 || seen.rowHeads != seen.rows - 1 { problems.append("a table without caption or headers") }
        table = nil
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) { texts += text }
}

@Suite struct HTMLPageTests {
    private func page(_ facts: ReportFacts, _ language: Language) throws -> [UInt8] {
        HTMLPage(try Samples.report(facts), language: language, dataHash: Samples.hash("0")).bytes
    }

    /// Fails where it is no well-formed XML.
    private func read(_ bytes: [UInt8]) throws -> PageReader {
        let parser = XMLParser(data: Data(bytes))
        let reader = PageReader()
        parser.delegate = reader
        let isWhole = parser.parse()
        try #require(isWhole, "\(String(describing: parser.parserError)), line \(parser.lineNumber)")
        return reader
    }

    @Test(arguments: Language.allCases) func allFifteenSectionsAreThereWhateverIsKnown(_ language: Language) throws {
        for facts in [try Samples.empty(), try Samples.flawed(), try Samples.complete(), try Samples.complete().scoped(to: "clinique-b")] {
            let seen = try read(page(facts, language))
            #expect(seen.language == language.rawValue)
            #expect(seen.ids.filter { $0.hasPrefix("s") } == (1...15).map { "s\($0)" })
            #expect(seen.links.allSatisfy { $0.hasPrefix("#") && seen.ids.contains(String($0.dropFirst())) })
            for title in Message.reportSectionTitles { #expect(seen.texts.contains(ReportText(language)(title)), "\(title.english)") }
            #expect(seen.problems.isEmpty, "\(seen.problems)")
        }
    }

    @Test func headingsDescendOneLevelAtATime() throws {
        let headings = try read(page(Samples.flawed(), .french)).headings
        #expect(headings.first == 1)
        #expect(headings.count { $0 == 1 } == 1)
        for (last, next) in zip(headings, headings.dropFirst()) { #expect(next <= last + 1) }
    }

    @Test func nothingComesFromElsewhereAndNothingRuns() throws {
        let bytes = try page(Samples.flawed(), .french)
        let seen = try read(bytes)
        #expect(seen.elements.isDisjoint(with: ["script", "img", "link", "iframe", "object", "embed", "form", "base", "svg"]))
        #expect(!seen.attributes.contains { $0.hasPrefix("on") } && !seen.attributes.contains("src"))
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(!text.contains("url(") && !text.contains("@import"))
        #expect(text.contains("default-src 'none'"))
    }

    @Test(arguments: Language.allCases) func aSectionWithoutFactsSaysSo(_ language: Language) throws {
        let report = try Samples.report(Samples.empty())
        let document = ReportBuilder(report: report, t: ReportText(language), dataHash: "").document()
        #expect(document.sections.count == 15)
        let said = language == .french ? "onsigné" : "ecorded"
        for section in document.sections where (1...13).contains(section.number) {
            let texts = section.blocks.flatMap { block -> [String] in
                switch block {
                case .note(_, let text): [text]
                case .table(let table): table.rows.joined().map(\.text)
                default: []
                }
            }
            #expect(texts.contains { $0.contains(said) }, "\(section.number)")
            let links = section.blocks.contains { if case .link(_, section: 14) = $0 { true } else { false } }
            #expect(links, "\(section.number) does not lead to its gaps")
        }
    }

    @Test func hostileNamesAreText() throws {
        let hostile = "<script>alert(1)</script>\"'&\u{0}\u{1B}[31m\u{202E}\u{FFFE}]]>-->"
        var facts = try Samples.complete()
        facts.organisation.name = .known(hostile)
        facts.tenants[0].name = .known(hostile)
        facts.tenants[0].id = hostile
        facts.sources[0].name = hostile
        facts.sources[0].tenant = hostile
        facts.sites[0].id = hostile
        facts.sites[0].exposedLaws = .known([hostile])
        facts.incidents.change { $0.summary = hostile }
        facts.sources[0].restoreTests = .known([])
        for language in Language.allCases {
            let bytes = try page(facts, language)
            let seen = try read(bytes)
            #expect(!seen.elements.contains("script"))
            #expect(seen.texts.contains("<script>alert(1)</script>\"'&"))
            let text = String(decoding: bytes, as: UTF8.self)
            for scalar: Unicode.Scalar in ["\u{0}", "\u{1B}", "\u{202E}", "\u{FFFE}"] { #expect(!text.unicodeScalars.contains(scalar)) }
        }
        // JSON keeps it as it is.
        let report = try Samples.report(facts)
        #expect(try AuditReport(json: report.json) == report)
    }

    @Test(arguments: [
        ("CHU d'Exemple – 2026", "\"CHU d\\27 Exemple \\2013  2026\""), ("</style>\"\\", "\"\\3c \\2f style\\3e \\22 \\5c \""),
        ("Œuvre & Artois\u{202E}\n", "\"Œuvre \\26  Artois\\fffd \\a \""), ("", "\"\""),
    ])
    func theRunningTitleIsAStringOfTheStyle(_ text: String, _ wanted: String) { #expect(styleText(text) == wanted) }

    @Test func everyTableHasANameOfItsOwnThatItsFrameTakes() throws {
        let text = String(decoding: try page(Samples.flawed(), .french), as: UTF8.self)
        let frames = text.matches(of: /<div class="table" role="group" aria-labelledby="(b[0-9]+-[0-9]+)" tabindex="0">/).map { String($0.1) }
        let captions = text.matches(of: /<caption id="(b[0-9]+-[0-9]+)">/).map { String($0.1) }
        #expect(frames == captions)
        #expect(Set(frames).count == frames.count && frames.count == text.matches(of: /<table[ >]/).count)
    }

    @Test func aRoleOfAKeyIsSaidInTheLanguageOfTheReport() throws {
        var facts = try Samples.complete()
        var cryptography = try #require(facts.cryptography.value)
        cryptography.keys.change { $0.headroom = .unknown }
        facts.cryptography = .known(cryptography)
        for (language, wanted) in [(Language.french, "9. chu-exemple restauration 777777777777"), (.english, "9. chu-exemple restore 777777777777")] {
            #expect(try read(page(facts, language)).texts.contains(wanted))
        }
    }

    @Test func aNameThatIsAWordOfTheModelIsNotTranslated() throws {
        var facts = try Samples.complete()
        facts.sites[0].id = "disk"
        facts.sites[0].certificates = .known([])
        facts.product.nodes = .known(["tape"])
        let report = try Samples.report(facts)
        let document = ReportBuilder(report: report, t: ReportText(.french), dataHash: "").document()
        let tables = document.sections.flatMap(\.blocks).compactMap { block -> ReportTable? in
            if case .table(let table) = block { table } else { nil }
        }
        let cells = tables.flatMap { $0.rows.joined().map(\.text) }
        #expect(cells.contains("3. disk"))
        #expect(cells.contains("tape"))
        #expect(!cells.contains("disque"))
    }

    @Test func theAnnexTellsHowToVerify() throws {
        let text = try read(page(Samples.complete(), .french)).texts
        for wanted in ["openssl pkeyutl -verify", "sha256sum --strict -c report.manifest", Samples.hash("0"), Samples.hash("f"), Samples.hash("e")] {
            #expect(text.contains(wanted), "\(wanted)")
        }
    }

    // MARK: Contrast (WCAG 2.1, 1.4.3)

    private func luminance(_ color: String) throws -> Double {
        let digits = color.count == 4 ? color.dropFirst().map { "\($0)\($0)" }.joined() : String(color.dropFirst())
        let number = try #require(Int(digits, radix: 16))
        let parts = [number >> 16, number >> 8 & 255, number & 255].map { part -> Double in
            let value = Double(part) / 255
            return value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }

    @Test func everyTextStandsOutFromEveryBackground() throws {
        let sheet = HTMLStyle.sheet
        func colors(_ property: String) -> Set<String> {
            Set(sheet.matches(of: try! Regex("(?:^|[ ;{])\(property): (#[0-9a-f]{3,6})", as: (Substring, Substring).self)).map { String($0.1) })
        }
        let (texts, backgrounds) = (colors("color"), colors("background"))
        #expect(texts.count >= 7 && backgrounds.count >= 7)
        for text in texts {
            for background in backgrounds {
                let (a, b) = (try luminance(text), try luminance(background))
                #expect((max(a, b) + 0.05) / (min(a, b) + 0.05) >= 4.5, "\(text) on \(background)")
            }
        }
    }

    @Test func numbersAreWrittenForTheReader() {
        let french = ReportText(.french)
        #expect(french.size(1_536) == "1,5\u{A0}Kio")
        #expect(ReportText(.english).size(1_536) == "1.5\u{A0}KiB")
        #expect(french.duration(0) == "0\u{A0}s")
        #expect(french.duration(7_320) == "2\u{A0}h 2\u{A0}min")
        #expect(french.duration(86_400) == "1\u{A0}j")
        #expect(french.count(1_234_567) == "1\u{202F}234\u{202F}567")
        #expect(french.percent(0.9999).hasPrefix("99"))
    }
}
