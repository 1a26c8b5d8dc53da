import Base
import Keys
import Replication
import Repository
import Sites

/// Which snapshots, and with the restore key which paths, need blobs that are lost.
///
/// What needs a lost blob is found from below: a page is affected when it refers to something affected. Each round over
/// the directories climbs at least one level of the trees, so a few rounds do whatever the number of snapshots.
final class Impact {
    private let walker: Reachability
    private let keys: KeyRing
    private let domain: ShortID
    private let cache = DirectoryCache()
    /// Numbers of findings by the blobs that need what they lost.
    private var affected: [Digest: Set<Int>]
    private let lost: Set<Digest>

    private static let rounds = 2 * TreeLimits.levels

    /// `lost`: blobs that are nowhere at the site, with the number of the finding about each.
    init(_ walker: Reachability, keys: KeyRing, lost: [Digest: Set<Int>]) {
        self.walker = walker
        self.keys = keys
        domain = walker.holdings.domain
        affected = lost
        self.lost = Set(lost.keys)
    }

    /// Finds the affected pages, from their children up.
    func climb(packs: [IndexedPack]) throws {
        var pages = Set(packs.map(\.key.digest)).sorted()
        for _ in 0..<Self.rounds {
            var hasGrown = false
            var holding: [Digest] = []
            for pack in pages {
                guard let (directory, copy) = try directory(pack), directory.holdsPages else { continue }
                holding.append(pack)
                // Builders store a page after what it refers to.
                for row in directory.rows.sorted(by: { $0.ordinal < $1.ordinal }) where row.kind != .data {
                    let needs = try references(row, directory, copy).reduce(into: Set<Int>()) { $0.formUnion(affected[$1] ?? []) }
                    if needs.isSubset(of: affected[row.id] ?? []) { continue }
                    affected[row.id, default: []].formUnion(needs)
                    hasGrown = true
                }
            }
            if !hasGrown { return }
            pages = holding
        }
    }

    /// Numbers of the findings that the tree below `page` suffers from.
    func findings(below page: Digest) -> Set<Int> { affected[page] ?? [] }

    private func directory(_ pack: Digest) throws -> (SortedDirectory, PackCopies.Copy)? {
        for copy in try walker.holdings.copies.copies(pack) {
            if let known = cache[pack] { return (known, copy) }
            do {
                let directory = SortedDirectory(try copy.site.repository.directory(copy.key, size: copy.size, keys: keys))
                cache.keep(directory, pack)
                return (directory, copy)
            } catch let failure as Failure where [.damaged, .missing, .wrongPlace].contains(failure.kind) { continue }
        }
        return nil
    }

    private func references(_ row: PackRow, _ directory: SortedDirectory, _ copy: PackCopies.Copy) throws -> [Digest] {
        guard row.kind == .listPage else { return row.references }
        return (try? page(row, directory, copy)).flatMap { try? ListPage.references(ofPage: $0) } ?? []
    }

    private func page(_ row: PackRow, _ directory: SortedDirectory, _ copy: PackCopies.Copy) throws -> [UInt8] {
        let sealed = try copy.site.repository.read(copy.key, at: Int(row.offset), to: Int(row.offset) + Int(row.length))
        return try sealed.withUnsafeBytes {
            try BlobOpener(keys: keys).open($0, row: row, header: directory.header, limit: PackLimits.pageBytes) { Array($0) }
        }
    }

    // MARK: paths

    /// Calls `body` with each path below `root` that suffers, and the findings it suffers from, until `body` returns
    /// false. Where a page of the tree itself is lost, the path is the first of those that stood there. Needs the
    /// restore key.
    func forEachPath(below root: Digest, _ body: ([UInt8], Set<Int>) -> Bool) throws {
        _ = try descend(root, first: [], depth: 0, body)
    }

    private func descend(_ id: Digest, first: [UInt8], depth: Int, _ body: ([UInt8], Set<Int>) -> Bool) throws -> Bool {
        guard let needs = affected[id] else { return true }
        guard !lost.contains(id), depth < TreeLimits.levels, let plain = try open(id) else { return body(path(first), needs) }
        let page = try TreePage(decoding: plain)
        for row in page.rows { guard try descend(row.child, first: row.key, depth: depth + 1, body) else { return false } }
        for entry in page.entries {
            let needs = entry.content.blobs.reduce(into: Set<Int>()) { $0.formUnion(affected[$1] ?? []) }
            guard needs.isEmpty || body(entry.path, needs) else { return false }
        }
        return true
    }

    private func open(_ id: Digest) throws -> [UInt8]? {
        for pack in try walker.holdings.packs(with: id) {
            guard let (directory, copy) = try directory(pack.key.digest), let row = directory.row(id) else { continue }
            if let plain = try? page(row, directory, copy) { return plain }
        }
        return nil
    }

    private func path(_ key: [UInt8]) -> [UInt8] { [UInt8(ascii: "/")] + key.map { $0 == 0 ? UInt8(ascii: "/") : $0 } }
}

extension Entry.Content {
    /// Blobs that the content begins with: chunks, a bundle, or the root of a list.
    var blobs: [Digest] {
        switch self {
        case .none, .inline: []
        case .bundle(let id, _, _): [id]
        case .chunks(let chunks): chunks.map(\.id)
        case .list(let root, _, _, _): [root]
        }
    }
}
