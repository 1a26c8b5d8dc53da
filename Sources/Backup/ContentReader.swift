import Base
import CLinux
import Chunking
import Codec
import Glibc
import Keys
import Repository

/// Reads the content of files and cuts it into jobs for the pipeline. One thread: the scanner's.
final class ContentReader {
    /// Files below this share bundles; others have chunks of their own.
    static let bundleLimit: UInt64 = 128 << 10

    private let pipeline: Pipeline
    private let assembler: EntryAssembler
    private let chunking: BackupSource.Chunking
    private let stream: ChunkStream
    private let bundler: Bundler
    private(set) var readBytes: UInt64 = 0

    init(pipeline: Pipeline, assembler: EntryAssembler, keys: DomainKeys, chunking: BackupSource.Chunking, contents: @escaping () -> KnownContents) {
        self.pipeline = pipeline
        self.assembler = assembler
        self.chunking = chunking
        stream = ChunkStream(pipeline: pipeline, cutter: ContentCutter(gear: keys.gear))
        bundler = Bundler(pipeline: pipeline, keys: keys, contents: contents)
        assembler.beforeWait = { [bundler] in try bundler.close() }
    }

    var bundleTotals: [Digest: UInt32] { bundler.totals }

    /// Takes in a regular file: its entry goes to the assembler with the content on the way. Returns what
    /// to report when the file changed while it was read. Throws `SystemError` when it cannot be read.
    func read(_ file: File, _ record: CatalogueRecord, _ shared: EntryAssembler.Shared?) throws -> Message? {
        var record = record
        let stat = try file.stat()
        let before = FileIdentity(stat)
        // Fewer blocks than bytes may be the doing of a file system that compresses: then there is no hole.
        var isSparse = stat.blocks * 512 < stat.size
        if isSparse {
            isSparse = !HoleMap(file, size: stat.size).holes.isEmpty
            // Looking for holes has moved the place where reading begins.
            lseek(file.descriptor, 0, SEEK_SET)
        }
        if before != record.identity {
            // It changed since it was looked at: taken as it is now, told, and read again next time.
            record.identity = before
            record.entry.size = before.size
            record.entry.mtime = before.modified
            record.isUncertain = true
            let message = try take(file, record, shared, isSparse)
            return message ?? .changedWhileRead
        }
        return try take(file, record, shared, isSparse)
    }

    private func take(_ file: File, _ record: CatalogueRecord, _ shared: EntryAssembler.Shared?, _ isSparse: Bool) throws -> Message? {
        if record.identity.size < Self.bundleLimit, chunking != .fixed, !isSparse {
            return try readSmall(file, record, shared)
        }
        return try readLarge(file, record, shared, isSparse)
    }

    /// Takes in a small file that was read ahead; `bytes` are not used after this returns.
    func take(_ bytes: UnsafeRawBufferPointer, hash: ShortID, _ record: CatalogueRecord) throws {
        var record = record
        record.entry.contentHash = hash
        count(bytes.count)
        switch bundler.find(hash, bytes.count) {
        case .known(let content):
            record.entry.content = content
            try assembler.add(record)
        case .same(let first): try assembler.add(record, sameAs: first)
        case .new:
            let pending = PendingEntry(record)
            pending.expectBundle()
            let content = EntryAssembler.Shared()
            try assembler.add(pending, shared: content)
            try bundler.keep(pending, content, hash, bundler.copy(bytes), bytes.count)
        }
    }

    private func readSmall(_ file: File, _ record: CatalogueRecord, _ shared: EntryAssembler.Shared?) throws -> Message? {
        var record = record
        let (bytes, place) = try bundler.read(file, atMost: Int(Self.bundleLimit))
        let message = try change(file, &record, read: UInt64(bytes))
        count(bytes)
        guard bytes > 0 else {
            try add(record, shared)
            return message
        }
        let hash = bundler.hash(place, bytes)
        record.entry.contentHash = hash
        switch bundler.find(hash, bytes) {
        case .known(let content):
            record.entry.content = content
            try add(record, shared)
        case .same(let first): try assembler.add(record, sameAs: first, defining: shared)
        case .new:
            let pending = PendingEntry(record)
            pending.expectBundle()
            let content = shared ?? EntryAssembler.Shared()
            try assembler.add(pending, shared: content)
            try bundler.keep(pending, content, hash, place, bytes)
        }
        return message
    }

