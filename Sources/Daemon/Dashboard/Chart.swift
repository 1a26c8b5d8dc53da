import Base
import Operations

/// A small chart of values over time, as SVG within the page. It takes its colours from the page, so that it is legible in
/// the dark and on paper.
struct Chart: Sendable {
    enum Form: Sendable {
        /// Of amounts that are there, such as a volume.
        case line
        /// Of amounts of one run each.
        case bars
    }

    enum Size: Sendable {
        case small, large

        var width: Double { self == .small ? 320 : 680 }
        var height: Double { self == .small ? 112 : 190 }
        /// What the names of the lines take, on the left.
        var gutter: Double { self == .small ? 50 : 84 }
        /// Values that are shown at most, the youngest.
        var limit: Int { self == .small ? 40 : 200 }
    }

    let title: String
    let form: Form
    let unit: ChartScale.Unit
    let size: Size
    /// Oldest first; no value is less than zero.
    private let points: [(time: Int64, value: Double)]

    private static let foot = 18.0
    private static let side = 7.0

    init(_ title: String, _ form: Form, _ unit: ChartScale.Unit, _ size: Size, points: [(time: Int64, value: Double)]) {
        self.title = title
        self.form = form
        self.unit = unit
        self.size = size
        self.points = points.filter { $0.value.isFinite && $0.value >= 0 }.sorted { $0.time < $1.time }.suffix(size.limit)
    }

    /// A figure: the last value in words, then the drawing. `id` is unique in the page.
    func figure(id: String, subject: String, _ format: DashboardFormat) -> HTML {
        tag("figure", ["class": size == .large ? "large" : nil]) {
            tag("figcaption", [:]) {
                title
                if let last = points.last { tag("b", [:]) { "\u{A0}" + value(last.value, format) } }
            }
            if points.isEmpty {
                tag("p", ["class": "nothing"]) { format.say(.dashboardNoPoint) }
            } else {
                drawing(id: id, subject: subject, format)
            }
        }
    }

    private func value(_ value: Double, _ format: DashboardFormat) -> String {
        unit == .bytes ? format.size(UInt64(min(value, 1e18))) : format.duration(value)
    }

    private func drawing(id: String, subject: String, _ format: DashboardFormat) -> HTML {
        let values = points.map(\.value)
        let scale = ChartScale(unit, greatest: values.max()!)
        let description = format.say(
            .dashboardChartDescription(
                points.count, from: Timestamp(seconds: points.first!.time).localDay, to: Timestamp(seconds: points.last!.time).localDay,
                least: value(values.min()!, format), most: value(values.max()!, format)))
        return tag(
            "svg", ["viewBox": "0 0 \(number(size.width)) \(number(size.height))", "role": "img", "aria-labelledby": "\(id)t \(id)d"]
        ) {
            tag("title", ["id": "\(id)t"]) { "\(title), \(subject)" }
            tag("desc", ["id": "\(id)d"]) { description }
            tag("path", ["class": "grid", "d": scale.lines.map { "M\(number(size.gutter)) \(number(y($0, scale)))H\(number(size.width))" }.joined()])
            data(scale)
            tag("path", ["class": "axis", "d": "M\(number(size.gutter)) \(number(base))H\(number(size.width))"])
            scale.lines.map { line in text(scale.label(line, format), x: size.gutter - 8, y: y(line, scale) + 4, anchor: "end") }
            days(format)
        }
    }

    private func data(_ scale: ChartScale) -> HTML {
        let places = points.map { (x: number(x($0.time)), y: number(y($0.value, scale))) }
        switch form {
        case .bars:
            return tag(
                "path",
                [
                    "class": "bars", "stroke-width": number(barWidth),
                    "d": places.map { "M\($0.x) \(number(base))V\($0.y)" }.joined(),
                ])
        case .line:
            // One point alone is a dot, which says what there is to say.
            return tag("path", ["class": "line", "d": "M" + places.map { "\($0.x) \($0.y)" }.joined(separator: "L")])
                + tag("circle", ["class": "dot", "cx": places.last!.x, "cy": places.last!.y, "r": "3"])
        }
    }

    /// The first and the last day; one alone in the middle, where its point is.
    private func days(_ format: DashboardFormat) -> HTML {
        let (first, last) = (points.first!.time, points.last!.time)
        let line = size.height - 4
        guard first != last else { return text(format.day(first), x: middle, y: line, anchor: "middle") }
        let ends = text(format.day(first), x: size.gutter, y: line) + text(format.day(last), x: size.width, y: line, anchor: "end")
        guard size == .large, last - first > 4 * 86_400 else { return ends }
        return ends + text(format.day(first + (last - first) / 2), x: middle, y: line, anchor: "middle")
    }

    private func text(_ text: String, x: Double, y: Double, anchor: String? = nil) -> HTML {
        tag("text", ["x": number(x), "y": number(y), "text-anchor": anchor]) { text }
    }

    private var base: Double { size.height - Chart.foot }
    private var middle: Double { (size.gutter + size.width) / 2 }
    /// Between the first and the last point.
    private var breadth: Double { size.width - size.gutter - 2 * Chart.side }
    private var barWidth: Double { min(14, max(1.5, breadth / Double(max(points.count, 12)) * 0.6)) }

    private func x(_ time: Int64) -> Double {
        let (first, last) = (points.first!.time, points.last!.time)
        guard first != last else { return middle }
        // In floating point from the start: the difference of two hostile times may not fit an integer.
        let part = (Double(time) - Double(first)) / (Double(last) - Double(first))
        return size.gutter + Chart.side + part * breadth
    }

    /// A value that is there at all stays visible.
    private func y(_ value: Double, _ scale: ChartScale) -> Double {
        let height = value / scale.top * base
        return base - (value > 0 ? max(1, height) : 0)
    }

    /// With one decimal at most: the shortest text that is exact enough for a screen.
    private func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
    }
}
