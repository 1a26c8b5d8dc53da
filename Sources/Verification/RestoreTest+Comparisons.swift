import Base
import Glibc
import Repository
import Restore

extension RestoreTest {
    /// Compares with the manifest's tree what was restored, then the live source.
    func compare(_ restored: RestoreResult, _ plan: RestoreTestPlan, _ target: String, _ outcome: inout Outcome) throws {
        let range = RestoreRange(from: plan.range?.from ?? [], upTo: restored.next)
        outcome.sheet.comparison = try compareRestored(range, target, &outcome)
        outcome.sheet.live = try compareLive(range, &outcome)
    }

    private func stopIfCancelled() throws { if isCancelled() { throw Failure(.interrupted, .restoreInterrupted) } }

    private func compareRestored(_ range: RestoreRange, _ target: String, _ outcome: inout Outcome) throws -> RestoreSheet.Part {
        do {
            let folder = try File.open(RawName(target), O_RDONLY | O_DIRECTORY)
            let comparison = try SnapshotComparison(
                reader: reader, root: root, folder: folder, as: .restored, rights: rights, check: { try stopIfCancelled() })
            let result = try comparison.compare(range)
            outcome.details += comparison.details
            outcome.sheet.lacking = result.lacking
            var part = RestoreSheet.Part(.good)
            (part.compared, part.differing) = (result.compared, result.differing)
            if result.differing > 0 {
                (part.outcome, part.reason) = (.failed, "differs")
                outcome.status = outcome.status.combined(with: .damaged)
            }
            return part
        } catch let error as SystemError {
            throw error.failure(.failed, "open", object: target)
        } catch let failure as Failure where failure.kind != .interrupted {
            return refused(failure, &outcome)
        }
    }

    /// Every path of the source by itself: links above it are its machine's business.
    private func compareLive(_ range: RestoreRange, _ outcome: inout Outcome) throws -> RestoreSheet.Part {
        guard subject.isLive else { return .init(.skipped, subject.paths.isEmpty ? "no-paths" : "elsewhere") }
        var sum = SnapshotComparison.Result()
        for path in subject.paths {
            let key = Entry.key(path: path)
            let nameEnd = path.lastIndex(of: UInt8(ascii: "/")) ?? 0
            let parent = nameEnd == 0 ? [UInt8(ascii: "/")] : Array(path[..<nameEnd])
            let isFolder = (try? File.open(RawName(path), O_PATH | O_DIRECTORY | O_NOFOLLOW)) != nil
            // Gone, or not to be entered: nothing of it can be compared.
            guard let folder = try? File.open(RawName(isFolder ? path : parent), O_RDONLY | O_DIRECTORY) else {
                sum.unread += 1
                continue
            }
            let base = isFolder ? key : Array(key[..<(key.lastIndex(of: 0) ?? 0)])
            do {
                let comparison = try SnapshotComparison(
                    reader: reader, root: root, folder: folder, base: base, as: .live, rights: rights, check: { try stopIfCancelled() })
                sum.add(try comparison.compare(under: key, range))
                outcome.details += comparison.details
            } catch let failure as Failure where failure.kind != .interrupted {
                return refused(failure, &outcome)
            }
        }
        var part = RestoreSheet.Part(.good)
        (part.compared, part.differing, part.changed) = (sum.compared, sum.differing, sum.changed)
        if sum.differing > 0 {
            (part.outcome, part.reason) = (.failed, "differs")
            outcome.status = outcome.status.combined(with: .damaged)
        } else if sum.compared == 0 {
            (part.outcome, part.reason) = (.skipped, sum.unread > 0 ? "unreadable" : "nothing-unchanged")
        }
        return part
    }

    /// The tree itself could not be read any more.
    private func refused(_ failure: Failure, _ outcome: inout Outcome) -> RestoreSheet.Part {
        outcome.details.append(failure)
        outcome.status = outcome.status.combined(with: failure.exitStatus)
        return .init(.failed, failure.kind == .unreachable ? "unreachable" : "damaged")
    }

    // MARK: the source's own check

    func runCheck(
        _ restored: RestoreResult, _ plan: RestoreTestPlan, _ scratch: ScratchFolder, _ target: String, _ outcome: inout Outcome
    ) throws {
        guard let check = subject.check else {
            outcome.sheet.check = .init(.skipped, "none")
            return
        }
        guard plan.range == nil || (plan.range!.from.isEmpty && restored.next == nil) else {
            outcome.sheet.check = .init(.skipped, "share")
            return
        }
        guard restored.lostCount == 0 else { return }
        try stopIfCancelled()
        do {
            if let user = check.user, rights.givesAway { try scratch.give(to: user) }
            let result = try check.run(on: try restoredPlace(target), scratch: scratch.path, check: { try stopIfCancelled() })
            outcome.checkOutput = result.output
            outcome.sheet.check = result.status == 0 ? .init(.good) : .init(.failed, result.status == 124 ? "time" : "status")
            if result.status != 0 {
                outcome.details.append(Failure(.failed, .hookFailed(check.words[0], result.status), object: subject.sourceName))
                outcome.status = outcome.status.combined(with: .failed)
            }
        } catch let failure as Failure where failure.kind != .interrupted {
            outcome.sheet.check = .init(.failed, "not-started")
            outcome.details.append(failure)
            outcome.status = outcome.status.combined(with: failure.exitStatus)
        }
        Steps.mark("checked")
    }

    /// A source's only path where it was restored, the file of a command's output, or the folder of it all.
    private func restoredPlace(_ target: String) throws -> String {
        if subject.paths.count == 1 {
            let path = String(decoding: subject.paths[0], as: UTF8.self)
            return path == "/" ? target : target + path
        }
        guard subject.paths.isEmpty else { return target }
        var file: [UInt8]?
        try TreeReader(source: reader, root: root).forEachChild(of: []) { if $0.kind == .file { file = file ?? $0.key } }
        return file.map { target + "/" + String(decoding: $0, as: UTF8.self) } ?? target
    }
}
