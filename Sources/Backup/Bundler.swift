import Base
import Chunking
import Codec
import Glibc
import Keys
import Repository

/// A range of a bundle that is known by its number.
struct BundlePlace {
    let bundle: UInt32
    let offset: UInt32
    let length: UInt32
}

/// Contents of the small files of the last snapshot by their hash: a renamed or copied file is found here.
struct KnownContents {
    /// Contents remembered, at most: as many as a dictionary of 2^18 places takes, some 8 MiB. Beyond it a renamed or
    /// copied file is stored again.
    static let limit = 3 << 16

    private var places: [ShortID: BundlePlace] = [:]
    private var bundles: [Digest] = []

    /// None.
    init() {}

    /// Contents of the last snapshot.
    init(_ reader: CatalogueReader?) throws {
        guard let reader else { return }
        var numbers: [Digest: UInt32] = [:]
        func take(_ hash: ShortID, _ content: Entry.Content) -> Bool {
            if case .bundle(let id, let offset, let length) = content, !reader.weakBundles.contains(id) {
                if numbers[id] == nil {
                    numbers[id] = UInt32(bundles.count)
                    bundles.append(id)
                }
                places[hash] = BundlePlace(bundle: numbers[id]!, offset: offset, length: length)
            }
            return places.count < Self.limit
        }
        // The first record is decoded already.
        if let first = reader.current?.entry, let hash = first.contentHash { _ = take(hash, first.content) }
        try reader.forEachSmallContent(take)
    }

    subscript(_ hash: ShortID) -> (bundle: Digest, place: BundlePlace)? { places[hash].map { (bundles[Int($0.bundle)], $0) } }
}

/// The bundles of this run, by their numbers; the id is known when a worker has hashed it.
typealias MadeBundles = Monitor<[(id: Digest?, length: UInt32)]>

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
    /// Contents of this run, and those of bundles that no worker has hashed yet.
    private var recent: [ShortID: BundlePlace] = [:]
    private var pending: [ShortID: EntryAssembler.Shared] = [:]
    private var unhashed: [(bundle: UInt32, contents: [ShortID])] = []
    private var edges: BundleCutter
    private let made = MadeBundles([])

    private var slab: Slab?
    private var start = 0
    private var end = 0
    private var members: [(entry: PendingEntry, offset: Int, length: Int)] = []
    private var contentsAtHand: [ShortID] = []
    private var number: UInt32 = 0

    init(pipeline: Pipeline, keys: DomainKeys, contents: @escaping () -> KnownContents) {
        self.pipeline = pipeline
        self.contents = contents
        hasher = keys.hasher()
        edges = BundleCutter(key: keys.bundleEdgeKey)
    }

    /// Plain length of each bundle made in this run.
    var totals: [Digest: UInt32] {
        made.look { Dictionary($0.compactMap { one in one.id.map { ($0, one.length) } }, uniquingKeysWith: { first, _ in first }) }
    }

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
        if let place = recent[hash] {
            if let id = made.look({ $0[Int(place.bundle)].id }) { return .known(.bundle(id: id, offset: place.offset, length: place.length)) }
            if let first = pending[hash] { return .same(first) }
        }
        if let (id, place) = old[hash], Int(place.length) == count, pipeline.known.isKnown(id) {
            return .known(.bundle(id: id, offset: place.offset, length: place.length))
        }
        return .new
    }

    /// Puts the bytes just read into the bundle.
    func keep(_ entry: PendingEntry, _ shared: EntryAssembler.Shared, _ hash: ShortID, _ place: Int, _ count: Int) throws {
        if members.isEmpty {
            number = made.look { made in
                made.append((nil, 0))
                return UInt32(made.count - 1)
            }
        }
        members.append((entry, place - start, count))
        end = place + count
        if recent.count < KnownContents.limit {
            recent[hash] = BundlePlace(bundle: number, offset: UInt32(place - start), length: UInt32(count))
            pending[hash] = shared
            contentsAtHand.append(hash)
        }
        if edges.add(length: count, contentHash: hash) { try close() }
    }

    /// Ends the bundle at hand.
    func close() throws {
        guard !members.isEmpty, let slab else { return }
        slab.retain()
        try pipeline.submit(.bundle(Bundle(slab: slab, range: start..<end, members: members, number: number, made: made)))
        members = []
        start = end
        edges.reset()
        unhashed.append((number, contentsAtHand))
        contentsAtHand = []
        forgetHashed()
    }

    /// What has an id is found by its place.
    private func forgetHashed() {
        let isHashed = made.look { made in unhashed.prefix { made[Int($0.bundle)].id != nil }.count }
        for bundle in unhashed.prefix(isHashed) { for hash in bundle.contents { pending[hash] = nil } }
        unhashed.removeFirst(isHashed)
    }

    deinit { slab?.release() }
}
