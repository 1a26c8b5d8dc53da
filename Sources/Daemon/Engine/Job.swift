import Base
import Operations

/// A run to be started: one command of `hdsbackup`.
package struct Job: Sendable {
    /// Number of the run in the history.
    package let run: Int64
    package let task: TaskName
    /// The command and its own arguments.
    package let arguments: [String]
    /// How to show results to the person who asked; nil for a run of the schedule.
    package let display: Display?

    /// Flags of the command that a person gave.
    package struct Display: Codable, Sendable, Equatable {
        package var isJSON = false
        package var isQuiet = false
        package var language = "en"
        package init() {}
    }

    /// Where what it says goes besides, but for its end, which is the engine's to tell; called from any thread.
    package let output: (@Sendable (JobOutput) -> Void)?

    package init(run: Int64, task: TaskName, arguments: [String], display: Display? = nil, output: (@Sendable (JobOutput) -> Void)? = nil) {
        self.output = output
        self.run = run
        self.task = task
        self.arguments = arguments
        self.display = display
    }
}

/// How a job ended.
package struct JobEnd: Sendable {
    package let run: Int64
    package let exit: ExitStatus
    package let seconds: Double
    /// Nil when it ended without one: killed, or its disk was full.
    package let report: WorkerReport?

    package init(run: Int64, exit: ExitStatus, seconds: Double, report: WorkerReport?) {
        self.run = run
        self.exit = exit
        self.seconds = seconds
        self.report = report
    }
}

/// What runs jobs: as processes of their own, or within a test.
///
/// `start` returns at once; the end of the job is told later by what was given for that, on any thread, exactly once, also where the
/// job could not be started. It is called on the thread of the engine, which lives as long as the daemon.
package protocol JobRunner: AnyObject {
    func start(_ job: Job)
    /// Asks the job to end soon: what is not finished is gone on with by the next run.
    func stop(_ run: Int64)
    /// Bytes that the run has handled so far.
    func progress(of run: Int64) -> UInt64
    /// The report that a run of an earlier life of the daemon left behind; nil when there is none.
    func leftReport(of run: Int64) -> WorkerReport?
    /// What the run reported is kept elsewhere now.
    func forget(_ run: Int64)
}
