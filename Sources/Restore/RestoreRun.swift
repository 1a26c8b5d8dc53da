import Base
import Glibc
import Synchronization

/// What the threads of one restore share about its course: how far it is, and whether to stop.
final class RestoreRun: Sendable {
    /// Between two reports of progress, in nanoseconds.
    private static let interval: UInt64 = 100_000_000

    private let isCancelled: @Sendable () -> Bool
    private let show: (@Sendable (RestoreProgress) -> Void)?
    private let progress = Monitor(RestoreProgress())
    private let lastShown = Atomic<UInt64>(0)
    private let hasFailed = Atomic<Bool>(false)

    init(progress show: (@Sendable (RestoreProgress) -> Void)?, isCancelled: @escaping @Sendable () -> Bool) {
        self.show = show
        self.isCancelled = isCancelled
    }

    /// Throws `.interrupted` when the restore is to stop, or when another thread has failed.
    func check() throws {
        if hasFailed.load(ordering: .relaxed) || isCancelled() { throw Failure(.interrupted, .restoreInterrupted) }
    }

    /// Runs `body` on several threads; the first failure stops them all and is thrown.
    func threads(_ name: String, _ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
        let first = Monitor<(any Error)?>(nil)
        try Threads.run(name, count: count) { index in
            do { try body(index) } catch {
                first.look { if $0 == nil { $0 = error } }
                self.hasFailed.store(true, ordering: .relaxed)
            }
        }
        if let error = first.look({ $0 }) { throw error }
    }

    /// Another stage begins.
    func enter(_ stage: RestoreProgress.Stage, totalFiles: UInt64 = 0, totalBytes: UInt64 = 0) {
        progress.look { progress in
            progress = RestoreProgress()
            progress.stage = stage
            progress.totalFiles = totalFiles
            progress.totalBytes = totalBytes
        }
    }

    func planned(_ entries: UInt64) throws {
        try check()
        progress.look { $0.files = entries }
        showIfDue()
    }

    func advance(files: UInt64, bytes: UInt64) {
        progress.look {
            $0.files += files
            $0.bytes += bytes
        }
        showIfDue()
    }

    /// Another thread may have shown after this one looked at the clock: then `now` lies before `last`.
    static func isDue(_ now: UInt64, after last: UInt64) -> Bool { now >= last + interval }

    private func showIfDue() {
        guard let show else { return }
        let now = UInt64(monotonicSeconds() * 1e9)
        let last = lastShown.load(ordering: .relaxed)
        guard Self.isDue(now, after: last),
            lastShown.compareExchange(expected: last, desired: now, ordering: .relaxed).exchanged
        else { return }
        show(progress.look { $0 })
    }
}
