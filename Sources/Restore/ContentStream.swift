import Base
import Glibc
import Repository

/// Writes the content of one file of a snapshot to a descriptor, reading ahead in bounded memory.
package struct ContentStream {
    private let reader: BlobReader
    private let isCancelled: @Sendable () -> Bool

    package init(reader: BlobReader, isCancelled: @escaping @Sendable () -> Bool = { false }) {
        self.reader = reader
        self.isCancelled = isCancelled
    }

    /// Writes everything of `entry`, holes as zeros, in order. Returns the bytes written.
    ///
    /// Throws `.usage` for what is no file, `.damaged`, `.missing`, `.key` or `.unreachable` where a piece of
    /// it cannot be read (what came before was written), `.failed` when the descriptor takes no more.
    @discardableResult
    package func write(_ entry: Entry, to output: File, threads: Int = Threads.cores) throws -> UInt64 {
        guard entry.kind == .file else { throw Failure(.usage, .notAFile, object: printable(entry.path)) }
        var sink = HoleySink(entry, output)
        do {
            switch entry.content {
            case .none: break
            case .inline(let bytes): try bytes.withUnsafeBytes { try sink.write($0) }
            case .bundle(let id, let offset, let length): try writeRange(id, Int(offset), Int(length), &sink)
            case .chunks, .list: try writeChunks(entry, threads, &sink)
            }
            try sink.finish()
        } catch let error as SystemError {
            throw error.failure(.failed, "write")
        } catch let failure as Failure { throw failure.of(printable(entry.path)) }
        return sink.written
    }

    private func writeRange(_ id: Digest, _ offset: Int, _ length: Int, _ sink: inout HoleySink) throws {
        let bytes = try reader.blob(id, kind: .data) { plain in
            guard offset + length <= plain.count else { throw Failure(.damaged, .chunkTooShort) }
            return Array(plain[offset..<offset + length])
        }
        try bytes.withUnsafeBytes { try sink.write($0) }
    }

    /// Several threads fetch, each a chunk; this one writes them in order.
    private func writeChunks(_ entry: Entry, _ threads: Int, _ sink: inout HoleySink) throws {
        let ahead = ReadAhead(TreeReader(source: reader, root: .zero).chunks(of: entry), room: threads + 2)
        let fetchers = (0..<max(1, threads)).map { number in
            Threads.start("cat-\(number)") { [reader] in
                while let (place, chunk) = ahead.take() {
                    ahead.put(
                        place,
                        Result {
                            try reader.blob(chunk.id, kind: .data) { plain in
                                guard plain.count == Int(chunk.length) else { throw Failure(.damaged, .chunkTooShort) }
                                return Array(plain)
                            }
                        })
                }
            }
        }
        defer {
            ahead.close()
            for fetcher in fetchers { fetcher.join() }
        }
        while let bytes = try ahead.next() {
            if isCancelled() { throw Failure(.interrupted, .restoreInterrupted) }
            try bytes.withUnsafeBytes { try sink.write($0) }
        }
    }
}

/// Puts the holes back between the data.
private struct HoleySink {
    private static let zeros = [UInt8](repeating: 0, count: 64 << 10)

    private let output: File
    private let size: UInt64
    private var holes: ArraySlice<Entry.Hole>
    private(set) var written: UInt64 = 0

    init(_ entry: Entry, _ output: File) {
        self.output = output
        size = entry.size
        holes = entry.holes[...]
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            try fillHoles()
            let room = (holes.first?.offset ?? size) - written
            guard room > 0 else { throw Failure(.damaged, .chunkTooShort) }
            let count = Int(min(room, UInt64(rest.count)))
            try output.write(UnsafeRawBufferPointer(rebasing: rest[..<count]))
            written += UInt64(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    mutating func finish() throws {
        try fillHoles()
        guard written == size else { throw Failure(.damaged, .chunkTooShort) }
    }

    private mutating func fillHoles() throws {
        while let hole = holes.first, hole.offset == written {
            var left = hole.length
            while left > 0 {
                let count = Int(min(left, UInt64(Self.zeros.count)))
                try Self.zeros.withUnsafeBytes { try output.write(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
                left -= UInt64(count)
            }
            written += hole.length
            holes = holes.dropFirst()
        }
    }
}

/// Chunks fetched by several threads, given back in order; at most `room` of them are held.
private final class ReadAhead: @unchecked Sendable {
    // Unchecked: the stream is used under the monitor only.
    private struct State {
        var taken = 0
        var given = 0
        var done: [Int: Result<[UInt8], any Error>] = [:]
        var isAtEnd = false
        var failure: (any Error)?
    }

    private let monitor = Monitor(State())
    private var stream: ChunkStream
    private let room: Int

    init(_ stream: ChunkStream, room: Int) {
        self.stream = stream
        self.room = room
    }

    /// The next chunk to fetch; waits for room. Nil at the end.
    func take() -> (Int, ChunkReference)? {
        monitor.wait(until: { $0.isAtEnd || $0.taken - $0.given < self.room }) { state in
            guard !state.isAtEnd else { return nil }
            do {
                if let chunk = try stream.next() {
                    state.taken += 1
                    return (state.taken - 1, chunk)
                }
            } catch { state.failure = error }
            state.isAtEnd = true
            return nil
        }
    }

    func put(_ place: Int, _ result: Result<[UInt8], any Error>) { monitor.change { $0.done[place] = result } }

    /// The next chunk in order; waits for it. Nil after the last.
    func next() throws -> [UInt8]? {
        let result: Result<[UInt8], any Error>? = monitor.wait(until: { $0.done[$0.given] != nil || ($0.isAtEnd && $0.given == $0.taken) }) { state in
            guard let found = state.done.removeValue(forKey: state.given) else { return state.failure.map { .failure($0) } }
            state.given += 1
            return found
        }
        return try result?.get()
    }

    /// Fetches no more.
    func close() { monitor.change { $0.isAtEnd = true } }
}
