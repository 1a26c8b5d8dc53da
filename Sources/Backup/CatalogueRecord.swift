import Base
import CLinux
import Repository

/// What tells whether a file is still the one that was read: a change of content changes one of these.
struct FileIdentity: Equatable, Sendable {
    var inode: UInt64 = 0
    var device: UInt64 = 0
    var size: UInt64 = 0
    var modified = Timestamp(seconds: 0)
    var changed = Timestamp(seconds: 0)

    init() {}

    init(_ stat: clinux_stat) {
        inode = stat.ino
        device = UInt64(stat.dev_major) << 32 | UInt64(stat.dev_minor)
        size = stat.size
        modified = Timestamp(seconds: stat.mtime_sec, nanoseconds: stat.mtime_nsec)
        changed = Timestamp(seconds: stat.ctime_sec, nanoseconds: stat.ctime_nsec)
    }

    /// Times of change step by milliseconds, by whole seconds on some file systems, by two on others, and a
    /// server's clock may lag: a file changed so shortly before `now` may change again unseen.
    func isUncertain(at now: Timestamp) -> Bool {
        let age = (now.seconds &- changed.seconds) &* 1000 &+ (Int64(now.nanoseconds) - Int64(changed.nanoseconds)) / 1_000_000
        return age < 2_500
    }
}

/// An entry of the last snapshot with what a node needs to recognise it unchanged.
struct CatalogueRecord: Sendable {
    var entry: Entry
    var identity = FileIdentity()
    /// Changed so shortly before it was read that a later change might not show in its times.
    var isUncertain = false
    /// The chunks of a content that the entry itself names by a list.
    var listed: [ChunkReference] = []

    private enum Tag: UInt8 {
        case none = 0
        case bundle = 1
        case chunks = 2
        case list = 3
    }

    func write(to w: inout ByteWriter, after previous: [UInt8]) {
        let shared = previous.commonPrefix(with: entry.key)
        w.varint(UInt64(shared))
        w.counted(entry.key[shared...])
        w.u8(entry.kind.rawValue)
        w.u8(isUncertain ? 1 : 0)
        w.u16(entry.mode)
        w.u32(entry.uid)
        w.u32(entry.gid)
        w.timestamp(entry.mtime)
        w.u64(entry.size)
        w.u64(identity.inode)
        w.u64(identity.device)
        w.u64(identity.size)
        w.timestamp(identity.modified)
        w.timestamp(identity.changed)
        w.counted(entry.userName ?? [])
        w.counted(entry.groupName ?? [])
        w.u64(entry.linkGroup ?? 0)
        w.u32(entry.major)
        w.u32(entry.minor)
        w.counted(entry.linkTarget)
        w.varint(UInt64(entry.xattrs.count))
        for attribute in entry.xattrs {
            w.counted(attribute.name)
            w.counted(attribute.value)
        }
        w.varint(UInt64(entry.holes.count))
        for hole in entry.holes {
            w.varint(hole.offset)
            w.varint(hole.length)
        }
        w.u8(entry.contentHash == nil ? 0 : 1)
        w.id(entry.contentHash ?? .zero)
        switch entry.content {
        case .none, .inline: w.u8(Tag.none.rawValue)
        case .bundle(let id, let offset, let length):
            w.u8(Tag.bundle.rawValue)
            w.digest(id)
            w.u32(offset)
            w.u32(length)
        case .chunks(let chunks): Self.write(chunks, .chunks, to: &w)
        case .list(let root, let level, let count, let length):
            Self.write(listed, .list, to: &w)
            w.digest(root)
            w.u8(level)
            w.u64(count)
            w.u64(length)
        }
    }

    private static func write(_ chunks: [ChunkReference], _ tag: Tag, to w: inout ByteWriter) {
        w.u8(tag.rawValue)
        w.varint(UInt64(chunks.count))
        for chunk in chunks {
            w.digest(chunk.id)
            w.u32(chunk.length)
        }
    }

    init(entry: Entry, identity: FileIdentity = FileIdentity(), isUncertain: Bool = false, listed: [ChunkReference] = []) {
        self.entry = entry
        self.identity = identity
        self.isUncertain = isUncertain
        self.listed = listed
    }

