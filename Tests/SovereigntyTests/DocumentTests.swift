import Base
import Scheduling
import Testing

@testable import Sovereignty

@Suite struct DocumentTests {
    static func problems(_ text: String) -> [DocumentProblem] {
        do {
            _ = try RegisterDocument(Array(text.utf8), file: "ev.json")
            return []
        } catch {
            return (error as? DocumentProblems)?.all ?? []
        }
    }

    @Test func `a certificate is read whole`() throws {
        guard case .evidence(let evidence) = try RegisterDocument(Folder.bytes("ev-hds-test.json"), file: "ev-hds-test.json") else {
            Issue.record("it is evidence")
            return
        }
        #expect(evidence.id.text == "ev-hds-test")
        #expect(evidence.kind == .hds)
        #expect(evidence.holder.siren?.digits == "123456782")
        #expect(evidence.referential == "HDS-2.0")
        #expect(evidence.activities == [.physicalSites, .hardware, .virtualInfra, .appPlatform, .backup])
        #expect(evidence.validUntil == day("2027-11-29"))
        #expect(evidence.lastDay(maximumMonths: 36) == day("2027-11-29"))
        #expect(evidence.lastDay(maximumMonths: 12) == day("2025-11-30"))
        #expect(evidence.verifiedBy == "bruno")
        #expect(Digest(hex: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855").map(evidence.registers) == true)
    }

