import Base

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

/// SipHash-2-4 (Aumasson and Bernstein, 2012).
struct SipHash24: Sendable {
    private let k0, k1: UInt64

    /// `key` has 16 bytes.
    init(key: [UInt8]) {
        precondition(key.count == 16)
        (k0, k1) = key.withUnsafeBytes {
            (
                UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var v0 = k0 ^ 0x736f_6d65_7073_6575
        var v1 = k1 ^ 0x646f_7261_6e64_6f6d
        var v2 = k0 ^ 0x6c79_6765_6e65_7261
        var v3 = k1 ^ 0x7465_6462_7974_6573
        func round() {
            v0 &+= v1
            v1 = v1 << 13 | v1 >> 51
            v1 ^= v0
            v0 = v0 << 32 | v0 >> 32
            v2 &+= v3
            v3 = v3 << 16 | v3 >> 48
            v3 ^= v2
            v0 &+= v3
            v3 = v3 << 21 | v3 >> 43
            v3 ^= v0
            v2 &+= v1
            v1 = v1 << 17 | v1 >> 47
            v1 ^= v2
            v2 = v2 << 32 | v2 >> 32
        }
        func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }
        var at = 0
        while at + 8 <= bytes.count {
            absorb(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
            at += 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        for i in at..<bytes.count { last |= UInt64(bytes[i]) << (8 * UInt64(i - at)) }
        absorb(last)
        v2 ^= 0xff
        for _ in 0..<4 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }
}
