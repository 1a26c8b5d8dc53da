import Base

/// A number of bytes, as the configuration writes it: `256MiB`.
package struct ByteCount: Hashable, Sendable, Comparable {
    package let bytes: UInt64

    package init(_ bytes: UInt64) { self.bytes = bytes }

    private static let units: [(name: String, bytes: UInt64)] = [
        ("PiB", 1 << 50), ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("PB", 1_000_000_000_000_000), ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1),
    ]

    /// A whole number and a unit, `B` to `PiB` or `kB` to `PB`; nil for anything else, zero included.
    package init?(_ text: String) {
        guard let (number, unit) = splitNumber(text), number > 0 else { return nil }
        guard let unit = Self.units.first(where: { $0.name == unit }) else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.bytes)
        guard !overflow, bytes <= UInt64(Int64.max) else { return nil }
        self.bytes = bytes
    }

    /// What `init(_:)` reads, in the largest unit that keeps it whole.
    package var text: String {
        let unit = Self.units.first { bytes >= $0.bytes && bytes % $0.bytes == 0 && ($0.name.hasSuffix("iB") || $0.name == "B") }
        return "\(bytes / (unit?.bytes ?? 1))\(unit?.name ?? "B")"
    }

    package static func < (l: ByteCount, r: ByteCount) -> Bool { l.bytes < r.bytes }
}

extension Duration {
    private static let units: [(name: String, seconds: UInt64)] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]

    /// A length of time as the configuration writes it: `7d`, `24h`, `30m`, `1h30m`; nil for anything
    /// else. Zero is `0s`, where it is allowed. A day has 24 hours and a week seven days.
    package init?(configuration text: String, zeroIsAllowed: Bool = false) {
        var total: UInt64 = 0
        var rest = text[...]
        var allowed = Self.units[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            guard let number = UInt64(digits), let letter = rest.popFirst() else { return nil }
            guard let place = allowed.firstIndex(where: { $0.name == String(letter) }) else { return nil }
            let (part, tooLong) = number.multipliedReportingOverflow(by: allowed[place].seconds)
            let (sum, overflow) = total.addingReportingOverflow(part)
            // A thousand years: far from the limits of any clock.
            guard !tooLong, !overflow, sum <= 31_556_952_000 else { return nil }
            total = sum
            allowed = allowed[(place + 1)...]
        }
        guard total > 0 || zeroIsAllowed else { return nil }
        self = .seconds(Int64(total))
    }

    /// What `init(configuration:)` reads: in days, hours, minutes or seconds, whichever keeps it whole.
    package var configurationText: String {
        let seconds = UInt64(max(0, components.seconds))
        let unit = Self.units.dropFirst().first { seconds % $0.seconds == 0 }!
        return "\(seconds / unit.seconds)\(unit.name)"
    }
}

/// A part of the day, in minutes after midnight, local time; it may go over midnight.
package struct DayWindow: Hashable, Sendable {
    package let from: Int
    package let to: Int

    /// `07:00-20:00`; nil for anything else.
    package init?(_ text: String) {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(Self.minutes)
        guard ends.count == 2, let from = ends[0], let to = ends[1], from != to else { return nil }
        self.from = from
        self.to = to
    }

    private static func minutes(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else { return nil }
        guard let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60 else { return nil }
        return hour * 60 + minute
    }

    package var text: String {
        func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
        return "\(two(from / 60)):\(two(from % 60))-\(two(to / 60)):\(two(to % 60))"
    }
}

/// The leading decimal digits of `text` as a number, and what follows them, one space apart at most.
private func splitNumber(_ text: String) -> (UInt64, Substring)? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let number = UInt64(digits) else { return nil }
    var unit = text.dropFirst(digits.count)
    if unit.first == " " { unit = unit.dropFirst() }
    return (number, unit)
}