    /// `like`: the record before, whose owners' names are shared where they are the same.
    init(_ r: inout ByteReader, after previous: [UInt8], like: CatalogueRecord? = nil) throws {
        let shared = try r.count(limit: previous.count, "shared")
        let rest = try r.view(r.count(limit: 1 << 17, "key"))
        let key = [UInt8](unsafeUninitializedCapacity: shared + rest.count) { room, count in
            let room = UnsafeMutableRawBufferPointer(room)
            previous.withUnsafeBytes { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<shared])) }
            UnsafeMutableRawBufferPointer(rebasing: room[shared...]).copyMemory(from: rest)
            count = shared + rest.count
        }
        guard let kind = Entry.Kind(rawValue: try r.u8()) else { throw Failure(.damaged, .malformedRecord("kind")) }
        isUncertain = try r.u8() == 1
        entry = Entry(key: key, kind: kind, mode: try r.u16(), uid: try r.u32(), gid: try r.u32(), mtime: try r.timestamp())
        entry.size = try r.u64()
        identity.inode = try r.u64()
        identity.device = try r.u64()
        identity.size = try r.u64()
        identity.modified = try r.timestamp()
        identity.changed = try r.timestamp()
        entry.userName = try Self.name(&r, like: like?.entry.userName)
        entry.groupName = try Self.name(&r, like: like?.entry.groupName)
        let link = try r.u64()
        entry.linkGroup = link == 0 ? nil : link
        entry.major = try r.u32()
        entry.minor = try r.u32()
        entry.linkTarget = try r.counted(limit: 4096, "target")
        entry.xattrs = try (0..<r.count(limit: 1024, "attributes")).map { _ in
            Entry.Attribute(name: try r.counted(limit: 255, "name"), value: try r.counted(limit: 65536, "value"))
        }
        entry.holes = try (0..<r.count(limit: 4096, "holes")).map { _ in Entry.Hole(offset: try r.varint(), length: try r.varint()) }
        let hasHash = try r.u8() == 1
        let hash = try r.id()
        entry.contentHash = hasHash ? hash : nil
        switch Tag(rawValue: try r.u8()) {
        case .some(.none): break
        case .bundle: entry.content = .bundle(id: try r.digest(), offset: try r.u32(), length: try r.u32())
        case .chunks: entry.content = .chunks(try Self.chunks(&r))
        case .list:
            listed = try Self.chunks(&r)
            entry.content = .list(root: try r.digest(), level: try r.u8(), chunkCount: try r.u64(), length: try r.u64())
        case nil: throw Failure(.damaged, .malformedRecord("content"))
        }
    }

    private static func name(_ r: inout ByteReader, like: [UInt8]?) throws -> [UInt8]? {
        let bytes = try r.view(r.count(limit: 255, "name"))
        if bytes.isEmpty { return nil }
        if let like, like.count == bytes.count, like.withUnsafeBytes({ $0.elementsEqual(bytes) }) { return like }
        return Array(bytes)
    }

    /// Passes over a record; where its content is a range of a bundle, that and its hash.
    static func skim(_ r: inout ByteReader) throws -> (hash: ShortID, content: Entry.Content)? {
        _ = try r.varint()
        _ = try r.view(r.count(limit: 1 << 17, "key"))
        // Kind, uncertainty, mode, owners, time, size; inode, device, size, two times.
        _ = try r.view(1 + 1 + 2 + 4 + 4 + 12 + 8 + 8 + 8 + 8 + 12 + 12)
        for _ in 0..<2 { _ = try r.view(r.count(limit: 255, "name")) }
        _ = try r.view(8 + 4 + 4)
        _ = try r.view(r.count(limit: 4096, "target"))
        for _ in 0..<(try r.count(limit: 1024, "attributes")) {
            _ = try r.view(r.count(limit: 255, "name"))
            _ = try r.view(r.count(limit: 65536, "value"))
        }
        for _ in 0..<(2 * (try r.count(limit: 4096, "holes"))) { _ = try r.varint() }
        let hasHash = try r.u8() == 1
        let hash = try r.id()
        switch Tag(rawValue: try r.u8()) {
        case .some(.none): return nil
        case .bundle:
            let content = Entry.Content.bundle(id: try r.digest(), offset: try r.u32(), length: try r.u32())
            return hasHash ? (hash, content) : nil
        case .chunks: _ = try r.view(36 * (try r.count(limit: r.remaining / 36, "chunks")))
        case .list:
            _ = try r.view(36 * (try r.count(limit: r.remaining / 36, "chunks")))
            _ = try r.view(32 + 1 + 8 + 8)
        case nil: throw Failure(.damaged, .malformedRecord("content"))
        }
        return nil
    }

    private static func chunks(_ r: inout ByteReader) throws -> [ChunkReference] {
        try (0..<r.count(limit: r.remaining / 36, "chunks")).map { _ in ChunkReference(id: try r.digest(), length: try r.u32()) }
    }
}
