import Base
import Codec
import Keys

/// What tells a holder of the right key how to get the key of some sealed bytes. It moves with them:
/// compaction copies sealed blobs and their key blocks to a new pack without being able to open them.
///
///     kind u8 (1 run, 2 catalogue) · zero u8 · length u16 · epoch u32 (0 for a catalogue)
///     encapsulation 1120 (run only) · salt 32 · commitment 32
package struct KeyBlock: Sendable, Equatable {
    package enum Kind: UInt8, Sendable {
        /// Sealed to the epoch's key and mixed with the domain's seal key.
        case run = 1
        /// Under the domain's catalogue key.
        case catalogue = 2
    }

    /// Length of the longest one, of a run.
    static let mostBytes = 8 + 1120 + 64

    package let kind: Kind
    package let epoch: UInt32
    package let encapsulation: [UInt8]
    package let salt: [UInt8]
    /// Compared before anything is opened: a wrong key and damage are told apart.
    package let commitment: [UInt8]
    /// SHA-256 of the encoded block: bound to every seal under it.
    package let digest: Digest

    package init(kind: Kind, epoch: UInt32, encapsulation: [UInt8], salt: [UInt8], commitment: [UInt8]) {
        self.kind = kind
        self.epoch = epoch
        self.encapsulation = encapsulation
        self.salt = salt
        self.commitment = commitment
        digest = sha256(Self.encode(kind, epoch, encapsulation, salt, commitment))
    }

    package var encoded: [UInt8] { Self.encode(kind, epoch, encapsulation, salt, commitment) }

    private static func encode(_ kind: Kind, _ epoch: UInt32, _ encapsulation: [UInt8], _ salt: [UInt8], _ commitment: [UInt8]) -> [UInt8] {
        var w = ByteWriter()
        w.u8(kind.rawValue)
        w.u8(0)
        w.u16(UInt16(8 + encapsulation.count + 64))
        w.u32(epoch)
        w.raw(encapsulation)
        w.raw(salt)
        w.raw(commitment)
        return w.bytes
    }

    package init(_ r: inout ByteReader) throws {
        guard let kind = Kind(rawValue: try r.u8()) else { throw Failure(.format, .newerFormat) }
        guard try r.u8() == 0 else { throw Failure(.damaged, .malformedRecord("key block")) }
        let encapsulationCount = kind == .run ? SealingKey.encapsulationCount : 0
        guard try r.u16() == UInt16(8 + encapsulationCount + 64) else { throw Failure(.damaged, .malformedRecord("key block")) }
        let epoch = try r.u32()
        guard kind == .run || epoch == 0 else { throw Failure(.damaged, .malformedRecord("key block")) }
        self.init(
            kind: kind, epoch: epoch, encapsulation: try r.raw(encapsulationCount), salt: try r.raw(32), commitment: try r.raw(32))
    }
}

/// A key block and the key that it leads to.
package struct BlockKey: Sendable {
    package let block: KeyBlock
    package let key: Secret

    package init(block: KeyBlock, key: Secret) {
        self.block = block
        self.key = key
    }

    /// A fresh block under a run's secret: its 32 random bytes make the key new, whatever machine was
    /// copied or rolled back.
    package static func run(_ secret: Secret, encapsulation: [UInt8], tenant: ShortID, domain: ShortID, epoch: UInt32) -> BlockKey {
        let salt = randomBytes(32)
        let (key, commitment) = derivePair(secret, salt: salt, label: "pack key", tenant: tenant, domain: domain, epoch: epoch)
        return BlockKey(
            block: KeyBlock(kind: .run, epoch: epoch, encapsulation: encapsulation, salt: salt, commitment: commitment), key: key)
    }

    /// A fresh block under a catalogue key.
    package static func catalogue(_ catalogue: CatalogueKey, tenant: ShortID) -> BlockKey {
        let salt = randomBytes(32)
        let (key, commitment) = derivePair(catalogue.key, salt: salt, label: "catalogue block", tenant: tenant, domain: catalogue.domain, epoch: 0)
        return BlockKey(block: KeyBlock(kind: .catalogue, epoch: 0, encapsulation: [], salt: salt, commitment: commitment), key: key)
    }

    /// The key of `block` from the secret it was made under. Throws `.key` when that is another secret.
    static func recover(_ block: KeyBlock, secret: Secret, tenant: ShortID, domain: ShortID) throws -> BlockKey {
        let label = block.kind == .run ? "pack key" : "catalogue block"
        let (key, commitment) = derivePair(secret, salt: block.salt, label: label, tenant: tenant, domain: domain, epoch: block.epoch)
        guard equalInConstantTime(commitment, block.commitment) else { throw Failure(.key, .wrongKey) }
        return BlockKey(block: block, key: key)
    }

    private static func derivePair(
        _ secret: Secret, salt: [UInt8], label: String, tenant: ShortID, domain: ShortID, epoch: UInt32
    ) -> (key: Secret, commitment: [UInt8]) {
        var context = ByteWriter()
        context.u16(Statement.suite)
        context.id(tenant)
        context.id(domain)
        context.u32(epoch)
        let both = derive(secret, salt: salt, label: label, context: context.bytes, count: 64).exposed
        return (Secret(both[..<32]), Array(both[32...]))
    }
}

