import Base
import Codec
import Repository
import TestSupport

/// What an object says, whoever reads it.
enum ObjectMeaning: Sendable {
    case slot(SlotRecord)
    case segment(SegmentKey, IndexSegment)
    case pack(PackKey, [PackRow])
    case condemned(CondemnedRecord)
    case decided(DecidedRecord)
    case forget([ShortID])
    case manifest
    case other

    init(_ key: String, _ bytes: UnsafeRawBufferPointer, _ world: InterleavingWorld) throws {
        func body(_ kind: Statement.Kind) throws -> [UInt8] { try Statement(Array(bytes), kind, tenant: world.tenant.id).body }
        switch key.prefix(while: { $0 != "/" }) {
        case "commits": self = .slot(try SlotRecord(body: body(.slot)))
        case "index":
            self = .segment(SegmentKey(key: key)!, try IndexSegment(body: body(.segment), tenant: world.tenant.id, keys: world.tenant.catalogueKeys))
        case "packs":
            let pack = PackKey(key: key)!
            self = .pack(pack, try world.directory(pack.digest, bytes))
        case "condemned": self = .condemned(try CondemnedRecord(body: body(.condemned)))
        case "decided": self = .decided(try DecidedRecord(body: body(.decided)))
        case "forget": self = .forget(try ForgetRecord(body: body(.forget)).dropped.map(\.snapshot))
        case "snapshots": self = .manifest
        default: self = .other
        }
    }
}

/// The invariant, worked out from the objects alone and with every rule, whatever the program thinks of them (docs/MODEL.md, "The invariant"):
/// a commit that is there and counts finds its page and each of its chunks in a pack that is there and that a counting segment lists as
/// the pack's own directory does; and a commit that was acknowledged and not forgotten is there, and counts.
final class SiteTruth {
    private let world: InterleavingWorld
    private var slots: [String: SlotRecord] = [:]
    private var segments: [String: (key: SegmentKey, segment: IndexSegment)] = [:]
    private var packs: [String: [PackRow]] = [:]
    private var manifests: Set<String> = []
    private var decisions: [UInt32: DecidedRecord] = [:]
    private var condemned: Set<UInt32> = []
    private var forgotten: Set<ShortID> = []
    private var acknowledged: Set<ShortID> = []
    /// The first violation.
    private(set) var problem: String?
    /// How many times the invariant was looked at.
    private(set) var checks = 0
    /// Generations that were condemned while an earlier one was not decided.
    private(set) var overlaps: [UInt32] = []

    init(_ world: InterleavingWorld) { self.world = world }

    func created(_ key: String, _ bytes: UnsafeRawBufferPointer, _ known: ObjectMeaning?) {
        let meaning: ObjectMeaning
        do { meaning = try known ?? ObjectMeaning(key, bytes, world) } catch {
            problem = problem ?? "\(key) cannot be read: \(error)"
            return
        }
        switch meaning {
        case .slot(let slot): slots[key] = slot
        case .segment(let name, let segment): segments[key] = (name, segment)
        case .pack(let pack, let rows): packs[pack.key] = rows
        case .condemned(let record):
            if record.generation > 1, !(1..<record.generation).allSatisfy({ !condemned.contains($0) || decisions[$0] != nil }) {
                overlaps.append(record.generation)
            }
            condemned.insert(record.generation)
        case .decided(let record): decisions[record.generation] = record
        case .forget(let snapshots): forgotten.formUnion(snapshots)
        case .manifest: manifests.insert(key)
        case .other: return
        }
        check()
    }

    func deleted(_ key: String) {
        slots[key] = nil
        segments[key] = nil
        packs[key] = nil
        manifests.remove(key)
        check()
    }

    func acknowledge(_ snapshot: ShortID) {
        acknowledged.insert(snapshot)
        check()
    }

    /// Snapshots that are visible now.
    var visible: Set<ShortID> { Set(counting().map(\.key.snapshot)) }

    /// Snapshots that were acknowledged and that nobody has forgotten.
    var owed: Set<ShortID> { acknowledged.subtracting(forgotten) }

    private var decision: DecidedRecord? { decisions.values.filter(\.names).max { $0.generation < $1.generation } }

    private func counting() -> [SlotRecord] {
        let decision = self.decision
        return slots.values.filter { slot in
            guard slot.outcome == .commit, !forgotten.contains(slot.key.snapshot) else { return false }
            return decision.map { slot.key.session.generation >= $0.generation || $0.commits.contains(slot.key) } ?? true
        }
    }

    /// Blobs in packs that are there, at places that a counting segment names.
    private func available() -> Set<Digest> {
        let decision = self.decision
        var found: Set<Digest> = []
        for (key, segment) in segments.values {
            let named = decision?.segments.contains(key) ?? false
            guard named || !key.isMerged && decision.map({ key.session.generation >= $0.generation }) ?? true else { continue }
            for row in segment.rows where !found.contains(row.id) {
                guard let own = packs[segment.packs[Int(row.pack)].key.key] else { continue }
                if own.contains(where: { $0.id == row.id && $0.offset == row.offset && $0.length == row.length }) { found.insert(row.id) }
            }
        }
        return found
    }

    private func check() {
        guard problem == nil else { return }
        checks += 1
        let counting = self.counting()
        let available = self.available()
        for slot in counting {
            guard manifests.contains(Manifest.key(slot.key.snapshot, slot.manifest)), let root = world.root(slot.manifest) else {
                return problem = "\(name(slot.key.snapshot)) counts and its manifest is not there"
            }
            if let lacking = world.reachable(root).first(where: { !available.contains($0) }) {
                return problem = "\(name(slot.key.snapshot)) counts and \(world.name(lacking)) is in no listed pack that is there"
            }
        }
        let visible = Set(counting.map(\.key.snapshot))
        if let lost = owed.first(where: { !visible.contains($0) }) { problem = "\(name(lost)) was acknowledged and is not visible" }
    }

    private func name(_ snapshot: ShortID) -> String { "snapshot \(snapshot.hex.prefix(6))" }
}
