import Base
import Codec
import Repository

/// When each pack of a site was last read whole, and what came of it. A local file, replaced as a whole: if
/// it is lost, everything counts as never read.
///
///     magic "HDSBSCRB" · version u32 · count u64 · entries by pack key: pack key 53, read i64, opened i64, result u8
///     SHA-256 of all before
package final class ScrubState: Sendable {
    package enum Result: UInt8, Sendable {
        case good = 1
        case bad = 2
    }

    package struct Entry: Sendable, Equatable {
        /// Seconds since 1970.
        package var read: Int64
        /// When all its blobs were opened last; 0 for never.
        package var opened: Int64
        package var result: Result

        package init(read: Int64, opened: Int64, result: Result) {
            self.read = read
            self.opened = opened
            self.result = result
        }
    }

    private static let magic = Array("HDSBSCRB".utf8)
    private static let entryBytes = 53 + 8 + 8 + 1

    private let path: String?
    private let entries: Monitor<[PackKey: Entry]>

    /// The state of a site, kept in `state`'s folder; without one it lasts as long as this object.
    package init(_ state: TenantState?, site: ShortID) {
        path = state.map { $0.folder + "/scrub-" + site.hex }
        entries = Monitor((try? path.flatMap { try Self.load($0) }) ?? [:])
    }

    package subscript(_ pack: PackKey) -> Entry? { entries.look { $0[pack] } }

    /// Packs that were found damaged when they were read last.
    package var damaged: Set<PackKey> { entries.look { entries in Set(entries.lazy.filter { $0.value.result == .bad }.map(\.key)) } }

    package func record(_ pack: PackKey, _ result: Result, at time: Int64, opened: Bool) {
        entries.look { entries in
            let before = entries[pack]?.opened ?? 0
            entries[pack] = Entry(read: time, opened: opened ? time : result == .good ? before : 0, result: result)
        }
    }

    /// Forgets packs that are no longer at the site.
    package func keep(only present: Set<PackKey>) { entries.look { $0 = $0.filter { present.contains($0.key) } } }

    /// Writes it down, so that a crash leaves the old file or the new one.
    package func save() throws {
        guard let path else { return }
        let entries = entries.look { $0 }.sorted { ($0.key.digest, $0.key.session) < ($1.key.digest, $1.key.session) }
        var w = ByteWriter(capacity: 64 + entries.count * Self.entryBytes)
        w.raw(Self.magic)
        w.u32(1)
        w.u64(UInt64(entries.count))
        for (pack, entry) in entries {
            pack.write(to: &w)
            w.i64(entry.read)
            w.i64(entry.opened)
            w.u8(entry.result.rawValue)
        }
        w.digest(sha256(w.bytes))
        try Files.replace(path, w.bytes)
    }

    private static func load(_ path: String) throws -> [PackKey: Entry]? {
        guard let bytes = try Files.read(path, limit: 1 << 30), bytes.count > 32, Digest(bytes.suffix(32)) == sha256(Array(bytes.dropLast(32)))
        else { return nil }
        return try Array(bytes.dropLast(32)).decode { r in
            guard try r.raw(8) == magic, try r.u32() == 1 else { return nil }
            let count = try r.u64()
            guard count == UInt64(r.remaining / entryBytes) else { return nil }
            var entries: [PackKey: Entry] = [:]
            entries.reserveCapacity(Int(count))
            for _ in 0..<count {
                let pack = try PackKey(&r)
                let (read, opened) = (try r.i64(), try r.i64())
                guard let result = Result(rawValue: try r.u8()) else { return nil }
                entries[pack] = Entry(read: read, opened: opened, result: result)
            }
            return entries
        }
    }

    // MARK: what to read next

    /// The packs to read by `selection`, in the order to read them: never read, then longest ago. Packs found
    /// bad before are always among them: whether they still are is the first question.
    package func select(_ packs: [ListedPack], _ selection: ScrubSelection, period: Int64, now: Int64) -> [ListedPack] {
        let known = entries.look { $0 }
        // A time in the future was written by a wrong clock: it proves nothing.
        func read(_ pack: ListedPack) -> Int64 { known[pack.key].map { $0.read > now ? 0 : $0.read } ?? 0 }
        let aged = packs.map { (pack: $0, read: read($0), isBad: known[$0.key]?.result == .bad) }
            .sorted { l, r in
                if l.isBad != r.isBad { return l.isBad }
                return (l.read, l.pack.key.digest) < (r.read, r.pack.key.digest)
            }
        switch selection {
        case .all: return aged.map(\.pack)
        case .none: return aged.filter(\.isBad).map(\.pack)
        case .due: return aged.filter { $0.isBad || now - $0.read >= period }.map(\.pack)
        case .spread(let share, let before, let budget):
            let count = Int((Double(packs.count) * min(max(share, 0), 1)).rounded(.up))
            var left = budget ?? .max
            return aged.enumerated().prefix { index, pack in index < count || pack.isBad || pack.read < before }.map(\.element.pack).filter { pack in
                // The first one in any case: a budget below the size of a pack must not stop everything.
                defer { left -= Int64(pack.size) }
                return left > 0
            }
        case .share(let percent):
            let count = Int((Double(packs.count) * min(max(percent, 0), 100) / 100).rounded(.up))
            return Array(aged.map(\.pack).prefix(max(count, aged.count(where: \.isBad))))
        }
    }

    package func coverage(_ packs: [ListedPack], period: Int64, now: Int64) -> Coverage {
        let known = entries.look { $0 }
        var coverage = Coverage()
        coverage.packs = packs.count
        var oldest: Int64?
        for pack in packs {
            guard let entry = known[pack.key], entry.read <= now else {
                coverage.never += 1
                continue
            }
            if entry.result == .good, now - entry.read < period { coverage.verified += 1 }
            oldest = min(oldest ?? entry.read, entry.read)
        }
        coverage.oldest = oldest.map { Timestamp(seconds: $0) }
        return coverage
    }
}

/// A pack that the site lists.
package struct ListedPack: Sendable {
    package let key: PackKey
    package let size: Int

    package init(key: PackKey, size: Int) {
        self.key = key
        self.size = size
    }
}
