import Base
import Codec

/// A blob needed of a pack.
package struct BlobNeed: Sendable, Equatable {
    package let id: Digest
    package let offset: UInt32
    package let length: UInt32

    package init(id: Digest, offset: UInt32, length: UInt32) {
        self.id = id
        self.offset = offset
        self.length = length
    }
}

/// One ranged request: the blobs `first..<end` of a list in order of offset, and all between them.
package struct ReadSpan: Sendable, Equatable {
    package var first: Int
    package var end: Int
    package var offset: Int
    package var count: Int

    /// A gap below this costs less to read than a request of its own.
    private static let gap = 256 << 10
    /// Bytes of one request, unless one blob alone is longer.
    private static let limit = 16 << 20

    /// The requests for `needs`, which come in order of offset: gaps are read over when they are small, and
    /// all of them when more than half of the whole stretch is needed.
    package static func plan(_ needs: [BlobNeed]) -> [ReadSpan] {
        guard let first = needs.first, let last = needs.last else { return [] }
        let stretch = Int(last.offset) + Int(last.length) - Int(first.offset)
        let needed = needs.reduce(0) { $0 + Int($1.length) }
        let gap = needed * 2 > stretch ? Int.max : Self.gap
        var spans: [ReadSpan] = []
        for (i, need) in needs.enumerated() {
            let (offset, end) = (Int(need.offset), Int(need.offset) + Int(need.length))
            if let span = spans.last, offset - (span.offset + span.count) <= gap, end - span.offset <= Self.limit {
                spans[spans.count - 1].count = max(span.count, end - span.offset)
                spans[spans.count - 1].end = i + 1
            } else {
                spans.append(ReadSpan(first: i, end: i + 1, offset: offset, count: end - offset))
            }
        }
        return spans
    }
}

extension BlobReader {
    /// A pack whose directory is not yet known is read whole, by one request, when this much of it is needed.
    private static let wholePackNeed = PackBuilder.targetBytes / 2
    private static let wholePackLimit = 24 << 20

    /// Opens blobs of one pack, with few requests. `needs` come in order of offset, each once; `body` is called
    /// once for each, with its number in `needs` and its bytes, or with why no copy of it anywhere is good.
    ///
    /// Throws only what `body` throws.
    package func forEachBlob(
        _ needs: [BlobNeed], site: UInt8, pack number: UInt32, kind: BlobKind = .data, worker: BlobWorker,
        _ body: (Int, Result<UnsafeRawBufferPointer, Failure>) throws -> Void
    ) throws {
        let source = sources[Int(site)]
        guard let pack = source.index()?.pack(number).key else {
            for i in needs.indices { try elsewhere(needs[i], i, kind, worker, body) }
            return
        }
        if source.knownTable(pack) == nil, !source.isBad(pack), needs.reduce(0, { $0 + Int($1.length) }) >= Self.wholePackNeed,
            let (table, bytes) = whole(pack, source, worker)
        {
            for i in needs.indices { try open(needs[i], i, bytes, at: 0, table, kind, worker, body) }
            return
        }
        for span in ReadSpan.plan(needs) {
            let read: (table: PackTable, bytes: UnsafeRawBufferPointer)
            do {
                read = (try source.table(pack), try worker.read(span.count, at: span.offset, of: pack, from: source))
            } catch {
                // Missing, too short or unreachable: `elsewhere` meets the same failure and notes it.
                for i in span.first..<span.end { try elsewhere(needs[i], i, kind, worker, body) }
                continue
            }
            for i in span.first..<span.end { try open(needs[i], i, read.bytes, at: span.offset, read.table, kind, worker, body) }
        }
    }

    /// The whole pack and its directory; nil when it is not to be had so.
    private func whole(_ pack: PackKey, _ source: BlobReaderSource, _ worker: BlobWorker) -> (PackTable, UnsafeRawBufferPointer)? {
        guard let bytes = try? worker.readWhole(pack, limit: Self.wholePackLimit, from: source),
            let table = try? PackTable(whole: bytes, source: source)
        else { return nil }
        source.keep(table, pack)
        return (table, bytes)
    }

