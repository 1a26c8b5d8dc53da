import ArgumentParser
import Base
import Journal
import Operations

struct TransfersCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "transfers", abstract: help(.helpTransfers))
    @OptionGroup var common: CommonOptions
    @Flag(help: ArgumentHelp(help(.helpTransfersCheck))) var check = false
    @Flag(help: ArgumentHelp(help(.helpTransfersAccept))) var accept = false
    @Option(help: ArgumentHelp(help(.helpTransfersReason), valueName: "text")) var reason: String = ""

    var journaled: JournaledAct? { check ? JournaledAct(.verification, "transfers") : nil }

    func act(_ session: CommandSession) throws -> ExitStatus {
        let (console, l) = (session.console, session.language)
        try CommandSession.checkReason(reason)
        if accept, !check || reason.isEmpty { throw Failure(.usage, .transfersAcceptHow) }
        let rows = try session.workspaces().flatMap { workspace in
            try TransferReport.rows(workspace, site: session.siteName, checks: check, accepts: accept, problem: { console.report($0) }, l)
        }
        for row in rows {
            guard let check = row.check, check.accepted else { continue }
            let act = JournalEvent(
                .incident, .done, object: .init("site", .word(Word(fitting: row.site))),
                details: [
                    "command": .word("transfers-accept"), "objects": .count(check.missing_objects), "bytes": .count(check.missing_bytes),
                ], access: .init(reason: reason))
            session.record(act, tenant: row.tenant)
        }
        console.row(["transfers": rows]) {
            var table = ConsoleTable([
                (Message.headTenantName.text(l), .left), (Message.headSite.text(l), .left), (Message.headCountry.text(l), .left),
                (Message.headMonth.text(l), .left), (Message.headObjects.text(l), .right), (Message.headWritten.text(l), .right),
                (Message.headObjects.text(l), .right), (Message.headDeleted.text(l), .right), (Message.headBalance.text(l), .right),
            ])
            for row in rows {
                for cell in row.rows {
                    let (removed, bytes) = (cell.deleted_objects + cell.gone_objects, cell.deleted_bytes + cell.gone_bytes)
                    table.add([
                        row.tenant, row.site, cell.country, cell.month, l.count(cell.written_objects), l.size(cell.written_bytes), l.count(removed),
                        l.size(bytes),
                        (bytes > cell.written_bytes ? "-" : "+") + l.size(max(bytes, cell.written_bytes) - min(bytes, cell.written_bytes)),
                    ])
                }
                if row.rows.isEmpty { table.add([row.tenant, row.site, "-", "-", "0", l.size(0), "0", l.size(0), l.size(0)]) }
                for country in row.countries where !row.rows.isEmpty {
                    table.add([
                        row.tenant, row.site, country.country, Message.transfersNow.text(l), l.count(country.objects), "", "", "",
                        l.size(country.bytes),
                    ])
                }
            }
            console.print(table)
            for row in rows { for note in row.notes(l) { console.print(note) } }
        }
        return rows.reduce(.done) { $0.combined(with: $1.exitStatus) }
    }
}
