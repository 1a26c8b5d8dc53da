import Base
import Codec
import Foundation
import Operations
import Testing

@testable import Daemon

@Suite("The dashboard") struct DashboardTests {
    static let samples: [(String, Overview)] = [
        ("calm", Sample.calm), ("trouble", Sample.trouble), ("empty", Overview()), ("large", Sample.large), ("hostile", Sample.hostile),
    ]

    @Test("A page is well-formed, in both languages and for whatever happened", arguments: samples)
    func wellFormed(_ name: String, _ overview: Overview) throws {
        for language in Language.allCases {
            let page = DashboardPage(overview, language: language)
            #expect(tagsIfWellFormed(page.text) != nil)
            for source in overview.tenants.flatMap(\.sources).prefix(6) {
                #expect(tagsIfWellFormed(try #require(page.sourcePage(source.name))) != nil)
            }
        }
    }

    @Test("Both languages say the same things", arguments: samples)
    func sameInBothLanguages(_ name: String, _ overview: Overview) {
        let (english, french) = (DashboardPage(overview, language: .english), DashboardPage(overview, language: .french))
        #expect(tagsIfWellFormed(english.text) == tagsIfWellFormed(french.text))
        #expect(english.text.contains("<html lang=\"en\">") && french.text.contains("<html lang=\"fr\">"))
        #expect(english.text.contains("href=\"?lang=fr\"") && french.text.contains("href=\"?lang=en\""))
    }

    @Test("No sentence of one language stands in the page of the other")
    func noMixture() {
        let french = DashboardPage(Sample.trouble, language: .french).text
        for word in [" ago", "Last ", "snapshot", "needs", "late<", "held", "never", "Promised", "restored", "since", "Began", "Critical", "files"] {
            #expect(!french.contains(word), "\(word)")
        }
        let english = DashboardPage(Sample.calm, language: .english).text
        for word in ["il y a", "dans ", "instantané", "détenu", "Dernier", "jamais", "promis", "depuis", "Début", "fichiers", "à jour"] {
            #expect(!english.contains(word), "\(word)")
        }
    }

