import Base
import CLinux
import Glibc
import Synchronization

/// The screen of a command: results on standard output, everything else on standard error, and the exit
/// status at the end.
///
/// Threads may share it. Results are gathered in memory while standard output is no terminal: `finish`
/// writes the rest, so that every command must end with it.
package final class Console: Sendable {
    /// The flags that all commands have in common.
    package struct Options: Sendable {
        package var language: String?
        package var isJSON = false
        package var isQuiet = false
        package var hidesProgress = false
        /// Keeps the rows of results, whether they are shown or not: for the report of a run that the daemon started.
        package var keepsRows = false
        package init() {}
    }

    /// Where the console writes.
    package struct Screen: Sendable {
        package var output: Int32
        package var errors: Int32
        package var isOutputTerminal: Bool
        package var isErrorsTerminal: Bool
        /// Width of the terminal of `errors`; nil to ask it.
        package var columns: Int?
        /// Monotonic seconds. The coarse clock costs a few nanoseconds, and progress asks for each chunk.
        package var clock: @Sendable () -> Double = {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }

        package init(output: Int32, errors: Int32, isOutputTerminal: Bool, isErrorsTerminal: Bool, columns: Int? = nil) {
            self.output = output
            self.errors = errors
            self.isOutputTerminal = isOutputTerminal
            self.isErrorsTerminal = isErrorsTerminal
            self.columns = columns
        }

        /// Standard output and standard error. A terminal that cannot move its cursor counts as none.
        package static func standard(environment: [String: String]) -> Screen {
            let canDraw = !["", "dumb"].contains(environment["TERM"] ?? "")
            return Screen(output: 1, errors: 2, isOutputTerminal: isatty(1) == 1, isErrorsTerminal: isatty(2) == 1 && canDraw)
        }
    }

    package let language: Language
    package let isJSON: Bool
    package let isQuiet: Bool
    private let keepsRows: Bool
    /// Whether progress lines are drawn.
    package let showsProgress: Bool

    private struct State {
        var pending: [UInt8] = []
        var lines: [ProgressLine] = []
        /// Lines of progress on the screen, above the cursor.
        var drawn = 0
        var outputError: SystemError?
        var rows: [[UInt8]] = []
        var status = ExitStatus.done
        var failures: [Failure] = []
        var failureCount = 0
    }

    private let screen: Screen
    private let state = Monitor(State())
    /// Milliseconds of the monotonic clock before which nothing is drawn again.
    private let nextDraw = Atomic<Int64>(0)
    private static let drawInterval: Int64 = 200
    private static let linesShown = 12
    /// Failures kept for the error line of `--json`; standard error shows them all.
    private static let failuresKept = 1000
    private static let pendingLimit = 64 << 10

    /// Throws a `Failure` of kind `.usage` for an unknown language.
    package init(_ options: Options, environment: [String: String], screen: Screen? = nil) throws {
        language = try Language(option: options.language, environment: environment)
        isJSON = options.isJSON
        isQuiet = options.isQuiet
        keepsRows = options.keepsRows
        self.screen = screen ?? .standard(environment: environment)
        showsProgress = self.screen.isErrorsTerminal && !options.isQuiet && !options.hidesProgress
    }

    // MARK: Results

    /// A line of results.
    package func print(_ line: String) { output(Array(line.utf8) + [0x0A]) }

    /// A line that says how an act went; nothing with `--quiet`, when only what went wrong is told.
    package func summary(_ line: String) { if !isQuiet { print(line) } }

    /// Bytes of results as they are.
    package func output(_ bytes: [UInt8]) {
        state.look { state in
            state.pending += bytes
            guard screen.isOutputTerminal || state.pending.count >= Self.pendingLimit else { return }
            if screen.isOutputTerminal { erase(&state) }
            flush(&state)
            if screen.isOutputTerminal { draw(&state) }
        }
    }

    package func print(_ table: ConsoleTable) { for line in table.lines { print(line) } }

    /// One JSON object on a line of its own. `now` writes it at once: for long work that streams.
    package func json(_ value: some Encodable, now: Bool = false) {
        do {
            output(try JSONLine.encode(value) + [0x0A])
        } catch {
            report(error)
        }
        if now { state.look { flush(&$0) } }
    }

    /// One result: a JSON object on a line of its own with `--json`, else what `show` prints.
    package func row(_ value: some Encodable, show: () -> Void) {
        if keepsRows {
            do {
                let bytes = try JSONLine.encode(value)
                state.look { $0.rows.append(bytes) }
            } catch { report(error) }
        }
        if isJSON { json(value) } else { show() }
    }

    /// The rows so far, where they are kept.
    package var rows: [[UInt8]] { state.look { $0.rows } }

    /// What went wrong so far, as `--json` shows it.
    package var failureRecords: [FailureRecord] { state.look { $0.failures }.map { FailureRecord($0, language) } }

    /// What the command would exit with if it ended now.
    package var statusSoFar: ExitStatus { state.look { $0.status } }

    // MARK: Beside the results

    /// A sentence that is good to know, on standard error; nothing with `--quiet`.
    package func note(_ text: String) {
        if !isQuiet { writeAside(text) }
    }

    package func note(_ message: Message) { note(message.text(language)) }

    /// Bytes for standard error as they are: what another process said there.
    package func aside(_ bytes: [UInt8]) { writeAside(String(decoding: bytes.last == 0x0A ? bytes.dropLast() : bytes[...], as: UTF8.self)) }

    /// Says what went wrong, now, and counts it in the exit status. Work may go on.
    package func report(_ error: any Error) {
        for failure in failures(of: error) {
            state.look { state in
                state.status = state.status.combined(with: failure.exitStatus)
                state.failureCount += 1
                if state.failures.count < Self.failuresKept { state.failures.append(failure) }
            }
            writeAside(Message.errorPrefix.text(language) + failure.text(language))
        }
    }

    /// The status that `finish` would return now.
    package var status: ExitStatus { state.look { $0.status } }

    /// Ends the command: progress goes away, results are written, and with `--json` an error line says
    /// what was reported. Returns the status to exit with: `status` and that of all reports together.
    package func finish(_ status: ExitStatus = .done) -> ExitStatus {
        state.look { state in
            erase(&state)
            state.lines = []
            flush(&state)
            state.status = state.status.combined(with: status)
        }
        if isJSON {
            let line = state.look { state in
                state.failures.isEmpty
                    ? nil : ErrorLine(state.failures, total: state.failureCount, exit: state.status, language)
            }
            if let line { json(line, now: true) }
        }
        if let error = state.look({ $0.outputError }) { report(Failure(.failed, .outputFailed(error.reason))) }
        return state.look { $0.status }
    }

    /// Ends the command with an error: `report`, then `finish`.
    package func finish(_ error: any Error) -> ExitStatus {
        report(error)
        return finish()
    }

    // MARK: Questions

    /// Asks on the terminal; no is what anything but a clear yes means. Throws a `Failure` of kind
    /// `.usage` where there is no terminal.
    package func confirm(_ question: String, terminal path: String = "/dev/tty") throws -> Bool {
        let terminal: ConsoleTerminal
        do {
            terminal = try ConsoleTerminal(path)
        } catch {
            throw Failure(.usage, .noTerminalToAsk, remedy: .sayYes)
        }
        state.look { state in
            erase(&state)
            flush(&state)
        }
        let answer = try terminal.readLine("\(question) \(Message.yesNoHint.text(language)) ")
        return ["y", "yes", "o", "oui"].contains(answer.filter { $0 != " " }.lowercased())
    }

    /// Asks on the terminal for a line; nil where there is none, or nobody answers.
    package func ask(_ question: Message, terminal path: String = "/dev/tty") -> String? {
        guard let terminal = try? ConsoleTerminal(path) else { return nil }
        state.look { state in
            erase(&state)
            flush(&state)
        }
        return try? terminal.readLine(question.text(language) + " ")
    }

    // MARK: Progress

    /// A line of progress for a running task; it draws nothing where there is nobody to see it.
    package func progress(_ label: String, total: UInt64? = nil) -> ProgressLine {
        let line = ProgressLine(label, total: total, start: screen.clock(), keeper: self, isShown: showsProgress)
        state.look { $0.lines.append(line) }
        return line
    }

    /// The progress of the task that began last; nil when there is none.
    var progressNow: WorkerProgress? { state.look { $0.lines.last }.map(\.workerProgress) }

    func remove(_ line: ProgressLine) {
        state.look { state in
            state.lines.removeAll { $0 === line }
            if state.drawn > 0 { draw(&state) }
        }
    }

    /// Draws, if nobody did so in the last fifth of a second.
    func drawIfDue() {
        let now = Int64(screen.clock() * 1000)
        let due = nextDraw.load(ordering: .relaxed)
        guard now >= due else { return }
        guard nextDraw.compareExchange(expected: due, desired: now + Self.drawInterval, ordering: .relaxed).exchanged else { return }
        state.look { draw(&$0) }
    }

    /// Draws the lines over those that were there. To be called with the lock held.
    private func draw(_ state: inout State) {
        guard showsProgress, !state.lines.isEmpty || state.drawn > 0 else { return }
        let columns = (screen.columns ?? Int(clinux_terminal_columns(screen.errors))) - 1
        let now = screen.clock()
        var texts = state.lines.prefix(Self.linesShown).map { $0.text(language, now: now, columns: columns > 0 ? columns : 79) }
        if state.lines.count > Self.linesShown { texts.append(Message.progressMore(state.lines.count - Self.linesShown).text(language)) }
        var frame = state.drawn > 0 ? "\u{1B}[\(state.drawn)F" : ""
        for text in texts { frame += text + "\u{1B}[K\n" }
        if texts.count < state.drawn { frame += "\u{1B}[J" }
        writeErrors(frame)
        state.drawn = texts.count
    }

    /// Takes the lines off the screen; the next `draw` puts them back. With the lock held.
    private func erase(_ state: inout State) {
        guard state.drawn > 0 else { return }
        writeErrors("\u{1B}[\(state.drawn)F\u{1B}[J")
        state.drawn = 0
    }

    // MARK: Writing

    private func writeAside(_ text: String) {
        state.look { state in
            let wasDrawn = state.drawn > 0
            erase(&state)
            // In the order in which they were said, where both go to one place.
            flush(&state)
            writeErrors(text + "\n")
            if wasDrawn { draw(&state) }
        }
    }

    private func flush(_ state: inout State) {
        guard !state.pending.isEmpty else { return }
        do {
            if state.outputError == nil { try Self.write(state.pending, to: screen.output) }
        } catch {
            state.outputError = error as? SystemError
        }
        state.pending.removeAll(keepingCapacity: true)
    }

    /// Where standard error is gone there is nowhere left to complain.
    private func writeErrors(_ text: String) { try? Self.write(Array(text.utf8), to: screen.errors) }

    static func write(_ bytes: [UInt8], to descriptor: Int32) throws {
        try bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                done += Int(try retrying { Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done) })
            }
        }
    }
}
