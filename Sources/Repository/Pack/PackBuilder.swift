import Base
import Codec
import Keys

/// A pack that is complete in memory.
package struct FinishedPack: Sendable {
    package let digest: Digest
    package let buffer: Buffer
    package let rows: [PackRow]
}

/// Fills one pack in memory: each blob is compressed straight into the pack and sealed where it lies.
/// One thread at a time.
package final class PackBuilder {
    private let run: RunKey
    private let method: CompressionMethod
    private let isGuarded: Bool
    private let encoder: FrameEncoder
    private let decoder = FrameDecoder()
    private let aead = AEAD()
    private let hasher = SHA256Hasher()
    private var context: BlobContext
    private var scratch = Buffer(capacity: 1 << 20)
    private var check = Buffer(capacity: 1 << 20)

    private var buffer: Buffer?
    private var dataKey: BlockKey?
    private var listKey: BlockKey?
    private var rows: [PackRow] = []
    private var referenceCount = 0

    /// A pack is closed when it holds this many bytes.
    package static let targetBytes = 16 << 20
    /// Room that a buffer for a pack needs: the target, one more blob, and the directory.
    package static let bufferBytes = targetBytes + largestBlob + directoryRoom
    /// Plain bytes of a blob, at most, and a little for what cannot be compressed.
    package static let largestBlob = (4 << 20) + (64 << 10)
    private static let rowLimit = 16_384
    private static let referenceLimit = 32_768
    /// The directory and the padding before it: `rowLimit` rows, `referenceLimit` references, one step.
    private static let directoryRoom = (rowLimit * 52 + referenceLimit * 32) + (320 << 10)

    /// `isGuarded`: open each sealed blob again from memory and compare, before it can spread.
    package init(run: RunKey, method: CompressionMethod, isGuarded: Bool = true) {
        self.run = run
        self.method = method
        self.isGuarded = isGuarded
        encoder = FrameEncoder(method)
        context = BlobContext(tenant: run.tenant, domain: run.domain.domain)
    }

    package var isEmpty: Bool { rows.isEmpty }

    /// Whether a pack has been begun and has no room for `plainCount` more bytes.
    package func isFull(for plainCount: Int, references: Int = 0) -> Bool {
        guard let buffer else { return false }
        return buffer.count >= Self.targetBytes || rows.count >= Self.rowLimit || referenceCount + references > Self.referenceLimit
            || buffer.count + FrameEncoder.bound(plainCount) + AEAD.overhead > buffer.capacity - Self.directoryRoom
    }

    /// Begins a pack in an empty buffer of at least `bufferBytes`.
    package func begin(_ buffer: Buffer) {
        precondition(self.buffer == nil && buffer.count == 0 && buffer.capacity >= Self.bufferBytes)
        // Until `finish`, the directory's block is only room.
        let keys = (directory: run.catalogueKey(), data: run.blockKey(), lists: run.catalogueKey())
        buffer.append(header(keys.directory, keys.data, keys.lists))
        self.buffer = buffer
        dataKey = keys.data
        listKey = keys.lists
        rows = []
        referenceCount = 0
    }

    private func header(_ directory: BlockKey, _ data: BlockKey, _ lists: BlockKey) -> [UInt8] {
        PackHeader(tenant: run.tenant, domain: run.domain.domain, keyBlocks: [directory.block, data.block, lists.block]).encoded
    }

    /// Whether a pack has been begun.
    package var isOpen: Bool { buffer != nil }

    /// Seals `plain` into the pack. `checksum` is its `quickChecksum` as read: the guard compares with it.
    /// Returns the stored length. Throws `.failed` when the guard finds a difference.
    @discardableResult
    package func add(_ kind: BlobKind, id: Digest, _ plain: UnsafeRawBufferPointer, checksum: UInt64, references: [Digest] = []) throws -> Int {
        let buffer = self.buffer!
        let key = kind == .listPage ? listKey! : dataKey!
        let ordinal = UInt32(rows.count)
        let offset = buffer.count
        let at = buffer.base + offset
        let room = UnsafeMutableRawBufferPointer(start: at, count: buffer.capacity - offset - AEAD.overhead)
        let frameCount = encoder.encode(plain, into: room)
        context.with(kind: kind, id: id, block: key.block.digest, ordinal: ordinal) { associated in
            key.key.withBytes { aead.seal(key: $0, nonce: AEAD.Nonce(ordinal, id: id), context: associated, inPlace: at, count: frameCount) }
        }
        let length = frameCount + AEAD.overhead
        if isGuarded {
            try verify(kind, id: id, key: key, ordinal: ordinal, UnsafeRawBufferPointer(start: at, count: length), plain.count, checksum, references)
        }
        buffer.count += length
        rows.append(
            PackRow(
                id: id, kind: kind, keyBlock: kind == .listPage ? 2 : 1, ordinal: ordinal, offset: UInt32(offset), length: UInt32(length),
                references: kind == .treePage ? references : []))
        referenceCount += references.count
        return length
    }

    /// Opens what was just sealed, decompresses it and compares it with what was read.
    private func verify(
        _ kind: BlobKind, id: Digest, key: BlockKey, ordinal: UInt32, _ sealed: UnsafeRawBufferPointer, _ plainCount: Int, _ checksum: UInt64,
        _ references: [Digest]
    ) throws {
        if scratch.capacity < sealed.count { scratch = Buffer(capacity: sealed.count) }
        if check.capacity < plainCount { check = Buffer(capacity: plainCount) }
        let opened = context.with(kind: kind, id: id, block: key.block.digest, ordinal: ordinal) { associated in
            key.key.withBytes { aead.open(key: $0, nonce: AEAD.Nonce(ordinal, id: id), context: associated, sealed, into: scratch.base) }
        }
        let frame = UnsafeRawBufferPointer(start: scratch.base, count: sealed.count - AEAD.overhead)
        guard opened, (try? decoder.plainLength(frame, limit: plainCount)) == plainCount else { throw Failure(.failed, .guardFailed) }
        let plain: UnsafeRawBufferPointer
        do {
            if let stored = try decoder.stored(frame, limit: plainCount) {
                plain = stored
            } else {
                let room = UnsafeMutableRawBufferPointer(start: check.base, count: plainCount)
                try decoder.decode(frame, into: room)
                plain = UnsafeRawBufferPointer(room)
            }
        } catch { throw Failure(.failed, .guardFailed) }
        guard quickChecksum(plain) == checksum else { throw Failure(.failed, .guardFailed) }
        // A row that names other blobs than its page would mislead collection.
        if kind == .treePage {
            guard try TreePage.references(ofPage: Array(plain)) == references else { throw Failure(.failed, .guardFailed) }
        }
    }

    /// Closes the pack: padding, directory, hash. The builder is then ready for `begin`.
    package func finish() -> FinishedPack {
        let buffer = self.buffer!
        // Its key is made now that every row is known: it seals one text, whatever copies of this machine do.
        let key = run.catalogueKey()
        let header = header(key, dataKey!, listKey!)
        buffer.base.copyMemory(from: header, byteCount: header.count)
        let sealed = RecordSeal.seal(PackDirectory.encode(rows), .directory, key: key, tenant: run.tenant, domain: run.domain.domain)
        let end = buffer.count + sealed.count + PackLimits.trailerBytes
        let padding = (PackLimits.step - end % PackLimits.step) % PackLimits.step
        (buffer.base + buffer.count).initializeMemory(as: UInt8.self, repeating: 0, count: padding)
        buffer.count += padding
        buffer.append(sealed)
        buffer.append(PackDirectory.trailer(sealedCount: sealed.count))
        let pack = FinishedPack(digest: hasher.hash(buffer.bytes), buffer: buffer, rows: rows)
        self.buffer = nil
        rows = []
        return pack
    }
}
