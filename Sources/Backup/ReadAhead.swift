import Base
import CLinux
import Codec
import Glibc
import Keys
import Repository

/// Looks at files ahead of the scanner, on threads of its own, and reads the small ones that are new or changed: opening
/// many small files one after the other would leave the other cores idle, and a disk with one request at a time.
///
/// It handles the plain case only. Whatever is odd about a name (an error, a link, a hole, attributes, a file that
/// changes meanwhile) is left to the scanner, which looks again. Memory: `Batch.bytes` for each batch in flight.
final class ReadAhead: Sendable {
    enum Outcome: Sendable {
        /// For the scanner to look at itself.
        case other
        /// As it was in the last snapshot.
        case unchanged(clinux_stat)
        /// Read wholly into the batch's buffer, and the same before and after.
        case read(clinux_stat, isUncertain: Bool, place: Range<Int>, hash: ShortID)
    }

    /// Names of one folder, and what became of each.
    final class Batch: Sendable {
        /// Names of a batch whose files may all be as large as they can, and of one whose files are small or unchanged.
        static let fewest = 16
        static let most = 64
        /// Room for the fewest, with a byte more each.
        static let bytes = fewest * (Int(ContentReader.bundleLimit) + 1)

        struct Name: Sendable {
            let bytes: [UInt8]
            /// The file as it was when it was certainly stored; nil when it is to be read.
            let known: FileIdentity?
        }

        let folder: File
        let names: [Name]
        let buffer: Buffer
        private let result = Monitor<[Outcome]?>(nil)

        init(_ names: [Name], in folder: File, buffer: Buffer) {
            self.names = names
            self.folder = folder
            self.buffer = buffer
        }

        /// How many names the next batch should have, if its files are like those of this one.
        static func names(after outcomes: [Outcome]) -> Int {
            let read = outcomes.compactMap { outcome in
                if case .read(_, _, let place, _) = outcome { place.count } else { nil }
            }
            return read.reduce(0, +) * most <= bytes * read.count ? most : fewest
        }

        func finish(_ outcomes: [Outcome]) { result.change { $0 = outcomes } }

        /// Waits for the outcomes, one for each name.
        var outcomes: [Outcome] { result.wait(until: { $0 != nil }) { $0! } }

        func bytes(_ place: Range<Int>) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(start: buffer.base + place.lowerBound, count: place.count)
        }
    }

    /// Batches that may be in flight; the scanner owns that many buffers.
    static let depth = 2 * max(2, min(Threads.cores, 8))

    private let queue = BoundedQueue<Batch>(capacity: ReadAhead.depth)
    private let threads: [Threads.Handle]

    /// `readsContent`: false where only the status is wanted.
    init(keys: DomainKeys, readsContent: Bool) {
        let queue = queue
        // One more than cores: some wait for the disk.
        threads = (0..<min(Threads.cores, 8) + 1).map { number in
            Threads.start("read-\(number)") {
                let worker = Worker(hasher: keys.hasher(), readsContent: readsContent)
                while let batch = queue.pop() { batch.finish(worker.look(batch)) }
            }
        }
    }

    func submit(_ batch: Batch) { queue.push(batch) }

    /// Ends the threads; batches not yet begun are not looked at.
    func stop() {
        queue.abandon()
        for thread in threads { thread.join() }
    }

    private struct Worker {
        let hasher: KeyedHasher
        let readsContent: Bool

        func look(_ batch: Batch) -> [Outcome] {
            var end = 0
            return batch.names.map { name in
                let outcome = (try? look(name, batch, at: end)) ?? .other
                if case .read(_, _, let place, _) = outcome { end = place.upperBound }
                return outcome
            }
        }

        private func look(_ name: Batch.Name, _ batch: Batch, at place: Int) throws -> Outcome {
            // Taken before anything is read: a later one would call a change too old to be missed.
            let now = Timestamp.now()
            var opened: File?
            let stat: clinux_stat
            if readsContent, name.known == nil {
                // It is to be read in any case: what was opened tells what it is. Without O_NONBLOCK a pipe put in its place would hold it up.
                let file = try Scanner.open(name.bytes, in: batch.folder, O_RDONLY | O_NONBLOCK)
                stat = try file.stat()
                opened = file
            } else {
                stat = try RawName(name.bytes).withCString { path in
                    var stat = clinux_stat()
                    try retrying { clinux_statx(batch.folder.descriptor, path, &stat) }
                    return stat
                }
            }
            guard UInt32(stat.mode) & S_IFMT == S_IFREG, stat.nlink == 1 else { return .other }
            let identity = FileIdentity(stat)
            if name.known == identity { return .unchanged(stat) }
            guard readsContent, stat.size > 0, stat.size < ContentReader.bundleLimit, stat.blocks * 512 >= stat.size,
                place + Int(stat.size) < Batch.bytes
            else { return .other }
            let file = try opened ?? Scanner.open(name.bytes, in: batch.folder, O_RDONLY | O_NONBLOCK)
            guard hasNoAttributes(file) else { return .other }
            let room = UnsafeMutableRawBufferPointer(start: batch.buffer.base + place, count: Int(stat.size) + 1)
            // A read that gives less than was asked for has met the end.
            guard try file.read(into: room) == Int(stat.size), try FileIdentity(file.stat()) == identity else { return .other }
            let read = place..<place + Int(stat.size)
            let hash = ShortID(hasher.hash(prefix: IDKind.content.rawValue, batch.bytes(read)))
            return .read(stat, isUncertain: identity.isUncertain(at: now), place: read, hash: hash)
        }

        private func hasNoAttributes(_ file: File) -> Bool {
            let length = clinux_listxattr(file.descriptor, nil, 0)
            return length == 0 || length < 0 && errno == ENOTSUP
        }
    }
}
