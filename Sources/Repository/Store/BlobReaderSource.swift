import Base
import Keys
import Sites

/// One site as a `BlobReader` uses it: its index when it is first needed, the directories of packs read
/// lately, and whether it still answers.
final class BlobReaderSource: Sendable {
    private struct State {
        var index: SiteIndex?
        var absence: Failure?
        var tables = ByteCache<PackKey, PackTable>(limit: 8 << 20)
        /// Packs whose header or directory cannot be had: not asked for again at each blob.
        var bad: [PackKey: Failure] = [:]
        var names: [Digest: [PackKey]] = [:]
        var stretches: [Stretch] = []
        var wasRead = false
    }

    /// Bytes of a pack that were read ahead.
    private struct Stretch {
        let pack: PackKey
        let offset: Int
        let bytes: [UInt8]

        func holds(_ count: Int, at start: Int, of other: PackKey) -> Bool {
            pack == other && offset <= start && start + count <= offset + bytes.count
        }
    }

    private static let stretchBytes = 512 << 10
    private static let stretchCount = 6

    private let open: OpenSite
    let keys: KeyRing
    let domain: ShortID
    private let state = Monitor(State())
    private let opening = Monitor(())

    var name: String { open.name }
    var site: any Site { open.site }
    var tenant: ShortID { open.repository.tenant }

    init(_ open: OpenSite, keys: KeyRing, domain: ShortID) {
        self.open = open
        self.keys = keys
        self.domain = domain
    }

    /// Why nothing more is asked of this site; nil while it is in use.
    var absence: Failure? { state.look { $0.absence } }

    /// Whether any pack was read here.
    var wasRead: Bool { state.look { $0.wasRead } }

    func giveUp(_ failure: Failure) { state.look { if $0.absence == nil { $0.absence = failure } } }

    /// The domain's index here; nil when the site is given up, which it is when the index cannot be had.
    func index() -> SiteIndex? {
        let (known, isGone) = state.look { ($0.index, $0.absence != nil) }
        if isGone { return nil }
        if let known { return known }
        return opening.look { _ in
            if let other = state.look({ $0.index }) { return other }
            do {
                let index = try open.index(domain)
                state.look { $0.index = index }
                return index
            } catch {
                giveUp((error as? Failure ?? Failure(.failed, .system("open", "\(error)"))).of(name))
                return nil
            }
        }
    }

    /// Packs that the index does not list; nil when there are none, or the site is given up.
    func unlisted() -> SiteIndex? {
        guard index() != nil else { return nil }
        return opening.look { _ in
            do { return try open.unlisted(domain) } catch {
                // A last resort that does not work, as on a full disk, is no reason to give a good site up.
                if let failure = error as? Failure, failure.kind == .unreachable { giveUp(failure.of(name)) }
                return nil
            }
        }
    }

    func isBad(_ pack: PackKey) -> Bool { state.look { $0.bad[pack] != nil } }

    /// Header and directory of a pack. Throws what it threw before for a pack known to be bad.
    func table(_ pack: PackKey) throws -> PackTable {
        let (known, failure) = state.look { ($0.tables.value(pack), $0.bad[pack]) }
        if let known { return known }
        if let failure { throw failure }
        do {
            let table = try PackTable.read(pack, from: self)
            keep(table, pack)
            return table
        } catch let failure as Failure {
            if failure.kind != .unreachable { markBad(pack, failure) }
            throw failure
        }
    }

    func knownTable(_ pack: PackKey) -> PackTable? { state.look { $0.tables.value(pack) } }

    func keep(_ table: PackTable, _ pack: PackKey) {
        state.look { state in
            state.tables.insert(table, for: pack, bytes: table.byteCount)
            state.wasRead = true
        }
    }

    /// Fills `into` with bytes of a pack of `size` bytes. Where requests wait for answers more than is wanted is read and
    /// kept: pages lie close together.
    func readAhead(_ pack: PackKey, size: Int, at offset: Int, into: UnsafeMutableRawBufferPointer) throws {
        guard site.parallelism > 1, offset + into.count <= size else { return try site.read(pack.key, at: offset, into: into) }
        var stretch = state.look { $0.stretches.first { $0.holds(into.count, at: offset, of: pack) } }
        if stretch == nil {
            var bytes = [UInt8](repeating: 0, count: min(size - offset, max(into.count, Self.stretchBytes)))
            try bytes.withUnsafeMutableBytes { try site.read(pack.key, at: offset, into: $0) }
            let read = Stretch(pack: pack, offset: offset, bytes: bytes)
            state.look { state in
                if state.stretches.count == Self.stretchCount { state.stretches.removeFirst() }
                state.stretches.append(read)
            }
            stretch = read
        }
        if let stretch { into.copyBytes(from: stretch.bytes[(offset - stretch.offset)...].prefix(into.count)) }
    }

    /// What was read ahead may be wrong: it is read again.
    func forgetStretches() { state.look { $0.stretches = [] } }

    func markBad(_ pack: PackKey, _ failure: Failure) {
        state.look { state in
            if state.bad.count >= 65_536 { state.bad.removeAll() }
            state.bad[pack] = failure
        }
        index()?.markAbsent(pack)
    }

    /// Runs `body`, which reads from the pack, again with each older version of it for as long as what it reads is damaged.
    func tryingVersions(of pack: PackKey, _ body: () throws -> Void) throws {
        func forget() {
            forgetStretches()
            state.look { state in
                state.bad[pack] = nil
                state.tables.remove(pack)
            }
        }
        try site.tryingVersions(of: pack.key, turning: forget, body)
    }

    /// Other names under which the site holds the same pack: where the name was taken by wrong bytes the
    /// right ones went under a suffix, and a replica may have it from another session.
    func otherNames(of pack: PackKey) -> [PackKey] {
        if let known = state.look({ $0.names[pack.digest] }) { return known.filter { $0 != pack } }
        var found: [PackKey] = []
        let folder = "packs/" + pack.digest.hex.prefix(2) + "/"
        do {
            try site.list(folder) { object in
                if let key = PackKey(key: object.key), key.digest == pack.digest { found.append(key) }
            }
        } catch {
            if let failure = error as? Failure, failure.kind == .unreachable { giveUp(failure.of(name)) }
            return []
        }
        state.look { state in
            if state.names.count >= 65_536 { state.names.removeAll() }
            state.names[pack.digest] = found
        }
        return found.filter { $0 != pack }
    }
}

/// Values by key, the longest unused dropped when all together take too many bytes.
struct ByteCache<Key: Hashable, Value> {
    private struct Slot {
        let value: Value
        let bytes: Int
        var used: UInt64
    }

    private var slots: [Key: Slot] = [:]
    private var bytes = 0
    private var clock: UInt64 = 0
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func value(_ key: Key) -> Value? {
        guard let at = slots.index(forKey: key) else { return nil }
        clock += 1
        slots.values[at].used = clock
        return slots.values[at].value
    }

    mutating func remove(_ key: Key) { if let slot = slots.removeValue(forKey: key) { bytes -= slot.bytes } }

    /// Keeps the value unless it is too large alone.
    mutating func insert(_ value: Value, for key: Key, bytes count: Int) {
        guard count <= limit else { return }
        clock += 1
        if let old = slots.updateValue(Slot(value: value, bytes: count, used: clock), forKey: key) { bytes -= old.bytes }
        bytes += count
        guard bytes > limit else { return }
        // A quarter at once, so that sorting is rare.
        for (key, slot) in slots.sorted(by: { $0.value.used < $1.value.used }) {
            if bytes <= limit - limit / 4 { break }
            slots[key] = nil
            bytes -= slot.bytes
        }
    }
}
