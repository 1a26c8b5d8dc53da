import Base
import Repository

/// Gathers what the scrubbing threads find, and keeps the state from time to time.
final class ScrubTally: Sendable {
    private struct Gathered {
        var progress: VerificationProgress
        var findings: [Finding] = []
        var unchecked: [Failure] = []
        var bad: Set<PackKey> = []
        var blobs = 0
        var saved = monotonicSeconds()
    }

    private let gathered: Monitor<Gathered>
    private let state: ScrubState
    private let opens: Bool
    private let tell: @Sendable (VerificationProgress) -> Void

    init(_ progress: VerificationProgress, state: ScrubState, opens: Bool, tell: @escaping @Sendable (VerificationProgress) -> Void) {
        gathered = Monitor(Gathered(progress: progress))
        self.state = state
        self.opens = opens
        self.tell = tell
    }

    var bad: Set<PackKey> { gathered.look { $0.bad } }

    func take(_ pack: ListedPack, _ outcome: PackScrubber.Outcome, at time: Int64) {
        gathered.look { all in
            switch outcome {
            case .good(let blobs):
                all.blobs += blobs
                state.record(pack.key, .good, at: time, opened: opens)
            case .bad(let findings):
                all.findings += findings
                // A bad blob in a good pack does not make the others bad.
                if findings.contains(where: { $0.object == pack.key.key }) { all.bad.insert(pack.key) }
                state.record(pack.key, .bad, at: time, opened: false)
            case .unknown(let failure): all.unchecked.append(failure)
            }
            all.progress.done += 1
            all.progress.bytes += pack.size
            tell(all.progress)
            // A crash costs a minute of reading.
            if monotonicSeconds() - all.saved > 60 {
                try? state.save()
                all.saved = monotonicSeconds()
            }
        }
    }

    func add(to report: inout VerificationReport) {
        gathered.look { all in
            report.packsRead += all.progress.done
            report.bytesRead += all.progress.bytes
            report.blobsOpened += all.blobs
            report.findings += all.findings
            report.unchecked += all.unchecked
        }
    }
}
