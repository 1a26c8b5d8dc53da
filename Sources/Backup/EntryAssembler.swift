import Base
import Codec
import Keys
import Repository

/// Puts entries into the tree in order, each when its content is complete. One thread: the scanner's.
final class EntryAssembler {
    /// A content that later entries share: another name of the same inode, a copy.
    final class Shared {
        fileprivate(set) var content: (entry: Entry, listed: [ChunkReference])?
    }

    private enum Item {
        case ready(CatalogueRecord)
        case defining(CatalogueRecord, Shared)
        case pending(PendingEntry, Shared?)
        case same(CatalogueRecord, Shared, Shared?)
    }

    /// Entries that may wait for their content.
    private static let window = 16_384

    private let pipeline: Pipeline
    private let keys: DomainKeys
    private let hasher: KeyedHasher
    private let catalogue: CatalogueWriter
    private var builder: TreeBuilder
    private var waiting: [Item?] = []
    private var head = 0
    private(set) var counts = Manifest.Counts()
    var extensions = ExtensionCounter()
    private let emit: PageEmitter
    /// Called before waiting: hands over what only this thread holds back, such as a bundle not yet full.
    var beforeWait: () throws -> Void = {}
    /// Told of entries that are left out because the one whose content they share could not be read.
    var onLost: ([UInt8]) -> Void = { _ in }

    init(pipeline: Pipeline, keys: DomainKeys, catalogue: CatalogueWriter) {
        self.pipeline = pipeline
        self.keys = keys
        self.catalogue = catalogue
        let hasher = keys.hasher()
        self.hasher = hasher
        emit = { kind, plain, references in
            let blob: BlobKind = kind == .treePage ? .treePage : .listPage
            let id = plain.withUnsafeBytes { hasher.hash(prefix: blob.idKind!.rawValue, $0) }
            if pipeline.known.claim(id) { try pipeline.submit(.page(blob, id, plain, references)) }
            return id
        }
        builder = TreeBuilder(edgeKey: keys.pageEdgeKey, emit: emit)
    }

    func add(_ record: CatalogueRecord) throws {
        if head == waiting.count { return try finish(record, []) }
        try push(.ready(record))
    }

    /// An entry whose content later ones share.
    func add(_ record: CatalogueRecord, defining shared: Shared) throws { try push(.defining(record, shared)) }

    func add(_ entry: PendingEntry, shared: Shared? = nil) throws { try push(.pending(entry, shared)) }

    /// An entry whose content is that of an earlier one.
    func add(_ record: CatalogueRecord, sameAs shared: Shared, defining own: Shared? = nil) throws { try push(.same(record, shared, own)) }

    private func push(_ item: Item) throws {
        waiting.append(item)
        try drain(waits: waiting.count - head >= Self.window)
    }

    /// Takes out what is complete, from the oldest; `waits` until half of the window is free.
    private func drain(waits: Bool) throws {
        let goal = waits ? Self.window / 2 : Int.max
        while head < waiting.count {
            switch waiting[head]! {
            case .ready(let record): try finish(record, [])
            case .defining(let record, let shared): try finish(record, [], shared)
            case .pending(let entry, let shared):
                if !entry.isComplete {
                    guard waits, waiting.count - head > goal else { return compact() }
                    try wait(for: entry)
                }
                try settle(entry, shared)
            case .same(var record, let shared, let own):
                guard let content = shared.content else {
                    onLost(record.entry.key)
                    break
                }
                record.entry.content = content.entry.content
                record.entry.contentHash = content.entry.contentHash
                record.entry.size = content.entry.size
                record.entry.holes = content.entry.holes
                record.listed = content.listed
                try finish(record, [], own)
            }
            waiting[head] = nil
            head += 1
        }
        compact()
    }

    private func compact() {
        guard head > 4096 || head == waiting.count else { return }
        waiting.removeFirst(head)
        head = 0
    }

    private func wait(for entry: PendingEntry) throws {
        try beforeWait()
        pipeline.settled.wait(until: { _ in entry.isComplete || pipeline.failure != nil }) { _ in }
        if let failure = pipeline.failure { throw failure }
    }

    private func settle(_ entry: PendingEntry, _ shared: Shared?) throws {
        let (record, chunks) = entry.finished
        guard !entry.isDropped else { return }
        try finish(record, chunks, shared)
    }

    /// An entry with all its content: into the tree and the catalogue.
    private func finish(_ record: CatalogueRecord, _ chunks: [ChunkReference], _ shared: Shared? = nil) throws {
        guard chunks.isEmpty else {
            var record = record
            var list = ChunkListBuilder(edgeKey: keys.pageEdgeKey, emit: emit)
            for chunk in chunks { try list.append(chunk) }
            record.entry.content = try list.finish()
            if case .list = record.entry.content { record.listed = chunks }
            return try finish(record, [], shared)
        }
        shared?.content = (record.entry, record.listed)
        switch record.entry.kind {
        case .file:
            counts.files += 1
            extensions.count(record.entry.key)
        case .folder: counts.folders += 1
        default: counts.others += 1
        }
        counts.bytes += record.entry.size
        pipeline.progress.entry(files: record.entry.kind == .file ? 1 : 0, bytes: record.entry.size)
        try builder.append(record.entry)
        try catalogue.append(record)
    }

    /// The pages of a long content are known again once its chunks are: makes them anew.
    func rebuildList(_ chunks: [ChunkReference]) throws {
        var list = ChunkListBuilder(edgeKey: keys.pageEdgeKey, emit: emit)
        for chunk in chunks { try list.append(chunk) }
        _ = try list.finish()
    }

    /// Waits for everything; returns the root page's id.
    func finish() throws -> Digest {
        for item in waiting[head...] {
            if case .pending(let entry, _)? = item, !entry.isComplete { try wait(for: entry) }
        }
        try drain(waits: true)
        while head < waiting.count { try drain(waits: true) }
        return try builder.finish().root
    }
}
