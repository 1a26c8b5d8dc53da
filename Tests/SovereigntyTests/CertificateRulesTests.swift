import Base
import Sovereignty
import Testing

/// EXI 12 and 17, R.1111-11, SREN 31: what the papers say.
@Suite struct CertificateRulesTests {
    static func hds(_ key: String, _ value: String?) -> @Sendable (inout Sample) -> Void { { $0.documents["ev-hds"]?[key] = value } }

    static let validity: [Row] = [
        Row("valid for years", "hds.valid", "EXI 12, 17", .holds, .allow, in: .hds) { _ in },
        Row("91 days before its last day", "hds.valid", "EXI 12, 17", .holds, .allow, in: .hds, hds("validUntil", "\"2027-02-26\"")),
        Row("90 days before its last day", "hds.valid", "EXI 12, 17", .holds, .warn, in: .hds, hds("validUntil", "\"2027-02-25\"")),
        Row("the day before its last day", "hds.valid", "EXI 12, 17", .holds, .warn, in: .hds, hds("validUntil", "\"2026-11-28\"")),
        Row("its last day", "hds.valid", "EXI 12, 17", .holds, .warn, in: .hds, hds("validUntil", "\"2026-11-27\"")),
        Row("the day after", "hds.valid", "EXI 12, 17", .fails, .deny, in: .hds, hds("validUntil", "\"2026-11-26\"")),
        Row("three years are over, whatever it says", "hds.valid", "EXI 12, 17", .fails, .deny, in: .hds) {
            $0.documents["ev-hds"]?["issuedAt"] = "\"2023-11-26\""
        },
        Row("the last day of three years", "hds.valid", "EXI 12, 17", .holds, .warn, in: .hds) {
            $0.documents["ev-hds"]?["issuedAt"] = "\"2023-11-27\""
        },
        Row("before its first day", "hds.valid", "EXI 12, 17", .fails, .deny, in: .hds, hds("issuedAt", "\"2026-11-28\"")),
        Row("its first day", "hds.valid", "EXI 12, 17", .holds, .allow, in: .hds, hds("issuedAt", "\"2026-11-27\"")),
        Row("withdrawn", "hds.valid", "EXI 12, 17", .fails, .deny, in: .hds, hds("status", "\"withdrawn\"")),
        Row("suspended", "hds.valid", "EXI 12, 17", .fails, .deny, in: .hds, hds("status", "\"suspended\"")),
        Row("none", "hds.valid", "EXI 12, 17", .unknown, .deny, in: .hds) { $0.documents["ev-hds"] = nil },
        Row("not listed at the site", "hds.valid", "EXI 12, 17", .unknown, .deny, in: .hds) { $0.site.evidence = [] },
        Row("of another company", "hds.valid", "EXI 12, 17", .unknown, .deny, in: .hds) {
            $0.documents["ev-hds"] = Sample.certificate("HDS", "HDS-2.0", Sample.hospital)
        },
        Row("the operator is not stated", "hds.valid", "EXI 12, 17", .unknown, .deny, in: .hds) { $0.site.company = nil },
        Row("a second one that is valid", "hds.valid", "EXI 12, 17", .holds, .allow, in: .hds) {
            $0.documents["ev-hds"]?["status"] = "\"withdrawn\""
            $0.documents["ev-hds-2"] = Sample.certificate("HDS", "HDS-2.0")
            $0.site.evidence.append(identifier("ev-hds-2"))
        },
    ]

    @Test(arguments: validity) func `a certificate counts through its last day, and not one day more`(_ row: Row) throws { try row.check() }

    static let versions: [Row] = [
        Row("2.0", "hds.version", "EXI 12, 17", .holds, .allow, in: .hds) { _ in },
        Row("1.1 on 15 May 2026", "hds.version", "EXI 12, 17", .holds, .warn, in: .hds, on: "2026-05-15", hds("referential", "\"HDS-1.1\"")),
        Row("1.1 on 16 May 2026", "hds.version", "EXI 12, 17", .fails, .deny, in: .hds, on: "2026-05-16", hds("referential", "\"HDS-1.1\"")),
        Row("1.1 today", "hds.version", "EXI 12, 17", .fails, .deny, in: .hds, hds("referential", "\"HDS-1.1\"")),
        Row("1.0", "hds.version", "EXI 12, 17", .fails, .deny, in: .hds, hds("referential", "\"HDS-1.0\"")),
        Row("another standard's name", "hds.version", "EXI 12, 17", .fails, .deny, in: .hds, hds("referential", "\"SecNumCloud-3.2\"")),
        Row("2.0, withdrawn", "hds.version", "EXI 12, 17", .unknown, .deny, in: .hds, hds("status", "\"withdrawn\"")),
    ]

    @Test(arguments: versions) func `HDS 1.1 has no effect since 16 May 2026`(_ row: Row) throws { try row.check() }

