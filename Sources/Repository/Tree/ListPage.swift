import Base

/// A page of a long chunk list, decoded and checked: chunks at level 0, rows above. It holds ids and lengths
/// only, so that the catalogue key may open it.
package struct ListPage: Sendable {
    /// What a page above says about one below.
    package struct Row: Hashable, Sendable {
        package var child: Digest
        /// Bytes of the chunks below.
        package var length: UInt64
        /// Chunks below, at least 1.
        package var chunks: UInt64

        package init(child: Digest, length: UInt64, chunks: UInt64) {
            self.child = child
            self.length = length
            self.chunks = chunks
        }
    }

    package let level: UInt8
    package private(set) var chunks: [ChunkReference] = []
    package private(set) var rows: [Row] = []
    /// Bytes of the chunks in and below this page.
    package private(set) var length: UInt64 = 0
    /// Chunks in and below this page.
    package private(set) var chunkCount: UInt64 = 0

    package var count: Int { level == 0 ? chunks.count : rows.count }

    /// Every id that the page refers to, once, in order of first use.
    package var references: [Digest] {
        var seen = Set<Digest>()
        let ids = level == 0 ? chunks.map(\.id) : rows.map(\.child)
        return ids.filter { seen.insert($0).inserted }
    }

    /// The ids that a page refers to.
    package static func references(ofPage plain: [UInt8]) throws -> [Digest] { try ListPage(decoding: plain).references }

    /// Decodes a page. Throws `.damaged` for anything that an encoder does not write, `.format` for a newer version.
    package init(decoding plain: [UInt8]) throws {
        guard plain.count <= TreeLimits.pageBytes else { throw Failure(.damaged, .malformedRecord("page length")) }
        self = try plain.decode { try ListPage(from: &$0) }
    }

    private init(from reader: inout ByteReader) throws {
        guard try reader.u8() == 1 else { throw Failure(.format, .newerFormat) }
        level = try reader.u8()
        guard level < TreeLimits.levels, try reader.u16() == 0 else { throw Failure(.damaged, .malformedRecord("page header")) }
        let count = Int(try reader.u32())
        guard count > 0, count <= (level == 0 ? TreeLimits.chunksInListPage : TreeLimits.rowsInListPage) else {
            throw Failure(.damaged, .malformedRecord("list count"))
        }
        for _ in 0..<count {
            if level == 0 {
                let chunk = ChunkReference(id: try reader.digest(), length: try reader.u32())
                chunks.append(chunk)
                try add(length: UInt64(chunk.length), chunks: 1)
            } else {
                let row = Row(child: try reader.digest(), length: try reader.u64(), chunks: try reader.u64())
                rows.append(row)
                try add(length: row.length, chunks: row.chunks)
            }
        }
    }

    private mutating func add(length more: UInt64, chunks: UInt64) throws {
        let (sum, tooLong) = length.addingReportingOverflow(more)
        let (count, tooMany) = chunkCount.addingReportingOverflow(chunks)
        guard more > 0, chunks > 0, chunks <= more, !tooLong, !tooMany else { throw Failure(.damaged, .malformedRecord("list sums")) }
        length = sum
        chunkCount = count
    }

    /// Encodes chunks as one level-0 page, cut nowhere.
    package static func encode(_ chunks: [ChunkReference]) -> [UInt8] {
        var writer = header(level: 0, count: chunks.count, rowBytes: 36)
        for chunk in chunks {
            writer.digest(chunk.id)
            writer.u32(chunk.length)
        }
        return writer.bytes
    }

    /// Encodes rows as one page of `level`, at least 1.
    package static func encode(_ rows: [Row], level: UInt8) -> [UInt8] {
        var writer = header(level: level, count: rows.count, rowBytes: 48)
        for row in rows {
            writer.digest(row.child)
            writer.u64(row.length)
            writer.u64(row.chunks)
        }
        return writer.bytes
    }

    private static func header(level: UInt8, count: Int, rowBytes: Int) -> ByteWriter {
        var writer = ByteWriter(capacity: 8 + count * rowBytes)
        writer.u8(1)
        writer.u8(level)
        writer.u16(0)
        writer.u32(UInt32(count))
        return writer
    }
}
