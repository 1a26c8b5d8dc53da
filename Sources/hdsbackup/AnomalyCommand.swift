import ArgumentParser
import Base
import CLinux
import Glibc
import Journal
import Operations

struct AnomalyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "anomaly", abstract: help(.helpAnomaly), subcommands: [List.self, Release.self])

    struct Row: Encodable {
        let id: Int64
        let tenant: String
        let source: String
        let snapshot: String
        let time: String
        let kind: String
        let detail: String
        let released: String?
        let released_by: String?
        let reason: String?

        init(_ anomaly: KeptAnomaly, _ language: Language) {
            (id, tenant, source, snapshot, kind) = (anomaly.id, anomaly.tenant, anomaly.source, anomaly.snapshot, anomaly.kind)
            time = Timestamp(seconds: anomaly.time).localText
            detail = anomaly.message.text(language)
            released = anomaly.released.map { Timestamp(seconds: $0).localText }
            (released_by, reason) = (anomaly.releasedBy, anomaly.reason)
        }
    }

    struct List: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: help(.helpAnomalyList))
        @OptionGroup var common: CommonOptions
        @Flag(help: ArgumentHelp(help(.helpAnomalyAll))) var all = false

        func act(_ session: CommandSession) throws -> ExitStatus {
            let (console, l) = (session.console, session.language)
            let tenants = Set(try session.tenants().map(\.name))
            let rows = try session.history().anomalies(all: all).filter { tenants.contains($0.tenant) }.map { Row($0, l) }
            console.row(["anomalies": rows]) {
                if rows.isEmpty { return console.print(Message.noAnomalies.text(l)) }
                var table = ConsoleTable([
                    ("#", .right), (Message.headSource.text(l), .left), (Message.headTime.text(l), .left), (Message.headID.text(l), .left),
                    (Message.headKindOfChange.text(l), .left), (Message.headReleased.text(l), .left),
                ])
                for row in rows {
                    let released = row.released.map { "\($0) \(row.released_by ?? ""): \(row.reason ?? "")" } ?? "-"
                    table.add(["\(row.id)", row.source, row.time, String(row.snapshot.prefix(12)), row.detail, released])
                }
                console.print(table)
            }
            return .done
        }
    }

    struct Release: OperatorCommand {
        static let configuration = CommandConfiguration(commandName: "release", abstract: help(.helpAnomalyRelease))
        @OptionGroup var common: CommonOptions
        @Argument(help: ArgumentHelp("#", valueName: "number")) var id: Int64
        @Option(help: ArgumentHelp(help(.helpAnomalyReason))) var reason: String

        func act(_ session: CommandSession) throws -> ExitStatus {
            guard !reason.allSatisfy(\.isWhitespace) else { throw Failure(.usage, .reasonNeeded) }
            let history = try session.history()
            let tenants = Set(try session.tenants().map(\.name))
            let tenant = try history.anomalies(all: true).first { $0.id == id }?.tenant
            // A number of another tenant than the one that is meant does not exist.
            if let tenant, !tenants.contains(tenant) { throw Failure(.usage, .noSuchAnomaly(id), remedy: .listAnomalies) }
            try history.release(id, by: CommandSession.person(), reason: reason, at: Timestamp.now().seconds)
            if let tenant {
                session.record(
                    JournalEvent(
                        .incident, .done, object: LedgerEvent.Object("anomaly", .count(id)), details: ["command": .word("anomaly-release")],
                        access: JournalEvent.Access(reason: String(reason.prefix(256)))), tenant: tenant)
            }
            session.console.summary(Message.anomalyReleased(id).text(session.language))
            return .done
        }
    }
}
