import Glibc

/// A moment, in nanoseconds since 1970 UTC; may be negative.
package struct Timestamp: Hashable, Sendable, Comparable {
    package let seconds: Int64
    /// 0 to 999,999,999, added to `seconds`.
    package let nanoseconds: UInt32

    package init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package static func now() -> Timestamp {
        #if DEBUG
            if let now = TestClock.now { return now }
        #endif
        var t = timespec()
        clock_gettime(CLOCK_REALTIME, &t)
        return Timestamp(seconds: Int64(t.tv_sec), nanoseconds: UInt32(t.tv_nsec))
    }

    package static func < (l: Timestamp, r: Timestamp) -> Bool {
        l.seconds != r.seconds ? l.seconds < r.seconds : l.nanoseconds < r.nanoseconds
    }

    package func adding(seconds more: Int64) -> Timestamp {
        Timestamp(seconds: seconds.addingReportingOverflow(more).partialValue, nanoseconds: nanoseconds)
    }

    /// RFC 3339 in local time with offset, to the second: `2026-11-22T02:00:07+01:00`.
    package var localText: String { format("%Y-%m-%dT%H:%M:%S%z", separator: true) }

    /// For a screen: `2026-11-22 02:00:07 +0100`.
    package var screenText: String { format("%Y-%m-%d %H:%M:%S %z", separator: false) }

    /// The local calendar day: `2026-11-22`.
    package var localDay: String { format("%Y-%m-%d", separator: false) }

    private func format(_ pattern: String, separator: Bool) -> String {
        var t = time_t(seconds)
        var parts = tm()
        guard localtime_r(&t, &parts) != nil else { return "\(seconds)s" }
        var text = [CChar](repeating: 0, count: 64)
        let length = strftime(&text, text.count, pattern, &parts)
        var out = String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if separator, out.count > 2 { out.insert(":", at: out.index(out.endIndex, offsetBy: -2)) }
        return out
    }
}

/// Monotonic seconds, for measuring how long something took.
package func monotonicSeconds() -> Double {
    var t = timespec()
    clock_gettime(CLOCK_MONOTONIC, &t)
    return Double(t.tv_sec) + Double(t.tv_nsec) / 1e9
}

#if DEBUG
    /// A clock that tests set: weeks pass in seconds. It is not there in what is shipped.
    package enum TestClock {
        private static let moment = Monitor<Timestamp?>(nil)
        /// Nil: the machine's clock.
        package static var now: Timestamp? { moment.look { $0 } }
        package static func set(_ now: Timestamp?) { moment.look { $0 = now } }
    }
#endif
