import Base
import Repository

/// A piece of a file: which bytes of which blob go where. Sorted in storage order, so that each pack is read
/// about once.
struct PlanPiece: BitwiseCopyable, Comparable {
    /// The site number of a blob that no site lists.
    static let nowhere: UInt8 = 254
    /// The site number of rows for paths that need no blob.
    static let local: UInt8 = 255

    enum Target {
        /// The whole content of a small file.
        static let whole: UInt8 = 1
        /// A part of a file's data stream, at `position`.
        static let stream: UInt8 = 2
        /// A part of a file that is changed at the end: `position` is where it waits.
        static let waiting: UInt8 = 3
    }

    // The blob id as words: a row must be plain memory.
    private var id0: UInt64 = 0
    private var id1: UInt64 = 0
    private var id2: UInt64 = 0
    private var id3: UInt64 = 0
    /// The path's record.
    var record: UInt64
    var position: UInt64 = 0
    var pack: UInt32 = 0
    var offset: UInt32 = 0
    var length: UInt32 = 0
    /// First byte within the blob, and how many.
    var start: UInt32 = 0
    var count: UInt32 = 0
    var site: UInt8 = Self.local
    var target: UInt8 = Target.whole
    /// Whether the piece must end where the blob ends: a chunk is a blob of its own.
    var isWholeBlob = false

    /// A path that needs no blob.
    init(record: UInt64) { self.record = record }

    init(record: UInt64, id: Digest, location: BlobLocation?, start: UInt32, count: UInt32, isWholeBlob: Bool) {
        self.record = record
        self.start = start
        self.count = count
        self.isWholeBlob = isWholeBlob
        site = Self.nowhere
        if let location {
            site = location.site
            pack = location.pack
            offset = location.offset
            length = location.length
        }
        self.id = id
    }

    var id: Digest {
        get { withUnsafeBytes(of: (id0, id1, id2, id3)) { Digest(loading: $0.baseAddress!) } }
        set {
            var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
            withUnsafeMutableBytes(of: &words) { newValue.store(to: $0.baseAddress!) }
            (id0, id1, id2, id3) = words
        }
    }

    /// Site and pack: rows with the same are read together.
    var source: UInt64 { UInt64(site) << 32 | UInt64(pack) }

    var need: BlobNeed { BlobNeed(id: id, offset: offset, length: length) }

    static func < (l: PlanPiece, r: PlanPiece) -> Bool {
        if l.source != r.source { return l.source < r.source }
        if l.offset != r.offset { return l.offset < r.offset }
        if l.record != r.record { return l.record < r.record }
        return l.position < r.position
    }

    static func == (l: PlanPiece, r: PlanPiece) -> Bool { !(l < r) && !(r < l) }
}

/// A piece whose need depends on what is at the target: kept in the order of paths until that was looked at.
struct HeldPiece: BitwiseCopyable {
    static let unneeded = UInt64.max

    var piece: PlanPiece
    /// Where its bytes wait in the file of waiting bytes; `unneeded` where the target has them already.
    var waiting: UInt64
}

/// One path of a group of hard links; sorted, the first path of each group comes first.
struct LinkRow: BitwiseCopyable, Comparable {
    var group: UInt64
    var record: UInt64

    static func < (l: LinkRow, r: LinkRow) -> Bool { l.group != r.group ? l.group < r.group : l.record < r.record }
}

/// A name that the snapshot has in a folder, hashed: with `delete`, what is not among them goes.
struct NameRow: BitwiseCopyable, Comparable {
    var folder: UInt64
    var hash: UInt64

    init(folder: UInt64, name: UnsafeRawBufferPointer) {
        self.folder = folder
        // Seeded afresh in each process: nobody can prepare names that look the same.
        var hasher = Hasher()
        hasher.combine(bytes: name)
        hash = UInt64(bitPattern: Int64(hasher.finalize()))
    }

    static func < (l: NameRow, r: NameRow) -> Bool { l.folder != r.folder ? l.folder < r.folder : l.hash < r.hash }
}
