import Base
import Codec
import Keys

/// A closed segment as a site holds it: sealed to the tenant's epoch key, so that the restore role alone reads it. Beside it is
/// its stub, with which anybody verifies. docs/JOURNAL.md has the layout.
package struct SealedSegment: Sendable, Equatable {
    /// Plain bytes are padded to a multiple of this: their size tells little.
    package static let step = 16 << 10
    /// Largest object, in bytes.
    package static let byteLimit = LedgerVerification.objectLimit + step + 8192

    private static let magic = Array("HDSBJSEA".utf8)
    private static let label = Array("hdsbackup/1 journal sealed".utf8)

    package let epoch: UInt32
    private let secret: SealedSecret

    /// Seals the bytes of closed segment `number` of `chain`.
    package init(_ segment: [UInt8], tenant: ShortID?, chain: ChainID, number: UInt32, epoch: UInt32, to key: SealingPublicKey) throws {
        var w = ByteWriter(capacity: segment.count + Self.step)
        w.u32(UInt32(segment.count))
        w.raw(segment)
        w.raw([UInt8](repeating: 0, count: (Self.step - w.count % Self.step) % Self.step))
        self.epoch = epoch
        secret = try key.seal(Secret(w.bytes), info: Self.label, associated: Self.context(tenant, chain, number, epoch))
    }

    private static func context(_ tenant: ShortID?, _ chain: ChainID, _ number: UInt32, _ epoch: UInt32) -> [UInt8] {
        var w = ByteWriter()
        w.id(tenant ?? .zero)
        w.id(chain)
        w.u32(number)
        w.u32(epoch)
        return w.bytes
    }

    package var encoded: [UInt8] {
        var w = ByteWriter(capacity: secret.sealed.count + 2048)
        w.raw(Self.magic)
        w.u16(Wire.version)
        w.u16(Wire.suite)
        w.u32(epoch)
        w.raw(secret.encapsulation)
        w.raw(secret.commitment)
        w.u32(UInt32(secret.sealed.count))
        w.raw(secret.sealed)
        return w.bytes
    }

    /// Throws `.damaged` for what is no sealed segment, `.format` for a newer one.
    package init(decoding bytes: [UInt8]) throws {
        (epoch, secret) = try bytes.decode { r in
            guard try r.raw(8) == Self.magic else { throw Failure(.damaged, .malformedRecord("magic")) }
            guard try r.u16() == Wire.version, try r.u16() == Wire.suite else { throw Failure(.format, .newerFormat) }
            let epoch = try r.u32()
            let encapsulation = try r.raw(SealingKey.encapsulationCount)
            let commitment = try r.raw(32)
            let count = Int(try r.u32())
            guard count <= Self.byteLimit else { throw Failure(.damaged, .malformedRecord("length")) }
            return (epoch, SealedSecret(encapsulation: encapsulation, commitment: commitment, sealed: try r.raw(count)))
        }
    }

    /// The segment's bytes. Throws `.key` for another key, `.damaged` for changed bytes or those of another place.
    package func open(tenant: ShortID?, chain: ChainID, number: UInt32, with key: SealingKey) throws -> [UInt8] {
        let plain = try key.open(secret, info: Self.label, associated: Self.context(tenant, chain, number, epoch)).exposed
        return try plain.decode { r in
            let segment = try r.raw(Int(try r.u32()))
            guard r.remaining < Self.step, try r.raw(r.remaining).allSatisfy({ $0 == 0 }) else {
                throw Failure(.damaged, .malformedRecord("padding"))
            }
            return segment
        }
    }
}
