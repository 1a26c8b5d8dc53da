import Base
import Chunking
import Codec
import Keys
import Repository

/// Where data goes after it was read: workers (one a core) hash, deduplicate, compress and seal it, each
/// into a pack of its own, and hand full packs to every site. All queues and buffers are bounded.
final class Pipeline: Sendable {
    enum Job: Sendable {
        case chunk(Slab, Range<Int>, PendingEntry, Int)
        case bundle(Bundle)
        case page(BlobKind, Digest, [UInt8], [Digest])
    }

    let known: KnownBlobs
    let slabs: BufferPool
    let progress: BackupProgress
    private let run: RunKey
    private let method: CompressionMethod
    private let participants: [Participant]
    private let jobs: BoundedQueue<Job>
    private let packs: BufferPool
    private let failed = Monitor<Failure?>(nil)
    /// Woken whenever an entry may have become complete.
    let settled = Monitor<Int>(0)
    private let threads = Monitor<[Threads.Handle]>([])
    private let siteThreads = Monitor<[Threads.Handle]>([])

    init(run: RunKey, method: CompressionMethod, participants: [Participant], known: KnownBlobs, progress: BackupProgress) {
        self.run = run
        self.method = method
        self.participants = participants
        self.known = known
        self.progress = progress
        let workers = Threads.cores
        jobs = BoundedQueue(capacity: workers * 2)
        slabs = BufferPool(count: workers + 1, capacity: Slab.bytes)
        // Those that are filled, and two more, or all that a site stores at once but one: while that many are on their way, a worker
        // may wait.
        packs = BufferPool(count: workers + max(2, (participants.map(\.threads).max() ?? 0) - 1), capacity: PackBuilder.bufferBytes)
    }

    func start() {
        siteThreads.look {
            $0 = participants.flatMap { participant in
                (0..<participant.threads).map { _ in Threads.start("site-\(participant.name)") { participant.work() } }
            }
        }
        threads.look {
            $0 = (0..<Threads.cores).map { number in
                Threads.start("seal-\(number)") { self.work() }
            }
        }
    }

    /// The first failure that stops the whole run.
    var failure: Failure? { failed.look { $0 } }

    /// Waits for room and hands a job over. Throws once the run has failed.
    func submit(_ job: Job) throws {
        guard jobs.push(job) else { throw failure ?? Failure(.interrupted, .interrupted) }
    }

    func fail(_ error: any Error) {
        let failure = (error as? Failure) ?? Failure(.failed, .system("backup", "\(error)"))
        failed.look { if $0 == nil { $0 = failure } }
        jobs.abandon()
        slabs.close()
        packs.close()
        settled.change { $0 += 1 }
    }

    /// Waits until everything handed over is stored at every site that still takes part.
    func finish() throws {
        jobs.close()
        for thread in threads.look({ $0 }) { thread.join() }
        for participant in participants { participant.close() }
        for thread in siteThreads.look({ $0 }) { thread.join() }
        if let failure { throw failure }
        if let last = participants.compactMap(\.failure).first, participants.allSatisfy({ $0.failure != nil }) { throw last }
    }

    // MARK: a worker

    private func work() {
        let builder = PackBuilder(run: run, method: method)
        let hasher = run.domain.hasher()
        do {
            while let job = jobs.pop() {
                switch job {
                case .chunk(let slab, let range, let entry, let number):
                    let bytes = slab.bytes(range)
                    let (id, checksum) = hasher.hashAndCheck(prefix: IDKind.data.rawValue, bytes)
                    if known.claim(id) { try add(.data, id, bytes, checksum, [], builder) }
                    slab.release()
                    entry.setChunk(number, id)
                    settled.change { $0 += 1 }
                case .bundle(let bundle):
                    let (id, checksum) = hasher.hashAndCheck(prefix: IDKind.data.rawValue, bundle.bytes)
                    if known.claim(id) { try add(.data, id, bundle.bytes, checksum, [], builder) }
                    bundle.settle(id)
                    settled.change { $0 += 1 }
                case .page(let kind, let id, let plain, let references):
                    try plain.withUnsafeBytes { try add(kind, id, $0, quickChecksum($0), references, builder) }
                }
            }
            try flush(builder)
        } catch { fail(error) }
    }

    private func add(
        _ kind: BlobKind, _ id: Digest, _ bytes: UnsafeRawBufferPointer, _ checksum: UInt64, _ references: [Digest], _ builder: PackBuilder
    ) throws {
        if builder.isFull(for: bytes.count, references: references.count) { try flush(builder) }
        if !builder.isOpen {
            guard let buffer = packs.take() else { throw failure ?? Failure(.interrupted, .interrupted) }
            builder.begin(buffer)
        }
        let stored = try builder.add(kind, id: id, bytes, checksum: checksum, references: references)
        progress.stored(stored, content: kind == .data ? bytes.count : nil)
    }

    private func flush(_ builder: PackBuilder) throws {
        guard builder.isOpen else { return }
        guard !participants.allSatisfy({ $0.failure != nil }) else { throw participants[0].failure! }
        let shared = SharedPack(builder.finish(), sites: participants.count, pool: packs)
        Steps.mark("pack sealed")
        for participant in participants { participant.push(shared) }
    }
}

/// Small files that share one chunk.
final class Bundle: Sendable {
    private let slab: Slab
    private let range: Range<Int>
    private let members: [(entry: PendingEntry, offset: Int, length: Int)]
    private let number: UInt32
    private let made: MadeBundles

    init(slab: Slab, range: Range<Int>, members: [(entry: PendingEntry, offset: Int, length: Int)], number: UInt32, made: MadeBundles) {
        self.slab = slab
        self.range = range
        self.members = members
        self.number = number
        self.made = made
    }

    var bytes: UnsafeRawBufferPointer { slab.bytes(range) }

    /// Tells the members where they are, and lets the memory go.
    func settle(_ id: Digest) {
        made.look { $0[Int(number)] = (id, UInt32(range.count)) }
        slab.release()
        for member in members { member.entry.setBundle(id, offset: member.offset, length: member.length) }
    }
}

/// What a run has done so far; read by whoever shows it.
package final class BackupProgress: Sendable {
    package struct Figures: Sendable {
        package var entries: UInt64 = 0
        package var files: UInt64 = 0
        /// Bytes of the files seen, changed or not.
        package var seenBytes: UInt64 = 0
        /// Bytes read from the source.
        package var readBytes: UInt64 = 0
        /// Bytes sealed for storing.
        package var storedBytes: UInt64 = 0
        /// Of content that no site had: plain, and sealed.
        package var newBytes: UInt64 = 0
        package var newStoredBytes: UInt64 = 0

        package init() {}
    }
    private let state = Monitor(Figures())

    package init() {}

    package var figures: Figures { state.look { $0 } }

    func entry(files: UInt64, bytes: UInt64) {
        state.look {
            $0.entries += 1
            $0.files += files
            $0.seenBytes += bytes
        }
    }
    func read(_ bytes: Int) { state.look { $0.readBytes += UInt64(bytes) } }

    /// `content`: plain bytes of the chunk; nil for a page.
    func stored(_ bytes: Int, content: Int?) {
        state.look {
            $0.storedBytes += UInt64(bytes)
            guard let content else { return }
            $0.newBytes += UInt64(content)
            $0.newStoredBytes += UInt64(bytes)
        }
    }
}
