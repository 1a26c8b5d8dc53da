import Base
import Crypto
import Foundation
import Scheduling
import Sites
import Sovereignty
import TestSupport
import Testing

@testable import Operations

/// The gate between a tenant and its sites: what is refused, what passes, and when that changes.
@Suite(.serialized) struct PlacementGateTests {
    let folder: TemporaryFolder
    private let etc = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../etc").standardized.path

    init() throws {
        folder = try TemporaryFolder()
        try Files.makeFolder(folder.path + "/evidence")
        try Files.makeFolder(folder.path + "/state")
        let lines = ["alice", "bruno"].map { "\($0) \(publicKey($0))\n" }.joined()
        try Files.replace(folder.path + "/approvers", Array(lines.utf8))
        try put("ev-hds", "evidence", paper("ev-hds", "HDS", "Hébergeur SAS", until: "2026-12-31"))
        try put("ev-contract", "evidence", paper("ev-contract", "contractHDS", "Hébergeur SAS"))
        try put("ev-operator", "evidence", paper("ev-operator", "HDS", "Opérateur SAS", until: "2027-12-31"))
        try put("ev-tenant", "evidence", paper("ev-tenant", "contractHDS", "CHU d'essai"))
        for (site, endpoint) in [("gra", "\"https://s3.gra.test\""), ("local", nil)] { try put("site-\(site)", "site", statement(site, endpoint)) }
    }

    // MARK: what the rules let through

    @Test func aSiteWithItsPapersTakesObjectsUntilTheDayAfterItsCertificate() throws {
        let clock = Monitor(day("2026-12-31"))
        let (gate, store, site) = try gated("local", today: { clock.look { $0 } })
        try site.create("packs/a", [1])
        clock.look { $0 = day("2027-01-01") }
        #expect(try failureKind { try site.create("packs/b", [2]) } == .refused)
        #expect(try store.keys("") == ["packs/a"] || store.keys("packs/") == ["packs/a"])
        #expect(try site.read("packs/a", limit: 8) == [1])
        let refusal = try #require(gate.refusal(of: try configuration().site("local")))
        #expect(refusal.message.code == "policy.refused" && refusal.exitStatus == .refused && refusal.object == "local")
        #expect(refusal.text(.english).contains("hds.valid") && refusal.text(.french).contains("hds.valid"))
    }

    @Test func aSiteThatIsRefusedTakesNothingAndLetsGo() throws {
        try Files.removeFolder(folder.path + "/evidence")
        let (gate, store, site) = try gated("local")
        try store.create("packs/a", [1])
        for key in ["packs/b", "snapshots/b", "sessions/b", "sheets/b", "holds/b", "forget/b", "commits/b", "keys/b"] {
            #expect(try failureKind { try site.create(key, [1]) } == .refused, "\(key)")
            #expect(try failureKind { try site.createOrConfirm(key, [1]) } == .refused, "\(key)")
        }
        #expect(try failureKind { try site.lock("packs/a", until: .now()) } == .refused)
        #expect(try site.keys("packs/") == ["packs/a"] && site.read("packs/a", limit: 8) == [1])
        // Records that take away pass for whoever takes away, and content does not.
        gate.allowRemoval()
        try site.create("forget/0000000001", [1])
        try site.create("condemned/0000000001", [1])
        #expect(try failureKind { try site.create("packs/b", [1]) } == .refused)
        #expect(try failureKind { try site.create("snapshots/b", [1]) } == .refused)
        try site.delete("packs/a")
        #expect(try site.keys("packs/").isEmpty)
    }

