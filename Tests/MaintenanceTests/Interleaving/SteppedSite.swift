import Base
import Sites

/// A site of one actor: every act is a choice point of the stage. All actors' sites are over one `SteppedStore`.
///
/// Listings visit one key at a time: what exists during the whole listing is there, what comes or goes meanwhile may or may not be.
final class SteppedSite: Site {
    let store: SteppedStore
    /// Nil: no choice points, for what is done before and after.
    private let stage: Stage?
    private let actor: Int
    private let isBackward: Bool

    var name: String { store.base.name }

    /// `isBackward`: this actor's listings go the other way than those of others.
    init(_ store: SteppedStore, stage: Stage? = nil, actor: Int = 0, isBackward: Bool = false) {
        self.store = store
        self.stage = stage
        self.actor = actor
        self.isBackward = isBackward
    }

    private var silence: Failure { Failure(.unreachable, .system("reach", "no answer"), object: name) }

    /// Takes the step, then acts, with the accidents that the schedule wants.
    private func act<T>(_ act: Step.Act, _ key: String, _ body: () throws -> T) throws -> T {
        // Read when a site is opened; they never change.
        guard let stage, !key.hasPrefix("descriptor/"), key.contains("/") else { return try body() }
        let step = try stage.step(actor, act, key)
        let fate = stage.fate(of: step)
        if fate == .silenceBefore { throw silence }
        let result = try body()
        if fate == .silenceAfter { throw silence }
        return result
    }

    func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws {
        try act(.create, key) {
            store.sent(key, bytes)
            try store.create(key, bytes)
        }
        if let stage, store.isBroken { stage.isOver = true }
    }

    func delete(_ key: String) throws {
        try act(.delete, key) { try store.delete(key) }
        if let stage, store.isBroken { stage.isOver = true }
    }

    func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws {
        try act(.read, key) { try store.base.read(key, at: offset, into: into) }
    }

    /// One request, as at an object store.
    func read(_ key: String, limit: Int) throws -> [UInt8] { try act(.read, key) { try store.base.read(key, limit: limit) } }

    func size(_ key: String) throws -> Int { try act(.size, key) { try store.base.size(key) } }

    func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws {
        try act(.list, prefix) {}
        var last: SteppedStore.Place?
        while store.next(prefix, after: last, isBackward: isBackward) != nil {
            try act(.key, prefix) {}
            guard let found = store.next(prefix, after: last, isBackward: isBackward) else { return }
            last = found
            try body(ObjectInfo(key: found.key, size: store.base.size(found.key)))
        }
    }

    func freeSpace() throws -> UInt64? { nil }

    /// A late second copy of something that an actor has sent.
    func deliver(_ choose: (Step, Int) -> Int?) throws {
        guard let stage else { return }
        let step = try stage.step(actor, .deliver, "network/")
        let lacking = store.log.filter { !store.exists($0.key) }
        guard let number = choose(step, lacking.count) else { return }
        try? lacking[number].bytes.withUnsafeBytes { try store.create(lacking[number].key, $0) }
        if store.isBroken { stage.isOver = true }
    }
}

/// The objects, in the order in which listings show them, with what is true of them.
final class SteppedStore: @unchecked Sendable {
    // Unchecked: used by whoever has the baton.
    enum Order: Sendable {
        case creation
        /// Anywhere, as random names are.
        case scattered(UInt64)
    }

    struct Place {
        let position: UInt64
        let key: String
    }

    let base: MemorySite
    let truth: SiteTruth
    /// Everything that actors sent.
    private(set) var log: [(key: String, bytes: [UInt8])] = []
    private let order: Order
    private var folders: [String: [Place]] = [:]
    private var counts: [String: UInt64] = [:]
    /// Folders whose names are numbers are listed by them.
    private static let numbered = ["condemned/", "decided/", "forget/"]

    init(_ template: SiteTemplate, order: Order, truth: SiteTruth) throws {
        base = MemorySite(name: "memory")
        self.order = order
        self.truth = truth
        for object in template.objects { try object.bytes.withUnsafeBytes { try create(object.key, $0, object.meaning) } }
    }

    /// Whether what must always hold does not.
    var isBroken: Bool { truth.problem != nil }

    func exists(_ key: String) -> Bool { (try? base.size(key)) != nil }

    func sent(_ key: String, _ bytes: UnsafeRawBufferPointer) { log.append((key, Array(bytes))) }

    func create(_ key: String, _ bytes: UnsafeRawBufferPointer, _ meaning: ObjectMeaning? = nil) throws {
        try base.create(key, bytes)
        if let folder = Self.folder(key) {
            counts[folder, default: 0] += 1
            let place = Place(position: Self.numbered.contains(folder) ? 0 : position(counts[folder]!), key: key)
            var places = folders[folder] ?? []
            let at = places.firstIndex { place < $0 } ?? places.endIndex
            places.insert(place, at: at)
            folders[folder] = places
        }
        truth.created(key, bytes, meaning)
    }

    func delete(_ key: String) throws {
        guard exists(key) else { return }
        try base.delete(key)
        if let folder = Self.folder(key) { folders[folder]?.removeAll { $0.key == key } }
        truth.deleted(key)
    }

    private static func folder(_ key: String) -> String? { key.firstIndex(of: "/").map { String(key[...$0]) } }

    private func position(_ count: UInt64) -> UInt64 {
        switch order {
        case .creation: return count
        case .scattered(let seed):
            var random = SplitMix(seed ^ count << 40)
            return random.next()
        }
    }

    /// The first object of the folder behind `last`.
    func next(_ folder: String, after last: Place?, isBackward: Bool) -> Place? {
        let places = folders[folder] ?? []
        if isBackward, !Self.numbered.contains(folder) {
            guard let last else { return places.last }
            return places.last { $0 < last }
        }
        guard let last else { return places.first }
        return places.first { last < $0 }
    }
}

extension SteppedStore.Place {
    static func < (l: Self, r: Self) -> Bool { l.position != r.position ? l.position < r.position : l.key < r.key }
}
