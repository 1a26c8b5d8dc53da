import Base
import Journal
import Keys

/// What keeps a tenant's journal in order: closes segments that are due, erases accesses whose time is over, and brings the sites
/// what they miss.
package struct JournalTending: Sendable {
    package struct Outcome: Sendable {
        package var closed = 0
        package var erased = 0
        package var sent = 0
        package var failures: [Failure] = []
    }

    private let workspace: Workspace
    private let journal: TenantJournal

    package init(_ workspace: Workspace, _ journal: TenantJournal) {
        self.workspace = workspace
        self.journal = journal
    }

    /// `closesAll`: also the segments that are not due. `erases`: also erases, here and where this machine may at the sites, and looks at every
    /// site; else only what costs nothing where there is nothing to do. A site's trouble is in the outcome.
    ///
    /// Throws where the ledgers of this machine cannot be written to.
    package func run(closesAll: Bool, erases: Bool) throws -> Outcome {
        var outcome = Outcome()
        let writers = try journal.existing()
        for writer in writers where try closesAll ? writer.close() != nil : writer.closeIfDue() != nil { outcome.closed += 1 }
        if erases, let accesses = writers.first(where: { $0.ledger == .accesses }) {
            let kept = workspace.configuration.journal.accesses.components.seconds
            let records = try accesses.erase(before: Timestamp.now().adding(seconds: -kept), reason: .retention, retention: UInt64(kept))
            outcome.erased = records.reduce(0) { $0 + $1.segments.count }
        }
        let copies = try JournalCopies(workspace)
        let sent = try copies.send(asksAll: erases)
        outcome.sent = sent.sent
        outcome.failures = sent.failures
        if erases { outcome.failures += try copies.eraseAtSites(JournalTrust(workspace)).failures }
        return outcome
    }

    // MARK: once a day

    private var stampPath: String { workspace.state.folder + "/journal-tended" }

    /// Whether a day has gone since accesses were last erased here.
    package var isDailyDue: Bool {
        guard let bytes = try? Files.read(stampPath, limit: 32), let last = Int64(String(decoding: bytes, as: UTF8.self)) else { return true }
        return abs(Timestamp.now().seconds - last) >= 86_400
    }

    package func noteDaily() throws { try Files.replace(stampPath, Array(String(Timestamp.now().seconds).utf8)) }
}

extension CommandSession {
    /// At the end of every command that opened a tenant with a journal: closes what is due and sends it. What the daemon starts
    /// erases as well, once a day. What does not go now goes with the next command, and is told.
    func tend(_ workspaces: [Workspace]) {
        for workspace in workspaces {
            do {
                let folder = TenantJournal.folder(state: workspace.configuration.node.state)
                guard try Ledger.allCases.contains(where: { try !Files.names(folder.path(workspace.fingerprint.tenant, $0)).isEmpty }) else {
                    continue
                }
                let tending = JournalTending(workspace, try journal(of: workspace))
                let erases = isWorker && tending.isDailyDue
                let outcome = try tending.run(closesAll: false, erases: erases)
                for failure in outcome.failures { console.note(failure.text(language)) }
                // What did not go, goes with a later command, or tomorrow.
                if erases { try tending.noteDaily() }
            } catch { for failure in failures(of: error) { console.note(failure.text(language)) } }
        }
    }
}
