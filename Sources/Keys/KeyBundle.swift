import Base
import Codec

/// What the restore role holds: every epoch's sealing key and every domain's secret; with them, for
/// the recovery kit alone, the authority's seed.
package struct KeyBundle: Sendable {
    package struct Domain: Sendable {
        package let keys: DomainKeys
        package let name: String

        package init(keys: DomainKeys, name: String) {
            self.keys = keys
            self.name = name
        }
    }

    package var tenantName: String
    /// Sealing keys by epoch number.
    package var epochs: [UInt32: SealingKey]
    package var domains: [Domain]
    package var authoritySeed: Secret?

    package init(tenantName: String, epochs: [UInt32: SealingKey], domains: [Domain], authoritySeed: Secret? = nil) {
        self.tenantName = tenantName
        self.epochs = epochs
        self.domains = domains
        self.authoritySeed = authoritySeed
    }

    package func encoded() -> Secret {
        var w = ByteWriter()
        w.u8(1)
        w.text(tenantName)
        w.varint(UInt64(epochs.count))
        for (number, key) in epochs.sorted(by: { $0.key < $1.key }) {
            w.u32(number)
            w.raw(key.seed.exposed)
        }
        w.varint(UInt64(domains.count))
        for domain in domains {
            w.id(domain.keys.domain)
            w.raw(domain.keys.secret.exposed)
            w.text(domain.name)
        }
        w.counted(authoritySeed?.exposed ?? [])
        return Secret(w.bytes)
    }

    package init(decoding secret: Secret) throws {
        self = try secret.exposed.decode { r in
            guard try r.u8() == 1 else { throw Failure(.format, .newerFormat) }
            let name = try r.text(limit: 256, "tenant name")
            var epochs: [UInt32: SealingKey] = [:]
            for _ in 0..<(try r.count(limit: 1024, "epochs")) {
                let number = try r.u32()
                epochs[number] = try SealingKey(seed: Secret(r.raw(32)))
            }
            var domains: [Domain] = []
            for _ in 0..<(try r.count(limit: 65536, "domains")) {
                let id = try r.id()
                let keys = DomainKeys(domain: id, secret: Secret(try r.raw(32)))
                domains.append(Domain(keys: keys, name: try r.text(limit: 256, "domain name")))
            }
            let seed = try r.counted(limit: 32, "authority seed")
            return KeyBundle(tenantName: name, epochs: epochs, domains: domains, authoritySeed: seed.isEmpty ? nil : Secret(seed))
        }
    }

    /// Everything of both.
    package mutating func merge(_ other: KeyBundle) {
        epochs.merge(other.epochs) { mine, _ in mine }
        let known = Set(domains.map(\.keys.domain))
        domains += other.domains.filter { !known.contains($0.keys.domain) }
        authoritySeed = authoritySeed ?? other.authoritySeed
    }
}

/// The object `keys/<epoch>/<recipient>.<random>`: a key bundle wrapped for one recipient.
package struct KeyWrap: Sendable {
    private static let magic = Array("HDSBWRAP".utf8)
    private static let info = Array("hdsbackup/1 key wrap".utf8)

    package let tenant: ShortID
    package let epoch: UInt32
    package let recipient: ShortID
    private let secret: SealedSecret

    /// The name of its objects, but for the random end.
    package static func key(epoch: UInt32, recipient: ShortID) -> String { "keys/\(epoch)/\(recipient.hex)" }

    package init(_ bundle: KeyBundle, tenant: ShortID, epoch: UInt32, for key: SealingPublicKey) throws {
        self.tenant = tenant
        self.epoch = epoch
        recipient = key.id
        secret = try key.seal(
            bundle.encoded(), info: Self.info, associated: Self.header(tenant: tenant, epoch: epoch, recipient: key.id))
    }

    private static func header(tenant: ShortID, epoch: UInt32, recipient: ShortID) -> [UInt8] {
        var w = ByteWriter()
        w.raw(magic)
        w.u16(1)
        w.u16(1)
        w.id(tenant)
        w.u32(epoch)
        w.id(recipient)
        return w.bytes
    }

    /// The stored bytes: header, encapsulation, commitment, sealed bundle, SHA-256 of all before.
    package var encoded: [UInt8] {
        var w = ByteWriter()
        w.raw(Self.header(tenant: tenant, epoch: epoch, recipient: recipient))
        w.raw(secret.encapsulation)
        w.raw(secret.commitment)
        w.u32(UInt32(secret.sealed.count))
        w.raw(secret.sealed)
        w.digest(sha256(w.bytes))
        return w.bytes
    }

    /// Throws `.damaged` when the bytes are not whole, `.format` when they are of another version.
    package init(decoding bytes: [UInt8]) throws {
        guard bytes.count > 48 + 32, bytes.count <= 16 << 20, Digest(bytes.suffix(32)) == sha256(Array(bytes.dropLast(32))) else {
            throw Failure(.damaged, .badChecksum)
        }
        self = try Array(bytes.dropLast(32)).decode { r in
            guard try r.raw(8) == Self.magic else { throw Failure(.damaged, .malformedRecord("magic")) }
            guard try r.u16() == 1, try r.u16() == 1 else { throw Failure(.format, .newerFormat) }
            let tenant = try r.id()
            let epoch = try r.u32()
            let recipient = try r.id()
            let encapsulation = try r.raw(SealingKey.encapsulationCount)
            let commitment = try r.raw(32)
            let sealed = try r.raw(Int(r.u32()))
            return KeyWrap(
                tenant: tenant, epoch: epoch, recipient: recipient,
                secret: SealedSecret(encapsulation: encapsulation, commitment: commitment, sealed: sealed))
        }
    }

    private init(tenant: ShortID, epoch: UInt32, recipient: ShortID, secret: SealedSecret) {
        self.tenant = tenant
        self.epoch = epoch
        self.recipient = recipient
        self.secret = secret
    }

    /// Throws `.key` when `key` is not the recipient's.
    package func open(with key: SealingKey) throws -> KeyBundle {
        guard key.publicKey.id == recipient else { throw Failure(.key, .wrongKey) }
        let header = Self.header(tenant: tenant, epoch: epoch, recipient: recipient)
        return try KeyBundle(decoding: key.open(secret, info: Self.info, associated: header))
    }
}
