import ArgumentParser
import Base
import Operations

struct ReportCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "report", abstract: help(.helpReport))
    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp(help(.helpReportMonth), valueName: "2026-11")) var month: String?
    @Option(help: ArgumentHelp(help(.helpReportAsOf), valueName: "date")) var asOf: String?
    @Option(help: ArgumentHelp(help(.helpReportFormat), valueName: "html|json|pdf")) var format = "html"
    @Option(help: ArgumentHelp(help(.helpReportTo), valueName: "folder")) var to: String

    var journaled: JournaledAct? { JournaledAct(.export, "report") }

    func act(_ session: CommandSession) throws -> ExitStatus {
        let (console, l) = (session.console, session.language)
        var request = TenantReport.Request()
        (request.month, request.asOf, request.format, request.language) = (month, asOf, format, l)
        let report = try TenantReport(request)
        let (row, failures) = try report.write(session.workspace(), session.history(), to: absolute(to))
        for failure in failures { console.report(failure) }
        console.row(row) {
            console.summary(
                Message.reportWritten(to, row.month, row.as_of, major: row.gaps.major, unknown: row.gaps.unknown, minor: row.gaps.minor).text(l))
            console.summary(Message.reportSignedBy(row.signer).text(l))
        }
        return .done
    }
}
