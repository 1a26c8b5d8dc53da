import Base
import Foundation
import Scheduling
import Testing

@testable import Operations

/// Reads `text` as if it were `/c.toml` on a machine named `host-1`.
func reading(_ text: String) -> ConfigurationReading { Configuration.read(text, file: "/c.toml", hostName: "host-1") }

/// A configuration that is right, to put mistakes beside.
private let base = """
    site.a = { kind = "file", path = "/srv/a" }

    [tenant.t]
    sites = ["a"]
    [source.s]
    tenant = "t"
    paths = ["/data"]
    """

@Suite struct ConfigurationTests {
    private func configuration(_ text: String) throws -> Configuration {
        let reading = reading(text)
        #expect(reading.problems.isEmpty, "\(reading.problems.map(\.failure.description))")
        return try #require(reading.configuration)
    }

    // MARK: What is right

    @Test func `what the file leaves out has a default`() throws {
        let read = try configuration(base.replacingOccurrences(of: "tenant = \"t\"\n", with: ""))
        #expect(read.node.name == "host-1")
        #expect(read.node.domain == "host-1")
        #expect(read.node.roles == [.write, .maintain, .verify])
        #expect(read.node.keys == "/etc/hdsbackup/keys")
        #expect(read.node.state == "/var/lib/hdsbackup")
        #expect(read.restoreTest.place == "/var/lib/hdsbackup/restore-test")
        #expect(read.restoreTest.share == .whole && read.restoreTest.limit == ByteCount(10 << 30))
        #expect(read.daemon.memory == ByteCount(256 << 20))
        let tenant = try read.tenant(nil)
        #expect(tenant.writeQuorum == 1)
        #expect(!tenant.acceptsKeysTogether)
        #expect(tenant.fingerprint == nil)
        let source = try read.source("s")
        #expect(source.tenant == "t")
        #expect(source.exclude.isEmpty)
        #expect(!source.staysOnFileSystem)
        #expect(source.chunking == .auto)
        #expect(source.compression == .auto)
        #expect(source.before == nil)
        #expect(read.notices.isEmpty)
        #expect(try configuration("[node]\nname = \"n\"").node.domain == "n")
    }

