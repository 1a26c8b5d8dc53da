import ArgumentParser
import Base
import Journal
import Operations
import Repository

struct SnapshotsCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "snapshots", abstract: help(.helpSnapshots))
    @OptionGroup var common: CommonOptions

    var journaled: JournaledAct? { JournaledAct(.list, "snapshots") }

    struct Row: Encodable {
        let id: String
        let tenant: String
        let source: String
        let time: String
        let finished: String
        let files: UInt64
        let bytes: UInt64
        let stored_bytes: UInt64
        let complete: Bool
        let sites: [String]
        let verified: String?
    }

    func act(_ session: CommandSession) throws -> ExitStatus {
        let console = session.console
        var rows: [Row] = []
        for workspace in try session.workspaces() {
            let view = try TenantView(workspace, site: session.siteName, opening: false)
            for failure in view.problems + view.opened.failures { console.report(failure) }
            let verified = view.verifiedSites()
            for snapshot in view.snapshots {
                rows.append(
                    Row(
                        id: snapshot.id.hex, tenant: workspace.tenant.name, source: view.sourceName(snapshot),
                        time: snapshot.outline.started.localText,
                        finished: snapshot.outline.finished.localText, files: snapshot.outline.counts.files, bytes: snapshot.outline.counts.bytes,
                        stored_bytes: snapshot.outline.counts.storedBytes, complete: snapshot.outline.isComplete, sites: snapshot.sites,
                        verified: view.lastVerified(snapshot, verified)?.localText))
            }
        }
        if console.isJSON {
            console.json(["snapshots": rows])
        } else {
            show(rows, console)
        }
        return .done
    }

    private func show(_ rows: [Row], _ console: Console) {
        let l = console.language
        guard !rows.isEmpty else { return console.print(Message.noSnapshots.text(l)) }
        var table = ConsoleTable([
            (Message.headID.text(l), .left), (Message.headSource.text(l), .left), (Message.headTime.text(l), .left),
            (Message.headFiles.text(l), .right),
            (Message.headSize.text(l), .right), (Message.headNew.text(l), .right), (Message.headCopies.text(l), .left),
            (Message.headVerified.text(l), .left),
            (Message.headState.text(l), .left),
        ])
        for (row, id) in zip(rows, shortIDs(rows.map(\.id))) {
            table.add([
                id, row.source, row.time, l.count(row.files), l.size(row.bytes), l.size(row.stored_bytes), row.sites.joined(separator: ","),
                row.verified ?? Message.never.text(l), (row.complete ? Message.stateComplete : .statePartial).text(l),
            ])
        }
        console.print(table)
    }
}

struct StatusCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: help(.helpStatus))
    @OptionGroup var common: CommonOptions

    func act(_ session: CommandSession) throws -> ExitStatus {
        let console = session.console
        if let daemon = try session.daemon() {
            let status = try daemon.status(console.language).only(tenant: common.tenant, console.language)
            console.row(status) {
                for line in status.overview.lines(console.language) { console.print(line) }
                for line in status.tenants.flatMap({ $0.digitLines(console.language) }) { console.print(line) }
            }
            return status.status
        }
        var reports: [StatusReport] = []
        for workspace in try session.workspaces() { reports.append(try StatusReport(workspace, site: session.siteName, language: console.language)) }
        console.row(["tenants": reports]) {
            for report in reports { for line in report.lines(console.language) { console.print(line) } }
        }
        return reports.reduce(.done) { $0.combined(with: $1.status) }
    }
}

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "keys", abstract: help(.helpKeys), subcommands: [List.self])

    struct List: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: help(.helpKeysList))
        @OptionGroup var common: CommonOptions

        func act(_ session: CommandSession) throws -> ExitStatus {
            let console = session.console
            let l = console.language
            let rows = try session.workspaces().flatMap { try KeyRow.all($0) }
            if console.isJSON {
                console.json(["keys": rows])
                return .done
            }
            var table = ConsoleTable([
                (Message.headRole.text(l), .left), (Message.headKeyID.text(l), .left), (Message.headProtection.text(l), .left),
                (Message.headPlace.text(l), .left),
            ])
            for row in rows {
                table.add([row.role, row.id ?? "-", (row.passphrase ? Message.protectionPassphrase : .protectionFile).text(l), row.path])
            }
            console.print(table)
            return .done
        }
    }
}

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: help(.helpConfigCommand), subcommands: [Check.self, Show.self, Reload.self])

    struct Check: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "check", abstract: help(.helpConfigCheck))
        @OptionGroup var common: CommonOptions

        func act(_ session: CommandSession) throws -> ExitStatus {
            let console = session.console
            let reading = try Configuration.examine(session.configurationFile)
            for problem in reading.problems { console.report(problem.failure) }
            if console.isJSON {
                console.json(["valid": reading.problems.isEmpty])
            } else {
                for notice in reading.notices { console.print(notice.text(console.language)) }
                if reading.problems.isEmpty { console.print(Message.configurationGood.text(console.language)) }
            }
            return .done
        }
    }

    struct Reload: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "reload", abstract: help(.helpConfigReload))
        @OptionGroup var common: CommonOptions

        func act(_ session: CommandSession) throws -> ExitStatus {
            let console = session.console
            // Every mistake with its line, before the daemon is asked.
            guard let daemon = try session.daemon(ofSameState: false) else {
                throw Failure(.unreachable, .daemonAbsent, object: try session.configuration().daemon.socket)
            }
            let problems = try daemon.reload(console.language)
            for problem in problems {
                let message = Message(problem.code, en: problem.message, fr: problem.message)
                console.report(Failure(.usage, message, object: problem.object))
            }
            if problems.isEmpty { console.summary(Message.reloaded.text(console.language)) }
            return .done
        }
    }

    struct Show: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: help(.helpConfigShow))
        @OptionGroup var common: CommonOptions

        func act(_ session: CommandSession) throws -> ExitStatus {
            let configuration = try session.configuration()
            if session.console.isJSON {
                session.console.json(configuration.json)
            } else {
                session.console.print(configuration.toml)
            }
            return .done
        }
    }
}

