import Base
import Codec
import TestSupport
import Testing

@testable import Keys
@testable import Repository

extension FuzzTests {
    private static let bundle = KeyBundle(
        tenantName: "hôpital", epochs: [1: Samples.tenant.epoch], domains: [.init(keys: Samples.tenant.domain, name: "node")],
        authoritySeed: Secret([UInt8](repeating: 5, count: 32)))

    @Test func `key wraps`() throws {
        var random = SeededGenerator(50)
        var w = ByteWriter()
        w.raw(Array("HDSBWRAP".utf8))
        w.u16(1)
        w.u16(1)
        w.id(Samples.tenant.id)
        w.u32(1)
        w.id(Samples.tenant.epoch.publicKey.id)
        w.raw(random.bytes(SealingKey.encapsulationCount + 32))
        w.u32(200)
        w.raw(random.bytes(200))
        try Fuzzer(name: "key wrap", corpus: [w.bytes]).run(share: 0.25) { text in
            let bytes = Samples.hashed(text)
            guard try KeyWrap(decoding: bytes).encoded == bytes else { throw Fuzzer.Broken("another spelling") }
        }
        // A true one, opened: whoever changes it can mend the last hash.
        let wrap = try KeyWrap(Self.bundle, tenant: Samples.tenant.id, epoch: 1, for: Samples.tenant.epoch.publicKey)
        try Fuzzer(name: "key wrap opened", corpus: [Array(wrap.encoded.dropLast(32))]).run(share: 0.5) { text in
            _ = try KeyWrap(decoding: Samples.hashed(text)).open(with: Samples.tenant.epoch)
        }
    }

    @Test func `bundles of keys`() throws {
        try Fuzzer(name: "key bundle", corpus: [Self.bundle.encoded().exposed]).run(share: 0.5) { bytes in
            let bundle = try KeyBundle(decoding: Secret(bytes))
            let again = bundle.encoded().exposed
            guard try KeyBundle(decoding: Secret(again)).encoded().exposed == again else { throw Fuzzer.Broken("it does not come back") }
        }
    }

    @Test func `files of keys`() throws {
        let folder = try TemporaryFolder()
        let phrase = Secret(Array("correct horse".utf8))
        var corpus: [[UInt8]] = []
        for (number, passphrase) in [nil, phrase].enumerated() {
            let path = folder.path + "/\(number)"
            try KeyFile.create(path, kind: .node, Secret([UInt8](repeating: 7, count: 90)), passphrase: passphrase)
            corpus.append(Array(try Files.read(path)!.dropLast(32)))
        }
        // The passphrase is tried only where scrypt costs little: its parameters may ask for a gigabyte. The corpus needs none.
        try Fuzzer(name: "key file", corpus: [corpus[0]]).run(share: 0.25) { text in
            _ = try KeyFile.decode(Samples.hashed(text), kind: .node) { nil }
        }
        let cheap: [UInt8] = [10, 8, 0, 0, 0, 1, 0, 0, 0]
        var light = corpus[1]
        light.replaceSubrange(11..<20, with: cheap)
        let isRefused = try failureKind { _ = try KeyFile.decode(Samples.hashed(light), kind: .node) { phrase } }
        #expect(isRefused == .key, "other parameters give another key")
        try Fuzzer(name: "key file as stored", corpus: [Samples.hashed(corpus[0])]).run(share: 0.1) { bytes in
            _ = try KeyFile.decode(bytes, kind: .node) { nil }
        }
        var mutator = Mutator(51)
        for _ in 0..<60 {
            let text = mutator.mutate([light])
            let isCheap = text.count > 20 && Array(text[11..<20]) == cheap
            let kind = try failureKind { _ = try KeyFile.decode(Samples.hashed(text), kind: .node) { isCheap ? phrase : nil } }
            #expect(kind != nil || text.count < 11 || text[10] != 1)
        }
    }

    @Test func `recovery codes`() throws {
        let corpus = ["C1GP-4RV4-CNK6-ET39-D9NP-RVBE-DXR7-2WKK-9939", "c1gp 4rv4 cnk6 et39 d9np rvbe dxr7 2wkk 9939"].map { Array($0.utf8) }
        try Fuzzer(name: "recovery code", corpus: corpus).run(share: 0.25) { bytes in
            let code = try RecoveryCode(String(decoding: bytes, as: UTF8.self))
            guard code.text.count == 44, try RecoveryCode(code.text).text == code.text else { throw Fuzzer.Broken("it does not come back") }
        }
    }
}
