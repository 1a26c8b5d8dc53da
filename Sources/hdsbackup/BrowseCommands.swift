import ArgumentParser
import Base
import Glibc
import Journal
import Operations
import Repository

/// `ls --json`, `find --json` and `diff --json`: one entry a line.
struct EntryLine: Encodable {
    let change: String?
    let path: PathFields
    let kind: String
    let mode: String
    let uid: UInt32
    let gid: UInt32
    let user: String?
    let group: String?
    let size: UInt64
    let mtime: String
    let mtime_ns: UInt32
    let target: PathFields?

    init(_ entry: Entry, change: String? = nil) {
        self.change = change
        path = PathFields(entry.path)
        kind = "\(entry.kind)"
        mode = String(entry.mode, radix: 8)
        uid = entry.uid
        gid = entry.gid
        user = entry.userName.map { printable($0) }
        group = entry.groupName.map { printable($0) }
        size = entry.size
        mtime = entry.mtime.localText
        mtime_ns = entry.mtime.nanoseconds
        target = entry.kind == .symlink ? PathFields(entry.linkTarget) : nil
    }
}

/// A line as `ls -l` prints it.
func listing(_ entry: Entry, _ language: Language) -> String {
    let letters: [Entry.Kind: String] = [.file: "-", .folder: "d", .symlink: "l", .fifo: "p", .socket: "s", .charDevice: "c", .blockDevice: "b"]
    let bits = Array("rwxrwxrwx")
    var mode = (0..<9).map { entry.mode >> UInt16(8 - $0) & 1 == 1 ? bits[$0] : "-" }
    for (bit, at, set, unset) in [(11, 2, "s", "S"), (10, 5, "s", "S"), (9, 8, "t", "T")] as [(Int, Int, Character, Character)]
    where entry.mode >> UInt16(bit) & 1 == 1 { mode[at] = mode[at] == "x" ? set : unset }
    func padded(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
    let owner = "\(entry.userName.map { printable($0) } ?? String(entry.uid)):\(entry.groupName.map { printable($0) } ?? String(entry.gid))"
    let link = entry.kind == .symlink ? " -> " + printable(entry.linkTarget) : ""
    return
        "\(letters[entry.kind] ?? "?")\(String(mode)) \(owner) \(padded(language.size(entry.size), 10)) \(entry.mtime.screenText) \(printable(entry.path))\(link)"
}

struct LsCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "ls", abstract: help(.helpLs))
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp(help(.helpSnapshot), valueName: "snapshot")) var snapshot: String
    @Argument(help: ArgumentHelp(help(.helpPath), valueName: "path")) var path: String?

    var journaled: JournaledAct? { .look("ls", snapshots: [snapshot], paths: path.map { [$0] } ?? []) }

    func act(_ session: CommandSession) throws -> ExitStatus {
        let console = session.console
        let browsing = try Browsing(session.workspace(), site: session.siteName, snapshot: snapshot)
        session.concerns(browsing.snapshot.id)
        try browsing.forEach(under: path.map { Array($0.utf8) }) { entry in
            if console.isJSON { console.json(EntryLine(entry)) } else { console.print(listing(entry, console.language)) }
        }
        return .done
    }
}

struct FindCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "find", abstract: help(.helpFind))
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp(help(.helpSnapshot), valueName: "snapshot")) var snapshot: String
    @Argument(help: ArgumentHelp(help(.helpPattern), valueName: "pattern")) var pattern: String

    var journaled: JournaledAct? {
        var act = JournaledAct.look("find", snapshots: [snapshot])
        act.details = ["pattern": .bytes(Array(pattern.utf8.prefix(EntryValue.limit)))]
        return act
    }

    func act(_ session: CommandSession) throws -> ExitStatus {
        let console = session.console
        let browsing = try Browsing(session.workspace(), site: session.siteName, snapshot: snapshot)
        session.concerns(browsing.snapshot.id)
        var isAny = false
        try browsing.forEach(under: nil) { entry in
            // A name alone matches the last component, a pattern with a slash the whole path.
            let subject = pattern.contains("/") ? entry.path : Array(entry.name)
            guard RawName(pattern).withCString({ pattern in RawName(subject).withCString { fnmatch(pattern, $0, 0) } }) == 0 else { return }
            isAny = true
            if console.isJSON { console.json(EntryLine(entry)) } else { console.print(listing(entry, console.language)) }
        }
        return isAny ? .done : .failed
    }
}

