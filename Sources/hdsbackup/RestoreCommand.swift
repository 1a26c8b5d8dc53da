import ArgumentParser
import Base
import Glibc
import Journal
import Operations
import Restore

struct RestoreCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "restore", abstract: help(.helpRestore))
    @OptionGroup var common: CommonOptions
    @Argument(help: ArgumentHelp(help(.helpSnapshot), valueName: "snapshot")) var snapshot: String
    @Argument(help: ArgumentHelp(help(.helpPath), valueName: "path")) var paths: [String] = []
    @Option(help: ArgumentHelp(help(.helpTo), valueName: "dir")) var to: String
    @Flag(help: ArgumentHelp(help(.helpStrip))) var strip = false
    @Flag(help: ArgumentHelp(help(.helpDelete))) var delete = false
    @Flag(help: ArgumentHelp(help(.helpDryRun))) var dryRun = false
    @Option(help: ArgumentHelp(help(.helpOverwrite), valueName: "how")) var overwrite: String = "changed"

    @Option(help: ArgumentHelp(help(.helpReason))) var reason: String?

    var journaled: JournaledAct? {
        var act = JournaledAct(dryRun ? .list : .restore, "restore")
        (act.isAccess, act.isAnnounced, act.asksReason) = (true, !dryRun, !dryRun)
        (act.reason, act.snapshots, act.paths) = (reason, [snapshot], paths)
        act.details = ["to": .bytes(Array(absolute(to).utf8.prefix(EntryValue.limit)))]
        if dryRun { act.details["dry-run"] = .count(1) }
        return act
    }

    struct Estimate: Encodable {
        let snapshot: String
        let files: UInt64
        let bytes: UInt64
        let right: UInt64
        let packs: UInt64
        let sealed_bytes: UInt64
        let needed_bytes: UInt64
        let free_bytes: UInt64
        let missing_packs: UInt64
        let missing_blobs: UInt64
        let locked_packs: UInt64
    }

    struct Outcome: Encodable {
        struct Path: Encodable {
            let path: String
            let code: String
            let message: String
        }
        let snapshot: String
        let files: UInt64
        let folders: UInt64
        let links: UInt64
        let others: UInt64
        let bytes: UInt64
        let right: UInt64
        let kept: UInt64
        let removed: UInt64
        let lost: [Path]
        let problems: [Path]
        let healed: [String]
        let seconds: Double
        /// By site, since the command began.
        let traffic: [String: TrafficRow]
    }

    private func options() throws -> RestoreOptions {
        var options = RestoreOptions(target: RawName(absolute(to)))
        options.strip = strip
        options.delete = delete
        options.keepsOwnOwner = geteuid() != 0
        switch overwrite {
        case "always": options.overwrite = .always
        case "changed": options.overwrite = .changed
        case "never": options.overwrite = .never
        default: throw Failure(.usage, .overwriteValues)
        }
        return options
    }

    func act(_ session: CommandSession) throws -> ExitStatus {
        let console = session.console
        let options = try options()
        let line = console.progress(snapshot)
        defer { line.finish() }
        let last = Monitor<UInt64>(0)
        let operation = try RestoreOperation(session.workspace(), site: session.siteName, snapshot: snapshot, paths: paths, options: options) {
            progress in
            let new = last.look { last in
                defer { last = progress.bytes }
                return progress.bytes > last ? progress.bytes - last : 0
            }
            if progress.stage == .writing {
                line.expect(progress.totalBytes)
                line.add(bytes: Int(new))
            }
        }
        session.concerns(operation.snapshot.id)
        for failure in operation.view.problems { console.note(failure.text(console.language)) }
        if dryRun { return try showEstimate(operation, console) }
        let begun = monotonicSeconds()
        let result = try operation.restore()
        line.finish()
        show(result, operation, monotonicSeconds() - begun, console)
        return result.exitStatus
    }

    private func showEstimate(_ operation: RestoreOperation, _ console: Console) throws -> ExitStatus {
        let estimate = try operation.estimate()
        for failure in estimate.problems { console.note(failure.text(console.language)) }
        if console.isJSON {
            console.json(
                Estimate(
                    snapshot: operation.snapshot.id.hex, files: estimate.files, bytes: estimate.bytes, right: estimate.right, packs: estimate.packs,
                    sealed_bytes: estimate.sealedBytes, needed_bytes: estimate.neededBytes, free_bytes: estimate.freeBytes,
                    missing_packs: estimate.missingPacks, missing_blobs: estimate.missingBlobs, locked_packs: estimate.lockedPacks))
        } else {
            let l = console.language
            console.print(
                Message.wouldRestore(l.count(estimate.files), l.size(estimate.bytes), l.count(estimate.packs), l.size(estimate.freeBytes)).text(l))
            if estimate.right > 0 { console.print(Message.alreadyRight(l.count(estimate.right)).text(l)) }
        }
        return estimate.exitStatus
    }

    private func show(_ result: RestoreResult, _ operation: RestoreOperation, _ seconds: Double, _ console: Console) {
        let l = console.language
        for failure in result.lost + result.problems + result.absentSites { console.note(failure.text(l)) }
        for copy in result.damage where copy.isHealed { console.note(.healed("\(copy.site):\(copy.object)")) }
        if console.isJSON {
            func paths(_ failures: [Failure]) -> [Outcome.Path] {
                failures.map { Outcome.Path(path: $0.object ?? "", code: $0.message.code, message: $0.message.text(l)) }
            }
            console.json(
                Outcome(
                    snapshot: operation.snapshot.id.hex, files: result.files, folders: result.folders, links: result.links, others: result.others,
                    bytes: result.bytes, right: result.right, kept: result.kept, removed: result.removed, lost: paths(result.lost),
                    problems: paths(result.problems), healed: result.damage.filter(\.isHealed).map { "\($0.site):\($0.object)" }, seconds: seconds,
                    traffic: operation.view.workspace.trafficRows))
            return
        }
        console.summary(Message.restored(l.count(result.files), l.size(result.bytes), l.duration(seconds: seconds), to).text(l))
        if result.right > 0 { console.summary(Message.alreadyRight(l.count(result.right)).text(l)) }
        if result.lostCount > 0 { console.note(.damageSummary(result.lostCount)) }
    }
}
