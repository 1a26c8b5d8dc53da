import Base
import Scheduling
import Sovereignty
import Testing

@Suite struct PolicyBookTests {
    @Test func `the files that are shipped are read, and each rule has its clause, both languages and a remedy`() throws {
        let book = try Shipped.book.get()
        #expect(book.rules(of: .none).isEmpty)
        let ids = book.rules(of: .secnumcloud).map(\.id.text)
        // Every rule of regulation §4.
        for id in [
            "storage.eea", "storage.eu", "access.basis", "law.exposed", "seat.eu", "capital.single", "capital.sum", "capital.veto", "capital.board",
            "tech.reach",
            "tech.autonomy", "hds.valid", "hds.version", "hds.activities", "hds.scope", "snc.required", "contract.hds", "copies.independent",
            "copies.immutable",
            "copies.offline", "copies.offlineAge", "lock.retention", "class.allowed", "lifecycle.forbidden", "bucketEncryption.required",
        ] { #expect(ids.contains(id), "\(id)") }
        for rule in book.rules(of: .secnumcloud) {
            #expect(
                !rule.clause.isEmpty && rule.requirement.french != rule.requirement.english && rule.remedy.french != rule.remedy.english, "\(rule.id)"
            )
            #expect(rule.whenUnknown >= rule.whenFalse)
        }
    }

