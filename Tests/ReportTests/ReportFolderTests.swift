import Base
import Codec
import Foundation
import Keys
import Testing

@testable import Report

@Suite struct ReportFolderTests {
    /// A signed report in a folder of its own, and a folder with the key of its signer.
    private struct Place {
        let folder = FileManager.default.temporaryDirectory.appending(path: "report-test-\(hexString(randomBytes(8)))")
        let key: SigningKey
        let report: AuditReport
        var path: String { folder.appending(path: "report").path }
        var keys: String { folder.appending(path: "keys").path }

        init() throws {
            key = try SigningKey.generate()
            report = try Samples.report(Samples.flawed())
            try Files.makeFolder(keys)
            try Files.create(keys + "/\(key.id.hex).pub", key.verifying.bytes)
            let json = try report.json
            let page = HTMLPage(report, language: .french, dataHash: sha256(json).hex)
            try ReportFolder.write(
                [.init(name: "report.json", bytes: json), .init(name: "report.html", bytes: page.bytes)], of: report, signedBy: key, to: path)
        }

        func remove() { try? FileManager.default.removeItem(at: folder) }
        func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path + "/" + name))) }
        func change(_ name: String, _ body: (inout [UInt8]) -> Void) throws {
            var all = try bytes(name)
            body(&all)
            try Data(all).write(to: URL(filePath: path + "/" + name))
        }

        /// Status and output of the script.
        func script(_ keys: String? = nil) throws -> (status: Int32, said: String) {
            let script = Samples.root.appending(path: "docs/tools/report-verify.sh").path
            let child = try ChildProcess(["sh", script, keys ?? self.keys, path], capturesOutput: true, capturesErrors: true)
            let said = try child.output?.readAll(limit: 1 << 20) ?? []
            return (child.wait(), String(decoding: said, as: UTF8.self))
        }

        func failure(_ trusted: [VerifyingKey]? = nil) -> Failure? {
            do {
                try ReportFolder.verify(path, trusted: trusted ?? [key.verifying])
                return nil
            } catch { return error as? Failure }
        }
    }

    @Test func aReportVerifiesWithOpensslAndSha256sumAndWithTheProgram() throws {
        let place = try Place()
        defer { place.remove() }
        let (status, said) = try place.script()
        #expect(status == 0, "\(said)")
        #expect(said.contains(place.key.id.hex))
        #expect(place.failure() == nil)
        #expect(try place.bytes(ReportFolder.signatureName).count == 64)
        #expect(try place.bytes(ReportFolder.lastingSignatureName).count == 3309)
        let manifest = String(decoding: try place.bytes(ReportFolder.manifestName), as: UTF8.self)
        #expect(manifest.hasPrefix("# hdsbackup/1 report manifest\n# format hdsbackup-report/1\n# month 2026-11\n# as-of 2026-11-30\n"))
    }

    @Test func theCommandsOfTheAnnexWorkAsTheyStand() throws {
        let place = try Place()
        defer { place.remove() }
        let commands = ReportFolder.verificationCommands.components(separatedBy: "\n").dropFirst().joined(separator: "\n")
            .replacing("KEYS/ID", with: place.keys + "/" + place.key.id.hex).replacing("cd REPORT", with: "cd '\(place.path)'")
            .replacing("/tmp/key.der", with: place.folder.path + "/key.der")
        let child = try ChildProcess(["sh", "-e", "-c", commands], capturesOutput: true, capturesErrors: true)
        let said = String(decoding: try child.output?.readAll(limit: 1 << 20) ?? [], as: UTF8.self)
        #expect(child.wait() == 0, "\(said)")
        #expect(said.contains("Signature Verified Successfully"))
        #expect(said.contains("report.html: OK") && said.contains("report.json: OK"))
        #expect(said.components(separatedBy: place.key.id.hex).count == 3)
    }

    @Test(arguments: ["report.json", "report.html"]) func aFileWithOneByteChangedIsFound(_ name: String) throws {
        let place = try Place()
        defer { place.remove() }
        try place.change(name) { $0[$0.count / 2] ^= 1 }
        let (status, said) = try place.script()
        #expect(status == 4)
        #expect(said.contains(name))
        #expect(place.failure()?.kind == .damaged)
        #expect(place.failure()?.object == name)
    }

    @Test func aManifestThatWasMadeAgainIsFound() throws {
        let place = try Place()
        defer { place.remove() }
        try place.change("report.json") { $0.append(0x20) }
        let json = try place.bytes("report.json")
        try place.change(ReportFolder.manifestName) { manifest in
            let lines = String(decoding: manifest, as: UTF8.self).split(separator: "\n").map { line in
                line.hasSuffix("report.json") ? "\(sha256(json).hex)  report.json" : String(line)
            }
            manifest = Array((lines.joined(separator: "\n") + "\n").utf8)
        }
        #expect(try place.script().status == 4)
        #expect(place.failure()?.message.code == "report.wrong-signature")
    }

    @Test(arguments: [ReportFolder.signatureName, ReportFolder.lastingSignatureName]) func aWrongSignatureIsFound(_ name: String) throws {
        let place = try Place()
        defer { place.remove() }
        try place.change(name) { $0[10] ^= 1 }
        // openssl 3.0 knows the first of the two only.
        #expect(try place.script().status == (name == ReportFolder.signatureName ? 4 : 0))
        #expect(place.failure()?.object == name)
    }

    @Test func aFileThatIsMissingOrTooManyIsFound() throws {
        let place = try Place()
        defer { place.remove() }
        try Files.create(place.path + "/extra.html", [1])
        #expect(try place.script().said.contains("extra.html"))
        #expect(try place.script().status == 4)
        #expect(place.failure()?.object == "extra.html")
        try FileManager.default.removeItem(atPath: place.path + "/extra.html")
        #expect(try place.script().status == 0)
        try FileManager.default.removeItem(atPath: place.path + "/report.html")
        #expect(try place.script().status == 4)
        #expect(place.failure()?.kind == .missing)
    }

    @Test func anotherSignerIsNotTrusted() throws {
        let place = try Place()
        defer { place.remove() }
        let other = try SigningKey.generate()
        #expect(place.failure([other.verifying])?.kind == .key)
        let keys = place.folder.appending(path: "others").path
        try Files.makeFolder(keys)
        try Files.create(keys + "/\(other.id.hex).pub", other.verifying.bytes)
        #expect(try place.script(keys).status == 4)
        // Another key under the signer's name.
        try Files.create(keys + "/\(place.key.id.hex).pub", other.verifying.bytes)
        let (status, said) = try place.script(keys)
        #expect(status == 4)
        #expect(said.contains("not the key of that id"))
    }

    @Test func wrongUsageIsSaid() throws {
        let script = Samples.root.appending(path: "docs/tools/report-verify.sh").path
        let child = try ChildProcess(["sh", script, "/nowhere"], capturesOutput: true, capturesErrors: true)
        _ = try child.output?.readAll(limit: 1 << 20)
        #expect(child.wait() == 2)
    }

    @Test func aReportIsNeverOverwritten() throws {
        let place = try Place()
        defer { place.remove() }
        let before = try place.bytes(ReportFolder.manifestName)
        let failure = #expect(throws: Failure.self) {
            try ReportFolder.write([], of: place.report, signedBy: place.key, to: place.path)
        }
        #expect(failure?.kind == .exists)
        #expect(try place.bytes(ReportFolder.manifestName) == before)
        #expect(try Files.names(place.folder.path) == ["keys", "report"])
    }

    @Test func aTenantsNameCannotAddALineToTheManifest() throws {
        var facts = try Samples.complete()
        facts.tenants[0].id = "x\n# signer 00"
        facts.tenant = "x\n# signer 00"
        let key = try SigningKey.generate()
        let manifest = String(decoding: ReportFolder.manifest([], of: try Samples.report(facts), signer: key.id), as: UTF8.self)
        #expect(manifest.split(separator: "\n").count { $0.hasPrefix("# signer") } == 1)
    }
}
