import Base
import Glibc
import Operations

/// What a run says, as it says it.
package enum JobOutput: Sendable {
    /// For standard output (1) or standard error (2).
    case text(Int32, [UInt8])
    case progress(WorkerProgress)
    case end(ExitStatus)
}

/// Runs jobs as processes of `hdsbackup`, each followed by a thread.
///
/// Below `folder`, which nobody else may read, each run has a report (`<run>.report`, see `WorkerReport`) until it is in the history, and a log of
/// what it said (`<run>.log`): paths that could not be read are there, and nowhere else.
final class WorkerRunner: JobRunner, Sendable {
    private struct Running {
        let pid: pid_t
        var bytes: UInt64 = 0
    }

    private let program: String
    private let folder: String
    private let common: [String]
    private let language: Language
    private let ended: @Sendable (JobEnd) -> Void
    private let running = Monitor<[Int64: Running]>([:])
    private static let logsKept = 200
    private static let logBytes = 1 << 20

    /// `program`: path of `hdsbackup`. `common`: flags for every run. `language`: of what runs of the schedule say, as alerts tell it.
    /// `ended` is called from the threads.
    init(program: String, folder: String, common: [String], language: Language, ended: @escaping @Sendable (JobEnd) -> Void) throws {
        self.program = program
        self.folder = folder
        self.common = common
        self.language = language
        self.ended = ended
        try Files.makeFolder(folder)
    }

    private func path(_ run: Int64, _ suffix: String) -> String { "\(folder)/\(run).\(suffix)" }

    func start(_ job: Job) {
        let begun = monotonicSeconds()
        // Numbers begin anew with a lost history: what is there under this one is another run's.
        for suffix in ["report", "log"] { unlink(path(job.run, suffix)) }
        var words = [program] + job.arguments + common
        words += ["--alone", "--no-progress", "--report", path(job.run, "report"), "--progress-fd", "\(WorkerProcess.progressDescriptor)"]
        words += ["--parent", "\(getpid())"]
        if job.display?.isJSON != false { words.append("--json") }
        if job.display?.isQuiet == true { words.append("--quiet") }
        words += ["--lang", job.display?.language ?? language.rawValue]
        let process: WorkerProcess
        do { process = try WorkerProcess(words) } catch {
            let failure = (error as? SystemError)?.failure(.failed, "start", object: program) ?? Failure(.failed, .system("start", "\(error)"))
            job.output?(.text(2, Array((failure.text(.english) + "\n").utf8)))
            let report = WorkerReport(exit: .failed, failures: [FailureRecord(failure, .english)])
            return end(job, .failed, begun, report)
        }
        running.look { $0[job.run] = Running(pid: process.pid) }
        _ = Threads.start("run-\(job.run)") { [self] in
            self.follow(process, job)
            // Before its number may be another process's.
            self.running.look { $0[job.run] = nil }
            let status = process.reap()
            let report = WorkerReport.read(self.path(job.run, "report"))
            // Without a report, nobody knows what it did: it ended by a signal, or could not write.
            let exit = report?.exit ?? (status == ExitStatus.interrupted.rawValue || status == 128 + SIGTERM ? .interrupted : .failed)
            self.end(job, exit, begun, report)
        }
    }

    private func end(_ job: Job, _ exit: ExitStatus, _ begun: Double, _ report: WorkerReport?) {
        ended(JobEnd(run: job.run, exit: exit, seconds: monotonicSeconds() - begun, report: report))
    }

    private func follow(_ process: WorkerProcess, _ job: Job) {
        var log: [UInt8] = []
        var line: [UInt8] = []
        process.follow { stream, bytes in
            switch stream {
            case .output: job.output?(.text(1, bytes))
            case .errors:
                job.output?(.text(2, bytes))
                if log.count < Self.logBytes { log += bytes.prefix(Self.logBytes - log.count) }
            case .progress:
                line += bytes
                while let end = line.firstIndex(of: 0x0A) {
                    if let progress = try? JSONLine.decode(WorkerProgress.self, line[..<end]) {
                        self.running.look { $0[job.run]?.bytes = progress.bytes }
                        job.output?(.progress(progress))
                    }
                    line.removeSubrange(...end)
                }
            }
        }
        // A log that cannot be kept is no reason to fail: the person who asked has seen it.
        if !log.isEmpty { try? Files.replace(path(job.run, "log"), log) }
    }

    func stop(_ run: Int64) {
        running.look { if let pid = $0[run]?.pid { _ = kill(pid, SIGTERM) } }
    }

    func progress(of run: Int64) -> UInt64 { running.look { $0[run]?.bytes ?? 0 } }

    func leftReport(of run: Int64) -> WorkerReport? { WorkerReport.read(path(run, "report")) }

    func forget(_ run: Int64) {
        unlink(path(run, "report"))
        if run > Int64(Self.logsKept) { unlink(path(run - Int64(Self.logsKept), "log")) }
    }
}
