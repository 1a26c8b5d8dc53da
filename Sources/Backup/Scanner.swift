import Base
import CLinux
import Chunking
import Codec
import Glibc
import Keys
import Repository

/// Something of the source that could not be taken, or not wholly.
package struct BackupProblem: Sendable {
    /// The path, raw bytes.
    package let path: [UInt8]
    package let message: Message
}

/// Walks a source in the order of the tree beside the catalogue of its last snapshot: what is unchanged
/// costs one statx; what is not is read and handed to the pipeline. One thread.
final class Scanner {
    private let source: BackupSource
    private var previous: CatalogueReader?
    private let assembler: EntryAssembler
    private let reader: ContentReader
    private let pipeline: Pipeline
    private let keys: DomainKeys
    private let attributes = AttributeReader()
    private let owners = OwnerNames()
    private(set) var problems: [BackupProblem] = []
    private(set) var problemCount: UInt64 = 0
    private var links: [FileIdentityKey: (group: UInt64, shared: EntryAssembler.Shared, identity: FileIdentity, isUncertain: Bool)] = [:]
    private var linkGroups: UInt64 = 0
    private var knownWhole: Set<Digest> = []
    /// Files that lie together share a bundle.
    private var lastKnown: Digest?
    private lazy var readAhead = ReadAhead(keys: keys, readsContent: source.chunking != .fixed)
    private var aheadBuffers: [Buffer] = []
    private var madeBuffers = 0
    private var batchNames = ReadAhead.Batch.most

    private struct FileIdentityKey: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// Folders inside one another: each costs a descriptor and some of the thread's stack.
    private static let depthLimit = 4_000
    private var depth = 0

    /// Problems kept in words; the rest is only counted.
    private static let problemLimit = 10_000

    init(
        source: BackupSource, previous: CatalogueReader?, assembler: EntryAssembler, reader: ContentReader, pipeline: Pipeline, keys: DomainKeys
    ) {
        self.source = source
        self.keys = keys
        self.previous = previous
        self.assembler = assembler
        self.reader = reader
        self.pipeline = pipeline
        assembler.onLost = { [unowned self] key in report(path(key), .vanished) }
    }

    func report(_ path: [UInt8], _ message: Message) {
        problemCount += 1
        if problems.count < Self.problemLimit { problems.append(BackupProblem(path: path, message: message)) }
    }

    // MARK: the paths of the source

    /// Walks `paths`. Throws `.failed` when none of them is there.
    func scan(_ paths: [[UInt8]]) throws {
        defer { if madeBuffers > 0 { readAhead.stop() } }
        let roots = Self.withoutNested(paths.map { $0.split(separator: 0x2F).map(Array.init) })
        var emitted: [[UInt8]] = []
        var found = 0
        for root in roots {
            let path: [UInt8] = [0x2F] + root.joined(separator: [0x2F])
            do {
                let parentPath: [UInt8] = [0x2F] + root.dropLast().joined(separator: [0x2F])
                let parent = try File.open(RawName(parentPath), O_PATH | O_DIRECTORY)
                var stat = clinux_stat()
                if root.isEmpty {
                    stat = try parent.stat()
                } else {
                    try RawName(root.last!).withCString { name in _ = try retrying { clinux_statx(parent.descriptor, name, &stat) } }
                }
                if !root.isEmpty, Self.kind(stat.mode) == .symlink { report(path, .sourceIsLink) }
                try emitAncestors(of: root, emitted: &emitted)
                let context = RootContext(device: stat.dev_major, minor: stat.dev_minor)
                if root.isEmpty {
                    try walkFolder(try File.open("/", O_RDONLY | O_DIRECTORY), key: [], components: [], root: context)
                } else {
                    try visit(root.last!, in: parent, key: Array(root.joined(separator: [0])), components: [], isRoot: true, root: context)
                }
                found += 1
            } catch let error as SystemError { report(path, .cannotRead(error.reason)) }
        }
        guard found > 0 else { throw Failure(.failed, .sourceMissing(source.name)) }
    }

