import Base
import Keys
import Repository

/// What a listing and its own directory say of a pack that a segment lists.
enum PackStatus: Sendable {
    /// Not there, or known to be damaged, or its directory cannot be read.
    case absent
    case usable
    /// Its directory does not say what its segments say: it is no copy of anything, and nothing is owed to what is said to be in it.
    case contradicted
}

/// How far a pack's word goes: a node that was stolen seals what it likes under ids that it knows.
enum PackStanding: Int, Comparable, Sendable {
    /// Listed since the last decision.
    case recent
    /// In a segment that the last decision names: it was there before what came since.
    case named
    /// Made by compaction, of packs whose bytes were checked.
    case compacted
    /// A verify role has opened every blob.
    case attested

    static func < (l: PackStanding, r: PackStanding) -> Bool { l.rawValue < r.rawValue }
}

/// Which packs of a domain are needed, and how much of each.
///
/// A copy of a blob excuses another one of the same node only if it stands higher, or is the same pack under another name: what came later,
/// from a stolen node perhaps, never takes the place of what was there. Copies of equal standing all stay.
struct PackNeeds {
    /// By pack number.
    private(set) var isNeeded: [Bool]
    /// Stored bytes of blobs for which the pack is needed.
    private(set) var liveBytes: [UInt64]
    /// Holds a needed blob of which there are copies of equal standing: it is not to be copied, for nobody here can tell the true one.
    private(set) var isDisputed: [Bool]
    /// Blobs that are needed and that no pack which is there holds.
    private(set) var lost = 0
    /// The same, of snapshots that were never committed too.
    private(set) var lostOfAny = 0

    /// `owed`: of these blobs those count as lost that are. `choices`: what is known of the packs.
    init(_ live: LiveBlobs, owed: LiveBlobs, _ choices: PackChoices) {
        let count = live.rows.packs.count
        isNeeded = [Bool](repeating: false, count: count)
        liveBytes = [UInt64](repeating: 0, count: count)
        isDisputed = isNeeded
        live.rows.forEachID { position, group in
            guard live.isLive(position) else { return }
            choices.forEach(in: group) { kept in
                if kept.isEmpty {
                    lostOfAny += 1
                    if owed.isLive(position) { lost += 1 }
                }
                for row in kept {
                    isNeeded[Int(row.pack)] = true
                    liveBytes[Int(row.pack)] += UInt64(row.length)
                    if kept.count > 1 { isDisputed[Int(row.pack)] = true }
                }
            }
        }
    }

    /// The packs of `condemned` that hold a needed blob of which no other copy will do, by number.
    static func rescued(_ live: LiveBlobs, condemned: [Bool], _ choices: PackChoices) -> Set<Int> {
        var packs: Set<Int> = []
        live.rows.forEachID { position, group in
            guard live.isLive(position), group.contains(where: { condemned[Int($0.pack)] && choices.isUsable($0) }) else { return }
            var isLacking = false
            choices.forEach(in: group) { kept in
                for row in kept where condemned[Int(row.pack)] {
                    let isExcused = group.contains { choices.isUsable($0) && !condemned[Int($0.pack)] && choices.excuses($0, row) }
                    if !isExcused { isLacking = true }
                }
            }
            if isLacking { packs.formUnion(group.filter { condemned[Int($0.pack)] && choices.isUsable($0) }.map { Int($0.pack) }) }
        }
        return packs
    }
}

/// Of the packs that hold a blob, those that must stay.
struct PackChoices {
    let packs: [IndexedPack]
    /// By pack number.
    var status: [PackStatus]
    let standing: [PackStanding]

    func isUsable(_ row: IndexRow) -> Bool { status[Int(row.pack)] == .usable }

    /// Whether one of two copies that would both do is as good as the other.
    func excuses(_ row: IndexRow, _ other: IndexRow) -> Bool {
        let (mine, its) = (packs[Int(row.pack)], packs[Int(other.pack)])
        if mine.key.digest == its.key.digest { return true }
        let (high, low) = (standing[Int(row.pack)], standing[Int(other.pack)])
        return high >= .compacted && high >= low && (mine.writer == its.writer || high == .attested)
    }

    /// Calls `body` with the rows that stay of each node that sealed a copy, or once where a verify role has opened one.
    func forEach(in group: [IndexRow], _ body: ([IndexRow]) -> Void) {
        if group.count == 1 { return body(status[Int(group[0].pack)] == .usable ? group : []) }
        let all = group.filter { status[Int($0.pack)] != .contradicted }
        if all.contains(where: { status[Int($0.pack)] == .usable && standing[Int($0.pack)] == .attested }) || all.isEmpty {
            return body(best(all))
        }
        for writer in Set(all.map { packs[Int($0.pack)].writer }).sorted() { body(best(all.filter { packs[Int($0.pack)].writer == writer })) }
    }

    /// The usable ones of the highest standing, each pack under one name only.
    private func best(_ rows: [IndexRow]) -> [IndexRow] {
        let usable = rows.filter { status[Int($0.pack)] == .usable }
        guard let highest = usable.map({ standing[Int($0.pack)] }).max() else { return [] }
        var seen: Set<Digest> = []
        let kept = usable.filter { standing[Int($0.pack)] == highest }.sorted { ($0.pack, $0.offset) < ($1.pack, $1.offset) }
            .filter { seen.insert(packs[Int($0.pack)].key.digest).inserted }
        // Both were checked on the way: one of them is enough.
        return highest >= .compacted ? Array(kept.prefix(1)) : kept
    }
}
