import Base
import Codec
import Keys
import Replication
import Repository
import Sites

/// Reads packs whole and compares them with their names, several at a time, each thread with a buffer of its own.
/// No key is needed for that; with `opening` it opens every blob as well.
final class PackScrubber: Sendable {
    enum Outcome: Sendable {
        case good(blobs: Int)
        case bad([Finding])
        /// Says nothing about the pack.
        case unknown(Failure)
    }

    private let site: OpenSite
    private let opening: PackOpening?
    private let threads: Int

    init(_ site: OpenSite, opening: PackOpening?, threads: Int) {
        self.site = site
        self.opening = opening
        self.threads = threads
    }

    /// Calls `done` for each pack, from the threads that read, one at a time.
    func scrub(_ packs: [ListedPack], isCancelled: @escaping @Sendable () -> Bool, done: @escaping @Sendable (ListedPack, Outcome) -> Void) throws {
        let next = Monitor(0)
        let turn = Monitor(())
        try Threads.run("scrub", count: min(threads, packs.count)) { _ in
            var worker = Worker(site: self.site, opening: self.opening)
            while let i = next.look({ next -> Int? in
                guard next < packs.count else { return nil }
                defer { next += 1 }
                return next
            }) {
                if isCancelled() { throw Failure(.interrupted, .interrupted) }
                let outcome = worker.check(packs[i])
                turn.look { _ in done(packs[i], outcome) }
            }
        }
    }
}

/// One thread's means.
private struct Worker {
    let site: OpenSite
    let opening: PackOpening?
    private var buffer = Buffer(capacity: 1 << 20)
    private let hasher = SHA256Hasher()
    private let opener: BlobOpener?

    init(site: OpenSite, opening: PackOpening?) {
        self.site = site
        self.opening = opening
        opener = opening.map { BlobOpener(keys: $0.keys) }
    }

    mutating func check(_ pack: ListedPack) -> PackScrubber.Outcome {
        do {
            guard pack.size <= PackLimits.packBytes else { throw Failure(.damaged, .objectTooLarge(pack.size)) }
            if try read(pack) != pack.key.digest {
                // Wrong bytes once may be the way here; wrong bytes twice are the object.
                guard try read(pack) != pack.key.digest else { return .unknown(Failure(.unreachable, .readsDiffer, object: object(pack))) }
                throw Failure(.damaged, .wrongHash)
            }
            // The buffer holds the beginning, or all of it where blobs are opened.
            let header = try PackHeader(buffer.bytes, tenant: site.repository.tenant)
            guard site.repository.trust.descriptor.domains.contains(where: { $0.id == header.domain }) else {
                throw Failure(.wrongPlace, .unknownDomain)
            }
            guard let opening, let opener else { return .good(blobs: 0) }
            return try opening.check(pack, buffer.bytes, opener)
        } catch {
            let failure = (error as? Failure ?? Failure(.failed, .system("read", "\(error)"))).of(object(pack))
            return Finding(failure, pack.key.key, site: site.name).map { .bad([$0]) } ?? .unknown(failure)
        }
    }

    private func object(_ pack: ListedPack) -> String { "\(site.name):\(pack.key.key)" }

    /// Hashes the pack as it is there. Leaves its beginning in the buffer: all of it where it is opened.
    private mutating func read(_ pack: ListedPack) throws -> Digest {
        if opening != nil, buffer.capacity < pack.size { buffer = Buffer(capacity: pack.size) }
        let first = min(buffer.capacity, pack.size)
        buffer.count = first
        try read(pack, at: 0, first)
        var done = first
        if done == pack.size { return hasher.finish() }
        // The header is within the first part: the rest goes through a second one.
        let rest = Buffer(capacity: 1 << 20)
        while done < pack.size {
            let part = UnsafeMutableRawBufferPointer(rebasing: rest.space[..<min(rest.capacity, pack.size - done)])
            try site.site.read(pack.key.key, at: done, into: part)
            hasher.update(UnsafeRawBufferPointer(part))
            done += part.count
        }
        return hasher.finish()
    }

    private func read(_ pack: ListedPack, at offset: Int, _ count: Int) throws {
        hasher.reset()
        try site.site.read(pack.key.key, at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer.space[..<count]))
        hasher.update(buffer.bytes)
    }
}
