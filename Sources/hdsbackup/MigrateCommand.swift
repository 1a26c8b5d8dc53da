import ArgumentParser
import Base
import Codec
import Journal
import Migration
import Operations
import Repository

struct MigrateCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "migrate", abstract: help(.helpMigrate))
    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp(help(.helpMigrateFrom), valueName: "site")) var from: String
    @Option(help: ArgumentHelp(help(.helpMigrateTo), valueName: "site")) var to: String
    @Flag(help: ArgumentHelp(help(.helpMigrateProve))) var prove = false
    @Flag(help: ArgumentHelp(help(.helpCollectDryRun))) var dryRun = false
    @Flag(help: ArgumentHelp(help(.helpMigrateWithdraw))) var withdraw = false
    @Flag(help: ArgumentHelp(help(.helpMigrateKeep))) var keepSource = false
    @Flag(help: ArgumentHelp(help(.helpMigrateReadAgain))) var readAgain = false
    @Option(help: ArgumentHelp(help(.helpMigrateDoubleRun), valueName: "time")) var doubleRun: Duration?
    @Option(help: ArgumentHelp(help(.helpMigrateSamples), valueName: "n")) var samples: Int?
    @Option(help: ArgumentHelp(help(.helpCollectPatience), valueName: "time")) var patience: Duration?

    var journaled: JournaledAct? { .deletion(.migration, "migrate", isDry: dryRun || withdraw) }

    func act(_ session: CommandSession) throws -> ExitStatus {
        if prove ? dryRun || withdraw : dryRun == withdraw { throw Failure(.usage, .migrateProveOrPlan) }
        if let samples, samples < 1 { throw Failure(.usage, .migrateSamplesValues, object: String(samples)) }
        let console = session.console
        var request = MigrateOperation.Request(from: from, to: to)
        (request.doubleRun, request.samples, request.patience) = (doubleRun, samples, patience)
        (request.readsAgain, request.keepsSource) = (readAgain, keepSource)
        let workspace = try session.workspace()
        let line = console.progress("\(from) → \(to)")
        defer { line.finish() }
        let operation = try MigrateOperation(workspace, request) { event in
            switch event {
            case .phase(let phase): line.rename("\(from) → \(to) · \(Message.migratePhase(phase.rawValue).text(console.language))")
            case .problem(let failure): console.report(failure)
            case .note(let failure): console.note(failure.text(console.language))
            case .bytes(let count): line.add(bytes: count)
            }
        }
        let row = try dryRun ? operation.plan() : withdraw ? operation.withdraw() : operation.run()
        line.finish()
        if !dryRun { record(row, session, workspace) }
        console.row(row) { for text in Self.lines(row, session.language) { console.print(text) } }
        return row.exitStatus
    }

    /// Where the migration is, and what was proven: the journal has it beside the signed records.
    private func record(_ row: MigrateRow, _ session: CommandSession, _ workspace: Workspace) {
        var details: [Word: EntryValue] = [
            "command": .word("migrate"), "from": .word(Word(fitting: from)), "to": .word(Word(fitting: to)),
        ]
        details["phase"] = Word(row.phase.lowercased()).map { .word($0) }
        details["root"] = row.root.flatMap { Digest(hex: $0) }.map { .digest($0) }
        details["objects"] = .count(row.objects)
        details["bytes"] = .count(row.bytes)
        details["deleted"] = .count(row.deleted_objects)
        let object = row.migration.flatMap { ShortID(hex: $0) }.map { LedgerEvent.Object("migration", .id($0)) }
        session.record(JournalEvent(.migration, LedgerEvent.Outcome(row.exitStatus), object: object, details: details), tenant: workspace.tenant.name)
    }

    /// What a person reads.
    private static func lines(_ row: MigrateRow, _ l: Language) -> [String] {
        let shown = 20
        var lines: [String] = []
        func say(_ message: Message) { lines.append(message.text(l)) }
        if row.outcome == "planned", row.migration == nil {
            say(.migratePlan(row.from, row.to, l.count(Int(row.snapshots)), l.count(Int(row.objects)), l.size(Int(row.bytes))))
            return lines
        }
        say(.migrateAt(row.from, row.to, Message.migratePhase(row.phase).text(l)))
        if let root = row.root { say(.migrateRoot(root, l.count(Int(row.objects)), l.size(Int(row.bytes)), l.count(Int(row.snapshots)))) }
        if row.different > 0 {
            for each in row.differences.prefix(shown) { lines.append("  \(each.object): \(Message.migrateDifference(each.code).text(l))") }
            if row.different > shown { say(.migrateMore(l.count(row.different - shown))) }
        }
        switch row.outcome {
        case "waiting": say(.migrateWaiting(row.double_run_until ?? "?"))
        case "writers":
            for writer in row.writers { say(.waitingForSession("\(row.from):sessions/\(writer)")) }
            say(.migrateWriters(row.from))
        case "samples": say(.migrateSamples(row.samples_wanted, row.to))
        case "agreed": say(.migrateAgreed(row.from))
        case "remnants":
            for each in row.remnants.prefix(shown) {
                let object = "\(row.from):\(each.object)"
                say(each.until.map { .lockedObject(object, $0) } ?? .migrateKept(object, Message.migrateReason(each.reason).text(l)))
            }
            if row.remnants.count > shown { say(.migrateMore(l.count(row.remnants.count - shown))) }
            say(.migrateRemnants(row.from, l.count(Int(row.remaining_objects)), l.size(Int(row.remaining_bytes))))
        case "done": say(.migrateDone(row.from, l.count(Int(row.deleted_objects)), l.size(Int(row.deleted_bytes))))
        case "withdrawn": say(.migrateWithdrawn(row.from))
        default: break
        }
        if let last = row.records.last { say(.migrateRecord(last)) }
        return lines
    }
}
