import Base
import CLinux
import Repository
import Synchronization

/// What is to be done about one path.
enum Disposition: UInt8 {
    /// Nothing is there: make it.
    case fresh = 1
    /// Something else is there: remove it just before the new one is made.
    case replace = 2
    /// An unfinished file of an earlier restore: write what it lacks.
    case partial = 3
    /// Another file is there: it is changed only once everything that differs is at hand.
    case update = 4
    /// It is right as it is, or stays as it is.
    case keep = 5
    /// Content is right; owner, mode, attributes and time are set.
    case metadata = 6
}

/// The fixed part of a record. Only this process reads it: fields are as they lie in memory.
struct PlanHeader: BitwiseCopyable {
    var length: UInt32 = 0
    var kind: UInt8 = 0
    var disposition: UInt8 = 0
    var mode: UInt16 = 0
    /// Record of the folder that holds it.
    var parent: UInt64 = 0
    /// `UInt32.max`: whoever the kernel gives.
    var uid: UInt32 = .max
    var gid: UInt32 = .max
    var seconds: Int64 = 0
    var nanoseconds: UInt32 = 0
    var nameLength: UInt16 = 0
    var flags: UInt16 = 0
    var size: UInt64 = 0
    /// Bits of `PlanState`, changed by several threads.
    var state: UInt32 = 0
    /// Pieces not yet dealt with, changed by several threads.
    var remaining: UInt32 = 0
    /// Bytes of inline content or of a link's target.
    var payloadLength: UInt32 = 0
    var holeCount: UInt32 = 0
    var attributeCount: UInt32 = 0
    var major: UInt32 = 0
    var minor: UInt32 = 0
    var reserved: UInt32 = 0
    /// First of its rows among the held pieces; for a path that is only a further link: the first path's record.
    var held: UInt64 = 0
    var heldCount: UInt64 = 0
}

enum PlanFlags {
    /// A folder above what was chosen.
    static let ancestor: UInt16 = 1 << 0
    /// One of several paths of an inode.
    static let linked: UInt16 = 1 << 1
    /// Linked to the first path of its group.
    static let follower: UInt16 = 1 << 2
    /// Something of the same kind was there: it may have attributes to remove.
    static let existed: UInt16 = 1 << 3
    /// A restored folder from which nothing is removed.
    static let notCleaned: UInt16 = 1 << 4
    /// Owner, mode, attributes and time stay as they are.
    static let bare: UInt16 = 1 << 5
    /// A file to update whose inode has other names or is no file: a new one takes its place.
    static let newInode: UInt16 = 1 << 6
    /// An own folder that takes rights from its owner: it gets them back while its content is written.
    static let closed: UInt16 = 1 << 7
}

/// Bits of the state of a record while it is carried out.
enum PlanState {
    static let preparing: UInt32 = 1 << 0
    static let ready: UInt32 = 1 << 1
    static let failed: UInt32 = 1 << 2
    /// Made wholly: further links may be made.
    static let done: UInt32 = 1 << 3
}

/// A hole, and the data before it: from the file's data stream to its offsets by bisection.
struct PlanHole: BitwiseCopyable {
    var offset: UInt64
    var length: UInt64
    /// Bytes of the data stream before this hole.
    var dataBefore: UInt64
}

/// One path of the plan, in the plan's mapped file.
///
///     header · name, NUL · link target or inline content, NUL · holes · attributes; each part begins at 8
///     attribute: name length u32, value length u32, name, NUL, value
struct PlanRecord {
    static let headerBytes = MemoryLayout<PlanHeader>.stride
    /// The target folder's own record.
    static let root: UInt64 = 0

    let offset: UInt64
    let header: UnsafeMutablePointer<PlanHeader>

    private var tail: UnsafeRawPointer { UnsafeRawPointer(header) + Self.headerBytes }

    var kind: Entry.Kind { Entry.Kind(rawValue: header.pointee.kind)! }
    var disposition: Disposition { Disposition(rawValue: header.pointee.disposition)! }
    var size: UInt64 { header.pointee.size }
    var mode: UInt32 { UInt32(header.pointee.mode) }

    func has(_ flag: UInt16) -> Bool { header.pointee.flags & flag != 0 }