    private func add(_ record: CatalogueRecord, _ shared: EntryAssembler.Shared?) throws {
        if let shared { try assembler.add(record, defining: shared) } else { try assembler.add(record) }
    }

    private func readLarge(_ file: File, _ record: CatalogueRecord, _ shared: EntryAssembler.Shared?, _ sparse: Bool) throws -> Message? {
        var record = record
        let map = sparse ? HoleMap(file, size: record.entry.size) : nil
        record.entry.holes = map?.holes ?? []
        let data = map?.data ?? [0..<record.entry.size]
        let pending = PendingEntry(record, isOpen: true)
        try assembler.add(pending, shared: shared)
        var position: UInt64 = 0
        do {
            let block = try blockSize(file, record.entry.size, sparse)
            position = try stream.read(file, data, block: block, into: pending)
        } catch {
            pending.drop()
            throw error
        }
        for range in data where range.lowerBound < position { count(Int(min(range.upperBound, position) - range.lowerBound)) }
        // A file that shrank ends where it was read to; its holes end there too.
        let isWhole = position == (data.last?.upperBound ?? 0)
        let size = isWhole ? record.entry.size : position
        var message: Message?
        do { message = try change(file, &record, read: size) } catch {
            pending.drop()
            throw error
        }
        let identity = record.identity
        let uncertain = record.isUncertain
        pending.close { record in
            record.entry.size = size
            record.entry.holes = record.entry.holes.filter { $0.offset + $0.length <= size }
            record.identity = identity
            record.isUncertain = uncertain
        }
        pipeline.settled.change { $0 += 1 }
        return message
    }

    /// Reads standard input or a command's output to its end, as one file.
    func readStream(_ file: File, _ record: CatalogueRecord, while goesOn: () throws -> Void) throws -> UInt64 {
        let pending = PendingEntry(record, isOpen: true)
        try assembler.add(pending)
        do {
            let size = try stream.readToEnd(file, into: pending, while: goesOn)
            count(Int(size))
            pending.close { $0.entry.size = size }
            pipeline.settled.change { $0 += 1 }
            return size
        } catch {
            pending.drop()
            throw error
        }
    }

    /// The last bundle.
    func finish() throws { try bundler.close() }

    private func count(_ bytes: Int) {
        readBytes += UInt64(bytes)
        pipeline.progress.read(bytes)
    }

    /// Nil for content-defined cuts; the block's size for fixed ones.
    private func blockSize(_ file: File, _ size: UInt64, _ isSparse: Bool) throws -> Int? {
        switch chunking {
        case .content: return nil
        case .fixed: return ContentProbe.blockSize(fileSize: size)
        case .auto:
            guard size >= ContentProbe.minimumSize else { return nil }
            var head = [UInt8](repeating: 0, count: ContentProbe.headLength)
            let n = try head.withUnsafeMutableBytes { try file.read(at: 0, into: $0) }
            let kind = head.withUnsafeBytes { ContentProbe.kind(head: UnsafeRawBufferPointer(rebasing: $0[..<n]), size: size, isSparse: isSparse) }
            return kind == .blocks ? ContentProbe.blockSize(fileSize: size) : nil
        }
    }

    /// Compares the file's identity with what it was; a file that changed is uncertain for the next run too.
    private func change(_ file: File, _ record: inout CatalogueRecord, read: UInt64) throws -> Message? {
        let after = FileIdentity(try file.stat())
        record.entry.size = read
        guard after != record.identity || read != record.identity.size else { return nil }
        record.isUncertain = true
        return .changedWhileRead
    }
}
