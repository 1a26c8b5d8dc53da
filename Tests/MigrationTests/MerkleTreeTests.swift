import Base
import Codec
import Testing

@testable import Migration

@Suite struct MerkleTreeTests {
    /// Inputs and roots of the reference implementation of Certificate Transparency.
    private static let inputs: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43], [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        [0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ]
    private static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    @Test(arguments: 0...8) func rootsAreThoseOfRFC6962(_ count: Int) {
        #expect(MerkleTree.root(Self.inputs.prefix(count).map(MerkleTree.leaf)).hex == Self.roots[count])
    }

    @Test(arguments: [1, 2, 3, 7, 8, 9, 33]) func everyLeafHasAPathToTheRoot(_ count: Int) {
        let leaves = (0..<count).map { MerkleTree.leaf([UInt8($0)]) }
        let root = MerkleTree.root(leaves)
        for index in 0..<count {
            let path = MerkleTree.path(of: index, in: leaves[...])
            #expect(MerkleTree.holds(leaves[index], at: index, of: count, path: path, root: root))
            #expect(!MerkleTree.holds(MerkleTree.leaf([200]), at: index, of: count, path: path, root: root))
            #expect(!MerkleTree.holds(leaves[index], at: index, of: count, path: path + [root], root: root))
            if count > 1 { #expect(!MerkleTree.holds(leaves[index], at: (index + 1) % count, of: count, path: path, root: root)) }
        }
        #expect(!MerkleTree.holds(leaves[0], at: count, of: count, path: [], root: root))
    }

    @Test func aLineOfALeafListReadsBack() throws {
        let leaf = Leaf(name: "packs/x", size: 12, content: sha256([1]))
        #expect(Leaf(line: leaf.line) == leaf)
        #expect(Leaf(line: "short 1 x") == nil && Leaf(line: "") == nil && Leaf(line: leaf.line + " more") == nil)
    }
}
