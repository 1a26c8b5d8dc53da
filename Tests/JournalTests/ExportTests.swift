import Base
import Glibc
import Journal
import Keys
import TestSupport
import Testing

/// What a tenant or an auditor is given holds nothing of another tenant.
@Suite struct ExportTests {
    private static let tenants = (1...3).map { ShortID([UInt8](repeating: UInt8(16 * $0 + $0), count: 16))! }

    /// Three tenants and the node itself, each with both ledgers, each with a word of its own in every entry.
    private struct Host {
        let folder: TemporaryFolder
        let ledgers: LedgerFolder

        init() throws {
            folder = try TemporaryFolder()
            ledgers = LedgerFolder(folder.path + "/journal")
            for tenant in [nil] + ExportTests.tenants.map(Optional.some) {
                for ledger in Ledger.allCases {
                    let writer = try SampleLedger.writer(ledgers, tenant, ledger, TestKeys.node)
                    for number in 0..<4 {
                        var event = SampleLedger.event(number, ledger)
                        event.details["marker"] = .word(Word(Host.marker(tenant))!)
                        if ledger == .accesses { event.reason = "pour \(Host.marker(tenant))" }
                        try writer.append(event)
                        if number == 2 { try writer.close() }
                    }
                }
            }
        }

        static func marker(_ tenant: ShortID?) -> String { "zq" + (tenant.map { String($0.hex.prefix(4)) } ?? "node") + "qz" }

        func export(_ tenant: ShortID?, _ name: String = "export") throws -> (path: String, result: JournalExport.Result) {
            let path = folder.path + "/" + name + "-" + (tenant?.hex ?? "node")
            return (path, try JournalExport(ledgers, tenant: tenant, keys: [TestKeys.node.verifying, TestKeys.other.verifying]).write(to: path))
        }
    }

    /// All files below a folder: names and bytes.
    private func files(_ path: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try Files.names(path) {
            let each = path + "/" + name
            if let bytes = try? Files.read(each) { files[each] = bytes } else { try files.merge(self.files(each)) { $1 } }
        }
        return files
    }

    @Test func anExportHoldsNothingOfAnotherTenant() throws {
        let host = try Host()
        #expect(try host.ledgers.tenants() == [nil] + Self.tenants)
        for tenant in [nil] + Self.tenants.map(Optional.some) {
            let (path, result) = try host.export(tenant)
            #expect(result.entries == 8 && result.leftOut == [])
            #expect(result.reports.values.allSatisfy { $0.isWhole })
            let all = try files(path)
            #expect(all.count == 7, "two ledgers of two objects, their lines, a key")
            for other in [nil] + Self.tenants.map(Optional.some) {
                let (marker, id) = (Array(Host.marker(other).utf8), other?.bytes ?? [UInt8](repeating: 0, count: 16))
                let hits = all.values.count { $0.firstRange(of: marker) != nil }
                #expect((hits > 0) == (other == tenant))
                guard let other, other != tenant else { continue }
                #expect(all.allSatisfy { $0.value.firstRange(of: id) == nil && !$0.key.hasSuffix(other.hex) })
                #expect(all.values.allSatisfy { $0.firstRange(of: Array(other.hex.utf8)) == nil })
            }
            // The folder verifies by itself, with the keys that are in it.
            let keys = try Files.names(path + "/keys")
            #expect(keys == ["\(TestKeys.node.id.hex).pub"])
            let bytes = try #require(try Files.read(path + "/keys/" + keys[0]))
            let key = try bytes.decode { try VerifyingKey(&$0) }
            for ledger in Ledger.allCases {
                let report = try LedgerVerification(trusted: [key], ledger: ledger, tenant: .some(tenant)).run(
                    FolderLedgerSource("\(path)/\(ledger.word)"))
                #expect(report.isWhole && report.chains.map(\.count) == [4])
            }
        }
    }

    /// Whatever lies in the tenant's folder: what is not shown to be the tenant's does not leave.
    @Test func whatIsNotTheTenantsIsLeftOut() throws {
        let host = try Host()
        let (own, other) = (Self.tenants[0], Self.tenants[1])
        let source = host.ledgers.source(own, .accesses)
        let chain = try source.chains()[0]
        let foreign = host.ledgers.source(other, .accesses)
        let foreignChain = try foreign.chains()[0]
        let segment = try #require(try Files.read("\(foreign.path)/\(foreignChain.hex)/0000000000"))
        // Under the own chain's folder, as a chain of its own, and as a file of any name.
        try Files.replace("\(source.path)/\(chain.hex)/0000000007", segment)
        try Files.replace("\(source.path)/\(chain.hex)/notes", segment)
        try Files.makeFolder("\(source.path)/\(foreignChain.hex)")
        try Files.replace("\(source.path)/\(foreignChain.hex)/0000000000", segment)
        try Files.replace("\(source.path)/\(chain.hex)/0000000008", [1, 2, 3])
        symlink("\(foreign.path)/\(foreignChain.hex)/0000000000", "\(source.path)/\(chain.hex)/0000000009")
        // The other ledger's in this one.
        let operations = host.ledgers.source(own, .operations)
        let lines = try #require(try Files.read("\(operations.path)/\(try operations.chains()[0].hex)/0000000000"))
        try Files.replace("\(source.path)/\(chain.hex)/0000000010", lines)

        let (path, result) = try host.export(own)
        #expect(result.leftOut.count == 6)
        #expect(Set(result.leftOut.map(\.kind)) == [.foreign, .damagedSegment])
        for (name, bytes) in try files(path) {
            #expect(bytes.firstRange(of: Array(Host.marker(other).utf8)) == nil, "\(name)")
        }
        #expect(result.entries == 8)
        // The ledger itself says what is wrong with it.
        #expect(try !host.ledgers.verify(own, .accesses, trusted: [TestKeys.node.verifying]).isWhole)
    }

