import Foundation
import Operations
import Testing

@testable import Daemon

@Suite("Metrics") struct MetricsTests {
    private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Observability/metrics.prom")

    /// A change of names breaks the rules and the dashboards of those who run this: it is to be seen. The same file is
    /// what Tests/Observability checks rules and dashboard against; HDSBACKUP_WRITE_GOLDEN=1 writes it anew.
    @Test("The metrics of a bad night are those of the golden file")
    func golden() throws {
        let text = PrometheusText(Sample.trouble).text
        if ProcessInfo.processInfo.environment["HDSBACKUP_WRITE_GOLDEN"] == "1" {
            try text.write(to: MetricsTests.golden, atomically: true, encoding: .utf8)
        }
        #expect(text == (try String(contentsOf: MetricsTests.golden, encoding: .utf8)))
    }

    @Test("What is not known is left out, and is not zero")
    func absent() {
        let text = PrometheusText(Overview()).text
        #expect(!text.contains("hdsbackup_source") && !text.contains("hdsbackup_site") && !text.contains("process_start"))
        #expect(text.contains("\nhdsbackup_alerts{level=\"critical\"} 0\n"))
        var overview = Sample.calm
        overview.tenants[0].sources[0] = Overview.Source()
        overview.tenants[0].sources[0].name = "neuve"
        let samples = PrometheusText(overview).text.split(separator: "\n").filter { $0.contains("neuve") }.map { $0.prefix { $0 != "{" } }
        #expect(samples == ["hdsbackup_source_late", "hdsbackup_source_snapshots", "hdsbackup_source_anomalies_open"])
    }

    @Test("A hostile name stays within its label, on one line")
    func hostile() {
        for line in PrometheusText(Sample.hostile).text.split(separator: "\n") where !line.hasPrefix("#") {
            #expect(line.wholeMatch(of: /[a-z_]+(\{([a-z]+="([^"\\]|\\["\\n])*",?)*\})? [0-9.e+-]+/) != nil, "\(line)")
        }
    }

    @Test("Each family is described once, before its values, and no series appears twice")
    func families() {
        let lines = PrometheusText(Sample.large).text.split(separator: "\n").map(String.init)
        var described: Set<String> = []
        var series: Set<String> = []
        for line in lines {
            if line.hasPrefix("# TYPE ") { #expect(described.insert(String(line.split(separator: " ")[2])).inserted) }
            guard !line.hasPrefix("#") else { continue }
            #expect(described.contains(String(line.prefix { $0 != "{" && $0 != " " })))
            #expect(series.insert(String(line[..<line.lastIndex(of: " ")!])).inserted)
        }
    }

    @Test("Labels are of the configuration and of the program: nothing that grows with time")
    func cardinality() {
        let names = Set(PrometheusText(Sample.large).text.matches(of: /[{,]([a-z]+)="/).map { String($0.1) })
        #expect(names == ["tenant", "source", "site", "kind", "level", "node", "version"])
    }

    @Test("Numbers are what Go reads", arguments: [(0, "0"), (1_763_777_520, "1763777520"), (0.41, "0.41"), (-1, "-1"), (1e18, "1e+18")])
    func numbers(_ value: Double, _ text: String) { #expect(PrometheusText.number(value) == text) }
}
