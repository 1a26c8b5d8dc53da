import ArgumentParser
import Base
import Journal
import Operations
import Scheduling

struct RetentionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention", abstract: help(.helpRetention), subcommands: [Explain.self, Apply.self])

    struct Explain: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "explain", abstract: help(.helpRetentionExplain))
        @OptionGroup var common: CommonOptions
        @Argument(help: ArgumentHelp(help(.helpSources), valueName: "source")) var sources: [String] = []

        func act(_ session: CommandSession) throws -> ExitStatus {
            var rows: [RetentionRow] = []
            for workspace in try session.workspaces() {
                let outcome = try RetentionOperation(workspace, session.history()).explain(sources: sources)
                for failure in outcome.problems { session.console.report(failure) }
                rows += outcome.items.map { RetentionRow(workspace.tenant.name, $0, session.language) }
            }
            RetentionTable.show(rows, session)
            return .done
        }
    }

    struct Apply: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "apply", abstract: help(.helpRetentionApply))
        @OptionGroup var common: CommonOptions
        @Argument(help: ArgumentHelp(help(.helpSources), valueName: "source")) var sources: [String] = []
        @Flag(help: ArgumentHelp(help(.helpCollectDryRun))) var dryRun = false
        @Flag(help: ArgumentHelp(help(.helpAfterAbsence))) var afterAbsence = false

        var journaled: JournaledAct? { .deletion(.retention, "retention-apply", isDry: dryRun) }

        func act(_ session: CommandSession) throws -> ExitStatus {
            let (console, l) = (session.console, session.language)
            var (rows, status): ([RetentionRow], ExitStatus) = ([], .done)
            for workspace in try session.workspaces() {
                var ownStatus = ExitStatus.done
                let (began, start) = (Timestamp.now().seconds, monotonicSeconds())
                let outcome = try RetentionOperation(workspace, session.history()).apply(sources: sources, isDry: dryRun, afterAbsence: afterAbsence)
                for failure in outcome.problems + (outcome.forgotten?.problems ?? []) {
                    console.report(failure)
                    ownStatus = ownStatus.combined(with: failure.exitStatus)
                }
                status = status.combined(with: ownStatus)
                let own = outcome.items.map { RetentionRow(workspace.tenant.name, $0, l) }
                rows += own
                guard !dryRun else { continue }
                session.note(
                    TaskName(.retention, workspace.tenant.name), began: began, seconds: monotonicSeconds() - start, exit: ownStatus,
                    rows: RetentionOutcomeRow(own))
            }
            let dropped = rows.filter { !$0.kept }
            if console.isJSON {
                console.row(RetentionOutcomeRow(rows)) {}
            } else {
                RetentionTable.show(dropped, session)
                console.summary((dryRun ? Message.wouldForget(dropped.count, rows.count) : Message.forgot(dropped.count, rows.count)).text(l))
            }
            return status
        }
    }
}

enum RetentionTable {
    static func show(_ rows: [RetentionRow], _ session: CommandSession) {
        let (console, l) = (session.console, session.language)
        console.row(["snapshots": rows]) {
            if rows.isEmpty { return }
            var table = ConsoleTable([
                (Message.headID.text(l), .left), (Message.headSource.text(l), .left), (Message.headTime.text(l), .left),
                (Message.headFate.text(l), .left), (Message.headReason.text(l), .left), (Message.headGoes.text(l), .left),
            ])
            for row in rows {
                let time = row.time + (row.claimed ? " *" : "")
                table.add([
                    String(row.id.prefix(12)), row.source, time, (row.kept ? Message.kept : Message.dropped).text(l),
                    row.reasons.map(\.text).joined(separator: "; "), row.goes ?? "-",
                ])
            }
            console.print(table)
            if rows.contains(where: \.claimed) { console.print(Message.claimedTimes.text(l)) }
        }
    }
}

struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "hold", abstract: help(.helpHold), subcommands: [Add.self, List.self, Release.self])

    struct Add: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "add", abstract: help(.helpHoldAdd))
        @OptionGroup var common: CommonOptions
        @Argument(help: ArgumentHelp(help(.helpSnapshot), valueName: "snapshot")) var snapshots: [String]
        @Option(help: ArgumentHelp(help(.helpHoldReason))) var reason: String
        @Option(help: ArgumentHelp(help(.helpHoldUntil), valueName: "date")) var until: String?

        var journaled: JournaledAct? {
            var act = JournaledAct(.hold, "hold-add")
            (act.isAccess, act.reason, act.snapshots) = (true, reason, snapshots)
            return act
        }

        func act(_ session: CommandSession) throws -> ExitStatus {
            let end = try until.map { text in
                guard let end = lastMoment(ofDay: text) else { throw Failure(.usage, .notADay(text)) }
                return end
            }
            var operation = try HoldOperation(session.workspace())
            let tenant = try session.workspace().tenant.name
            let items = try operation.add(snapshots, reason: reason, until: end, person: CommandSession.person())
            for failure in operation.failures { session.console.report(failure) }
            HoldCommand.present(items.map { HoldRow(tenant, $0) }, session)
            return .done
        }
    }

    struct List: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: help(.helpHoldList))
        @OptionGroup var common: CommonOptions

        func act(_ session: CommandSession) throws -> ExitStatus {
            let rows = try session.workspaces().flatMap { workspace -> [HoldRow] in
                let operation = try HoldOperation(workspace)
                let list = try operation.list()
                for failure in operation.failures + list.problems { session.console.report(failure) }
                return list.items.map { HoldRow(workspace.tenant.name, $0) }
            }
            HoldCommand.present(rows, session)
            return .done
        }
    }

    struct Release: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "release", abstract: help(.helpHoldRelease))
        @OptionGroup var common: CommonOptions
        @Argument(help: ArgumentHelp(help(.helpHoldID), valueName: "hold")) var hold: String
        @Option(help: ArgumentHelp(help(.helpHoldReason))) var reason: String

        var journaled: JournaledAct? {
            var act = JournaledAct(.hold, "hold-release")
            (act.isAccess, act.reason) = (true, reason)
            act.details = ["hold": .text(String(hold.prefix(64)))]
            return act
        }

        func act(_ session: CommandSession) throws -> ExitStatus {
            let workspace = try session.workspace()
            var operation = try HoldOperation(workspace)
            let item = try operation.release(hold, reason: reason, person: CommandSession.person())
            for failure in operation.failures { session.console.report(failure) }
            HoldCommand.present([HoldRow(workspace.tenant.name, item)], session)
            return .done
        }
    }

    fileprivate static func present(_ rows: [HoldRow], _ session: CommandSession) {
        let (console, l) = (session.console, session.language)
        console.row(["holds": rows]) {
            if rows.isEmpty { return console.print(Message.noHolds.text(l)) }
            var table = ConsoleTable([
                (Message.headID.text(l), .left), (Message.headSnapshots.text(l), .left), (Message.headSince.text(l), .left),
                (Message.headUntil.text(l), .left), (Message.headReason.text(l), .left), (Message.headReleased.text(l), .left),
            ])
            for row in rows {
                let released = row.released.map { "\($0) \(row.released_by ?? ""): \(row.release_reason ?? "")" } ?? "-"
                table.add([
                    String(row.id.prefix(12)), row.snapshots.map { String($0.prefix(12)) }.joined(separator: " "), row.created, row.until ?? "-",
                    "\(row.person): \(row.reason)", released,
                ])
            }
            console.print(table)
        }
    }
}