    struct RootContext {
        let device: UInt32
        let minor: UInt32
    }

    /// Sorted, without duplicates and without paths below others.
    static func withoutNested(_ paths: [[[UInt8]]]) -> [[[UInt8]]] {
        let sorted = paths.sorted { compare(Array($0.joined(separator: [0])), Array($1.joined(separator: [0]))) < 0 }
        var kept: [[[UInt8]]] = []
        for path in sorted where !(kept.last.map { path.starts(with: $0) } ?? false) { kept.append(path) }
        return kept
    }

    /// The folders above a source's path are entries too, so that they are restored as they were.
    private func emitAncestors(of root: [[UInt8]], emitted: inout [[UInt8]]) throws {
        for depth in 1..<max(1, root.count) {
            let key = Array(root[..<depth].joined(separator: [0]))
            guard !emitted.contains(key) else { continue }
            let path: [UInt8] = [0x2F] + root[..<depth].joined(separator: [0x2F])
            let folder = try File.open(RawName(path), O_PATH | O_DIRECTORY)  // it may be one that can be passed and not listed
            var record = CatalogueRecord(entry: entry(key, .folder, try folder.stat()))
            record.entry.xattrs = (try? attributes.read(path: RawName(path))) ?? []
            try assembler.add(record)
            emitted.append(key)
        }
    }

    // MARK: one name

    /// `known`: the record of the last snapshot where it was looked up before.
    private func visit(
        _ name: [UInt8], in parent: File, key: [UInt8], components: [[UInt8]], isRoot: Bool, root: RootContext, known: CatalogueRecord?? = nil
    ) throws {
        var stat = clinux_stat()
        do {
            try RawName(name).withCString { name in _ = try retrying { clinux_statx(parent.descriptor, name, &stat) } }
        } catch let error as SystemError {
            return report(path(key), error.code == ENOENT ? .vanished : .cannotRead(error.reason))
        }
        let kind = Self.kind(stat.mode)
        if !isRoot, !source.exclude.isEmpty, source.exclude.excludes(components: components, isFolder: kind == .folder) { return }
        guard key.count <= TreeLimits.keyBytes else { return report(path(key), .pathTooLong) }
        let identity = FileIdentity(stat)
        let old = known ?? lastRecord(key)
        switch kind {
        case .folder: try visitFolder(name, parent, key, components, stat, identity, old, root)
        case .file: try visitFile(name, parent, key, stat, identity, old)
        default: try visitOther(name, parent, key, kind, stat, identity, old)
        }
        if let failure = pipeline.failure { throw failure }
    }

    /// What the last snapshot has at `key`. Keys are asked for in order.
    private func lastRecord(_ key: [UInt8]) -> CatalogueRecord? {
        do { return try previous?.record(key) } catch {
            // A damaged cache costs reading the rest again, never a backup.
            previous = nil
            return nil
        }
    }

    private func visitFolder(
        _ name: [UInt8], _ parent: File, _ key: [UInt8], _ components: [[UInt8]], _ stat: clinux_stat, _ identity: FileIdentity,
        _ old: CatalogueRecord?, _ root: RootContext
    ) throws {
        let isOther = source.staysOnFileSystem && (stat.dev_major, stat.dev_minor) != (root.device, root.minor)
        var record = CatalogueRecord(entry: entry(key, .folder, stat), identity: identity, isUncertain: identity.isUncertain(at: .now()))
        record.entry.xattrs = attributes(old, record, name, parent)
        try assembler.add(record)
        guard !isOther else { return }
        do {
            let folder = try Self.open(name, in: parent, O_RDONLY | O_DIRECTORY)
            try walkFolder(folder, key: key, components: components, root: root)
        } catch let error as SystemError { report(path(key), error.code == ENOENT ? .vanished : .cannotRead(error.reason)) }
    }

