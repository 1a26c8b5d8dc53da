import Base
import CLinux
import Codec
import Glibc
import Keys

/// Where a blob is at one site.
package struct BlobPlace: Sendable {
    package let pack: IndexedPack
    /// The pack's number in this index.
    package let number: UInt32
    package let offset: UInt32
    package let length: UInt32
}

/// Every blob of a domain that one site's counting segments list: a local merged copy, mapped, so that
/// memory does not grow with it. A hint, never the truth: pack directories are.
///
/// Any number of threads may look up while one adds.
package final class SiteIndex: Sendable {
    private struct State {
        var runs: [IndexRun] = []
        var packs: [IndexedPack] = []
        /// Where the last blob of each pack ends: a shorter object is not the pack.
        var ends: [UInt32] = []
        var numbers: [PackKey: UInt32] = [:]
        var present: [Bool] = []
        var trusted: [Bool] = []
        /// By segment taken in: the packs that it lists; none for one of another domain.
        var segments: [String: [UInt32]] = [:]
        var next = 0
    }

    /// What became of a listed segment.
    package enum Fetched {
        case segment(IndexSegment)
        /// Of another domain.
        case foreign
        case void
    }

    /// Of the file `contents`: another one is a cache of another version, and made anew.
    private static let version: UInt32 = 3

    package let domain: ShortID
    private let folder: String
    private let lock: File
    private let adding = Monitor(())
    private let state: Monitor<State>

    /// Opens the index in `folder`, or begins an empty one when there is none or it is damaged.
    ///
    /// Two processes never share a folder: the next free one of `folder`, `folder-1`, … is taken and locked.
    package init(domain: ShortID, folder: String) throws {
        self.domain = domain
        (self.folder, lock) = try Self.claim(folder)
        state = Monitor(try Self.load(self.folder) ?? Self.begin(self.folder))
    }

    /// Begins an empty index. What is left of a damaged one goes first, the list of runs before the runs: half-way
    /// through the next update it must not lead to new runs as if they were the old ones.
    private static func begin(_ folder: String) throws -> State {
        unlink(folder + "/contents")
        for name in try Files.names(folder) where name.hasPrefix("run-") { unlink(folder + "/" + name) }
        return State()
    }

    /// The first of `folder`, `folder-1`, … that no other process has, and the file that holds it.
    package static func claim(_ folder: String) throws -> (String, File) {
        for number in 0..<64 {
            let candidate = number == 0 ? folder : "\(folder)-\(number)"
            try Files.makeFolder(candidate)
            do {
                let file = try File.openOrCreate(RawName(candidate + "/lock"), O_RDWR)
                if clinux_lock(file.descriptor) == 0 { return (candidate, file) }
            } catch let error as SystemError { throw error.failure(.failed, "lock", object: candidate) }
        }
        throw Failure(.refused, .tooManyAtOnce, object: folder)
    }

    /// Takes in every segment of `segments` that it lacks, and lets go of what only segments listed that no longer count. What another
    /// segment lists as well, as after a merge, is not fetched again.
    ///
    /// `fetch` returns a verified segment; a void one (reported elsewhere) is tried again next time. It is called from up to
    /// `atOnce` threads.
    package func update(_ segments: [SegmentKey], atOnce: Int = 1, fetch: @escaping @Sendable (SegmentKey) throws -> Fetched) throws {
        let wanted = Set(segments.map(\.key))
        if CollectionRule.freshIndex.holds { state.look { $0.segments = $0.segments.filter { wanted.contains($0.key) } } }
        let lacking = segments.filter { segment in state.look { $0.segments[segment.key] == nil } }
        for start in stride(from: 0, to: lacking.count, by: atOnce) {
            let some = Array(lacking[start..<min(start + atOnce, lacking.count)])
            for (segment, fetched) in zip(some, Threads.map("segment", some, atOnce: atOnce, fetch)) {
                switch try fetched.get() {
                case .segment(let table): try add(table, named: segment.key)
                case .foreign: state.look { $0.segments[segment.key] = [] }
                case .void: break
                }
            }
        }
        try adding.look { _ in try dropUnlisted() }
        try save()
    }

    /// Drops the packs that no segment lists any more, and their rows.
    private func dropUnlisted() throws {
        let (runs, old, path): ([IndexRun], State, String) = state.look { state in
            state.next += 1
            return (state.runs, state, folder + "/run-\(state.next)")
        }
        var isListed = [Bool](repeating: false, count: old.packs.count)
        for packs in old.segments.values { for pack in packs { isListed[Int(pack)] = true } }
        if !isListed.contains(false) { return }
        var (new, numbers) = (State(), [UInt32?](repeating: nil, count: old.packs.count))
        for i in old.packs.indices where isListed[i] {
            numbers[i] = UInt32(new.packs.count)
            new.numbers[old.packs[i].key] = numbers[i]
            new.packs.append(old.packs[i])
            new.ends.append(old.ends[i])
            new.present.append(old.present[i])
            new.trusted.append(old.trusted[i])
        }
        new.segments = old.segments.mapValues { $0.compactMap { numbers[Int($0)] } }
        new.next = old.next
        // Numbers keep their order, and so do the rows.
        let rows = MergedRows(runs).lazy.compactMap { row in
            numbers[Int(row.pack)].map { IndexRow(id: row.id, pack: $0, offset: row.offset, length: row.length) }
        }
        if !new.packs.isEmpty { new.runs = [try IndexRun.write(rows, to: path)] }
        state.look { $0 = new }
    }

    /// Takes in a segment that is durable at the site.
    package func add(_ segment: IndexSegment, named name: String) throws {
        // One at a time, from the numbers of the packs to the end of the merge; look-ups go on meanwhile.
        try adding.look { _ in try addAlone(segment, named: name) }
    }

    private func addAlone(_ segment: IndexSegment, named name: String) throws {
        let (numbers, known, runs): ([UInt32], Int, [IndexRun]) = state.look { state in
            let known = state.packs.count
            let numbers = segment.packs.map { pack in
                if let known = state.numbers[pack.key] { return known }
                let number = UInt32(state.packs.count)
                state.numbers[pack.key] = number
                state.packs.append(pack)
                state.ends.append(0)
                state.present.append(false)
                state.trusted.append(false)
                return number
            }
            for row in segment.rows {
                let number = Int(numbers[Int(row.pack)])
                state.ends[number] = max(state.ends[number], row.offset + row.length)
            }
            return (numbers, known, state.runs)
        }
        // What is there is not added twice, as when segments were merged.
        var rows = segment.rows.lazy.map { IndexRow(id: $0.id, pack: numbers[Int($0.pack)], offset: $0.offset, length: $0.length) }
            .filter { row in row.pack >= known || !runs.contains { $0.find(row.id) { $0 == row } } }.sorted()
        // A segment may list a pack twice.
        rows = rows.indices.filter { $0 == 0 || rows[$0] != rows[$0 - 1] }.map { rows[$0] }
        let path = state.look { state in
            state.next += 1
            return folder + "/run-\(state.next)"
        }
        let run = rows.isEmpty ? nil : try IndexRun.write(rows, to: path)
        state.look { state in
            if let run { state.runs.append(run) }
            state.segments[name] = Array(Set(numbers)).sorted()
        }
        if run != nil { try mergeTail() }
    }

    /// Notes which packs a listing of the site has shown; the others are taken as absent, and so is one that
    /// is too short for what is said to be in it.
    package func setPresent(_ packs: some Sequence<(key: PackKey, size: Int)>) {
        clearPresent()
        for pack in packs { markPresent(pack.key, size: pack.size) }
    }

    /// Takes every pack as absent.
    package func clearPresent() { state.look { state in for i in state.present.indices { state.present[i] = false } } }

    /// Notes a pack that the site shows, unless it is too short for what is said to be in it.
    package func markPresent(_ pack: PackKey, size: Int) {
        state.look { state in
            guard let number = state.numbers[pack].map({ Int($0) }) else { return }
            state.present[number] = size > state.ends[number] && size % PackLimits.step == 0
        }
    }

    /// Whether the pack is listed and was last seen to be there.
    package func isPresent(_ pack: PackKey) -> Bool {
        state.look { state in state.numbers[pack].map { state.present[Int($0)] } ?? false }
    }

    /// Whether any counting segment lists the pack.
    package func lists(_ pack: PackKey) -> Bool { state.look { $0.numbers[pack] != nil } }

    /// Forgets everything: for an index that is made anew each time.
    package func reset() { state.look { $0 = State(next: $0.next) } }

    /// Notes a pack that this run has stored itself.
    package func markPresent(_ pack: PackKey) {
        state.look { state in if let number = state.numbers[pack] { state.present[Int(number)] = true } }
    }

    /// Notes a pack found to be missing or damaged.
    package func markAbsent(_ pack: PackKey) {
        state.look { state in if let number = state.numbers[pack] { state.present[Int(number)] = false } }
    }

    /// A node reuses what it sealed itself, and what a verify role has opened wholly: a stolen node of the
    /// same domain could plant rubbish under a known id.
    package func setTrust(writer: KeyID, attested: Set<Digest>) {
        state.look { state in
            for (i, pack) in state.packs.enumerated() {
                state.trusted[i] = pack.writer == writer || attested.contains(pack.key.digest)
            }
        }
    }

    /// Notes that this run's own pack may be reused.
    package func markTrusted(_ pack: PackKey) {
        state.look { state in if let number = state.numbers[pack] { state.trusted[Int(number)] = true } }
    }

    /// Whether a pack that is present, and may be reused, holds the blob.
    package func isReusable(_ id: Digest) -> Bool {
        state.look { state in
            for run in state.runs.reversed()
            where run.find(id, { state.present[Int($0.pack)] && state.trusted[Int($0.pack)] }) { return true }
            return false
        }
    }

    /// Whether any segment lists the blob.
    package func contains(_ id: Digest) -> Bool {
        state.look { state in state.runs.contains { $0.find(id) { _ in true } } }
    }

    /// Every place of a blob, packs that are present first.
    package func places(_ id: Digest) -> [BlobPlace] {
        state.look { state in
            var found: [BlobPlace] = []
            for run in state.runs {
                _ = run.find(id) { row in
                    found.append(BlobPlace(pack: state.packs[Int(row.pack)], number: row.pack, offset: row.offset, length: row.length))
                    return false
                }
            }
            return found.filter { state.present[Int($0.number)] } + found.filter { !state.present[Int($0.number)] }
        }
    }

    /// The pack's number; nil where no counting segment lists it.
    package func number(_ pack: PackKey) -> UInt32? { state.look { $0.numbers[pack] } }

    package func pack(_ number: UInt32) -> IndexedPack { state.look { $0.packs[Int(number)] } }

    package func isPresent(_ number: UInt32) -> Bool { state.look { $0.present[Int(number)] } }

    /// Every pack that a counting segment lists.
    package var packs: [IndexedPack] { state.look { $0.packs } }

    package var packCount: Int { state.look { $0.packs.count } }

    /// Every row, and the packs as they are now.
    package var rows: IndexRows { state.look { IndexRows(runs: $0.runs, packs: $0.packs, isPresent: $0.present) } }

    /// By segment taken in, the numbers of the packs that it lists; none for a segment of another domain.
    package var segments: [String: [UInt32]] { state.look { $0.segments } }

    /// Ids listed in `pack`'s rows are not indexed by pack; this walks all rows.
    package func forEachRow(_ body: (IndexRow, IndexedPack) throws -> Void) throws {
        let (runs, packs) = state.look { ($0.runs, $0.packs) }
        for run in runs {
            for i in 0..<run.count {
                let row = run.row(i)
                try body(row, packs[Int(row.pack)])
            }
        }
    }

    /// Merges the youngest runs as long as the one before them is not much larger: a lookup asks each run, so their
    /// number grows with the logarithm of the rows, and each row is written again so often at most.
    private func mergeTail() throws {
        let (tail, path): ([IndexRun], String) = state.look { state in
            var first = state.runs.count - 1
            var rows = state.runs[first].count
            while first > 0, state.runs[first - 1].count <= 2 * rows {
                first -= 1
                rows += state.runs[first].count
            }
            state.next += 1
            return (Array(state.runs[first...]), folder + "/run-\(state.next)")
        }
        guard tail.count > 1 else { return }
        let merged = try IndexRun.write(MergedRows(tail), to: path)
        // The old files stay until `save` has written which runs there are.
        state.look { $0.runs.replaceSubrange(($0.runs.count - tail.count)..., with: [merged]) }
    }

    // MARK: the file that says which runs belong together

    /// Writes which runs, packs and segments make up the index. What is not written is fetched again.
    package func save() throws { try adding.look { _ in try saveAlone() } }

    private func saveAlone() throws {
        var w = ByteWriter()
        let kept: Set<String> = state.look { state in
            w.u32(Self.version)
            w.u32(UInt32(state.next))
            w.varint(UInt64(state.runs.count))
            for run in state.runs { w.text(String(run.path.dropFirst(folder.count + 1))) }
            w.varint(UInt64(state.packs.count))
            for (pack, end) in zip(state.packs, state.ends) {
                pack.key.write(to: &w)
                w.digest(pack.writer)
                w.u32(end)
            }
            w.varint(UInt64(state.segments.count))
            for (name, packs) in state.segments.sorted(by: { $0.key < $1.key }) {
                w.text(name)
                w.varint(UInt64(packs.count))
                for pack in packs { w.varint(UInt64(pack)) }
            }
            return Set(state.runs.map { String($0.path.dropFirst(folder.count + 1)) })
        }
        w.digest(sha256(w.bytes))
        try Files.replace(folder + "/contents", w.bytes)
        for name in try Files.names(folder) where name.hasPrefix("run-") && !kept.contains(name) { unlink(folder + "/" + name) }
    }

    private static func load(_ folder: String) -> State? {
        guard let bytes = try? Files.read(folder + "/contents", limit: 1 << 30), bytes.count > 32,
            Digest(bytes.suffix(32)) == sha256(Array(bytes.dropLast(32)))
        else { return nil }
        return try? Array(bytes.dropLast(32)).decode { r in
            guard try r.u32() == version else { return nil }
            var state = State()
            state.next = Int(try r.u32())
            state.runs = try (0..<r.count(limit: 1 << 16, "runs")).map { _ in try IndexRun(folder + "/" + r.text(limit: 64, "run")) }
            for _ in 0..<(try r.count(limit: 1 << 28, "packs")) {
                state.packs.append(IndexedPack(key: try PackKey(&r), writer: try r.digest()))
                state.ends.append(try r.u32())
            }
            for (i, pack) in state.packs.enumerated() { state.numbers[pack.key] = UInt32(i) }
            state.present = Array(repeating: false, count: state.packs.count)
            state.trusted = state.present
            for _ in 0..<(try r.count(limit: 1 << 24, "segments")) {
                let name = try r.text(limit: 128, "segment")
                let packs = try (0..<r.count(limit: 1 << 28, "packs")).map { _ in UInt32(truncatingIfNeeded: try r.varint()) }
                guard packs.allSatisfy({ $0 < state.packs.count }) else { return nil }
                state.segments[name] = packs
            }
            return state
        }
    }
}

/// The rows of several sorted runs, in order.
private struct MergedRows: Sequence, IteratorProtocol {
    private let runs: [IndexRun]
    private var at: [Int]

    init(_ runs: [IndexRun]) {
        self.runs = runs
        at = Array(repeating: 0, count: runs.count)
    }

    mutating func next() -> IndexRow? {
        var best: IndexRow?
        var from = 0
        for (i, run) in runs.enumerated() where at[i] < run.count {
            let row = run.row(at[i])
            if best.map({ row < $0 }) ?? true {
                best = row
                from = i
            }
        }
        if best != nil { at[from] += 1 }
        return best
    }
}