    @Test func anExportIsNotWrittenOverAnything() throws {
        let host = try Host()
        let path = host.folder.path + "/there"
        try Files.makeFolder(path)
        try Files.replace(path + "/x", [1])
        let export = JournalExport(host.ledgers, tenant: Self.tenants[0], keys: [])
        #expect(try failureKind { _ = try export.write(to: path) } == .exists)
    }

    @Test func aWriterKeepsToItsTenant() throws {
        let host = try Host()
        let own = host.ledgers.path(Self.tenants[0], .accesses)
        let wrong = try LedgerWriter(own, tenant: Self.tenants[1], .accesses, key: TestKeys.node, identity: .daemon)
        // It finds no chain of its tenant there, and begins one, which the verification of the folder's tenant refuses.
        try wrong.append(SampleLedger.event(0))
        #expect(try !host.ledgers.verify(Self.tenants[0], .accesses, trusted: [TestKeys.node.verifying]).isWhole)
        let (path, _) = try host.export(Self.tenants[0])
        #expect(try FolderLedgerSource(path + "/accesses").chains().count == 1)
    }

    // MARK: Lines

    static let texts: [(String, String)] = [
        ("a\"b\\c", #""a\"b\\c""#), ("a\nb\r\u{0}\u{1B}[31m\u{7F}", #""a\nb\u000d\u0000\u001b[31m\u007f""#),
        ("\u{202E}txt.exe\u{2066}\u{200B}", #""\u202etxt.exe\u2066\u200b""#), ("\u{85}\u{2028}", #""\u0085\u2028""#),
        ("été 日本 🏥", #""été 日本 🏥""#), ("e\u{301}", #""e\u0301""#), ("\u{E0001}", #""\udb40\udc01""#),
    ]

    @Test(arguments: texts) func aLineIsOneLineAndShowsWhatItHolds(_ text: String, _ shown: String) throws {
        let event = LedgerEvent(.restore, .done, by: .person, object: .init("path", .bytes(Array(text.utf8) + [0xFF, 0x0A])), reason: text)
        let ledger = try SampleLedger()
        try ledger.writer.append(event)
        var line = ""
        _ = try LedgerVerification.sample().run(ledger.source) { entry, link, place in line = EntryText.line(entry, link, place) }
        #expect(line.contains("\"reason\":" + shown))
        #expect(!line.utf8.contains { $0 < 0x20 || $0 == 0x7F })
        #expect(line.hasSuffix("\"}"))
    }

    @Test func aLineHoldsAllOfAnEntry() throws {
        let entry = LedgerEntry(
            sequence: 3, time: Timestamp(seconds: 1_795_000_000, nanoseconds: 7),
            event: LedgerEvent(
                .restore, .partial, by: .person, object: .init("path", .bytes(Array("/srv\\x".utf8))), reason: "r",
                details: [
                    "n": .number(-5), "w": .word("mot"), "i": .id(ShortID([UInt8](repeating: 1, count: 16))!),
                    "t": .time(Timestamp(seconds: 253_402_300_800)),
                ]))
        let origin = ChainOrigin(ledger: .accesses, tenant: nil, writer: .zero, created: Timestamp(seconds: 0))
        let line = EntryText.line(entry, Digest.zero, EntryPlace(chain: .zero, origin: origin, segment: 2))
        let id = String(repeating: "0", count: 32)
        #expect(
            line == #"{"chain":"\#(id)","ledger":"accesses","tenant":null,"segment":2,"sequence":3,"time":"2026-11-18T11:06:40.000000007Z","#
                + #""kind":"restore","outcome":"partial","host":"noeud-1","program":"command","user":{"uid":0,"login":"root"},"#
                + #""session":{"uid":1007,"login":"mdurand"},"object":{"path":"/srv\\\\x"},"reason":"r","#
                + #""details":{"i":"\#(String(repeating: "01", count: 16))","n":-5,"t":"253402300800s","w":"mot"},"link":"\#(id)\#(id)"}"#)
    }
}