    private func walkFolder(_ folder: File, key: [UInt8], components: [[UInt8]], root: RootContext) throws {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { return report(path(key), .pathTooDeep) }
        let names = try NameList(folder)
        var i = 0
        while i < names.count {
            let run = names.files(from: i)
            if run.count >= ReadAhead.Batch.fewest {
                try visitFiles(names, run, in: folder, key: key, components: components, root: root)
                i = run.upperBound
                continue
            }
            let name = Array(names[i])
            let below = source.exclude.isEmpty ? [] : components + [name]
            try visit(name, in: folder, key: Entry.key(of: name, in: key), components: below, isRoot: false, root: root)
            i += 1
        }
    }

    // MARK: many files

    /// A batch on its way, with what the scanner needs when it comes back.
    private struct Ahead {
        let batch: ReadAhead.Batch
        let keys: [[UInt8]]
        let known: [CatalogueRecord?]
        /// Where the next batch begins.
        let end: Int
    }

    /// Chunks in the records of one batch, about: those of a large file are many.
    private static let chunksAhead = 4096

    /// Takes in a run of files, looked at and read ahead by other threads.
    private func visitFiles(
        _ names: NameList, _ run: Range<Int>, in folder: File, key: [UInt8], components: [[UInt8]], root: RootContext
    ) throws {
        var flight: [Ahead] = []
        defer {
            // A buffer is free again when nobody writes to it any more.
            for ahead in flight {
                _ = ahead.batch.outcomes
                aheadBuffers.append(ahead.batch.buffer)
            }
        }
        var next = run.lowerBound
        while next < run.upperBound || !flight.isEmpty {
            while next < run.upperBound, let buffer = freeBuffer() {
                let ahead = prepare(names, next..<min(next + batchNames, run.upperBound), in: folder, key: key, components: components, buffer)
                next = ahead.end
                readAhead.submit(ahead.batch)
                flight.append(ahead)
            }
            if flight.isEmpty {
                // What was a file when a folder above was listed is a folder now, and that one's batches hold every buffer.
                let name = Array(names[next])
                let below = source.exclude.isEmpty ? [] : components + [name]
                try visit(name, in: folder, key: Entry.key(of: name, in: key), components: below, isRoot: false, root: root)
                next += 1
                continue
            }
            let ahead = flight.removeFirst()
            defer { aheadBuffers.append(ahead.batch.buffer) }
            let outcomes = ahead.batch.outcomes
            batchNames = ReadAhead.Batch.names(after: outcomes)
            for (i, outcome) in outcomes.enumerated() {
                try take(outcome, ahead, i, in: folder, components: components, root: root)
            }
            if let failure = pipeline.failure { throw failure }
        }
    }

    private func freeBuffer() -> Buffer? {
        if let free = aheadBuffers.popLast() { return free }
        guard madeBuffers < ReadAhead.depth else { return nil }
        madeBuffers += 1
        return Buffer(capacity: ReadAhead.Batch.bytes)
    }

    private func prepare(
        _ names: NameList, _ range: Range<Int>, in folder: File, key: [UInt8], components: [[UInt8]], _ buffer: Buffer
    ) -> Ahead {
        var (wanted, keys, known): ([ReadAhead.Batch.Name], [[UInt8]], [CatalogueRecord?]) = ([], [], [])
        var (end, chunks) = (range.lowerBound, 0)
        while end < range.upperBound, chunks < Self.chunksAhead {
            defer { end += 1 }
            let name = Array(names[end])
            if !source.exclude.isEmpty, source.exclude.excludes(components: components + [name], isFolder: false) { continue }
            let childKey = Entry.key(of: name, in: key)
            let old = lastRecord(childKey)
            chunks += old?.listed.count ?? 0
            let isKnown = old.map { $0.entry.kind == .file && !$0.isUncertain && isStored($0) } ?? false
            wanted.append(ReadAhead.Batch.Name(bytes: name, known: isKnown ? old!.identity : nil))
            keys.append(childKey)
            known.append(old)
        }
        return Ahead(batch: ReadAhead.Batch(wanted, in: folder, buffer: buffer), keys: keys, known: known, end: end)
    }