    /// The last path component, ending in NUL.
    var name: UnsafePointer<CChar> { tail.assumingMemoryBound(to: CChar.self) }
    var nameBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: tail, count: Int(header.pointee.nameLength)) }

    private var payloadStart: UnsafeRawPointer { tail + aligned(Int(header.pointee.nameLength) + 1) }
    /// Inline content, or the target of a link with a NUL behind it.
    var payload: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: payloadStart, count: Int(header.pointee.payloadLength)) }
    var linkTarget: UnsafePointer<CChar> { payloadStart.assumingMemoryBound(to: CChar.self) }

    private var holesStart: UnsafeRawPointer { payloadStart + aligned(Int(header.pointee.payloadLength) + 1) }
    var holes: UnsafeBufferPointer<PlanHole> {
        UnsafeBufferPointer(start: holesStart.assumingMemoryBound(to: PlanHole.self), count: Int(header.pointee.holeCount))
    }

    /// Calls `body` with the name (ending in NUL) and value of each attribute.
    func forEachAttribute(_ body: (UnsafePointer<CChar>, UnsafeRawBufferPointer) throws -> Void) rethrows {
        var at = holesStart + Int(header.pointee.holeCount) * MemoryLayout<PlanHole>.stride
        for _ in 0..<header.pointee.attributeCount {
            let nameCount = Int(at.load(as: UInt32.self))
            let valueCount = Int(at.load(fromByteOffset: 4, as: UInt32.self))
            let value = UnsafeRawBufferPointer(start: at + 8 + nameCount + 1, count: valueCount)
            try body((at + 8).assumingMemoryBound(to: CChar.self), value)
            at += aligned(8 + nameCount + 1 + valueCount)
        }
    }

    // MARK: what threads change

    private var statePointer: UnsafeMutablePointer<UInt32> { field(\.state) }
    private var remainingPointer: UnsafeMutablePointer<UInt32> { field(\.remaining) }

    private func field(_ path: PartialKeyPath<PlanHeader>) -> UnsafeMutablePointer<UInt32> {
        (UnsafeMutableRawPointer(header) + MemoryLayout<PlanHeader>.offset(of: path)!).assumingMemoryBound(to: UInt32.self)
    }

    var state: UInt32 { clinux_atomic_load(statePointer) }
    func set(_ bit: UInt32) { clinux_atomic_or(statePointer, bit) }
    /// Whether this thread is the one to prepare the file.
    func beginPreparing() -> Bool { clinux_atomic_or(statePointer, PlanState.preparing) & PlanState.preparing == 0 }

    func addRemaining(_ count: UInt32) { clinux_atomic_add(remainingPointer, count) }
    /// Whether this was the last one.
    func finishPiece() -> Bool { clinux_atomic_add(remainingPointer, UInt32.max) == 1 }
}

/// The next multiple of eight.
@inline(__always)
func aligned(_ count: Int) -> Int { (count + 7) & ~7 }

/// All records of a plan.
final class PlanRecords: Sendable {
    let map: SpillMap
    private let met = Atomic<Int>(0)
    /// Records that may be met before their pages are let go: some 16 MiB.
    private static let kept = 1 << 16

    init(_ map: SpillMap) { self.map = map }

    /// Notes that so many more records were used; now and then memory is given back. Any thread.
    func use(_ count: Int) {
        if met.add(count, ordering: .relaxed).newValue < Self.kept { return }
        met.store(0, ordering: .relaxed)
        map.release()
    }

    subscript(_ offset: UInt64) -> PlanRecord {
        PlanRecord(offset: offset, header: (map.base + Int(offset)).assumingMemoryBound(to: PlanHeader.self))
    }

    /// Calls `body` for each record but the target's own, in the order of paths.
    func forEach(_ body: (PlanRecord) throws -> Void) rethrows {
        var at = UInt64(self[PlanRecord.root].header.pointee.length)
        while at < map.count {
            let record = self[at]
            try body(record)
            at += UInt64(record.header.pointee.length)
        }
    }

    /// The path below the target, for people.
    func path(_ record: PlanRecord) -> String {
        var names: [[UInt8]] = []
        var at = record
        while at.offset != PlanRecord.root {
            names.append(Array(at.nameBytes))
            at = self[at.header.pointee.parent]
        }
        return printable(Array(names.reversed().joined(separator: CollectionOfOne(UInt8(ascii: "/")))))
    }
}
