import ArgumentParser
import Base
import Operations
import Restore
import Verification

struct RestoreTestCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "restore-test", abstract: help(.helpRestoreTest))
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp(help(.helpSources), valueName: "source")) var sources: [String] = []
    @Option(help: ArgumentHelp(help(.helpTestSnapshot), valueName: "snapshot")) var snapshot: String?
    @Option(help: ArgumentHelp(help(.helpShare), valueName: "share")) var share: String?
    @Flag(help: ArgumentHelp(help(.helpTestList))) var list = false

    var journaled: JournaledAct? { list ? nil : JournaledAct(.restoreTest, "restore-test") }

    func act(_ session: CommandSession) throws -> ExitStatus {
        if list { return try SheetTable(session, sources).show() }
        var options = RestoreTestOperation.Options()
        options.snapshot = snapshot
        options.site = session.siteName
        options.share = try share.map { text in
            guard let share = RestoreTestShare(text) else { throw Failure(.usage, .configWrongValue(.expectedShare), object: "--share") }
            return share
        }
        return try RestoreTests(session).run(sources, options)
    }
}

struct DrillCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "drill", abstract: help(.helpDrill))
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp(help(.helpSources), valueName: "source")) var sources: [String] = []
    @Option(help: ArgumentHelp(help(.helpWithout), valueName: "site")) var without: [String]

    var journaled: JournaledAct? { JournaledAct(.restoreTest, "drill") }

    func act(_ session: CommandSession) throws -> ExitStatus {
        var options = RestoreTestOperation.Options()
        options.without = without
        options.site = session.siteName
        return try RestoreTests(session).run(sources, options)
    }
}

/// Runs the tests of every tenant that is meant, and prints a line a source.
private struct RestoreTests {
    private let session: CommandSession
    private var console: Console { session.console }
    private var language: Language { console.language }

    init(_ session: CommandSession) { self.session = session }

    func run(_ sources: [String], _ options: RestoreTestOperation.Options) throws -> ExitStatus {
        var status = ExitStatus.done
        let all = try workspaces(sources, options)
        for workspace in all {
            do { for row in try test(workspace, sources, options) { status = status.combined(with: row.exitStatus) } } catch {
                // One tenant's keys may be elsewhere: the others are tested all the same.
                guard all.count > 1 else { throw error }
                console.report(error)
            }
        }
        return status
    }

    private func test(_ workspace: Workspace, _ sources: [String], _ options: RestoreTestOperation.Options) throws -> [RestoreTestRow] {
        let line = console.progress(workspace.tenant.name)
        defer { line.finish() }
        let last = Monitor<(String, UInt64)>(("", 0))
        let rows = try RestoreTestOperation.run(
            workspace, sources: sources, options: options,
            progress: { source, step in
                guard step.stage == .writing else { return }
                let new = last.look { last in
                    if last.0 != source { last = (source, 0) }
                    defer { last.1 = max(last.1, step.bytes) }
                    return step.bytes > last.1 ? step.bytes - last.1 : 0
                }
                line.rename(source)
                line.add(bytes: Int(new))
            }, tell: { tell($0) })
        line.finish()
        for row in rows {
            console.row(row) { show(row) }
            // What an old snapshot, or a drill, found is in its sheet; it is not the state of the source.
            guard options.snapshot == nil, options.without.isEmpty else { continue }
            let now = Timestamp.now().seconds
            let began = row.started == 0 ? now : row.started
            session.note(
                TaskName(.restoreTest, workspace.tenant.name, row.source), began: began, seconds: Double(max(0, now - began)), exit: row.exitStatus,
                rows: row)
        }
        return rows
    }

    /// Where sources or sites are named, those whose they are; each command line means one tenant then.
    private func workspaces(_ sources: [String], _ options: RestoreTestOperation.Options) throws -> [Workspace] {
        guard sources.isEmpty, options.snapshot == nil, options.without.isEmpty else {
            let all = try session.workspaces()
            if all.count == 1 { return all }
            let owners = all.filter { workspace in
                workspace.configuration.sources.contains { $0.tenant == workspace.tenant.name && sources.contains($0.name) }
            }
            return owners.count == 1 ? owners : [try session.workspace()]
        }
        return try session.workspaces()
    }

