import Base
import Codec
import Keys
import Maintenance
import Repository
import Sites
import TestSupport
import Testing

/// Who plays in a run.
enum Part: Sendable {
    /// Backs `letters` up, as `BackupRun` does. `fromBase`: takes what the newest counting and marked snapshot has without looking. After a
    /// fence it begins anew, with another snapshot, so often.
    case writer(String, letters: String, machine: String, fromBase: Bool = false, retries: Int = 1)
    /// Brings a snapshot of another site, as `Landing` does at its target.
    case replicator(String, letters: String, machine: String, retries: Int = 1)
    /// Lists packs again that no segment lists, as `Replicator.relist`.
    case relister(String, machine: String)
    case collector(String, rounds: Int, machine: String, compacts: Bool = false)
    /// Makes the index anew, as after a loss.
    case rebuilder(String, machine: String)
    case undo(String)
    /// Drops that snapshot, if it counts.
    case retention(String, snapshot: String)
    case network(copies: Int)

    var name: String {
        switch self {
        case .writer(let name, _, _, _, _), .replicator(let name, _, _, _), .relister(let name, _), .rebuilder(let name, _),
            .collector(let name, _, _, _), .undo(let name),
            .retention(let name, _):
            name
        case .network: "network"
        }
    }
}

/// Actors and the site's past.
struct Scenario: Sendable {
    let name: String
    let past: @Sendable (SiteBuilder) throws -> Void
    let parts: [Part]
    /// How every run begins.
    var cues: [Cue] = []
    /// Machines whose index was level with the site when the run begins.
    var knowing: [String] = []
    /// Whether collectors believe that all sessions are long ago: then they spare nothing of them.
    var isLate = true
    var accidents = Accidents.none

    var compacts: Bool {
        parts.contains { if case .collector(_, _, _, compacts: true) = $0 { true } else { false } }
    }

    /// Plays the run that belongs to a seed.
    func play(_ seed: UInt64, settles: Bool = false, tells: Bool = false) throws -> Outcome {
        let schedule = PrioritySchedule(seed: seed, cues: cues, accidents: accidents)
        return try Run(self, schedule, seed: seed).play(settles: settles, tells: tells)
    }

    /// What happens in that run, for people: who creates, deletes and lists what.
    func story(_ seed: UInt64) throws -> String {
        try play(seed, settles: true, tells: true).trace.filter { !$0.contains("\tkey\t") && !$0.contains("\tread\t") && !$0.contains("\tsize\t") }
            .joined(separator: "\n")
    }
}

extension Scenario: CustomTestStringConvertible {
    var testDescription: String { name }
}

/// What a run came to.
struct Outcome: Sendable {
    var problem: String?
    /// Errors that nobody should see.
    var oddities: [String] = []
    var steps = 0
    var checks = 0
    var fingerprint: UInt64 = 0
    var acknowledged = 0
    var deleted = 0
    var overlaps = 0
    /// Each step, for people.
    var trace: [String] = []
}

/// One run of a scenario under one schedule.
final class Run: @unchecked Sendable {
    // Unchecked: used by whoever has the baton.
    let world: InterleavingWorld
    private let scenario: Scenario
    private let seed: UInt64
    private let template: SiteTemplate
    private let stage: Stage
    private let store: SteppedStore
    private let truth: SiteTruth
    private let folder: String
    private var outcome = Outcome()
    private var machines: [String: TenantState] = [:]

    /// `rule`: taken away, and so from the past as well.
    init(_ scenario: Scenario, _ schedule: any Schedule, seed: UInt64 = 0) throws {
        world = try InterleavingWorld.shared.get()
        self.scenario = scenario
        self.seed = seed
        let without = CollectionRule.allCases.first { !$0.holds }.map { "without \($0)" } ?? ""
        template = try world.template(scenario.name + without, scenario.past)
        truth = SiteTruth(world)
        store = try SteppedStore(template, order: seed % 3 == 2 ? .scattered(seed) : .creation, truth: truth)
        for snapshot in template.acknowledged { truth.acknowledge(snapshot) }
        stage = Stage(schedule)
        // In memory where there is such a place: caches are written durably, and there are many runs.
        folder = ((try? Files.mode("/dev/shm")) == nil ? "/tmp" : "/dev/shm") + "/hdsbackup-interleaving-" + hexString(randomBytes(8))
        try Files.makeFolder(folder)
        for machine in scenario.knowing { try learn(machine) }
    }