    private func take(
        _ outcome: ReadAhead.Outcome, _ ahead: Ahead, _ i: Int, in folder: File, components: [[UInt8]], root: RootContext
    ) throws {
        let (name, key, old) = (ahead.batch.names[i].bytes, ahead.keys[i], ahead.known[i])
        guard key.count <= TreeLimits.keyBytes else { return report(path(key), .pathTooLong) }
        switch outcome {
        case .other:
            let below = source.exclude.isEmpty ? [] : components + [name]
            try visit(name, in: folder, key: key, components: below, isRoot: false, root: root, known: .some(old))
        case .unchanged(let stat):
            var record = CatalogueRecord(entry: entry(key, .file, stat), identity: FileIdentity(stat))
            record.entry.size = stat.size
            try addUnchanged(record, old!, nil)
        case .read(let stat, let isUncertain, let place, let hash):
            var record = CatalogueRecord(entry: entry(key, .file, stat), identity: FileIdentity(stat), isUncertain: isUncertain)
            record.entry.size = stat.size
            try reader.take(ahead.batch.bytes(place), hash: hash, record)
        }
    }

    private func visitOther(
        _ name: [UInt8], _ parent: File, _ key: [UInt8], _ kind: Entry.Kind, _ stat: clinux_stat, _ identity: FileIdentity, _ old: CatalogueRecord?
    ) throws {
        var record = CatalogueRecord(entry: entry(key, kind, stat), identity: identity, isUncertain: identity.isUncertain(at: .now()))
        if kind == .symlink {
            guard let target = Self.readLink(name, parent) else { return report(path(key), .cannotRead(SystemError.last().reason)) }
            record.entry.linkTarget = target
        }
        if kind == .charDevice || kind == .blockDevice {
            record.entry.major = stat.rdev_major
            record.entry.minor = stat.rdev_minor
        }
        record.entry.xattrs = attributes(old, record, name, parent)
        try assembler.add(record)
    }

    private func visitFile(
        _ name: [UInt8], _ parent: File, _ key: [UInt8], _ stat: clinux_stat, _ identity: FileIdentity, _ old: CatalogueRecord?
    ) throws {
        var record = CatalogueRecord(entry: entry(key, .file, stat), identity: identity, isUncertain: identity.isUncertain(at: .now()))
        record.entry.size = stat.size
        var shared: EntryAssembler.Shared?
        if stat.nlink > 1 {
            let inode = FileIdentityKey(device: identity.device, inode: identity.inode)
            if let first = links[inode] {
                // The content is what was read under the first name; if the file changed since, read it again next time.
                record.isUncertain = record.isUncertain || first.isUncertain || identity != first.identity
                record.entry.linkGroup = first.group
                record.entry.xattrs = attributes(old, record, name, parent)
                return try assembler.add(record, sameAs: first.shared)
            }
            shared = EntryAssembler.Shared()
            linkGroups += 1
            links[inode] = (linkGroups, shared!, identity, record.isUncertain)
            record.entry.linkGroup = linkGroups
        }
        if let old, old.entry.kind == .file, old.identity == identity, !old.isUncertain, isStored(old) {
            return try addUnchanged(record, old, shared)
        }
        try readFile(name, parent, record, old, shared)
    }

    /// An entry whose content is that of the last snapshot.
    private func addUnchanged(_ record: consuming CatalogueRecord, _ old: CatalogueRecord, _ shared: EntryAssembler.Shared?) throws {
        record.entry.content = old.entry.content
        record.entry.contentHash = old.entry.contentHash
        record.entry.holes = old.entry.holes
        record.entry.xattrs = old.entry.xattrs
        record.listed = old.listed
        if !old.listed.isEmpty { try assembler.rebuildList(old.listed) }
        if let shared { return try assembler.add(record, defining: shared) }
        try assembler.add(record)
    }

