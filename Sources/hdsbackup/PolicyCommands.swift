import ArgumentParser
import Base
import Operations

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "policy", abstract: help(.helpPolicy), subcommands: [Explain.self])

    struct Explain: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "explain", abstract: help(.helpPolicyExplain))
        @OptionGroup var common: CommonOptions
        @Argument(help: ArgumentHelp(help(.helpPolicyTenant), valueName: "tenant")) var tenant: String
        @Argument(help: ArgumentHelp(help(.helpSiteName), valueName: "site")) var site: String
        @Option(help: ArgumentHelp(help(.helpPolicySource), valueName: "source")) var source: String?
        @Option(help: ArgumentHelp(help(.helpPolicyDay), valueName: "date")) var on: String?

        func act(_ session: CommandSession) throws -> ExitStatus {
            if let meant = common.tenant, meant != tenant { throw Failure(.usage, .anotherTenantMeant, object: tenant) }
            let report = try PolicyReport(
                session.configuration(), tenant: tenant, site: site, source: source, day: on.map(PolicyReport.day), language: session.language)
            session.console.row(report) { for line in report.lines(session.language) { session.console.print(line) } }
            return report.status
        }
    }
}

struct EvidenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence", abstract: help(.helpEvidence), subcommands: [List.self, Check.self, Add.self])

    struct List: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: help(.helpEvidenceList))
        @OptionGroup var common: CommonOptions
        @Option(help: ArgumentHelp(help(.helpExpiring), valueName: "90d")) var expiring: String?

        func act(_ session: CommandSession) throws -> ExitStatus {
            let report = try EvidenceReport(session.configuration(), tenant: session.tenant(), language: session.language)
            let rows = try report.rows(expiring: expiring.map(EvidenceReport.days))
            EvidenceCommand.show(rows, session)
            return .done
        }
    }

    struct Check: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "check", abstract: help(.helpEvidenceCheck))
        @OptionGroup var common: CommonOptions

        func act(_ session: CommandSession) throws -> ExitStatus {
            let (console, l) = (session.console, session.language)
            let rows = try EvidenceReport(session.configuration(), tenant: session.tenant(), language: l).rows()
            EvidenceCommand.show(rows, session)
            for row in rows { for problem in row.problems { console.note(problem) } }
            if rows.allSatisfy(\.isGood) {
                console.summary(Message.evidenceAllGood.text(l))
                return .done
            }
            return .refused
        }
    }

    struct Add: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "add", abstract: help(.helpEvidenceAdd))
        @OptionGroup var common: CommonOptions
        @Argument(help: ArgumentHelp(help(.helpDocuments), valueName: "file")) var files: [String]

        struct Row: Encodable {
            let file: String
            let counts: Bool
            let reason: String?
            let code: String?
        }

        func act(_ session: CommandSession) throws -> ExitStatus {
            let (console, l) = (session.console, session.language)
            let report = EvidenceReport(try session.configuration(), language: l)
            var (rows, status): ([Row], ExitStatus) = ([], .done)
            for file in files {
                do {
                    let (name, digest, lack) = try report.add(file)
                    let act = JournalEvent(
                        .evidence, lack == nil ? .done : .partial, object: .init("document", .digest(digest)),
                        details: ["command": .word("evidence-add")])
                    session.record(node: act)
                    rows.append(Row(file: name, counts: lack == nil, reason: lack?.text(l), code: lack?.code))
                    if let lack {
                        status = status.combined(with: .partial)
                        console.note(Failure(.partial, .evidenceAddedAbsent(lack), object: name, remedy: .evidenceSign).text(l))
                    } else {
                        console.summary(Message.evidenceAdded(name).text(l))
                    }
                } catch {
                    for failure in failures(of: error) {
                        console.report(failure)
                        status = status.combined(with: failure.exitStatus)
                    }
                }
            }
            if console.isJSON { console.json(["documents": rows]) }
            return status
        }
    }

    fileprivate static func show(_ rows: [EvidenceRow], _ session: CommandSession) {
        let (console, l) = (session.console, session.language)
        console.row(["documents": rows]) {
            if rows.isEmpty { return console.print(Message.noEvidence.text(l)) }
            var table = ConsoleTable([
                (Message.headDocument.text(l), .left), (Message.headKind.text(l), .left), (Message.headHolder.text(l), .left),
                (Message.headLastDay.text(l), .left), (Message.headSigned.text(l), .left), (Message.headState.text(l), .left),
            ])
            for row in rows {
                let kind = row.kind ?? row.document ?? "-"
                table.add([
                    row.file, kind, row.holder ?? "-", row.last_day ?? "-", row.signed_by.isEmpty ? "-" : row.signed_by.joined(separator: ", "),
                    row.stateText(l) + (row.reason.map { ": " + $0 } ?? ""),
                ])
            }
            console.print(table)
        }
    }
}

extension SiteCommand {
    struct Check: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "check", abstract: help(.helpSiteCheck))
        @OptionGroup var common: CommonOptions
        @Argument(help: ArgumentHelp(help(.helpSiteName), valueName: "name")) var name: String?
        @Flag(help: ArgumentHelp(help(.helpAllSites))) var all = false

        func act(_ session: CommandSession) throws -> ExitStatus {
            let (console, l) = (session.console, session.language)
            let chosen = all ? nil : name ?? session.siteName
            let configuration = try session.configuration()
            if let chosen { _ = try configuration.site(chosen) }
            let tenants = try session.tenants().filter { tenant in chosen.map(tenant.sites.contains) ?? true }
            let rows = try tenants.flatMap { try SiteCheckRow.all(configuration, $0, site: chosen, language: l) }
            console.row(["sites": rows]) {
                var table = ConsoleTable([
                    (Message.headTenantName.text(l), .left), (Message.headSite.text(l), .left), (Message.headProfile.text(l), .left),
                    (Message.headOutcome.text(l), .left), (Message.headRule.text(l), .left), (Message.headWhy.text(l), .left),
                ])
                for row in rows {
                    let first = row.rules.first
                    table.add([
                        row.tenant, row.site ?? Message.allCopies.text(l), row.profile, Message.outcome(row.outcome).text(l), first?.rule ?? "-",
                        first?.reason ?? row.error?.message ?? "-",
                    ])
                }
                console.print(table)
                for row in rows {
                    guard let remedy = row.error?.remedy ?? row.rules.first?.remedy else { continue }
                    console.note("\(row.site ?? Message.allCopies.text(l)): \(remedy)")
                }
            }
            return rows.reduce(.done) { $0.combined(with: $1.status) }
        }
    }
}
