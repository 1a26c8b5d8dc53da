import ArgumentParser
import Base
import Operations
import Verification

struct VerifyCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "verify", abstract: help(.helpVerify))
    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp(help(.helpRead), valueName: "share")) var read: String = "due"
    @Flag(help: ArgumentHelp(help(.helpOpen))) var open = false

    var journaled: JournaledAct? { JournaledAct(.verification, "verify") }

    func act(_ session: CommandSession) throws -> ExitStatus {
        let console = session.console
        // Keys that open content are a person's: those never go to the daemon.
        if !open, let daemon = try session.daemon() { return try run(through: daemon, session) }
        var options = VerificationOptions()
        options.selection = try VerifyOperation.selection(read)
        options.opens = open
        var status = ExitStatus.done
        for workspace in try session.workspaces() {
            let began = Timestamp.now().seconds
            let line = console.progress(workspace.tenant.name)
            defer { line.finish() }
            let last = Monitor<Int>(0)
            let outcome = try VerifyOperation.run(workspace, site: session.siteName, options: options) { step in
                line.rename(step.site)
                let new = last.look { last in
                    defer { last = step.bytes }
                    return max(0, step.bytes - last)
                }
                line.add(bytes: new)
            }
            line.finish()
            for failure in outcome.failures { console.report(failure) }
            for report in outcome.reports { show(workspace, report, session, began) }
            for finding in outcome.gaps { console.note(finding.detail.of(finding.object).text(console.language)) }
            for note in outcome.notes { console.note(note) }
            status = status.combined(with: outcome.status)
        }
        return status
    }

    /// One run of the daemon for each site, one after the other.
    private func run(through daemon: ControlClient, _ session: CommandSession) throws -> ExitStatus {
        _ = try VerifyOperation.selection(read)
        let configuration = try session.configuration()
        var status = ExitStatus.done
        for tenant in try session.tenants() {
            for site in try configuration.sites(of: tenant, named: session.siteName) {
                do {
                    status = status.combined(
                        with: try RemoteRun(daemon, session.console).run(.verify, tenant: tenant.name, subject: site.name, flags: ["--read", read]))
                } catch { session.console.report(error) }
            }
        }
        return status
    }

    private func show(_ workspace: Workspace, _ report: VerificationReport, _ session: CommandSession, _ began: Int64) {
        let console = session.console
        let l = console.language
        let row = VerifyRow(workspace.tenant.name, report, workspace.trafficRows, l)
        console.row(row) { print(report, console) }
        session.note(
            TaskName(.verify, workspace.tenant.name, report.site), began: began, seconds: Double(Timestamp.now().seconds - began),
            exit: report.status,
            rows: row)
    }

    private func print(_ report: VerificationReport, _ console: Console) {
        let l = console.language
        for finding in report.findings {
            console.print("\(report.site):\(finding.object): \(finding.detail.message.text(l))")
            if !finding.snapshots.isEmpty {
                console.print("  " + Message.affects(finding.snapshots.map { String($0.hex.prefix(12)) }.joined(separator: ", ")).text(l))
            }
            for path in finding.paths { console.print("  \(printable(path))") }
            if finding.pathCount > finding.paths.count { console.print("  … \(l.count(finding.pathCount - finding.paths.count))") }
        }
        for failure in report.unchecked { console.note(failure.text(l)) }
        for note in report.notes { console.note(note) }
        let bad = report.findings.filter { !$0.isHealed }.count
        console.summary(
            Message.verified(
                report.site, l.count(report.snapshots), l.count(report.packsRead), l.count(report.packs), l.size(report.bytesRead),
                l.count(report.blobsOpened), "\(Int(report.coverage.share * 100)) %", bad
            ).text(l))
    }
}
