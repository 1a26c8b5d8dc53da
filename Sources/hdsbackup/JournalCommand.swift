import ArgumentParser
import Base
import Journal
import Operations

struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: help(.helpJournal), subcommands: [Verify.self, Export.self, Close.self, SetAside.self])

    /// A ledger in `--json`.
    struct LedgerRow: Encodable {
        /// Nil in a folder that somebody names.
        let tenant: String?
        let ledger: String
        let whole: Bool
        let entries: UInt64
        let unsigned: UInt64
        let heads: [String]
        let findings: [FindingRow]

        init(_ tenant: String?, _ result: JournalCheck.Result, _ language: Language) {
            self.tenant = tenant
            (ledger, whole, entries, unsigned) = (result.name, result.violations.isEmpty, result.entries, result.unsigned)
            heads = result.report.heads.map(\.text)
            findings = result.findings.map { FindingRow($0, language) }
        }
    }

    struct FindingRow: Encodable {
        let kind: String
        let violation: Bool
        let chain: String
        let segment: UInt32?
        let entry: UInt64?
        let object: String?
        let count: UInt64?
        let message: String

        init(_ finding: LedgerFinding, _ language: Language) {
            (kind, violation, chain) = (finding.kind.rawValue, finding.isViolation, finding.chain.hex)
            (segment, entry, object, count) = (finding.segment, finding.entry, finding.object, finding.count)
            message = finding.message.text(language)
        }
    }

    struct Verify: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "verify", abstract: help(.helpJournalVerify))
        @OptionGroup var common: CommonOptions
        @Option(help: ArgumentHelp(help(.helpJournalAt), valueName: "site")) var at: String?
        @Option(help: ArgumentHelp(help(.helpJournalKeys), valueName: "folder")) var keys: String?
        @Option(help: ArgumentHelp(help(.helpJournalHead), valueName: "head")) var head: [String] = []
        @Argument(help: ArgumentHelp(help(.helpJournalFolder), valueName: "folder")) var folder: String?

        var journaled: JournaledAct? { folder == nil ? JournaledAct(.review, "journal-verify") : nil }

        func act(_ session: CommandSession) throws -> ExitStatus {
            let heads = try head.map { text in
                guard let head = LedgerHead(text) else { throw Failure(.usage, .journalBadHead, object: printable(Array(text.utf8))) }
                return head
            }
            let trust = try keys.map { try JournalTrust(folder: absolute($0)) }
            var results: [(tenant: String?, result: JournalCheck.Result)] = []
            if let folder {
                let trust = try trust ?? JournalTrust(session.workspace())
                results = try JournalCheck.folder(absolute(folder), trust: trust, remembered: heads).map { (nil, $0) }
            } else {
                for workspace in try session.workspaces() {
                    results += try JournalCheck.tenant(workspace, site: at ?? session.siteName, trust: trust, remembered: heads).map {
                        (workspace.tenant.name, $0)
                    }
                }
                if common.tenant == nil {
                    results += try JournalCheck.node(session.configuration().node.state).map { (nil, $0) }
                }
            }
            return show(results, session)
        }

        private func show(_ results: [(tenant: String?, result: JournalCheck.Result)], _ session: CommandSession) -> ExitStatus {
            let (console, l) = (session.console, session.language)
            console.row(["ledgers": results.map { LedgerRow($0.tenant, $0.result, l) }]) {
                for (tenant, result) in results {
                    let name = (tenant.map { $0 + " " } ?? "") + result.name
                    for finding in result.findings { console.print(finding.text(l)) }
                    if result.violations.isEmpty {
                        console.summary(Message.journalGood(name, l.count(result.entries), l.count(result.unsigned)).text(l))
                    } else {
                        console.print(Message.journalBad(name, l.count(result.violations.count)).text(l))
                    }
                    for head in result.report.heads { console.summary(Message.journalHead(head.text).text(l)) }
                }
            }
            return results.reduce(.done) { $0.combined(with: $1.result.exitStatus) }
        }
    }

    struct Export: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "export", abstract: help(.helpJournalExport))
        @OptionGroup var common: CommonOptions
        @Option(help: ArgumentHelp(help(.helpJournalTo), valueName: "dir")) var to: String

        var journaled: JournaledAct? {
            var act = JournaledAct(.export, "journal-export")
            act.isAccess = true
            return act
        }

        struct Row: Encodable {
            let tenant: String
            let entries: UInt64
            let folder: String
            let left_out: [FindingRow]
            let findings: [FindingRow]
        }

        func act(_ session: CommandSession) throws -> ExitStatus {
            guard common.tenant != nil else { throw Failure(.usage, .journalTenantNeeded) }
            let (console, l) = (session.console, session.language)
            let workspace = try session.workspace()
            let folder = TenantJournal.folder(state: workspace.configuration.node.state)
            let result = try JournalExport(folder, tenant: workspace.fingerprint.tenant, keys: JournalTrust(workspace).keys).write(to: absolute(to))
            let findings = result.reports.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap(\.value.all)
            let row = Row(
                tenant: workspace.tenant.name, entries: result.entries, folder: absolute(to), left_out: result.leftOut.map { FindingRow($0, l) },
                findings: findings.map { FindingRow($0, l) })
            console.row(row) {
                for finding in result.leftOut + findings { console.print(finding.text(l)) }
                console.summary(Message.journalExported(l.count(result.entries), to).text(l))
            }
            return result.reports.values.reduce(result.leftOut.isEmpty ? .done : .damaged) { $0.combined(with: $1.exitStatus) }
        }
    }

    struct Close: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "close", abstract: help(.helpJournalClose))
        @OptionGroup var common: CommonOptions

        struct Row: Encodable {
            let tenant: String
            let closed: Int
            let sent: Int
            let erased: Int
        }

        func act(_ session: CommandSession) throws -> ExitStatus {
            let (console, l) = (session.console, session.language)
            for workspace in try session.workspaces() {
                let outcome = try JournalTending(workspace, session.journal(of: workspace)).run(closesAll: true, erases: true)
                for failure in outcome.failures { console.report(failure) }
                console.row(Row(tenant: workspace.tenant.name, closed: outcome.closed, sent: outcome.sent, erased: outcome.erased)) {
                    console.summary(Message.journalClosed(outcome.closed, outcome.sent, outcome.erased).text(l))
                }
            }
            return .done
        }
    }

    struct SetAside: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "set-aside", abstract: help(.helpJournalSetAside))
        @OptionGroup var common: CommonOptions

        func act(_ session: CommandSession) throws -> ExitStatus {
            let (console, l) = (session.console, session.language)
            var aside: [String] = []
            for workspace in try session.workspaces() {
                for writer in try session.journal(of: workspace).existing() {
                    if let path = try writer.setAside() { aside.append(path) }
                }
            }
            console.row(["set_aside": aside]) {
                for path in aside { console.print(Message.journalSetAside(path).text(l)) }
                if aside.isEmpty { console.print(Message.journalNothingAside.text(l)) }
            }
            return .done
        }
    }
}
