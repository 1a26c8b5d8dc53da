import Base
import Codec
import Keys

/// The tenant's root of trust, signed by the authority: who may do what, which keys to seal to, which
/// sites there are. A chain: each names the one before by hash.
package struct Descriptor: Sendable {
    package enum Role: UInt8, Sendable, CaseIterable {
        case write = 1
        case maintain = 2
        case verify = 3
    }

    package struct Actor: Sendable, Equatable {
        package let role: Role
        /// The domain of a writing node; zero for the others.
        package let domain: ShortID
        package let key: VerifyingKey
        /// Seconds since 1970; statements of other times are void. `until` 0: no end.
        package let from: Int64
        package let until: Int64

        package init(role: Role, domain: ShortID, key: VerifyingKey, from: Int64, until: Int64 = 0) {
            self.role = role
            self.domain = domain
            self.key = key
            self.from = from
            self.until = until
        }
    }

    package struct Domain: Sendable, Equatable {
        package let id: ShortID
        /// Tells a wrong domain secret from a right one.
        package let commitment: [UInt8]
        /// The generation before, after a theft; zero for the first.
        package let predecessor: ShortID

        package init(id: ShortID, commitment: [UInt8], predecessor: ShortID = .zero) {
            self.id = id
            self.commitment = commitment
            self.predecessor = predecessor
        }
    }

    package struct Epoch: Sendable, Equatable {
        package let number: UInt32
        package let key: SealingPublicKey

        package init(number: UInt32, key: SealingPublicKey) {
            self.number = number
            self.key = key
        }
    }

    package struct Recipient: Sendable, Equatable {
        package enum Kind: UInt8, Sendable {
            case recoveryCode = 1
            case publicKey = 2
        }
        package let kind: Kind
        package let key: SealingPublicKey

        package init(kind: Kind, key: SealingPublicKey) {
            self.kind = kind
            self.key = key
        }
    }

    /// Bits of what a reader, a writer and a collector must understand; unknown bits forbid the act.
    package struct Features: Sendable, Equatable {
        package var read: UInt64 = 0
        package var write: UInt64 = 0
        package var collect: UInt64 = 0

        /// What this version understands.
        package static let supported = Features(read: 0, write: 0, collect: 0)

        package init(read: UInt64 = 0, write: UInt64 = 0, collect: UInt64 = 0) {
            self.read = read
            self.write = write
            self.collect = collect
        }
    }

    package var number: UInt32
    package var previous: Digest
    /// Seconds since 1970.
    package var created: Int64
    package var authority: VerifyingKey
    package var features: Features
    package var epochs: [Epoch]
    package var recipients: [Recipient]
    package var domains: [Domain]
    package var actors: [Actor]
    /// Ids of the tenant's sites.
    package var sites: [ShortID]

    package init(
        number: UInt32, previous: Digest, created: Int64, authority: VerifyingKey, features: Features = Features(), epochs: [Epoch],
        recipients: [Recipient], domains: [Domain], actors: [Actor], sites: [ShortID]
    ) {
        self.number = number
        self.previous = previous
        self.created = created
        self.authority = authority
        self.features = features
        self.epochs = epochs
        self.recipients = recipients
        self.domains = domains
        self.actors = actors
        self.sites = sites
    }

    /// The name holds the hash of the object, so that nobody can take the place of the next one.
    package static func key(_ number: UInt32, _ object: [UInt8]) -> String { key(number, sha256(object)) }

    package static func key(_ number: UInt32, _ digest: Digest) -> String { "descriptor/" + generationText(number) + "." + digest.hex.prefix(32) }

    package var body: [UInt8] {
        var w = ByteWriter()
        w.u32(number)
        w.digest(previous)
        w.i64(created)
        w.raw(authority.bytes)
        w.u64(features.read)
        w.u64(features.write)
        w.u64(features.collect)
        w.varint(UInt64(epochs.count))
        for epoch in epochs {
            w.u32(epoch.number)
            w.raw(epoch.key.bytes)
        }
        w.varint(UInt64(recipients.count))
        for recipient in recipients {
            w.u8(recipient.kind.rawValue)
            w.raw(recipient.key.bytes)
        }
        w.varint(UInt64(domains.count))
        for domain in domains {
            w.id(domain.id)
            w.raw(domain.commitment)
            w.id(domain.predecessor)
        }
        w.varint(UInt64(actors.count))
        for actor in actors {
            w.u8(actor.role.rawValue)
            w.id(actor.domain)
            w.raw(actor.key.bytes)
            w.i64(actor.from)
            w.i64(actor.until)
        }
        w.varint(UInt64(sites.count))
        for site in sites { w.id(site) }
        return w.bytes
    }

    package init(body: [UInt8]) throws {
        self = try body.decode { r in
            let number = try r.u32()
            let previous = try r.digest()
            let created = try r.i64()
            let authority = try VerifyingKey(&r)
            let features = Features(read: try r.u64(), write: try r.u64(), collect: try r.u64())
            let epochs = try (0..<r.count(limit: 1024, "epochs")).map { _ in
                Epoch(number: try r.u32(), key: try SealingPublicKey(r.raw(SealingPublicKey.byteCount)))
            }
            let recipients = try (0..<r.count(limit: 1024, "recipients")).map { _ in
                guard let kind = Recipient.Kind(rawValue: try r.u8()) else { throw Failure(.format, .newerFormat) }
                return Recipient(kind: kind, key: try SealingPublicKey(r.raw(SealingPublicKey.byteCount)))
            }
            let domains = try (0..<r.count(limit: 65536, "domains")).map { _ in
                Domain(id: try r.id(), commitment: try r.raw(32), predecessor: try r.id())
            }
            let actors = try (0..<r.count(limit: 65536, "actors")).map { _ in
                guard let role = Role(rawValue: try r.u8()) else { throw Failure(.format, .newerFormat) }
                return Actor(role: role, domain: try r.id(), key: try VerifyingKey(&r), from: try r.i64(), until: try r.i64())
            }
            let sites = try (0..<r.count(limit: 1024, "sites")).map { _ in try r.id() }
            return Descriptor(
                number: number, previous: previous, created: created, authority: authority, features: features, epochs: epochs,
                recipients: recipients, domains: domains, actors: actors, sites: sites)
        }
    }

    /// The epoch that new runs seal to.
    package var currentEpoch: Epoch? { epochs.max { $0.number < $1.number } }
}

/// A tenant's fingerprint: the hash of the authority's public keys. Everything else is believed only
/// along a chain from it.
package struct Fingerprint: Sendable, Equatable {
    package let digest: Digest

    package init(_ authority: VerifyingKey) { digest = authority.id }

    /// Nil unless `hex` is 64 hexadecimal digits.
    package init?(hex: String) {
        guard let digest = Digest(hex: hex.lowercased()) else { return nil }
        self.digest = digest
    }

    package var hex: String { digest.hex }

    /// The tenant's id in every record: the first half of the fingerprint.
    package var tenant: ShortID { ShortID(digest) }

    /// The tenant's folder at every site: opaque, and derived so that the fingerprint finds the copies.
    package var prefix: String { ShortID(sha256(Array("hdsbackup/1 prefix".utf8) + digest.bytes)).hex }
}
