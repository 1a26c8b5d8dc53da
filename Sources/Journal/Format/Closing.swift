import Base
import Codec
import Keys

/// What is signed of a segment when it closes: it says what is in it and what was before it, and stands without it.
///
/// Nothing in it is personal: numbers, times, and hashes over a salt that only the segment holds.
package struct Closing: Hashable, Sendable {
    package let origin: ChainOrigin
    package let number: UInt32
    /// The sequence of its first entry, and how many entries it has: one at least.
    package let first: UInt64
    package let count: UInt64
    /// The digest of the closing before; zero in the first.
    package let previous: Digest
    /// The link of its last entry.
    package let hash: Digest
    /// Bytes of header and entries, and their SHA-256: `head -c` and `sha256sum` check them.
    package let contentCount: UInt64
    package let content: Digest
    package let opened: Timestamp
    package let closed: Timestamp
    /// The least and the greatest time of an entry.
    package let earliest: Timestamp
    package let latest: Timestamp

    static let byteCount = ChainOrigin.byteCount + 172

    /// Entries of the chain up to its end.
    package var end: UInt64 { first &+ count }
    package var head: LedgerHead { LedgerHead(chain: origin.id, count: end, hash: hash) }

    /// What its signatures are over.
    var message: [UInt8] {
        var w = ByteWriter(capacity: Wire.closingLabel.count + Self.byteCount)
        w.raw(Wire.closingLabel)
        w.raw(encoded)
        return w.bytes
    }

    /// What the next segment calls the one before it.
    package var digest: Digest { sha256(message) }

    var encoded: [UInt8] {
        var w = ByteWriter(capacity: Self.byteCount)
        origin.write(to: &w)
        w.u32(number)
        w.u64(first)
        w.u64(count)
        w.digest(previous)
        w.digest(hash)
        w.u64(contentCount)
        w.digest(content)
        for time in [opened, closed, earliest, latest] { w.time(time) }
        return w.bytes
    }

    init(
        _ header: SegmentHeader, count: UInt64, hash: Digest, contentCount: UInt64, content: Digest, closed: Timestamp,
        earliest: Timestamp, latest: Timestamp
    ) {
        origin = header.origin
        number = header.number
        first = header.first
        self.count = count
        previous = header.previous
        self.hash = hash
        self.contentCount = contentCount
        self.content = content
        opened = header.opened
        self.closed = closed
        self.earliest = earliest
        self.latest = latest
    }

    init(_ r: inout ByteReader) throws {
        origin = try ChainOrigin(&r)
        number = try r.u32()
        first = try r.u64()
        count = try r.u64()
        previous = try r.digest()
        hash = try r.digest()
        contentCount = try r.u64()
        content = try r.digest()
        opened = try r.time()
        closed = try r.time()
        earliest = try r.time()
        latest = try r.time()
        guard count > 0, !first.addingReportingOverflow(count).overflow, earliest <= latest else {
            throw Failure(.damaged, .malformedRecord("closing"))
        }
    }
}

/// A closing with its signatures.
package struct SignedClosing: Sendable, Equatable {
    package let closing: Closing
    let signatures: Signatures

    init(_ closing: Closing, by key: SigningKey) throws {
        self.closing = closing
        signatures = try Signatures(closing.message, closing.origin.ledger, by: key)
    }

    /// The body of the last frame of a segment, and of the frame of a stub.
    init(_ body: UnsafeRawBufferPointer) throws {
        var r = ByteReader(body)
        closing = try Closing(&r)
        signatures = try Signatures(&r, closing.origin.ledger)
        try r.finish()
    }

    var frame: [UInt8] {
        var w = ByteWriter(capacity: Closing.byteCount + 4096)
        w.raw(closing.encoded)
        signatures.write(to: &w)
        return SegmentFrame.encode(.closing, w.bytes, check: sha256(w.bytes))
    }

    /// Bytes of the frame: known from the ledger, so that it is found from the end of a segment.
    static func frameCount(_ ledger: Ledger) -> Int { SegmentFrame.overhead + Closing.byteCount + Signatures.count(ledger) }

    package var signer: KeyID? { signatures.signer }

    /// Whether all its signatures are `key`'s, and right.
    package func verifies(_ key: VerifyingKey) -> Bool { signatures.verify(key, closing.message) }

    // MARK: Stubs

    /// The object that stands for the segment without its content.
    package var stub: [UInt8] {
        var w = ByteWriter(capacity: 8192)
        Wire.writePrefix(.stub, to: &w)
        w.raw(frame)
        return w.bytes
    }

    /// Reads a stub. Throws `.damaged`, `.format`.
    package init(stub bytes: [UInt8]) throws {
        self = try bytes.withUnsafeBytes { bytes in
            var r = ByteReader(bytes)
            guard try Wire.readPrefix(&r) == .stub else { throw Failure(.damaged, .malformedRecord("type")) }
            return try SignedClosing(frame: UnsafeRawBufferPointer(rebasing: bytes[Wire.prefixCount...]))
        }
    }

    /// Reads the closing at the end of a closed segment, without looking at its entries.
    package init(segment bytes: [UInt8]) throws {
        self = try bytes.withUnsafeBytes { bytes in
            let ledger = try SegmentHeader(bytes).origin.ledger
            let from = bytes.count - Self.frameCount(ledger)
            guard from >= SegmentHeader.byteCount else { throw Failure(.damaged, .truncatedRecord) }
            return try SignedClosing(frame: UnsafeRawBufferPointer(rebasing: bytes[from...]))
        }
    }

    private init(frame bytes: UnsafeRawBufferPointer) throws {
        guard let (type, length) = SegmentFrame.header(bytes, at: 0), type == .closing, bytes.count == SegmentFrame.overhead + length else {
            throw Failure(.damaged, .malformedRecord("closing"))
        }
        let body = UnsafeRawBufferPointer(rebasing: bytes[SegmentFrame.headerCount..<(SegmentFrame.headerCount + length)])
        guard sha256(body).leading == SegmentFrame.check(bytes, at: bytes.count - SegmentFrame.checkCount) else {
            throw Failure(.damaged, .badChecksum)
        }
        try self.init(body)
    }
}
