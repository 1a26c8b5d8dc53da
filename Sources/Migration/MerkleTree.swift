import Base
import Codec

/// The Merkle tree hash of RFC 6962, section 2.1, over SHA-256: a leaf is hashed behind a byte 0, a node behind a byte 1, so that
/// neither can pass for the other.
package enum MerkleTree {
    /// The hash of a leaf with these bytes.
    package static func leaf(_ bytes: [UInt8]) -> Digest { sha256([0] + bytes) }

    package static func node(_ left: Digest, _ right: Digest) -> Digest { sha256([1] + left.bytes + right.bytes) }

    /// The root over leaf hashes in their order.
    package static func root(_ leaves: some Sequence<Digest>) -> Digest {
        var root = MerkleRoot()
        for leaf in leaves { root.add(leaf) }
        return root.value
    }

    /// The audit path of RFC 6962, section 2.1.1, from the leaf up: what a reader needs to compute the root from that leaf alone.
    package static func path(of index: Int, in leaves: ArraySlice<Digest>) -> [Digest] {
        guard leaves.count > 1 else { return [] }
        let half = split(leaves.count)
        let (left, right) = (leaves.prefix(half), leaves.dropFirst(half))
        return index < half ? path(of: index, in: left) + [root(right)] : path(of: index - half, in: right) + [root(left)]
    }

    /// Whether the leaf of that number is in the tree of `count` leaves with that root.
    package static func holds(_ leaf: Digest, at index: Int, of count: Int, path: [Digest], root: Digest) -> Bool {
        guard index >= 0, index < count else { return false }
        return climb(leaf, index, count, path[...]) == root
    }

    private static func climb(_ leaf: Digest, _ index: Int, _ count: Int, _ path: ArraySlice<Digest>) -> Digest? {
        guard count > 1 else { return path.isEmpty ? leaf : nil }
        guard let other = path.last else { return nil }
        let (half, rest) = (split(count), path.dropLast())
        if index < half { return climb(leaf, index, half, rest).map { node($0, other) } }
        return climb(leaf, index - half, count - half, rest).map { node(other, $0) }
    }

    /// The largest power of two below `count`, which is at least 2.
    private static func split(_ count: Int) -> Int { 1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount) }
}

/// A root computed leaf by leaf: memory grows with the logarithm of their number.
package struct MerkleRoot: Sendable {
    /// Roots of whole subtrees, the largest first.
    private var trees: [(leaves: UInt64, root: Digest)] = []
    package private(set) var count: UInt64 = 0

    package init() {}

    package mutating func add(_ leaf: Digest) {
        count += 1
        var tree = (leaves: UInt64(1), root: leaf)
        while let last = trees.last, last.leaves == tree.leaves {
            tree = (last.leaves + tree.leaves, MerkleTree.node(last.root, tree.root))
            trees.removeLast()
        }
        trees.append(tree)
    }

    /// The root over the leaves so far; SHA-256 of nothing where there are none.
    package var value: Digest {
        guard var root = trees.last?.root else { return sha256([]) }
        for tree in trees.dropLast().reversed() { root = MerkleTree.node(tree.root, root) }
        return root
    }
}
