import ArgumentParser
import Base
import Operations

struct WhereCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "where", abstract: help(.helpWhere))
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp(help(.helpSnapshot), valueName: "snapshot")) var snapshot: String

    var journaled: JournaledAct? { .look("where", snapshots: [snapshot]) }

    func act(_ session: CommandSession) throws -> ExitStatus {
        let view = try TenantView(session.workspace(), site: nil, opening: false)
        for failure in view.opened.failures { session.console.report(failure) }
        let report = try WhereReport(view, snapshot)
        session.console.row(report) { for line in report.lines(session.language) { session.console.print(line) } }
        return .done
    }
}

struct IsolateCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "isolate", abstract: help(.helpIsolate))
    @OptionGroup var common: CommonOptions
    @Flag(help: ArgumentHelp(help(.helpIsolateEnd))) var end = false
    @Flag(help: ArgumentHelp(help(.helpIsolateShow))) var show = false
    @Option(help: ArgumentHelp(help(.helpIsolateReason), valueName: "text")) var reason: String = ""

    struct Row: Encodable {
        let isolated: Bool
        let record: Isolation.Record?
    }

    func act(_ session: CommandSession) throws -> ExitStatus {
        try CommandSession.checkReason(reason)
        let isolation = Isolation(state: try session.configuration().node.state)
        if end {
            try isolation.end()
        } else if !show, !isolation.isOn {
            try isolation.begin(Isolation.Record(person: CommandSession.person(), time: Timestamp.now().localText, reason: reason))
        }
        if !show {
            let act = JournalEvent(.incident, .done, details: ["command": .word(end ? "isolate-end" : "isolate")], access: .init(reason: reason))
            session.record(node: act)
        }
        let isOn = isolation.isOn
        session.console.row(Row(isolated: isOn, record: isolation.record)) {
            session.console.print((isOn ? Message.isolationOn : .isolationOff).text(session.language))
            if let record = isolation.record { session.console.print("\(record.time) \(record.person) \(record.reason)") }
        }
        return .done
    }
}
