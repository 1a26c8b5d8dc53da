import Base
import Journal

/// What a part of the program has the journal write down: what was done, for the operations ledger, and, where a person asked
/// something of data, who and why, for the accesses ledger.
package struct JournalEvent: Sendable {
    /// What only the accesses ledger says. Who it was is the system's word, and added by the journal.
    package struct Access: Sendable {
        package var reason: String
        package var object: LedgerEvent.Object?
        package var details: [Word: EntryValue]

        package init(reason: String = "", object: LedgerEvent.Object? = nil, details: [Word: EntryValue] = [:]) {
            self.reason = reason
            self.object = object
            self.details = details
        }
    }

    package var kind: LedgerEvent.Kind
    package var outcome: LedgerEvent.Outcome
    /// Nothing personal: words, numbers, ids, digests and times only.
    package var object: LedgerEvent.Object?
    package var details: [Word: EntryValue]
    package var access: Access?

    package init(
        _ kind: LedgerEvent.Kind, _ outcome: LedgerEvent.Outcome, object: LedgerEvent.Object? = nil, details: [Word: EntryValue] = [:],
        access: Access? = nil
    ) {
        self.kind = kind
        self.outcome = outcome
        self.object = object
        self.details = details
        self.access = access
    }
}

extension LedgerEvent.Outcome {
    /// How a command with that exit status ended.
    package init(_ status: ExitStatus) {
        switch status {
        case .done: self = .done
        case .partial: self = .partial
        case .refused: self = .refused
        case .failed, .usage, .damaged, .unreachable, .key, .format, .interrupted: self = .failed
        }
    }
}

extension LedgerEvent.Kind {
    /// What a task of the schedule is in the journal; nil for what only looks.
    package init?(_ task: TaskName.Kind) {
        switch task {
        case .backup: self = .backup
        case .replicate: self = .replication
        case .verify: self = .verification
        case .restoreTest: self = .restoreTest
        case .retention: self = .retention
        case .collect: self = .collection
        case .probe, .renew, .observe: return nil
        }
    }
}
