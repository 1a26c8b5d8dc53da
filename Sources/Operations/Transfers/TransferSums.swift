import Scheduling

/// Objects and bytes.
package struct TransferCount: Sendable, Equatable {
    package var objects: UInt64 = 0
    package var bytes: UInt64 = 0

    mutating func add(_ size: UInt64) {
        objects &+= 1
        bytes &+= size
    }

    static func + (l: TransferCount, r: TransferCount) -> TransferCount {
        TransferCount(objects: l.objects &+ r.objects, bytes: l.bytes &+ r.bytes)
    }

    /// What is more than in `r`.
    static func - (l: TransferCount, r: TransferCount) -> TransferCount {
        TransferCount(objects: l.objects &- min(l.objects, r.objects), bytes: l.bytes &- min(l.bytes, r.bytes))
    }
}

/// What was written to a place, and what left it.
package struct TransferSums: Sendable, Equatable {
    package var written = TransferCount()
    package var deleted = TransferCount()
    /// Taken away by another machine with the right, as a check found.
    package var gone = TransferCount()

    /// What is there.
    package var balance: TransferCount { written - deleted - gone }

    static func + (l: TransferSums, r: TransferSums) -> TransferSums {
        TransferSums(written: l.written + r.written, deleted: l.deleted + r.deleted, gone: l.gone + r.gone)
    }
}

/// A calendar month of local time.
package struct TransferMonth: Hashable, Sendable, Comparable {
    /// 202611.
    let number: UInt32

    init(number: UInt32) { self.number = number }

    init(seconds: Int64) {
        let time = LocalTime(seconds)
        number = UInt32(clamping: time.year * 100 + time.month)
    }

    /// `2026-11`.
    package var text: String { "\(number / 100)-\(number % 100 < 10 ? "0" : "")\(number % 100)" }

    package static func < (l: TransferMonth, r: TransferMonth) -> Bool { l.number < r.number }
}

/// What the sums are kept by.
package struct TransferCell: Hashable, Sendable, Comparable {
    package let month: TransferMonth
    package let place: TransferPlace

    package static func < (l: TransferCell, r: TransferCell) -> Bool { (l.month, l.place.text) < (r.month, r.place.text) }
}