    @Test func `each profile holds the rules of the one before`() throws {
        let book = try Shipped.book.get()
        let sets = [ProfileName.none, .hds, .sovereign, .secnumcloud].map { Set(book.rules(of: $0).map(\.id)) }
        for (smaller, larger) in zip(sets, sets.dropFirst()) { #expect(smaller.isStrictSubset(of: larger)) }
    }

    @Test func `a site beyond reproach is allowed under every profile`() throws {
        for profile in ProfileName.allCases {
            let decision = try Sample().decide(profile)
            #expect(decision.outcome == .allow, "\(decision.findings.map { "\($0.rule): \($0.reason.english)" })")
        }
    }

    @Test func `a site that nobody stated anything about is denied under every profile but none`() throws {
        for profile in ProfileName.allCases {
            var sample = Sample()
            sample.site = SiteFacts(id: identifier("fr1"))
            #expect(try sample.decide(profile).outcome == (profile == .none ? .allow : .deny))
        }
    }

    @Test func `each unknown fact by itself denies`() throws {
        let changes: [(String, (inout SiteFacts) -> Void)] = [
            ("operator", { $0.company = nil }), ("ownership", { $0.ownership = nil }), ("infrastructure", { $0.infrastructure = nil }),
            ("remoteAccess", { $0.remoteAccess = nil }), ("exposedLaws", { $0.exposedLaws = nil }), ("subprocessors", { $0.subprocessors = nil }),
            ("technology", { $0.technology = nil }), ("region", { $0.region = nil }), ("service", { $0.service = nil }),
            ("evidence", { $0.evidence = [] }),
        ]
        for (name, change) in changes {
            var sample = Sample()
            change(&sample.site)
            #expect(try sample.decide(.secnumcloud).outcome == .deny, "\(name)")
        }
    }

    @Test func `each document by itself, absent, denies under the profile that needs it`() throws {
        for (id, profile) in [
            ("ev-hds", ProfileName.hds), ("ev-contract", .hds), ("ev-operator", .hds), ("ev-tenant-contract", .hds), ("ev-owner", .sovereign),
            ("ev-snc", .secnumcloud),
        ] {
            var sample = Sample()
            sample.documents[id] = nil
            let decision = try sample.decide(profile)
            #expect(decision.outcome == .deny)
            #expect(decision.findings.contains { $0.facts.contains { $0.name == id && $0.value == nil } }, "\(id)")
        }
    }

    @Test func `a document signed once shows in the reason that it counts as absent`() throws {
        let sample = Sample()
        let members = Sample.certificate("HDS", "HDS-2.0").merging(["id": "\"ev-hds\""]) { $1 }
        let bytes = Array("{\"evidence\": {\(members.map { "\"\($0.key)\": \($0.value)" }.sorted().joined(separator: ", "))}}".utf8)
        let register = EvidenceRegister([TestApprovers.sign("ev-hds.json", bytes, by: ["alice"])], approvers: try TestApprovers.all.get())
        let decision = try Shipped.book.get().evaluate(
            sample.placement, profile: .hds, register: register, catalogue: try Shipped.catalogue.get(), on: Sample.today)
        let result = try #require(decision.result("hds.valid"))
        #expect(result.verdict == .unknown && result.outcome == .deny)
        #expect(result.reason.english == "ev-hds counts as absent: only alice has signed it; two people have to")
        #expect(result.facts.contains(Fact("ev-hds", nil, origin: "ev-hds.json")))
    }

    @Test func `a French company with a US parent may host under hds once that is declared, and is refused under sovereign`() throws {
        var sample = Sample()
        sample.site.ownership?.parentCountry = Country("US")
        sample.site.exposedLaws = ["US CLOUD Act"]
        (sample.site.residualRisks, sample.site.mitigations) = (["accès"], ["chiffrement"])
        #expect(try sample.decide(.hds).outcome == .warn)
        let decision = try sample.decide(.sovereign)
        #expect(decision.outcome == .deny)
        #expect(decision.results.filter { $0.outcome == .deny }.map(\.rule.text) == ["law.exposed", "capital.parent"])
    }

    @Test func `the same inputs give the same decision, and any of them changed another hash`() throws {
        let decision = try Sample().decide(.sovereign)
        #expect(try Sample().decide(.sovereign) == decision)
        let changes: [(inout Sample) -> Void] = [
            { $0.site.exposedLaws = ["x"] }, { $0.documents["ev-hds"]?["number"] = "\"2\"" },
            { $0.tenant = TenantFacts(id: identifier("chu-exemple"), kind: .ownData, entity: nil) },
            { $0.lockDays = 3 }, { $0.source = SourceFacts(name: "dpi") }, { $0.endpoint = .noEndpoint }, { $0.operatorEvidence = [] },
            { $0.waivers = [Sample.waiver("law.exposed", until: "2027-01-01")] },
        ]
        var hashes = Set([decision.inputsHash])
        for change in changes {
            var sample = Sample()
            change(&sample)
            let other = try sample.decide(.sovereign)
            #expect(other.policyHash == decision.policyHash)
            #expect(hashes.insert(other.inputsHash).inserted)
        }
        #expect(hashes.insert(try Sample().decide(.sovereign, on: day("2026-11-28")).inputsHash).inserted)
    }

    @Test func `secured, resilient, not subject to extra-EU law: each is answered by itself`() throws {
        let book = try Shipped.book.get()
        func answers(_ sample: Sample, _ copies: [CopyFacts]) throws -> [Rule.Adjective: Truth] {
            let answers = book.answers(
                sample.placement, copies: copies, register: try sample.register, catalogue: try Shipped.catalogue.get(), on: Sample.today)
            return Dictionary(uniqueKeysWithValues: answers.all.map { ($0.adjective, $0.truth) })
        }
        let copies = [CopiesTests.copy(CopiesTests.own), CopiesTests.locked(CopiesTests.gravelines), CopiesTests.offline(level: "2026-11-20")]
        #expect(try answers(Sample(), copies) == [.secured: .holds, .resilient: .holds, .sovereign: .holds])
        #expect(try answers(Sample(), [copies[0]])[.resilient] == .fails)
        var sample = Sample()
        sample.documents["ev-hds"]?["status"] = "\"withdrawn\""
        #expect(try answers(sample, copies) == [.secured: .fails, .resilient: .holds, .sovereign: .holds])
        sample = WaiverTests.sample(Sample.waiver("tech.reach", until: "2027-06-30"))
        #expect(try answers(sample, copies) == [.secured: .holds, .resilient: .holds, .sovereign: .fails], "no waiver makes an answer better")
        sample = Sample()
        sample.site.ownership?.hasVeto = nil
        #expect(try answers(sample, copies)[.sovereign] == .unknown)
    }

    // MARK: The files

    static func problems(_ change: (inout [(name: String, bytes: [UInt8])]) throws -> Void) throws -> [DocumentProblem] {
        var files = try Folder.files("policies")
        try change(&files)
        do {
            _ = try PolicyBook(files)
            return []
        } catch {
            return (error as? DocumentProblems)?.all ?? []
        }
    }

    static func replacing(_ file: String, _ text: String, _ other: String) -> (inout [(name: String, bytes: [UInt8])]) throws -> Void {
        { files in
            let index = try #require(files.firstIndex { $0.name == file })
            let before = String(decoding: files[index].bytes, as: UTF8.self)
            let after = before.replacing(text, with: other, maxReplacements: 1)
            #expect(before != after)
            files[index].bytes = Array(after.utf8)
        }
    }

    @Test func `a policy file that is wrong is refused, with file, line and key`() throws {
        #expect(try Self.problems { _ in }.isEmpty)
        #expect(try Self.problems { $0.removeAll { $0.name == "countries.json" } }.map(\.file) == ["countries.json"])
        #expect(try Self.problems { $0.append(("extra.json", Array("{}".utf8))) }.map(\.file) == ["extra.json"])
        let table: [(String, String, String, String)] = [
            ("sovereign.json", "\"maximumPct\": 24", "\"maximumPct\": 240", "profile.rules[3].parameters.maximumPct"),
            ("sovereign.json", "\"maximumPct\": 24", "\"maximum\": 24", "profile.rules[3].parameters.maximum"),
            ("sovereign.json", "\"extends\": \"hds\"", "\"extends\": \"secnumcloud\"", "profile.extends"),
            ("sovereign.json", "\"id\": \"law.exposed\"", "\"id\": \"hds.valid\"", "profile.rules"),
            ("sovereign.json", "\"name\": \"sovereign\"", "\"name\": \"hds\"", "profile.name"),
            ("hds.json", "\"check\": \"law.declared\"", "\"check\": \"law.ignored\"", "profile.rules[3].check"),
            ("hds.json", "\"onUnknown\": \"deny\"", "\"onUnknown\": \"warn\"", "profile.rules[0].onUnknown"),
            ("hds.json", "\"waivable\": true", "\"waivable\": \"yes\"", "profile.rules[0].waivable"),
            ("common.json", "\"approvers\": 2", "\"approvers\": 1", "terms.waiver.approvers"),
            ("countries.json", "\"FR\"", "\"Fr\"", "countries.EU[9]"),
            ("endpoints.json", "\"mark\": \"S\"", "\"mark\": \"Z\"", "endpoints.denied[0].mark"),
        ]
        for (file, text, other, key) in table {
            let problems = try Self.problems(Self.replacing(file, text, other))
            #expect(problems.contains { $0.key == key && $0.line > 0 }, "\(file) \(text): \(problems.map { "\($0.file):\($0.line) \($0.key)" })")
        }
    }
}