    deinit { try? Files.removeFolder(folder) }

    /// Plays it. `settles`: afterwards one collector alone has to tidy up.
    func play(settles: Bool, tells: Bool = false) throws -> Outcome {
        for part in scenario.parts { cast(part) }
        stage.run()
        (outcome.steps, outcome.checks, outcome.fingerprint) = (stage.steps.count, truth.checks, stage.fingerprint)
        outcome.overlaps = truth.overlaps.count
        outcome.problem = truth.problem
        if tells { outcome.trace = trace() }
        if outcome.problem == nil { outcome.problem = try audit() }
        if outcome.problem == nil, settles { outcome.problem = try settle() }
        return outcome
    }

    // MARK: machines

    private func state(_ machine: String) throws -> TenantState {
        if let known = machines[machine] { return known }
        let state = try TenantState(folder: folder + "/" + machine)
        machines[machine] = state
        // A signature of twenty years is slow to verify; and every run of a scenario has to know the same.
        for bytes in try manifests() { try state.keepManifest(bytes, sha256(bytes)) }
        return state
    }

    /// What the site has at the beginning, and what actors will write.
    private func manifests() throws -> [[UInt8]] {
        let past = template.objects.filter { $0.key.hasPrefix("snapshots/") }.map(\.bytes)
        return try scenario.parts.reduce(into: past) { found, part in
            switch part {
            case .writer(let name, let letters, _, _, let retries):
                for attempt in 0...retries { found.append(try world.manifest(name + String(repeating: "'", count: attempt), letters)) }
            case .replicator(let name, let letters, _, _): found.append(try world.manifest(name, letters))
            default: break
            }
        }
    }

    private var domain: ShortID { world.tenant.domain.domain }

    /// Makes a machine's index level with the site, as an earlier run of it did.
    private func learn(_ machine: String) throws {
        let repository = try world.open(SteppedSite(store), state: state(machine))
        let index = try SiteIndex(domain: domain, folder: state(machine).indexFolder(site: repository.id, domain: domain))
        try repository.update(index, coordination: repository.coordination(), keys: world.tenant.catalogueKeys)
    }

    // MARK: actors

    private func cast(_ part: Part) {
        stage.add(part.name) { [unowned self] number in
            // Some list in one direction, some in the other: what comes meanwhile is seen by some, and caches are in different orders.
            let isBackward = seed > 0 && Step(actor: part.name, act: .list, folder: "", number: 0).hash(seed, 6) % 2 == 0
            let site = SteppedSite(store, stage: stage, actor: number, isBackward: isBackward)
            do {
                switch part {
                case .writer(let name, let letters, let machine, let fromBase, let retries):
                    try write(name, letters, site, state(machine), fromBase: fromBase, retries: retries)
                case .replicator(let name, let letters, let machine, let retries): try replicate(name, letters, site, state(machine), retries)
                case .relister(_, let machine): try relist(site, state(machine))
                case .collector(_, let rounds, let machine, let compacts):
                    for _ in 0..<rounds { try collect(site, state(machine), compacts: compacts) }
                case .rebuilder(_, let machine): try rebuild(site, state(machine))
                case .undo: try undo(site)
                case .retention(_, let snapshot): try drop(snapshot, site)
                case .network(let copies):
                    for _ in 0..<copies { try site.deliver { step, count in count == 0 ? nil : Int(step.hash(UInt64(count), 5) % UInt64(count)) } }
                }
            } catch is Killed {} catch let failure as Failure where failure.kind == .unreachable || failure.kind == .fenced {} catch {
                let failure = error as? Failure
                outcome.oddities.append("\(part.name): \(failure?.message.english ?? "\(error)") \((failure?.object ?? "").prefix(18))")
            }
        }
    }

