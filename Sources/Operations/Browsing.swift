import Backup
import Base
import Keys
import Repository

/// Looking inside a snapshot: `ls`, `find`, `cat`, `diff`.
///
/// With the restore key everything opens. Without it, a node lists the last snapshot of its own sources
/// from its sealed local catalogue.
package struct Browsing {
    package let view: TenantView
    package let snapshot: Snapshot
    private let reader: BlobReader?

    /// Throws `.key` when this machine can neither open the snapshot nor has it in its catalogue.
    package init(_ workspace: Workspace, site: String?, snapshot name: String) throws {
        let holdsKey = try workspace.keys.inventory().contains { $0.name == "restore" }
        view = try TenantView(workspace, site: site, opening: holdsKey)
        snapshot = try view.snapshot(name)
        reader = holdsKey ? BlobReader(sites: view.sites(for: snapshot), keys: view.ring, domain: snapshot.manifest.domain) : nil
        if reader == nil, try !isInCatalogue() { throw Failure(.key, .noOpeningKey, object: workspace.tenant.name, remedy: .whereOpeningKeys) }
    }

    private func isInCatalogue() throws -> Bool {
        try view.workspace.keys.node() != nil && LocalListing.holds(snapshot.id, source: snapshot.outline.source, state: view.workspace.state)
    }

    /// The tree, for those who hold the restore key.
    package func tree() throws -> TreeReader {
        guard let reader else { throw Failure(.key, .noOpeningKey, object: view.workspace.tenant.name, remedy: .whereOpeningKeys) }
        return TreeReader(source: reader, root: snapshot.outline.root)
    }

    /// Calls `body` for the entry at `path` and everything below it; for all when nil.
    package func forEach(under path: [UInt8]?, _ body: (Entry) throws -> Void) throws {
        let prefix = path.map { Entry.key(path: $0) } ?? []
        var found = false
        if reader != nil {
            var entries = try tree().entries(under: prefix)
            while let entry = try entries.next() {
                found = true
                try body(entry)
            }
        } else if let node = try view.workspace.keys.node() {
            try LocalListing.forEach(source: snapshot.outline.source, keys: node.domain, state: view.workspace.state) { entry in
                guard prefix.isEmpty || entry.key.isWithin(prefix) else { return }
                found = true
                try body(entry)
            }
        }
        if !found, let path, !prefix.isEmpty { throw Failure(.usage, .noSuchPath, object: printable(path)) }
    }

    /// Writes the content of the file at `path` to `descriptor`; of the only file when nil.
    package func cat(_ path: [UInt8]?, to descriptor: Int32) throws {
        let tree = try tree()
        var entry: Entry?
        if let path {
            entry = try tree.entry(at: Entry.key(path: path))
        } else {
            var entries = try tree.entries()
            while let next = try entries.next() {
                guard next.kind == .file else { continue }
                guard entry == nil else { throw Failure(.usage, .nameAPath) }
                entry = next
            }
        }
        guard let entry else { throw Failure(.usage, .noSuchPath, object: path.map { printable($0) }) }
        guard entry.kind == .file else { throw Failure(.usage, .notAFile, object: path.map { printable($0) }) }
        try ContentWriter(reader: reader!, tree: tree).write(entry, to: descriptor)
    }

    /// The differences from this snapshot to `other`, in order.
    package func diff(to other: Browsing, _ body: (TreeDiff.Change) throws -> Void) throws {
        var diff = try TreeDiff(from: tree(), to: other.tree())
        while let change = try diff.next() { try body(change) }
    }

    /// What was found damaged on the way, and healed from another copy.
    package var damage: [DamagedCopy] { reader?.damage ?? [] }
}

/// Writes a file's content in order, holes as zeros.
struct ContentWriter {
    let reader: BlobReader
    let tree: TreeReader

    init(reader: BlobReader, tree: TreeReader) {
        self.reader = reader
        self.tree = tree
    }

    func write(_ entry: Entry, to descriptor: Int32) throws {
        var output = HoleFiller(holes: entry.holes, size: entry.size, descriptor: descriptor)
        switch entry.content {
        case .none: break
        case .inline(let bytes): try bytes.withUnsafeBytes { try output.data($0) }
        case .bundle(let id, let offset, let length):
            try reader.blob(id, kind: .data) { bytes in
                guard Int(offset) + Int(length) <= bytes.count else { throw Failure(.damaged, .malformedRecord("bundle")) }
                try output.data(UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(offset) + Int(length)]))
            }
        case .chunks, .list:
            var chunks = tree.chunks(of: entry)
            while let chunk = try chunks.next() {
                try reader.blob(chunk.id, kind: .data) { bytes in
                    guard bytes.count == Int(chunk.length) else { throw Failure(.damaged, .malformedRecord("chunk")) }
                    try output.data(bytes)
                }
            }
        }
        try output.finish()
    }
}

/// Puts a file's data and its holes in order.
private struct HoleFiller {
    private var holes: ArraySlice<Entry.Hole>
    private let size: UInt64
    private let descriptor: Int32
    private var position: UInt64 = 0

    init(holes: [Entry.Hole], size: UInt64, descriptor: Int32) {
        self.holes = holes[...]
        self.size = size
        self.descriptor = descriptor
    }

    mutating func data(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            try skipHole()
            let room = holes.first.map { $0.offset - position } ?? UInt64.max
            let n = Int(min(UInt64(rest.count), room))
            try put(UnsafeRawBufferPointer(rebasing: rest.prefix(n)))
            rest = rest.dropFirst(n)
        }
    }

    mutating func finish() throws { try skipHole() }

    private mutating func skipHole() throws {
        guard let hole = holes.first, hole.offset == position else { return }
        let zeros = [UInt8](repeating: 0, count: 64 << 10)
        var left = hole.length
        while left > 0 {
            let n = Int(min(left, UInt64(zeros.count)))
            try zeros.withUnsafeBytes { try put(UnsafeRawBufferPointer(rebasing: $0[..<n])) }
            left -= UInt64(n)
        }
        holes = holes.dropFirst()
    }

    private mutating func put(_ bytes: UnsafeRawBufferPointer) throws {
        do { try Output.write(bytes, to: descriptor) } catch let error as SystemError { throw error.failure(.failed, "write") }
        position += UInt64(bytes.count)
    }
}
