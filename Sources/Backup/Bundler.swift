import Base
import Chunking
import Codec
import Glibc
import Keys
import Repository

/// Contents of small files by their hash: those of the last snapshot, and those of this run. A renamed or
/// copied file is found here.
struct KnownContents {
    /// Contents remembered, at most: beyond it a renamed file is stored again.
    static let limit = 500_000

    private(set) var stored: [ShortID: Entry.Content] = [:]

    /// None.
    init() {}

    /// Contents of the last snapshot.
    init(_ reader: CatalogueReader?) throws {
        guard let reader else { return }
        func take(_ hash: ShortID, _ content: Entry.Content) -> Bool {
            if case .bundle(let id, _, _) = content, !reader.weakBundles.contains(id) { stored[hash] = content }
            return stored.count < Self.limit
        }
        // The first record is decoded already.
        if let first = reader.current?.entry, let hash = first.contentHash { _ = take(hash, first.content) }
        try reader.forEachSmallContent(take)
    }
}

/// Collects small files into bundles, in path order. Where a bundle ends is decided by its contents, so
/// that the same files make the same bundles in another run.
final class Bundler {
    enum Found {
        /// Stored before, at every site.
        case known(Entry.Content)
        /// The same as an earlier file of this run.
        case same(EntryAssembler.Shared)
        case new
    }

    private let pipeline: Pipeline
    private let hasher: KeyedHasher
    private let contents: () -> KnownContents
    private lazy var old = contents()
    private var recent: [ShortID: EntryAssembler.Shared] = [:]
    private var edges: BundleCutter
    private let sizes = Monitor<[Digest: UInt32]>([:])

    private var slab: Slab?
    private var start = 0
    private var end = 0
    private var members: [(entry: PendingEntry, offset: Int, length: Int)] = []

    init(pipeline: Pipeline, keys: DomainKeys, contents: @escaping () -> KnownContents) {
        self.pipeline = pipeline
        self.contents = contents
        hasher = keys.hasher()
        edges = BundleCutter(key: keys.bundleEdgeKey)
    }

    /// Plain length of each bundle made in this run.
    var totals: [Digest: UInt32] { sizes.look { $0 } }

    /// Reads a small file behind what is there. It is not part of the bundle until `keep`.
    func read(_ file: File, atMost limit: Int) throws -> (count: Int, place: Int) {
        try makeRoom(limit + 1)
        var count = 0
        while count < limit {
            let n = try file.read(into: UnsafeMutableRawBufferPointer(start: slab!.buffer.base + end + count, count: limit - count))
            if n == 0 { break }
            count += n
        }
        return (count, end)
    }

    /// The same for bytes that were read elsewhere; returns their place.
    func copy(_ bytes: UnsafeRawBufferPointer) throws -> Int {
        try makeRoom(bytes.count)
        (slab!.buffer.base + end).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        return end
    }

    private func makeRoom(_ count: Int) throws {
        if slab != nil, Slab.bytes - end >= count { return }
        // The bundle at hand moves along: its end is decided by its contents, not by where a slab ends.
        guard let fresh = Slab(pipeline.slabs) else { throw pipeline.failure ?? Failure(.interrupted, .interrupted) }
        if let old = slab {
            fresh.buffer.base.copyMemory(from: old.buffer.base + start, byteCount: end - start)
            old.release()
        }
        slab = fresh
        end -= start
        start = 0
    }

    /// The keyed hash of the bytes at a place.
    func hash(_ place: Int, _ count: Int) -> ShortID { ShortID(hasher.hash(prefix: IDKind.content.rawValue, slab!.bytes(place..<place + count))) }

    /// Whether a content of that hash is stored already.
    func find(_ hash: ShortID, _ count: Int) -> Found {
        if let first = recent[hash] { return .same(first) }
        if let content = old.stored[hash], case .bundle(let id, _, let length) = content, Int(length) == count, pipeline.known.isKnown(id) {
            return .known(content)
        }
        return .new
    }

    /// Puts the bytes just read into the bundle.
    func keep(_ entry: PendingEntry, _ shared: EntryAssembler.Shared, _ hash: ShortID, _ place: Int, _ count: Int) throws {
        members.append((entry, place - start, count))
        end = place + count
        if recent.count < KnownContents.limit { recent[hash] = shared }
        if edges.add(length: count, contentHash: hash) { try close() }
    }

    /// Ends the bundle at hand.
    func close() throws {
        guard !members.isEmpty, let slab else { return }
        slab.retain()
        try pipeline.submit(.bundle(Bundle(slab: slab, range: start..<end, members: members, totals: sizes)))
        members = []
        start = end
        edges.reset()
    }

    deinit { slab?.release() }
}
