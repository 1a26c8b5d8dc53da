import Base
import Codec

/// SHA-256 over texts, each with its length before it: no two lists give the same bytes.
func hash(of parts: [[UInt8]]) -> Digest {
    sha256(parts.flatMap { part in withUnsafeBytes(of: UInt64(part.count).littleEndian) { Array($0) } + part })
}

/// The same over files and their names, whatever their order.
func fileHash(_ files: [(name: String, bytes: [UInt8])]) -> Digest {
    hash(of: files.sorted { $0.name < $1.name }.flatMap { [Array($0.name.utf8), $0.bytes] })
}
