import Base
import Codec
import Keys
import TestSupport

@testable import Repository

/// Two tenants, each with all its keys; others for each seed.
struct Pair {
    let a: TestTenant
    let b: TestTenant
    var random: SeededGenerator

    init(_ seed: UInt64) throws {
        a = try TestTenant(seed: 1_000 + 2 * seed)
        b = try TestTenant(seed: 1_001 + 2 * seed)
        random = SeededGenerator(seed)
    }

    /// A ring of keys that is not `a`'s own, and whether it has the catalogue key of `a`'s domain all the same.
    struct WrongRing {
        let what: String
        let keys: KeyRing
        var hasCatalogue = false
    }

    /// What somebody may try who has all of `b`'s keys, or also one half of `a`'s.
    var wrongRings: [WrongRing] {
        let (mine, theirs) = (a.domain, b.domain)
        func ring(_ tenant: ShortID, _ epoch: SealingKey, _ domains: [DomainKeys]) -> KeyRing {
            KeyRing(tenant: tenant, bundle: KeyBundle(tenantName: "x", epochs: [1: epoch], domains: domains.map { .init(keys: $0, name: "n") }))
        }
        let borrowed = DomainKeys(domain: mine.domain, secret: theirs.secret)
        return [
            WrongRing(what: "b's keys", keys: b.restoreKeys),
            WrongRing(what: "b's keys under a's tenant id", keys: ring(a.id, b.epoch, [theirs])),
            WrongRing(what: "b's keys under a's domain id", keys: ring(b.id, b.epoch, [borrowed, theirs])),
            WrongRing(what: "b's keys under both ids", keys: ring(a.id, b.epoch, [borrowed])),
            WrongRing(what: "a's epoch, b's secret", keys: ring(a.id, a.epoch, [borrowed])),
            WrongRing(what: "a's secret, b's epoch", keys: ring(a.id, b.epoch, [mine]), hasCatalogue: true),
            WrongRing(what: "all of a's keys under b's tenant id", keys: ring(b.id, a.epoch, [mine])),
        ]
    }
}

extension TestTenant {
    /// A pack of blobs with these plain bytes.
    func pack(_ blobs: [(kind: BlobKind, plain: [UInt8])]) throws -> FinishedPack {
        let builder = PackBuilder(run: try runKey(), method: .auto)
        builder.begin(Buffer(capacity: PackBuilder.bufferBytes))
        for (kind, plain) in blobs {
            let references = kind == .treePage ? try TreePage.references(ofPage: plain) : []
            try plain.withUnsafeBytes {
                _ = try builder.add(kind, id: blobID(kind, plain), $0, checksum: quickChecksum($0), references: references)
            }
        }
        return builder.finish()
    }
}
