import Base
import Foundation
import Testing

@testable import Report

@Suite struct FactsTests {
    @Test func factsComeBackFromJSON() throws {
        for facts in [try Samples.empty(), try Samples.complete(), try Samples.flawed()] {
            let bytes = try ReportJSON.encode(facts)
            #expect(try ReportJSON.decode(ReportFacts.self, bytes) == facts)
            #expect(try ReportJSON.encode(facts) == bytes)
        }
    }

    @Test func aReportComesBackFromItsJSONAndIsTheSameBytesEachTime() throws {
        let report = try Samples.report(Samples.flawed())
        #expect(try AuditReport(json: report.json) == report)
        #expect(try Samples.report(Samples.flawed()).json == report.json)
    }

    @Test func keysAreSortedAndInSnakeCase() throws {
        let text = String(decoding: try Samples.report(Samples.complete()).json, as: UTF8.self)
        let keys = text.split(separator: "\n").filter { $0.hasPrefix("  \"") }.compactMap {
            $0.split(separator: "\"").dropFirst().first.map(String.init)
        }
        #expect(keys == ["clauses", "facts", "format", "gaps", "guarantees"])
        #expect(text.contains("\"rpo_measured_seconds\""))
        #expect(!text.contains("rpoMeasuredSeconds"))
    }