    @Test func `every key of the manual is read`() throws {
        let read = try configuration(fullExample)
        #expect(read.node.name == "noeud-1")
        #expect(read.node.roles == [.write])
        #expect(read.daemon.listen == "127.0.0.1:8429")
        #expect(read.alert.command == ["/usr/local/bin/page-me"])
        #expect(read.alert.mail == "astreinte@chu-exemple.fr")
        #expect(read.sites.map(\.name) == ["gra", "local", "coffre", "autre"])
        guard case .s3(let s3) = try read.site("gra").place else { return #expect(Bool(false), "gra is an S3 site") }
        #expect(s3.endpoint == "https://s3.gra.io.cloud.ovh.net")
        #expect(s3.region == "gra")
        #expect(s3.bucket == "chu-exemple-sauvegarde")
        #expect(s3.coordinationBucket == "chu-exemple-accord")
        #expect(s3.credentials.write == "gra-write")
        #expect(s3.credentials.maintain == "gra-maintain")
        #expect(s3.credentials.restore == "gra-restore")
        #expect(s3.objectLock == .compliance)
        #expect(s3.usesPathStyle)
        #expect(s3.authorityFile == "/etc/ssl/gra.pem")
        #expect(s3.prefix == "a/b")
        let limit = try #require(try read.site("gra").limit)
        #expect(limit.upload == ByteCount(50 << 20))
        #expect(limit.download == ByteCount(100 << 20))
        #expect(limit.between == DayWindow("07:00-20:00"))
        #expect(try read.site("local").folder == "/srv/sauvegarde")
        #expect(try read.site("coffre").isOffline)
        let tenant = try read.tenant("chu-exemple")
        #expect(tenant.fingerprint?.hex == String(repeating: "0f", count: 32))
        #expect(tenant.sites == ["local", "gra"])
        #expect(tenant.writeQuorum == 2)
        #expect(tenant.acceptsKeysTogether)
        #expect(tenant.policy.profile == .hds)
        #expect(tenant.policy.copies == 2)
        #expect(tenant.policy.immutable == 1)
        #expect(tenant.policy.keep?.yearly == 10)
        #expect(tenant.policy.quarantine == .seconds(7 * 86_400))
        #expect(tenant.policy.scrub == .seconds(30 * 86_400))
        #expect(tenant.policy.restoreTest == .seconds(7 * 86_400))
        let dpi = try read.source("dpi")
        #expect(dpi.content == .paths(["/srv/dpi", "/srv/autre"]))
        #expect(dpi.exclude == ["*.tmp", "cache/"])
        #expect(dpi.staysOnFileSystem)
        #expect(dpi.chunking == .content)
        #expect(dpi.compression == .zstd(level: 3))
        #expect(dpi.schedule == Schedule("daily at 02:00"))
        #expect(dpi.before == Configuration.Hook(run: ["/usr/local/bin/freeze"], user: "dpi", timeout: .seconds(60)))
        #expect(dpi.after == Configuration.Hook(run: ["/usr/local/bin/thaw", "now"], user: "root", timeout: .seconds(300)))
        #expect(dpi.check == ["/usr/local/bin/dpi-check", "{restored}"])
        #expect(dpi.keep?.daily == 30)
        #expect(dpi.basis == "R.1112-7")
        #expect(dpi.rpo == .seconds(86_400))
        #expect(dpi.rto == .seconds(4 * 3_600))
        #expect(read.restoreTest.share == .percent(12.5) && read.restoreTest.limit == ByteCount(2 << 30))
        let base = try read.source("base")
        #expect(base.content == .command(["pg_dumpall"]))
        #expect(base.user == "postgres")
        #expect(base.timeout == .seconds(7_200))
        #expect(try read.source("flux").content == .standardInput)
    }

    @Test func `what this version does not act on is accepted and told, with its line`() throws {
        let notices = reading(fullExample).notices
        #expect(notices.map(\.key) == ["site.autre.kind"])
        #expect(notices.map(\.line) == notices.map(\.line).sorted())
        let lines = fullExample.split(separator: "\n", omittingEmptySubsequences: false)
        for notice in notices {
            let word = notice.key.split(separator: ".").last!
            #expect(lines[notice.line - 1].contains(word), "\(notice.text(.english)) is not on: \(lines[notice.line - 1])")
        }
    }

    @Test func `the example that is installed is right as it is`() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../etc/config.toml.example").standardized
            .path
        let read = try Configuration.load(path, hostName: "host-1")
        #expect(read.sources.map(\.name) == ["dpi", "base"])
        #expect(read.notices.isEmpty)
        // And so it is with everything in it that is commented out; a fingerprint is the operator's own.
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let all = text.split(separator: "\n").map { line in
            let bare = line.drop { $0 == "#" || $0 == " " }
            return bare.contains("…") || !(bare.hasPrefix("[") || bare.contains(#/^[a-z_]+ *= /#)) ? "" : String(bare)
        }
        let full = reading(all.joined(separator: "\n"))
        #expect(full.problems.isEmpty, "\(full.problems.map(\.failure.description))")
        #expect(full.configuration?.sources.count == 3)
    }

    @Test func `what it shows is what it read`() throws {
        for text in [base, fullExample, "[node]\nname = \"a.b\"\n[site.\"a.b\"]\nkind = \"file\"\npath = \"/srv/\\\"x\\\\ y\\u0007é\""] {
            var read = try configuration(text)
            var again = try configuration(read.toml)
            // The webhook's path is hidden, and notices tell lines.
            read.alert.webhook = nil
            again.alert.webhook = nil
            read.notices = []
            again.notices = []
            #expect(again == read, "\(read.toml)")
        }
    }

    @Test func `what it shows holds no secret`() throws {
        let text = try configuration(
            base + """

                [source.db]
                command = ["pg_dump", "postgres://app:s3cret@db/x"]
                before = { run = ["curl", "https://u:s3cret@host/"] }
                [alert]
                webhook = "https://hooks.example.fr/services/s3cret?key=s3cret"
                """)
        #expect(!text.toml.contains("s3cret"))
        #expect(text.toml.contains("postgres://app:…@db/x"))
        #expect(text.toml.contains("webhook = \"https://hooks.example.fr/…\""))
        let json = String(decoding: try JSONLine.encode(text.json), as: UTF8.self)
        #expect(!json.contains("s3cret"))
    }

    @Test func `it shows as JSON with the names that were given`() throws {
        let read = try configuration("[site.camelCase]\nkind = \"file\"\npath = \"/x\"\n[tenant.t]\nsites = [\"camelCase\"]")
        let json = String(decoding: try JSONLine.encode(read.json), as: UTF8.self)
        #expect(json.contains(#""site":{"camelCase":{"kind":"file","offline":false,"path":"/x"}}"#))
        #expect(json.contains(#""tenant":{"t":{"keys_together":"refused","sites":["camelCase"],"write_quorum":1}}"#))
    }

    @Test func `paths lose needless slashes and keep their bytes`() throws {
        let read = try configuration(
            "[tenant.t]\nsites = [\"a\"]\n[site.a]\nkind = \"file\"\npath = \"//srv///e\\u0301/\"\n[source.s]\npaths = [\"/\"]")
        #expect(Array(try #require(read.site("a").folder).utf8) == Array("/srv/e\u{301}".utf8))
        #expect(try read.source("s").content == .paths(["/"]))
    }

    // MARK: What is wrong

    /// Lines are counted in the text as it is; `+` stands for `base` before, whose last line is the 7th.
    @Test(
        arguments: [
            // Not TOML.
            ("a = ", [(1, "", "config.syntax")]),
            ("a = 1\nb == 2", [(2, "b", "config.bad-value")]),
            ("a = 1\nb : 2", [(2, "", "config.syntax")]),
            ("[node]\nname = \"x\"\nname = \"y\"", [(3, "", "config.syntax")]),
            ("[node]\nname = \"a\\u0000b\"", [(2, "", "config.zero-byte")]),
            // What makes the parser abort must not reach it.
            ("[node]\n[=x]", [(2, "", "config.bad-header")]),
            ("\n[[[site]]]", [(2, "", "config.bad-header")]),
            ("[[ .a ]]", [(1, "", "config.bad-header")]),
            ("[é]", [(1, "", "config.bad-header")]),
            ("a = [1,\n}]", [(2, "a[2]", "config.bad-value")]),
            ("a = [\u{2028}1]", [(1, "a[1]", "config.bad-value")]),
            ("[", [(1, "", "config.syntax")]),
            ("[[]]", [(1, "", "config.syntax")]),
            ("a = " + String(repeating: "[", count: 100_000), [(1, "", "config.syntax")]),
            ("a = " + String(repeating: "{b=", count: 100_000), [(1, "", "config.syntax")]),
            // Unknown keys, wrong types.
            ("nodes = 1", [(1, "nodes", "config.unknown-key")]),
            ("[nod]\nname = \"x\"", [(1, "nod", "config.unknown-key")]),
            ("node = 3", [(1, "node", "config.wrong-type")]),
            ("[node]\nname = 5", [(2, "node.name", "config.wrong-type")]),
            ("[node]\nname = \"a b\"", [(2, "node.name", "config.wrong-value")]),
            (
                "[node]\n\nroles = [\"write\",\n  \"restore\",\n  3]",
                [(4, "node.roles[2]", "config.wrong-value"), (5, "node.roles[3]", "config.wrong-type")]
            ),
            ("[node]\nroles = \"write\"", [(2, "node.roles", "config.wrong-type")]),
            ("[node]\nstate = \"var/lib\"\nkeys = \"/a/../b\"", [(2, "node.state", "config.wrong-value"), (3, "node.keys", "config.wrong-value")]),
            ("node.state = 1979-05-27", [(1, "node.state", "config.bad-value")]),
            ("node.state = 1.5", [(1, "node.state", "config.wrong-type")]),
            ("[site.a]\nkind = \"file\"\npath = /srv/a # here", [(3, "site.a.path", "config.bad-value")]),
            ("a = [1, 07:32:00T]", [(1, "a[2]", "config.bad-value")]),
            // The daemon and the others that come later are checked all the same.
            (
                "[daemon]\nmemory = \"256 MB/s\"\nlisten = \"8429\"\nsock = \"/x\"",
                [(2, "daemon.memory", "config.wrong-value"), (3, "daemon.listen", "config.wrong-value"), (4, "daemon.sock", "config.unknown-key")]
            ),
            (
                "[alert]\ncommand = []\nmail = \"nobody\"\nwebhook = \"http://example.fr/\"",
                [(2, "alert.command", "config.wrong-value"), (3, "alert.mail", "config.wrong-value"), (4, "alert.webhook", "config.wrong-value")]
            ),
            ("[restore_test]\nplace = 1", [(2, "restore_test.place", "config.wrong-type")]),
            ("[restore_test]\nshare = \"0%\"", [(2, "restore_test.share", "config.wrong-value")]),
            (
                "[journal]\naccesses = \"12 months\"\nrequire_reason = \"yes\"\nkeep = 1",
                [
                    (2, "journal.accesses", "config.wrong-value"), (3, "journal.require_reason", "config.wrong-type"),
                    (4, "journal.keep", "config.unknown-key"),
                ]
            ),
            ("[restore_test]\nlimit = \"much\"", [(2, "restore_test.limit", "config.wrong-value")]),
            // Sites.
            ("[site.a]\npath = \"/x\"", [(1, "site.a.kind", "config.missing-key")]),
            ("[site.a]\nkind = \"files\"\npath = \"/x\"", [(2, "site.a.kind", "config.wrong-value")]),
            ("[site.a]\nkind = \"file\"", [(1, "site.a.path", "config.missing-key")]),
            ("[site.a]\nkind = \"file\"\npath = \"/x\"\nbucket = \"b\"", [(4, "site.a.bucket", "config.not-of-kind")]),
            ("[site.a]\nkind = \"file\"\npath = \"/x\"\nendpoint = \"https://x\"", [(4, "site.a.endpoint", "config.not-of-kind")]),
            ("[site.\"a b\"]\nkind = \"file\"\npath = \"/x\"", [(1, "site.\"a b\"", "config.bad-name")]),
            ("[site.a]\nkind = \"file\"\npath = \"/x\"\n[site.b]\nkind = \"file\"\npath = \"/x/\"", [(6, "site.b.path", "config.shared-folder")]),
            (
                "[site.a]\nkind = \"s3\"\nendpoint = \"http://192.0.2.1\"\nbucket = \"B\"",
                [(3, "site.a.endpoint", "config.wrong-value"), (4, "site.a.bucket", "config.wrong-value")]
            ),
            ("[site.a]\nkind = \"s3\"\nendpoint = \"https://u:p@x\"\nbucket = \"bbb\"", [(3, "site.a.endpoint", "config.wrong-value")]),
            ("[site.a]\nkind = \"s3\"", [(1, "site.a.endpoint", "config.missing-key"), (1, "site.a.bucket", "config.missing-key")]),
            (
                "[site.a]\nkind = \"s3\"\nendpoint = \"http://127.0.0.1:9000\"\nbucket = \"bbb\"\nobject_lock = \"compliance\"",
                [(5, "site.a.object_lock", "config.lock-needs-coordination")]
            ),
            (
                "[site.a]\nkind = \"s3\"\nendpoint = \"https://x\"\nbucket = \"bbb\"\ncoordination_bucket = \"bbb\"",
                [(5, "site.a.coordination_bucket", "config.same-bucket")]
            ),
            (
                "[site.a]\nkind = \"s3\"\nendpoint = \"https://x\"\nbucket = \"bbb\"\ncredentials = { write = \"a/b\", read = \"c\" }",
                [(5, "site.a.credentials.write", "config.wrong-value"), (5, "site.a.credentials.read", "config.unknown-key")]
            ),
            ("[site.a]\nkind = \"remote\"\nendpoint = \"https://x\"\nbucket = \"bbb\"", [(4, "site.a.bucket", "config.not-of-kind")]),
            (
                "[site.a]\nkind = \"file\"\npath = \"/x\"\n[site.a.limit]\nupload = \"50MiB\"\nbetween = \"7-20\"",
                [(5, "site.a.limit.upload", "config.wrong-value"), (6, "site.a.limit.between", "config.wrong-value")]
            ),
            ("[site.a]\nkind = \"file\"\npath = \"/x\"\noffline = \"yes\"", [(4, "site.a.offline", "config.wrong-type")]),
            // Tenants.
            ("[tenant.t]", [(1, "tenant.t.sites", "config.missing-key")]),
            ("[tenant.t]\nsites = []", [(2, "tenant.t.sites", "config.no-site")]),
            ("[tenant.t]\nsites = [\"a\"]", [(2, "tenant.t.sites[1]", "config.unknown-site")]),
            ("+\n[tenant.u]\nsites = [\n  \"a\",\n  \"a\"\n]", [(11, "tenant.u.sites[2]", "config.twice")]),
            ("[site.a]\nkind = \"nope\"\n[tenant.t]\nsites = [\"a\"]", [(2, "site.a.kind", "config.wrong-value")]),
            ("+\n[tenant.u]\nsites = [\"a\"]\nwrite_quorum = 2", [(10, "tenant.u.write_quorum", "config.wrong-value")]),
            ("+\n[tenant.u]\nsites = [\"a\"]\nwrite_quorum = 0", [(10, "tenant.u.write_quorum", "config.wrong-value")]),
            ("+\n[tenant.u]\nsites = [\"a\"]\nwrite_quorum = 1.0", [(10, "tenant.u.write_quorum", "config.wrong-type")]),
            ("+\n[tenant.u]\nsites = [\"a\"]\nfingerprint = \"abc\"", [(10, "tenant.u.fingerprint", "config.wrong-value")]),
            ("+\n[tenant.u]\nsites = [\"a\"]\nkeys_together = \"yes\"", [(10, "tenant.u.keys_together", "config.wrong-value")]),
            (
                "+\n[tenant.u]\nsites = [\"a\"]\npolicy = { profile = \"gdpr\", copies = 0, keep = { daily = -1, fortnightly = 2 }, verify = { scrub = \"0d\" } }",
                [
                    (10, "tenant.u.policy.profile", "config.wrong-value"), (10, "tenant.u.policy.copies", "config.wrong-value"),
                    (10, "tenant.u.policy.keep.daily", "config.wrong-value"), (10, "tenant.u.policy.keep.fortnightly", "config.unknown-key"),
                    (10, "tenant.u.policy.verify.scrub", "config.wrong-value"),
                ]
            ),
            // Sources.
            ("[source.s]\npaths = [\"/x\"]", [(1, "source.s.tenant", "config.no-tenant")]),
            ("+\n[source.x]\ntenant = \"tt\"\npaths = [\"/x\"]", [(9, "source.x.tenant", "config.unknown-tenant")]),
            ("+\n[tenant.u]\nsites = [\"a\"]\n[source.x]\nstdin = true", [(10, "source.x.tenant", "config.missing-key")]),
            ("+\n[source.x]", [(8, "source.x", "config.one-content")]),
            ("+\n[source.x]\nstdin = false", [(8, "source.x", "config.one-content")]),
            ("+\n[source.x]\nstdin = \"yes\"", [(9, "source.x.stdin", "config.wrong-type")]),
            ("+\n[source.x]\npaths = [\"/x\"]\ncommand = [\"true\"]", [(10, "source.x.command", "config.one-content")]),
            ("+\n[source.x]\nstdin = true\npaths = [\"/x\"]", [(9, "source.x.stdin", "config.one-content")]),
            ("+\n[source.x]\npaths = \"/x\"", [(9, "source.x.paths", "config.wrong-type")]),
            ("+\n[source.x]\npaths = []", [(9, "source.x.paths", "config.wrong-value")]),
            ("+\n[source.x]\npaths = [\"x\"]", [(9, "source.x.paths[1]", "config.wrong-value")]),
            (
                "+\n[source.x]\npaths = [\n\"/x/y\", # one\n\"/x\",\n\"/x/\"]",
                [(10, "source.x.paths[1]", "config.nested-path"), (12, "source.x.paths[3]", "config.nested-path")]
            ),
            ("+\n[source.x]\ncommand = \"pg_dumpall\"", [(9, "source.x.command", "config.wrong-type")]),
            ("+\n[source.x]\ncommand = [\"\"]", [(9, "source.x.command", "config.wrong-value")]),
            ("+\n[source.x]\ncommand = [\"true\"]\nexclude = [\"*.tmp\"]", [(10, "source.x.exclude", "config.needs-paths")]),
            (
                "+\nexclude = [\"*.tmp\", \"a//b\",\n\"[\"]",
                [(8, "source.s.exclude[2]", "exclude.bad-pattern"), (9, "source.s.exclude[3]", "exclude.bad-pattern")]
            ),
            ("+\none_file_system = 1", [(8, "source.s.one_file_system", "config.wrong-type")]),
            (
                "+\nchunking = \"Auto\"\ncompression = \"zstd:23\"",
                [(8, "source.s.chunking", "config.wrong-value"), (9, "source.s.compression", "config.wrong-value")]
            ),
            (
                "+\nbefore = \"freeze\"\nafter = { user = \"x y\", timeout = \"soon\", when = 1 }",
                [
                    (8, "source.s.before", "config.wrong-type"), (9, "source.s.after.run", "config.missing-key"),
                    (9, "source.s.after.user", "config.wrong-value"), (9, "source.s.after.timeout", "config.wrong-value"),
                    (9, "source.s.after.when", "config.unknown-key"),
                ]
            ),
            (
                "+\n[source.s.before]\nruns = [\"a\"]",
                [(8, "source.s.before.run", "config.missing-key"), (9, "source.s.before.runs", "config.unknown-key")]
            ),
            (
                "+\nschedule = \"\"\nkeep = 3\nrpo = \"1\"\nrto = 4\ncheck = \"x\"",
                [
                    (8, "source.s.schedule", "config.wrong-value"), (9, "source.s.keep", "config.wrong-type"),
                    (10, "source.s.rpo", "config.wrong-value"),
                    (11, "source.s.rto", "config.wrong-type"), (12, "source.s.check", "config.wrong-type"),
                ]
            ),
        ] as [(String, [(Int, String, String)])])
    func `each mistake is told with its line and key`(text: String, expected: [(Int, String, String)]) {
        let reading = reading(text.hasPrefix("+") ? base + text.dropFirst() : text)
        #expect(reading.configuration == nil)
        let found = reading.problems.map { "\($0.line) \($0.key) \($0.message.code)" }
        #expect(found.sorted() == expected.map { "\($0.0) \($0.1) \($0.2)" }.sorted(), "\(reading.problems.map(\.failure.description))")
        #expect(reading.problems.map(\.line) == reading.problems.map(\.line).sorted())
    }

    @Test func `a mistake is told in both languages, with what was expected and what to do`() {
        let problems = reading("[site.a]\nkind = \"file\"\npth = \"/x\"\npath = 3").problems
        #expect(
            problems.map { $0.failure.text(.english) } == [
                "/c.toml:3: site.a.pth: unknown key\n  did you mean path?",
                "/c.toml:4: site.a.path: expected an absolute path without \".\" or \"..\", found a whole number",
            ])
        #expect(
            problems.map { $0.failure.text(.french) } == [
                "/c.toml:3: site.a.pth: clé inconnue\n  vouliez-vous dire path ?",
                "/c.toml:4: site.a.path: attendu : un chemin absolu sans « . » ni « .. » ; trouvé : un nombre entier",
            ])
        #expect(problems.allSatisfy { $0.failure.exitStatus == .usage })
    }

