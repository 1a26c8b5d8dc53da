import Base
import CLinux
import Glibc
import Repository

/// What the threads of a restore share while they write.
final class RestoreContext: Sendable {
    let records: PlanRecords
    let reader: BlobReader
    let options: RestoreOptions
    let report: RestoreReport
    let run: RestoreRun
    let root: File
    let metadata: MetadataWriter
    /// Bytes of files that are changed as a whole once they are complete.
    let waiting: File
    let held: SpillMap

    init(
        plan: RestorePlan, reader: BlobReader, options: RestoreOptions, report: RestoreReport, run: RestoreRun, root: File,
        traits: TargetTraits, waiting: File
    ) {
        records = plan.records
        held = plan.held
        self.reader = reader
        self.options = options
        self.report = report
        self.run = run
        self.root = root
        self.waiting = waiting
        metadata = MetadataWriter(traits: traits, options: options, records: plan.records, report: report)
    }

    /// Does `body` for one path; what fails is reported and the rest goes on. Returns whether it worked.
    /// Throws `.noSpace`: then nothing else would work either.
    func attempt(_ record: PlanRecord, _ body: () throws -> Void) throws -> Bool {
        do {
            try body()
            return true
        } catch let error as SystemError {
            if error.code == ENOSPC || error.code == EDQUOT {
                throw Failure(.noSpace, .noSpace, object: options.target.printable + ": " + records.path(record), remedy: .freeSpace)
            }
            report.problem(Failure(.partial, .cannotRestore(error.reason), object: records.path(record)))
            return false
        } catch let failure as Failure where failure.kind == .partial {
            report.problem(failure.of(records.path(record)))
            return false
        } catch is Skipped { return false }
    }

    /// A file that cannot be restored because of `failure`. Throws it when nothing more can be read at all:
    /// what is half written stays, for the next run to finish.
    func lost(_ record: PlanRecord, _ failure: Failure) throws {
        if failure.kind == .unreachable, reader.isCutOff { throw failure }
        report.lost(failure, path: records.path(record))
        if record.has(PlanFlags.linked) { report.fail(record.offset, failure) }
    }

    /// Removes what is in the way of a new path: a folder only when it is empty or `delete` is set.
    func removeInTheWay(_ folder: Int32, _ name: UnsafePointer<CChar>) throws {
        if unlinkat(folder, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw SystemError.last() }
        if unlinkat(folder, name, AT_REMOVEDIR) == 0 { return }
        guard errno == ENOTEMPTY || errno == EEXIST else { throw SystemError.last() }
        guard options.delete else { throw Failure(.partial, .folderInTheWay) }
        try FolderRemoval.remove(folder, name)
    }
}

/// What was to be done is not, and that was reported already.
struct Skipped: Error {}
