import Base
import Codec
import Keys
import Repository

/// One site of a run: its session, and threads of its own that store packs in the order they come, as many at once as it pays
/// there (`Site.parallelism`).
final class Participant: Sendable {
    private struct State {
        var failure: Failure?
        var storedBytes = 0
        var pending: [(key: PackKey, pack: SharedPack)] = []
        var lastSegment = monotonicSeconds()
        /// Threads that have not ended.
        var working: Int
    }

    /// A segment is written after so many packs, or so many seconds: what a later run can reuse of this
    /// one if it dies.
    private static let packsPerSegment = 32
    private static let secondsPerSegment = 30.0

    let name: String
    let index: SiteIndex
    /// How many threads are to call `work`.
    let threads: Int
    private let session: WriterSession
    private let run: RunKey
    private let writer: KeyID
    private let known: KnownBlobs
    private let state: Monitor<State>
    private let queue = BoundedQueue<SharedPack>(capacity: 2)

    init(name: String, session: WriterSession, index: SiteIndex, run: RunKey, writer: KeyID, known: KnownBlobs) {
        self.name = name
        self.session = session
        self.index = index
        self.run = run
        self.writer = writer
        self.known = known
        threads = session.repository.site.parallelism
        state = Monitor(State(working: threads))
    }

    var failure: Failure? { state.look { $0.failure } }
    var storedBytes: Int { state.look { $0.storedBytes } }

    /// Hands over a pack; waits while the site is slow.
    func push(_ pack: SharedPack) { if !queue.push(pack) { pack.done() } }

    /// No more packs.
    func close() { queue.close() }

    /// Stores packs until there are no more; the last thread to end stores the last segment. For each of `threads` threads.
    /// A site that fails is out of this run; its packs are let go so that the others do not wait.
    func work() {
        while let pack = queue.pop() {
            guard failure == nil else {
                pack.done()
                settle([pack])
                continue
            }
            do {
                let key = try session.store(pack: pack.pack)
                Steps.mark("pack stored")
                let isListed = state.look { state in
                    guard state.failure == nil else { return false }
                    state.storedBytes += pack.pack.buffer.count
                    state.pending.append((key, pack))
                    return true
                }
                if !isListed { settle([pack]) }
            } catch {
                fail(error)
                settle([pack])
            }
            // Exactly once a pack: another site may still be writing from its buffer.
            pack.done()
            let due = state.look { $0.pending.count >= Self.packsPerSegment || monotonicSeconds() - $0.lastSegment > Self.secondsPerSegment }
            if due, failure == nil { do { try writeSegment() } catch { fail(error) } }
        }
        let isLast = state.look { state in
            state.working -= 1
            return state.working == 0 && state.failure == nil
        }
        if isLast { do { try writeSegment() } catch { fail(error) } }
    }

    private func fail(_ error: any Error) {
        let failure = (error as? Failure) ?? Failure(.failed, .system("store", "\(error)"))
        state.look { if $0.failure == nil { $0.failure = failure.of(name) } }
        known.drop(name)
        settle(
            state.look { state in
                defer { state.pending = [] }
                return state.pending.map(\.pack)
            })
    }

    /// These packs are listed here, or this site is out of the run.
    private func settle(_ packs: [SharedPack]) { for pack in packs where pack.settle() { known.forget(pack.rows) } }

    /// A checkpoint: lists what was stored since the last one.
    private func writeSegment() throws {
        let pending = state.look { state in
            defer { state.pending = [] }
            state.lastSegment = monotonicSeconds()
            return state.pending
        }
        guard !pending.isEmpty else { return }
        defer { settle(pending.map(\.pack)) }
        let (key, segment) = try session.store(
            segment: pending.map { StoredPack(key: $0.key, writer: writer, rows: $0.pack.rows) }, key: run.catalogueKey())
        Steps.mark("segment stored")
        try index.add(segment, named: key.key)
        for pack in pending {
            index.markPresent(pack.key)
            index.markTrusted(pack.key)
        }
        try index.save()
    }

    /// Makes the snapshot visible at this site: manifest, then the slot. False, with the failure kept,
    /// when that did not work.
    func commit(_ manifest: [UInt8], snapshot: ShortID) -> Bool {
        guard failure == nil else { return false }
        do {
            try session.commit(manifest: manifest, snapshot: snapshot)
            Steps.mark("committed")
            return true
        } catch {
            fail(error)
            return false
        }
    }

    /// Ends the session without a snapshot, as far as the site lets it.
    func abandon() { session.abandon() }
}

/// A finished pack on its way to several sites: its buffer goes back when the last has done with it, and what is in it
/// need not be remembered when the last has listed it.
final class SharedPack: Sendable {
    let rows: [PackRow]
    let digest: Digest
    private struct Left {
        var pack: FinishedPack?
        var toStore: Int
        var toList: Int
    }
    private let left: Monitor<Left>
    private let pool: BufferPool

    init(_ pack: FinishedPack, sites: Int, pool: BufferPool) {
        rows = pack.rows
        digest = pack.digest
        left = Monitor(Left(pack: pack, toStore: sites, toList: sites))
        self.pool = pool
    }

    /// Its bytes; only before `done`.
    var pack: FinishedPack { left.look { $0.pack! } }

    func done() {
        let free: FinishedPack? = left.look { left in
            left.toStore -= 1
            precondition(left.toStore >= 0, "a pack was let go twice")
            if left.toStore > 0 { return nil }
            defer { left.pack = nil }
            return left.pack
        }
        if let free { pool.give(free.buffer) }
    }

    /// True for the last of the sites.
    func settle() -> Bool {
        left.look { left in
            left.toList -= 1
            precondition(left.toList >= 0, "a pack was settled twice")
            return left.toList == 0
        }
    }
}
