import Base
import CLinux
import Codec
import Glibc
import Keys
import Repository

/// Reads a file and compares it with an entry's keyed hashes, chunk by chunk; holes must read as zeros. One thread.
final class FileContentCheck {
    private let reader: BlobReader
    private let tree: TreeReader
    private let hasher: KeyedHasher?
    private var buffer = Buffer(capacity: 4 << 20)

    init(reader: BlobReader, tree: TreeReader) {
        self.reader = reader
        self.tree = tree
        hasher = reader.keys.domainKeys(reader.domain)?.hasher()
    }

    /// False also where the file cannot be read. Throws what reading the snapshot throws, and what `check` does.
    func isSame(_ entry: Entry, _ file: File, _ check: () throws -> Void) throws -> Bool {
        guard let hasher else { throw Failure(.key, .noOpeningKey) }
        var at = DataStream(entry)
        switch entry.content {
        case .none: break
        case .inline(let bytes): guard let found = read(bytes.count, file, &at), found.elementsEqual(bytes) else { return false }
        case .bundle(let id, let offset, let length):
            guard let found = read(Int(length), file, &at) else { return false }
            if let hash = entry.contentHash {
                guard ShortID(hasher.hash(prefix: IDKind.content.rawValue, found)) == hash else { return false }
            } else {
                let isSame = try reader.blob(id, kind: .data) { plain in
                    let end = Int(offset) + Int(length)
                    return end <= plain.count && memcmp(plain.baseAddress! + Int(offset), found.baseAddress!, found.count) == 0
                }
                guard isSame else { return false }
            }
        case .chunks, .list:
            var chunks = tree.chunks(of: entry)
            while let chunk = try chunks.next() {
                try check()
                guard let found = read(Int(chunk.length), file, &at), hasher.hash(prefix: IDKind.data.rawValue, found) == chunk.id else {
                    return false
                }
            }
        }
        return try entry.holes.allSatisfy { hole in
            try check()
            return isZero(hole, file)
        }
    }

    /// The next `count` bytes of the data stream; nil where the file is shorter or cannot be read. Valid until the next call.
    private func read(_ count: Int, _ file: File, _ at: inout DataStream) -> UnsafeRawBufferPointer? {
        if buffer.capacity < count { buffer = Buffer(capacity: count) }
        let space = buffer.space
        do {
            try at.take(count) { offset, range in
                let into = UnsafeMutableRawBufferPointer(rebasing: space[range])
                guard try file.read(at: Int64(clamping: offset), into: into) == into.count else { throw SystemError(code: EIO) }
            }
        } catch { return nil }
        return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(space)[..<count])
    }

    /// Whether a hole reads as zeros: at once where the file system knows it, else by reading it.
    private func isZero(_ hole: Entry.Hole, _ file: File) -> Bool {
        let end = hole.offset.saturating(hole.length)
        var at = hole.offset
        while at < end {
            let data = clinux_seek_data(file.descriptor, Int64(clamping: at))
            if data < 0 { return errno == ENXIO }
            if UInt64(data) >= end { return true }
            at = max(at, UInt64(data))
            let count = Int(min(end - at, UInt64(buffer.capacity)))
            let into = UnsafeMutableRawBufferPointer(rebasing: buffer.space[..<count])
            guard let found = try? file.read(at: Int64(clamping: at), into: into), found == count, into.allSatisfy({ $0 == 0 }) else { return false }
            at += UInt64(count)
        }
        return true
    }
}

/// Where the data of a file lies between its holes.
struct DataStream {
    private var offset: UInt64 = 0
    private var holes: ArraySlice<Entry.Hole>

    init(_ entry: Entry) { holes = entry.holes[...] }

    /// Calls `body` with each offset in the file, and the range of the next `count` bytes that is there.
    mutating func take(_ count: Int, _ body: (UInt64, Range<Int>) throws -> Void) rethrows {
        var done = 0
        while done < count {
            while let hole = holes.first, hole.offset <= offset {
                offset = hole.offset.saturating(hole.length)
                holes.removeFirst()
            }
            let until = holes.first?.offset ?? .max
            let length = Int(min(UInt64(count - done), until - offset))
            guard length > 0 else { return }
            try body(offset, done..<done + length)
            done += length
            offset += UInt64(length)
        }
    }
}
