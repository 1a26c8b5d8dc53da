import ArgumentParser
import Base
import Operations
import Verification

struct VerifyCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "verify", abstract: help(.helpVerify))
    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp(help(.helpRead), valueName: "share")) var read: String = "due"
    @Flag(help: ArgumentHelp(help(.helpOpen))) var open = false

    struct Row: Encodable {
        struct Found: Encodable {
            let kind: String
            let object: String
            let message: String
            let code: String
            let healed: Bool
            let snapshots: [String]
            let paths: [PathFields]
            let path_count: Int
        }
        let tenant: String
        let site: String
        let snapshots: Int
        let packs: Int
        let pack_bytes: Int
        let packs_read: Int
        let bytes_read: Int
        let blobs_opened: Int
        let objects: Int
        let coverage: Double
        let findings: [Found]
        let unchecked: [String]
        /// By site, since the command began.
        let traffic: [String: TrafficRow]
    }

    func act(_ session: CommandSession) throws -> ExitStatus {
        let console = session.console
        var options = VerificationOptions()
        options.selection = try VerifyOperation.selection(read)
        options.opens = open
        var status = ExitStatus.done
        for workspace in try session.workspaces() {
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
            for report in outcome.reports { show(workspace, report, console) }
            for finding in outcome.gaps { console.note(finding.detail.of(finding.object).text(console.language)) }
            for note in outcome.notes { console.note(note) }
            status = status.combined(with: outcome.status)
        }
        return status
    }

    private func show(_ workspace: Workspace, _ report: VerificationReport, _ console: Console) {
        let l = console.language
        if console.isJSON {
            console.json(
                Row(
                    tenant: workspace.tenant.name, site: report.site, snapshots: report.snapshots, packs: report.packs, pack_bytes: report.packBytes,
                    packs_read: report.packsRead, bytes_read: report.bytesRead, blobs_opened: report.blobsOpened, objects: report.objects,
                    coverage: report.coverage.share,
                    findings: report.findings.map {
                        Row.Found(
                            kind: $0.kind.rawValue, object: $0.object, message: $0.detail.message.text(l), code: $0.detail.message.code,
                            healed: $0.isHealed,
                            snapshots: $0.snapshots.map(\.hex), paths: $0.paths.map { PathFields($0) }, path_count: $0.pathCount)
                    }, unchecked: report.unchecked.map { $0.text(l) }, traffic: workspace.trafficRows))
            return
        }
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
