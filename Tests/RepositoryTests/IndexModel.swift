import Base
import Keys
import TestSupport

@testable import Repository

/// What a `SiteIndex` should answer, in plain dictionaries.
struct IndexModel {
    struct Place: Hashable, Comparable {
        let pack: PackKey
        let offset: UInt32
        let length: UInt32

        static func < (l: Place, r: Place) -> Bool { (l.pack.key, l.offset, l.length) < (r.pack.key, r.offset, r.length) }
    }

    private(set) var packs: [IndexedPack] = []
    private(set) var ends: [PackKey: UInt32] = [:]
    private(set) var places: [Digest: [Place]] = [:]
    /// By segment taken in, the packs that it lists.
    private(set) var segments: [String: Set<PackKey>] = [:]
    var merged: Set<String> { Set(segments.keys) }
    var present: Set<PackKey> = []
    var trusted: Set<PackKey> = []

    mutating func add(_ segment: IndexSegment, named name: String) {
        for pack in segment.packs where ends[pack.key] == nil {
            packs.append(pack)
            ends[pack.key] = 0
        }
        for row in segment.rows {
            let pack = segment.packs[Int(row.pack)].key
            let place = Place(pack: pack, offset: row.offset, length: row.length)
            if !places[row.id, default: []].contains(place) { places[row.id, default: []].append(place) }
            ends[pack] = max(ends[pack]!, row.offset + row.length)
        }
        segments[name] = Set(segment.packs.map(\.key))
    }

    mutating func add(foreign name: String) { segments[name] = [] }

    /// Only these segments still count.
    mutating func keep(_ names: Set<String>) { segments = segments.filter { names.contains($0.key) } }

    /// What no segment lists any more goes.
    mutating func dropUnlisted() {
        let listed = segments.values.reduce(into: Set<PackKey>()) { $0.formUnion($1) }
        packs.removeAll { !listed.contains($0.key) }
        ends = ends.filter { listed.contains($0.key) }
        places = places.mapValues { $0.filter { listed.contains($0.pack) } }.filter { !$0.value.isEmpty }
        present.formIntersection(listed)
        trusted.formIntersection(listed)
    }

    /// What a later opening finds: which packs are there, and which may be reused, is not kept.
    var reopened: IndexModel {
        var model = self
        (model.present, model.trusted) = ([], [])
        return model
    }

    mutating func setPresent(_ listed: [(key: PackKey, size: Int)]) {
        present = []
        for pack in listed {
            guard let end = ends[pack.key] else { continue }
            if pack.size > Int(end), pack.size % PackLimits.step == 0 { present.insert(pack.key) } else { present.remove(pack.key) }
        }
    }

    mutating func setTrust(writer: KeyID, attested: Set<Digest>) {
        trusted = Set(packs.filter { $0.writer == writer || attested.contains($0.key.digest) }.map(\.key))
    }

    /// The first answer of `index` that is wrong; nil when all are right.
    func difference(_ index: SiteIndex, asking ids: [Digest]) throws -> String? {
        guard index.packs == packs, index.packCount == packs.count else { return "packs: \(index.packCount), not \(packs.count)" }
        for (number, pack) in packs.enumerated() {
            guard index.pack(UInt32(number)) == pack, index.lists(pack.key) else { return "pack \(number)" }
            guard index.isPresent(UInt32(number)) == present.contains(pack.key) else { return "presence of pack \(number)" }
        }
        for id in ids {
            let expected = places[id] ?? []
            guard index.contains(id) == !expected.isEmpty else { return "contains \(id)" }
            let reusable = expected.contains { present.contains($0.pack) && trusted.contains($0.pack) }
            guard index.isReusable(id) == reusable else { return "\(id) is reusable: \(!reusable)" }
            let found = index.places(id)
            guard found.map({ Place(pack: $0.pack.key, offset: $0.offset, length: $0.length) }).sorted() == expected.sorted() else {
                return "places of \(id): \(found.count), not \(expected.count)"
            }
            let isThere = found.map { present.contains($0.pack.key) }
            guard isThere == isThere.sorted(by: { $0 && !$1 }) else { return "\(id): an absent pack before a present one" }
            guard found.allSatisfy({ index.pack($0.number) == $0.pack }) else { return "numbers of the packs of \(id)" }
        }
        var rows: [Digest: Int] = [:]
        try index.forEachRow { row, _ in rows[row.id, default: 0] += 1 }
        return rows == places.mapValues(\.count) ? nil : "rows"
    }
}

/// An index, its model, and random acts on both.
struct IndexActs {
    private static let domain = tenant.domain.domain
    let folder: FastFolder
    private(set) var index: SiteIndex?
    private(set) var model = IndexModel()
    private var saved = IndexModel()
    private var random: SeededGenerator
    private let ids: [Digest]
    private let segments: [(key: SegmentKey, table: IndexSegment, isForeign: Bool)]
    private let writers: [KeyID]
    private let strange: [PackKey]

