import Base
import Testing

@testable import Sovereignty

/// Against what minisign 0.11 and OpenSSH 9.2 wrote (`Vectors/README.md`).
@Suite struct SignatureTests {
    static let document = "ev-hds-test.json"

    static func approvers() throws -> Approvers {
        func key(_ name: String) throws -> Approver.Key {
            let lines = String(decoding: try Folder.bytes(name), as: UTF8.self).split(separator: "\n")
            return try #require(Approver.Key(String(lines.last ?? "")))
        }
        return try Approvers([
            Approver(id: identifier("alice"), keys: [key("alice.minisign.pub"), key("alice.ssh.pub")]),
            Approver(id: identifier("bruno"), keys: [key("bruno.minisign.pub"), key("bruno.ssh.pub")]),
            Approver(id: identifier("carole"), keys: [key("carole.ssh.pub")]),
        ])
    }

    static func file(_ signatures: [String], _ change: (inout [UInt8]) -> Void = { _ in }) throws -> SignedFile {
        var bytes = try Folder.bytes(document)
        change(&bytes)
        return SignedFile(name: document, bytes: bytes, signatures: try signatures.map { SignatureFile(name: $0, bytes: try Folder.bytes($0)) })
    }

    @Test(arguments: [
        ["alice.prehashed.minisig", "bruno.legacy.minisig"], ["alice.sha512.sig", "bruno.sha256.sig"], ["carole.sha512.sig", "alice.legacy.minisig"],
        ["alice.prehashed.minisig", "mallory.prehashed.minisig", "ecdsa.sig", "bruno.sha256.sig"],
    ])
    func `two people's signatures make a document count, with either tool, and a stranger's takes nothing away`(_ names: [String]) throws {
        let file = try Self.file(names)
        let endorsement = Endorsement(file, by: try Self.approvers())
        #expect(endorsement.isSufficient && endorsement.lack == nil)
        #expect(endorsement.signers.count == 2)
        let register = EvidenceRegister([file], approvers: try Self.approvers())
        #expect(register.evidence[identifier("ev-hds-test")]?.endorsement == endorsement)
        #expect(register.absent.isEmpty)
    }

    @Test(arguments: [
        ([], "document.unsigned"), (["alice.prehashed.minisig"], "document.signed-once"), (["carole.sha512.sig"], "document.signed-once"),
        (["alice.prehashed.minisig", "alice.legacy.minisig"], "document.same-person"),
        (["alice.prehashed.minisig", "alice.sha512.sig"], "document.same-person"),
        (["mallory.prehashed.minisig"], "signature.unknown-key"), (["alice.prehashed.minisig", "mallory.prehashed.minisig"], "document.signed-once"),
        (["carole.other-namespace.sig"], "signature.namespace"), (["ecdsa.sig"], "signature.key-type"),
        (["alice.sha512.sig", "carole.other-namespace.sig"], "document.signed-once"), (["README.md"], "signature.malformed"),
        (["alice.ssh.pub"], "signature.malformed"),
    ])
    func `without two people it counts as absent, and says why`(_ names: [String], _ code: String) throws {
        let file = try Self.file(names)
        #expect(Endorsement(file, by: try Self.approvers()).lack?.code == code)
        let register = EvidenceRegister([file], approvers: try Self.approvers())
        #expect(register.evidence.isEmpty)
        #expect(register.absent.map(\.reason.code) == [code])
        #expect(register.absence(of: identifier("ev-hds-test"))?.reason.code == code)
    }

    @Test func `one byte of the document changed, and nobody signed it`() throws {
        let names = ["alice.prehashed.minisig", "bruno.legacy.minisig", "carole.sha512.sig", "bruno.sha256.sig"]
        let approvers = try Self.approvers()
        for position in stride(from: 0, to: try Folder.bytes(Self.document).count, by: 97) {
            let endorsement = Endorsement(try Self.file(names) { $0[position] ^= 1 }, by: approvers)
            #expect(endorsement.signers.isEmpty)
            #expect(endorsement.lack?.code == "signature.other-bytes")
        }
        #expect(Endorsement(try Self.file(names) { $0.append(0x0A) }, by: approvers).signers.isEmpty)
    }

    @Test(arguments: ["alice.prehashed.minisig", "bruno.legacy.minisig", "carole.sha512.sig", "bruno.sha256.sig"])
    func `no changed signature is somebody's, and none traps`(_ name: String) throws {
        let approvers = try Self.approvers()
        let good = try Folder.bytes(name)
        let bytes = try Folder.bytes(Self.document)
        for position in good.indices {
            var changed = good
            changed[position] ^= 1
            let file = SignedFile(name: Self.document, bytes: bytes, signatures: [SignatureFile(name: name, bytes: changed)])
            let isFree = Self.isUntrusted(position, good, name)
            #expect(Endorsement(file, by: approvers).signers.isEmpty || isFree, "byte \(position)")
            let cut = SignedFile(name: Self.document, bytes: bytes, signatures: [SignatureFile(name: name, bytes: Array(good[..<position]))])
            // All but the last line's end.
            #expect(Endorsement(cut, by: approvers).signers.isEmpty || position == good.count - 1, "cut at \(position)")
        }
    }

    /// The text of the untrusted comment, which no signature covers, and the line ends of an armour.
    private static func isUntrusted(_ position: Int, _ bytes: [UInt8], _ name: String) -> Bool {
        guard name.hasSuffix(".minisig"), let end = bytes.firstIndex(of: 0x0A) else { return false }
        return ("untrusted comment: ".utf8.count..<end).contains(position)
    }

