import Base
import Glibc
import Maintenance

/// The rules said again, slowly: each as a condition on one snapshot among the others, periods as strftime(3) tells them.
struct RetentionModel {
    let rules: RetentionRules
    let now: Timestamp
    let coolOff: Int64

    /// Kept by the rules today, or by those that looked at what was there a cool-off ago; or not there for that long.
    func kept(_ all: [RetentionCandidate]) -> Set<ShortID> {
        let then = now.adding(seconds: -coolOff)
        let (today, before) = (Moment(self, all), Moment(self, all.filter { $0.firstSeen <= then }))
        return Set(all.filter { $0.firstSeen > then || today.keeps($0) || before.keeps($0) }.map(\.id))
    }

    private struct Moment {
        let model: RetentionModel
        let all: [RetentionCandidate]
        let patterns: [(pattern: String, count: Int)]

        init(_ model: RetentionModel, _ all: [RetentionCandidate]) {
            (self.model, self.all) = (model, all)
            let rules = model.rules
            let counts = [
                ("%Y-%m-%d %H %z", rules.hourly), ("%Y-%m-%d", rules.daily), ("%G-W%V", rules.weekly), ("%Y-%m", rules.monthly), ("%Y", rules.yearly),
            ]
            patterns = counts.filter { ($0.1 ?? 0) > 0 }.map { ($0.0, $0.1!) }
        }

        func time(_ one: RetentionCandidate) -> Timestamp { min(one.time, model.now) }

        func isNewer(_ l: RetentionCandidate, _ r: RetentionCandidate) -> Bool { (time(l), l.firstSeen, l.id) > (time(r), r.firstSeen, r.id) }

        func keeps(_ one: RetentionCandidate) -> Bool {
            guard all.contains(one) else { return false }
            if isAmong(1, one) || isAmong(model.rules.last ?? 0, one) { return true }
            if let within = model.rules.within, within > 0, time(one).adding(seconds: within) > model.now { return true }
            return patterns.contains { stands(one, $0.pattern, $0.count) }
        }

        func isAmong(_ count: Int, _ one: RetentionCandidate) -> Bool {
            let newer = all.filter { isNewer($0, one) }
            let complete = newer.count(where: \.isComplete)
            return one.isComplete ? complete < count : complete == 0 && newer.count < count
        }

        func stands(_ one: RetentionCandidate, _ pattern: String, _ count: Int) -> Bool {
            let own = text(time(one), pattern)
            let peers = all.filter { text(time($0), pattern) == own && $0.isComplete == one.isComplete }
            guard peers.allSatisfy({ $0 == one || ($0.firstSeen, time($0), $0.id) > (one.firstSeen, time(one), one.id) }) else { return false }
            if !one.isComplete, all.contains(where: { $0.isComplete && text(time($0), pattern) == own }) { return false }
            let others = all.filter { time($0) > time(one) && text(time($0), pattern) != own && ($0.isComplete || !one.isComplete) }
            return Set(others.map { text(time($0), pattern) }).count < count
        }

        func text(_ time: Timestamp, _ pattern: String) -> String {
            var (seconds, parts) = (time_t(time.seconds), tm())
            localtime_r(&seconds, &parts)
            var text = [CChar](repeating: 0, count: 64)
            return String(decoding: text[..<strftime(&text, text.count, pattern, &parts)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
