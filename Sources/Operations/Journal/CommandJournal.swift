import Base
import Journal
import Keys

/// What a command is to the journal.
package struct JournaledAct: Sendable {
    package var kind: LedgerEvent.Kind
    /// The command.
    package var verb: Word
    /// A person asks it of data: an entry in the accesses ledger as well.
    package var isAccess = false
    /// It is written down before it begins too: what is cut short leaves a trace.
    package var isAnnounced = false
    /// It takes something away, and does not happen where it cannot be written down.
    package var isDeletion = false
    /// Whether the configuration may ask for a reason.
    package var asksReason = false
    package var reason: String?
    /// The snapshots that it names, as they were given.
    package var snapshots: [String] = []
    /// The paths that it names, as they were given.
    package var paths: [String] = []
    /// Further facts for the accesses ledger.
    package var details: [Word: EntryValue] = [:]

    package init(_ kind: LedgerEvent.Kind, _ verb: Word) {
        self.kind = kind
        self.verb = verb
    }

    /// A look at data that a person asks for.
    package static func look(_ verb: Word, snapshots: [String], paths: [String] = []) -> JournaledAct {
        var act = JournaledAct(.list, verb)
        (act.isAccess, act.snapshots, act.paths) = (true, snapshots, paths)
        return act
    }

    /// What takes something away.
    package static func deletion(_ kind: LedgerEvent.Kind, _ verb: Word, isDry: Bool) -> JournaledAct {
        var act = JournaledAct(kind, verb)
        (act.isAnnounced, act.isDeletion) = (!isDry, !isDry)
        if isDry { act.details["dry-run"] = .count(1) }
        return act
    }
}

/// What a command's journal knows so far.
struct CommandJournal {
    var act: JournaledAct?
    /// The tenants that the command works on, in order.
    var workspaces: [Workspace] = []
    var journals: [String: TenantJournal] = [:]
    /// Tenants of which a run was written down already.
    var noted: Set<String> = []
    /// Snapshots that the command's words turned out to mean.
    var snapshots: [ShortID] = []
    var hasComplained = false
    /// It was refused for want of a reason.
    var isRefused = false
}

// The one place where commands meet the journal: when they begin, when they open a tenant, when a run is over, and when they end.
extension CommandSession {
    /// Before the command does anything. Throws `.usage` where the configuration asks for a reason and there is none.
    package func begin(_ act: JournaledAct?) throws {
        guard var act else { return }
        if let reason = act.reason?.trimmed, !reason.isEmpty {
            try Self.checkReason(reason)
            act.reason = reason
        } else {
            act.reason = nil
        }
        if act.asksReason, act.reason == nil, let configuration = try? configuration(), configuration.journal.requiresReason {
            act.reason = console.ask(.askReason)?.trimmed
            if act.reason?.isEmpty != false {
                // The refusal is written down; the command never begins.
                act.reason = nil
                act.isAnnounced = false
                journal.look { ($0.act, $0.isRefused) = (act, true) }
                _ = try? workspace()
                throw Failure(.usage, .restoreReasonNeeded, remedy: .restoreReasonRemedy)
            }
        }
        journal.look { $0.act = act }
    }

    /// Throws `.usage` for a reason that no entry holds.
    package static func checkReason(_ reason: String) throws {
        guard reason.utf8.count <= LedgerEvent.reasonLimit else {
            throw Failure(.usage, .journalTooLong("--reason", limit: LedgerEvent.reasonLimit))
        }
    }

    /// A tenant that the command works on.
    func opened(_ workspace: Workspace) throws -> Workspace {
        let act = journal.look { journal -> JournaledAct? in
            guard !journal.workspaces.contains(where: { $0.tenant.name == workspace.tenant.name }) else { return nil }
            journal.workspaces.append(workspace)
            return journal.act?.isAnnounced == true ? journal.act : nil
        }
        guard let act else { return workspace }
        do { try journal(of: workspace).record(event(act, .begun)) } catch {
            guard act.isDeletion else {
                complain(error)
                return workspace
            }
            let cause = failures(of: error).first
            journal.look { $0.act = nil }
            throw Failure(.refused, .journalNothingDeleted, object: cause?.object ?? workspace.tenant.name, remedy: cause?.remedy ?? cause?.message)
        }
        return workspace
    }