    static let scopes: [Row] = [
        Row("this service, this region", "hds.scope", "EXI 12, 17", .holds, .allow, in: .hds) { _ in },
        Row("another region", "hds.scope", "EXI 12, 17", .fails, .deny, in: .hds) { $0.site.region = "fr2" },
        Row("another service of the same operator", "hds.scope", "EXI 12, 17", .fails, .deny, in: .hds) { $0.site.service = "Block Storage" },
        Row("no region stated", "hds.scope", "EXI 12, 17", .unknown, .deny, in: .hds) { $0.site.region = nil },
        Row("a certificate that names no service", "hds.scope", "EXI 12, 17", .unknown, .deny, in: .hds, hds("services", nil)),
        Row("one in force elsewhere, one here after 1.1", "hds.scope", "EXI 12, 17", .fails, .deny, in: .hds) {
            $0.documents["ev-hds"]?["referential"] = "\"HDS-1.1\""
            $0.documents["ev-hds-2"] = Sample.certificate("HDS", "HDS-2.0").merging(["regions": "[\"fr2\"]"]) { $1 }
            $0.site.evidence.append(identifier("ev-hds-2"))
        },
        Row("all four activities of storing", "hds.activities", "EXI 12, 17", .holds, .allow, in: .hds) { _ in },
        Row("without the platform", "hds.activities", "EXI 12, 17", .fails, .deny, in: .hds) {
            $0.documents["ev-hds"] = Sample.certificate("HDS", "HDS-2.0", activities: ["physicalSites", "hardware", "virtualInfra"])
        },
        Row("the rest by whose machines it runs on", "hds.activities", "EXI 12, 17", .holds, .allow, in: .hds) {
            $0.documents["ev-hds"] = Sample.certificate("HDS", "HDS-2.0", activities: ["virtualInfra", "appPlatform"])
            let below = LegalEntity(name: "Machines d'essai SA")
            $0.documents["ev-below"] = Sample.certificate("HDS", "HDS-2.0", below, activities: ["physicalSites", "hardware"])
            $0.site.infrastructure?.underlyingOperator = below.name
            $0.site.evidence.append(identifier("ev-below"))
        },
        Row("nothing in scope to look at", "hds.activities", "EXI 12, 17", .unknown, .deny, in: .hds) { $0.site.region = "fr2" },
        Row("qualified", "snc.required", "SREN art. 31", .holds, .allow) { _ in },
        Row("an HDS certificate alone", "snc.required", "SREN art. 31", .unknown, .deny) { $0.documents["ev-snc"] = nil },
        Row("another service qualified", "snc.required", "SREN art. 31", .fails, .deny) { $0.documents["ev-snc"]?["services"] = "[\"IaaS\"]" },
        Row("another region qualified", "snc.required", "SREN art. 31", .fails, .deny) { $0.documents["ev-snc"]?["regions"] = "[\"cloudgouv\"]" },
        Row("the qualification withdrawn", "snc.required", "SREN art. 31", .fails, .deny) { $0.documents["ev-snc"]?["status"] = "\"withdrawn\"" },
        Row("the qualification expired yesterday", "snc.required", "SREN art. 31", .fails, .deny) {
            $0.documents["ev-snc"]?["validUntil"] = "\"2026-11-26\""
        },
    ]

    @Test(arguments: scopes) func `a certificate covers this service, this region and these activities`(_ row: Row) throws { try row.check() }

    static let operators: [Row] = [
        Row("with the backup activity", "operator.hds", "activity 6", .holds, .allow, in: .hds) { _ in },
        Row("without the backup activity", "operator.hds", "activity 6", .fails, .deny, in: .hds) {
            $0.documents["ev-operator"] = Sample.certificate("HDS", "HDS-2.0", Sample.host, activities: ["adminOps", "hardware"])
        },
        Row("after 1.1", "operator.hds", "activity 6", .fails, .deny, in: .hds) { $0.documents["ev-operator"]?["referential"] = "\"HDS-1.1\"" },
        Row("expired", "operator.hds", "activity 6", .fails, .deny, in: .hds) { $0.documents["ev-operator"]?["validUntil"] = "\"2026-11-26\"" },
        Row("none", "operator.hds", "activity 6", .unknown, .deny, in: .hds) { $0.operatorEvidence = [] },
        Row("for a member of a hospital group", "operator.hds", "activity 6", .unknown, .deny, in: .hds) {
            $0.tenant = TenantFacts(id: identifier("chu-exemple"), kind: .groupMember, entity: Sample.hospital)
            $0.operatorEvidence = []
        },
        Row("for one's own data", "operator.hds", "activity 6", .notApplicable, .allow, in: .hds) {
            $0.tenant = TenantFacts(id: identifier("chu-exemple"), kind: .ownData, entity: Sample.hospital)
            $0.operatorEvidence = []
        },
    ]

    @Test(arguments: operators) func `who backs up for others is certified for backup`(_ row: Row) throws { try row.check() }