    @Test func everyKeyIsDocumented() throws {
        let text = String(decoding: try Samples.file("docs/REPORT.md"), as: UTF8.self)
        func keys(_ value: Any) -> Set<String> {
            if let object = value as? [String: Any] { return object.values.reduce(into: Set(object.keys)) { $0.formUnion(keys($1)) } }
            return (value as? [Any] ?? []).reduce(into: []) { $0.formUnion(keys($1)) }
        }
        let found = keys(try JSONSerialization.jsonObject(with: Data(try Samples.report(Samples.flawed()).json)))
        #expect(found.count > 150)
        for key in found.sorted() { #expect(text.contains("`\(key)`"), "\(key)") }
    }

    @Test func anotherFormatIsRefused() throws {
        let text = String(decoding: try Samples.report(Samples.empty()).json, as: UTF8.self).replacing(
            "hdsbackup-report/1", with: "hdsbackup-report/2")
        let failure = #expect(throws: Failure.self) { try AuditReport(json: Array(text.utf8)) }
        #expect(failure?.kind == .format)
        #expect(throws: Failure.self) { try AuditReport(json: Array("{}".utf8)) }
    }

    @Test func anAbsentKeyIsAFactThatIsNotRecorded() throws {
        let facts = try Samples.complete()
        var tree = try #require(try JSONSerialization.jsonObject(with: Data(try ReportJSON.encode(facts))) as? [String: Any])
        tree["journal"] = nil
        let read = try ReportJSON.decode(ReportFacts.self, Array(try JSONSerialization.data(withJSONObject: tree)))
        #expect(read.journal == .unknown)
        #expect(read.access == facts.access)
    }

    @Test(arguments: ["2026-13", "2026-1", "november", "", "2026-11-01"]) func whatIsNoMonthIsRefused(_ month: String) {
        let failure = #expect(throws: Failure.self) { try ReportPeriod(month: month) }
        #expect(failure?.kind == .usage)
        #expect(failure?.remedy != nil)
    }

    @Test func aDayBeforeTheMonthIsRefused() {
        for day in ["2026-10-31", "2026-11-31", "yesterday"] {
            let failure = #expect(throws: Failure.self) { try ReportPeriod(month: "2026-11", asOf: day) }
            #expect(failure?.kind == .usage)
        }
    }

    @Test func thePeriodEndsWithTheMonthOrTheDayOfTheReport() throws {
        #expect(try ReportPeriod(month: "2024-02").through == Samples.day("2024-02-29"))
        let early = try ReportPeriod(month: "2026-11", asOf: "2026-11-20")
        #expect(early.through == Samples.day("2026-11-20"))
        let late = try ReportPeriod(month: "2026-11", asOf: "2027-03-02")
        #expect(late.through == Samples.day("2026-11-30"))
        #expect(late.asOf == Samples.day("2027-03-02"))
    }

    @Test func momentsAreUTCWhateverTheTimeZone() {
        #expect(ReportMoment(seconds: 0).description == "1970-01-01T00:00:00Z")
        #expect(ReportMoment(seconds: -1).description == "1969-12-31T23:59:59Z")
        #expect(ReportMoment(seconds: 1_795_775_307).description == "2026-11-27T10:28:27Z")
        for seconds: Int64 in [0, -1, 86_399, 951_782_400, 4_102_444_799] {
            #expect(ReportMoment(ReportMoment(seconds: seconds).description)?.seconds == seconds)
        }
        for text in ["2026-11-27T24:00:00Z", "2026-02-30T10:00:00Z", "2026-11-27T10:00:00", "2026-11-27 10:00:00Z", "2026-11-27T1a:00:00Z"] {
            #expect(ReportMoment(text) == nil)
        }
    }

    @Test func whatCameAfterTheDayOfTheReportIsLeftOut() throws {
        var facts = try Samples.complete()
        facts.period = try ReportPeriod(month: "2026-11", asOf: "2026-11-10")
        let trimmed = facts.trimmed()
        #expect(trimmed.sources[0].restoreTests == .known([]))
        #expect(trimmed.incidents == .known([]))
        #expect(trimmed.restores == .known([]))
        #expect(trimmed.decisions == .known([]))
        #expect(trimmed.access.value?.review == .unknown)
        #expect(trimmed.retention.value?.migrations.value?.count == 1)
        #expect(trimmed.retention.value?.collections == .known([]))
        var past = try Samples.complete()
        past.period = try ReportPeriod(month: "2026-11", asOf: "2026-11-18")
        past.incidents.change { $0.closedAt = Samples.moment("2026-11-19T10:00:00Z") }
        #expect(past.trimmed().incidents.value?.first?.closedAt == nil)
    }

    @Test func aSuspensionIsNotUndoneByTheDay() throws {
        let certificate = Samples.certificate("c", "HDS", "X", until: "2026-11-30")
        #expect(certificate.isValid(on: Samples.day("2026-11-30")))
        #expect(!certificate.isValid(on: Samples.day("2026-12-01")))
        #expect(!certificate.isValid(on: Samples.day("2025-05-15")))
    }

    // MARK: What a report may not hold

    @Test(arguments: ["-----BEGIN PRIVATE KEY-----", "AGE-SECRET-KEY-1QQQ", "-----BEGIN OPENSSH PRIVATE KEY-----"])
    func keyMaterialIsRefusedAndNotRepeated(_ text: String) throws {
        var facts = try Samples.complete()
        facts.tenants[0].contacts = .known([.init(role: "dpo", name: text, reach: "x")])
        let failure = #expect(throws: Failure.self) { try Samples.report(facts) }
        #expect(failure?.kind == .refused)
        #expect(failure?.object == "tenants.0.contacts.0.name")
        #expect(failure.map { $0.text(.french).contains(text) } == false)
    }

    @Test func aNumberOfAnInsuredPersonIsRefused() throws {
        // Made up; the key is 97 less the number modulo 97.
        let body: Int64 = 1_850_578_006_084
        let key = 97 - body % 97
        for text in ["1850578006084\(key)", "patient 1 85 05 78 006 084 \(key).", "n°1850578006084-\(key)"] {
            #expect(holdsInsuranceNumber(text), "\(text)")
        }
        for text in ["1850578006084\(key % 97 + 1)", "a1850578006084\(key)", "1850578006084\(key)0", Samples.hash("1"), "2026-11-27T10:28:27Z"] {
            #expect(!holdsInsuranceNumber(text), "\(text)")
        }
        let corsica: Int64 = 2_850_519_006_084
        #expect(holdsInsuranceNumber("2 85 05 2A 006 084 \(97 - corsica % 97)"))
        var facts = try Samples.complete()
        facts.incidents.change { $0.summary = "dossier 1850578006084\(key)" }
        let failure = #expect(throws: Failure.self) { try Samples.report(facts) }
        #expect(failure?.message.code == "report.patient-number")
    }
}
