import Base
import Codec
import Keys
import Repository

/// Where the rounds of restore tests are, a file a source in the tenant's state folder, sealed: it holds the name of a path.
/// Losing it begins a round anew.
///
///     magic "HDSBRTST" · salt 32 · sealed: version u8, key, step u32, steps u32, failed u8
package struct RestoreTestMemory: Sendable {
    private static let magic = Array("HDSBRTST".utf8)
    private let path: String
    private let domain: DomainKeys

    package init(_ state: TenantState, source: ShortID, domain: DomainKeys) {
        path = state.folder + "/restore-test-" + source.hex
        self.domain = domain
    }

    /// A new round where there is none, or what is there cannot be read.
    package var round: RestoreTestRound {
        guard let bytes = try? Files.read(path, limit: 1 << 20), bytes.starts(with: Self.magic), bytes.count >= 40 + AEAD.overhead else {
            return RestoreTestRound()
        }
        let salt = Array(bytes[8..<40])
        let sealed = Array(bytes[40...])
        var plain = [UInt8](repeating: 0, count: sealed.count - AEAD.overhead)
        let isGood = key(salt).withBytes { key in
            sealed.withUnsafeBytes { sealed in
                plain.withUnsafeMutableBytes {
                    AEAD().open(
                        key: key, nonce: AEAD.Nonce(0), context: UnsafeRawBufferPointer(start: nil, count: 0), sealed, into: $0.baseAddress!)
                }
            }
        }
        let round = try? plain.decode { r in
            guard try r.u8() == 1 else { throw Failure(.format, .newerFormat) }
            var round = RestoreTestRound()
            round.key = try r.counted(limit: TreeLimits.keyBytes, "key")
            round.step = try r.u32()
            round.steps = try r.u32()
            round.hasFailed = try r.flag("failed")
            return round
        }
        return isGood ? round ?? RestoreTestRound() : RestoreTestRound()
    }

    /// Throws `.failed` or `.noSpace` where it cannot be kept.
    package func keep(_ round: RestoreTestRound) throws {
        var w = ByteWriter()
        w.u8(1)
        w.counted(round.key)
        w.u32(round.step)
        w.u32(round.steps)
        w.u8(round.hasFailed ? 1 : 0)
        // A fresh key each time: the nonce may then be always the same.
        let salt = randomBytes(32)
        let count = w.count
        var sealed = w.bytes + [UInt8](repeating: 0, count: AEAD.overhead)
        key(salt).withBytes { key in
            sealed.withUnsafeMutableBytes {
                AEAD().seal(
                    key: key, nonce: AEAD.Nonce(0), context: UnsafeRawBufferPointer(start: nil, count: 0), inPlace: $0.baseAddress!, count: count)
            }
        }
        try Files.replace(path, Self.magic + salt + sealed)
    }

    private func key(_ salt: [UInt8]) -> Secret { derive(domain.local, salt: salt, label: "restore test") }
}
