import Base
import Sovereignty
import Testing

/// A resolver that answers from tables, and fails for names that it does not know where it is told to.
struct TestResolver: NameResolver {
    var aliases: [String: String] = [:]
    var addresses: [String: [String]] = [:]
    var reverse: [String: [String]] = [:]
    var silent: Set<String> = []

    private func answer(_ name: String) throws { if silent.contains(name) { throw Failure(.unreachable, .endpointNoAnswer, object: name) } }

    func alias(of name: EndpointName) throws -> EndpointName? {
        try answer(name.text)
        return aliases[name.text].flatMap { EndpointName($0) }
    }

    func addresses(of name: EndpointName) throws -> [String] {
        try answer(name.text)
        return addresses[name.text] ?? []
    }

    func names(of address: String) throws -> [EndpointName] {
        try answer(address)
        return reverse[address, default: []].compactMap { EndpointName($0) }
    }
}

@Suite struct EndpointTests {
    static let patterns: [(pattern: String, host: String, matches: Bool)] = [
        ("*.windows.net", "emc2.blob.core.windows.net", true), ("*.windows.net", "windows.net", true), ("*.windows.net", "WINDOWS.NET.", true),
        ("*.windows.net", "windows.net.example.org", false), ("*.windows.net", "mywindows.net", false), ("*.windows.net", "net", false),
        ("s3.uk.io.cloud.ovh.net", "s3.uk.io.cloud.ovh.net", true), ("s3.uk.io.cloud.ovh.net", "bucket.s3.uk.io.cloud.ovh.net", false),
        ("s3.ap-*.io.cloud.ovh.net", "s3.ap-southeast-1.io.cloud.ovh.net", true), ("s3.ap-*.io.cloud.ovh.net", "s3.ap-.io.cloud.ovh.net", true),
        ("s3.ap-*.io.cloud.ovh.net", "s3.gra.io.cloud.ovh.net", false), ("s3.ap-*.io.cloud.ovh.net", "s3.ap-x.y.io.cloud.ovh.net", false),
        ("*.s3.*-1.example.org", "b.s3.fr-1.example.org", true), ("a*b*c.org", "aXbYc.org", true), ("a*b*c.org", "abc.org", true),
        ("a*b*c.org", "acb.org", false),
    ]

