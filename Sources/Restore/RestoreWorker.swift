import Base
import CLinux
import Glibc
import Repository

/// One thread of a restore: takes batches of pieces, opens each blob once and writes each of its pieces.
final class RestoreWorker {
    let context: RestoreContext
    let records: PlanRecords
    let folders: FolderCache
    let openFiles: OpenFiles
    private let blobs: BlobWorker
    var files: UInt64 = 0
    var others: UInt64 = 0
    var bytes: UInt64 = 0

    init(_ context: RestoreContext) {
        self.context = context
        records = context.records
        folders = FolderCache(records: context.records, root: context.root)
        openFiles = OpenFiles()
        blobs = BlobWorker(keys: context.reader.keys)
    }

    func work(_ feed: PieceFeed) throws {
        var batch: [PlanPiece] = []
        while feed.next(&batch) {
            try context.run.check()
            switch batch[0].site {
            case PlanPiece.local: for piece in batch { try make(records[piece.record]) }
            case PlanPiece.nowhere: for piece in batch { try fetch(piece) }
            default: try read(batch)
            }
            Steps.mark("pieces written")
            records.use(batch.count)
            tell()
        }
        openFiles.closeAll()
    }

    private func tell() {
        context.run.advance(files: files, bytes: bytes)
        context.report.add { result in
            result.files += files
            result.others += others
            result.bytes += bytes
        }
        (files, others, bytes) = (0, 0, 0)
    }

    /// The pieces of one pack.
    private func read(_ batch: [PlanPiece]) throws {
        var needs: [BlobNeed] = []
        var starts: [Int] = []
        for (i, piece) in batch.enumerated() where i == 0 || piece.offset != batch[i - 1].offset {
            needs.append(piece.need)
            starts.append(i)
        }
        starts.append(batch.count)
        try context.reader.forEachBlob(needs, site: batch[0].site, pack: batch[0].pack, worker: blobs) { number, result in
            for i in starts[number]..<starts[number + 1] {
                switch result {
                case .success(let plain): try write(batch[i], plain)
                case .failure(let failure): try lose(batch[i], failure)
                }
            }
        }
    }

    /// A piece whose blob no site listed when the plan was made.
    private func fetch(_ piece: PlanPiece) throws {
        var outcome: Result<Void, any Error> = .success(())
        do {
            try context.reader.blob(piece.id, kind: .data) { plain in outcome = Result { try write(piece, plain) } }
        } catch let failure as Failure { outcome = Result { try lose(piece, failure) } }
        try outcome.get()
    }

    private func write(_ piece: PlanPiece, _ plain: UnsafeRawBufferPointer) throws {
        let (start, count) = (Int(piece.start), Int(piece.count))
        guard start + count <= plain.count, !piece.isWholeBlob || count == plain.count else {
            return try lose(piece, Failure(.damaged, .chunkTooShort))
        }
        let data = UnsafeRawBufferPointer(rebasing: plain[start..<start + count])
        let record = records[piece.record]
        switch piece.target {
        case PlanPiece.Target.whole: try writeWhole(record, data)
        case PlanPiece.Target.stream: try writePart(record, data, at: piece.position)
        default: try writeWaiting(record, data, at: piece.position)
        }
    }

    /// No copy of a piece is good: the file is not restored, what was there before stays.
    private func lose(_ piece: PlanPiece, _ failure: Failure) throws {
        let record = records[piece.record]
        if failure.kind == .unreachable, context.reader.isCutOff { throw failure }
        if piece.target == PlanPiece.Target.whole {
            try context.lost(record, failure)
        } else {
            context.report.fail(record.offset, failure)
            record.set(PlanState.failed)
            try finishPiece(record)
        }
    }
}