struct SiteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "site", abstract: help(.helpSiteCommand), subcommands: [List.self, Check.self, Probe.self, Renew.self, Rebuild.self])

    struct List: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: help(.helpSiteList))
        @OptionGroup var common: CommonOptions

        func act(_ session: CommandSession) throws -> ExitStatus {
            let console = session.console
            let l = console.language
            let rows = try session.workspaces().flatMap { try SiteRow.all($0, site: session.siteName, language: l) }
            if console.isJSON {
                console.json(["sites": rows])
            } else {
                var table = ConsoleTable([
                    (Message.headSite.text(l), .left), (Message.headKind.text(l), .left), (Message.headPlace.text(l), .left),
                    (Message.headSnapshots.text(l), .right), (Message.headSize.text(l), .right), (Message.headState.text(l), .left),
                    (Message.headProbe.text(l), .left),
                ])
                for row in rows {
                    table.add([
                        row.site, row.kind, row.place, row.snapshots.map { l.count($0) } ?? "-", row.stored_bytes.map { l.size($0) } ?? "-",
                        row.state,
                        row.probe?.summary(l) ?? Message.never.text(l),
                    ])
                }
                console.print(table)
            }
            return rows.contains { !$0.reachable } ? .unreachable : .done
        }
    }

    struct Rebuild: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "rebuild", abstract: help(.helpSiteRebuild))
        @OptionGroup var common: CommonOptions
        @Flag(help: ArgumentHelp(help(.helpCollectDryRun))) var dryRun = false

        var journaled: JournaledAct? { .deletion(.collection, "site-rebuild", isDry: dryRun) }

        func act(_ session: CommandSession) throws -> ExitStatus {
            guard let site = session.siteName else { throw Failure(.usage, .siteNeeded) }
            var request = CollectOperation.Request()
            (request.site, request.language, request.isDry) = (site, session.language, dryRun)
            return try CollectTable.show(session, isDry: dryRun) { try CollectOperation($0, request).rebuildCoordination() }
        }
    }

    struct Renew: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "renew", abstract: help(.helpSiteRenew))
        @OptionGroup var common: CommonOptions
        @Option(help: ArgumentHelp(help(.helpRenewRequests), valueName: "n")) var requests: Int = 50_000

        func act(_ session: CommandSession) throws -> ExitStatus {
            let (console, l) = (session.console, session.language)
            let rows = try session.workspaces().flatMap {
                try LockRenewalOperation.run($0, site: session.siteName, history: session.history(), requestsPerDay: requests, language: l)
            }
            console.row(["sites": rows]) {
                var table = ConsoleTable([
                    (Message.headSite.text(l), .left), (Message.headNeeded.text(l), .right), (Message.headRenewed.text(l), .right),
                    (Message.headWaiting.text(l), .right), (Message.headFirstEnd.text(l), .left),
                ])
                for row in rows {
                    table.add([row.site, l.count(row.needed), l.count(row.renewed), l.count(row.waiting), row.first_end ?? "-"])
                }
                console.print(table)
                for failure in rows.flatMap(\.failures) { console.note(failure) }
            }
            return rows.reduce(.done) { $0.combined(with: ExitStatus(rawValue: $1.status) ?? .failed) }
        }
    }

    struct Probe: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "probe", abstract: help(.helpSiteProbe))
        @OptionGroup var common: CommonOptions
        @Argument(help: ArgumentHelp(help(.helpSiteName), valueName: "name")) var name: String
        @Option(name: .customLong("as"), help: ArgumentHelp(help(.helpProbeAs), valueName: "write|maintain|restore")) var access: AccessName = .write

        enum AccessName: String, ExpressibleByArgument {
            case write, maintain, restore

            var siteAccess: SiteAccess {
                switch self {
                case .write: .write
                case .maintain: .maintain
                case .restore: .restore
                }
            }
        }

        func act(_ session: CommandSession) throws -> ExitStatus {
            let console = session.console
            let l = console.language
            let report = try ProbeReport(session.workspace(), site: name, as: access.siteAccess)
            console.row(report) {
                var table = ConsoleTable([(Message.headCheck.text(l), .left), (Message.headResult.text(l), .left)])
                for row in report.checks {
                    table.add([row.check, verdict(row.verdict).text(l) + (row.detail.isEmpty ? "" : " (\(row.detail))")])
                }
                for line in report.measures(l) { table.add(line) }
                console.print(table)
            }
            if !report.coordinates, !console.isJSON { console.print(Message.exclusiveCollection.text(l)) }
            return report.good ? .done : .failed
        }

        private func verdict(_ name: String) -> Message {
            switch name {
            case "good": .good
            case "warning": .probeWarning
            case "bad": .bad
            default: .probeUntried
            }
        }
    }
}
