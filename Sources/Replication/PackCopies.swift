import Base
import Repository

/// Which sites hold a pack, under which names: a name is a session's, the bytes are named by their hash, so
/// every object of that hash is a copy. Looked up in the inventory; memory does not grow with the packs.
package final class PackCopies: Sendable {
    package struct Copy: Sendable {
        package let site: OpenSite
        package let key: PackKey
        package let size: Int

        package var object: String { "\(site.name):\(key.key)" }
    }

    private struct State {
        /// Of packs asked about lately.
        var copies: [Digest: [Copy]] = [:]
        /// Why copies were dismissed.
        var reasons: [Digest: Failure] = [:]
        var dismissed: [Copy] = []
        /// Names of copies that nobody is to read.
        var bad: Set<String>
    }

    private static let remembered = 65_536

    package let sites: [OpenSite]
    private let inventory: Inventory
    private let state: Monitor<State>

    /// Lists the packs of each site where that is due. A site that cannot be listed is given to `problem` and left out.
    /// `without`: copies known to be bad, as `Copy.object` names them.
    package init(_ sites: [OpenSite], _ inventory: Inventory, without: Set<String> = [], problem: (Failure) -> Void = { _ in }) {
        var listed: [OpenSite] = []
        for site in sites {
            do {
                try inventory.bringLevel(site.repository, site.coordination)
                listed.append(site)
            } catch { problem((error as? Failure ?? Failure(.failed, .system("list", "\(error)"))).of(site.name)) }
        }
        self.sites = listed
        self.inventory = inventory
        state = Monitor(State(bad: without))
    }

    /// Copies not known to be bad, in the order of the sites.
    package func copies(_ pack: Digest) throws -> [Copy] {
        if let known = state.look({ $0.copies[pack] }) { return known }
        var copies: [Copy] = []
        for site in sites {
            for (key, size) in try inventory.store.copies(pack, at: site.repository.id) { copies.append(Copy(site: site, key: key, size: size)) }
        }
        return state.look { state in
            if state.copies.count >= Self.remembered { state.copies.removeAll() }
            let good = copies.filter { !state.bad.contains($0.object) }
            state.copies[pack] = good
            return good
        }
    }

    /// Notes that a copy is missing or damaged: nobody reads it again in this run.
    package func dismiss(_ copy: Copy, _ reason: Failure) {
        state.look { state in
            state.bad.insert(copy.object)
            state.copies[copy.key.digest] = nil
            state.reasons[copy.key.digest] = reason.of(copy.object)
            state.dismissed.append(copy)
        }
    }

    /// Why there is no copy.
    package func reason(_ pack: Digest) -> Failure? { state.look { $0.reasons[pack] } }

    /// Copies that were dismissed so far: whoever planned with them should plan again.
    package var dismissed: [Copy] { state.look { $0.dismissed } }

    /// Every dismissal so far, one a pack.
    package var reasons: [Failure] { state.look { $0.reasons.sorted { $0.key < $1.key }.map(\.value) } }

    /// Whether the copy's bytes are the pack. Reads all of it; throws for what is no answer.
    package func isIntact(_ copy: Copy) throws -> Bool {
        do {
            guard copy.size <= PackLimits.packBytes else { return false }
            return try copy.site.repository.hash(copy.key, size: copy.size) == copy.key.digest
        } catch let failure as Failure where failure.kind == .damaged || failure.kind == .missing { return false }
    }
}

/// Where the blobs of one domain are, at the sites of `copies` together.
package final class PackHoldings: Sendable {
    package let copies: PackCopies
    package let domain: ShortID
    private let indexes: [SiteIndex]

    /// Throws `.key` without the domain's catalogue key. A site whose index cannot be read is given to
    /// `problem` and left out.
    package init(_ copies: PackCopies, domain: ShortID, problem: (Failure) -> Void = { _ in }) throws {
        self.copies = copies
        self.domain = domain
        var indexes: [SiteIndex] = []
        for site in copies.sites {
            do { indexes.append(try site.index(domain)) } catch let failure as Failure where failure.kind != .key { problem(failure.of(site.name)) }
        }
        self.indexes = indexes
    }

    /// Every pack that holds the blob, by any site's index, of which there is a copy.
    /// Where none lists it, packs that no index lists are looked at. Throws `.unreachable` when that does not work.
    package func packs(with id: Digest) throws -> [IndexedPack] {
        let listed = try packs(with: id, in: indexes)
        return listed.isEmpty ? try packs(with: id, in: try copies.sites.compactMap { try $0.unlisted(domain) }) : listed
    }

    private func packs(with id: Digest, in indexes: [SiteIndex]) throws -> [IndexedPack] {
        var found: [IndexedPack] = []
        for index in indexes {
            for place in index.places(id) where !found.contains(where: { $0.key.digest == place.pack.key.digest }) {
                if try !copies.copies(place.pack.key.digest).isEmpty { found.append(place.pack) }
            }
        }
        return found
    }

    /// Why there is no pack with the blob.
    package func reason(_ id: Digest) throws -> Failure {
        for index in indexes {
            for place in index.places(id) {
                if let reason = copies.reason(place.pack.key.digest) { return reason }
                if try copies.copies(place.pack.key.digest).isEmpty { return Failure(.missing, .objectMissing, object: place.pack.key.key) }
            }
        }
        return Failure(.missing, .blobUnknown(String(id.hex.prefix(16))))
    }
}

/// What a run reads from: copies of packs, and what each domain's walk has learnt of them.
final class SourceView {
    let copies: PackCopies
    private let keys: KeyRing
    private let threads: Int
    private var walkers: [ShortID: Reachability] = [:]

    init(_ copies: PackCopies, keys: KeyRing, threads: Int) {
        self.copies = copies
        self.keys = keys
        self.threads = threads
    }

    func walker(_ domain: ShortID, problem: (Failure) -> Void) throws -> Reachability {
        if let known = walkers[domain] { return known }
        let walker = Reachability(try PackHoldings(copies, domain: domain, problem: problem), keys: keys, threads: threads)
        walkers[domain] = walker
        return walker
    }
}
