import Base
import Codec
import Glibc
import Keys
import TestSupport
import Testing

@testable import Operations
@testable import Repository

extension FuzzTests {
    @Test func `configurations`() throws {
        let example = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/etc/config.toml.example"
        let full = """
            [node]
            name = "n-1"
            roles = ["write", "verify"]
            [alert]
            command = ["mail", "-s", "x"]
            webhook = "https://hook.example/abc"
            [site.a]
            kind = "file"
            path = "/srv/a"
            limit = { upload = "50MiB/s", between = "08:00-19:30" }
            [site.b]
            kind = "s3"
            endpoint = "https://s3.example"
            bucket = "b-1"
            credentials = { write = "w" }
            [tenant.t]
            sites = ["a", "b"]
            write_quorum = 2
            policy = { copies = 2, keep = { daily = 7 }, scrub = "90d" }
            [source.s]
            tenant = "t"
            paths = ["/data", "/é\\u00e9"]
            exclude = ["*.tmp", "[a-z]/"]
            compression = "zstd:9"
            timeout = "2h"
            [source.c]
            command = ["pg_dump", '''a
            b''']
            tenant = "t"
            """
        let shown = try #require(try Files.read(example))
        let corpus = [shown, Array(full.utf8), Array("a.b.c = [[1,2.5,[inf]], {x=1979-05-27T07:32:00Z}]\n".utf8)]
        // TOMLKit keeps some three kilobytes of each text that it read. Most of these have problems: what is looked for is a trap, and a configuration that is shown as none.
        try Fuzzer(name: "configuration", corpus: corpus).run(leak: 8 << 10) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            let reading = Configuration.read(text, file: "/c.toml", hostName: "host-1")
            for problem in reading.problems {
                guard problem.line >= 1, problem.failure.kind == .usage else { throw Fuzzer.Broken("a problem in line \(problem.line)") }
            }
            guard let configuration = reading.configuration else {
                guard !reading.problems.isEmpty else { throw Fuzzer.Broken("neither a configuration nor a problem") }
                if bytes == corpus[2] || bytes == corpus[1] || bytes == corpus[0] { return }
                throw reading.problems[0].failure
            }
            let again = Configuration.read(configuration.toml, file: "/c.toml", hostName: "host-1")
            guard again.problems.isEmpty else {
                throw Fuzzer.Broken("what is shown is not read: \(again.problems[0].failure)\n\(configuration.toml)")
            }
        }
    }

    @Test func `pages of recovery kits`() throws {
        let code = try RecoveryCode("C1GP-4RV4-CNK6-ET39-D9NP-RVBE-DXR7-2WKK-9939")
        let kit = RecoveryKit(
            tenant: "hôpital", fingerprint: Samples.tenant.fingerprint, code: code, sites: [("a", "file:/srv/a b"), ("b", "file:/mnt/=x")],
            created: Timestamp(seconds: 5))
        let corpus = Language.allCases.map { Array(kit.page($0).utf8) }
        try Fuzzer(name: "recovery kit", corpus: corpus).run(share: 0.25) { bytes in
            let kit = try RecoveryKit(page: String(decoding: bytes, as: UTF8.self))
            let again = try RecoveryKit(page: kit.page(.french))
            guard again.tenant == kit.tenant, again.fingerprint == kit.fingerprint, again.code.text == kit.code.text else {
                throw Fuzzer.Broken("it does not come back")
            }
            guard again.sites.map(\.place) == kit.sites.map(\.place) else { throw Fuzzer.Broken("sites \(kit.sites), then \(again.sites)") }
        }
    }

    /// What a machine remembers of a site, and its merged index: changed bytes are refused or cost the cache.
    @Test func `files of the state folder`() throws {
        let base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        let folder = base + "/hdsbackup-fuzz-" + hexString(randomBytes(6))
        defer { try? Files.removeFolder(folder) }
        let state = try TenantState(folder: folder)
        var marks = TenantState.Watermarks()
        (marks.descriptor, marks.forget, marks.generation) = (1, 2, 3)
        try state.remember(marks, site: .zero)
        let seen = folder + "/seen-" + ShortID.zero.hex
        try Fuzzer(name: "watermarks", corpus: [try #require(try Files.read(seen))]).run(share: 0.1) { bytes in
            try Self.put(bytes, seen)
            _ = try state.watermarks(.zero)
        }

        let digest = sha256([1, 2, 3])
        try state.keepManifest([1, 2, 3], digest)
        try Fuzzer(name: "kept manifest", corpus: [[1, 2, 3]]).run(share: 0.1) { bytes in
            try Self.put(bytes, folder + "/manifests/" + digest.hex)
            guard state.manifest(digest) == (bytes == [1, 2, 3] ? bytes : nil) else { throw Fuzzer.Broken("a manifest of another hash") }
            if bytes != [1, 2, 3] { throw Failure(.damaged, .wrongHash) }
        }

        var random = SeededGenerator(60)
        let pack = IndexedPack(key: Samples.pack(&random), writer: .zero)
        let rows = Samples.list(9, &random) { IndexRow(id: $0.digest(), pack: 0, offset: 64, length: 30) }
        do {
            let index = try SiteIndex(domain: .zero, folder: folder + "/index")
            try index.add(IndexSegment(domain: .zero, packs: [pack], rows: rows), named: "a")
            try index.save()
        }
        // An index that begins anew removes what is left: both files are put there each time.
        var whole: [String: [UInt8]] = [:]
        for name in try Files.names(folder + "/index") where name != "lock" { whole[name] = try Files.read(folder + "/index/" + name) }
        #expect(whole.count == 2)
        for (name, good) in whole.sorted(by: { $0.key < $1.key }) {
            try Fuzzer(name: name == "contents" ? "index contents" : "index run", corpus: [good]).run(share: 0.25) { bytes in
                for (other, good) in whole { try Self.put(other == name ? bytes : good, folder + "/index/" + other) }
                let index = try SiteIndex(domain: .zero, folder: folder + "/index")
                guard index.packs.isEmpty || index.packs == [pack] && rows.allSatisfy({ index.places($0.id).map(\.offset) == [64] }) else {
                    throw Fuzzer.Broken("wrong answers")
                }
                if index.packs.isEmpty { throw Failure(.damaged, .badChecksum) }
            }
        }
    }

    /// Not durable: it is read at once.
    private static func put(_ bytes: [UInt8], _ path: String) throws {
        try File.open(RawName(path), O_WRONLY | O_CREAT | O_TRUNC).write(bytes)
    }
}