    /// A snapshot that one of the command's words means.
    package func concerns(_ snapshot: ShortID) { journal.look { $0.snapshots.append(snapshot) } }

    /// The journal of a tenant that the command works on. Throws where it cannot be written to.
    package func journal(of workspace: Workspace) throws -> TenantJournal {
        if let known = journal.look({ $0.journals[workspace.tenant.name] }) { return known }
        let new = try TenantJournal(workspace, program)
        journal.look { $0.journals[workspace.tenant.name] = new }
        return new
    }

    /// Writes an event of a tenant down, besides what the command itself is. What cannot be written is told, and makes the command's result a partial one.
    package func record(_ event: JournalEvent, tenant name: String) {
        do {
            let known = journal.look { $0.workspaces.first { $0.tenant.name == name } }
            try journal(of: known ?? Workspace(configuration(), tenant: name) { nil }).record(event)
        } catch { complain(error) }
    }

    /// Writes down what concerns this machine and no tenant.
    package func record(node event: JournalEvent) {
        do {
            let configuration = try configuration()
            try TenantJournal(state: configuration.node.state, tenant: nil, keys: nil, program, configuration.journal).record(event)
        } catch { complain(error) }
    }

    /// The same with the configuration that was just made at `path`.
    package func record(_ event: JournalEvent, recovered path: String) {
        do { try TenantJournal(Workspace(Configuration.load(path), tenant: nil) { nil }, program).record(event) } catch { complain(error) }
    }

    /// A run that is over, of one source, site or tenant. `details`: what it came to, nothing of it personal.
    package func record(_ task: TaskName, exit: ExitStatus, details: [Word: EntryValue] = [:]) {
        guard let kind = LedgerEvent.Kind(task.kind) else { return }
        journal.look { _ = $0.noted.insert(task.tenant) }
        let subject: Word = task.kind == .verify ? "site" : "source"
        record(
            JournalEvent(
                kind, LedgerEvent.Outcome(exit),
                object: task.subject.isEmpty ? nil : LedgerEvent.Object(subject, .word(Word(fitting: task.subject))),
                details: details.merging(["exit": .count(exit.rawValue)]) { $1 }),
            tenant: task.tenant)
    }

    /// When the command has ended with that status.
    package func end(_ status: ExitStatus) {
        let status = status.combined(with: console.statusSoFar)
        let (act, workspaces, noted, isRefused) = journal.look { ($0.act, $0.workspaces, $0.noted, $0.isRefused) }
        for workspace in workspaces {
            do {
                if workspace.hasOpenedRestoreKey {
                    try journal(of: workspace).record(
                        JournalEvent(
                            .keyUse, .done, object: LedgerEvent.Object("key", .word("restore")), details: ["command": .word(act?.verb ?? "other")]))
                }
                guard let act else { continue }
                // Where runs were written down, each stands for itself; what was begun has an end.
                if noted.isEmpty || act.isAnnounced && !noted.contains(workspace.tenant.name) {
                    try journal(of: workspace).record(event(act, isRefused ? .refused : LedgerEvent.Outcome(status), exit: status))
                }
                try recordDecisions(workspace)
            } catch { complain(error) }
        }
        for workspace in workspaces { recordTransfers(workspace.transfers, tenant: workspace.tenant.name) }
        tend(workspaces)
        // What the journal itself sent is in the ledger too; the next entry says it.
        for workspace in workspaces {
            for ledger in workspace.transfers.used {
                do { try ledger.sync() } catch { complainOfTransfers(error) }
            }
        }
    }

    /// What was written to each site and deleted there since the last entry about it.
    package func recordTransfers(_ ledgers: TransferLedgers, tenant: String) {
        for ledger in ledgers.used where ledger.hasWritten {
            do {
                if let (new, book) = try ledger.takeForJournal() { record(JournalEvent(ledger.site, new, book), tenant: tenant) }
                try ledger.sync()
                if let trouble = ledger.trouble { throw trouble }
            } catch { complainOfTransfers(error) }
        }
    }