    @Test func `the trusted comment is signed too`() throws {
        let name = "alice.prehashed.minisig"
        let text = String(decoding: try Folder.bytes(name), as: UTF8.self)
        let forged = Array(text.replacing("trusted comment: test: alice", with: "trusted comment: test: Alice").utf8)
        let file = SignedFile(name: "a", bytes: try Folder.bytes(Self.document), signatures: [SignatureFile(name: name, bytes: forged)])
        #expect(Endorsement(file, by: try Self.approvers()).lack?.code == "signature.other-bytes")
    }

    @Test func `line ends of another system change nothing`() throws {
        for name in ["alice.prehashed.minisig", "carole.sha512.sig"] {
            let bytes = Array(String(decoding: try Folder.bytes(name), as: UTF8.self).replacing("\n", with: "\r\n").utf8)
            let file = SignedFile(name: "a", bytes: try Folder.bytes(Self.document), signatures: [SignatureFile(name: name, bytes: bytes)])
            #expect(Endorsement(file, by: try Self.approvers()).signers.count == 1)
        }
    }

    @Test func `no key is two people's, and no name either`() throws {
        let key = try #require(try Self.approvers().all.first?.keys.first)
        #expect(throws: Failure.self) {
            try Approvers([Approver(id: identifier("alice"), keys: [key]), Approver(id: identifier("bruno"), keys: [key])])
        }
        #expect(throws: Failure.self) { try Approvers([Approver(id: identifier("alice"), keys: []), Approver(id: identifier("alice"), keys: [])]) }
    }

    @Test(arguments: ["", "ssh-rsa AAAA", "ssh-ed25519 AAAA", "RWQ", "ssh-ed25519", "untrusted comment: x"]) func `what is no key is none`(
        _ text: String
    ) {
        #expect(Approver.Key(text) == nil)
    }

    @Test(
        arguments: [
            ("Zg==", [0x66]), ("Zm8=", [0x66, 0x6F]), ("Zm9v", [0x66, 0x6F, 0x6F]), ("////", [0xFF, 0xFF, 0xFF]), ("++++", [0xFB, 0xEF, 0xBE]),
        ] as [(String, [UInt8])])
    func `base64 is read`(_ text: String, _ bytes: [UInt8]) { #expect(bytesFromBase64(text) == bytes) }

    @Test(arguments: ["", "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", "Zm 9v", "Zg==Zg==", "Zm-_"])
    func `base64 has one text for one value`(_ text: String) {
        #expect(bytesFromBase64(text) == nil)
    }

    @Test func `two documents of one name are both disbelieved, and one unsigned beside a good one is not`() throws {
        let approvers = try TestApprovers.all.get()
        func text(_ number: Int) -> [UInt8] {
            var members = Sample.certificate("HDS", "HDS-2.0")
            members["id"] = "\"ev-1\""
            members["number"] = "\"\(number)\""
            return Array("{\"evidence\": {\(members.map { "\"\($0.key)\": \($0.value)" }.sorted().joined(separator: ", "))}}".utf8)
        }
        let both = EvidenceRegister([TestApprovers.sign("a.json", text(1)), TestApprovers.sign("b.json", text(2))], approvers: approvers)
        #expect(both.evidence.isEmpty)
        #expect(both.absent.map(\.file) == ["a.json", "b.json"])
        #expect(both.absent.allSatisfy { $0.reason.code == "document.twice" })
        let one = EvidenceRegister(
            [TestApprovers.sign("a.json", text(1)), TestApprovers.sign("b.json", text(2), by: ["alice"])], approvers: approvers)
        #expect(one.evidence[identifier("ev-1")]?.document.number == "1")
        #expect(one.absent.map(\.reason.code) == ["document.signed-once"])
        #expect(one.absence(of: identifier("ev-1")) == nil)
    }

    @Test func `a folder is read with the signatures beside each document`() throws {
        let folder = "/tmp/hdsbackup-evidence-\(hexString(randomBytes(6)))"
        try Files.makeFolder(folder)
        defer { try? Files.removeFolder(folder) }
        try Files.create(folder + "/ev.json", try Folder.bytes(Self.document))
        try Files.create(folder + "/ev.json.alice.minisig", try Folder.bytes("alice.prehashed.minisig"))
        try Files.create(folder + "/ev.json.carole.sig", try Folder.bytes("carole.sha512.sig"))
        try Files.create(folder + "/certificat.pdf", [0x25])
        let files = try EvidenceFolder.read(folder)
        #expect(files.map(\.name) == ["ev.json"])
        #expect(files.first?.signatures.map(\.name) == ["ev.json.alice.minisig", "ev.json.carole.sig"])
        #expect(EvidenceRegister(files, approvers: try Self.approvers()).evidence.count == 1)
        #expect(try EvidenceFolder.read(folder + "/none").isEmpty)
    }

    @Test func `what ends soon is listed, the earliest first, and what is over with it`() throws {
        var sample = Sample()
        sample.documents["ev-hds"]?["validUntil"] = "\"2027-02-25\""
        sample.documents["ev-snc"]?["validUntil"] = "\"2026-11-26\""
        sample.documents["ev-operator"]?["validUntil"] = "\"2027-02-26\""
        let expiring = try sample.register.expiring(within: 90, of: Sample.today, Shipped.book.get().terms)
        #expect(expiring.map { "\($0.evidence.id) \($0.lastDay.text)" } == ["ev-snc 2026-11-26", "ev-hds 2027-02-25"])
    }
}
