import Base
import Maintenance
import Scheduling
import Testing

@Suite(.serialized) struct RetentionTextTests {
    /// The example of the manual.
    @Test func `a plan says why, in both languages`() {
        inZone("Europe/Paris") {
            let today = CalendarDay(year: 2026, month: 11, day: 26)
            let held = local(2026, 10, 8, 2)
            let times = (0..<60).map { (today - $0).moment(minute: 120) }.filter { $0 != held } + [local(2026, 11, 26, 9, 30)]
            let hold = RetentionProtection.hold(id: RetentionCandidate.id(0x7C1E_40AA << 32), reason: "case 2026-114")
            let candidates = snapshots(at: times) + [RetentionCandidate(99, at: held, [hold])]
            let rules = RetentionRules(last: 3, daily: 14, weekly: 8, monthly: 12)
            let plan = RetentionPlan(candidates, rules, now: local(2026, 11, 26, 12), coolOff: 3 * day)
            func line(_ time: String, _ language: Language) -> String {
                guard let place = candidates.firstIndex(where: { $0.time.screenText.hasPrefix(time) }) else { return "absent" }
                let decision = plan.decisions[place]
                let goes = decision.goes.map { " | \($0.localDay)" } ?? ""
                guard case .kept(let reasons) = decision.verdict else { return Message.retentionDropped.text(language) }
                return reasons.map { $0.message.text(language) }.joined(separator: "; ") + goes
            }
            let expected = [
                ("2026-11-26 09:30", "newest complete one; last (1 of 3)", "dernier complet; derniers (1 sur 3)"),
                (
                    "2026-11-26 02:00", "last (2 of 3); daily 2026-11-26 (1 of 14) | 2026-12-13",
                    "derniers (2 sur 3); jour 2026-11-26 (1 sur 14) | 2026-12-13"
                ),
                (
                    "2026-11-23", "daily 2026-11-23 (4 of 14); weekly 2026-W48 (1 of 8) | 2027-01-21",
                    "jour 2026-11-23 (4 sur 14); semaine 2026-W48 (1 sur 8) | 2027-01-21"
                ),
                ("2026-11-13", "daily 2026-11-13 (14 of 14) | 2026-11-30", "jour 2026-11-13 (14 sur 14) | 2026-11-30"),
                (
                    "2026-11-12", "waits until 2026-11-29 02:05:00 +0100 (cool-off) | 2026-11-29",
                    "attend jusqu'au 2026-11-29 02:05:00 +0100 (délai de grâce) | 2026-11-29"
                ),
                ("2026-11-08", "no rule keeps it", "aucune règle ne le conserve"),
                ("2026-11-01", "monthly 2026-11 (1 of 12) | 2027-11-04", "mois 2026-11 (1 sur 12) | 2027-11-04"),
                ("2026-10-08", "hold 7c1e40aa: case 2026-114", "gel 7c1e40aa : case 2026-114"),
            ]
            for (time, english, french) in expected {
                #expect(line(time, .english) == english)
                #expect(line(time, .french) == french)
            }
        }
    }
}