    private func complainOfTransfers(_ error: any Error) {
        let cause = failures(of: error).first
        console.report(
            Failure(cause?.kind == .noSpace ? .noSpace : .partial, .transfersNotNoted, object: cause?.object, remedy: cause?.remedy ?? cause?.message)
        )
    }

    /// What policy said of each site, where it is not what the last entry about it says.
    private func recordDecisions(_ workspace: Workspace) throws {
        let decisions = workspace.gate.decisions
        if decisions.isEmpty { return }
        let path = workspace.state.folder + "/policy-noted"
        let old = try Files.read(path).map { Set(String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init)) } ?? []
        var new: Set<String> = []
        for (source, judgement) in decisions {
            let line = [
                judgement.site, source ?? "", judgement.outcome.rawValue, judgement.decision.map { $0.policyHash.hex } ?? "",
                judgement.decision.map { $0.inputsHash.hex } ?? "",
            ].joined(separator: " ")
            new.insert(line)
            if !old.contains(line) { try journal(of: workspace).record(JournalEvent(judgement, source: source)) }
        }
        // Those of sites and sources that were not asked about stand as they were.
        func place(_ line: String) -> String { line.split(separator: " ", omittingEmptySubsequences: false).prefix(2).joined(separator: " ") }
        let places = Set(new.map(place))
        let kept = new.union(old.filter { !places.contains(place($0)) })
        if kept != old { try Files.replace(path, Array(kept.sorted().joined(separator: "\n").utf8)) }
    }

    /// When the command has ended with an error.
    package func end(_ error: any Error) { end(failures(of: error).reduce(.done) { $0.combined(with: $1.exitStatus) }) }

    private func event(_ act: JournaledAct, _ outcome: LedgerEvent.Outcome, exit: ExitStatus? = nil) -> JournalEvent {
        let snapshots = journal.look { $0.snapshots }
        var event = JournalEvent(act.kind, outcome, details: ["command": .word(act.verb)])
        if let exit { event.details["exit"] = .count(exit.rawValue) }
        event.object = snapshots.first.map { LedgerEvent.Object("snapshot", .id($0)) }
        if snapshots.count > 1 { event.details["other"] = .id(snapshots[1]) }
        guard act.isAccess else {
            for (name, value) in act.details { event.details[name] = value }
            return event
        }
        var access = JournalEvent.Access(reason: act.reason ?? "", object: event.object, details: event.details)
        for (name, value) in act.details { access.details[name] = value }
        if access.object == nil, let named = act.snapshots.first { access.object = LedgerEvent.Object("snapshot", .text(String(named.prefix(256)))) }
        for (number, named) in act.snapshots.dropFirst(snapshots.isEmpty ? 1 : snapshots.count).prefix(8).enumerated() {
            if let name = Word("snapshot.\(number + 2)") { access.details[name] = .text(String(named.prefix(256))) }
        }
        add(act.paths, to: &access.details)
        event.access = access
        return event
    }

    /// The paths, as many as an entry holds, and how many there were.
    private func add(_ paths: [String], to details: inout [Word: EntryValue]) {
        guard !paths.isEmpty else { return }
        details["paths"] = .count(paths.count)
        var room = LedgerEntry.limit / 2
        for (number, path) in paths.prefix(20).enumerated() {
            let bytes = Array(path.utf8.prefix(EntryValue.limit))
            room -= bytes.count
            guard room > 0, let name = Word("path.\(number + 1)") else { return }
            details[name] = .bytes(bytes)
        }
    }

    /// Once a command: what is missing in the journal is missing, however often.
    private func complain(_ error: any Error) {
        let isFirst = journal.look { journal in
            defer { journal.hasComplained = true }
            return !journal.hasComplained
        }
        guard isFirst else { return }
        let cause = failures(of: error).first
        console.report(Failure(.partial, .journalNotWritten, object: cause?.object, remedy: cause?.remedy ?? cause?.message))
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text = text.dropFirst() }
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return String(text)
    }
}
