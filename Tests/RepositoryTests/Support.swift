import Base
import Codec
import Glibc
import Keys
import TestSupport

@testable import Repository

/// The tenant of these tests; its keys are the same in every run.
let tenant = try! TestTenant(seed: 7)

/// A folder in memory where the machine has room for one: these tests sync small files by the thousand.
final class FastFolder {
    let path: String

    init() throws {
        path = (access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + "/hdsbackup-test-" + hexString(randomBytes(8))
        try Files.makeFolder(path)
    }

    deinit { try? Files.removeFolder(path) }

    /// Names in it that begin with `prefix`.
    func names(_ prefix: String) throws -> [String] { try Files.names(path).filter { $0.hasPrefix(prefix) } }

    /// Changes a file as a disk, a crash or a hand would.
    func damage(_ name: String, _ random: inout SeededGenerator) throws {
        let file = path + "/" + name
        var bytes = try Files.read(file) ?? []
        switch random.below(5) {
        case 0:
            unlink(file)
            return
        case 1: bytes = []
        case 2: bytes.removeLast(min(bytes.count, 1 + random.below(bytes.count + 1)))
        case 3: bytes += random.bytes(1 + random.below(60))
        default: if !bytes.isEmpty { bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8)) }
        }
        try Files.replace(file, bytes)
    }
}

extension SeededGenerator {
    mutating func session() -> SessionID { SessionID(generation: UInt32(below(4)), random: id()) }
    mutating func packKey() -> PackKey { PackKey(digest: digest(), session: session(), attempt: UInt8(chance(4) ? below(256) : 0)) }
    mutating func commitKey() -> CommitKey { CommitKey(snapshot: id(), session: session()) }
    mutating func segmentKey() -> SegmentKey { SegmentKey(session: session(), number: u32(), isMerged: chance(3)) }
    mutating func list<T>(_ most: Int, _ make: (inout SeededGenerator) -> T) -> [T] { (0..<below(most + 1)).map { _ in make(&self) } }
}

/// One blob as a builder is given it.
struct SampleBlob {
    let kind: BlobKind
    let id: Digest
    let plain: [UInt8]
    let references: [Digest]

    init(_ kind: BlobKind, _ plain: [UInt8], references: [Digest] = []) {
        self.kind = kind
        self.plain = plain
        self.references = references
        id = tenant.blobID(kind, plain)
    }

    static func data(_ count: Int, _ random: inout SeededGenerator) -> SampleBlob {
        SampleBlob(.data, random.chance(2) ? random.bytes(count) : random.text(count))
    }

    /// A tree page whose entries refer to as many bundles.
    static func treePage(_ count: Int, _ random: inout SeededGenerator) -> SampleBlob {
        let entries = (0..<count).map { number in
            var entry = Entry(key: Array("f\(1000 + number)".utf8), kind: .file, mode: 0o644, uid: 0, gid: 0, mtime: Timestamp(seconds: 1))
            entry.size = 9
            entry.content = .bundle(id: random.digest(), offset: 0, length: 9)
            return entry
        }
        let (plain, references) = TreePage.encode(entries)
        return SampleBlob(.treePage, plain, references: references)
    }

    static func listPage(_ count: Int, _ random: inout SeededGenerator) -> SampleBlob {
        SampleBlob(.listPage, ListPage.encode((0..<count).map { _ in ChunkReference(id: random.digest(), length: 1 + random.u32() / 2) }))
    }

    static func make(_ random: inout SeededGenerator) -> SampleBlob {
        switch random.below(4) {
        case 0: treePage(random.below(300), &random)
        case 1: listPage(1 + random.below(300), &random)
        default: data(random.pick([0, 1, 2, 3, 511, 512, 513, 4095, 40_000, random.below(300_000)]), &random)
        }
    }
}

extension PackBuilder {
    func add(_ blob: SampleBlob) throws {
        try blob.plain.withUnsafeBytes { _ = try add(blob.kind, id: blob.id, $0, checksum: quickChecksum($0), references: blob.references) }
    }
}

/// Puts blobs into one pack.
func pack(_ blobs: [SampleBlob], _ run: RunKey, method: CompressionMethod = .auto) throws -> FinishedPack {
    let builder = PackBuilder(run: run, method: method)
    builder.begin(Buffer(capacity: PackBuilder.bufferBytes))
    for blob in blobs { try builder.add(blob) }
    return builder.finish()
}

extension FinishedPack {
    var bytes: UnsafeRawBufferPointer { buffer.bytes }
    var header: PackHeader { get throws { try PackHeader(bytes, tenant: tenant.id) } }

    /// Where the sealed directory is.
    var directoryRange: Range<Int> {
        get throws {
            let end = bytes.count - PackLimits.trailerBytes
            let count = try PackDirectory.sealedCount(UnsafeRawBufferPointer(rebasing: bytes[end...]), packSize: bytes.count)
            return end - count..<end
        }
    }

    func directory(_ keys: KeyRing) throws -> PackDirectory {
        try PackDirectory(header: header, sealed: UnsafeRawBufferPointer(rebasing: bytes[directoryRange]), packSize: bytes.count, keys: keys)
    }

    func sealed(_ row: PackRow) -> [UInt8] { Array(bytes[Int(row.offset)..<Int(row.offset) + Int(row.length)]) }
}
