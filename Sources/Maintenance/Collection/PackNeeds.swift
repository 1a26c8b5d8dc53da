import Base
import Keys
import Repository

/// What a listing and its own directory say of a pack that a segment lists.
enum PackStatus: Sendable {
    case absent
    case usable
    /// Its directory does not say what its segments say: it is no copy of anything, and nothing is owed to what is said to be in it.
    case contradicted
}

/// Which packs of a domain are needed, and how much of each.
///
/// A copy of a blob excuses another copy only if the same node sealed both, or a verify role has opened it: a stolen node
/// of the domain could list rubbish under a known id.
struct PackNeeds {
    /// By pack number.
    private(set) var isNeeded: [Bool]
    /// Stored bytes of live blobs, copies included.
    private(set) var liveBytes: [UInt64]
    /// Blobs that are needed and that no pack which is there holds.
    private(set) var lost = 0

    /// Chooses copies so that as few packs as can be are needed. `owed`: of these blobs those count that are lost. `status` and `sizes`: by
    /// pack number.
    init(_ live: LiveBlobs, owed: LiveBlobs, status: [PackStatus], attested: Set<Digest>, sizes: [Int]) {
        let rows = live.rows
        let choices = Choices(packs: rows.packs, status: status, attested: attested)
        isNeeded = [Bool](repeating: false, count: rows.packs.count)
        liveBytes = [UInt64](repeating: 0, count: rows.packs.count)
        // First what leaves no choice, then the rest where most is alive already.
        rows.forEachID { position, group in
            guard live.isLive(position) else { return }
            for row in group where status[Int(row.pack)] == .usable { liveBytes[Int(row.pack)] += UInt64(row.length) }
            choices.forEach(in: group) { candidates in
                if candidates.isEmpty, owed.isLive(position) { lost += 1 }
                if candidates.count == 1 { isNeeded[candidates[0]] = true }
            }
        }
        rows.forEachID { position, group in
            guard live.isLive(position), group.count > 1 else { return }
            choices.forEach(in: group) { candidates in
                guard candidates.count > 1, !candidates.contains(where: { isNeeded[$0] }) else { return }
                let best = candidates.max { Double(liveBytes[$0]) / Double(max(1, sizes[$0])) < Double(liveBytes[$1]) / Double(max(1, sizes[$1])) }!
                isNeeded[best] = true
            }
        }
    }

    /// The packs of `condemned` that hold a needed blob of which no other copy will do, by number.
    static func rescued(
        _ live: LiveBlobs, status: [PackStatus], condemned: [Bool], attested: Set<Digest>
    ) -> Set<Int> {
        let rows = live.rows
        let others = Choices(packs: rows.packs, status: zip(status, condemned).map { $1 && $0 == .usable ? .absent : $0 }, attested: attested)
        var packs: Set<Int> = []
        rows.forEachID { position, group in
            guard live.isLive(position) else { return }
            others.forEach(in: group) { candidates in
                guard candidates.isEmpty else { return }
                packs.formUnion(group.map { Int($0.pack) }.filter { status[$0] == .usable && condemned[$0] })
            }
        }
        return packs
    }
}

/// Of the packs that hold a blob, the sets of which one must stay.
private struct Choices {
    let packs: [IndexedPack]
    let status: [PackStatus]
    let attested: Set<Digest>

    /// Calls `body` with the usable packs of each node that sealed a copy, or once with all that were opened wholly, where there is one.
    func forEach(in group: [IndexRow], _ body: ([Int]) -> Void) {
        if group.count == 1 {
            let pack = Int(group[0].pack)
            return body(status[pack] == .usable ? [pack] : [])
        }
        let all = Set(group.map { Int($0.pack) }).filter { status[$0] != .contradicted }.sorted()
        let usable = all.filter { status[$0] == .usable }
        let opened = usable.filter { attested.contains(packs[$0].key.digest) }
        if all.isEmpty || !opened.isEmpty { return body(opened) }
        for writer in Set(all.map { packs[$0].writer }).sorted() { body(usable.filter { packs[$0].writer == writer }) }
    }
}
