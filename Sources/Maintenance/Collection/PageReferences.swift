import Base
import Codec
import Glibc
import Keys
import Repository

/// What the pages in a site's packs of one domain refer to. Read from each pack's directory once and kept in a local file, so that a
/// collection costs what came since the last one. A cache: what is damaged is read again.
///
///     file: magic u64 · key 12 · 12 zero · records, one a pack, one after the other
///     record: magic u32 · body length u32 · checksum u64 · body
///     body: pack 53 · rows u32 · pages u32 · digest of the rows u64 · bytes of the blobs u64 · each page: id 32 · count u32 · ids
///
/// Every copy of a page adds what it says to what others say: a false copy can only keep more alive.
/// Memory: 16 bytes a page and some 100 a pack. One thread at a time.
final class PageReferences {
    private static let magic = UInt32(0x3150_4752)
    private static let fileMagic = UInt64(0x3253_4750_4253_4448)
    private static let headerBytes = 16
    private static let fileHeaderBytes = 32
    private static let bodyBytes = 77
    /// Bytes of records that are written at once.
    private static let batchBytes = 8 << 20

    /// A page in the file: the first bytes of its id, and where it stands.
    private struct Place {
        let prefix: UInt64
        let offset: Int
    }

    private let path: String
    private let lock: File
    private let domain: ShortID
    private var mapped: MappedFile
    private var places: [Place] = []
    /// What each pack's directory says of its rows.
    struct Rows {
        let count: Int
        /// Of all of them, whatever their order: `digest` of each, added up.
        let digest: UInt64
        /// Stored bytes of the blobs together.
        let bytes: Int
    }
    /// And the bytes of its record.
    private var known: [PackKey: (rows: Rows, bytes: Int)] = [:]
    /// Of this file alone: nobody outside can make rows that add up to others'.
    private var key: [UInt8] = []
    /// Where the last whole record ends.
    private var end = 0

    /// Opens the file in `folder`, or begins an empty one. Two processes never share a folder.
    init(folder: String, domain: ShortID) throws {
        let claimed: String
        (claimed, lock) = try SiteIndex.claim(folder)
        path = claimed + "/pages"
        self.domain = domain
        do {
            mapped = try MappedFile(File.openOrCreate(RawName(path), O_RDWR))
        } catch let error as SystemError { throw error.failure(.failed, "open", object: path) }
        if mapped.bytes.count < Self.fileHeaderBytes || mapped.bytes.loadUnaligned(as: UInt64.self) != Self.fileMagic { try begin() }
        key = Array(mapped.bytes[8..<20])
        end = Self.fileHeaderBytes
        try load()
    }

    private func begin() throws {
        var header = ByteWriter()
        header.u64(Self.fileMagic)
        header.raw(randomBytes(12))
        header.raw([UInt8](repeating: 0, count: 12))
        try Files.replace(path, header.bytes)
        do { mapped = try MappedFile(File.open(RawName(path), O_RDONLY)) } catch let error as SystemError {
            throw error.failure(.failed, "open", object: path)
        }
    }

    // MARK: asking

    /// A row's digest, to be added up with others: 64 bits that depend on this file's key.
    func digest(_ row: IndexRow) -> UInt64 { Self.digest(row.id, row.offset, row.length, key) }

    private static func digest(_ id: Digest, _ offset: UInt32, _ length: UInt32, _ key: [UInt8]) -> UInt64 {
        withUnsafeTemporaryAllocation(byteCount: 52, alignment: 8) { bytes in
            bytes.copyBytes(from: key)
            id.store(to: bytes.baseAddress! + 12)
            bytes.storeBytes(of: offset, toByteOffset: 44, as: UInt32.self)
            bytes.storeBytes(of: length, toByteOffset: 48, as: UInt32.self)
            return sha256(UnsafeRawBufferPointer(bytes)).leading
        }
    }

