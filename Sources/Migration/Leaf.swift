import Base
import Codec

/// What a site holds of one object that must be the same at both: its name, and its bytes as they were read there.
///
///     u16 length of the name · name · u64 size · SHA-256 of the bytes
package struct Leaf: Sendable, Equatable {
    /// The object's key, but for packs, whose suffix is a site's own (`packs/<sha256>`), and for commits
    /// (`commits/<snapshot>.<sha256 of the manifest>`), which are objects of each site.
    package let name: String
    /// Bytes; 0 for a commit.
    package let size: UInt64
    /// SHA-256 of the bytes read. For a commit, of the manifest object, as its slot says. Zero where the object cannot be read.
    package let content: Digest

    package init(name: String, size: UInt64, content: Digest) {
        self.name = name
        self.size = size
        self.content = content
    }

    package var bytes: [UInt8] {
        var w = ByteWriter(capacity: 42 + name.utf8.count)
        w.u16(UInt16(name.utf8.count))
        w.raw(name.utf8)
        w.u64(size)
        w.digest(content)
        return w.bytes
    }

    package var hash: Digest { MerkleTree.leaf(bytes) }

    /// A line of a leaf list, without its end: hash, size, name.
    package var line: String { "\(content.hex) \(size) \(name)" }

    /// Nil for what is no line of a leaf list.
    package init?(line: some StringProtocol) {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, let content = Digest(hex: parts[0]), let size = UInt64(parts[1]), !parts[2].isEmpty else { return nil }
        self.init(name: String(parts[2]), size: size, content: content)
    }

    package static func precedes(_ l: Leaf, _ r: Leaf) -> Bool { l.name.utf8.lexicographicallyPrecedes(r.name.utf8) }

    static func pack(_ digest: Digest) -> String { "packs/" + digest.hex }
    static func commit(_ snapshot: ShortID, _ manifest: Digest) -> String { "commits/\(snapshot.hex).\(manifest.hex)" }
}
