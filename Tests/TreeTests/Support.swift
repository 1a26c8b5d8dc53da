import Base
import Chunking
import Repository

/// SplitMix64: the same numbers for the same seed, everywhere.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
    mutating func chance(_ oneIn: Int) -> Bool { below(oneIn) == 0 }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
    mutating func digest() -> Digest { Digest(a: next(), b: next(), c: next(), d: next()) }
}

let edgeKey = [UInt8](0..<16)

/// Pages in memory, by a hash of their bytes. Counts what is read.
final class MemoryPages: PageSource {
    private(set) var pages: [Digest: [UInt8]] = [:]
    private(set) var kinds: [Digest: PageKind] = [:]
    private(set) var references: [Digest: [Digest]] = [:]
    private(set) var reads: [Digest] = []

    init() {}

    /// The same pages, to which others can be added.
    init(copying other: MemoryPages) { pages = other.pages }

    func put(_ kind: PageKind, _ plain: [UInt8], _ references: [Digest] = []) -> Digest {
        let id = Self.hash(plain)
        pages[id] = plain
        kinds[id] = kind
        self.references[id] = references
        return id
    }

    /// Stores bytes under an id that they do not hash to.
    func plant(_ plain: [UInt8], as id: Digest) { pages[id] = plain }

    func page(_ id: Digest, kind: PageKind) throws -> [UInt8] {
        reads.append(id)
        guard let plain = pages[id] else { throw Failure(.missing, .damagedTree("no such page"), object: id.hex) }
        return plain
    }

    func forgetReads() { reads = [] }

    private static func hash(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { bytes in
            let words = (0..<4).map { SipHash24(key: [UInt8](repeating: $0, count: 16)).hash(bytes) }
            return Digest(a: words[0], b: words[1], c: words[2], d: words[3])
        }
    }
}

func entry(_ path: String, _ kind: Entry.Kind = .folder) -> Entry {
    Entry(key: Entry.key(path: Array(path.utf8)), kind: kind, mode: 0o755, uid: 0, gid: 0, mtime: Timestamp(seconds: 1))
}

func file(_ path: String, _ content: String = "", mtime: Int64 = 1) -> Entry {
    var entry = entry(path, .file)
    entry.mtime = Timestamp(seconds: mtime)
    entry.size = UInt64(content.utf8.count)
    entry.content = content.isEmpty ? .none : .inline(Array(content.utf8))
    return entry
}

func build(_ entries: [Entry], into pages: MemoryPages) throws -> TreeBuilder.Result {
    var builder = TreeBuilder(edgeKey: edgeKey) { pages.put($0, $1, $2) }
    for entry in entries { try builder.append(entry) }
    return try builder.finish()
}

func all(_ stream: EntryStream) throws -> [Entry] {
    var stream = stream
    var entries: [Entry] = []
    while let entry = try stream.next() { entries.append(entry) }
    return entries
}

/// Entries of every kind with every field, in order, with their folders.
struct RandomEntries {
    private var random: Seeded
    private var entries: [Entry] = []
    private var chunk = Digest.zero

    init(seed: UInt64) { random = Seeded(seed) }

    static func make(_ count: Int, seed: UInt64) -> [Entry] {
        var maker = RandomEntries(seed: seed)
        return maker.make(count)
    }

    mutating func make(_ count: Int) -> [Entry] {
        var folders: [[UInt8]] = [[]]
        var keys = Set<[UInt8]>()
        while entries.count < count {
            let parent = folders[random.below(folders.count)]
            let key = Entry.key(of: name(), in: parent)
            guard keys.insert(key).inserted else { continue }
            let entry = entry(key)
            if entry.kind == .folder, key.count < 4096 { folders.append(key) }
            entries.append(entry)
        }
        return entries.sorted { Entry.precedes($0, $1) }
    }

    private mutating func name() -> [UInt8] {
        // Few letters, some of them around the separator and the slash, so that names share beginnings.
        let letters: [UInt8] = [1, 0x2D, 0x2E, 0x30, 0x61, 0x62, 0xC3, 0xA9, 0xFF]
        while true {
            let count = random.chance(50) ? 255 : 1 + random.below(12)
            let name = (0..<count).map { _ in letters[random.below(letters.count)] }
            if Entry.keyProblem(name) == nil { return name }
        }
    }

