import Base
import Chunking
import Codec
import Glibc
import Repository

/// Reads files straight into slabs and cuts them there: a chunk is never copied between the read and its
/// seal, except the piece that a cut leaves at the end of a slab.
final class ChunkStream {
    private let pipeline: Pipeline
    private let cutter: ContentCutter
    private var slab: Slab?
    /// Bytes of the slab handed over, and bytes read into it.
    private var start = 0
    private var end = 0

    /// A read asks for at least this, or a new slab is begun.
    private static let smallestRead = 128 << 10

    init(pipeline: Pipeline, cutter: ContentCutter) {
        self.pipeline = pipeline
        self.cutter = cutter
    }

    /// Reads the ranges `data` of `file` into chunks of `entry`. Returns where the file ended: the end of
    /// the last range, or less when it shrank. `block`: size of fixed blocks on the file's own grid.
    func read(_ file: File, _ data: [Range<UInt64>], block: Int?, into entry: PendingEntry) throws -> UInt64 {
        start = end
        for range in data {
            var at = range.lowerBound
            while at < range.upperBound {
                try makeRoom()
                let space = UnsafeMutableRawBufferPointer(
                    start: slab!.buffer.base + end, count: min(Slab.bytes - end, Int(min(range.upperBound - at, 8 << 20))))
                let n = try file.read(at: Int64(at), into: space)
                if n == 0 {
                    try cut(isEnd: true, entry)
                    return at
                }
                at += UInt64(n)
                end += n
                if let block {
                    try cutBlocks(block, before: at, isEnd: at == range.upperBound, entry)
                } else {
                    try cut(isEnd: false, entry)
                }
            }
        }
        try cut(isEnd: true, entry)
        return data.last?.upperBound ?? 0
    }

    /// Reads until the end of a stream.
    func readToEnd(_ file: File, into entry: PendingEntry, while goesOn: () throws -> Void) throws -> UInt64 {
        start = end
        var total: UInt64 = 0
        while true {
            try goesOn()
            try makeRoom()
            let n = try file.read(into: UnsafeMutableRawBufferPointer(start: slab!.buffer.base + end, count: Slab.bytes - end))
            if n == 0 { break }
            total += UInt64(n)
            end += n
            try cut(isEnd: false, entry)
        }
        try cut(isEnd: true, entry)
        return total
    }

    /// A slab with room to read into; what is not yet cut moves along.
    private func makeRoom() throws {
        if slab != nil, Slab.bytes - end >= Self.smallestRead { return }
        guard let fresh = Slab(pipeline.slabs) else { throw pipeline.failure ?? Failure(.interrupted, .interrupted) }
        if let old = slab {
            (fresh.buffer.base).copyMemory(from: old.buffer.base + start, byteCount: end - start)
            old.release()
        }
        slab = fresh
        end -= start
        start = 0
    }

    private func cut(isEnd: Bool, _ entry: PendingEntry) throws {
        while start < end {
            let n = cutter.cut(slab!.bytes(start..<end), isEnd: isEnd)
            if n == 0 { return }
            try hand(n, entry)
        }
    }

    /// Hands over what lies in whole blocks of the file's own grid: a chunk ends where the next block or a
    /// hole begins, so a hole that is filled changes one block only.
    private func cutBlocks(_ block: Int, before position: UInt64, isEnd: Bool, _ entry: PendingEntry) throws {
        // `position` is the place in the file of the slab's `end`.
        while start < end {
            let from = position - UInt64(end - start)
            let next = (from / UInt64(block) + 1) * UInt64(block)
            let left = Int(min(next - from, UInt64(end - start)))
            if next > position, !isEnd { return }
            try hand(left, entry)
        }
    }

    private func hand(_ count: Int, _ entry: PendingEntry) throws {
        let number = entry.expect(count)
        slab!.retain()
        try pipeline.submit(.chunk(slab!, start..<start + count, entry, number))
        start += count
    }

    /// A file ended: the next one begins behind it in the same slab.
    deinit { slab?.release() }
}
