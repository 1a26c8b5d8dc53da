import Base
import Glibc

/// What an actor is about to ask of the site. `number` counts equal acts of one actor: a schedule means the same after the code has come to
/// ask for something else besides.
struct Step: Hashable, Sendable {
    enum Act: UInt8, Sendable {
        case begin, create, delete, list, key, read, size, deliver
    }

    let actor: String
    let act: Act
    /// Up to and with the first slash.
    let folder: String
    let number: Int

    /// Steps that others notice, or that look at many objects: what decides most races.
    var isWeighty: Bool { act == .create || act == .delete || act == .list }

    /// The same number on every machine, for the choices of a schedule.
    func hash(_ seed: UInt64, _ purpose: UInt64) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ purpose
        for text in [actor, folder] { for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 } }
        var generator = SplitMix(hash ^ seed &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(act.rawValue) << 56 ^ UInt64(number) << 20)
        return generator.next()
    }
}

/// As TestSupport's generator; a value of its own for every choice.
struct SplitMix {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The end of an actor that never comes back: no `Failure`, so that nobody takes it for one.
struct Killed: Error {}

/// One thread at a time may go on; who waits, waits here.
private final class Gate: @unchecked Sendable {
    // Unchecked: a semaphore is for several threads.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func open() { sem_post(semaphore) }
    func pass() { while sem_wait(semaphore) != 0 {} }
}

/// Actors on threads of their own, of which exactly one runs: whoever is about to ask something of the site lets the schedule say who goes on.
final class Stage: @unchecked Sendable {
    // Unchecked: only the thread that has the baton touches anything here; it is handed on through semaphores.
    final class Actor {
        let name: String
        fileprivate let gate = Gate()
        /// Its priority; only schedules with priorities use it.
        var priority: UInt64 = 0
        fileprivate(set) var next: Step
        fileprivate(set) var isDone = false
        fileprivate var isDead = false
        private var counts: [String: [Int]] = [:]

        init(_ name: String) {
            self.name = name
            next = Step(actor: name, act: .begin, folder: "", number: 1)
        }

        /// How often the actor has taken such a step.
        func count(_ act: Step.Act, _ folder: String) -> Int {
            let come = counts[folder]?[Int(act.rawValue)] ?? 0
            return come - (next.act == act && next.folder == folder ? 1 : 0)
        }

        fileprivate func step(_ act: Step.Act, _ folder: String) -> Step {
            counts[folder, default: [Int](repeating: 0, count: 8)][Int(act.rawValue)] += 1
            return Step(actor: name, act: act, folder: folder, number: counts[folder]![Int(act.rawValue)])
        }
    }

    private let schedule: any Schedule
    private(set) var actors: [Actor] = []
    private var bodies: [(Int) -> Void] = []
    private var threads: [Threads.Handle] = []
    private let end = Gate()
    /// Every step that was taken, in order.
    private(set) var steps: [Step] = []
    /// Keys of the steps, as they were, for people to read.
    private(set) var keys: [String] = []
    /// Whoever has the baton may end the run.
    var isOver = false

    init(_ schedule: any Schedule) { self.schedule = schedule }

    var ready: [Actor] { actors.filter { !$0.isDone } }

    func add(_ name: String, _ body: @escaping (Int) -> Void) {
        actors.append(Actor(name))
        bodies.append(body)
    }

    /// Lets the actors play to their ends.
    func run() {
        guard !actors.isEmpty else { return }
        for number in actors.indices {
            threads.append(
                Threads.start(actors[number].name) { [self] in
                    actors[number].gate.pass()
                    bodies[number](number)
                    actors[number].isDone = true
                    handOn(from: nil)
                })
        }
        handOn(from: nil)
        end.pass()
        for thread in threads { thread.join() }
        bodies = []
    }

    private func handOn(from current: Actor?) {
        let ready = self.ready
        guard !ready.isEmpty else { return end.open() }
        let next = isOver ? current ?? ready[0] : schedule.choose(from: ready, current: current)
        if next === current { return }
        next.gate.open()
        current?.gate.pass()
    }

    /// The actor's choice point: returns when it may go on. Throws `Killed` when it never does.
    func step(_ number: Int, _ act: Step.Act, _ key: String) throws -> Step {
        let actor = actors[number]
        guard !actor.isDead, !isOver else { throw Killed() }
        let folder = key.firstIndex(of: "/").map { String(key[...$0]) } ?? key
        actor.next = actor.step(act, folder)
        handOn(from: actor)
        guard !isOver else { throw Killed() }
        steps.append(actor.next)
        keys.append(key)
        if schedule.fate(of: actor.next) == .death {
            actor.isDead = true
            throw Killed()
        }
        return actor.next
    }

    func fate(of step: Step) -> Fate { schedule.fate(of: step) }

    /// A number that says whether two runs were the same.
    var fingerprint: UInt64 {
        var sum: UInt64 = 1
        for step in steps { sum = (sum &* 0x100_0000_01B3) ^ step.hash(0, 0) }
        return sum
    }
}

/// What becomes of a step besides being taken.
enum Fate: Sendable { case none, death, silenceBefore, silenceAfter }

/// Says who goes on. The same steps get the same answers.
protocol Schedule: AnyObject {
    /// `current` has just come to its next step, and is among `ready`; nil when it has ended.
    func choose(from ready: [Stage.Actor], current: Stage.Actor?) -> Stage.Actor
    func fate(of step: Step) -> Fate
}