    /// Calls `body` for what the page refers to, by every pack that holds it; returns whether any does.
    func forEachReference(of id: Digest, _ body: (Digest) throws -> Void) rethrows -> Bool {
        var isPage = false
        for place in places[first(id.leading)...] {
            guard place.prefix == id.leading else { break }
            let at = mapped.bytes.baseAddress! + place.offset
            guard Digest(loading: at) == id else { continue }
            isPage = true
            let count = Int((at + 32).loadUnaligned(as: UInt32.self))
            for i in 0..<count { try body(Digest(loading: at + 36 + i * 32)) }
        }
        return isPage
    }

    func isPage(_ id: Digest) -> Bool {
        for place in places[first(id.leading)...] {
            guard place.prefix == id.leading else { return false }
            if Digest(loading: mapped.bytes.baseAddress! + place.offset) == id { return true }
        }
        return false
    }

    /// What the pack's own directory says of its rows; nil where it was not read.
    func rows(_ pack: PackKey) -> Rows? { known[pack]?.rows }

    private func first(_ prefix: UInt64) -> Int {
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle].prefix < prefix { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: reading directories

    /// Reads the directories of those of `packs` that were not read before, and forgets packs that are not among them once they
    /// take more room than the others. Returns why some could not be read.
    ///
    /// Throws `.key` without the catalogue key, `.unreachable` when the site does not answer.
    func update(_ packs: [(key: PackKey, size: Int)], at repository: SiteRepository, keys: KeyRing) throws -> [PackKey: Failure] {
        let lacking = packs.filter { known[$0.key] == nil }
        var failed: [PackKey: Failure] = [:]
        var records = ByteWriter()
        let (domain, key) = (domain, key)
        let step = 16 * max(1, repository.site.smallParallelism)
        for start in stride(from: 0, to: lacking.count, by: step) {
            let some = Array(lacking[start..<min(start + step, lacking.count)])
            let read = Threads.map("directory", some, atOnce: repository.site.smallParallelism) { pack in
                try Self.record(pack.key, size: pack.size, domain: domain, digestKey: key, repository, keys)
            }
            for (pack, record) in zip(some, read) {
                do { records.raw(try record.get()) } catch let failure as Failure where failure.kind == .damaged || failure.kind == .missing {
                    failed[pack.key] = failure
                } catch let failure as Failure where failure.kind == .wrongPlace || failure.kind == .format {
                    failed[pack.key] = failure
                }
            }
            if records.count >= Self.batchBytes {
                try append(records.bytes)
                records = ByteWriter()
            }
        }
        try append(records.bytes)
        try dropOthers(than: Set(packs.map(\.key)))
        return failed
    }

    private static func record(_ pack: PackKey, size: Int, domain: ShortID, digestKey: [UInt8], _ repository: SiteRepository, _ keys: KeyRing) throws
        -> [UInt8]
    {
        let directory = try repository.directory(pack, size: size, keys: keys)
        guard directory.header.domain == domain else { throw Failure(.wrongPlace, .foreignObject, object: "\(repository.name):\(pack.key)") }
        var pages: [(id: Digest, references: [Digest])] = []
        let opener = BlobOpener(keys: keys)
        for row in directory.rows {
            switch row.kind {
            case .treePage: pages.append((row.id, row.references))
            case .listPage: pages.append((row.id, try list(row, of: pack, directory.header, repository, opener)))
            default: break
            }
        }
        var body = ByteWriter(capacity: 128 + pages.reduce(0) { $0 + 36 + 32 * $1.references.count })
        pack.write(to: &body)
        body.u32(UInt32(directory.rows.count))
        body.u32(UInt32(pages.count))
        body.u64(directory.rows.reduce(0) { $0 &+ digest($1.id, $1.offset, $1.length, digestKey) })
        body.u64(directory.rows.reduce(0) { $0 + UInt64($1.length) })
        for page in pages {
            body.digest(page.id)
            body.u32(UInt32(page.references.count))
            for reference in page.references { body.digest(reference) }
        }
        var record = ByteWriter(capacity: headerBytes + body.count)
        record.u32(magic)
        record.u32(UInt32(body.count))
        record.u64(body.bytes.withUnsafeBytes { quickChecksum($0) })
        record.raw(body.bytes)
        return record.bytes
    }

    private static func list(
        _ row: PackRow, of pack: PackKey, _ header: PackHeader, _ repository: SiteRepository, _ opener: BlobOpener
    ) throws -> [Digest] {
        let sealed = try repository.read(pack, at: Int(row.offset), to: Int(row.offset) + Int(row.length))
        do {
            return try sealed.withUnsafeBytes {
                try opener.open($0, row: row, header: header, limit: PackLimits.pageBytes) { try ListPage.references(ofPage: Array($0)) }
            }
        } catch let failure as Failure { throw failure.of("\(repository.name):\(pack.key)") }
    }

    // MARK: the file

    private func append(_ records: [UInt8]) throws {
        guard !records.isEmpty else { return }
        do {
            let file = try File.open(RawName(path), O_RDWR)
            try records.withUnsafeBytes { try file.write($0, at: Int64(end)) }
            try file.sync()
            mapped = try MappedFile(file)
        } catch let error as SystemError { throw error.failure(.failed, "write", object: path) }
        try load()
    }

    /// Takes in what the file has behind `end`; cuts off what a run that died left half written, and all behind it.
    private func load() throws {
        while let body = record(at: end) {
            var at = end + Self.headerBytes
            let (pack, rows, pages) = try Array(mapped.bytes[at..<at + Self.bodyBytes]).decode { r in
                let pack = try PackKey(&r)
                let (count, pages) = (Int(try r.u32()), Int(try r.u32()))
                return (pack, Rows(count: count, digest: try r.u64(), bytes: Int(clamping: try r.u64())), pages)
            }
            at += Self.bodyBytes
            for _ in 0..<pages {
                places.append(Place(prefix: Digest(loading: mapped.bytes.baseAddress! + at).leading, offset: at))
                at += 36 + 32 * Int((mapped.bytes.baseAddress! + at + 32).loadUnaligned(as: UInt32.self))
            }
            known[pack] = (rows, Self.headerBytes + body)
            end += Self.headerBytes + body
        }
        places.sort { ($0.prefix, $0.offset) < ($1.prefix, $1.offset) }
        guard end < mapped.bytes.count else { return }
        do {
            guard truncate(path, off_t(end)) == 0 else { throw SystemError.last() }
            mapped = try MappedFile(File.open(RawName(path), O_RDONLY))
        } catch let error as SystemError { throw error.failure(.failed, "truncate", object: path) }
    }

    /// Length of the body of a whole record.
    private func record(at start: Int) -> Int? {
        let bytes = mapped.bytes
        guard start + Self.headerBytes <= bytes.count, bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self) == Self.magic else { return nil }
        let length = Int(bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self))
        guard length >= Self.bodyBytes, start + Self.headerBytes + length <= bytes.count else { return nil }
        let body = UnsafeRawBufferPointer(rebasing: bytes[start + Self.headerBytes..<start + Self.headerBytes + length])
        return quickChecksum(body) == bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self) ? length : nil
    }

    private func dropOthers(than packs: Set<PackKey>) throws {
        let dead = known.reduce(0) { packs.contains($1.key) ? $0 : $0 + $1.value.bytes }
        guard dead > mapped.bytes.count / 2 else { return }
        let temporary = path + ".new"
        do {
            unlink(temporary)
            let file = try File.create(RawName(temporary), O_RDWR)
            try file.write(UnsafeRawBufferPointer(rebasing: mapped.bytes[..<Self.fileHeaderBytes]))
            var at = Self.fileHeaderBytes
            while let body = record(at: at) {
                let whole = UnsafeRawBufferPointer(rebasing: mapped.bytes[at..<at + Self.headerBytes + body])
                let pack = try Array(whole[Self.headerBytes..<Self.headerBytes + 53]).decode { try PackKey(&$0) }
                if packs.contains(pack) { try file.write(whole) }
                at += whole.count
            }
            try file.sync()
            mapped = try MappedFile(file)
            try retrying { rename(temporary, path) }
        } catch let error as SystemError { throw error.failure(.failed, "write", object: path) }
        (places, known, end) = ([], [:], Self.fileHeaderBytes)
        try load()
    }
}
