import Base
import Codec
import Glibc
import Keys
import Repository
import Sites
import TestSupport

@testable import Backup

/// A node, one site in memory and a source folder: takes real snapshots and reads them with the restore keys.
final class BackupFixture {
    static let tenant = try! TestTenant(seed: 31)

    let source: TemporaryFolder
    private let own: TemporaryFolder
    private let site: MemorySite
    private let state: TenantState

    /// `source`: a folder that another fixture has filled.
    init(source: TemporaryFolder? = nil) throws {
        self.source = try source ?? TemporaryFolder()
        own = try TemporaryFolder()
        site = try Self.tenant.memorySite()
        state = try TenantState(folder: own.path + "/state")
    }

    /// What one run left.
    struct Taken {
        let result: BackupResult
        let root: Digest
        /// Those below the source's folder, by their path in it.
        let entries: [String: Entry]
        /// The same paths, in the order of the tree.
        let order: [String]

        /// Ids of the blobs of data that the files use.
        var blobs: Set<Digest> {
            Set(
                entries.values.flatMap { entry -> [Digest] in
                    switch entry.content {
                    case .bundle(let id, _, _): [id]
                    case .chunks(let chunks): chunks.map(\.id)
                    default: []
                    }
                })
        }
    }

    func run(exclude: [String] = [], chunking: BackupSource.Chunking = .auto, compression: CompressionMethod = .auto) throws -> Taken {
        let open = try OpenSite(Self.tenant.open(site, state: state), keys: Self.tenant.nodeKeys, scratch: own.path)
        let source = try BackupSource(
            name: "files", origin: .paths([Array(self.source.path.utf8)]), exclude: exclude, chunking: chunking, compression: compression)
        let run = BackupRun(
            source: source, node: NodeIdentity(name: "node", signer: Self.tenant.node, domain: Self.tenant.domain), sites: [open], quorum: 1,
            state: state,
            program: "test")
        let result = try run.run()
        var entries: [String: Entry] = [:]
        var order: [String] = []
        var stream = try TreeReader(source: reader(), root: result.outline.root).entries(under: Entry.key(path: Array(self.source.path.utf8)))
        while let entry = try stream.next() {
            let path = String(decoding: entry.path, as: UTF8.self)
            guard path.hasPrefix(self.source.path + "/") else { continue }
            let inner = String(path.dropFirst(self.source.path.count + 1))
            entries[inner] = entry
            order.append(inner)
        }
        return Taken(result: result, root: result.outline.root, entries: entries, order: order)
    }

    /// What restores: by the site alone, nothing that the node remembers.
    func reader() throws -> BlobReader {
        let open = try OpenSite(Self.tenant.open(site), keys: Self.tenant.restoreKeys, scratch: own.path + "/read-" + hexString(randomBytes(4)))
        return BlobReader(sites: [open], keys: Self.tenant.restoreKeys, domain: Self.tenant.domain.domain)
    }

    /// The bytes of a file, holes as zeros.
    func content(_ entry: Entry, _ reader: BlobReader) throws -> [UInt8] {
        var data: [UInt8] = []
        switch entry.content {
        case .none: break
        case .inline(let bytes): data = bytes
        case .bundle(let id, let offset, let length):
            data = try reader.blob(id, kind: .data) { Array($0[Int(offset)..<Int(offset) + Int(length)]) }
        case .chunks, .list:
            var chunks = TreeReader(source: reader, root: .zero).chunks(of: entry)
            while let chunk = try chunks.next() {
                let bytes = try reader.blob(chunk.id, kind: .data) { Array($0) }
                guard bytes.count == Int(chunk.length) else { throw Failure(.damaged, .chunkTooShort) }
                data += bytes
            }
        }
        guard UInt64(data.count) == entry.dataLength else { throw Failure(.damaged, .chunkTooShort) }
        var bytes: [UInt8] = []
        for hole in entry.holes {
            let before = Int(hole.offset) - bytes.count
            bytes += data.prefix(before) + [UInt8](repeating: 0, count: Int(hole.length))
            data.removeFirst(before)
        }
        return bytes + data
    }

    /// The paths whose content is not `expected`.
    func wrong(_ taken: Taken, _ expected: [String: [UInt8]]) throws -> [String] {
        let reader = try reader()
        return try expected.keys.sorted().filter { path in
            guard let entry = taken.entries[path], entry.kind == .file else { return true }
            return try content(entry, reader) != expected[path]
        }
    }
}

/// Small files in folders, some of them equal, and some at the sizes where the way changes.
struct SampleFiles {
    private(set) var contents: [String: [UInt8]] = [:]
    private var random: SeededGenerator

    init(seed: UInt64, count: Int) {
        random = SeededGenerator(seed)
        let limit = Int(ContentReader.bundleLimit)
        let sizes = [0, 1, 511, 512, 513, 4095, 4096, 65_536, limit - 1, limit, limit + 1]
        for number in 0..<count {
            let folder = ["", "a/", "a/deep/", "b/"][random.below(4)]
            let size = random.chance(12) ? random.pick(sizes) : random.below(random.chance(3) ? 20_000 : 2_000)
            let isCopy = random.chance(8) && !contents.isEmpty
            contents["\(folder)f\(1000 + number)"] = isCopy ? random.pick(contents.keys.sorted().map { contents[$0]! }) : random.bytes(size)
        }
    }

    func write(_ folder: TemporaryFolder) throws { for (path, bytes) in contents { try folder.write(path, bytes) } }

    mutating func pick() -> String { random.pick(contents.keys.sorted()) }

    /// Gives a file another name, in a folder that exists.
    mutating func rename(_ path: String, to other: String, in folder: TemporaryFolder) {
        contents[other] = contents.removeValue(forKey: path)
        Glibc.rename(folder.path + "/" + path, folder.path + "/" + other)
    }

    mutating func change(_ path: String, in folder: TemporaryFolder) throws {
        contents[path] = random.bytes(1 + random.below(5_000))
        try folder.write(path, contents[path]!)
    }
}
