import ArgumentParser
import Base
import Journal
import Operations

extension Duration: @retroactive ExpressibleByArgument {
    /// As in the configuration: `90s`, `6h`, `7d`.
    public init?(argument: String) { self.init(configuration: argument, zeroIsAllowed: true) }
}

struct CollectCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "collect", abstract: help(.helpCollect))
    @OptionGroup var common: CommonOptions
    @Flag(help: ArgumentHelp(help(.helpCollectDryRun))) var dryRun = false
    @Flag(help: ArgumentHelp(help(.helpCollectUndo))) var undo = false
    @Flag(help: ArgumentHelp(help(.helpCollectWait))) var wait = false
    @Flag(help: ArgumentHelp(help(.helpCollectExclusive))) var exclusive = false
    @Option(help: ArgumentHelp(help(.helpCollectQuarantine), valueName: "time")) var quarantine: Duration?
    @Option(help: ArgumentHelp(help(.helpCollectPatience), valueName: "time")) var patience: Duration?

    var journaled: JournaledAct? { .deletion(.collection, "collect", isDry: dryRun || undo) }

    func act(_ session: CommandSession) throws -> ExitStatus {
        if undo, dryRun || wait { throw Failure(.usage, .collectUndoAlone) }
        var request = CollectOperation.Request()
        request.site = session.siteName
        request.language = session.language
        request.isDry = dryRun
        request.isExclusive = exclusive
        (request.quarantine, request.patience) = (quarantine, patience)
        return try CollectTable.show(session, isDry: dryRun) { workspace in
            let operation = try CollectOperation(workspace, request)
            return undo ? try operation.undo() : try operation.run(waits: wait)
        }
    }
}

struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "index", abstract: help(.helpIndex), subcommands: [Rebuild.self])

    struct Rebuild: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "rebuild", abstract: help(.helpIndexRebuild))
        @OptionGroup var common: CommonOptions
        @Flag(help: ArgumentHelp(help(.helpCollectDryRun))) var dryRun = false
        @Option(help: ArgumentHelp(help(.helpCollectPatience), valueName: "time")) var patience: Duration?

        var journaled: JournaledAct? { .deletion(.collection, "index-rebuild", isDry: dryRun) }

        func act(_ session: CommandSession) throws -> ExitStatus {
            var request = CollectOperation.Request()
            (request.site, request.language, request.isDry, request.patience) = (session.siteName, session.language, dryRun, patience)
            // What waits is only for sessions at work: nothing is condemned.
            request.quarantine = .zero
            return try CollectTable.show(session, isDry: dryRun) { try CollectOperation($0, request).rebuildIndex() }
        }
    }
}

/// What the commands that collect and rebuild show.
enum CollectTable {
    static func show(_ session: CommandSession, isDry: Bool, _ act: (Workspace) throws -> [CollectRow]) throws -> ExitStatus {
        let (console, l) = (session.console, session.language)
        var all: [CollectRow] = []
        for workspace in try session.workspaces() {
            let (began, start) = (Timestamp.now().seconds, monotonicSeconds())
            let rows = try act(workspace)
            all += rows
            if !isDry {
                session.note(
                    TaskName(.collect, workspace.tenant.name), began: began, seconds: monotonicSeconds() - start, exit: status(rows),
                    rows: ["sites": rows])
            }
        }
        console.row(["sites": all]) {
            var table = ConsoleTable([
                (Message.headSite.text(l), .left), (Message.headState.text(l), .left), (Message.headCondemned.text(l), .right),
                (Message.headDeleted.text(l), .right), (Message.headCompacted.text(l), .right), (Message.headNext.text(l), .left),
            ])
            for row in all {
                table.add([
                    row.site, Message.collectState(row.state).text(l), "\(l.count(row.condemned_packs)) · \(l.size(row.condemned_bytes))",
                    "\(l.count(row.deleted_packs)) · \(l.size(row.deleted_bytes))",
                    "\(l.count(row.compacted_packs)) · \(l.size(row.compacted_bytes))", row.until ?? "-",
                ])
            }
            console.print(table)
            for row in all {
                for locked in row.locked { console.note(Message.lockedObject("\(row.site):\(locked.object)", locked.until ?? "?").text(l)) }
                for session in row.waiting_for { console.note(Message.waitingForSession("\(row.site):sessions/\(session)").text(l)) }
                for line in row.blocked + row.problems + row.void { console.note(line) }
            }
        }
        return status(all)
    }

    private static func status(_ rows: [CollectRow]) -> ExitStatus {
        rows.reduce(.done) { $0.combined(with: ExitStatus(rawValue: $1.status) ?? .failed) }
    }
}
