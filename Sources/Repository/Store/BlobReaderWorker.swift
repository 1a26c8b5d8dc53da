import Base
import Keys

/// What one thread needs to read and open blobs: room for sealed bytes, and an opener.
package final class BlobWorker {
    private let opener: BlobOpener
    private var buffer = Buffer(capacity: 1 << 20)

    package init(keys: KeyRing) { opener = BlobOpener(keys: keys) }

    /// `count` bytes of a pack; valid until the next read.
    func read(_ count: Int, at offset: Int, of pack: PackKey, from source: BlobReaderSource) throws -> UnsafeRawBufferPointer {
        guard count <= PackLimits.packBytes else { throw Failure(.damaged, .malformedRecord("length")) }
        if buffer.capacity < count { buffer = Buffer(capacity: count) }
        let room = UnsafeMutableRawBufferPointer(start: buffer.base, count: count)
        try source.site.read(pack.key, at: offset, into: room)
        return UnsafeRawBufferPointer(room)
    }

    /// A page of a pack; valid until the next read.
    func readPage(_ count: Int, at offset: Int, of pack: PackKey, size: Int, from source: BlobReaderSource) throws -> UnsafeRawBufferPointer {
        guard count <= PackLimits.packBytes else { throw Failure(.damaged, .malformedRecord("length")) }
        if buffer.capacity < count { buffer = Buffer(capacity: count) }
        let room = UnsafeMutableRawBufferPointer(start: buffer.base, count: count)
        try source.readAhead(pack, size: size, at: offset, into: room)
        return UnsafeRawBufferPointer(room)
    }

    /// The whole pack, of at most `limit` bytes; valid until the next read.
    func readWhole(_ pack: PackKey, limit: Int, from source: BlobReaderSource) throws -> UnsafeRawBufferPointer {
        if buffer.capacity < limit { buffer = Buffer(capacity: limit) }
        let count = try source.site.readWhole(pack.key, into: UnsafeMutableRawBufferPointer(start: buffer.base, count: limit))
        return UnsafeRawBufferPointer(start: buffer.base, count: count)
    }

    /// Opens `sealed` as the row of `table` says, which must be the blob that is wanted.
    func open(_ wanted: WantedBlob, _ sealed: UnsafeRawBufferPointer, _ table: PackTable, _ body: (UnsafeRawBufferPointer) -> Void) throws {
        guard let row = table.row(at: wanted.offset), row.id == wanted.id, row.length == wanted.length, row.kind == wanted.kind else {
            throw Failure(.damaged, .malformedRecord("directory row"))
        }
        try opener.open(sealed, row: row, header: table.header, limit: wanted.limit, body)
    }
}

/// A pack's header and directory, without the references, which reading does not need.
final class PackTable: Sendable {
    let header: PackHeader
    /// Bytes of the whole pack.
    let packSize: Int
    /// By offset.
    private let rows: [PackRow]

    init(_ directory: PackDirectory, packSize: Int) {
        header = directory.header
        self.packSize = packSize
        rows = directory.rows.map {
            PackRow(id: $0.id, kind: $0.kind, keyBlock: $0.keyBlock, ordinal: $0.ordinal, offset: $0.offset, length: $0.length, references: [])
        }.sorted { $0.offset < $1.offset }
    }

    /// Bytes of memory, about.
    var byteCount: Int { rows.count * MemoryLayout<PackRow>.stride + header.keyBlocks.count * 1400 + 256 }

    func row(at offset: UInt32) -> PackRow? {
        let at = rows.firstIndex(sortedWhere: { $0.offset >= offset })
        return at < rows.count && rows[at].offset == offset ? rows[at] : nil
    }
}

extension PackTable {
    private static let headGuess = 4 << 10
    private static let tailGuess = 128 << 10

    /// Reads header and directory: the pack's two ends, mostly.
    static func read(_ pack: PackKey, from source: BlobReaderSource) throws -> PackTable {
        let (size, end) = try source.site.readEnd(pack.key, tailGuess)
        guard size >= PackLimits.headerBytes + PackLimits.trailerBytes, size <= PackLimits.packBytes else {
            throw Failure(.damaged, size > PackLimits.packBytes ? .objectTooLarge(size) : .objectTooShort)
        }
        func range(_ offset: Int, _ count: Int) throws -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            try bytes.withUnsafeMutableBytes { try source.site.read(pack.key, at: offset, into: $0) }
            return bytes
        }
        var head = try range(0, min(size, headGuess))
        let headerCount = try head.withUnsafeBytes { try PackHeader.length($0, tenant: source.tenant) }
        guard headerCount <= size else { throw Failure(.damaged, .truncatedRecord) }
        if headerCount > head.count { head = try range(0, headerCount) }
        let header = try head.withUnsafeBytes { try PackHeader($0, tenant: source.tenant) }
        var tail = end
        let needed = try PackDirectory.sealedCount(trailer(tail), packSize: size) + PackLimits.trailerBytes
        if needed > tail.count { tail = try range(size - needed, needed) }
        return try tail.withUnsafeBytes { try make(header, tail: $0, needed, size, source) }
    }

    /// The same from a whole pack in memory.
    convenience init(whole bytes: UnsafeRawBufferPointer, source: BlobReaderSource) throws {
        guard bytes.count >= PackLimits.headerBytes + PackLimits.trailerBytes else { throw Failure(.damaged, .objectTooShort) }
        let header = try PackHeader(bytes, tenant: source.tenant)
        let needed = try PackDirectory.sealedCount(Self.trailer(bytes), packSize: bytes.count) + PackLimits.trailerBytes
        self.init(try Self.directory(header, tail: bytes, needed, bytes.count, source), packSize: bytes.count)
    }

    private static func trailer(_ tail: [UInt8]) -> [UInt8] { Array(tail.suffix(PackLimits.trailerBytes)) }
    private static func trailer(_ tail: UnsafeRawBufferPointer) -> [UInt8] { Array(tail.suffix(PackLimits.trailerBytes)) }

    private static func make(
        _ header: PackHeader, tail: UnsafeRawBufferPointer, _ needed: Int, _ size: Int, _ source: BlobReaderSource
    ) throws -> PackTable { PackTable(try directory(header, tail: tail, needed, size, source), packSize: size) }

    private static func directory(
        _ header: PackHeader, tail: UnsafeRawBufferPointer, _ needed: Int, _ size: Int, _ source: BlobReaderSource
    ) throws -> PackDirectory {
        guard header.domain == source.domain else { throw Failure(.wrongPlace, .foreignObject) }
        let end = tail.count - PackLimits.trailerBytes
        let sealed = UnsafeRawBufferPointer(rebasing: tail[(tail.count - needed)..<end])
        return try PackDirectory(header: header, sealed: sealed, packSize: size, keys: source.keys)
    }
}

extension PackDirectory {
    fileprivate static func sealedCount(_ trailer: [UInt8], packSize: Int) throws -> Int {
        try trailer.withUnsafeBytes { try sealedCount($0, packSize: packSize) }
    }
}
