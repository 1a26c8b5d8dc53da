import Base
import Codec
import Keys
import Repository
import Sites

/// The blobs that a walk has met: half an id each, enough to tell them apart. It grows with the
/// repository, by some 30 bytes a blob; spilling it to disk is for the version that proves flat memory.
package struct SeenBlobs: Sendable {
    private var ids: Set<ShortID> = []

    package init() {}

    package var count: Int { ids.count }

    mutating func insert(_ id: Digest) -> Bool { ids.insert(ShortID(id)).inserted }
    mutating func remove(_ id: Digest) { ids.remove(ShortID(id)) }
}

/// Finds everything that a snapshot needs, from its root page down, along the references that pack directories
/// keep: with the catalogue key alone. Pages of chunk lists are open to that key and read themselves.
///
/// Every pack's directory is asked about many ids at once, those of several packs side by side.
package final class Reachability: Sendable {
    package let holdings: PackHoldings
    private let keys: KeyRing
    private let threads: Int
    private let cache = DirectoryCache()
    /// Packs without pages: what lies there refers to nothing, so one look is enough.
    private let leaves = Monitor<Set<Digest>>([])

    package init(_ holdings: PackHoldings, keys: KeyRing, threads: Int = 4) {
        self.holdings = holdings
        self.keys = keys
        self.threads = threads
    }

    /// Calls `found` for each blob that is met for the first time, with the packs that hold it, and `lost`
    /// for each that no readable pack holds. Both are called on this thread; a blob may be found and then, when
    /// its pack turns out bad, be found again elsewhere or lost.
    ///
    /// Throws `.key` without the catalogue key, `.unreachable` when no site answered.
    package func walk(
        from root: Digest, seen: inout SeenBlobs, found: (Digest, [IndexedPack]) throws -> Void, lost: (Digest, Failure) throws -> Void
    ) throws {
        var pending = PendingBlobs()
        func meet(_ id: Digest) throws {
            guard seen.insert(id) else { return }
            let packs = try holdings.packs(with: id)
            guard let pack = packs.first else { return try lost(id, try holdings.reason(id)) }
            try found(id, packs)
            if !leaves.look({ $0.contains(pack.key.digest) }) { pending.add(id, in: pack.key.digest) }
        }
        try meet(root)
        while true {
            let batch = pending.next(threads * 2)
            if batch.isEmpty { return }
            for expansion in try expand(batch) {
                for id in expansion.elsewhere {
                    seen.remove(id)
                    try meet(id)
                }
                for (id, failure) in expansion.bad { try lost(id, failure) }
                for id in expansion.children { try meet(id) }
            }
        }
    }

    /// What a pack's directory says of some of its blobs.
    private struct Expansion {
        var children: [Digest] = []
        /// Blobs to look for in another pack: this one cannot be read.
        var elsewhere: [Digest] = []
        /// Blobs that are not what they should be in the pack as it was written.
        var bad: [(Digest, Failure)] = []
    }

    private func expand(_ batch: [(pack: Digest, ids: [Digest])]) throws -> [Expansion] {
        if batch.count == 1 { return [try expand(batch[0].pack, batch[0].ids)] }
        let state = Monitor((next: 0, done: [Int: Expansion]()))
        try Threads.run("walk", count: min(threads, batch.count)) { _ in
            while let i = state.look({ state -> Int? in
                guard state.next < batch.count else { return nil }
                defer { state.next += 1 }
                return state.next
            }) {
                let expansion = try self.expand(batch[i].pack, batch[i].ids)
                state.look { $0.done[i] = expansion }
            }
        }
        return state.look { state in batch.indices.compactMap { state.done[$0] } }
    }

    private func expand(_ pack: Digest, _ ids: [Digest]) throws -> Expansion {
        var silent: Failure?
        for copy in try holdings.copies.copies(pack) {
            do {
                return try expand(copy, ids)
            } catch let failure as Failure where failure.kind == .key || failure.kind == .format {
                throw failure
            } catch let failure as Failure where [.missing, .damaged, .wrongPlace].contains(failure.kind) {
                holdings.copies.dismiss(copy, failure)
            } catch let failure as Failure { silent = failure }
        }
        // No answer is no damage.
        if let silent { throw silent }
        return Expansion(elsewhere: ids)
    }

    private func expand(_ copy: PackCopies.Copy, _ ids: [Digest]) throws -> Expansion {
        let directory: SortedDirectory
        if let known = cache[copy.key.digest] {
            directory = known
        } else {
            directory = SortedDirectory(try copy.site.repository.directory(copy.key, size: copy.size, keys: keys))
            guard directory.header.domain == holdings.domain else { throw Failure(.wrongPlace, .foreignObject) }
        }
        var expansion = Expansion()
        var opener: BlobOpener?
        var isIntact = false
        for id in ids {
            do {
                guard let row = directory.row(id) else { throw Failure(.damaged, .directoryLacksBlob(String(id.hex.prefix(16)))) }
                if row.kind == .listPage {
                    opener = opener ?? BlobOpener(keys: keys)
                    expansion.children += try listReferences(row, directory.header, copy, opener!)
                } else {
                    expansion.children += row.references
                }
            } catch let failure as Failure where failure.kind == .damaged {
                // Either the copy is bad, or the pack was written so. Its hash tells.
                if !isIntact { isIntact = try holdings.copies.isIntact(copy) }
                guard isIntact else { throw failure }
                expansion.bad.append((id, failure.of(copy.object)))
            }
        }
        cache.keep(directory, copy.key.digest)
        if !directory.holdsPages { leaves.look { _ = $0.insert(copy.key.digest) } }
        return expansion
    }

    private func listReferences(_ row: PackRow, _ header: PackHeader, _ copy: PackCopies.Copy, _ opener: BlobOpener) throws -> [Digest] {
        let sealed = try copy.site.repository.read(copy.key, at: Int(row.offset), to: Int(row.offset) + Int(row.length))
        return try sealed.withUnsafeBytes {
            try opener.open($0, row: row, header: header, limit: PackLimits.pageBytes) { try ListPage.references(ofPage: Array($0)) }
        }
    }
}

/// Blobs waiting for their pack's directory, by pack. The pack met last goes first: what is deep is done
/// before what is wide, which keeps this small.
private struct PendingBlobs {
    private var ids: [Digest: [Digest]] = [:]
    private var order: [Digest] = []

    mutating func add(_ id: Digest, in pack: Digest) {
        if ids[pack] == nil { order.append(pack) }
        ids[pack, default: []].append(id)
    }

    mutating func next(_ count: Int) -> [(pack: Digest, ids: [Digest])] {
        var batch: [(pack: Digest, ids: [Digest])] = []
        while batch.count < count, let pack = order.popLast() {
            if let ids = ids.removeValue(forKey: pack) { batch.append((pack, ids)) }
        }
        return batch
    }
}