    /// A call that may be repeated after no answer came.
    private func patiently<T>(_ body: () throws -> T) throws -> T {
        for _ in 0..<2 { do { return try body() } catch let failure as Failure where failure.kind == .unreachable {} }
        return try body()
    }

    /// As `BackupRun` and `Participant` (the writer's steps 1 to 10).
    private func write(_ name: String, _ letters: String, _ site: SteppedSite, _ state: TenantState, fromBase: Bool, retries: Int) throws {
        for attempt in 0...retries {
            let name = name + String(repeating: "'", count: attempt)
            do {
                try backUp(name, letters, site, state, fromBase: fromBase)
                return
            } catch let failure as Failure where failure.isPassing && attempt < retries {}
        }
    }

    private func backUp(_ name: String, _ letters: String, _ site: SteppedSite, _ state: TenantState, fromBase: Bool) throws {
        let tenant = world.tenant
        let repository = try world.open(site, state: state)
        let snapshot = world.snapshot(name)
        let session = try WriterSession.begin(
            repository: repository, snapshot: snapshot, purpose: .backup, domain: domain, signer: tenant.node)
        do {
            let commits = try repository.commits(session.coordination)
            let index = try SiteIndex(domain: domain, folder: state.indexFolder(site: repository.id, domain: domain))
            try session.level(index, commits: commits, keys: tenant.nodeKeys)
            index.setTrust(writer: tenant.node.id, attested: try repository.attestedPacks())
            try session.listPresent(in: index)
            var base: Set<Digest> = []
            if fromBase, let commit = commits.last(where: { session.coordination.marks($0.key) }) {
                base = Set(world.reachable(try repository.manifest(commit).outline(tenant.nodeKeys).root))
            }
            let missing = world.needs(letters).filter { !base.contains($0) && !index.isReusable($0) }
            if !missing.isEmpty {
                let pack = try world.pack(missing, owner: name)
                let key = try patiently { try session.store(pack: pack) }
                let listed = [StoredPack(key: key, writer: tenant.node.id, rows: pack.rows)]
                let (segment, table) = try patiently { try session.store(segment: listed, key: world.segmentKey()) }
                try index.add(table, named: segment.key)
                try index.save()
            }
            try patiently { try session.commit(manifest: world.manifest(name, letters), snapshot: snapshot) }
            acknowledge(snapshot)
        } catch let failure as Failure {
            session.abandon()
            throw failure
        }
    }

    private func acknowledge(_ snapshot: ShortID) {
        outcome.acknowledged += 1
        truth.acknowledge(snapshot)
        if truth.problem != nil { stage.isOver = true }
    }

    /// As `TargetView.begin`, `Landing` and `Replicator.bring`.
    private func replicate(_ name: String, _ letters: String, _ site: SteppedSite, _ state: TenantState, _ retries: Int) throws {
        let tenant = world.tenant
        let repository = try world.open(site, state: state)
        let snapshot = world.snapshot(name)
        let manifest = try world.manifest(name, letters)
        let source = try world.pack(world.needs(letters), owner: "past")
        for attempt in 0...retries {
            let session = try WriterSession.begin(
                repository: repository, snapshot: snapshot, purpose: .replicate, domain: domain, signer: tenant.maintain)
            do {
                let commits = try repository.commits(session.coordination)
                if commits.contains(where: { $0.key.snapshot == snapshot }) { return session.abandon() }
                let index = try SiteIndex(domain: domain, folder: state.indexFolder(site: repository.id, domain: domain))
                try session.level(index, commits: commits, keys: tenant.catalogueKeys)
                var present: [(key: PackKey, size: Int)] = []
                try repository.listPacks { present.append(($0, $1)) }
                index.setPresent(present)
                for pack in index.packs where session.coordination.isCondemned(pack.key) { index.markAbsent(pack.key) }
                if world.needs(letters).contains(where: { id in !(index.places(id).first.map { index.isPresent($0.number) } ?? false) }) {
                    let key = try patiently { try session.store(pack: source.digest, source.buffer.bytes) }
                    let listed = [StoredPack(key: key, writer: tenant.node.id, rows: source.rows)]
                    let (segment, table) = try patiently { try session.store(segment: listed, key: world.segmentKey()) }
                    try index.add(table, named: segment.key)
                    try index.save()
                }
                try patiently { try session.commit(manifest: manifest, snapshot: snapshot) }
                return acknowledge(snapshot)
            } catch let failure as Failure where failure.kind == .fenced && attempt < retries {} catch let failure as Failure {
                session.abandon()
                throw failure
            }
        }
    }

