import Base
import Journal
import Logging
import Operations

/// The ledgers of what is of no tenant: the daemon's own life, and who asked it for a run. They are signed with the machine's key: the daemon
/// uses no tenant's. What cannot be written down is in the log.
struct NodeJournal {
    private let configuration: Configuration
    private let log: Logger

    init(_ configuration: Configuration, _ log: Logger) {
        self.configuration = configuration
        self.log = log
    }

    /// `peer`: who asked, where somebody did. What is older than accesses are kept is erased.
    func record(_ event: JournalEvent, by peer: Peer? = nil) {
        do {
            let identity = peer.map { Identity.peer(uid: $0.uid, process: $0.pid, .daemon, host: Identity.machine) }
            let journal = try TenantJournal(
                state: configuration.node.state, tenant: nil, keys: nil, .daemon, configuration.journal, by: identity)
            try journal.record(event)
            let kept = configuration.journal.accesses.components.seconds
            for writer in try journal.existing() where writer.ledger == .accesses {
                try writer.erase(before: Timestamp.now().adding(seconds: -kept), reason: .retention, retention: UInt64(kept))
            }
        } catch {
            log.error("the journal cannot be written", metadata: ["reason": "\(failures(of: error).first?.text(.english) ?? "?")"])
        }
    }

    /// A run that somebody asked for over the socket: its number in the history tells which; the worker enters the run itself with the tenant.
    func record(_ task: TaskName, run: Int64, by peer: Peer) {
        guard let kind = LedgerEvent.Kind(task.kind) else { return }
        record(JournalEvent(kind, .begun, object: LedgerEvent.Object("run", .count(run)), access: JournalEvent.Access()), by: peer)
    }
}
