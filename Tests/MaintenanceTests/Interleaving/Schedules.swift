/// A part of a run that is told beforehand.
struct Cue: Sendable {
    private enum End {
        case before(Step.Act, String)
        case after(Step.Act, String)
        case never
    }

    let actor: String
    private let end: End

    /// The actor goes on to its end.
    static func finish(_ actor: String) -> Cue { Cue(actor: actor, end: .never) }

    /// The actor goes on until it is about to take the first step of that kind.
    static func run(_ actor: String, to act: Step.Act, _ folder: String) -> Cue { Cue(actor: actor, end: .before(act, folder)) }

    /// The actor goes on until it has taken it.
    static func run(_ actor: String, past act: Step.Act, _ folder: String) -> Cue { Cue(actor: actor, end: .after(act, folder)) }

    func isReached(by actor: Stage.Actor) -> Bool {
        switch end {
        case .before(let act, let folder): actor.next.act == act && actor.next.folder == folder || actor.count(act, folder) > 0
        case .after(let act, let folder): actor.count(act, folder) > 0
        case .never: false
        }
    }
}

/// Which accidents a run may have.
struct Accidents: Sendable {
    var deaths = false
    var silences = false

    static let none = Accidents()
    static let all = Accidents(deaths: true, silences: true)

    /// By the step alone, so that one step more or less elsewhere changes nothing.
    func fate(of step: Step, seed: UInt64) -> Fate {
        guard deaths || silences, step.act != .begin else { return .none }
        let chance = step.hash(seed, 3) % 1000
        let isWrite = step.act == .create || step.act == .delete
        if deaths, chance < (isWrite ? 25 : 2) { return .death }
        guard silences else { return .none }
        if isWrite, chance >= 500, chance < 540 { return .silenceAfter }
        return chance >= 900 && chance < (isWrite ? 920 : 903) ? .silenceBefore : .none
    }
}

/// Random, with few changes: every actor has a priority, the highest of those that are ready goes on, and at some steps an actor's priority
/// changes: mostly it falls behind all others, and so sleeps very long. After Burckhardt and others, "A randomized scheduler with
/// probabilistic guarantees of finding bugs" (2010); choices depend on the seed and the step's name, not on how many steps there were before.
final class PrioritySchedule: Schedule {
    private let seed: UInt64
    private let accidents: Accidents
    private var cues: ArraySlice<Cue>
    private var lowest = UInt64(1) << 32
    private let oneIn: UInt64
    /// The random walk of some seeds: no priorities at all.
    private let isWalk: Bool
    private var taken: UInt64 = 0
    private var hasBegun = false

    init(seed: UInt64, cues: [Cue] = [], accidents: Accidents = .none) {
        self.seed = seed
        self.accidents = accidents
        self.cues = cues[...]
        oneIn = [4, 8, 16, 32][Int(seed % 4)]
        isWalk = seed % 8 == 7
    }

    func fate(of step: Step) -> Fate { accidents.fate(of: step, seed: seed) }

    func choose(from ready: [Stage.Actor], current: Stage.Actor?) -> Stage.Actor {
        if !hasBegun {
            hasBegun = true
            for actor in ready { actor.priority = 1 << 33 + actor.next.hash(seed, 1) % (1 << 33) }
        }
        while let cue = cues.first {
            guard let actor = ready.first(where: { $0.name == cue.actor }), !cue.isReached(by: actor) else {
                cues.removeFirst()
                continue
            }
            return actor
        }
        if isWalk { return walk(ready, current) }
        if let current, changes(current.next) {
            let choice = current.next.hash(seed, 2)
            lowest -= 1
            current.priority = choice % 4 == 0 ? 1 << 33 + choice % (1 << 33) : lowest
        }
        return ready.max { $0.priority < $1.priority }!
    }

    private func changes(_ step: Step) -> Bool { step.hash(seed, 0) % (step.isWeighty ? oneIn : 4 * oneIn) == 0 }

    private func walk(_ ready: [Stage.Actor], _ current: Stage.Actor?) -> Stage.Actor {
        taken += 1
        var random = SplitMix(seed ^ taken << 32)
        if let current, random.next() % 3 > 0 { return current }
        return ready[Int(random.next() % UInt64(ready.count))]
    }
}

/// One schedule of an exhaustive search: an actor goes on until its end, but for the changes told here. For two actors.
final class ListedSchedule: Schedule {
    /// Choices, counted from 0, at which the other one goes on.
    private let changes: Set<Int>
    private var count = 0
    /// Choices at which a change would matter.
    private(set) var places: [Int] = []

    init(changes: Set<Int>) { self.changes = changes }

    func fate(of step: Step) -> Fate { .none }

    func choose(from ready: [Stage.Actor], current: Stage.Actor?) -> Stage.Actor {
        defer { count += 1 }
        guard ready.count > 1 else { return ready[0] }
        guard let current else {
            // The first choice of all: who begins.
            places.append(count)
            return changes.contains(count) ? ready[1] : ready[0]
        }
        // What exists is never changed: between two looks at objects nothing is to be seen that was not at the first.
        if current.next.isWeighty { places.append(count) }
        guard changes.contains(count) else { return current }
        return ready.first { $0 !== current }!
    }
}