    /// As `Replicator.relist`.
    private func relist(_ site: SteppedSite, _ state: TenantState) throws {
        let tenant = world.tenant
        let repository = try world.open(site, state: state)
        let open = try OpenSite(repository, keys: tenant.catalogueKeys, scratch: folder)
        let committed = Set(open.commits.map(\.key.session))
        guard let unlisted = try open.unlisted(domain) else { return }
        let packs = unlisted.packs.filter { committed.contains($0.key.session) }
        if packs.isEmpty { return }
        let session = try WriterSession.begin(
            repository: repository, snapshot: .random(), purpose: .replicate, domain: domain, signer: tenant.maintain)
        defer { session.abandon() }
        var listed: [StoredPack] = []
        // What was listed before the session began may be condemned, or doomed, by now.
        for pack in packs where session.coordination.mayRelist(pack.key) {
            guard let size = try? site.size(pack.key.key) else { continue }
            guard try repository.hash(pack.key, size: size) == pack.key.digest else { continue }
            let rows = try repository.directory(pack.key, size: size, keys: tenant.catalogueKeys).rows
            listed.append(StoredPack(key: pack.key, writer: tenant.node.id, rows: rows))
        }
        if !listed.isEmpty { _ = try session.store(segment: listed, key: world.segmentKey()) }
    }

    private var options: CollectionOptions {
        var options = CollectionOptions()
        (options.quarantine, options.patience, options.liveShare, options.segmentsOfASize) = (0, 0, 0, 3)
        if scenario.isLate { options.now = { Timestamp.now().seconds + 30 * 86_400 } }
        return options
    }

    private func collect(_ site: SteppedSite, _ state: TenantState, compacts: Bool) throws {
        var options = self.options
        if compacts { (options.liveShare, options.packBytes) = (0.8, 1 << 16) }
        let repository = try world.open(site, state: state)
        let collector = Collector(repository, keys: world.tenant.catalogueKeys, signer: world.tenant.maintain, folder: state.folder, options: options)
        do {
            let report = try collector.run()
            outcome.deleted += report.deletedPacks
        } catch let failure as Failure where failure.kind == .unreachable {}
    }

    private func rebuild(_ site: SteppedSite, _ state: TenantState) throws {
        let collector = Collector(
            try world.open(site, state: state), keys: world.tenant.catalogueKeys, signer: world.tenant.maintain, folder: state.folder,
            options: options)
        do { _ = try collector.rebuildIndex() } catch let failure as Failure where failure.kind == .refused {}
    }

    private func undo(_ site: SteppedSite) throws {
        for _ in 0..<3 {
            let repository = try world.open(site)
            let collector = Collector(
                repository, keys: world.tenant.catalogueKeys, signer: world.tenant.maintain, folder: folder + "/undo", options: options)
            do {
                _ = try collector.undo()
                return
            } catch let failure as Failure where failure.kind == .refused {}
        }
    }

    private func drop(_ name: String, _ site: SteppedSite) throws {
        let repository = try world.open(site)
        let snapshot = world.snapshot(name)
        let commits = try repository.commits(repository.coordination()).filter { $0.key.snapshot == snapshot }
        guard let commit = commits.first else { return }
        let dropped = ForgetRecord.Dropped(snapshot: snapshot, manifest: commit.manifest, reason: 1)
        _ = try Forgetting([repository], signer: world.tenant.maintain).run([dropped])
    }

