import Base
import Repository

/// The blobs of one domain that snapshots need: one bit for each position of an index.
struct LiveBlobs {
    let rows: IndexRows
    private var bits: [UInt64]
    /// Blobs that a snapshot needs and no segment lists.
    private(set) var unlisted: Set<Digest> = []

    init(_ rows: IndexRows) {
        self.rows = rows
        bits = [UInt64](repeating: 0, count: (rows.count + 63) / 64)
    }

    func isLive(_ position: Int) -> Bool { bits[position / 64] & (1 << UInt64(position % 64)) != 0 }

    /// Whether the blob is met for the first time.
    private mutating func meet(_ id: Digest) -> Bool {
        guard let position = rows.position(id) else { return unlisted.insert(id).inserted }
        if isLive(position) { return false }
        bits[position / 64] |= 1 << UInt64(position % 64)
        return true
    }

    /// Takes in a page and all below it.
    mutating func mark(from root: Digest, _ pages: PageReferences) {
        var pending: [Digest] = []
        if meet(root) { pending.append(root) }
        while let page = pending.popLast() {
            _ = pages.forEachReference(of: page) { id in
                if meet(id), pages.isPage(id) { pending.append(id) }
            }
        }
    }

    /// Forgets which unlisted blobs were met: of snapshots that were never committed, for which nothing is owed.
    mutating func forgiveUnlisted(beyond known: Set<Digest>) { unlisted = known }
}
