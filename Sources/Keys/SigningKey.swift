import Base
import Codec
import Crypto

/// Who signed: the hash of a public key pair.
package typealias KeyID = Base.Digest

/// The public half of a signing key: Ed25519 (RFC 8032) and ML-DSA-65 (FIPS 204).
package struct VerifyingKey: Sendable, Equatable {
    package static let byteCount = 32 + 1952

    package let ed25519: [UInt8]
    package let mldsa: [UInt8]

    package init(ed25519: [UInt8], mldsa: [UInt8]) throws {
        guard ed25519.count == 32, mldsa.count == 1952 else { throw Failure(.damaged, .malformedRecord("public key")) }
        self.ed25519 = ed25519
        self.mldsa = mldsa
    }

    package init(_ reader: inout ByteReader) throws {
        try self.init(ed25519: reader.raw(32), mldsa: reader.raw(1952))
    }

    package var bytes: [UInt8] { ed25519 + mldsa }

    /// SHA-256 of a label and both public keys.
    package var id: KeyID { sha256(Array("hdsbackup/1 signing key".utf8) + bytes) }

    /// Whether the signature is this key's over `message`.
    package func verifies(_ signature: Signature, _ message: [UInt8]) -> Bool {
        switch signature.algorithm {
        case .ed25519:
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: ed25519) else { return false }
            return key.isValidSignature(signature.bytes, for: message)
        case .mldsa65:
            guard let key = try? MLDSA65.PublicKey(rawRepresentation: mldsa) else { return false }
            return key.isValidSignature(signature.bytes, for: message)
        }
    }
}

package struct Signature: Sendable, Equatable {
    package enum Algorithm: UInt8, Sendable {
        case ed25519 = 1
        case mldsa65 = 2

        /// Bytes of a signature.
        package var count: Int { self == .ed25519 ? 64 : 3309 }
    }

    package let algorithm: Algorithm
    package let signer: KeyID
    package let bytes: [UInt8]

    package init(algorithm: Algorithm, signer: KeyID, bytes: [UInt8]) {
        self.algorithm = algorithm
        self.signer = signer
        self.bytes = bytes
    }
}

/// A signing key pair, both halves derived from one seed of 32 bytes.
package struct SigningKey: Sendable {
    package let seed: Secret
    package let verifying: VerifyingKey
    private let ed25519: Curve25519.Signing.PrivateKey
    private let mldsa: MLDSA65.PrivateKey

    package init(seed: Secret) throws {
        self.seed = seed
        do {
            ed25519 = try .init(rawRepresentation: derive(seed, salt: [], label: "ed25519 seed").exposed)
            mldsa = try .init(seedRepresentation: derive(seed, salt: [], label: "ml-dsa-65 seed").exposed, publicKey: nil)
            verifying = try VerifyingKey(
                ed25519: Array(ed25519.publicKey.rawRepresentation), mldsa: Array(mldsa.publicKey.rawRepresentation))
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.key, .keyUnusable)
        }
    }

    package static func generate() throws -> SigningKey { try SigningKey(seed: .random()) }

    package var id: KeyID { verifying.id }

    /// Ed25519 alone, or with ML-DSA-65 beside it for what must hold for twenty years.
    package func sign(_ message: [UInt8], lasting: Bool) throws -> [Signature] {
        do {
            var signatures = [Signature(algorithm: .ed25519, signer: id, bytes: Array(try ed25519.signature(for: message)))]
            if lasting {
                signatures.append(Signature(algorithm: .mldsa65, signer: id, bytes: Array(try mldsa.signature(for: message))))
            }
            return signatures
        } catch {
            throw Failure(.key, .keyUnusable)
        }
    }
}