    // MARK: afterwards

    /// The invariant once more, as the program itself sees it with a fresh mind.
    private func audit() throws -> String? {
        let site = SteppedSite(store)
        let repository = try world.open(site, state: state("auditor"))
        let coordination = try repository.coordination()
        let commits = try repository.commits(coordination)
        let index = try SiteIndex(domain: domain, folder: folder + "/audit")
        index.reset()
        try repository.update(index, coordination: coordination, keys: world.tenant.catalogueKeys)
        var present: [(key: PackKey, size: Int)] = []
        try repository.listPacks { present.append(($0, $1)) }
        index.setPresent(present)
        for commit in commits {
            let root = try repository.manifest(commit).outline(world.tenant.catalogueKeys).root
            for id in world.reachable(root) {
                guard index.places(id).contains(where: { index.isPresent($0.number) }) else { return "the audit misses \(world.name(id))" }
            }
        }
        let visible = Set(commits.map(\.key.snapshot))
        return truth.owed.isSubset(of: visible) ? nil : "the audit misses an acknowledged snapshot"
    }

    /// Liveness: after all others have ended, however they did, one collector alone leaves what is needed and nothing else.
    private func settle() throws -> String? {
        let owed = truth.visible
        let site = SteppedSite(store)
        var last = CollectionReport.State.nothing
        var rounds = 0
        repeat {
            var options = self.options
            options.now = { Timestamp.now().seconds + 60 * 86_400 }
            let repository = try world.open(site, state: state("last"))
            let collector = Collector(
                repository, keys: world.tenant.catalogueKeys, signer: world.tenant.maintain, folder: folder + "/last", options: options)
            let report = try collector.run()
            last = report.state
            if let blocked = report.blocked.first { return "the last collector is blocked: \(blocked)" }
            rounds += 1
        } while last != .nothing && rounds < 5
        guard last == .nothing else { return "the last collector never ends: \(last)" }
        if let problem = truth.problem { return "the last collector: \(problem)" }
        guard truth.visible == owed else { return "the last collector changed what is visible" }
        return try audit() ?? garbage()
    }

    /// A pack of which no snapshot needs a blob. Manifests of sessions that have no end keep theirs.
    private func garbage() throws -> String? {
        let site = SteppedSite(store)
        var live: Set<Digest> = []
        for key in try site.keys("snapshots/") {
            if let root = try world.root(sha256(site.read(key, limit: 1 << 20))) { live.formUnion(world.reachable(root)) }
        }
        for key in try site.keys("packs/") {
            let pack = PackKey(key: key)!
            let rows = try site.read(key, limit: 1 << 20).withUnsafeBytes { try world.directory(pack.digest, $0) }
            if !rows.contains(where: { live.contains($0.id) }) { return "a pack that nobody needs was left" }
        }
        return nil
    }

    // MARK: for people

    /// Every step, with short names for the random ones.
    private func trace() -> [String] {
        var names: [Substring: String] = [:]
        func short(_ text: Substring, _ kind: String) -> String {
            if let known = names[text] { return known }
            names[text] = "\(kind)\(names.values.filter { $0.hasPrefix(kind) }.count + 1)"
            return names[text]!
        }
        func readable(_ key: String) -> String {
            let parts = key.split(separator: "/")
            guard parts.count > 1, let last = parts.last else { return key }
            let words = last.split(separator: ".").map { word -> String in
                if word.count == 64 || word.count == 32 { return short(word, word.count == 64 ? "pack" : "snapshot") }
                if let hyphen = word.firstIndex(of: "-"), word.count > 40 {
                    return "\(word[..<hyphen].drop { $0 == "0" })-\(short(word[hyphen...], "session"))"
                }
                return String(word)
            }
            return parts[0] + "/" + words.joined(separator: ".")
        }
        return zip(stage.steps, stage.keys).map { "\($0.actor)\t\($0.act)\t\(readable($1))" }
    }
}
