import Base
import Codec
import Crypto
import FoundationEssentials

private let ciphersuite = HPKE.Ciphersuite.XWingMLKEM768X25519_SHA256_AES_GCM_256

/// The public half of a sealing key: X-Wing, that is X25519 and ML-KEM-768
/// (draft-connolly-cfrg-xwing-kem), used through HPKE base mode (RFC 9180).
package struct SealingPublicKey: Sendable, Equatable {
    package static let byteCount = 1216
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) throws {
        guard bytes.count == Self.byteCount else { throw Failure(.damaged, .malformedRecord("sealing key")) }
        self.bytes = bytes
    }

    /// SHA-256 of the key, halved: the recipient's name.
    package var id: ShortID { ShortID(sha256(Array("hdsbackup/1 recipient".utf8) + bytes)) }

    /// A fresh encapsulation to this key, and 32 bytes that only its holder can compute from it.
    package func encapsulate(info: [UInt8]) throws -> (encapsulation: [UInt8], exported: SymmetricKey) {
        do {
            let sender = try HPKE.Sender(recipientKey: key(), ciphersuite: ciphersuite, info: Data(info))
            return (Array(sender.encapsulatedKey), try sender.exportSecret(context: Array("hdsbackup/1 run".utf8), outputByteCount: 32))
        } catch { throw Failure(.key, .keyUnusable) }
    }

    /// Seals a short secret to this key: encapsulation, commitment and sealed bytes.
    package func seal(_ secret: Secret, info: [UInt8], associated: [UInt8]) throws -> SealedSecret {
        do {
            var sender = try HPKE.Sender(recipientKey: key(), ciphersuite: ciphersuite, info: Data(info))
            let commitment = try sender.exportSecret(context: Array("hdsbackup/1 commitment".utf8), outputByteCount: 32)
            return SealedSecret(
                encapsulation: Array(sender.encapsulatedKey), commitment: commitment.withUnsafeBytes { Array($0) },
                sealed: Array(try sender.seal(secret.exposed, authenticating: associated)))
        } catch { throw Failure(.key, .keyUnusable) }
    }

    private func key() throws -> XWingMLKEM768X25519.PublicKey { try .init(rawRepresentation: bytes) }
}

/// A secret sealed to a public key, as `KeyWrap` stores it.
package struct SealedSecret: Sendable, Equatable {
    package let encapsulation: [UInt8]
    package let commitment: [UInt8]
    package let sealed: [UInt8]

    package init(encapsulation: [UInt8], commitment: [UInt8], sealed: [UInt8]) {
        self.encapsulation = encapsulation
        self.commitment = commitment
        self.sealed = sealed
    }
}

/// A sealing key pair, from a seed of 32 bytes.
package struct SealingKey: Sendable {
    package static let encapsulationCount = 1120

    package let seed: Secret
    package let publicKey: SealingPublicKey
    private let key: XWingMLKEM768X25519.PrivateKey

    package init(seed: Secret) throws {
        self.seed = seed
        do {
            key = try .init(seedRepresentation: seed.exposed, publicKey: nil)
            publicKey = try SealingPublicKey(Array(key.publicKey.rawRepresentation))
        } catch { throw Failure(.key, .keyUnusable) }
    }

    package static func generate() throws -> SealingKey { try SealingKey(seed: .random()) }

    /// What `SealingPublicKey.encapsulate` exported. A wrong key gives other bytes, not an error: the
    /// caller compares a commitment.
    package func decapsulate(_ encapsulation: [UInt8], info: [UInt8]) throws -> SymmetricKey {
        do {
            let recipient = try HPKE.Recipient(
                privateKey: key, ciphersuite: ciphersuite, info: Data(info), encapsulatedKey: Data(encapsulation))
            return try recipient.exportSecret(context: Array("hdsbackup/1 run".utf8), outputByteCount: 32)
        } catch { throw Failure(.key, .wrongKey) }
    }

    /// Throws `.key` when the secret was sealed to another key, `.damaged` when its bytes were changed.
    package func open(_ secret: SealedSecret, info: [UInt8], associated: [UInt8]) throws -> Secret {
        var recipient: HPKE.Recipient
        let commitment: [UInt8]
        do {
            recipient = try HPKE.Recipient(
                privateKey: key, ciphersuite: ciphersuite, info: Data(info), encapsulatedKey: Data(secret.encapsulation))
            commitment = try recipient.exportSecret(context: Array("hdsbackup/1 commitment".utf8), outputByteCount: 32)
                .withUnsafeBytes { Array($0) }
        } catch { throw Failure(.key, .wrongKey) }
        guard equalInConstantTime(commitment, secret.commitment) else { throw Failure(.key, .wrongKey) }
        do { return Secret(try recipient.open(secret.sealed, authenticating: associated)) } catch { throw Failure(.damaged, .badTag) }
    }
}