    private func open(
        _ need: BlobNeed, _ i: Int, _ bytes: UnsafeRawBufferPointer, at start: Int, _ table: PackTable, _ kind: BlobKind,
        _ worker: BlobWorker, _ body: (Int, Result<UnsafeRawBufferPointer, Failure>) throws -> Void
    ) throws {
        let wanted = WantedBlob(id: need.id, kind: kind, offset: need.offset, length: need.length, limit: PackLimits.chunkBytes)
        let at = Int(need.offset) - start
        var outcome: Result<Void, any Error>?
        do {
            guard at + Int(need.length) <= bytes.count else { throw Failure(.damaged, .objectTooShort) }
            let sealed = UnsafeRawBufferPointer(rebasing: bytes[at..<at + Int(need.length)])
            try worker.open(wanted, sealed, table) { plain in outcome = Result { try body(i, .success(plain)) } }
        } catch {
            // The bytes of the span stay in the worker's buffer: another worker looks elsewhere.
            try elsewhere(need, i, kind, nil, body)
        }
        try outcome?.get()
    }

    private func elsewhere(
        _ need: BlobNeed, _ i: Int, _ kind: BlobKind, _ worker: BlobWorker?, _ body: (Int, Result<UnsafeRawBufferPointer, Failure>) throws -> Void
    ) throws {
        var outcome: Result<Void, any Error>?
        func found(_ plain: UnsafeRawBufferPointer) { outcome = Result { try body(i, .success(plain)) } }
        do {
            if let worker {
                try blob(need.id, kind: kind, limit: PackLimits.chunkBytes, worker: worker, found)
            } else {
                try blob(need.id, kind: kind, found)
            }
        } catch let failure as Failure where outcome == nil { outcome = Result { try body(i, .failure(failure)) } }
        try outcome?.get()
    }

    /// Looks whether a pack is there and whether a key here opens what it holds, without reading its content.
    /// Throws `.missing`, `.damaged`, `.unreachable` or `.key`.
    package func checkPack(site: UInt8, number: UInt32) throws {
        let source = sources[Int(site)]
        guard let index = source.index() else { throw source.absence ?? Failure(.unreachable, .objectMissing, object: source.name) }
        let pack = index.pack(number).key
        do {
            let table = try source.table(pack)
            for block in table.header.keyBlocks { _ = try keys.key(for: block, domain: domain) }
        } catch let failure as Failure { throw failure.of("\(source.name):\(pack.key)") }
    }

    /// The whole pack at `location`, under any of its names there, its SHA-256 equal to its name.
    ///
    /// Throws `.damaged`, `.missing` or `.unreachable`; the first two are noted as damage of that copy.
    package func pack(_ location: BlobLocation) throws -> Buffer {
        let source = sources[Int(location.site)]
        guard let index = source.index() else { throw source.absence ?? Failure(.unreachable, .objectMissing, object: source.name) }
        let first = index.pack(location.pack).key
        var verdict = BlobVerdict()
        if let buffer = attempt(first, source, &verdict) { return buffer }
        if source.absence == nil {
            for name in source.otherNames(of: first) {
                if let buffer = attempt(name, source, &verdict) {
                    log.close(verdict.damaged, isHealed: true)
                    return buffer
                }
            }
        }
        log.close(verdict.damaged, isHealed: false)
        throw verdict.failure(first.digest)
    }

    private func attempt(_ pack: PackKey, _ source: BlobReaderSource, _ verdict: inout BlobVerdict) -> Buffer? {
        do {
            let size = try source.site.size(pack.key)
            guard size <= PackLimits.packBytes else { throw Failure(.damaged, .objectTooLarge(size)) }
            let buffer = Buffer(capacity: size)
            try source.site.read(pack.key, at: 0, into: buffer.space)
            buffer.count = size
            guard sha256(buffer.bytes) == pack.digest else { throw Failure(.damaged, .wrongHash) }
            return buffer
        } catch {
            note(error as? Failure ?? Failure(.failed, .system("read", "\(error)")), pack, source, &verdict)
            return nil
        }
    }
}
