import Base
import Glibc

/// What a command asked of a site and what went over the wire.
package struct SiteTraffic: Sendable, Equatable {
    /// Requests sent, retries included.
    package var requests = 0
    package var retries = 0
    /// Operations that failed for a passing reason in the end.
    package var failures = 0
    /// Bytes of bodies, retries included.
    package var sent = 0
    package var received = 0
    /// Requests that the site was found to take at once, as last measured; 0 where nothing limits them.
    package var concurrency = 0

    package init() {}

    package static func + (l: SiteTraffic, r: SiteTraffic) -> SiteTraffic {
        var sum = l
        sum.requests += r.requests
        sum.retries += r.retries
        sum.failures += r.failures
        sum.sent += r.sent
        sum.received += r.received
        sum.concurrency = max(l.concurrency, r.concurrency)
        return sum
    }
}

/// Lets bytes through at a rate that may change with the time of day. Any number of threads.
package final class RateLimiter: Sendable {
    /// Bytes a second now; nil without limit.
    private let rate: @Sendable () -> Int?
    /// Monotonic seconds when the bytes granted so far will have passed.
    private let busyUntil = Monitor(0.0)
    /// Bytes may pass ahead for so many seconds after a pause.
    private static let burst = 0.25

    package init(_ rate: @escaping @Sendable () -> Int?) { self.rate = rate }

    package static let unlimited = RateLimiter { nil }

    /// Grants `count` bytes; returns the seconds to wait before the next ones.
    package func take(_ count: Int) -> Double {
        guard let rate = rate() else { return 0 }
        let now = monotonicSeconds()
        return busyUntil.look { until in
            until = max(until, now - Self.burst) + Double(count) / Double(max(1, rate))
            return max(0, until - now)
        }
    }

    /// Waits as long as `count` bytes take.
    package func pass(_ count: Int) {
        let pause = take(count)
        if pause > 0 { sleep(seconds: pause) }
    }

    /// Bytes a second now; nil without limit.
    package var bytesPerSecond: Int? { rate() }
}