struct CatCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "cat", abstract: help(.helpCat))
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp(help(.helpSnapshot), valueName: "snapshot")) var snapshot: String
    @Argument(help: ArgumentHelp(help(.helpPath), valueName: "path")) var path: String?
    @Option(help: ArgumentHelp(help(.helpReason))) var reason: String?

    var journaled: JournaledAct? {
        var act = JournaledAct(.restore, "cat")
        (act.isAccess, act.isAnnounced, act.asksReason) = (true, true, true)
        (act.reason, act.snapshots, act.paths) = (reason, [snapshot], path.map { [$0] } ?? [])
        return act
    }

    func act(_ session: CommandSession) throws -> ExitStatus {
        let browsing = try Browsing(session.workspace(), site: session.siteName, snapshot: snapshot)
        session.concerns(browsing.snapshot.id)
        try browsing.cat(path.map { Array($0.utf8) }, to: 1)
        for copy in browsing.damage where copy.isHealed { session.console.note(.healed("\(copy.site):\(copy.object)")) }
        return .done
    }
}

struct DiffCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "diff", abstract: help(.helpDiff))
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp(help(.helpSnapshot), valueName: "a")) var first: String
    @Argument(help: ArgumentHelp(help(.helpSnapshot), valueName: "b")) var second: String

    var journaled: JournaledAct? { .look("diff", snapshots: [first, second]) }

    func act(_ session: CommandSession) throws -> ExitStatus {
        let console = session.console
        let workspace = try session.workspace()
        let a = try Browsing(workspace, site: session.siteName, snapshot: first)
        let b = try Browsing(workspace, site: session.siteName, snapshot: second)
        for snapshot in [a, b] { session.concerns(snapshot.snapshot.id) }
        try a.diff(to: b) { change in
            let (sign, word, entry): (String, String, Entry) =
                switch change {
                case .added(let entry): ("+", "added", entry)
                case .removed(let entry): ("-", "removed", entry)
                case .changed(_, let entry): ("M", "changed", entry)
                }
            if console.isJSON { console.json(EntryLine(entry, change: word)) } else { console.print("\(sign) \(printable(entry.path))") }
        }
        return .done
    }
}

struct ReplicateCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "replicate", abstract: help(.helpReplicate))
    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp(help(.helpReplicateTo), valueName: "site")) var to: String?
    @Flag(help: ArgumentHelp(help(.helpReplicateInventory))) var inventory = false
    @Flag(help: ArgumentHelp(help(.helpReplicatePending))) var pending = false

    var journaled: JournaledAct? { pending ? nil : JournaledAct(.replication, "replicate") }

    private func showPending(_ session: CommandSession) throws -> ExitStatus {
        let report = try QueueReport(session.workspaces(), site: to ?? session.siteName)
        let (console, l) = (session.console, session.language)
        if console.isJSON {
            console.json(report)
            return .done
        }
        var table = ConsoleTable([
            (Message.headSite.text(l), .left), (Message.headLacks.text(l), .left), (Message.headSince.text(l), .left),
            (Message.headReason.text(l), .left), (Message.headAttempts.text(l), .right), (Message.headState.text(l), .left),
        ])
        for row in report.lacks {
            table.add([row.site, row.object, row.since, row.reason, l.count(row.attempts), row.failure ?? "-"])
        }
        console.print(table)
        return .done
    }

    func act(_ session: CommandSession) throws -> ExitStatus {
        if pending { return try showPending(session) }
        let console = session.console
        var status = ExitStatus.done
        if let daemon = try session.daemon() {
            let target = to ?? session.siteName
            for tenant in try session.tenants() {
                if let target { _ = try session.configuration().sites(of: tenant, named: target) }
                status = status.combined(
                    with: try RemoteRun(daemon, console).run(
                        .replicate, tenant: tenant.name, subject: target ?? "", flags: inventory ? ["--inventory"] : []))
            }
            return status
        }
        for workspace in try session.workspaces() {
            let line = console.progress(workspace.tenant.name)
            defer { line.finish() }
            let outcome = try SiteLevelling.run(workspace, to: to ?? session.siteName, isForced: inventory) { target, bytes in
                line.rename(target)
                line.add(bytes: bytes)
            }
            line.finish()
            for failure in outcome.failures { console.report(failure) }
            // To the daemon it is no failure of the run: a refusal may last for months, and has an alert of its own.
            for refusal in outcome.refusals {
                if common.worker.report == nil { console.report(refusal) } else { console.note(refusal.text(console.language)) }
            }
            for report in outcome.reports {
                for failure in report.problems + report.skipped.map(\.failure) + (report.stopped.map { [$0] } ?? []) {
                    console.note(failure.text(console.language))
                }
                for pack in report.unrepaired {
                    console.note(Failure(.damaged, .noGoodCopy, object: "\(report.target):\(pack.key)").text(console.language))
                }
                console.row(ReplicateRow(workspace.tenant.name, report, workspace.trafficRows)) {
                    if report.isLevel { console.summary(Message.levelled(report.target, report.snapshots.count).text(console.language)) }
                }
                status = status.combined(with: report.status)
            }
        }
        return status
    }
}
