import Base
import Glibc
import Repository

/// The leaves of one site, sorted by name, as they were read there.
package struct SiteLeaves: Sendable {
    package struct Found: Sendable, Equatable {
        package let leaf: Leaf
        /// Whether it belongs to the copy: false for what is void, of a withdrawn recipient, damaged rubbish, or a pack of a session
        /// that is still at work. It is kept to tell what stands in a name's place.
        package var counts: Bool

        package init(_ leaf: Leaf, counts: Bool = true) {
            self.leaf = leaf
            self.counts = counts
        }
    }

    package let site: String
    package private(set) var found: [Found]
    /// What is damaged or void here; it is named, and changes nothing by itself.
    package let problems: [Failure]
    /// Packs here whose bytes are not what their name says.
    package let damaged: [PackKey]
    /// Sessions that may still commit.
    package let sessions: [SessionID]
    /// Snapshots committed here.
    package let snapshots: Set<ShortID>
    package let made: Timestamp

    package init(
        site: String, found: [Found], problems: [Failure] = [], damaged: [PackKey] = [], sessions: [SessionID] = [],
        snapshots: Set<ShortID> = [], made: Timestamp = .now()
    ) {
        self.site = site
        self.found = found.sorted { Leaf.precedes($0.leaf, $1.leaf) }
        self.problems = problems
        self.damaged = damaged
        self.sessions = sessions
        self.snapshots = snapshots
        self.made = made
    }

    /// What belongs to the copy here.
    package var leaves: [Leaf] { found.lazy.filter(\.counts).map(\.leaf) }

    package var root: Digest { MerkleTree.root(found.lazy.filter(\.counts).map(\.leaf.hash)) }

    package var bytes: UInt64 { found.lazy.filter(\.counts).reduce(0) { $0 + $1.leaf.size } }

    /// The audit path of the object of that name, and its leaf's number: nil where it is not in the copy.
    package func inclusion(of name: String) -> (leaf: Leaf, index: Int, count: Int, path: [Digest])? {
        let leaves = leaves
        guard let index = leaves.firstIndex(where: { $0.name == name }) else { return nil }
        return (leaves[index], index, leaves.count, MerkleTree.path(of: index, in: leaves.map(\.hash)[...]))
    }

    /// Writes a leaf list: a line for each leaf in the order of the tree, `<sha256> <size> <name>`.
    package static func write(_ leaves: [Leaf], to path: String) throws {
        var text: [UInt8] = []
        for leaf in leaves {
            text += Array(leaf.line.utf8)
            text.append(0x0A)
        }
        try Files.replace(path, text, mode: 0o640)
    }
}

/// How the copy at the site that is moved to compares with the one at the site that is left.
package struct LeafComparison: Sendable {
    package enum Difference: Sendable, Equatable {
        /// The copy has no such object.
        case missing(Leaf)
        /// Other bytes, or another size.
        case changed(from: Leaf, to: Leaf)
        /// A pack or a manifest that neither site has whole.
        case damaged(Leaf)
        /// An object that the first site lists and does not give, and that the other has not got either.
        case unread(Leaf)

        package var name: String {
            switch self {
            case .missing(let leaf), .damaged(let leaf), .unread(let leaf): leaf.name
            case .changed(let leaf, _): leaf.name
            }
        }

        package var failure: Failure {
            switch self {
            case .missing(let leaf): Failure(.missing, .migrationLeafMissing, object: leaf.name)
            case .changed(let leaf, _): Failure(.damaged, .migrationLeafDiffers, object: leaf.name)
            case .damaged(let leaf): Failure(.damaged, .migrationLeafDamaged, object: leaf.name)
            case .unread(let leaf): Failure(.damaged, .migrationLeafUnread, object: leaf.name)
            }
        }
    }

    /// Over everything that belongs to the copy at the site that is left.
    package let fromRoot: Digest
    /// Over the objects of the same names at the other, from the bytes read there.
    package let toRoot: Digest
    package let leaves: Int
    package let bytes: UInt64
    package let differences: [Difference]
    /// Snapshots committed at the first site alone.
    package let lateSnapshots: [ShortID]
    /// Objects at the other site that the first has not: its own earlier ones, or newer ones. They are in no root.
    package let extra: Int
    /// Packs and manifests damaged at the first site that the other has whole, and what the first does not give and the other has. They are in no
    /// root.
    package let healed: Int

    package init(from: SiteLeaves, to: SiteLeaves) {
        var (fromRoot, toRoot) = (MerkleRoot(), MerkleRoot())
        var (differences, bytes, extra, healed): ([Difference], UInt64, Int, Int) = ([], 0, 0, 0)
        var rest = to.found[...]
        for each in from.found {
            let leaf = each.leaf
            while let other = rest.first, Leaf.precedes(other.leaf, leaf) {
                if other.counts { extra += 1 }
                rest = rest.dropFirst()
            }
            let there = rest.first?.leaf.name == leaf.name ? rest.removeFirst() : nil
            let other = there.flatMap { $0.leaf.isUnread ? nil : $0.leaf }
            if leaf.isUnread, !leaf.name.hasPrefix("packs/") {
                if there?.counts ?? false, other != nil { healed += 1 } else { differences.append(.unread(leaf)) }
                continue
            }
            if leaf.isWrong {
                if other?.isWrong ?? true { differences.append(.damaged(leaf)) } else { healed += 1 }
                continue
            }
            guard each.counts else { continue }
            bytes += leaf.size
            fromRoot.add(leaf.hash)
            if let other { toRoot.add(other.hash) }
            if let other, other != leaf {
                differences.append(.changed(from: leaf, to: other))
            } else if other == nil {
                differences.append(.missing(leaf))
            }
        }
        extra += rest.lazy.filter(\.counts).count
        self.fromRoot = fromRoot.value
        self.toRoot = toRoot.value
        leaves = Int(fromRoot.count)
        self.bytes = bytes
        self.differences = differences
        self.extra = extra
        self.healed = healed
        lateSnapshots = from.snapshots.subtracting(to.snapshots).sorted()
    }

    package var agrees: Bool { fromRoot == toRoot && differences.isEmpty }

    /// What to tell where they do not agree; `differences` name each object.
    package var failure: Failure { Failure(.damaged, .migrationDiffers(differences.count), remedy: .migrationRepair) }
}

extension Leaf {
    /// Whether the bytes are not those that the name promises.
    var isWrong: Bool {
        if name.hasPrefix("packs/") { return name.dropFirst(6) != content.hex[...] }
        guard name.hasPrefix("snapshots/") || name.hasPrefix("descriptor/") else { return false }
        return !name.hasSuffix("." + content.hex.prefix(32))
    }

    /// Whether the object is not there, or the store cannot give it.
    var isUnread: Bool { content == .zero && !name.hasPrefix("commits/") }
}
