import Base
import Codec
import Keys
import Repository

/// A pack that blobs are copied out of, read once from its first byte to its last and in pieces, so that it is never in memory whole.
///
/// What is copied without its key can be checked by the pack's name alone: a copy counts only when all bytes were read, have that hash, and both ends are
/// those that the directory was read from.
struct PackSource {
    static let pieceBytes = 2 << 20

    let directory: PackDirectory
    private let key: PackKey
    private let ends: PackEnds
    private let repository: SiteRepository

    /// Throws `.damaged`, `.missing`, `.wrongPlace`.
    init(_ key: PackKey, size: Int, _ repository: SiteRepository, _ keys: KeyRing) throws {
        (self.key, self.repository) = (key, repository)
        ends = try repository.ends(of: key, size: size)
        directory = try ends.directory(tenant: repository.tenant, keys: keys)
        // Blobs that overlap: not made by a program of ours.
        guard directory.rows.reduce(0, { $0 + Int($1.length) }) <= size else { throw Failure(.damaged, .malformedRecord("rows")) }
    }

    /// Copies the blobs of `rows` to `places`. Where it throws, what is there is worth nothing. Throws `.damaged`, `.missing`.
    func copy(_ rows: [PackRow], to places: [UnsafeMutableRawBufferPointer], through piece: Buffer) throws {
        let hasher = SHA256Hasher()
        var at = 0
        while at < ends.size {
            piece.count = min(piece.capacity, ends.size - at)
            try repository.site.read(key.key, at: at, into: UnsafeMutableRawBufferPointer(rebasing: piece.space[..<piece.count]))
            hasher.update(piece.bytes)
            for (start, bytes) in [(0, ends.header), (ends.size - ends.tail.count, ends.tail)] {
                let isSame = bytes.withUnsafeBytes { bytes in
                    Self.common(start, bytes.count, at, piece.count) { bytes[$0].elementsEqual(piece.bytes[$1]) } ?? true
                }
                guard isSame else { throw Failure(.damaged, .wrongHash) }
            }
            for (row, place) in zip(rows, places) {
                Self.common(Int(row.offset), place.count, at, piece.count) {
                    UnsafeMutableRawBufferPointer(rebasing: place[$0]).copyMemory(from: UnsafeRawBufferPointer(rebasing: piece.bytes[$1]))
                }
            }
            at += piece.count
        }
        guard hasher.finish() == key.digest else { throw Failure(.damaged, .wrongHash) }
    }

    /// Calls `body` with the common part of two ranges, as seen from the start of each; nil where there is none.
    @discardableResult
    private static func common<Result>(
        _ start: Int, _ count: Int, _ otherStart: Int, _ otherCount: Int, _ body: (Range<Int>, Range<Int>) -> Result
    ) -> Result? {
        let (low, high) = (max(start, otherStart), min(start + count, otherStart + otherCount))
        return low < high ? body(low - start..<high - start, low - otherStart..<high - otherStart) : nil
    }
}
