import ArgumentParser
import Base
import Journal
import Operations

struct EvacuateCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "evacuate", abstract: help(.helpEvacuate))
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp(help(.helpSiteName), valueName: "site")) var from: String
    @Option(help: ArgumentHelp(help(.helpEvacuateTo), valueName: "site")) var to: String
    @Flag(help: ArgumentHelp(help(.helpCollectDryRun))) var dryRun = false

    var journaled: JournaledAct? {
        if dryRun { return nil }
        var act = JournaledAct(.migration, "evacuate")
        act.details = ["from": .word(Word(fitting: from)), "to": .word(Word(fitting: to))]
        return act
    }

    func act(_ session: CommandSession) throws -> ExitStatus {
        let (console, l) = (session.console, session.language)
        let evacuation = try Evacuation(session.workspace(), from: from, to: to)
        let line = console.progress(to)
        defer { line.finish() }
        let row = dryRun ? try evacuation.plan() : try evacuation.run(problem: { console.report($0) }, progress: { line.add(bytes: $0) })
        line.finish()
        console.row(row) {
            if row.dry {
                console.print(
                    Message.evacuatePlan(row.from, row.to, row.missing.count, row.snapshots, l.count(row.missing_packs), l.size(row.missing_bytes))
                        .text(l))
            } else {
                console.print(
                    (row.complete ? Message.evacuateDone(row.from, row.to, row.snapshots) : .evacuateNotDone(row.from, row.to, row.missing.count))
                        .text(l))
            }
            console.print(Message.evacuateLeft(row.from, l.count(row.left_objects), l.size(row.left_bytes)).text(l))
        }
        return row.exitStatus
    }
}
