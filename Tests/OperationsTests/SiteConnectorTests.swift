import Base
import Glibc
import Sites
import TestSupport
import Testing

@testable import Operations
@testable import S3

/// From the configuration to a store: addresses, credentials, limits.
@Suite(.serialized) struct SiteConnectorTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    // MARK: addresses

    @Test(arguments: [
        "file:/srv/sauvegarde", "s3:https://s3.gra.test/chu-exemple?region=gra",
        "s3:https://s3.gra.test:8443/chu-exemple/a/b?region=gra&coordination_bucket=chu-accord&object_lock=compliance&path_style=true",
        "s3:http://127.0.0.1:9000/abc?region=us-east-1",
    ])
    func anAddressIsReadAsItWasWritten(_ text: String) throws {
        #expect(try #require(Configuration.Site.Place(address: text)).address == text)
    }

    @Test(arguments: [
        "", "relative/path", "file:relative", "s3:", "s3:https://s3.test", "s3:https://s3.test/", "s3:https://s3.test/UPPER",
        "s3:http://s3.test/bucket", "s3:https://me:secret@s3.test/bucket", "s3:https://s3.test/bucket/../x", "s3:https://s3.test/bucket?region",
        "s3:https://s3.test/bucket?odd=1", "s3:https://s3.test/bucket?object_lock=none", "remote:https://b.test",
    ])
    func whatIsNoAddressIsRefused(_ text: String) { #expect(Configuration.Site.Place(address: text) == nil) }

    @Test(arguments: [
        "s3:https://s3.gra.test/chu-exemple/a?region=gra&coordination_bucket=chu-accord&object_lock=governance&path_style=true",
        "file:/srv/a \"b\" \\c\nd",
    ])
    func aPlaceWrittenToAConfigurationIsReadBack(_ text: String) throws {
        let place = try #require(Configuration.Site.Place(address: text))
        let lines = ["[node]", "name = \"n\"", "[site.x]"] + place.configurationLines + ["[tenant.t]", "sites = [\"x\"]"]
        try Files.create(folder.path + "/c.toml", Array(lines.joined(separator: "\n").utf8))
        #expect(try Configuration.load(folder.path + "/c.toml").sites[0].place == place)
    }

    @Test func aSiteIsUsedWithTheBucketsThatItWasPreparedWithOnly() throws {
        let prepared = try #require(
            Configuration.Site.Place(address: "s3:https://s3.test/data?region=a&coordination_bucket=agree&object_lock=governance"))
        func check(_ address: String) throws -> Failure.Kind? {
            let place = try #require(Configuration.Site.Place(address: address))
            return try failureKind { try place.check(mark: prepared.mark, site: "x") }
        }
        // The way there, the region and the lock may change.
        #expect(try check("s3:https://other.test/data?region=b&coordination_bucket=agree") == nil)
        #expect(try check("s3:https://s3.test/data?region=a") == .wrongPlace)
        #expect(try check("s3:https://s3.test/data?region=a&coordination_bucket=other") == .wrongPlace)
        #expect(try check("s3:https://s3.test/other?region=a&coordination_bucket=agree") == .wrongPlace)
        // Nothing is said of folders, nor by markers of before.
        #expect(try #require(Configuration.Site.Place(address: "/srv/x")).mark.isEmpty)
        #expect(try failureKind { try prepared.check(mark: "", site: "x") } == nil)
    }

    // MARK: credentials

    private func site(_ names: [String: String] = [:]) -> Configuration.Site {
        var s3 = Configuration.Site.S3(endpoint: "https://s3.test", bucket: "bucket")
        (s3.credentials.write, s3.credentials.maintain, s3.credentials.restore) = (names["write"], names["maintain"], names["restore"])
        return Configuration.Site(name: "x", place: .s3(s3))
    }

    private func put(_ name: String, _ text: String, mode: UInt32 = 0o600) throws {
        try Files.create(folder.path + "/" + name, Array(text.utf8), mode: mode)
    }

    private func text(_ key: String) -> String { "# of a test\nAWS_ACCESS_KEY_ID=\(key)\nAWS_SECRET_ACCESS_KEY=TEST-ONLY\n" }

    private func accessKey(_ site: Configuration.Site, _ access: SiteAccess) throws -> String {
        let store = try SiteConnector(keys: folder.path, tenantPrefix: "p").store(site, as: access)
        return try #require(store as? S3Site).client.accessKey
    }

    @Test func eachAccessHasItsOwnCredentialsAndFallsBackToAnother() throws {
        for name in ["w", "m", "r"] { try put(name, text("KEY-" + name)) }
        let all = site(["write": "w", "maintain": "m", "restore": "r"])
        #expect(try accessKey(all, .write) == "KEY-w" && accessKey(all, .maintain) == "KEY-m" && accessKey(all, .restore) == "KEY-r")
        // A node holds one of them only.
        #expect(try accessKey(site(["write": "w", "maintain": "gone", "restore": "gone"]), .restore) == "KEY-w")
    }

    @Test func aSystemdCredentialComesBeforeAFile() throws {
        try put("w", text("FILE"))
        try Files.makeFolder(folder.path + "/credentials")
        try Files.create(folder.path + "/credentials/w", Array(text("SYSTEMD").utf8))
        setenv("CREDENTIALS_DIRECTORY", folder.path + "/credentials", 1)
        defer { unsetenv("CREDENTIALS_DIRECTORY") }
        #expect(try accessKey(site(["write": "w"]), .write) == "SYSTEMD")
    }

    @Test func theEnvironmentComesLast() throws {
        #expect(try failureKind { _ = try accessKey(site(), .write) } == .key)
        setenv("AWS_ACCESS_KEY_ID", "ENVIRONMENT", 1)
        setenv("AWS_SECRET_ACCESS_KEY", "TEST-ONLY", 1)
        defer {
            unsetenv("AWS_ACCESS_KEY_ID")
            unsetenv("AWS_SECRET_ACCESS_KEY")
        }
        #expect(try accessKey(site(["write": "gone"]), .write) == "ENVIRONMENT")
        try put("w", text("FILE"))
        #expect(try accessKey(site(["write": "w"]), .write) == "FILE")
    }

    @Test func credentialsThatOthersMayReadAreRefused() throws {
        try put("w", text("FILE"), mode: 0o644)
        #expect(try failureKind { _ = try accessKey(site(["write": "w"]), .write) } == .refused)
    }

    @Test(arguments: [
        "", "AWS_ACCESS_KEY_ID=A", "AWS_ACCESS_KEY_ID=A\nAWS_SECRET_ACCESS_KEY=", "AKID SECRET", "AWS_ACCESS_KEY_ID=A\nAWS_SECRET_ACCESS_KEY=B\nX=1",
    ])
    func whatHoldsNoCredentialsIsTold(_ text: String) throws {
        try put("w", text)
        #expect(try failureKind { _ = try accessKey(site(["write": "w"]), .write) } == .key)
    }

    // MARK: limits

    @Test func aLimitHoldsInItsPartOfTheDay() throws {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        let minute = Int(parts.tm_hour) * 60 + Int(parts.tm_min)
        func text(_ minutes: Int) -> String {
            let m = (minutes + 1440) % 1440
            return "\(m / 60 < 10 ? "0" : "")\(m / 60):\(m % 60 < 10 ? "0" : "")\(m % 60)"
        }
        // Windows wide enough that the clock may tick, over midnight too.
        func holds(_ from: Int, _ to: Int) throws -> Bool { try #require(DayWindow("\(text(minute + from))-\(text(minute + to))")).containsNow }
        #expect(try holds(-60, 60))
        #expect(try !holds(60, 120))
        #expect(try holds(-720, 60))
        #expect(try !holds(60, -60))
    }

    @Test func aLimitAsksForTheTimeThatItsBytesTake() {
        let limiter = RateLimiter { 1000 }
        // A quarter of a second may pass ahead.
        #expect(limiter.take(100) <= 0.1)
        let wait = limiter.take(10_000)
        #expect((9.0...10.2).contains(wait))
        #expect(limiter.take(1000) > wait)
        #expect(RateLimiter.unlimited.take(1 << 40) == 0)
    }
}
