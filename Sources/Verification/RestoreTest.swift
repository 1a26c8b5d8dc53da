import Base
import CLinux
import Glibc
import Keys
import Repository
import Restore

/// One restore test: restores a snapshot, or the part of it that a plan says, into a scratch folder, reads all of it again
/// and compares it with the signed manifest's tree, compares unchanged files of the live source, and runs the source's own
/// check. The scratch folder is wiped in every case.
package struct RestoreTest {
    /// What is tested, and what is known of it.
    package struct Subject: Sendable {
        package let snapshot: Snapshot
        package let sourceName: String
        /// Paths that the snapshot was taken of; none for a command's or a pipe's output.
        package var paths: [[UInt8]] = []
        /// Whether the source is on this machine, and made of paths.
        package var isLive = false
        package var check: SourceCheck?
        /// Promised time of a whole restore, in seconds.
        package var promised: UInt64?

        package init(snapshot: Snapshot, sourceName: String) {
            self.snapshot = snapshot
            self.sourceName = sourceName
        }
    }

    /// What came of it. `sheet` names no path; `details` and `checkOutput` are for private output.
    package struct Outcome: Sendable {
        package var sheet: RestoreSheet
        package var status = ExitStatus.done
        package var details: [Failure] = []
        package var checkOutput: [UInt8] = []
        /// The round to go on with; nil where it stays as it is.
        package var round: RestoreTestRound?
    }

    let reader: BlobReader
    let subject: Subject
    /// Folder below which the scratch folder is made.
    let place: String
    let threads: Int
    let rights: Rights
    let now: @Sendable () -> Timestamp
    let clock: @Sendable () -> Double
    let progress: @Sendable (RestoreProgress) -> Void
    let isCancelled: @Sendable () -> Bool

    var root: Digest { subject.snapshot.outline.root }

    /// `now` and `clock` (monotonic seconds) are asked for what the sheet says.
    package init(
        reader: BlobReader, subject: Subject, place: String, threads: Int = Threads.cores, rights: Rights = .current(),
        now: @escaping @Sendable () -> Timestamp = { .now() }, clock: @escaping @Sendable () -> Double = { monotonicSeconds() },
        progress: @escaping @Sendable (RestoreProgress) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.reader = reader
        self.subject = subject
        self.place = place
        self.threads = threads
        self.rights = rights
        self.now = now
        self.clock = clock
        self.progress = progress
        self.isCancelled = isCancelled
    }

    // MARK: plan

    /// What to restore this time. Throws what reading the tree throws.
    package func plan(share: RestoreTestShare, limit: UInt64?, round: RestoreTestRound) throws -> RestoreTestPlan {
        let tree = TreeReader(source: reader, root: root)
        var round = round
        // What the round would go on with may be gone since.
        if !round.isNew, try tree.firstKey(from: round.key) == nil { round = RestoreTestRound() }
        let before = round.isNew ? 0 : try tree.bytes(before: round.key)
        return RestoreTestPlan(share: share, limit: limit, total: try tree.totals().bytes, before: before, round: round)
    }

    // MARK: execute

    /// Throws only where nothing was tested: `.noSpace` before anything was restored, `.usage`, `.key`, `.interrupted`, and
    /// `.failed` for the scratch folder. What a test finds is in its outcome.
    package func run(_ plan: RestoreTestPlan) throws -> Outcome {
        let scratch = try ScratchFolder(in: place)
        Steps.mark("scratch made")
        let tested = Result { try run(plan, scratch) }
        let wiped = Result { try scratch.wipe() }
        var outcome = try tested.get()
        do { try wiped.get() } catch let failure as Failure {
            outcome.details.append(Failure(.partial, failure.message, object: failure.object))
            outcome.status = outcome.status.combined(with: .partial)
        }
        return outcome
    }

    private func run(_ plan: RestoreTestPlan, _ scratch: ScratchFolder) throws -> Outcome {
        var outcome = Outcome(sheet: RestoreSheet())
        describe(&outcome.sheet)
        let target = scratch.path + "/files"
        // Who may pass the scratch folder may pass this one: the source's check may be another user.
        // Whatever the umask is.
        guard mkdir(target, 0o711) == 0, chmod(target, 0o711) == 0 else { throw SystemError.last().failure(.failed, "mkdir", object: target) }
        let restored: RestoreResult
        do { restored = try restore(plan, to: target, &outcome) } catch let failure as Failure {
            try note(failure, &outcome)
            return finish(outcome, plan, next: nil, isAborted: true)
        }
        Steps.mark("restored")
        try compare(restored, plan, target, &outcome)
        try runCheck(restored, plan, scratch, target, &outcome)
        return finish(outcome, plan, next: restored.next, isAborted: false)
    }

    private func describe(_ sheet: inout RestoreSheet) {
        sheet.source = subject.snapshot.outline.source
        sheet.sourceName = subject.sourceName
        sheet.snapshot = subject.snapshot.id
        sheet.manifest = subject.snapshot.manifestDigest
        sheet.started = now()
        sheet.promised = subject.promised
        sheet.comparison = .init(.skipped, "not-restored")
        sheet.live = .init(.skipped, "not-restored")
        sheet.check = .init(.skipped, "not-restored")
    }

    private func restore(_ plan: RestoreTestPlan, to target: String, _ outcome: inout Outcome) throws -> RestoreResult {
        let tree = TreeReader(source: reader, root: root)
        let before = plan.range == nil ? 0 : try tree.bytes(before: plan.range!.from)
        let total = try tree.totals().bytes
        var options = RestoreOptions(target: RawName(target))
        options.range = plan.range
        options.overwrite = .always
        options.keepsOwnOwner = !rights.givesAway
        options.threads = threads
        let begun = clock()
        let result = try Restorer(reader: reader, root: root, options: options, progress: progress, isCancelled: isCancelled).restore()
        let seconds = max(0, clock() - begun)
        outcome.sheet.restoreTime = milliseconds(seconds)
        (outcome.sheet.files, outcome.sheet.bytes) = (result.files, result.bytes)
        if plan.range != nil {
            outcome.sheet.from = millionths(before, of: total)
            outcome.sheet.to =
                result.next == nil ? RestoreSheet.whole : millionths(before.addingReportingOverflow(result.rangeBytes).partialValue, of: total)
        }
        let isPart = plan.range != nil && result.rangeBytes > 0 && result.rangeBytes < total
        outcome.sheet.wholeTime = isPart ? milliseconds(seconds * Double(total) / Double(result.rangeBytes)) : outcome.sheet.restoreTime
        if result.lostCount > 0 {
            outcome.sheet.restored = .init(.failed, result.exitStatus == .unreachable ? "unreachable" : "damaged")
            outcome.details += result.lost
            outcome.status = outcome.status.combined(with: result.exitStatus)
        }
        // Whatever of it matters is met again in the comparison; here is the reason.
        outcome.details += result.problems.prefix(100)
        outcome.sheet.healed = UInt64(result.damage.filter(\.isHealed).count)
        return result
    }

    /// A restore that could not be carried out at all. Throws on what says nothing about what is stored.
    private func note(_ failure: Failure, _ outcome: inout Outcome) throws {
        switch failure.kind {
        case .damaged, .missing: outcome.sheet.restored = .init(.failed, "damaged")
        case .unreachable: outcome.sheet.restored = .init(.failed, "unreachable")
        default: throw failure.kind == .noSpace ? Failure(.noSpace, failure.message, object: failure.object, remedy: .testNeedsRoom) : failure
        }
        outcome.details.append(failure)
        outcome.status = outcome.status.combined(with: failure.exitStatus)
    }

    private func finish(_ outcome: Outcome, _ plan: RestoreTestPlan, next: [UInt8]?, isAborted: Bool) -> Outcome {
        var outcome = outcome
        let parts = [outcome.sheet.restored, outcome.sheet.comparison, outcome.sheet.live, outcome.sheet.check]
        let isFailed = parts.contains { $0.outcome == .failed }
        let isLate = outcome.sheet.promised.map { outcome.sheet.wholeTime > $0.multipliedReportingOverflow(by: 1000).partialValue } ?? false
        outcome.sheet.result = isFailed ? .failed : isLate ? .late : .good
        if !isFailed, isLate { outcome.status = outcome.status.combined(with: .partial) }
        outcome.sheet.sites = reader.readSites
        outcome.sheet.finished = now()
        // Where nothing could be restored the round stays where it is: the next test tries the same part again.
        outcome.sheet.isRoundComplete = !isAborted && plan.isComplete(next: next, failed: isFailed)
        if plan.range != nil, !isAborted { outcome.round = plan.after(next: next, failed: isFailed) }
        return outcome
    }
}

private func milliseconds(_ seconds: Double) -> UInt64 { UInt64(min(max(seconds * 1000, 0), 1e15).rounded(.up)) }

private func millionths(_ part: UInt64, of whole: UInt64) -> UInt32 {
    whole == 0 ? 0 : UInt32(min(1, Double(part) / Double(whole)) * Double(RestoreSheet.whole))
}