/// What is sealed, for the associated data: one kind of bytes is never taken for another.
package enum BlobKind: UInt8, Sendable {
    case data = 1
    case treePage = 2
    case listPage = 3
    case directory = 16
    case outline = 17
    case labels = 18
    case segment = 19
    case local = 20
    case sheet = 21
    case hold = 22

    /// The prefix of the id's keyed hash.
    package var idKind: IDKind? { IDKind(rawValue: rawValue <= 3 ? rawValue : 0) }
}

/// The associated data of a sealed blob: never its place, so that it can move.
struct BlobContext {
    private static let label = Array("hdsbackup/1 blob".utf8)
    private var bytes: [UInt8]

    init(tenant: ShortID, domain: ShortID) {
        bytes = Self.label + tenant.bytes + domain.bytes + [UInt8](repeating: 0, count: 1 + 32 + 32 + 4)
    }

    mutating func with<T>(
        kind: BlobKind, id: Digest, block: Digest, ordinal: UInt32, _ body: (UnsafeRawBufferPointer) throws -> T
    ) rethrows -> T {
        let at = Self.label.count + 32
        return try bytes.withUnsafeMutableBytes { bytes in
            bytes[at] = kind.rawValue
            id.store(to: bytes.baseAddress! + at + 1)
            block.store(to: bytes.baseAddress! + at + 33)
            bytes.storeBytes(of: ordinal.littleEndian, toByteOffset: at + 65, as: UInt32.self)
            return try body(UnsafeRawBufferPointer(bytes))
        }
    }
}

/// Seals and opens short records that are not blobs of a pack: directories, outlines, segments.
enum RecordSeal {
    static func seal(_ plain: [UInt8], _ kind: BlobKind, key: BlockKey, tenant: ShortID, domain: ShortID, id: Digest = .zero, ordinal: UInt32 = .max)
        -> [UInt8]
    {
        var out = plain + [UInt8](repeating: 0, count: AEAD.overhead)
        var context = BlobContext(tenant: tenant, domain: domain)
        context.with(kind: kind, id: id, block: key.block.digest, ordinal: ordinal) { associated in
            key.key.withBytes { secret in
                out.withUnsafeMutableBytes {
                    AEAD().seal(key: secret, nonce: AEAD.Nonce(ordinal, id: id), context: associated, inPlace: $0.baseAddress!, count: plain.count)
                }
            }
        }
        return out
    }

    static func open(
        _ sealed: UnsafeRawBufferPointer, _ kind: BlobKind, key: BlockKey, tenant: ShortID, domain: ShortID, id: Digest = .zero,
        ordinal: UInt32 = .max
    ) throws -> [UInt8] {
        guard sealed.count >= AEAD.overhead else { throw Failure(.damaged, .truncatedRecord) }
        var out = [UInt8](repeating: 0, count: sealed.count - AEAD.overhead)
        var context = BlobContext(tenant: tenant, domain: domain)
        let good = context.with(kind: kind, id: id, block: key.block.digest, ordinal: ordinal) { associated in
            key.key.withBytes { secret in
                out.withUnsafeMutableBytes { out in
                    var none: UInt8 = 0
                    return withUnsafeMutableBytes(of: &none) { none in
                        AEAD().open(
                            key: secret, nonce: AEAD.Nonce(ordinal, id: id), context: associated, sealed, into: out.baseAddress ?? none.baseAddress!)
                    }
                }
            }
        }
        guard good else { throw Failure(.damaged, .badTag) }
        return out
    }
}
