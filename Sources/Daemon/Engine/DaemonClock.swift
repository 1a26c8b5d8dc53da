import Base
import Glibc

/// The two clocks of the daemon: tests have their own.
package protocol DaemonClock: Sendable {
    /// Seconds since 1970 as the wall's clock shows them; it may jump either way.
    func now() -> Int64
    /// Seconds since some start; never goes back, and goes on while the machine sleeps.
    func monotonic() -> Double
}

/// The machine's own.
package struct SystemClock: DaemonClock {
    package init() {}
    package func now() -> Int64 { Timestamp.now().seconds }
    package func monotonic() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
