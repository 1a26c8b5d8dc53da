import Base
import Keys
import Repository

/// Which packs each site has, listed as seldom as safety allows.
///
/// A small site is listed in every run: it costs a few requests. A large one is listed once a day, on demand, and whenever
/// collection moved there since; between listings, packs that its index has learnt of are asked for one by one. Packs that
/// counting segments list are deleted only after a new generation, so what was listed stays true while
/// that stands still (docs/FORMAT.md, "Writing", step 5).
package final class Inventory: Sendable {
    /// Packs of a site that is listed every time: twenty requests.
    private static let smallSite = 20_000
    /// Seconds for which a listing of a larger one holds.
    private static let period: Int64 = 86_400
    /// Seconds for which a listing holds within one run, however small the site.
    private static let runPeriod: Int64 = 3600
    /// Packs that are asked for one by one; of more, the site is listed again.
    private static let askedOneByOne = 1000
    /// Requests at once when packs are asked for one by one.
    private static let askers = 8

    package let store: ReplicationStore
    private let isForced: Bool
    private let smallSite: Int
    /// When this run listed each site, and by which generation.
    private let listed = Monitor<[ShortID: InventoryMark]>([:])

    /// `isForced`: every site is listed once, whatever is known. `smallSite`: for tests.
    package init(_ store: ReplicationStore, isForced: Bool = false, smallSite: Int = Inventory.smallSite) {
        self.store = store
        self.isForced = isForced
        self.smallSite = smallSite
    }

    /// One that lasts as long as this object.
    package static func passing() throws -> Inventory { Inventory(try ReplicationStore(path: nil)) }

    /// Whether this run has listed the site.
    func hasListed(_ site: ShortID) -> Bool { listed.look { $0[site] != nil } }

    /// Lists the site if that is due.
    package func bringLevel(_ repository: SiteRepository, _ coordination: Coordination, now: Int64 = Timestamp.now().seconds) throws {
        let id = repository.id
        func holds(_ mark: InventoryMark, for period: Int64) -> Bool {
            mark.generation == coordination.generation && (0..<period).contains(now - mark.time)
        }
        if let mark = listed.look({ $0[id] }) {
            if coordination.open == nil, holds(mark, for: Self.runPeriod) { return }
        } else if !isForced, coordination.open == nil, let mark = try store.inventory(id), mark.packs > smallSite, holds(mark, for: Self.period) {
            return
        }
        try store.reconcile(repository, generation: coordination.generation, now: now)
        listed.look { $0[id] = InventoryMark(time: now, generation: coordination.generation, packs: 0, bytes: 0) }
    }

    /// Notes in `index`, one of the site's, which packs are there; those not known are asked for, and noted as missing where
    /// they are. What is missing or damaged by an earlier note is taken as absent.
    package func mark(_ index: SiteIndex, at repository: SiteRepository) throws {
        let id = repository.id
        index.clearPresent()
        try store.forEachPack(at: id) { index.markPresent($0, size: $1) }
        let isFresh = hasListed(id)
        var lacking: Set<PackKey> = []
        for lack in try store.lacks(id) {
            guard case .pack(let pack) = lack.object else { continue }
            lacking.insert(pack)
            // A missing pack that a listing shows is back; a damaged one stays so until it is read whole again.
            if lack.reason == .missing, isFresh, index.isPresent(pack) {
                try store.clear([lack.object], at: id)
            } else {
                index.markAbsent(pack)
            }
        }
        let unknown = index.packs.enumerated().filter { !index.isPresent(UInt32($0.offset)) && !lacking.contains($0.element.key) }.map(\.element.key)
        // What came after the listing is in the index and not in it.
        let isMany = isFresh && unknown.count > Self.askedOneByOne
        if isMany {
            try store.reconcile(repository, generation: repository.coordination().generation)
            try store.forEachPack(at: id) { pack, size in if !lacking.contains(pack) { index.markPresent(pack, size: size) } }
        }
        let gone = isMany ? unknown.filter { !index.isPresent($0) } : try ask(unknown, index, repository)
        try store.note(gone.map(Lack.Object.pack), .missing, at: id)
    }

    /// Asks for each pack; returns those that are missing.
    private func ask(_ packs: [PackKey], _ index: SiteIndex, _ repository: SiteRepository) throws -> [PackKey] {
        let state = Monitor((next: 0, there: [(key: PackKey, size: Int)](), gone: [PackKey]()))
        try Threads.run("ask", count: min(Self.askers, packs.count)) { _ in
            while let pack = state.look({ state -> PackKey? in
                guard state.next < packs.count else { return nil }
                defer { state.next += 1 }
                return packs[state.next]
            }) {
                do {
                    let size = try repository.site.size(pack.key)
                    state.look { $0.there.append((pack, size)) }
                } catch let failure as Failure where failure.kind == .missing { state.look { $0.gone.append(pack) } }
            }
        }
        let (_, there, gone) = state.look { $0 }
        try store.add(there, at: repository.id)
        for pack in there { index.markPresent(pack.key, size: pack.size) }
        return gone
    }
}
