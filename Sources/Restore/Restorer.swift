import Base
import CLinux
import Glibc
import Repository

/// Restores a snapshot, or part of it, into a folder.
///
/// First it plans: walks the tree beside the target, writes down what is to be done in files without
/// names, and checks space and inodes; nothing is changed until then. Then it makes folders, reads each
/// needed pack about once, in storage order, on several threads, writes every file, makes links, removes
/// what is extraneous, and gives folders their metadata. Memory does not grow with the snapshot.
package final class Restorer {
    private let reader: BlobReader
    private let root: Digest
    private let options: RestoreOptions
    private let run: RestoreRun
    private let report = RestoreReport()

    /// `root`: the snapshot's root page, of the reader's domain. `progress` is called from any thread, a few
    /// times a second at most; `isCancelled` is asked often, from any thread.
    package init(
        reader: BlobReader, root: Digest, options: RestoreOptions, progress: (@Sendable (RestoreProgress) -> Void)? = nil,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.reader = reader
        self.root = root
        self.options = options
        run = RestoreRun(progress: progress, isCancelled: isCancelled)
    }

    /// What a restore would do. Writes nothing but files without names.
    package func estimate() throws -> RestoreEstimate {
        let target = try openTarget()
        let plan = try makePlan(target)
        return try RestoreEstimator(plan: plan, reader: reader, report: report, run: run).estimate(options, near: plan.spillFolders[0])
    }

    /// Restores. What concerns single paths is in the result; throws what concerns all: `.noSpace` (before
    /// anything is written, where it can be known), `.missing` or `.damaged` (the tree itself), `.key`,
    /// `.unreachable` (no site is left; run again to go on), `.interrupted`, `.usage`.
    package func restore() throws -> RestoreResult {
        Self.raiseOpenFileLimit()
        let before = try openTarget()
        let plan = try makePlan(before)
        try RestoreSpace(plan: plan).check(plan.spillFolders[0], target: options.target.printable)
        Steps.mark("plan made")
        let target = try before ?? makeTarget()
        report.add { result in
            result.right = plan.totals.right
            result.kept = plan.totals.kept
            result.rangeBytes = plan.totals.rangeBytes
            result.next = plan.next
        }
        let waiting = try SpillFile(in: [File.open(".", in: target, O_RDONLY | O_DIRECTORY)] + plan.spillFolders).file
        let traits = try TargetTraits(sample: waiting, isVaried: plan.isVaried, hasDefaultACL: plan.hasDefaultACL)
        let context = RestoreContext(
            plan: plan, reader: reader, options: options, report: report, run: run, root: target, traits: traits, waiting: waiting)
        try write(plan, context)
        return report.result(reader)
    }

    private func write(_ plan: RestorePlan, _ context: RestoreContext) throws {
        run.enter(.writing, totalFiles: plan.totals.files, totalBytes: plan.totals.bytes)
        let folders = FolderMaker(context, folders: plan.folders)
        try folders.makeAll()
        Steps.mark("folders made")
        let feed = PieceFeed(try plan.pieces.finish(), bytes: plan.totals.bytes, threads: options.threads)
        try run.threads("restore", options.threads) { _ in try RestoreWorker(context).work(feed) }
        Steps.mark("contents written")
        run.enter(.finishing)
        try LinkMaker(context).makeAll(plan.followers)
        if let names = plan.names { try ExtraneousNames(context, names: names).removeAll(from: plan.folders) }
        try folders.finishAll()
    }

    private func makePlan(_ target: File?) throws -> RestorePlan {
        run.enter(.planning)
        let planner = try RestorePlanner(
            reader: reader, root: root, options: options, report: report, run: run, target: target, near: try spillFolders())
        let plan = try planner.plan()
        try ContentComparison(plan: plan, target: target, reader: reader, run: run).compare(threads: options.threads)
        return plan
    }

    // MARK: the target folder

    /// The target as it is; nil when there is none.
    private func openTarget() throws -> File? {
        do { return try File.open(options.target, O_RDONLY | O_DIRECTORY) } catch let error as SystemError {
            switch error.code {
            case ENOENT: return nil
            case ENOTDIR: throw Failure(.failed, .targetIsNoFolder, object: options.target.printable)
            default: throw error.failure(.failed, "open", object: options.target.printable)
            }
        }
    }

    private func makeTarget() throws -> File {
        var end = 0
        let path = options.target.bytes
        do {
            while end < path.count {
                end = path[(end + 1)...].firstIndex(of: UInt8(ascii: "/")) ?? path.count
                try RawName(Array(path[..<end])).withCString { part in
                    if mkdir(part, 0o700) != 0, errno != EEXIST, errno != EISDIR { throw SystemError.last() }
                }
            }
            return try File.open(options.target, O_RDONLY | O_DIRECTORY)
        } catch let error as SystemError { throw error.failure(.failed, "mkdir", object: options.target.printable) }
    }

    /// The target or what is above it, so that the plan lies in its file system; then the common places.
    private func spillFolders() throws -> [File] {
        var folders: [File] = []
        var path = options.target.bytes
        while folders.isEmpty {
            if let folder = try? File.open(path.isEmpty ? "." : RawName(path), O_RDONLY | O_DIRECTORY) { folders.append(folder) }
            if path.isEmpty || path == [UInt8(ascii: "/")] { break }
            path = path.lastIndex(of: UInt8(ascii: "/")).map { $0 == 0 ? [UInt8(ascii: "/")] : Array(path[..<$0]) } ?? []
        }
        for common in ["/var/tmp", "/tmp"] { if let folder = try? File.open(RawName(common), O_RDONLY | O_DIRECTORY) { folders.append(folder) } }
        guard !folders.isEmpty else { throw Failure(.failed, .targetIsNoFolder, object: options.target.printable) }
        return folders
    }

    /// Each thread holds folders and files open.
    private static func raiseOpenFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
