import Base

/// One path of a snapshot: what a restore needs to make it again, alone.
package struct Entry: Hashable, Sendable {
    package enum Kind: UInt8, Sendable, CaseIterable {
        case file = 1
        case folder = 2
        case symlink = 3
        case fifo = 4
        case socket = 5
        case charDevice = 6
        case blockDevice = 7
    }

    /// Where the bytes of a file are. The data stream is what lies outside the holes, in order.
    package enum Content: Hashable, Sendable {
        /// There are no bytes: an empty file, one that is all hole, or no file.
        case none
        /// 1 to 512 bytes, here.
        case inline([UInt8])
        /// A range of a chunk that small files share; `offset + length` fits 32 bits.
        case bundle(id: Digest, offset: UInt32, length: UInt32)
        /// 1 to 32 chunks.
        case chunks([ChunkReference])
        /// More than 32 chunks, in list pages below `root`, which is of `level`.
        case list(root: Digest, level: UInt8, chunkCount: UInt64, length: UInt64)
    }

    /// An extended attribute; POSIX ACLs are `system.posix_acl_access` and `system.posix_acl_default`.
    package struct Attribute: Hashable, Sendable {
        /// 1 to 255 bytes, without NUL.
        package var name: [UInt8]
        /// At most 64 KiB.
        package var value: [UInt8]

        package init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    /// A range of a file that has no blocks and reads as zeros.
    package struct Hole: Hashable, Sendable {
        package var offset: UInt64
        /// At least 1.
        package var length: UInt64

        package init(offset: UInt64, length: UInt64) {
            self.offset = offset
            self.length = length
        }
    }

    /// Path components joined by 0x00, so that comparing keys as bytes compares paths component by
    /// component. Empty for the root folder itself.
    package var key: [UInt8]
    package var kind: Kind
    /// The twelve low bits of `st_mode`.
    package var mode: UInt16
    package var uid: UInt32
    package var gid: UInt32
    /// Names of the owners where the machine knew them, 1 to 255 bytes.
    package var userName: [UInt8]?
    package var groupName: [UInt8]?
    package var mtime: Timestamp
    /// The logical size of a file, holes included; 0 for other kinds.
    package var size: UInt64 = 0
    /// Equal for all paths of one inode in this snapshot; nil when it has one path only. Each of the
    /// entries carries the content, so that it restores alone.
    package var linkGroup: UInt64?
    /// Device numbers; 0 for kinds that are no device.
    package var major: UInt32 = 0
    package var minor: UInt32 = 0
    /// Where a symbolic link points, 1 to 4095 bytes; empty for other kinds.
    package var linkTarget: [UInt8] = []
    /// Sorted by name, no name twice.
    package var xattrs: [Attribute] = []
    /// Increasing, apart from each other, within `size`.
    package var holes: [Hole] = []
    /// Keyed hash of the data stream of a small file.
    package var contentHash: ShortID?
    package var content: Content = .none

    package init(
        key: [UInt8], kind: Kind, mode: UInt16, uid: UInt32, gid: UInt32, userName: [UInt8]? = nil,
        groupName: [UInt8]? = nil, mtime: Timestamp
    ) {
        self.key = key
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.userName = userName
        self.groupName = groupName
        self.mtime = mtime
    }

    /// The bytes that lie in no hole; nil when the holes are longer than the file.
    package var dataLength: UInt64? {
        var rest = size
        for hole in holes {
            guard hole.length <= rest else { return nil }
            rest -= hole.length
        }
        return rest
    }

    /// Whether `a` comes before `b` in a snapshot: by path, component by component as bytes.
    package static func precedes(_ a: Entry, _ b: Entry) -> Bool { a.key.precedes(b.key) }
}

/// A chunk of a file's data stream: its id and its length before compression, at least 1.
package struct ChunkReference: Hashable, Sendable {
    package var id: Digest
    package var length: UInt32

    package init(id: Digest, length: UInt32) {
        self.id = id
        self.length = length
    }
}