    private func tell(_ detail: RestoreTestOperation.Detail) {
        switch detail {
        case .failure(let failure, let source): console.note((source.map { "  \($0): " } ?? "  ") + failure.text(language))
        case .checkOutput(let output, let source):
            for line in output.split(separator: 0x0A) { console.note("  \(source): | \(printable(Array(line)))") }
        case .notTested(let failure, let source): console.report(failure.of(source))
        }
    }

    private func show(_ row: RestoreTestRow) {
        guard row.sheet != nil else { return console.print(Message.notTested(row.source).text(language)) }
        var text = Message.tested(
            row.source, String((row.snapshot ?? "").prefix(12)), row.sites.joined(separator: ", "), .testResult(row.result),
            language.count(row.files),
            language.size(row.bytes), row.shareText, language.duration(seconds: row.seconds)
        ).text(language)
        text += Message.testedParts(.testResult(row.manifest.result), .testResult(row.live.result), .testResult(row.check.result)).text(language)
        if let promised = row.promised_rto_seconds {
            text += Message.testedTime(language.duration(seconds: row.whole_seconds), language.duration(seconds: Double(promised))).text(language)
        }
        if row.healed > 0 { text += Message.testedHealed(row.healed).text(language) }
        let lacking = row.lacking.values.reduce(0, +)
        if lacking > 0 { text += Message.testedLacking(lacking).text(language) }
        if row.result == "good" { console.summary(text) } else { console.print(text) }
    }
}

extension RestoreTestRow {
    fileprivate var shareText: String {
        func percent(_ part: Double) -> String { "\(Int((part * 100).rounded())) %" }
        return share_from == 0 && share_to == 1 ? percent(1) : "\(percent(share_from)) – \(percent(share_to))"
    }
}

/// `restore-test --list`.
private struct SheetTable {
    private let session: CommandSession
    private let sources: [String]

    init(_ session: CommandSession, _ sources: [String]) {
        self.session = session
        self.sources = sources
    }

    func show() throws -> ExitStatus {
        let (console, l) = (session.console, session.language)
        var found: [(finished: Timestamp, row: RestoreTestRow)] = []
        for workspace in try session.workspaces() {
            let list = try SheetList(workspace, site: session.siteName)
            for failure in list.problems { console.report(failure) }
            for item in list.items where sources.isEmpty || sources.contains(item.sheet.sourceName) {
                var row = RestoreTestRow(item.sheet, name: item.name, tenant: workspace.tenant.name)
                row.sheet_sites = item.sites
                found.append((item.sheet.finished, row))
            }
        }
        let rows = found.sorted { $0.finished > $1.finished }.map(\.row)
        if console.isJSON {
            console.json(["sheets": rows])
            return .done
        }
        guard !rows.isEmpty else {
            console.print(Message.noSheets.text(l))
            return .done
        }
        var table = ConsoleTable([
            (Message.headTime.text(l), .left), (Message.headSource.text(l), .left), (Message.headID.text(l), .left),
            (Message.headResult.text(l), .left),
            (Message.headPart.text(l), .right), (Message.headDuration.text(l), .right), (Message.headWhole.text(l), .right),
            (Message.headPromised.text(l), .right), (Message.headFrom.text(l), .left), (Message.headHost.text(l), .left),
        ])
        for row in rows {
            table.add([
                Timestamp(seconds: row.finished).screenText, row.source, String((row.snapshot ?? "").prefix(12)),
                Message.testResult(row.result).text(l), row.shareText, l.duration(seconds: row.seconds), l.duration(seconds: row.whole_seconds),
                row.promised_rto_seconds.map { l.duration(seconds: Double($0)) } ?? "-", row.sites.joined(separator: ","), row.host,
            ])
        }
        console.print(table)
        return .done
    }
}
