import Base
import Chunking

/// Where pages end: after what a keyed hash says, so that equal runs of entries make equal pages whatever
/// comes before them, and who lacks the key cannot aim at the edges.
struct PageEdges: Sendable {
    private let hash: SipHash24

    /// `key` has 16 bytes: `DomainKeys.pageEdgeKey`.
    init(key: [UInt8]) { hash = SipHash24(key: key) }

    /// How far a page may grow, and how often an edge falls.
    struct Rule {
        /// One in so many hashes is an edge; a power of two.
        let oneIn: UInt64
        /// An edge before so many entries does not count.
        let minimum: Int
        /// The page ends at so many entries in any case,
        let maximum: Int
        /// or when it holds so many bytes.
        let bytes: Int

        func ends(count: Int, bytes: Int, hash: () -> UInt64) -> Bool {
            if count >= maximum || bytes >= self.bytes { return true }
            return count >= minimum && hash() & (oneIn - 1) == 0
        }
    }

    static let entries = Rule(oneIn: 256, minimum: 64, maximum: TreeLimits.entriesInPage, bytes: 192 << 10)
    // More bytes than below: eight keys of the greatest length still fit, so that a hostile tree cannot
    // exhaust the levels.
    static let rows = Rule(oneIn: 64, minimum: 16, maximum: TreeLimits.rowsInPage, bytes: 512 << 10)
    static let chunks = Rule(oneIn: 512, minimum: 128, maximum: TreeLimits.chunksInListPage, bytes: .max)
    static let lists = Rule(oneIn: 128, minimum: 32, maximum: TreeLimits.rowsInListPage, bytes: .max)

    /// Whether a level-0 page ends after the entry of `key`.
    func endsEntries(after key: [UInt8], count: Int, bytes: Int) -> Bool {
        Self.entries.ends(count: count, bytes: bytes) { hash(key) }
    }

    /// Whether a page above ends after the row of `key`.
    func endsRows(after key: [UInt8], level: UInt8, count: Int, bytes: Int) -> Bool {
        Self.rows.ends(count: count, bytes: bytes) { hash([level] + key) }
    }

    /// Whether a list page ends after the row of `id`.
    func endsList(after id: Digest, level: UInt8, count: Int) -> Bool {
        (level == 0 ? Self.chunks : Self.lists).ends(count: count, bytes: 0) {
            withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) {
                id.store(to: $0.baseAddress!)
                return hash.hash(UnsafeRawBufferPointer($0))
            }
        }
    }

    private func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { hash.hash($0) } }
}
