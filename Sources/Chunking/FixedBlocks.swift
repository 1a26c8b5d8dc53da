/// How a file is best cut.
package enum ContentKind: Sendable, Equatable {
    /// Where the content says so: insertions move what follows.
    case stream
    /// At fixed places: pages are written where they stand, as in databases and disk images.
    case blocks
}

/// Finds out, from the first bytes of a file, whether it is written in place.
///
/// A wrong answer costs space, never correctness: how a file was cut is not recorded, only its chunks are.
package struct ContentProbe {
    /// Bytes that `kind` wants to see; fewer do, with less certainty.
    package static let headLength = 128 << 10
    /// Shorter files are streams: a few chunks, whatever they hold.
    package static let minimumSize: UInt64 = 1 << 20
    /// A file with holes of at least this size is taken for a disk image.
    package static let minimumSparseSize: UInt64 = 16 << 20

    /// The kind of a file of `size` bytes that begins with `head`; `isSparse` says that it has holes.
    package static func kind(head: UnsafeRawBufferPointer, size: UInt64, isSparse: Bool) -> ContentKind {
        guard size >= minimumSize else { return .stream }
        if isSparse && size >= minimumSparseSize { return .blocks }
        let head = Head(bytes: head)
        return head.isDatabase || head.isDiskImage ? .blocks : .stream
    }

    /// Bytes of a block of a file of `fileSize` bytes: 64 KiB up to 16 GiB, then doubling with the file so that there
    /// are at most 262,144 blocks, but never above 4 MiB.
    package static func blockSize(fileSize: UInt64) -> Int {
        var size = 64 << 10
        while size < 4 << 20, fileSize > UInt64(size) << 18 { size <<= 1 }
        return size
    }
}
