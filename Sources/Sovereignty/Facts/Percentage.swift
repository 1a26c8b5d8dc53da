/// A share of a hundred, exact to a millionth: 24 % and 24.1 % lie on two sides of a limit, and no rounding may move them.
package struct Percentage: Sendable, Hashable, Comparable {
    /// Millionths of one per cent.
    package let millionths: Int64

    package init(millionths: Int64) { self.millionths = millionths }

    /// Nil unless `digits` is a JSON number from 0 to 100 with at most six decimals.
    package init?(_ digits: String) {
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            parts[0].count <= 3, let whole = Int64(parts[0])
        else { return nil }
        let decimals = parts.count == 2 ? parts[1] : ""
        guard decimals.count <= 6, let fraction = Int64((decimals + "000000").prefix(6)) else { return nil }
        millionths = whole * 1_000_000 + fraction
        guard millionths <= 100_000_000 else { return nil }
    }

    package static let zero = Percentage(millionths: 0)
    package static func + (l: Percentage, r: Percentage) -> Percentage { Percentage(millionths: l.millionths + r.millionths) }
    package static func < (l: Percentage, r: Percentage) -> Bool { l.millionths < r.millionths }
}

extension Percentage: CustomStringConvertible {
    /// `24`, `24.1`.
    package var description: String {
        let (whole, fraction) = millionths.quotientAndRemainder(dividingBy: 1_000_000)
        guard fraction != 0 else { return "\(whole)" }
        let digits = String(fraction)
        var text = "\(whole)." + String(repeating: "0", count: 6 - digits.count) + digits
        while text.hasSuffix("0") { text.removeLast() }
        return text
    }
}