    mutating func entry(_ key: [UInt8]) -> Entry {
        let kinds: [Entry.Kind] = [.file, .file, .file, .file, .folder, .folder, .symlink, .fifo, .socket, .charDevice, .blockDevice]
        let seconds: Int64 = random.chance(20) ? .min : Int64(truncatingIfNeeded: random.next() >> 20) - (1 << 40)
        var entry = Entry(
            key: key, kind: kinds[random.below(kinds.count)], mode: UInt16(random.below(0o10000)), uid: UInt32(random.below(4)),
            gid: random.chance(10) ? .max : 100, userName: random.chance(3) ? nil : Array("user\(random.below(3))".utf8),
            groupName: random.chance(2) ? nil : [0xFF],
            mtime: Timestamp(seconds: seconds, nanoseconds: UInt32(random.below(1_000_000_000))))
        if entry.kind != .folder, random.chance(5) { entry.linkGroup = random.next() >> UInt64(random.below(64)) }
        if random.chance(5) {
            entry.xattrs = (0...random.below(3)).map { Entry.Attribute(name: Array("user.\($0)".utf8), value: random.bytes(random.below(40))) }
        }
        switch entry.kind {
        case .symlink:
            entry.linkTarget = Array("../x".utf8) + [UInt8](repeating: 0x61, count: random.below(30))
        case .charDevice, .blockDevice:
            entry.major = UInt32(random.below(300))
            entry.minor = random.chance(4) ? .max : 3
        case .file:
            content(of: &entry)
        default:
            break
        }
        return entry
    }

    private mutating func content(of entry: inout Entry) {
        switch random.below(6) {
        case 0: entry.content = .none
        case 1: entry.content = .inline(random.bytes(1 + random.below(40)))
        case 2, 3:
            if random.chance(4) { chunk = random.digest() }
            entry.content = .bundle(id: chunk, offset: UInt32(random.below(1 << 20)), length: 1 + UInt32(random.below(1 << 16)))
            entry.contentHash = ShortID(random.digest())
        case 4:
            entry.content = .chunks(
                (0...random.below(6)).map { _ in
                    ChunkReference(id: random.chance(3) ? chunk : random.digest(), length: 1 + UInt32(random.below(1 << 22)))
                })
        default:
            entry.content = .list(root: random.digest(), level: UInt8(random.below(8)), chunkCount: 33 + UInt64(random.below(100)), length: 1 << 40)
        }
        entry.size = Self.length(entry.content)
        guard random.chance(4) else { return }
        var end: UInt64 = random.chance(2) ? 0 : 4096
        for _ in 0...random.below(4) {
            let hole = Entry.Hole(offset: end, length: 1 + UInt64(random.below(1 << 20)))
            entry.holes.append(hole)
            end = hole.offset + hole.length + 1 + UInt64(random.below(8192))
        }
        entry.size += entry.holes.reduce(0) { $0 + $1.length }
        if let last = entry.holes.last, last.offset + last.length > entry.size {
            entry.size -= entry.holes.reduce(0) { $0 + $1.length }
            entry.holes = []
        }
    }

    static func length(_ content: Entry.Content) -> UInt64 {
        switch content {
        case .none: 0
        case .inline(let bytes): UInt64(bytes.count)
        case .bundle(_, _, let length): UInt64(length)
        case .chunks(let chunks): chunks.reduce(0) { $0 + UInt64($1.length) }
        case .list(_, _, _, let length): length
        }
    }
}

/// The kind of the failure that `body` throws; nil when it throws none.
func failure(of body: () throws -> Void) -> Failure.Kind? {
    do {
        try body()
        return nil
    } catch let failure as Failure {
        return failure.kind
    } catch {
        return .failed
    }
}

/// Mailboxes of 99 small files.
func mail(_ count: Int) -> [Entry] {
    var entries: [Entry] = []
    while entries.count < count {
        let box = "/mail/\(100_000 + entries.count)"
        if entries.isEmpty { entries.append(entry("/mail")) }
        entries.append(entry(box))
        for i in 0..<99 where entries.count < count { entries.append(file("\(box)/\(1000 + i).eml", "x")) }
    }
    return entries
}
