import Base
import CLinux
import Repository

/// Whether the target can take what a plan writes.
struct RestoreSpace {
    let plan: RestorePlan

    /// Free bytes and inodes of the file system of `folder`.
    static func free(_ folder: File) throws -> (bytes: UInt64, inodes: UInt64) {
        var (bytes, inodes, total): (UInt64, UInt64, UInt64) = (0, 0, 0)
        do { try retrying { clinux_statvfs(folder.descriptor, &bytes, &inodes, &total) } } catch let error as SystemError {
            throw error.failure(.failed, "statvfs")
        }
        return (bytes, inodes)
    }

    /// Throws `.noSpace` when it cannot; `target` is what it says has no room.
    func check(_ folder: File, target: String) throws {
        let free = try Self.free(folder)
        if plan.totals.space > free.bytes {
            throw Failure(.noSpace, .targetTooSmall(plan.totals.space, free.bytes), object: target, remedy: .chooseAnotherTarget)
        }
        // A file system that makes inodes as it needs them says that it has none at all.
        if free.inodes > 0, plan.totals.inodes > free.inodes {
            throw Failure(.noSpace, .targetFewInodes(plan.totals.inodes, free.inodes), object: target, remedy: .chooseAnotherTarget)
        }
    }
}

/// Looks at what a plan needs of the sites, without reading content: packs that are not there, and keys.
final class RestoreEstimator {
    private static let problemLimit = 1000

    private let plan: RestorePlan
    private let reader: BlobReader
    private let report: RestoreReport
    private let run: RestoreRun

    init(plan: RestorePlan, reader: BlobReader, report: RestoreReport, run: RestoreRun) {
        self.plan = plan
        self.reader = reader
        self.report = report
        self.run = run
    }

    func estimate(_ options: RestoreOptions, near folder: File) throws -> RestoreEstimate {
        var estimate = RestoreEstimate()
        let totals = plan.totals
        (estimate.files, estimate.folders, estimate.others, estimate.right) = (totals.files, totals.folders, totals.others, totals.right)
        estimate.others += UInt64(plan.followers.count / 8)
        (estimate.bytes, estimate.neededBytes) = (totals.bytes, totals.space)
        estimate.freeBytes = try RestoreSpace.free(folder).bytes
        estimate.problems = report.result(reader).problems
        let shared = SharedEstimate(estimate, try plan.pieces.finish())
        try run.threads("estimate", options.threads) { [reader, run] _ in
            while let pack = shared.nextPack() {
                try run.check()
                do { try reader.checkPack(site: pack.site, number: pack.number) } catch let failure as Failure { shared.note(failure) }
            }
        }
        return shared.result
    }

    /// The estimate as the threads fill it in.
    private final class SharedEstimate: @unchecked Sendable {
        // Unchecked: everything is used under the lock.
        private let lock = Monitor(())
        private var estimate: RestoreEstimate
        private let rows: SortedRows<PlanPiece>
        private var lastID: Digest?

        init(_ estimate: RestoreEstimate, _ rows: SortedRows<PlanPiece>) {
            self.estimate = estimate
            self.rows = rows
        }

        var result: RestoreEstimate { lock.look { _ in estimate } }

        /// The next pack that is needed; what no site lists is counted on the way.
        func nextPack() -> (site: UInt8, number: UInt32)? {
            lock.look { _ in
                while let first = rows.next() {
                    if first.site == PlanPiece.local { continue }
                    if first.site == PlanPiece.nowhere {
                        if first.id != lastID { miss(first.id) }
                        continue
                    }
                    estimate.packs += 1
                    estimate.sealedBytes += UInt64(first.length)
                    var offset = first.offset
                    while let row = rows.peek, row.source == first.source {
                        if row.offset != offset { estimate.sealedBytes += UInt64(row.length) }
                        offset = row.offset
                        _ = rows.next()
                    }
                    return (first.site, first.pack)
                }
                return nil
            }
        }

        private func miss(_ id: Digest) {
            lastID = id
            estimate.missingBlobs += 1
            add(Failure(.missing, .blobUnknown(String(id.hex.prefix(16)))))
        }

        func note(_ failure: Failure) {
            lock.look { _ in
                if failure.kind == .key { estimate.lockedPacks += 1 } else { estimate.missingPacks += 1 }
                add(failure)
            }
        }

        private func add(_ failure: Failure) { if estimate.problems.count < RestoreEstimator.problemLimit { estimate.problems.append(failure) } }
    }
}
