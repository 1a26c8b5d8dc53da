import Base

extension Telling {
    /// The subject of a mail, or one line for a pager.
    func subject(_ language: Language) -> String {
        let raised = notices.filter { $0.event != .cleared }
        let critical = raised.contains { $0.level == Condition.Level.critical.rawValue }
        let count = raised.isEmpty ? notices.count : raised.count
        return Message.alertSubject(node, count: count, isOver: raised.isEmpty, isCritical: critical).text(language)
    }

    /// A line a notice, what is new first.
    func text(_ language: Language) -> String {
        let order: [Notice.Event] = [.raised, .reminder, .cleared]
        let sorted = notices.sorted { (order.firstIndex(of: $0.event)!, $0.level, $0.key) < (order.firstIndex(of: $1.event)!, $1.level, $1.key) }
        return sorted.map { notice in
            let word: Message =
                switch notice.event {
                case .raised: notice.level == "critical" ? .alertCritical : .alertWarning
                case .reminder: .alertReminder
                case .cleared: .alertOver
                }
            let since = Timestamp(seconds: notice.since).screenText
            return "[\(word.text(language))] \(notice.text) (\(since))"
        }.joined(separator: "\n") + "\n"
    }
}