    @Test(arguments: patterns) func `a pattern stands for whole labels, or for a part of one`(_ row: (pattern: String, host: String, matches: Bool))
        throws
    {
        let (pattern, host) = (try #require(EndpointPattern(row.pattern)), try #require(EndpointName(row.host)))
        #expect(pattern.matches(host) == row.matches)
    }

    @Test(arguments: ["", "*", "*.*.net", "a..b", "net", "a.*.net", "é.net"]) func `what is no pattern is none`(_ text: String) {
        #expect(EndpointPattern(text) == nil)
    }

    @Test(
        arguments: [
            ("https://S3.Gra.io.cloud.ovh.net:443/x", "s3.gra.io.cloud.ovh.net"), ("https://[2001:db8::1]:8443", "[2001:db8::1]"),
            ("http://127.0.0.1", "127.0.0.1"),
            ("https://a.example.org.", "a.example.org"), ("https://user@a.example.org", nil), ("https://a.example.org:99999", nil), ("https://", nil),
            ("ftp://a.example.org", nil), ("https://exämple.org", nil), ("https://a b.org", nil), ("https://a.org#@b.org", "a.org"),
            ("https://a.org\\@b.org", nil),
        ] as [(String, String?)])
    func `the host of an address is found, and no trick with it`(_ address: String, _ host: String?) {
        #expect(EndpointName(address: address)?.text == host)
    }

    static func judge(_ host: String, _ resolver: TestResolver) throws -> EndpointFinding {
        let book = try Shipped.book.get()
        return EndpointGuard(book.denied + (try Shipped.catalogue.get().denied)).judge(try #require(EndpointName(host)), resolver)
    }

    static func owner(_ finding: EndpointFinding) -> String? { if case .denied(_, let denied) = finding { denied.owner } else { nil } }

    @Test(arguments: [
        ("bucket.s3.eu-west-3.amazonaws.com", "Amazon Web Services"), ("emc2.blob.core.windows.net", "Microsoft Azure"),
        ("storage.googleapis.com", "Google Cloud"), ("s3.eu-central-1.wasabisys.com", "Wasabi"), ("x.r2.cloudflarestorage.com", "Cloudflare"),
        ("s3.uk.io.cloud.ovh.net", "OVH SAS"), ("s3.ap-southeast-sgp.io.cloud.ovh.net", "OVH SAS"), ("s3.bhs.io.cloud.ovh.net", "OVH SAS"),
        ("s3.us-east-va.io.cloud.ovh.us", "OVH SAS"),
        ("s3.nl-ams.scw.cloud", "Scaleway SAS"), ("oos.us-east-2.outscale.com", "OUTSCALE SAS"),
        ("cellar-c2.services.clever-cloud.com", "Clever Cloud SAS"),
    ])
    func `an endpoint out of the perimeter is refused by name`(_ host: String, _ owner: String) throws {
        #expect(Self.owner(try Self.judge(host, TestResolver())) == owner)
    }

    @Test func `behind a name of the hospital's own, the alias is found`() throws {
        let resolver = TestResolver(aliases: [
            "sauvegarde.chu-exemple.fr": "edge.example.org", "edge.example.org": "s3.eu-west-3.amazonaws.com",
        ])
        let finding = try Self.judge("sauvegarde.chu-exemple.fr", resolver)
        #expect(Self.owner(finding) == "Amazon Web Services")
        if case .denied(let chain, _) = finding {
            #expect(chain.map(\.text) == ["sauvegarde.chu-exemple.fr", "edge.example.org", "s3.eu-west-3.amazonaws.com"])
        }
    }

    @Test(arguments: ["sauvegarde.chu-exemple.fr", "192.0.2.7"]) func `so is the name of the address it leads to`(_ host: String) throws {
        let resolver = TestResolver(
            addresses: ["sauvegarde.chu-exemple.fr": ["192.0.2.1", "192.0.2.7"]], reverse: ["192.0.2.7": ["par21s12-in-f16.1e100.net"]])
        #expect(Self.owner(try Self.judge(host, resolver)) == "Google Cloud")
    }

    @Test func `a name that leads nowhere that is refused is clear, along all its aliases`() throws {
        let resolver = TestResolver(
            aliases: ["a.example.org": "b.example.org"], addresses: ["b.example.org": ["192.0.2.1"]], reverse: ["192.0.2.1": ["c.example.org"]])
        #expect(try Self.judge("a.example.org", resolver) == .clear([EndpointName("a.example.org")!, EndpointName("b.example.org")!]))
    }

    @Test func `a circle, an endless chain, silence and no address are unknown, and unknown denies`() throws {
        let endless = Dictionary(uniqueKeysWithValues: (0..<40).map { ("n\($0).example.org", "n\($0 + 1).example.org") })
        for resolver in [
            TestResolver(aliases: ["n0.example.org": "b.example.org", "b.example.org": "n0.example.org"]), TestResolver(aliases: endless),
            TestResolver(silent: ["n0.example.org"]), TestResolver(),
            TestResolver(addresses: ["n0.example.org": ["192.0.2.1"]], silent: ["192.0.2.1"]),
        ] {
            let finding = try Self.judge("n0.example.org", resolver)
            guard case .unknown = finding else {
                Issue.record("\(finding)")
                continue
            }
            var sample = Sample()
            sample.endpoint = finding
            let decision = try sample.decide(.hds)
            #expect(decision.result("endpoint.denied")?.verdict == .unknown && decision.outcome == .deny)
        }
    }

    @Test func `the statement is about one endpoint, and opens no other`() throws {
        var sample = Sample()
        for (stated, verdict) in [
            ("https://S3.fr1.example.org:443", Verdict.holds), ("https://s3.fr2.example.org", .fails), (nil, .unknown),
        ] as [(String?, Verdict)] {
            sample.site.endpoint = stated
            #expect(try sample.decide(.hds).result("endpoint.denied")?.verdict == verdict)
        }
    }

    @Test func `only a folder has no endpoint`() throws {
        var sample = Sample()
        sample.endpoint = .noEndpoint
        for (driver, verdict) in [(SiteFacts.Driver.file, Verdict.notApplicable), (.s3, .unknown), (nil, .unknown)] as [(SiteFacts.Driver?, Verdict)]
        {
            sample.site.driver = driver
            #expect(try sample.decide(.hds).result("endpoint.denied")?.verdict == verdict)
        }
    }

    @Test func `papers do not open an endpoint that is refused`() throws {
        var sample = Sample()
        sample.endpoint = try Self.judge("s3.eu-west-3.amazonaws.com", TestResolver())
        let decision = try sample.decide(.hds)
        #expect(decision.outcome == .deny)
        #expect(decision.findings.map(\.rule.text) == ["endpoint.denied"])
        #expect(decision.result("endpoint.denied")?.clause.contains("EXI 30") == true)
    }
}
