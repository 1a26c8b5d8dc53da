import Base
import Codec
import Keys
import Operations
import Sites
import TestSupport
import Testing

@testable import Repository

/// I29: a wrap is not signed. A bundle of keys counts only if the chain confirms every epoch and every domain in it.
@Suite struct KeyWrapTests {
    private let folder: FastFolder
    private let code = RecoveryCode.generate()
    private let site: FileSite

    init() throws {
        folder = try FastFolder()
        try Files.makeFolder(folder.path + "/site")
        site = FileSite(name: "one", path: folder.path + "/site", prefix: tenant.fingerprint.prefix)
        try tenant.prepare(site)
    }

    /// Stores a wrap for the recovery code; names list in the order of numbers.
    private func put(_ bundle: KeyBundle, _ number: Int, tenant id: ShortID = tenant.id) throws {
        let wrap = try KeyWrap(bundle, tenant: id, epoch: 1, for: code.sealingKey(tenant: tenant.id).publicKey)
        try site.create("keys/1/\(wrap.recipient.hex).\(100 + number)", wrap.encoded)
    }

    private func put(_ bytes: [UInt8], _ number: Int) throws { try site.create("keys/1/x.\(100 + number)", bytes) }

    /// What `recover` finds.
    private func recovered() throws -> KeyBundle {
        let kit = RecoveryKit(tenant: "hospital", fingerprint: tenant.fingerprint, code: code, sites: [("one", "file:" + folder.path + "/site")])
        let place = folder.path + "/recovered-" + hexString(randomBytes(4))
        try Files.makeFolder(place)
        _ = try Recovery(kit).run(site: "one", into: place, passphrase: nil)
        return try #require(try TenantKeys(folder: place + "/keys/hospital").restore { nil })
    }

    /// Bundles of somebody's own making, which any holder of the descriptor can wrap for the recovery code.
    private static let forgeries: [(name: String, make: @Sendable () throws -> KeyBundle)] = {
        let stranger = DomainKeys.generate()
        return [
            ("an epoch with another key", { KeyBundle(tenantName: "x", epochs: [1: try .generate()], domains: []) }),
            ("an epoch that does not exist", { KeyBundle(tenantName: "x", epochs: [1: tenant.epoch, 2: try .generate()], domains: []) }),
            ("the epoch's key under another number", { KeyBundle(tenantName: "x", epochs: [2: tenant.epoch], domains: []) }),
            (
                "a domain that does not exist",
                { KeyBundle(tenantName: "x", epochs: [1: tenant.epoch], domains: [.init(keys: stranger, name: "node")]) }
            ),
            (
                "the domain with another secret",
                {
                    let keys = DomainKeys(domain: tenant.domain.domain, secret: .random())
                    return KeyBundle(tenantName: "x", epochs: [1: tenant.epoch], domains: [.init(keys: keys, name: "node")])
                }
            ),
            (
                "a good domain and a bad one",
                {
                    let good = KeyBundle.Domain(keys: tenant.domain, name: "node")
                    return KeyBundle(tenantName: "x", epochs: [1: tenant.epoch], domains: [good, .init(keys: stranger, name: "other")])
                }
            ),
        ]
    }()

    private func expectWhole(_ bundle: KeyBundle) {
        #expect(bundle.epochs.mapValues { $0.publicKey } == [1: tenant.epoch.publicKey])
        #expect(bundle.domains.map { $0.keys.domain } == [tenant.domain.domain] && bundle.domains[0].keys.secret.equals(tenant.domain.secret))
    }

    @Test(arguments: 0..<6, [false, true])
    func `a forged bundle is passed over, and never mixed with a good one`(_ number: Int, _ comesFirst: Bool) throws {
        try put(Self.forgeries[number].make(), comesFirst ? 0 : 2)
        #expect(try failureKind { _ = try recovered() } == .refused, "\(Self.forgeries[number].name)")
        try put(tenant.bundle, 1)
        try expectWhole(recovered())
    }

    @Test func `rubbish, and wraps for others, are passed over`() throws {
        let stranger = try SealingKey.generate()
        try put([], 0)
        try put([1, 2, 3], 1)
        try put(KeyWrap(tenant.bundle, tenant: tenant.id, epoch: 1, for: stranger.publicKey).encoded, 2)
        try put(tenant.bundle, 3, tenant: .random())
        #expect(try failureKind { _ = try recovered() } != nil)
        try put(tenant.bundle, 4)
        try expectWhole(recovered())
    }

    @Test func `bundles that are confirmed are merged`() throws {
        try put(KeyBundle(tenantName: "hospital", epochs: [1: tenant.epoch], domains: []), 0)
        try put(KeyBundle(tenantName: "hospital", epochs: [:], domains: [.init(keys: tenant.domain, name: "node")]), 1)
        try expectWhole(recovered())
    }
}
