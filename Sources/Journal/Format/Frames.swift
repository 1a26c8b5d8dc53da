import Base
import Codec

/// The chain of hashes through the entries of a segment. One thread at a time.
final class LinkHasher {
    private let hasher = SHA256Hasher()

    /// What the first entry of a segment is linked to: the hash of the header.
    func start(_ header: UnsafeRawBufferPointer) -> Digest {
        Wire.segmentLabel.withUnsafeBytes { hasher.update($0) }
        return hasher.hash(header)
    }

    /// The link of an entry that follows `link`.
    func link(_ link: Digest, _ body: UnsafeRawBufferPointer) -> Digest {
        Wire.entryLabel.withUnsafeBytes { hasher.update($0) }
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) {
            link.store(to: $0.baseAddress!)
            hasher.update(UnsafeRawBufferPointer($0))
        }
        return hasher.hash(body)
    }
}

/// A piece of a segment after its header: type, length, length again with every bit turned, body, check.
enum SegmentFrame {
    enum FrameType: UInt8 {
        case entry = 1
        case closing = 2
    }

    static let headerCount = 12
    static let checkCount = 8
    static let overhead = headerCount + checkCount
    static let bodyLimit = LedgerEntry.limit
    /// What a disk writes wholly or not at all.
    static let sector = 512

    /// `check`: the eight first bytes of the link of an entry, or of the hash of a closing's body.
    static func encode(_ type: FrameType, _ body: [UInt8], check: Digest) -> [UInt8] {
        var w = ByteWriter(capacity: body.count + overhead)
        w.u8(type.rawValue)
        w.raw([0, 0, 0])
        w.u32(UInt32(body.count))
        w.u32(~UInt32(body.count))
        w.raw(body)
        w.u64(check.leading.byteSwapped)
        return w.bytes
    }

    /// The type and the length of the body that the header at `offset` gives; nil where there is no whole, right one.
    static func header(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> (type: FrameType, length: Int)? {
        guard offset <= bytes.count - headerCount, let type = FrameType(rawValue: bytes[offset]), bytes[offset + 1] == 0,
            bytes[offset + 2] == 0, bytes[offset + 3] == 0
        else { return nil }
        let length = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
        let turned = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt32.self))
        guard length == ~turned, length <= bodyLimit else { return nil }
        return (type, Int(length))
    }

    static func check(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}

/// Goes through the frames of a segment, one after the other. Never reads past the end, whatever the bytes are.
struct FrameWalker {
    enum Step {
        /// `matches`: the check is the one that follows from all before.
        case entry(body: UnsafeRawBufferPointer, matches: Bool)
        /// At the very end, of whatever bytes.
        case closing(body: UnsafeRawBufferPointer, matches: Bool)
        case end
        /// A write that a crash cut short: nobody was told that it had been done.
        case torn
        /// No frame, and no crash can have left it so.
        case broken
    }

    private let bytes: UnsafeRawBufferPointer
    /// Where `bytes` begin in the file.
    private let base: Int
    private let hasher = LinkHasher()
    /// Where the next frame begins, or the one that is torn or broken.
    private(set) var offset: Int
    /// The link of the last entry.
    private(set) var link: Digest

    /// From the beginning of a segment whose header was read.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        base = 0
        offset = SegmentHeader.byteCount
        link = hasher.start(UnsafeRawBufferPointer(rebasing: bytes[..<SegmentHeader.byteCount]))
    }

    /// From somewhere between two frames: `bytes` are those from `base` on, and `link` is that of the entry before.
    init(_ bytes: UnsafeRawBufferPointer, from base: Int, after link: Digest) {
        self.bytes = bytes
        self.base = base
        offset = 0
        self.link = link
    }

    mutating func next() -> Step {
        if offset == bytes.count { return .end }
        guard let (type, length) = SegmentFrame.header(bytes, at: offset) else { return isTornHeader ? .torn : .broken }
        let end = offset + SegmentFrame.overhead + length
        // One write at a time: what a crash cut short is the last, and is alone.
        guard end <= bytes.count else { return .torn }
        let body = UnsafeRawBufferPointer(rebasing: bytes[(offset + SegmentFrame.headerCount)..<(end - SegmentFrame.checkCount)])
        let check = SegmentFrame.check(bytes, at: end - SegmentFrame.checkCount)
        let isLast = end == bytes.count
        switch type {
        case .entry:
            let link = hasher.link(link, body)
            let matches = link.leading == check
            if !matches, isLast, lacksSector(offset..<end) { return .torn }
            self.link = link
            offset = end
            return .entry(body: body, matches: matches)
        case .closing:
            guard isLast else { return .broken }
            let matches = sha256(body).leading == check
            if !matches, lacksSector(offset..<end) { return .torn }
            offset = end
            return .closing(body: body, matches: matches)
        }
    }

    /// Whether the part of a sector that the range holds is all zeros: the file had grown, and this never reached the disk.
    private func lacksSector(_ range: Range<Int>) -> Bool {
        var from = range.lowerBound
        while from < range.upperBound {
            let to = min(((base + from) / SegmentFrame.sector + 1) * SegmentFrame.sector - base, range.upperBound)
            if bytes[from..<to].allSatisfy({ $0 == 0 }) { return true }
            from = to
        }
        return false
    }

    /// At `offset` is no frame: whether a crash can have left it so.
    private var isTornHeader: Bool {
        let left = bytes.count - offset
        if left < SegmentFrame.headerCount { return true }
        guard left <= SegmentFrame.overhead + SegmentFrame.bodyLimit, lacksSector(offset..<offset + SegmentFrame.headerCount) else { return false }
        // A frame further on was acknowledged: then this one had been, too.
        return !(offset + 1..<bytes.count).contains { at in
            guard let (_, length) = SegmentFrame.header(bytes, at: at) else { return false }
            return at + SegmentFrame.overhead + length <= bytes.count
        }
    }
}
