import Base
import Repository

/// What a restore did.
package struct RestoreResult: Sendable {
    /// Paths made or made right, by kind.
    package var files: UInt64 = 0
    package var folders: UInt64 = 0
    package var links: UInt64 = 0
    package var others: UInt64 = 0
    /// Paths that were right before.
    package var right: UInt64 = 0
    /// Paths left as they were (`--overwrite never`).
    package var kept: UInt64 = 0
    /// Names removed (`--delete`), folders with their content counted once.
    package var removed: UInt64 = 0
    /// Bytes written to files.
    package var bytes: UInt64 = 0
    /// Of a range: the sizes of its files, holes included, and the key where the next one begins; nil at the end.
    package var rangeBytes: UInt64 = 0
    package var next: [UInt8]?
    /// Owners that this user may not give; the files belong to who restored them.
    package var ownersKept: UInt64 = 0
    /// Files that are not restored because no good copy of their content could be read, each with the reason;
    /// at most 10,000 of `lostCount`.
    package var lost: [Failure] = []
    package var lostCount: UInt64 = 0
    /// What else did not work, each path with the reason; at most 10,000 of `problemCount`.
    package var problems: [Failure] = []
    package var problemCount: UInt64 = 0
    /// Stored copies found missing or damaged; those that another copy healed do not change the status.
    package var damage: [DamagedCopy] = []
    /// Sites given up on the way.
    package var absentSites: [Failure] = []
    package var exitStatus: ExitStatus = .done

    static let listLimit = 10_000
}

/// Collects what the threads of a restore have done and what failed. Any thread may report.
final class RestoreReport: Sendable {
    private struct State {
        var result = RestoreResult()
        /// Why a file in many pieces cannot be finished, until its last piece went by.
        var pending: [UInt64: Failure] = [:]
    }
    private let state = Monitor(State())

    func add(_ body: (inout RestoreResult) -> Void) { state.look { body(&$0.result) } }

    /// Something of the target that did not work: the rest goes on.
    func problem(_ failure: Failure) {
        state.look { state in
            state.result.problemCount += 1
            state.result.exitStatus = state.result.exitStatus.combined(with: failure.exitStatus)
            if state.result.problems.count < RestoreResult.listLimit { state.result.problems.append(failure) }
        }
    }

    /// A file that is not restored for want of its content.
    func lost(_ failure: Failure, path: String) {
        let named = Failure(failure.kind, failure.message, object: path, remedy: failure.remedy)
        state.look { state in
            state.result.lostCount += 1
            state.result.exitStatus = state.result.exitStatus.combined(with: failure.exitStatus)
            if state.result.lost.count < RestoreResult.listLimit { state.result.lost.append(named) }
        }
    }

    /// Keeps the first reason why the file of `record` will not be finished.
    func fail(_ record: UInt64, _ failure: Failure) {
        state.look { if $0.pending[record] == nil { $0.pending[record] = failure } }
    }

    func takeFailure(_ record: UInt64) -> Failure? { state.look { $0.pending.removeValue(forKey: record) } }

    /// Why the first path of a group of links is not there.
    func failure(_ record: UInt64) -> Failure? { state.look { $0.pending[record] } }

    func result(_ reader: BlobReader) -> RestoreResult {
        var result = state.look { $0.result }
        result.damage = reader.damage
        result.absentSites = reader.absentSites
        // A file that waits for an absent site is no damage; a copy found damaged that nothing healed is.
        if result.damage.contains(where: { !$0.isHealed }) { result.exitStatus = result.exitStatus.combined(with: .damaged) }
        return result
    }
}
