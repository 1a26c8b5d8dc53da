import Base
import Foundation
import Testing

@testable import Report

@Suite struct UnknownFactsTests {
    /// Properties that may be nil for a good reason; each makes a gap by itself where it should not be (`GapTests`), or none.
    static let optional: Set = [
        "tenant", "valid_until", "notified_at", "until", "released_by", "basis", "record_hash", "root_at_source", "root_at_target", "closed_at",
    ]

    @Test func nothingIsUnknownInCompleteFacts() throws {
        #expect(unknownFacts(in: try Samples.complete()).isEmpty)
    }

    /// Takes each value of complete facts away, one at a time.
    @Test func whateverIsTakenAwayBecomesAGap() throws {
        let book = try Samples.book()
        let sentences = try Samples.sentences()
        var fields: Set<String> = []
        for (place, tree) in try withoutOne() {
            guard let facts = try? ReportJSON.decode(ReportFacts.self, Array(try JSONSerialization.data(withJSONObject: tree))) else { continue }
            let unknown = unknownFacts(in: facts)
            if unknown.isEmpty {
                let key = place.split(separator: ".").last.map(String.init) ?? ""
                #expect(Self.optional.contains(key), "\(place) can be absent, and nobody is told")
                continue
            }
            #expect(unknown.count == 1, "\(place)")
            fields.formUnion(unknown.map(\.field))
            let report = try AuditReport(facts, sentences: sentences, book: book)
            let gaps = report.gaps.filter { !Set($0.facts).isDisjoint(with: unknown.map(\.path)) }
            #expect(gaps.count == 1, "\(place)")
            #expect(gaps.first?.level == .unknown)
            #expect(gaps.first?.clauses.isEmpty == false, "\(place)")
            #expect(gaps.first.map { (1...13).contains($0.section) } == true, "\(place)")
        }
        #expect(fields == Set(Message.reportFactFields))
        #expect(fields.count > 95)
    }

    @Test func gapsNameTheFactsInBothLanguages() throws {
        var facts = try Samples.complete()
        facts.sites[0].seat = .unknown
        facts.sites[0].parent = .unknown
        let gap = try #require(try Samples.report(facts).gaps.first { $0.kind == "fact.unknown" })
        #expect(gap.subject == "gra")
        #expect(gap.facts == ["sites[gra].seat", "sites[gra].parent"])
        #expect(gap.text.fr.contains("maison mère ultime") && gap.text.fr.contains("pays du siège"))
        #expect(gap.text.en.contains("ultimate parent"))
        #expect(gap.clauses == ["SecNumCloud 19.6.a", "SecNumCloud 19.6.b"])
    }

    @Test func everySectionOfAnEmptyReportHasItsGap() throws {
        let report = try Samples.report(Samples.empty())
        // Sections 2 and 5 speak of tenants and sources: the report itself says that there are none.
        #expect(Set(report.gaps.map(\.section)).isSuperset(of: [1, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13]))
        #expect(report.gaps.contains { $0.kind == "scope.empty" && $0.section == 2 })
        #expect(report.gaps.contains { $0.kind == "scope.no-source" && $0.section == 5 })
        #expect(report.gaps.contains { $0.kind == "scope.no-site" && $0.section == 3 })
    }

    /// The complete facts without one value: where it was, and what is left.
    private func withoutOne() throws -> [(String, Any)] {
        let tree = try JSONSerialization.jsonObject(with: Data(try ReportJSON.encode(try Samples.complete())))
        func variants(_ value: Any, _ place: String) -> [(String, Any)] {
            if let object = value as? [String: Any] {
                return object.keys.sorted().flatMap { key -> [(String, Any)] in
                    guard let inner = object[key], !(inner is NSNull) else { return [] }
                    var less = object
                    less[key] = NSNull()
                    return [("\(place).\(key)", less)]
                        + variants(inner, "\(place).\(key)").map { place, inner in
                            var changed = object
                            changed[key] = inner
                            return (place, changed)
                        }
                }
            }
            // The first of a list stands for the others.
            if let list = value as? [Any], let first = list.first {
                return variants(first, place + "[0]").map { ($0.0, [$0.1] + list.dropFirst()) }
            }
            return []
        }
        return variants(tree, "")
    }
}