    static let contracts: [Row] = [
        Row("signed", "contract.hds", "R.1111-11", .holds, .allow, in: .hds) { _ in },
        Row("none", "contract.hds", "R.1111-11", .unknown, .deny, in: .hds) { $0.documents["ev-contract"] = nil },
        Row("ended", "contract.hds", "R.1111-11", .fails, .deny, in: .hds) { $0.documents["ev-contract"]?["validUntil"] = "\"2026-11-26\"" },
        Row("a processing agreement is none", "contract.hds", "R.1111-11", .unknown, .deny, in: .hds) {
            $0.documents["ev-contract"] = Sample.paper("DPA", Sample.company)
        },
        Row("at the operator's own site", "contract.hds", "R.1111-11", .notApplicable, .allow, in: .hds) {
            $0.site.company = SiteFacts.Company(entity: Sample.host)
        },
        Row("with the tenant", "operator.contract", "R.1111-11", .holds, .allow, in: .hds) { _ in },
        Row("not with the tenant", "operator.contract", "R.1111-11", .unknown, .deny, in: .hds) { $0.documents["ev-tenant-contract"] = nil },
        Row("with another tenant", "operator.contract", "R.1111-11", .unknown, .deny, in: .hds) {
            $0.documents["ev-tenant-contract"] = Sample.paper("contractHDS", Sample.company)
        },
        Row("a group's agreement is none for a third party", "operator.contract", "R.1111-11", .unknown, .deny, in: .hds) {
            $0.documents["ev-tenant-contract"] = Sample.paper("ghtAgreement", Sample.hospital)
        },
        Row("a group's agreement is one for a member", "operator.agreement", "R.1111-11", .holds, .allow, in: .hds) {
            $0.documents["ev-tenant-contract"] = Sample.paper("ghtAgreement", Sample.hospital)
            $0.tenant = TenantFacts(id: identifier("chu-exemple"), kind: .groupMember, entity: Sample.hospital)
        },
    ]

    @Test(arguments: contracts) func `hosting has a signed contract`(_ row: Row) throws { try row.check() }

    @Test func `one's own data on one's own machines needs no certificate of anybody, and stays in the EEA`() throws {
        var sample = Sample()
        sample.documents = [:]
        sample.operatorEvidence = []
        sample.tenant = TenantFacts(id: identifier("chu-exemple"), kind: .ownData, entity: Sample.hospital)
        sample.site.company?.entity = Sample.hospital
        sample.site.evidence = []
        let decision = try sample.decide(.hds)
        #expect(decision.outcome == .allow)
        #expect(decision.result("hds.valid")?.verdict == .notApplicable)
        sample.site.infrastructure = Sample.infrastructure("CHU d'essai", ("salle", "GB"))
        #expect(try sample.decide(.hds).outcome == .deny)
    }

    @Test func `the same machines need papers as soon as it is somebody else's data`() throws {
        var sample = Sample()
        sample.documents = [:]
        sample.site.company?.entity = Sample.hospital
        sample.site.evidence = []
        let decision = try sample.decide(.hds)
        #expect(decision.outcome == .deny)
        #expect(decision.result("hds.valid")?.verdict == .unknown)
    }

    @Test func `the rules that apply differ between the three types of tenant`() throws {
        func applying(_ kind: TenantFacts.Kind) throws -> Set<String> {
            var sample = Sample()
            sample.tenant = TenantFacts(id: identifier("chu-exemple"), kind: kind, entity: Sample.hospital)
            return Set(try sample.decide(.hds).results.filter { $0.verdict != .notApplicable }.map(\.rule.text))
        }
        let (own, member, third) = (try applying(.ownData), try applying(.groupMember), try applying(.thirdParty))
        #expect(member.subtracting(own) == ["operator.hds", "operator.agreement"])
        #expect(third.subtracting(own) == ["operator.hds", "operator.contract"])
        #expect(own.isSubset(of: member) && own.isSubset(of: third))
    }

    @Test func `a warning becomes urgent thirty days before the last day`() throws {
        for (last, urgency) in [("2027-02-26", 0), ("2027-02-25", 1), ("2026-12-28", 1), ("2026-12-27", 2), ("2026-11-27", 2)] {
            var sample = Sample()
            sample.documents["ev-hds"]?["validUntil"] = "\"\(last)\""
            #expect(try sample.decide(.hds).result("hds.valid")?.urgency == urgency, "\(last)")
        }
    }

    @Test func `a certificate withdrawn today counted yesterday`() throws {
        var sample = Sample()
        sample.documents["ev-hds"]?["status"] = "\"withdrawn\""
        sample.documents["ev-hds"]?["statusSince"] = "\"2026-11-27\""
        #expect(try sample.decide(.hds, on: day("2026-11-26")).result("hds.valid")?.verdict == .holds)
        #expect(try sample.decide(.hds, on: day("2026-11-27")).result("hds.valid")?.verdict == .fails)
    }
}
