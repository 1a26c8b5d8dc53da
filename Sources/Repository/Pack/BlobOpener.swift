import Base
import Codec
import Keys

/// Opens sealed blobs: tag, frame, id, in that order. One thread at a time; it owns its scratch memory.
package final class BlobOpener {
    private let keys: KeyRing
    private let aead = AEAD()
    private let decoder = FrameDecoder()
    private var scratch = Buffer(capacity: 1 << 20)
    private var hashers: [ShortID: KeyedHasher] = [:]
    private var contexts: [ShortID: BlobContext] = [:]

    package init(keys: KeyRing) { self.keys = keys }

    /// The plain bytes of a blob. `allocate` is given the plain length (at most `limit`) and returns where
    /// to put them. Throws `.key` without the key, `.damaged` when tag, frame or id are wrong.
    package func open<T>(
        _ sealed: UnsafeRawBufferPointer, row: PackRow, header: PackHeader, limit: Int = PackLimits.chunkBytes,
        _ body: (UnsafeRawBufferPointer) throws -> T
    ) throws -> T {
        guard sealed.count == Int(row.length), sealed.count >= PackLimits.blobOverhead else { throw Failure(.damaged, .truncatedRecord) }
        let key = try keys.key(for: header.keyBlocks[Int(row.keyBlock)], domain: header.domain)
        if scratch.capacity < sealed.count { scratch = Buffer(capacity: sealed.count) }
        var context = contexts[header.domain] ?? BlobContext(tenant: header.tenant, domain: header.domain)
        let good = context.with(kind: row.kind, id: row.id, block: key.block.digest, ordinal: row.ordinal) { associated in
            key.key.withBytes { aead.open(key: $0, nonce: AEAD.Nonce(row.ordinal, id: row.id), context: associated, sealed, into: scratch.base) }
        }
        contexts[header.domain] = context
        guard good else { throw Failure(.damaged, .badTag) }
        let frame = UnsafeRawBufferPointer(start: scratch.base, count: sealed.count - AEAD.overhead)
        let count = try decoder.plainLength(frame, limit: limit)
        if plain.capacity < count { plain = Buffer(capacity: count) }
        let out = UnsafeMutableRawBufferPointer(start: plain.base, count: count)
        try decoder.decode(frame, into: out)
        try checkID(row, domain: header.domain, UnsafeRawBufferPointer(out))
        return try body(UnsafeRawBufferPointer(out))
    }
    private var plain = Buffer(capacity: 1 << 20)

    /// Throws `.damaged` unless the content's keyed hash is the id. A maintenance role, which opens list
    /// pages without the id key, has the seal's word for it.
    private func checkID(_ row: PackRow, domain: ShortID, _ bytes: UnsafeRawBufferPointer) throws {
        guard let kind = row.kind.idKind else { return }
        if hashers[domain] == nil { hashers[domain] = keys.domainKeys(domain)?.hasher() }
        guard let hasher = hashers[domain] else { return }
        guard hasher.hash(prefix: kind.rawValue, bytes) == row.id else { throw Failure(.damaged, .wrongID) }
    }
}