    @Test func `a wrong value that may be a secret is not repeated`() {
        let text = """
            [alert]
            webhook = "ftp://hooks/s3cret"
            [site.a]
            kind = "s3"
            endpoint = "https://me:s3cret@x"
            bucket = "bbb"
            credentials = { write = "s3cret/+" }
            """
        let problems = reading(text).problems
        #expect(problems.count == 3)
        #expect(problems.allSatisfy { !$0.failure.text(.english).contains("s3cret") && !$0.failure.text(.french).contains("s3cret") })
    }

    @Test func `a machine whose name will not do must be given one`() {
        let reading = Configuration.read("", file: "/c.toml", hostName: "été")
        #expect(reading.problems.map(\.message.code) == ["config.node-name-needed"])
        #expect(Configuration.read("[node]\nname = \"n\"", file: "/c.toml", hostName: "").configuration?.node.name == "n")
    }

    /// Neither the parser's assertions nor the locator's walk: `HDSBACKUP_FUZZ=100000` looks for longer.
    @Test func `no text brings it down, and every line that it names exists`() {
        let rounds = ProcessInfo.processInfo.environment["HDSBACKUP_FUZZ"].flatMap(Int.init) ?? 100
        let pieces = [
            "[", "]", "{", "}", "\"", "'", "\n", "=", ".", ",", "#", "\\", "\"\"\"", "'''", "1", "0", "-", "+", "_", ":", "e", "x", "T", "Z", "inf",
            "nan",
            "true", "é", "\u{A0}", "\u{2028}", "\t", "\r", "\u{1}", "\\u0000", "[[site]]\n", " ", "1979-05-27", "07:32:00", "a", "b", "a.b", "[a]\n",
            "a = ", "{a=1}",
        ]
        for round in 0..<rounds {
            // A good text with a few faults, then fifty heaps of pieces, which cost as much.
            var bytes = Array(fullExample.utf8)
            for _ in 0..<Int.random(in: 1...4) {
                let place = Int.random(in: 0..<bytes.count)
                let end = Int.random(in: 0...2) == 0 ? place : min(bytes.count, place + Int.random(in: 0...30))
                bytes.replaceSubrange(place..<end, with: Bool.random() ? Array(pieces.randomElement()!.utf8) : [])
            }
            check(String(decoding: bytes, as: UTF8.self))
            for _ in 0..<50 {
                let heap = (0..<Int.random(in: 1...8)).map { _ in pieces.randomElement()! }.joined()
                check((round % 2 == 0 ? "" : ["a = ", "a = [", "a = {", "[", "[a]\nb ="].randomElement()!) + heap)
            }
        }
        func check(_ text: String) {
            let result = reading(text)
            let count = text.utf8.count { $0 == 0x0A } + 1
            let lines = result.problems.map(\.line) + result.notices.map(\.line)
            let isSound = (result.configuration == nil) == !result.problems.isEmpty && lines.allSatisfy { (1...count).contains($0) }
            if !isSound { Issue.record("\(text.debugDescription): \(result)") }
        }
    }