    @Test func withoutAProfileNothingIsRead() throws {
        var configuration = try configuration()
        configuration.tenants[0].policy.profile = nil
        configuration.papers.policies = folder.path + "/nowhere"
        let gate = PlacementGate(configuration, tenant: configuration.tenants[0], resolver: Names())
        for site in configuration.sites { #expect(gate.refusal(of: site) == nil) }
    }

    @Test func rulesThatCannotBeReadRefuseAndAreNamed() throws {
        var configuration = try configuration()
        try Files.makeFolder(folder.path + "/policies")
        for name in try Files.names(etc + "/policies") {
            try Files.replace(folder.path + "/policies/" + name, try #require(try Files.read(etc + "/policies/" + name)))
        }
        try Files.replace(folder.path + "/policies/hds.json", Array("{\"profile\": }".utf8))
        configuration.papers.policies = folder.path + "/policies"
        let gate = PlacementGate(configuration, tenant: configuration.tenants[0], resolver: Names(), today: { day("2026-11-27") })
        let refusal = try #require(gate.refusal(of: try configuration.site("local")))
        #expect(refusal.kind == .refused && refusal.text(.english).contains("hds.json:1"))
    }

    // MARK: names behind an endpoint

    @Test(
        arguments: [
            ([:], [:], nil),
            (["s3.gra.test": "storage.googleapis.com"], [:], "endpoint.denied"),
            (["s3.gra.test": "cdn.test", "cdn.test": "eu.s3.amazonaws.com"], [:], "endpoint.denied"),
            ([:], ["192.0.2.7": "ec2-1.compute.amazonaws.com"], "endpoint.denied"),
            (["s3.gra.test": "s3.gra.test"], [:], "endpoint.denied"),
            (["s3.gra.test": "?"], [:], "endpoint.denied"),
        ] as [([String: String], [String: String], String?)])
    func namesBehindAnEndpointAreFollowed(_ aliases: [String: String], _ reverse: [String: String], _ rule: String?) throws {
        let configuration = try configuration()
        let names = Names(aliases: aliases, reverse: reverse)
        let gate = PlacementGate(configuration, tenant: configuration.tenants[0], resolver: names, today: { day("2026-11-27") })
        let judgement = gate.judge(try configuration.site("gra"))
        #expect(judgement.troubles.isEmpty)
        #expect(judgement.outcome == (rule == nil ? .warn : .deny))
        if let rule { #expect(judgement.decisive?.rule.text == rule) }
    }

    // MARK: the red button

    @Test func anIsolatedMachineSendsAndDeletesNothingAndReadsFolders() throws {
        let (gate, store, site) = try gated("local")
        try site.create("packs/a", [1])
        try Files.replace(folder.path + "/state/isolated", Array("{}".utf8))
        gate.allowRemoval()
        for key in ["packs/b", "forget/0000000001"] { #expect(try failureKind { try site.create(key, [1]) } == .refused) }
        #expect(try failureKind { try site.delete("packs/a") } == .refused)
        #expect(try failureKind { try site.setLegalHold("packs/a", false) } == .refused)
        #expect(try store.keys("packs/") == ["packs/a"] && site.read("packs/a", limit: 8) == [1])
        let configuration = try configuration()
        #expect(gate.contact(try configuration.site("gra"))?.message.code == "isolated")
        #expect(gate.contact(try configuration.site("local")) == nil)
    }

    // MARK: the configuration

    @Test func approversAreReadALineForEachKeyAndMistakesHaveTheirLine() throws {
        let good = "# people\n\nalice \(publicKey("alice"))\nbruno \(publicKey("bruno")) bruno@chu.test\n"
        #expect(throws: Failures.self) { try ApproversFile.read(Array(good.utf8), path: "approvers") }
        let plain = "# people\n\nalice \(publicKey("alice"))\nbruno \(publicKey("bruno"))\n"
        #expect(try ApproversFile.read(Array(plain.utf8), path: "approvers").all.map(\.id.text) == ["alice", "bruno"])
        do {
            _ = try ApproversFile.read(Array("alice\nb/c RWx\nbruno \(publicKey("bruno"))\n".utf8), path: "approvers")
            Issue.record("it was read")
        } catch let failures as Failures { #expect(failures.all.map(\.object) == ["approvers:1", "approvers:2"]) }
        #expect(throws: Failure.self) { try ApproversFile.read(Array("a \(publicKey("x"))\nb \(publicKey("x"))\n".utf8), path: "approvers") }
        #expect(try ApproversFile.read(folder.path + "/none").all.isEmpty)
    }

    @Test func whatTheConfigurationSaysOfPapersIsReadAndShown() throws {
        let configuration = try configuration()
        #expect(configuration.papers.evidence == folder.path + "/evidence" && configuration.papers.host?.name == "Opérateur SAS")
        #expect(configuration.tenants[0].kind == .third && configuration.tenants[0].party?.name == "CHU d'essai")
        #expect(configuration.sources[0].authorisation == .init(id: "CNIL 1", until: "2026-12-31") && configuration.sources[0].notice == "affiche")
        let again = Configuration.read(configuration.toml, file: folder.path + "/config.toml", hostName: "n")
        #expect(again.configuration?.papers == configuration.papers && again.configuration?.tenants == configuration.tenants)
        #expect(again.configuration?.sources == configuration.sources)
    }

    @Test(arguments: [
        ("[sovereignty]\npolicy = \"/x\"", "sovereignty.policy"), ("[sovereignty]\nevidence = \"x\"", "sovereignty.evidence"),
        ("[sovereignty]\noperator = \"o\"\noperator_siren = \"123456789\"", "sovereignty.operator_siren"),
        ("[sovereignty]\noperator_siren = \"123456782\"", "sovereignty.operator"),
        ("[tenant.t]\nsites = [\"s\"]\ntype = \"ours\"", "tenant.t.type"),
        (
            "[tenant.t]\nsites = [\"s\"]\n[source.x]\npaths = [\"/x\"]\nauthorisation = { id = \"a\", until = \"2026-02-30\" }",
            "source.x.authorisation.until"
        ),
        ("[tenant.t]\nsites = [\"s\"]\n[source.x]\npaths = [\"/x\"]\nauthorisation = { id = \"a\" }", "source.x.authorisation.until"),
    ])
    func mistakesAboutPapersAreNamed(_ text: String, _ key: String) {
        let reading = Configuration.read("[site.s]\nkind = \"file\"\npath = \"/s\"\n" + text, file: "c.toml", hostName: "n")
        #expect(reading.configuration == nil && reading.problems.map(\.key) == [key])
    }

    // MARK: papers

    @Test func aPaperIsAddedWithItsSignaturesAndNeverInPlaceOfABetterOne() throws {
        let report = try EvidenceReport(configuration(), language: .english)
        let desk = folder.path + "/desk"
        try Files.makeFolder(desk)
        try put("new", "evidence", paper("new", "DPA", "X"), in: desk, by: ["alice"])
        #expect(try report.add(desk + "/new.json").lack?.code == "document.signed-once")
        try put("new", "evidence", paper("new", "DPA", "X"), in: desk, by: ["bruno"])
        #expect(try report.add(desk + "/new.json").lack == nil, "the other signature lies there already")
        try put("new", "evidence", paper("new", "DPA", "Y"), in: desk, by: ["alice"])
        try Files.removeFolder(desk)
        try put("new", "evidence", paper("new", "DPA", "Y"), in: desk, by: ["alice"])
        #expect(try failureKind { _ = try report.add(desk + "/new.json") } == .refused)
        #expect(try report.rows().first { $0.file == "new.json" }?.holder == "X")
    }

    @Test func aContractWithAnotherTenantDecidesNothingAndIsNotShown() throws {
        try put("ev-other", "evidence", paper("ev-other", "contractHDS", "Clinique"))
        try put("ev-unsigned", "evidence", paper("ev-unsigned", "contractHDS", "Clinique"), by: ["alice"])
        var configuration = try configuration()
        configuration.papers.hostEvidence += ["ev-other", "ev-unsigned"]
        var other = configuration.tenants[0]
        (other.name, other.party, other.sites) = ("clinique", .init(name: "Clinique"), ["local"])
        configuration.tenants.append(other)
        func shown(_ tenant: Configuration.Tenant) throws -> (documents: Set<String>, explained: String) {
            let rows = try EvidenceReport(configuration, tenant: tenant, language: .english).rows()
            let report = try PolicyReport(
                configuration, tenant: tenant.name, site: "local", day: day("2026-11-27"), language: .english, resolver: Names())
            #expect(report.rules.first { $0.rule == "operator.contract" }?.verdict == "holds")
            return (Set(rows.map(\.file)), report.lines(.english).joined())
        }
        let (first, second) = (try shown(configuration.tenants[0]), try shown(other))
        let common: Set = ["ev-hds.json", "ev-contract.json", "ev-operator.json", "site-local.json"]
        #expect(first.documents == common.union(["ev-tenant.json", "site-gra.json"]))
        #expect(second.documents == common.union(["ev-other.json", "ev-unsigned.json"]))
        #expect(first.explained.contains("ev-tenant") && !first.explained.contains("ev-other") && !first.explained.contains("ev-unsigned"))
        #expect(second.explained.contains("ev-other") && !second.explained.contains("ev-tenant"))
        let all = try EvidenceReport(configuration, language: .english).rows().map(\.file)
        #expect(Set(all) == first.documents.union(second.documents))
    }

    // MARK: samples

    private func configuration() throws -> Configuration {
        let text = """
            [node]
            name = "n"
            state = "\(folder.path)/state"
            [sovereignty]
            policies = "\(etc)/policies"
            providers = "\(etc)/providers"
            operator = "Opérateur SAS"
            operator_evidence = ["ev-operator", "ev-tenant"]
            [site.local]
            kind = "file"
            path = "\(folder.path)/site"
            [site.gra]
            kind = "s3"
            endpoint = "https://s3.gra.test"
            bucket = "seau"
            [tenant.chu]
            sites = ["local", "gra"]
            legal_name = "CHU d'essai"
            policy = { profile = "hds" }
            [source.dpi]
            paths = ["/srv"]
            basis = "R.1112-7"
            authorisation = { id = "CNIL 1", until = "2026-12-31" }
            information_notice = "affiche"
            """
        let reading = Configuration.read(text, file: folder.path + "/config.toml", hostName: "n")
        #expect(reading.problems.map(\.failure.description) == [])
        return try #require(reading.configuration)
    }

    private func gated(
        _ name: String, today: @escaping @Sendable () -> CalendarDay = { day("2026-11-27") }
    ) throws -> (PlacementGate, MemorySite, GatedSite) {
        let configuration = try configuration()
        let gate = PlacementGate(configuration, tenant: configuration.tenants[0], resolver: Names(), today: today)
        let store = MemorySite(name: name)
        let ledger = TransferLedger(folder: folder.path + "/transfers", site: name, siteID: nil, tenant: ShortID.random())
        return (gate, store, GatedSite(store, try configuration.site(name), gate, ledger))
    }

    private func put(_ name: String, _ kind: String, _ body: String, in other: String? = nil, by people: [String] = ["alice", "bruno"]) throws {
        let folder = other ?? folder.path + "/evidence"
        try Files.makeFolder(folder)
        let bytes = Array("{\"\(kind)\": \(body)}".utf8)
        try Files.replace("\(folder)/\(name).json", bytes)
        for person in people { try Files.replace("\(folder)/\(name).json.\(person).minisig", signature(person, bytes)) }
    }

    private func paper(_ id: String, _ kind: String, _ holder: String, until: String? = nil) -> String {
        let certificate =
            kind == "HDS"
            ? ", \"referential\": \"HDS-2.0\", \"validUntil\": \"\(until ?? "")\", \"services\": [\"S\"], \"regions\": [\"r\"], \"activities\": [\"physicalSites\", \"hardware\", \"virtualInfra\", \"appPlatform\", \"backup\"]"
            : ""
        return
            "{\"id\": \"\(id)\", \"kind\": \"\(kind)\", \"holder\": {\"name\": \"\(holder)\"}, \"issuedAt\": \"2026-01-01\", \"status\": \"valid\", \"documentSHA256\": \"\(String(repeating: "0", count: 64))\", \"collectedBy\": \"a\", \"verifiedBy\": \"b\"\(certificate)}"
    }

    private func statement(_ site: String, _ endpoint: String?) -> String {
        let driver = endpoint.map { "\"driver\": \"s3\", \"endpoint\": \($0)" } ?? "\"driver\": \"file\""
        return """
            {"id": "\(site)", \(driver), "region": "r", "service": "S", "storageClasses": ["STANDARD"],
             "operator": {"name": "Hébergeur SAS", "seat": "FR", "centralAdmin": "FR", "mainEstablishment": "FR"},
             "ownership": {"ultimateParent": "Groupe", "parentCountry": "FR", "nonEU": [], "veto": false, "boardMajority": false},
             "infrastructure": {"underlyingOperator": "Hébergeur SAS", "datacentres": [{"id": "dc-\(site)", "country": "FR"}]},
             "remoteAccess": [], "exposedLaws": [], "residualRisks": [], "mitigations": [], "subprocessors": [], "technology": [],
             "media": "disk", "offline": false, "evidence": ["ev-hds", "ev-contract"]}
            """
    }
}

/// Names as a test wants them: `?` has no answer.
private struct Names: NameResolver {
    var aliases: [String: String] = [:]
    var reverse: [String: String] = [:]

    func alias(of name: EndpointName) throws -> EndpointName? {
        guard let alias = aliases[name.text] else { return nil }
        if alias == "?" { throw Failure(.unreachable, .endpointNoAnswer) }
        return EndpointName(alias)
    }
    func addresses(of name: EndpointName) throws -> [String] { ["192.0.2.7"] }
    func names(of address: String) throws -> [EndpointName] { reverse[address].flatMap { EndpointName($0) }.map { [$0] } ?? [] }
}

private func day(_ text: String) -> CalendarDay { CalendarDay(text: text) ?? CalendarDay(number: 0) }

private func secret(_ name: String) throws -> Curve25519.Signing.PrivateKey {
    try Curve25519.Signing.PrivateKey(rawRepresentation: Array(SHA256.hash(data: Array("TEST KEY of \(name)".utf8))))
}

private func keyID(_ name: String) -> [UInt8] { Array(SHA256.hash(data: Array(name.utf8)).prefix(8)) }

private func publicKey(_ name: String) -> String {
    Data(Array("Ed".utf8) + keyID(name) + ((try? Array(secret(name).publicKey.rawRepresentation)) ?? [])).base64EncodedString()
}

/// As minisign -l signs.
private func signature(_ name: String, _ bytes: [UInt8]) throws -> [UInt8] {
    let key = try secret(name)
    let signature = Array(try key.signature(for: bytes))
    let global = Array(try key.signature(for: signature + Array("test".utf8)))
    let lines = [
        "untrusted comment: TEST KEY", Data(Array("Ed".utf8) + keyID(name) + signature).base64EncodedString(), "trusted comment: test",
        Data(global).base64EncodedString(), "",
    ]
    return Array(lines.joined(separator: "\n").utf8)
}