    private func readFile(_ name: [UInt8], _ parent: File, _ record: CatalogueRecord, _ old: CatalogueRecord?, _ shared: EntryAssembler.Shared?)
        throws
    {
        var record = record
        let file: File
        do { file = try Self.open(name, in: parent, O_RDONLY | O_NONBLOCK) } catch let error as SystemError {
            // Another name of the same file may still open.
            links[FileIdentityKey(device: record.identity.device, inode: record.identity.inode)] = nil
            return report(path(record.entry.key), error.code == ENOENT ? .vanished : .cannotRead(error.reason))
        }
        record.entry.xattrs = attributes(old, record, name, parent)
        if record.entry.size == 0, (try? file.stat().size) == 0 {
            if let shared { return try assembler.add(record, defining: shared) }
            return try assembler.add(record)
        }
        do {
            if let message = try reader.read(file, record, shared) { report(path(record.entry.key), message) }
        } catch let error as SystemError { report(path(record.entry.key), .cannotRead(error.reason)) }
    }

    /// Whether every blob of the content is at every site: then the file need not be read. A bundle that
    /// is mostly dead is written again from its living files.
    private func isStored(_ record: CatalogueRecord) -> Bool {
        func known(_ id: Digest) -> Bool {
            if id == lastKnown || knownWhole.contains(id) { return true }
            guard pipeline.known.isKnown(id) else { return false }
            if knownWhole.count > 1 << 16 { knownWhole.removeAll() }
            knownWhole.insert(id)
            lastKnown = id
            return true
        }
        switch record.entry.content {
        case .none: return record.entry.size == 0 || !record.entry.holes.isEmpty
        case .inline: return true
        case .bundle(let id, _, _): return !(previous?.weakBundles.contains(id) ?? false) && known(id)
        case .chunks(let chunks): return chunks.allSatisfy { known($0.id) }
        case .list: return record.listed.allSatisfy { known($0.id) }
        }
    }

    // MARK: small parts

    private func entry(_ key: [UInt8], _ kind: Entry.Kind, _ stat: clinux_stat) -> Entry {
        Entry(
            key: key, kind: kind, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, userName: owners.user(stat.uid),
            groupName: owners.group(stat.gid), mtime: Timestamp(seconds: stat.mtime_sec, nanoseconds: stat.mtime_nsec))
    }

    /// Extended attributes change the time of change, so an unchanged identity keeps the old ones.
    private func attributes(_ old: CatalogueRecord?, _ new: CatalogueRecord, _ name: [UInt8], _ parent: File) -> [Entry.Attribute] {
        if let old, old.entry.kind == new.entry.kind, old.identity == new.identity, !old.isUncertain { return old.entry.xattrs }
        do { return try attributes.read(name, in: parent) } catch {
            report(path(new.entry.key), (error as? Failure)?.message ?? .cannotRead((error as? SystemError)?.reason ?? "\(error)"))
            return []
        }
    }

    /// The path that a key stands for.
    private func path(_ key: [UInt8]) -> [UInt8] { [0x2F] + key.map { $0 == 0 ? 0x2F : $0 } }

    static func kind(_ mode: UInt16) -> Entry.Kind {
        switch UInt32(mode) & S_IFMT {
        case S_IFDIR: .folder
        case S_IFLNK: .symlink
        case S_IFIFO: .fifo
        case S_IFSOCK: .socket
        case S_IFCHR: .charDevice
        case S_IFBLK: .blockDevice
        default: .file
        }
    }

    /// Opens without following a link, and without touching the access time where that is allowed.
    static func open(_ name: [UInt8], in parent: File, _ flags: Int32) throws -> File {
        do { return try File.open(RawName(name), in: parent, flags | O_NOFOLLOW | O_NOATIME) } catch let error as SystemError
            where error.code == EPERM
        {
            return try File.open(RawName(name), in: parent, flags | O_NOFOLLOW)
        }
    }

    static func readLink(_ name: [UInt8], _ parent: File) -> [UInt8]? {
        var target = [UInt8](repeating: 0, count: 4096)
        let n = RawName(name).withCString { name in
            target.withUnsafeMutableBytes { readlinkat(parent.descriptor, name, $0.bindMemory(to: CChar.self).baseAddress!, $0.count) }
        }
        return n < 0 ? nil : Array(target[..<n])
    }
}
