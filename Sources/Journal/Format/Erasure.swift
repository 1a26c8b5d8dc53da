import Base
import Codec
import Keys

/// The signed word that segments of a chain were erased, which ones and why. It is kept as long as the chain.
package struct Erasure: Sendable, Equatable {
    package enum Reason: UInt8, Sendable, CaseIterable {
        /// The time that the ledger is kept for was over.
        case retention = 1
        /// A person ordered it.
        case order = 2
        /// The tenant's contract ended.
        case tenantEnd = 3

        package var word: String {
            switch self {
            case .retention: "retention"
            case .order: "order"
            case .tenantEnd: "tenant-end"
            }
        }
    }

    package let origin: ChainOrigin
    /// Of this record, from 0.
    package let number: UInt32
    /// The digest of the erasure before; zero in the first.
    package let previous: Digest
    package let created: Timestamp
    package let reason: Reason
    /// Everything in the erased segments was before this moment.
    package let cutoff: Timestamp
    /// Seconds that the ledger was to be kept for; 0 where that was not the reason.
    package let retention: UInt64
    /// The order's or the contract's reference; empty where there is none.
    package let reference: Word?
    /// The first erased segment: the one after those that were erased before.
    package let first: UInt32
    /// The digests of the closings of the erased segments, one after the other.
    package let segments: [Digest]

    package static let segmentLimit = 1 << 20
    /// Largest object, in bytes.
    package static let byteLimit = 64 << 20

    package var end: UInt64 { UInt64(first) + UInt64(segments.count) }

    package init(
        origin: ChainOrigin, number: UInt32, previous: Digest, created: Timestamp, reason: Reason, cutoff: Timestamp, retention: UInt64,
        reference: Word?, first: UInt32, segments: [Digest]
    ) {
        self.origin = origin
        self.number = number
        self.previous = previous
        self.created = created
        self.reason = reason
        self.cutoff = cutoff
        self.retention = retention
        self.reference = reference
        self.first = first
        self.segments = segments
    }

    private var encoded: [UInt8] {
        var w = ByteWriter(capacity: 256 + 32 * segments.count)
        origin.write(to: &w)
        w.u32(number)
        w.digest(previous)
        w.time(created)
        w.u8(reason.rawValue)
        w.time(cutoff)
        w.u64(retention)
        w.text(reference?.text ?? "")
        w.u32(first)
        w.varint(UInt64(segments.count))
        for segment in segments { w.digest(segment) }
        return w.bytes
    }

    fileprivate init(_ r: inout ByteReader) throws {
        origin = try ChainOrigin(&r)
        number = try r.u32()
        previous = try r.digest()
        created = try r.time()
        guard let known = Reason(rawValue: try r.u8()) else { throw Failure(.format, .newerFormat) }
        reason = known
        cutoff = try r.time()
        retention = try r.u64()
        let reference = try r.text(limit: Word.limit, "reference")
        self.reference = Word(reference)
        first = try r.u32()
        let count = try r.count(limit: Self.segmentLimit, "segments")
        guard count > 0, count * 32 <= r.remaining, UInt64(first) + UInt64(count) <= UInt64(UInt32.max), reference.isEmpty || self.reference != nil
        else { throw Failure(.damaged, .malformedRecord("erasure")) }
        segments = try (0..<count).map { _ in try r.digest() }
    }

    private var message: [UInt8] { Wire.erasureLabel + encoded }

    /// What the next erasure, and the entry that tells of this one, call it.
    package var digest: Digest { sha256(message) }

    /// The object to store.
    func signed(by key: SigningKey) throws -> [UInt8] {
        let body = encoded
        var w = ByteWriter(capacity: body.count + 4096)
        Wire.writePrefix(.erasure, to: &w)
        w.u32(UInt32(body.count))
        w.raw(body)
        try Signatures(message, origin.ledger, by: key).write(to: &w)
        w.digest(sha256(w.bytes))
        return w.bytes
    }
}

/// An erasure with its signatures.
struct SignedErasure: Sendable {
    let erasure: Erasure
    private let signatures: Signatures
    private let message: [UInt8]

    /// Throws `.damaged`, `.format`.
    init(_ bytes: [UInt8]) throws {
        guard bytes.count >= 32, sha256(Array(bytes.dropLast(32))) == Digest(bytes.suffix(32)) else { throw Failure(.damaged, .badChecksum) }
        (erasure, signatures, message) = try Array(bytes.dropLast(32)).decode { r in
            guard try Wire.readPrefix(&r) == .erasure else { throw Failure(.damaged, .malformedRecord("type")) }
            let body = try r.raw(Int(try r.u32()))
            let erasure = try body.decode { try Erasure(&$0) }
            return (erasure, try Signatures(&r, erasure.origin.ledger), Wire.erasureLabel + body)
        }
    }

    var signer: KeyID? { signatures.signer }
    func verifies(_ key: VerifyingKey) -> Bool { signatures.verify(key, message) }
}
