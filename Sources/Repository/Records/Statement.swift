import Base
import Codec
import Keys

/// A signed record: what changes what others do is one of these, and is obeyed only if the signer's
/// right stands in the descriptor.
///
///     magic "HDSBSTMT" · version u16 · suite u16 · type u8 · 3 zero · tenant 16 · body length u32 · body
///     signature count u8 · each: algorithm u8, signer 32, bytes (64 or 3309)
///     SHA-256 of all before
///
/// Signatures cover a label and everything up to the end of the body. The last hash tells damage from a
/// forgery without any key.
package struct Statement: Sendable {
    package enum Kind: UInt8, Sendable {
        case marker = 1
        case descriptor = 2
        case session = 3
        case manifest = 4
        case slot = 5
        case condemned = 6
        case decided = 7
        case forget = 8
        case attested = 9
        case segment = 10
        case sheet = 11
        case hold = 12
        case migration = 13

        /// What must hold for twenty years is signed with ML-DSA-65 as well.
        package var isLasting: Bool { self == .marker || self == .descriptor || self == .manifest || self == .forget || self == .migration }

        /// Largest body that a reader accepts, in bytes.
        package var bodyLimit: Int {
            switch self {
            case .marker, .session, .slot, .sheet, .hold: 64 << 10
            case .manifest: 1 << 20
            case .descriptor, .migration: 16 << 20
            case .condemned, .decided, .forget, .attested, .segment: 64 << 20
            }
        }
    }

    private static let magic = Array("HDSBSTMT".utf8)
    private static let label = Array("hdsbackup/1 statement".utf8)
    /// Header, signatures and hash around a body, at most.
    package static let overhead = 16 << 10
    /// The one suite of this version: X-Wing, HKDF-SHA256, AES-256-GCM, SHA-256.
    package static let suite: UInt16 = 1

    package let kind: Kind
    package let tenant: ShortID
    package let body: [UInt8]
    package let signatures: [Signature]
    private let signed: [UInt8]

    /// Signs `body` and returns the bytes to store.
    package static func sign(_ kind: Kind, tenant: ShortID, body: [UInt8], by key: SigningKey) throws -> [UInt8] {
        guard body.count <= kind.bodyLimit else { throw Failure(.failed, .recordTooLarge(body.count)) }
        var w = ByteWriter(capacity: body.count + 4096)
        w.raw(magic)
        w.u16(1)
        w.u16(suite)
        w.u8(kind.rawValue)
        w.raw([0, 0, 0])
        w.id(tenant)
        w.u32(UInt32(body.count))
        w.raw(body)
        let signatures = try key.sign(label + w.bytes, lasting: kind.isLasting)
        w.u8(UInt8(signatures.count))
        for signature in signatures {
            w.u8(signature.algorithm.rawValue)
            w.digest(signature.signer)
            w.raw(signature.bytes)
        }
        w.digest(sha256(w.bytes))
        return w.bytes
    }

    /// Reads a statement without believing it. Throws `.damaged` for bytes that are not whole, `.format`
    /// for a newer version, `.wrongPlace` for another tenant's.
    package init(_ bytes: [UInt8], _ kind: Kind, tenant: ShortID) throws {
        try Self.checkSum(bytes)
        (self.body, self.signatures, self.signed) = try Array(bytes.dropLast(32)).decode { r in
            _ = try r.raw(8)
            guard try r.u16() == 1, try r.u16() == Self.suite else { throw Failure(.format, .newerFormat) }
            guard try r.u8() == kind.rawValue, try r.raw(3) == [0, 0, 0] else { throw Failure(.damaged, .malformedRecord("type")) }
            guard try r.id() == tenant else { throw Failure(.wrongPlace, .foreignObject) }
            let length = Int(try r.u32())
            guard length <= kind.bodyLimit else { throw Failure(.damaged, .malformedRecord("length")) }
            let body = try r.raw(length)
            let signed = Self.label + bytes[..<r.offset]
            var signatures: [Signature] = []
            for _ in 0..<(try r.u8()) {
                guard let algorithm = Signature.Algorithm(rawValue: try r.u8()) else { throw Failure(.format, .newerFormat) }
                signatures.append(Signature(algorithm: algorithm, signer: try r.digest(), bytes: try r.raw(algorithm.count)))
            }
            return (body, signatures, signed)
        }
        self.kind = kind
        self.tenant = tenant
    }

    /// Throws `.damaged` unless `bytes` begin and end like a statement of any kind, format or tenant.
    package static func checkSum(_ bytes: [UInt8]) throws {
        guard bytes.count >= 36 + 1 + 32, Array(bytes[..<8]) == magic else { throw Failure(.damaged, .malformedRecord("magic")) }
        guard bytes.suffix(32).elementsEqual(sha256(Array(bytes.dropLast(32))).bytes) else { throw Failure(.damaged, .badChecksum) }
    }

    /// Whose signature it claims to carry.
    package var signer: KeyID? { signatures.first?.signer }

    /// Throws `.refused` unless every signature that this kind of statement needs is `key`'s and right.
    package func verify(_ key: VerifyingKey) throws {
        let needed: [Signature.Algorithm] = kind.isLasting ? [.ed25519, .mldsa65] : [.ed25519]
        let id = key.id
        // One more, which signs nothing, would make other bytes of the same statement: a copy to hide the right one behind.
        guard signatures.count == needed.count else { throw Failure(.refused, .badSignature) }
        for algorithm in needed {
            guard let signature = signatures.first(where: { $0.algorithm == algorithm && $0.signer == id }), key.verifies(signature, signed)
            else { throw Failure(.refused, .badSignature) }
        }
    }
}