    init(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        folder = try FastFolder()
        index = try SiteIndex(domain: Self.domain, folder: folder.path)
        // Some ids share their first eight bytes, some lie at the ends.
        let leading = random.next()
        ids =
            [.zero, Digest(a: .max, b: .max, c: .max, d: .max)]
            + (0..<20).map { _ in Digest(a: leading, b: random.next(), c: 0, d: UInt64(random.below(2))) } + (0..<40).map { _ in random.digest() }
        let writers = (0..<3).map { _ in random.digest() }
        let packs = (0..<12).map { _ in IndexedPack(key: random.packKey(), writer: random.pick(writers)) }
        let known = ids.dropLast(10)  // the last ten are in no segment
        segments = (0..<14).map { _ in
            let own = Array(packs.shuffled(using: &random).prefix(random.below(5)))
            let rows =
                own.isEmpty
                ? []
                : (0..<random.pick([0, 1, 3, 10, 40])).map { _ in
                    IndexRow(
                        id: random.pick(Array(known)), pack: UInt32(random.below(own.count)), offset: UInt32(random.below(900_000)),
                        length: 24 + UInt32(random.below(100_000)))
                }
            return (random.segmentKey(), IndexSegment(domain: Self.domain, packs: own, rows: rows), random.chance(6))
        }
        strange = (0..<3).map { _ in random.packKey() }
        self.writers = writers
        self.random = random
    }

    /// The first wrong answer.
    func difference() throws -> String? { try model.difference(index!, asking: ids) }

    private mutating func anyPack() -> PackKey { random.pick(model.packs.map(\.key) + strange) }

    /// Does one thing to both; says what.
    mutating func step() throws -> String {
        switch random.below(16) {
        case 0, 1, 2, 3:
            let left = segments.filter { !model.merged.contains($0.key.key) && !$0.isForeign }
            guard !left.isEmpty else { return "nothing left to add" }
            let segment = random.pick(left)
            try index!.add(segment.table, named: segment.key.key)
            model.add(segment.table, named: segment.key.key)
            return "add \(segment.table.rows.count) rows"
        case 4, 5: return try update(failing: false)
        case 6: return try update(failing: true)
        case 7, 8:
            let sizes = [0, 1, PackLimits.step, 2 * PackLimits.step, 8 * PackLimits.step, 8 * PackLimits.step + 1]
            let listed = (model.packs.map(\.key) + strange).filter { _ in !random.chance(3) }.map { (key: $0, size: random.pick(sizes)) }
            index!.setPresent(listed)
            model.setPresent(listed)
            return "present \(listed.count)"
        case 9:
            let pack = anyPack()
            index!.markPresent(pack)
            if model.ends[pack] != nil { model.present.insert(pack) }
            return "mark present"
        case 10:
            let pack = anyPack()
            index!.markAbsent(pack)
            model.present.remove(pack)
            return "mark absent"
        case 11:
            let attested = Set(random.list(3) { _ in 0 }.map { _ in anyPack().digest })
            let writer = random.pick(writers)
            index!.setTrust(writer: writer, attested: attested)
            model.setTrust(writer: writer, attested: attested)
            return "trust"
        case 12:
            let pack = anyPack()
            index!.markTrusted(pack)
            if model.ends[pack] != nil { model.trusted.insert(pack) }
            return "mark trusted"
        case 13:
            try index!.save()
            saved = model
            return "save"
        case 14:
            try reopen()
            model = saved.reopened
            return "reopen"
        default: return try damage()
        }
    }

    /// A listing of the site that shows other segments than the last one; `failing`: the site goes away in the middle.
    private mutating func update(failing: Bool) throws -> String {
        let wanted = segments.filter { model.merged.contains($0.key.key) ? !random.chance(8) : random.chance(3) }.shuffled(using: &random)
        let voids = Set(wanted.map(\.key.key).filter { _ in random.chance(6) })
        let site = Monitor((answers: failing ? random.below(3) : .max, asked: [String]()))
        model.keep(Set(wanted.map(\.key.key)))
        let kind = try failureKind {
            try index!.update(wanted.map(\.key)) { key in
                try site.look { site in
                    guard site.answers > 0 else { throw Failure(.unreachable, .system("reach", "test")) }
                    site.answers -= 1
                    site.asked.append(key.key)
                }
                let segment = wanted.first { $0.key == key }!
                return voids.contains(key.key) ? .void : segment.isForeign ? .foreign : .segment(segment.table)
            }
        }
        let asked = site.look { $0.asked }
        for name in asked where !voids.contains(name) {
            let segment = wanted.first { $0.key.key == name }!
            if segment.isForeign { model.add(foreign: name) } else { model.add(segment.table, named: name) }
        }
        if kind == nil {
            model.dropUnlisted()
            saved = model
        }
        return "update to \(wanted.count) segments, \(asked.count) fetched" + (kind == nil ? "" : ", then cut off")
    }

    private mutating func reopen() throws {
        index = nil
        index = try SiteIndex(domain: Self.domain, folder: folder.path)
    }

    /// Damages one file, and opens again: all is as it was, or it begins anew.
    private mutating func damage() throws -> String {
        index = nil
        let names = try folder.names("contents") + folder.names("run-")
        guard !names.isEmpty else {
            try reopen()
            model = saved.reopened
            return "nothing to damage"
        }
        let name = random.pick(names)
        try folder.damage(name, &random)
        try reopen()
        if index!.packs.isEmpty {
            // Which names it had taken in cannot be seen from outside.
            index!.reset()
            model = IndexModel()
            if try !folder.names("contents").isEmpty { try index!.save() }
            saved = model
        } else {
            model = saved.reopened
        }
        return "damage \(name)"
    }
}
