import Base
import Codec
import Keys
import Repository
import Sites

/// A pack that a target needs.
struct WantedPack: Sendable {
    let digest: Digest
    /// The node that sealed it, as the source's index says.
    let writer: KeyID
    let size: Int
}

/// Copies packs as they are, several at a time: each is read whole, hashed, and stored only if its bytes are
/// what its name says. A damaged copy is dismissed and the next one tried.
struct PackCopier: Sendable {
    let copies: PackCopies
    let domain: ShortID
    let keys: KeyRing
    /// At least so many at once; more where sites take more.
    let threads: Int
    let isCancelled: @Sendable () -> Bool

    /// Copies `packs` to `landing`. Returns those of which no site has a whole copy.
    ///
    /// Throws `TargetFailure`, `.fenced`, `.interrupted`, and `.unreachable` when a pack's sites did not answer.
    func copy(_ packs: [WantedPack], to landing: Landing, copied: @escaping @Sendable (Int) -> Void) throws -> [WantedPack] {
        let state = Monitor((next: 0, failed: [WantedPack](), isStopped: false))
        // While some wait for bytes to come, others wait until theirs are stored: each holds a pack in memory.
        let atOnce = max(threads, 2 * (copies.sites.map(\.site.parallelism).max() ?? 1))
        try Threads.run("copy", count: min(atOnce, packs.count)) { _ in
            var buffer = Buffer(capacity: PackBuilder.bufferBytes)
            while let pack = state.look({ state -> WantedPack? in
                guard !state.isStopped, state.next < packs.count else { return nil }
                defer { state.next += 1 }
                return packs[state.next]
            }) {
                do {
                    if isCancelled() { throw Failure(.interrupted, .interrupted) }
                    if let directory = try fetch(pack, into: &buffer) {
                        try atTarget { try landing.store(pack.digest, buffer.bytes, rows: directory.rows, writer: pack.writer) }
                        copied(buffer.count)
                    } else {
                        state.look { $0.failed.append(pack) }
                    }
                } catch {
                    state.look { $0.isStopped = true }
                    throw error
                }
            }
        }
        return state.look { $0.failed }
    }

    /// Reads a whole copy into `buffer`. Nil when there is none.
    private func fetch(_ pack: WantedPack, into buffer: inout Buffer) throws -> PackDirectory? {
        var silent: Failure?
        for copy in try copies.copies(pack.digest) {
            do {
                var isOlder = false
                return try copy.site.site.tryingVersions(of: copy.key.key, turning: { isOlder = true }) {
                    try read(copy, size: isOlder ? copy.site.site.size(copy.key.key) : copy.size, into: &buffer)
                }
            } catch let failure as Failure where [.missing, .damaged, .wrongPlace, .format].contains(failure.kind) {
                copies.dismiss(copy, failure)
            } catch let failure as Failure where failure.kind == .key {
                throw failure
            } catch let failure as Failure { silent = failure }
        }
        if let silent { throw silent }
        return nil
    }

    private func read(_ copy: PackCopies.Copy, size: Int, into buffer: inout Buffer) throws -> PackDirectory {
        guard size <= PackLimits.packBytes else { throw Failure(.damaged, .objectTooLarge(size)) }
        if buffer.capacity < size { buffer = Buffer(capacity: size) }
        buffer.count = size
        let repository = copy.site.repository
        try repository.site.read(copy.key.key, at: 0, into: UnsafeMutableRawBufferPointer(rebasing: buffer.space[..<size]))
        guard sha256(buffer.bytes) == copy.key.digest else { throw Failure(.damaged, .wrongHash) }
        let directory = try PackDirectory(whole: buffer.bytes, tenant: repository.tenant, keys: keys)
        guard directory.header.domain == domain else { throw Failure(.wrongPlace, .foreignObject) }
        return directory
    }
}
