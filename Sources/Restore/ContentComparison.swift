import Base
import Codec
import Glibc
import Keys
import Repository

/// Looks at the content that the target has of files in several pieces, hashes it chunk by chunk, and plans
/// the pieces that differ: what an interrupted restore has written is not fetched again.
final class ContentComparison: @unchecked Sendable {
    // Unchecked: the plan's sorter and totals are used under `lock` only; held rows by one thread each.
    private static let blockRows = 64

    private let plan: RestorePlan
    private let target: File?
    private let keys: BlobReader
    private let run: RestoreRun
    private let rows: UnsafeMutableBufferPointer<HeldPiece>
    private let lock = Monitor(0)

    init(plan: RestorePlan, target: File?, reader: BlobReader, run: RestoreRun) {
        self.plan = plan
        self.target = target
        keys = reader
        self.run = run
        rows = plan.held.elements(HeldPiece.self)
    }

    func compare(threads: Int) throws {
        if !rows.isEmpty {
            run.enter(.comparing, totalBytes: rows.reduce(0) { $0 + UInt64($1.piece.count) })
            try run.threads("compare", threads) { _ in
                let reader = ComparisonReader(
                    records: self.plan.records, target: self.target, hasher: self.keys.keys.domainKeys(self.keys.domain)?.hasher())
                while let block = self.nextBlock() {
                    try self.run.check()
                    try self.compare(block, reader)
                }
            }
        }
        for record in plan.heldRecords.elements(UInt64.self) { try finish(plan.records[record]) }
    }

    private func nextBlock() -> Range<Int>? {
        lock.look { next in
            guard next < rows.count else { return nil }
            let block = next..<min(next + Self.blockRows, rows.count)
            next = block.upperBound
            return block
        }
    }

    private func compare(_ block: Range<Int>, _ reader: ComparisonReader) throws {
        var bytes: UInt64 = 0
        for i in block {
            let piece = rows[i].piece
            let record = plan.records[piece.record]
            bytes += UInt64(piece.count)
            if record.has(PlanFlags.follower) { continue }
            let found = reader.look(record, piece)
            if found == .same { continue }
            record.addRemaining(1)
            try lock.look { _ in try need(i, record, isBeyondEnd: found == .beyondEnd) }
        }
        run.advance(files: 0, bytes: bytes)
    }

    /// Plans a piece that the target lacks. A file of somebody's is changed at the end, all at once: its new
    /// bytes wait in a file of their own until the last is there.
    private func need(_ i: Int, _ record: PlanRecord, isBeyondEnd: Bool) throws {
        var piece = rows[i].piece
        let count = UInt64(piece.count)
        plan.totals.write(count)
        rows[i].waiting = 0
        if record.disposition == .update {
            rows[i].waiting = plan.totals.waiting
            piece.target = PlanPiece.Target.waiting
            piece.position = plan.totals.waiting
            plan.totals.waiting += count
            plan.totals.need(count)
            if isBeyondEnd { plan.totals.need(count) }
        } else {
            plan.totals.need(count)
        }
        try plan.pieces.append(piece)
    }

    private func finish(_ record: PlanRecord) throws {
        if record.has(PlanFlags.follower) { return }
        plan.totals.files += 1
        if record.disposition == .fresh { plan.totals.inodes += 1 }
        // Nothing differs: length, holes and metadata may.
        if record.header.pointee.remaining == 0 { try plan.pieces.append(PlanPiece(record: record.offset)) }
    }
}

/// Reads what the target has. One thread.
private final class ComparisonReader {
    enum Found {
        case same
        case different
        case beyondEnd
    }

    private let folders: FolderCache?
    private let hasher: KeyedHasher?
    private var buffer = Buffer(capacity: 4 << 20)
    private var open: (record: UInt64, file: File?)?

    init(records: PlanRecords, target: File?, hasher: KeyedHasher?) {
        folders = target.map { FolderCache(records: records, root: $0) }
        self.hasher = hasher
    }

    func look(_ record: PlanRecord, _ piece: PlanPiece) -> Found {
        guard record.disposition == .partial || (record.disposition == .update && !record.has(PlanFlags.newInode)) else {
            return record.disposition == .update ? .beyondEnd : .different
        }
        guard let hasher, let file = file(record) else { return .different }
        let count = Int(piece.count)
        if buffer.capacity < count { buffer = Buffer(capacity: count) }
        var isWhole = true
        do {
            try record.forEachSegment(position: piece.position, count: count) { offset, range in
                let into = UnsafeMutableRawBufferPointer(rebasing: buffer.space[range])
                if isWhole, try file.read(at: offset, into: into) < into.count { isWhole = false }
            }
        } catch { return .different }
        guard isWhole else { return .beyondEnd }
        let bytes = UnsafeRawBufferPointer(start: buffer.base, count: count)
        return hasher.hash(prefix: IDKind.data.rawValue, bytes) == piece.id ? .same : .different
    }

    /// The file at the target, once for all its pieces; nil where it cannot be read.
    private func file(_ record: PlanRecord) -> File? {
        if let open, open.record == record.offset { return open.file }
        let file = try? folders.map { folders in
            File(descriptor: try Beneath.open(folders.descriptor(record.header.pointee.parent), record.name, O_RDONLY | O_NONBLOCK))
        }
        open = (record.offset, file)
        return file
    }
}
