import Base
import Codec
import Keys
import TestSupport

@testable import Repository

/// Good inputs, the same in every run: seeds mean something only so.
enum Samples {
    static let tenant = try! TestTenant(seed: 21)

    static func session(_ random: inout SeededGenerator) -> SessionID { SessionID(generation: UInt32(random.below(9)), random: random.id()) }
    static func pack(_ random: inout SeededGenerator) -> PackKey {
        PackKey(digest: random.digest(), session: session(&random), attempt: UInt8(random.below(3)))
    }
    static func commit(_ random: inout SeededGenerator) -> CommitKey { CommitKey(snapshot: random.id(), session: session(&random)) }
    static func segment(_ random: inout SeededGenerator) -> SegmentKey {
        SegmentKey(session: session(&random), number: UInt32(random.below(9)), isMerged: random.chance(3))
    }
    static func list<T>(_ count: Int, _ random: inout SeededGenerator, _ make: (inout SeededGenerator) -> T) -> [T] {
        (0..<count).map { _ in make(&random) }
    }

    /// `count` inputs, each from a generator of its own.
    static func corpus(_ count: Int, seed: UInt64, _ make: (inout SeededGenerator) -> [UInt8]) -> [[UInt8]] {
        (0..<UInt64(count)).map { number in
            var random = SeededGenerator(seed << 32 + number)
            return make(&random)
        }
    }

    static func keyBlock(_ kind: KeyBlock.Kind, _ random: inout SeededGenerator) -> KeyBlock {
        KeyBlock(
            kind: kind, epoch: kind == .run ? 1 : 0, encapsulation: kind == .run ? random.bytes(SealingKey.encapsulationCount) : [],
            salt: random.bytes(32),
            commitment: random.bytes(32))
    }

    static func descriptor(_ random: inout SeededGenerator) -> Descriptor {
        let key = try! VerifyingKey(ed25519: random.bytes(32), mldsa: random.bytes(1952))
        let sealing = try! SealingPublicKey(random.bytes(SealingPublicKey.byteCount))
        return Descriptor(
            number: UInt32(random.below(5)), previous: random.digest(), created: 1_700_000_000, authority: key,
            epochs: [.init(number: 1, key: sealing)],
            recipients: [.init(kind: .recoveryCode, key: sealing)], domains: [.init(id: random.id(), commitment: random.bytes(32))],
            actors: [.init(role: .write, domain: random.id(), key: key, from: 0), .init(role: .verify, domain: .zero, key: key, from: 5, until: 9)],
            sites: [random.id(), random.id()])
    }

    static func outline(_ random: inout SeededGenerator) -> Manifest.Outline {
        var counts = Manifest.Counts()
        (counts.files, counts.bytes) = (random.number(), random.number())
        return Manifest.Outline(
            source: random.id(), node: random.digest(), started: random.time(), finished: random.time(), isComplete: random.chance(2), counts: counts,
            root: random.digest(), counter: 5, previous: random.digest(),
            heads: list(random.below(4), &random) { .init(domain: $0.id(), node: $0.digest(), counter: $0.number(), manifest: $0.digest()) })
    }

    static func labels(_ random: inout SeededGenerator) -> Manifest.Labels {
        Manifest.Labels(
            source: "dpi", node: "nœud", paths: [Array("/srv/data".utf8), random.bytes(30)], command: ["pg_dump", "--all"],
            excludes: ["*.tmp", "cache/"], program: "hdsbackup 0.1")
    }

    static func sheet(_ random: inout SeededGenerator) -> RestoreSheet {
        var sheet = RestoreSheet()
        (sheet.source, sheet.sourceName, sheet.snapshot, sheet.manifest) = (random.id(), "dpi", random.id(), random.digest())
        (sheet.host, sheet.program, sheet.sites, sheet.without) = ("preuve", "hdsbackup 0.1", ["gra", "local"], ["coffre"])
        (sheet.started, sheet.finished, sheet.restoreTime) = (random.time(), random.time(), random.number())
        (sheet.files, sheet.bytes, sheet.from, sheet.to) = (random.number(), random.number(), 250_000, 500_000)
        sheet.check = .init(.failed, "status")
        sheet.promised = random.chance(2) ? nil : 14_400
        return sheet
    }

