import Base

/// The upright axis of a chart: from zero, so that no small change looks like a great one, with lines at round values.
struct ChartScale: Sendable, Equatable {
    enum Unit: Sendable {
        case bytes, seconds
    }

    let unit: Unit
    /// The value at the upper edge; more than zero.
    let top: Double
    /// Values that have a line, from the lowest; zero is the axis itself and not among them.
    let lines: [Double]

    /// Of values up to `greatest`; one to three lines.
    init(_ unit: Unit, greatest: Double) {
        self.unit = unit
        let greatest = greatest.isFinite ? max(0, greatest) : 0
        let step = ChartScale.steps(unit).first { greatest / $0 < 4 } ?? greatest
        lines = greatest > 0 ? (1...3).map { Double($0) * step }.filter { $0 <= max(greatest, step) } : []
        // Some room, so that the highest point does not lie on the edge.
        top = max(greatest, lines.last ?? step) * 1.06
    }

    /// What the value of a line is called; the third line of 512 is at one and a half of the next unit.
    func label(_ value: Double, _ format: DashboardFormat) -> String {
        switch unit {
        case .bytes:
            var value = value
            var rank = 0
            while value >= 1024, rank < Message.binaryUnits.count - 1 {
                value /= 1024
                rank += 1
            }
            let half = value == value.rounded() ? "" : "\(Message.decimalMark.text(format.language))5"
            return "\(Int(value))\(half)\u{A0}\(Message.binaryUnits[rank].text(format.language))"
        case .seconds: return format.promise(Int64(min(value, 1e15)))
        }
    }

    private static func steps(_ unit: Unit) -> [Double] { unit == .bytes ? byteSteps : secondSteps }

    /// Powers of two, which are round in every binary unit.
    private static let byteSteps: [Double] = (0..<64).map { Double(UInt64(1) << UInt64($0)) }

    private static let secondSteps: [Double] =
        [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800]
        + [1, 2, 3, 6, 12, 24, 48, 120, 240, 480, 1_200, 2_400].map { $0 * 3_600 }
}