    @Test("What was read never becomes markup", arguments: Language.allCases)
    func hostile(_ language: Language) throws {
        let page = DashboardPage(Sample.hostile, language: language)
        for text in [page.text, try #require(page.sourcePage("3\(Sample.evil)"))] {
            for piece in ["<script", "<img", "\u{202E}", "\u{0}", "\u{1B}"] { #expect(!text.contains(piece)) }
            #expect(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;amp;"))
            for address in text.matches(of: /(?:href|src)="([^"]*)"/).map(\.1) where !address.hasPrefix("data:image/svg+xml,") {
                #expect(!address.contains("//") && !address.contains(":"), "\(address)")
            }
        }
    }

    @Test("Text is escaped wherever it stands")
    func escaping() {
        #expect(HTML.escaped("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;")
        #expect(HTML.escaped("e\u{301} 😀\n") == "e\u{301} 😀\n")
        #expect(HTML.escaped("\u{7}\u{85}\u{200F}\u{2066}\u{FFFE}") == String(repeating: "\u{FFFD}", count: 5))
        let name = "<i>"
        #expect(tag("p", ["title": name]) { "\(name)" }.markup == "<p title=\"&lt;i&gt;\">&lt;i&gt;</p>")
        #expect(tag("p", ["title": nil, "class": ""]) { HTML.none }.markup == "<p class=\"\"></p>")
    }

    @Test("The first line says whether a person is needed")
    func verdict() {
        #expect(DashboardVerdict(Sample.calm).message == .dashboardAllProtected)
        #expect(DashboardVerdict(Sample.calm).state == .good)
        // Two alerts, and a refused configuration that no alert tells.
        #expect(DashboardVerdict(Sample.trouble).message == .dashboardNeedsPerson(3))
        #expect(DashboardVerdict(Sample.trouble).state == .critical)
        #expect(DashboardVerdict(Overview()).message == .dashboardNothingYet)
    }

    @Test(
        "Nothing is called protected only because no alert was raised",
        arguments: [
            { $0.tenants[0].sources[0].isLate = true }, { $0.tenants[0].sources[0].last = nil }, { $0.tenants[0].sources[0].lastExit = 6 },
            { $0.tenants[0].sources[0].isComplete = false }, { $0.tenants[0].sources[0].restoreTest?.isGood = false },
            { $0.tenants[0].sites[0].damaged = 1 }, { $0.tenants[0].sites[1].isReachable = false }, { $0.configuration.refused = "line 1" },
        ] as [@Sendable (inout Overview) -> Void])
    func quietTrouble(_ change: @Sendable (inout Overview) -> Void) {
        var overview = Sample.calm
        change(&overview)
        #expect(DashboardVerdict(overview).state != .good)
        // A site that is meant to be away is no trouble, and the calm overview has one.
        #expect(Sample.calm.tenants[0].sites[3].isReachable == false)
    }

    @Test("The gravest alert comes first, whatever the order of the list")
    func order() throws {
        let text = DashboardPage(Sample.trouble, language: .french).text
        let late = try #require(text.range(of: "La source dpi est en retard"))
        let failing = try #require(text.range(of: "Le site gra ne répond plus"))
        #expect(late.lowerBound < failing.lowerBound)
    }

    @Test("A page of fifty sources is below 200 KiB, and says how much it leaves out", arguments: Language.allCases)
    func bounds(_ language: Language) throws {
        let page = DashboardPage(Sample.large, language: language)
        #expect(page.text.utf8.count < 200 * 1_024)
        for hidden in [80 - 30, 300 - 25] { #expect(page.text.contains(Message.progressMore(hidden).text(language))) }
        #expect(page.text.contains(page.format.say(.dashboardMoreCharts(50 - 12))))
        #expect(try #require(page.sourcePage("imagerie-etablissement-1")).utf8.count < 100 * 1_024)
        var endless = Sample.calm
        endless.alerts = [Sample.alert("critical", "k", ago: 0, String(repeating: "x", count: 1_000_000))]
        #expect(DashboardPage(endless, language: language).text.utf8.count < 100 * 1_024)
    }

    @Test("A site that is away as expected is told apart from one that fails")
    func awayOrFailing() {
        let text = DashboardPage(Sample.trouble, language: .english).text
        #expect(text.contains("away, as expected") && text.contains("failing for 3\u{A0}h"))
    }

    @Test("A node without opening keys says that restores are tested elsewhere")
    func testsElsewhere() {
        var overview = Sample.calm
        overview.tenants[0].testsRestores = false
        for index in overview.tenants[0].sources.indices { overview.tenants[0].sources[index].restoreTest = nil }
        let text = DashboardPage(overview, language: .english).text
        #expect(text.contains(Message.dashboardTestsElsewhere.english))
        #expect(!text.contains(Message.dashboardProofCaption.english))
    }

    @Test("Data that are old say so")
    func oldData() {
        #expect(!DashboardPage(Sample.calm, language: .english).text.contains(" old</span>"))
        #expect(DashboardPage(Sample.calm, language: .english, at: Sample.now + 7_200).text.contains("2\u{A0}h old</span>"))
    }

    @Test("A source that is not there has no page, and the error page is one")
    func errorPage() throws {
        #expect(DashboardPage(Sample.calm, language: .french).sourcePage("dp") == nil)
        for language in Language.allCases { #expect(tagsIfWellFormed(DashboardPage.errorPage(404, language: language)) != nil) }
    }

    @Test("The policy names the one style sheet that the page has, and lets nothing else in")
    func policy() throws {
        let page = DashboardPage(Sample.calm, language: .french).text
        let start = try #require(page.range(of: "<style>")).upperBound
        let sheet = page[start..<(try #require(page.range(of: "</style>"))).lowerBound]
        let hash = Data(sha256(Array(sheet.utf8)).bytes).base64EncodedString()
        #expect(DashboardPage.contentSecurityPolicy.contains("style-src 'sha256-\(hash)'"))
        for directive in ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
            #expect(DashboardPage.contentSecurityPolicy.contains(directive))
        }
        #expect(!page.contains(" style="))
    }

    @Test(
        "Times are said as people say them",
        arguments: [(1, "1 s"), (59, "59 s"), (60, "1 min"), (3_599, "1 h"), (26_400, "7 h 20 min"), (97_200, "1 d 3 h"), (2_332_800, "27 d")])
    func spans(_ seconds: Double, _ text: String) {
        let format = DashboardFormat(language: .english, now: 0)
        #expect(format.span(seconds).replacing("\u{A0}", with: " ") == text)
    }

    @Test("Only the whole is a hundred percent, and only nothing is none")
    func percent() {
        let format = DashboardFormat(language: .english, now: 0)
        #expect([0, 0.001, 0.5, 0.9999, 1].map(format.percent) == ["0%", "1%", "50%", "99%", "100%"])
    }
}

@Suite("Charts") struct ChartTests {
    private let format = DashboardFormat(language: .english, now: Sample.now)

    private func drawing(_ values: [Double], _ form: Chart.Form = .line, every step: Int64 = 86_400) -> String {
        let points = values.enumerated().map { (time: Sample.now + Int64($0.offset) * step, value: $0.element) }
        return Chart("Volume", form, .bytes, .small, points: points).figure(id: "c", subject: "dpi", format).markup
    }

    @Test("Without a point there is a sentence and no drawing")
    func none() {
        #expect(drawing([]).contains("No snapshot was taken here yet.") && !drawing([]).contains("<svg"))
    }

    @Test(
        "Thin, flat and mad data are drawn inside the frame",
        arguments: [[5], [0], [7, 7, 7], [0, 0], [1e18, 0], [1, .nan, .infinity, -3], Array(repeating: 2, count: 5_000)] as [[Double]])
    func thin(_ values: [Double]) throws {
        for form in [Chart.Form.line, .bars] {
            let markup = drawing(values, form)
            #expect(tagsIfWellFormed("<!DOCTYPE html>\n" + markup) != nil)
            #expect(!markup.contains("nan") && !markup.contains("inf"))
            let path = try #require(markup.firstMatch(of: /class="(?:line|bars)"[^>]* d="([^"]+)"/)).1
            for pair in path.matches(of: /[ML]([0-9.-]+) ([0-9.-]+)/) {
                let (x, y) = (try #require(Double(pair.1)), try #require(Double(pair.2)))
                #expect((50...320).contains(x) && (0...94).contains(y))
            }
        }
    }

    @Test("All points at one moment stand in the middle")
    func oneMoment() { #expect(drawing([3, 4], every: 0).contains("M185 ")) }

    @Test("A drawing has a title, a description, and units on its lines")
    func described() {
        let markup = drawing([1_610_612_736, 3_221_225_472])
        #expect(markup.contains("role=\"img\" aria-labelledby=\"ct cd\""))
        #expect(markup.contains("<title id=\"ct\">Volume, dpi</title>"))
        #expect(markup.contains("least 1.5\u{A0}GiB, most 3.0\u{A0}GiB"))
        #expect(markup.contains(">1\u{A0}GiB</text>") && markup.contains(">3\u{A0}GiB</text>"))
    }

    @Test("Lines are at round values, one to three of them, the highest not above the frame")
    func scale() {
        for greatest in [1.0, 3, 5, 99, 1_000, 1_600, 4_096, 5e9, 1e15, 1e18] {
            for unit in [ChartScale.Unit.bytes, .seconds] {
                let scale = ChartScale(unit, greatest: greatest)
                #expect((1...3).contains(scale.lines.count) && scale.lines.last! <= scale.top && greatest <= scale.top)
            }
        }
        #expect(ChartScale(.bytes, greatest: 0).lines.isEmpty)
        #expect(
            ChartScale(.seconds, greatest: 1_500).lines.map { ChartScale(.seconds, greatest: 1).label($0, format) } == ["10\u{A0}min", "20\u{A0}min"])
        #expect(ChartScale(.bytes, greatest: 1).label(1_610_612_736, format) == "1.5\u{A0}GiB")
    }
}