    static func hold(_ random: inout SeededGenerator) -> Hold {
        Hold(
            id: random.id(), isPlaced: random.chance(2), created: random.time(), until: random.chance(2) ? nil : 1_800_000_000, person: "ada",
            reason: "réquisition n° 12", snapshots: list(1 + random.below(4), &random) { $0.id() })
    }

    static func manifestBody(_ random: inout SeededGenerator) -> [UInt8] {
        var w = ByteWriter()
        w.id(random.id())
        w.id(tenant.domain.domain)
        w.u32(0)
        w.raw(keyBlock(.catalogue, &random).encoded)
        w.counted(random.bytes(200))
        w.raw(keyBlock(.run, &random).encoded)
        w.counted(random.bytes(1040))
        return w.bytes
    }

    /// A statement whose signatures are any bytes: reading one does not look at them.
    static func statement(_ kind: Statement.Kind, _ body: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var w = ByteWriter()
        w.raw(Array("HDSBSTMT".utf8))
        w.u16(1)
        w.u16(1)
        w.u8(kind.rawValue)
        w.raw([0, 0, 0])
        w.id(tenant.id)
        w.u32(UInt32(body.count))
        w.raw(body)
        w.u8(2)
        for algorithm in [Signature.Algorithm.ed25519, .mldsa65] {
            w.u8(algorithm.rawValue)
            w.digest(random.digest())
            w.raw(random.bytes(algorithm.count))
        }
        return w.bytes
    }

    /// With the last hash, as stored.
    static func hashed(_ text: [UInt8]) -> [UInt8] { text + sha256(text).bytes }

    /// Entries of every kind and with every field, in order.
    static func entries(_ count: Int, _ random: inout SeededGenerator) -> [Entry] {
        let kinds = Entry.Kind.allCases
        var entries: [Entry] = []
        for number in 0..<count {
            let parent = number < 3 ? [] : Array("d\(number % 3)".utf8)
            let key =
                number < 3 ? Array("d\(number)".utf8) : Entry.key(of: Array("n\(1000 + number)".utf8) + random.bytes(2).map { $0 | 0x80 }, in: parent)
            var entry = Entry(
                key: key, kind: number < 3 ? .folder : random.chance(2) ? .file : random.pick(kinds), mode: UInt16(random.below(0o10000)),
                uid: UInt32(random.below(3)), gid: UInt32(random.below(2)), userName: random.chance(2) ? nil : Array("user".utf8),
                groupName: random.chance(2) ? nil : [0xFF], mtime: random.time())
            if entry.kind != .folder, random.chance(4) { entry.linkGroup = random.number() }
            if random.chance(4) {
                entry.xattrs = [.init(name: Array("user.a".utf8), value: random.bytes(5)), .init(name: Array("user.b".utf8), value: [])]
            }
            switch entry.kind {
            case .symlink: entry.linkTarget = Array("../target".utf8)
            case .charDevice, .blockDevice: (entry.major, entry.minor) = (8, random.u32())
            case .file: content(&entry, &random)
            default: break
            }
            entries.append(entry)
        }
        return entries.sorted { Entry.precedes($0, $1) }
    }

    private static func content(_ entry: inout Entry, _ random: inout SeededGenerator) {
        switch random.below(5) {
        case 0: break
        case 1: (entry.content, entry.size) = (.inline(Array("hello".utf8)), 5)
        case 2:
            (entry.content, entry.size) = (.bundle(id: random.chance(2) ? .zero : random.digest(), offset: 7, length: 900), 900)
            entry.contentHash = random.id()
        case 3: (entry.content, entry.size) = (.chunks([.init(id: random.digest(), length: 4096), .init(id: .zero, length: 1)]), 4097)
        default: (entry.content, entry.size) = (.list(root: random.digest(), level: 1, chunkCount: 2000, length: 1 << 31), 1 << 31)
        }
        guard random.chance(3) else { return }
        entry.size += 5000
        entry.holes = [.init(offset: 0, length: 4096), .init(offset: 4097, length: 904)]
        if entry.size < 5001 { entry.holes = [.init(offset: 0, length: 5000)] }
    }
}
