import Base
import Codec
import Glibc

/// A sorted table of blob places in a local file, mapped for reading. A cache: made again from the
/// site's segments whenever it is missing or its checksum is wrong.
///
///     magic "HDSBRUN3" · row count u64 · checksum u64 · zero u64 · rows of 44 bytes as in a segment
final class IndexRun: Sendable {
    static let rowBytes = 44
    private static let headerBytes = 32
    private static let blockBytes = 1 << 20
    private static let magic = UInt64(0x334E_5552_4253_4448)

    private let file: MappedFile
    let count: Int
    let path: String

    /// Writes `rows`, which come sorted, durably under `path`. Memory: one block of them, however many there are.
    static func write(_ rows: some Sequence<IndexRow>, to path: String) throws -> IndexRun {
        let temporary = path + ".new"
        do {
            unlink(temporary)
            let file = try File.create(RawName(temporary), O_RDWR)
            let count = try write(rows, into: file)
            var header = ByteWriter()
            header.u64(magic)
            header.u64(UInt64(count))
            header.u64(count == 0 ? quickChecksum(UnsafeRawBufferPointer(start: nil, count: 0)) : try checksum(of: file))
            header.u64(0)
            try header.bytes.withUnsafeBytes { try file.write($0, at: 0) }
            try file.sync()
            try retrying { rename(temporary, path) }
        } catch let error as SystemError {
            unlink(temporary)
            throw error.failure(.failed, "write", object: path)
        }
        return try IndexRun(path)
    }

    private static func write(_ rows: some Sequence<IndexRow>, into file: File) throws -> Int {
        var block = ByteWriter(capacity: blockBytes + rowBytes)
        block.raw([UInt8](repeating: 0, count: headerBytes))
        var count = 0
        for row in rows {
            block.digest(row.id)
            block.u32(row.pack)
            block.u32(row.offset)
            block.u32(row.length)
            count += 1
            guard block.count >= blockBytes else { continue }
            try file.write(block.bytes)
            block.bytes.removeAll(keepingCapacity: true)
        }
        try file.write(block.bytes)
        return count
    }

    private static func checksum(of file: File) throws -> UInt64 {
        let mapped = try MappedFile(file)
        return quickChecksum(UnsafeRawBufferPointer(rebasing: mapped.bytes[headerBytes...]))
    }

    /// Maps a run. Throws `.damaged` when it is not whole.
    init(_ path: String) throws {
        do { file = try MappedFile(File.open(RawName(path), O_RDONLY)) } catch let error as SystemError {
            throw error.failure(.failed, "open", object: path)
        }
        self.path = path
        let bytes = file.bytes
        guard bytes.count >= Self.headerBytes, bytes.loadUnaligned(as: UInt64.self) == Self.magic else {
            throw Failure(.damaged, .malformedRecord("index run"), object: path)
        }
        let rows = UnsafeRawBufferPointer(rebasing: bytes[Self.headerBytes...])
        guard UInt64(rows.count) == bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self) &* UInt64(Self.rowBytes),
            quickChecksum(rows) == bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        else { throw Failure(.damaged, .badChecksum, object: path) }
        count = rows.count / Self.rowBytes
    }

    private func pointer(_ index: Int) -> UnsafeRawPointer { file.bytes.baseAddress! + Self.headerBytes + index * Self.rowBytes }

    func id(_ index: Int) -> Digest { Digest(loading: pointer(index)) }

    func row(_ index: Int) -> IndexRow {
        let p = pointer(index)
        return IndexRow(
            id: Digest(loading: p), pack: (p + 32).loadUnaligned(as: UInt32.self), offset: (p + 36).loadUnaligned(as: UInt32.self),
            length: (p + 40).loadUnaligned(as: UInt32.self))
    }

    /// Index of the first row whose id is not below `wanted`. Ids are uniform, so the first guess is by
    /// interpolation; from there steps double until the place is bracketed, and halve.
    private func lowerBound(_ wanted: Digest) -> Int {
        let guess = Int(((wanted.leading >> 32) * UInt64(count)) >> 32)
        var low = 0
        var high = count
        var step = 1
        if guess < count, id(guess) < wanted {
            low = guess + 1
            while low + step < count, id(low + step) < wanted {
                low += step + 1
                step *= 2
            }
            high = min(count, low + step + 1)
        } else {
            high = guess
            while high - step >= 0, !(id(high - step) < wanted) {
                high -= step
                step *= 2
            }
            low = max(0, high - step)
        }
        while low < high {
            let middle = (low + high) / 2
            if id(middle) < wanted { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Index of the first row of `wanted`; nil when there is none.
    func position(_ wanted: Digest) -> Int? {
        let at = lowerBound(wanted)
        return at < count && id(at) == wanted ? at : nil
    }

    /// Calls `body` for each row of `wanted` until it returns true; returns whether it did.
    func find(_ wanted: Digest, _ body: (IndexRow) -> Bool) -> Bool {
        var at = lowerBound(wanted)
        while at < count, id(at) == wanted {
            if body(row(at)) { return true }
            at += 1
        }
        return false
    }
}