    @Test func `every problem is told at once, with file, line, key and what was expected`() {
        let found = Self.problems(
            """
            {"evidence": {
              "id": "ev hds",
              "kind": "HSD",
              "holder": {"name": "X", "siren": "123456789"},
              "referential": 2,
              "activities": ["backup", "storage"],
              "issuedAt": "2026-02-30",
              "validUnti": "2027-01-01",
              "status": "valid",
              "documentSHA256": "00",
              "collectedBy": "alice",
              "verifiedBy": "alice"
            }}
            """)
        #expect(
            found.map { "\($0.file):\($0.line) \($0.key)" } == [
                "ev.json:2 evidence.id", "ev.json:3 evidence.kind", "ev.json:4 evidence.holder.siren", "ev.json:5 evidence.referential",
                "ev.json:6 evidence.activities[1]", "ev.json:7 evidence.issuedAt", "ev.json:8 evidence.validUnti",
                "ev.json:10 evidence.documentSHA256", "ev.json:12 evidence.verifiedBy",
            ])
        let unknown = found.first { $0.key == "evidence.validUnti" }
        #expect(unknown?.message.english.contains("\"validUntil\"") == true)
        #expect(unknown?.message.french.hasPrefix("clé inconnue") == true)
        #expect(found.first { $0.key == "evidence.issuedAt" }?.message.english.contains("\"2026-02-30\"") == true)
        #expect(found.allSatisfy { $0.failure.exitStatus == .usage })
    }

    @Test(arguments: [
        ("{}", "exactly one of"), ("{\"evidence\": {}, \"waiver\": {}}", "exactly one of"), ("{\"evidence\": null}", "exactly one of"),
        ("[]", "a table"),
        ("{\"site\": {}}", "missing"), ("{\"evidence\": {}}", "missing"), ("{\"waiver\": {}}", "missing"),
        ("{\"site\": {\"id\": \"a\"}, \"x\": 1}", "unknown key"),
    ])
    func `a document is one thing, and says which`(_ text: String, _ part: String) {
        #expect(Self.problems(text).contains { $0.message.english.contains(part) }, "\(Self.problems(text))")
    }

    @Test func `a certificate without an end is refused`() {
        let members = Sample.certificate("HDS", "HDS-2.0").filter { $0.key != "validUntil" }.map { "\"\($0.key)\": \($0.value)" }
        let found = Self.problems("{\"evidence\": {\"id\": \"a\", \(members.joined(separator: ", "))}}")
        #expect(found.map(\.key) == ["evidence.validUntil"])
    }

    @Test func `the model of a site in the regulation page is read, and what it leaves out is unknown`() throws {
        let text = """
            { "site": {
              "id": "ct-fr1", "driver": "s3", "endpoint": "https://ns.s3.fr1.cloud-temple.com", "region": "fr1",
              "service": "Object Storage", "storageClasses": ["STANDARD"],
              "operator":   {"name": "Cloud Temple SAS", "siren": "123456782", "seat": "FR", "centralAdmin": "FR", "mainEstablishment": "FR"},
              "ownership":  {"ultimateParent": "Neurones SA", "parentCountry": "FR",
                             "nonEU": [{"holder": "A", "country": "US", "capitalPct": 24.1, "votesPct": 0, "indirect": false}],
                             "veto": false, "boardMajority": false},
              "infrastructure": {"underlyingOperator": "Cloud Temple SAS", "datacentres": [{"id": "fr1", "country": "FR", "lat": 48.9, "lon": -2.3}]},
              "remoteAccess": [{"country": "CA", "actor": "A", "basis": "GDPR45"}],
              "exposedLaws": [], "residualRisks": [], "mitigations": [],
              "subprocessors": [{"name": "A", "role": "B", "seat": "FR", "hds": "exempt", "canReachData": false}],
              "technology": [{"supplier": "A", "country": "US", "canReachData": false, "autonomy": "twoThirdParties"}],
              "capabilities": {"versioning": true, "objectLock": ["COMPLIANCE"], "probedAt": "2026-11-22T00:00:00Z"},
              "media": "object", "offline": false,
              "evidence": ["ev-hds-1", "ev-snc-1"] } }
            """
        guard case .site(let site) = try RegisterDocument(Array(text.utf8), file: "site.json") else {
            Issue.record("it is a site")
            return
        }
        #expect(site.ownership?.holdings?.first?.capital == percentage("24.1"))
        #expect(site.infrastructure?.datacentres?.first?.place == Coordinates(latitude: 48.9, longitude: -2.3))
        #expect(site.capabilities?.probedOn == day("2026-11-22"))
        #expect(site.capabilities?.hasLifecycleRules == nil)
        #expect(site.technology?.first?.autonomy == .twoThirdParties)
        guard case .site(let bare) = try RegisterDocument(Array("{\"site\": {\"id\": \"a\", \"exposedLaws\": null}}".utf8), file: "a.json") else {
            return
        }
        #expect(bare.exposedLaws == nil && bare.ownership == nil && bare.isOffline == nil && bare.evidence.isEmpty)
    }

    @Test(arguments: [
        ("\"lat\": 91, \"lon\": 0", "lat"), ("\"lat\": 1", "lon"), ("\"lat\": \"1\", \"lon\": 1", "lat"), ("\"country\": \"fr\"", "country"),
    ])
    func `a datacentre that cannot be is refused`(_ members: String, _ key: String) {
        let found = Self.problems("{\"site\": {\"id\": \"a\", \"infrastructure\": {\"datacentres\": [{\"id\": \"x\", \(members)}]}}}")
        #expect(found.map(\.key) == ["site.infrastructure.datacentres[0].\(key)"])
    }

    @Test(
        arguments: [
            ("0", 0), ("24", 24_000_000), ("24.0", 24_000_000), ("24.1", 24_100_000), ("24.000001", 24_000_001), ("100", 100_000_000),
            ("100.0", 100_000_000),
        ] as [(String, Int64)])
    func `a share of a hundred is exact`(_ digits: String, _ millionths: Int64) {
        #expect(Percentage(digits)?.millionths == millionths)
    }

    @Test(arguments: ["-1", "100.000001", "101", "24.0000001", "", ".", "1000"]) func `what is no share is none`(_ digits: String) {
        #expect(Percentage(digits) == nil)
    }

    @Test func `a share is written as short as it is`() {
        #expect(["24.0", "24.1", "0.05", "39.000001"].map { percentage($0).description } == ["24", "24.1", "0.05", "39.000001"])
    }

    @Test func `every day of a century is written and read back`() {
        var one = day("1999-12-31")
        while one < day("2100-03-02") {
            #expect(CalendarDay(text: one.text) == one)
            one = one + 1
        }
        #expect(["2026-02-29", "2026-13-01", "2026-00-10", "2026-1-01", "26-01-01", "2026-01-0a", ""].allSatisfy { CalendarDay(text: $0) == nil })
    }

    @Test(arguments: [
        ("2024-02-29", 12, "2025-02-28"), ("2024-02-29", 48, "2028-02-29"), ("2025-11-30", 3, "2026-02-28"), ("2026-05-16", 36, "2029-05-16"),
        ("2026-12-31", 1, "2027-01-31"),
    ])
    func `months later is the same day, or the last of its month`(_ from: String, _ months: Int, _ to: String) {
        #expect(day(from).adding(months: months).text == to)
    }

    @Test func `three values are reckoned as Kleene does`() {
        for (a, b, both, either) in [
            (Truth.holds, Truth.holds, Truth.holds, Truth.holds), (.holds, .unknown, .unknown, .holds), (.holds, .fails, .fails, .holds),
            (.unknown, .unknown, .unknown, .unknown), (.unknown, .fails, .fails, .unknown), (.fails, .fails, .fails, .fails),
        ] {
            #expect((a && b) == both && (b && a) == both && (a || b) == either && (b || a) == either)
            #expect((!(a && b)) == (!a || !b))
        }
    }

    @Test func `a SIREN carries its check`() {
        #expect(SIREN("123 456 782")?.digits == "123456782")
        #expect(SIREN("123456789") == nil && SIREN("12345678") == nil && SIREN("12345678a") == nil)
    }
}
