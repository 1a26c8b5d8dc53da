import Glibc

/// What is done when a signal ends this process: at most one thing, by whoever is first, its owner or the signal.
///
/// Signals are taken by a thread (sigwait(3)), so that what is done may be anything; a handler could do nearly nothing.
package enum Interruption {
    private static let last = Monitor<(@Sendable () -> Void)?>(nil)
    /// Exit status of a process that a signal ended.
    private static let status: Int32 = 130

    /// Takes over `signals` for the whole process. To be called before there are other threads: they inherit the mask.
    package static func watch(_ signals: [Int32]) {
        // What this process was told to ignore (nohup) stays ignored.
        let wanted = signals.filter { number in
            var action = sigaction()
            return sigaction(number, nil, &action) != 0 || action.__sigaction_handler.sa_handler.map { unsafeBitCast($0, to: Int.self) } != 1
        }
        var set = sigset_t()
        sigemptyset(&set)
        for number in wanted { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        _ = Threads.start("signals") {
            var set = sigset_t()
            sigemptyset(&set)
            for number in wanted { sigaddset(&set, number) }
            var number: Int32 = 0
            while sigwait(&set, &number) != 0 {}
            take()?()
            _exit(status)
        }
    }

    /// Sees to it that `body` runs when a signal ends the process from now on.
    package static func prepare(_ body: @escaping @Sendable () -> Void) { last.look { $0 = body } }

    /// What was prepared, which is now the caller's to do: nil when a signal has it already, and the process is about to end.
    package static func take() -> (@Sendable () -> Void)? {
        last.look { last in
            defer { last = nil }
            return last
        }
    }
}