    // MARK: Files

    @Test func `a file that is not there or is no text is a usage error`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("configuration-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.path + "/config.toml"
        let missing = try #require(throws: Failure.self) { try Configuration.load(path, hostName: "h") }
        #expect(missing.message.code == "config.missing")
        #expect(missing.exitStatus == .usage)
        #expect(missing.remedy != nil)

        try Data("[node]\nname = \"".utf8 + [0xE9] + "\"\n".utf8).write(to: URL(fileURLWithPath: path))
        let notText = try #require(throws: Failures.self) { try Configuration.load(path, hostName: "h") }
        #expect(notText.all.map(\.object) == ["\(path):2"])
        #expect(notText.exitStatus == .usage)

        try Data("[node]\nx = 1\ny = 2".utf8).write(to: URL(fileURLWithPath: path))
        let several = try #require(throws: Failures.self) { try Configuration.load(path, hostName: "h") }
        #expect(several.all.count == 2)

        let folderFailure = try #require(throws: Failure.self) { try Configuration.load(folder.path, hostName: "h") }
        #expect(folderFailure.exitStatus == .usage)
    }

    // MARK: Finding what arguments name

    @Test func `arguments name tenants, sites and sources`() throws {
        let one = try configuration(base + "\n[source.pipe]\nstdin = true\n[source.db]\ncommand = [\"true\"]")
        let tenant = try one.tenant(nil)
        #expect(tenant.name == "t")
        #expect(try one.sites(of: tenant).map(\.name) == ["a"])
        #expect(try one.sources(of: tenant).map(\.name) == ["s", "db"])
        #expect(try one.sources(of: tenant, named: ["pipe", "s", "pipe"]).map(\.name) == ["pipe", "s"])

        func message(_ body: () throws -> Void) throws -> Failure { try #require(throws: Failure.self, performing: body) }
        let near = try message { _ = try one.tenant("tt") }
        #expect(near.message.code == "tenant.unknown")
        #expect(near.remedy?.english == "did you mean t?")
        #expect(try message { _ = try one.sources(of: tenant, named: ["dpi"]) }.remedy?.english == "there are: s, pipe, db")
        #expect(try message { _ = try one.sites(of: tenant, named: "b") }.exitStatus == .usage)

        let two = try configuration("[site.a]\nkind = \"file\"\npath = \"/a\"\n[tenant.t]\nsites = [\"a\"]\n[tenant.u]\nsites = [\"a\"]")
        #expect(try message { _ = try two.tenant(nil) }.remedy?.english == "name one with --tenant")
        #expect(try two.tenant("u").name == "u")
        #expect(try message { _ = try two.sources(of: two.tenants[0]) }.message.code == "source.none")
        #expect(try message { _ = try configuration("").tenant(nil) }.message.code == "tenant.none")
    }

    @Test func `a kind of site that is not there yet says so when it is used`() throws {
        let read = try configuration("[site.b]\nkind = \"remote\"\nendpoint = \"https://b.test\"\n[tenant.t]\nsites = [\"b\"]")
        let connector = SiteConnector(keys: "/nowhere", tenantPrefix: "p")
        let failure = try #require(throws: Failure.self) { _ = try connector.store(try read.site("b"), as: .write) }
        #expect(failure.kind == .usage)
        #expect(failure.message.english.contains("not available in this version"))
    }

    // MARK: Units

    @Test(arguments: [
        ("7d", 604_800), ("24h", 86_400), ("30m", 1_800), ("90s", 90), ("1w", 604_800), ("1h30m", 5_400), ("1d12h", 129_600),
    ])
    func `lengths of time`(text: String, seconds: Int) {
        #expect(Duration(configuration: text) == .seconds(seconds))
    }

    @Test(arguments: ["", "0d", "d", "7", "7 d", "-1d", "1.5h", "30m1h", "1h1h", "7D", "99999999999999999999d", "2000000w", "١d"])
    func `what is no length of time`(text: String) {
        #expect(Duration(configuration: text) == nil)
    }

    @Test(
        arguments: [
            ("1B", 1), ("256MiB", 256 << 20), ("1KiB", 1024), ("2 GiB", 2 << 30), ("1TiB", 1 << 40), ("1PiB", 1 << 50), ("3kB", 3_000),
            ("1MB", 1_000_000),
        ] as [(String, UInt64)])
    func `sizes`(text: String, bytes: UInt64) {
        #expect(ByteCount(text)?.bytes == bytes)
        #expect(ByteCount(ByteCount(bytes).text)?.bytes == bytes)
    }

    @Test(arguments: ["", "0MiB", "MiB", "1", "1.5GiB", "-1B", "1  MiB", "1Mib", "99999999PiB", "1MiB/s"])
    func `what is no size`(text: String) {
        #expect(ByteCount(text) == nil)
    }

    @Test func `written lengths of time read back`() {
        for (seconds, text) in [(90, "90s"), (3_600, "1h"), (604_800, "7d"), (86_400 + 60, "1441m")] {
            #expect(Duration.seconds(seconds).configurationText == text)
            #expect(Duration(configuration: text) == .seconds(seconds))
        }
    }
}

/// The manual's own example (cli.md §2), with values where it has dots and the keys that it has in comments.
private let fullExample = """
    [node]
    name  = "noeud-1"
    roles = ["write"]
    domain = "noeud-1"
    state = "/var/lib/hdsbackup"
    keys  = "/etc/hdsbackup/keys"

    [daemon]
    socket = "/run/hdsbackup/control.sock"
    listen = "127.0.0.1:8429"
    memory = "256MiB"
    [alert]
    command = ["/usr/local/bin/page-me"]
    mail = "astreinte@chu-exemple.fr"
    webhook = "https://hooks.example.fr/x"
    [restore_test]
    place = "/var/lib/hdsbackup/restore-test"
    share = "12.5%"
    limit = "2GiB"

    [site.gra]
    kind = "s3"
    endpoint = "https://s3.gra.io.cloud.ovh.net"
    region = "gra"
    bucket = "chu-exemple-sauvegarde"
    coordination_bucket = "chu-exemple-accord"
    credentials = { write = "gra-write", maintain = "gra-maintain", restore = "gra-restore" }
    object_lock = "compliance"
    limit = { upload = "50MiB/s", download = "100MiB/s", between = "07:00-20:00" }
    path_style = true
    ca_file = "/etc/ssl/gra.pem"
    prefix = "a/b"
    [site.local]
    kind = "file"
    path = "/srv/sauvegarde"
    [site.coffre]
    kind = "file"
    path = "/mnt/disque-amovible"
    offline = true
    [site.autre]
    kind = "remote"
    endpoint = "https://sauvegarde.exemple.fr:8443"

    [tenant.chu-exemple]
    fingerprint = "\(String(repeating: "0F", count: 32))"
    sites = ["local", "gra"]
    write_quorum = 2
    keys_together = "accepted"
    [tenant.chu-exemple.policy]
    profile  = "hds"
    copies   = 2
    immutable = 1
    keep     = { last = 3, daily = 14, weekly = 8, monthly = 12, yearly = 10 }
    quarantine = "7d"
    verify   = { scrub = "30d", restore_test = "7d" }

    [source.dpi]
    tenant   = "chu-exemple"
    paths    = ["/srv/dpi", "/srv/autre"]
    exclude  = ["*.tmp", "cache/"]
    one_file_system = true
    chunking = "content"
    compression = "zstd:3"
    schedule = "daily at 02:00"
    before   = ["/usr/local/bin/freeze"]
    after    = { run = ["/usr/local/bin/thaw", "now"], user = "root", timeout = "5m" }
    user     = "dpi"
    timeout  = "1m"
    check    = ["/usr/local/bin/dpi-check", "{restored}"]
    keep     = { daily = 30 }
    basis    = "R.1112-7"
    rpo = "24h"
    rto = "4h"
    [source.base]
    tenant   = "chu-exemple"
    command  = ["pg_dumpall"]
    user     = "postgres"
    timeout  = "2h"
    schedule = "every 6h"
    [source.flux]
    tenant = "chu-exemple"
    stdin = true
    """
