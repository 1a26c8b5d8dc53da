import Base
import Maintenance

/// `retention explain --json`: what becomes of one snapshot.
package struct RetentionRow: Codable, Sendable {
    package struct Reason: Codable, Sendable {
        /// Such as `retention.daily`.
        package let code: String
        package let text: String
    }

    package let tenant: String
    package let id: String
    package let source: String
    /// The moment that counts.
    package let time: String
    package let first_seen: String
    /// No look of maintenance came before it: `time` is what its node says.
    package let claimed: Bool
    package let complete: Bool
    package let kept: Bool
    /// Why it is kept, or that nothing keeps it.
    package let reasons: [Reason]
    /// The earliest moment at which it may go; nil where that cannot be said, and for what goes.
    package let goes: String?

    package init(_ tenant: String, _ item: RetentionOperation.Item, _ language: Language) {
        self.tenant = tenant
        id = item.snapshot.id.hex
        source = item.sourceName
        time = item.candidate.time.localText
        first_seen = item.candidate.firstSeen.localText
        claimed = item.isClaimed
        complete = item.candidate.isComplete
        kept = item.decision.isKept
        let messages: [Message] =
            switch item.decision.verdict {
            case .kept(let reasons): reasons.map(\.message)
            case .dropped: [.retentionDropped]
            }
        reasons = messages.map { Reason(code: $0.code, text: $0.text(language)) }
        goes = item.decision.goes?.localText
    }
}

/// `retention apply --json`.
package struct RetentionOutcomeRow: Codable, Sendable {
    package let forgotten: [RetentionRow]
    /// Snapshots that stay, of those that were looked at.
    package let kept: Int

    package init(_ rows: [RetentionRow]) {
        forgotten = rows.filter { !$0.kept }
        kept = rows.count - forgotten.count
    }
}
