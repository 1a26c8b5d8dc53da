import Base
import Codec
import Journal
import Keys
import TestSupport

/// Keys that tests share: making one takes a moment.
enum TestKeys {
    static let node = key(1)
    static let other = key(2)
    static let stranger = key(3)

    private static func key(_ byte: UInt8) -> SigningKey { try! SigningKey(seed: Secret([UInt8](repeating: byte, count: 32))) }
}

extension Identity {
    static let daemon = Identity(host: "noeud-1", program: .daemon)
    static let person = Identity(
        host: "noeud-1", program: .command,
        account: Account(user: User(uid: 0, login: "root"), session: User(uid: 1007, login: "mdurand")))
}

/// A clock that goes on by so many seconds each time it is looked at.
final class TickingClock: Sendable {
    private let now: Monitor<Timestamp>
    private let step: Int64

    init(_ start: Int64 = 1_795_000_000, step: Int64 = 1) {
        now = Monitor(Timestamp(seconds: start))
        self.step = step
    }

    var read: @Sendable () -> Timestamp {
        { [self] in
            now.look { now in
                now = now.adding(seconds: step)
                return now
            }
        }
    }

    func set(_ seconds: Int64) { now.look { $0 = Timestamp(seconds: seconds) } }
    var seconds: Int64 { now.look { $0.seconds } }
}

/// A ledger in a folder of its own.
struct SampleLedger {
    let folder: TemporaryFolder
    let ledgers: LedgerFolder
    let tenant: ShortID?
    let ledger: Ledger
    let clock: TickingClock
    let writer: LedgerWriter

    /// `perSegment`: a segment closes at so many entries, of those that `event` makes.
    init(
        _ ledger: Ledger = .accesses, tenant: ShortID? = ShortID([UInt8](repeating: 7, count: 16)), key: SigningKey = TestKeys.node,
        limits: LedgerWriter.Limits = .init(), in folder: TemporaryFolder? = nil, clock: TickingClock = TickingClock()
    ) throws {
        self.folder = try folder ?? TemporaryFolder()
        self.tenant = tenant
        self.ledger = ledger
        self.clock = clock
        ledgers = LedgerFolder(self.folder.path)
        writer = try Self.writer(ledgers, tenant, ledger, key, limits, clock)
    }

    static func writer(
        _ ledgers: LedgerFolder, _ tenant: ShortID?, _ ledger: Ledger, _ key: SigningKey, _ limits: LedgerWriter.Limits = .init(),
        _ clock: TickingClock = TickingClock()
    ) throws -> LedgerWriter {
        try LedgerWriter(
            ledgers.path(tenant, ledger), tenant: tenant, ledger, key: key, identity: .daemon, limits: limits, clock: clock.read)
    }

    /// Another writer of the same ledger, as another process would have one.
    func another(key: SigningKey = TestKeys.node, limits: LedgerWriter.Limits = .init()) throws -> LedgerWriter {
        try Self.writer(ledgers, tenant, ledger, key, limits, clock)
    }

    var source: FolderLedgerSource { ledgers.source(tenant, ledger) }
    var chain: ChainID { get throws { try source.chains()[0] } }
    var chainPath: String { get throws { source.path + "/" + (try chain.hex) } }

    static func event(_ number: Int, _ ledger: Ledger = .accesses) -> LedgerEvent {
        switch ledger {
        case .operations:
            LedgerEvent(
                .backup, .done, by: .daemon, object: .init("snapshot", .id(ShortID(sha256([UInt8(truncatingIfNeeded: number)])))),
                details: ["bytes": .count(number * 1000), "source": .word("dpi")])
        case .accesses:
            LedgerEvent(
                .restore, .done, by: .person, object: .init("path", .bytes(Array("/srv/dpi/été-\(number)".utf8))), reason: "demande n° \(number)",
                details: ["snapshot": .id(ShortID(sha256([UInt8(truncatingIfNeeded: number)])))])
        }
    }

    /// So many closed segments of so many entries, and some entries that are not closed yet.
    func fill(segments: Int, of entries: Int, open: Int = 0) throws {
        var number = 0
        for _ in 0..<segments {
            for _ in 0..<entries {
                try writer.append(Self.event(number, ledger))
                number += 1
            }
            try writer.close()
        }
        for _ in 0..<open {
            try writer.append(Self.event(number, ledger))
            number += 1
        }
    }

    func verify(remembered: [LedgerHead] = [], trusted: [SigningKey] = [TestKeys.node, TestKeys.other]) throws -> LedgerReport {
        try ledgers.verify(tenant, ledger, trusted: trusted.map(\.verifying), remembered: remembered)
    }
}

extension LedgerVerification {
    static func sample(_ remembered: [LedgerHead] = [], contents: Contents = .required) -> LedgerVerification {
        LedgerVerification(trusted: [TestKeys.node.verifying, TestKeys.other.verifying], remembered: remembered, contents: contents)
    }
}

extension LedgerReport {
    /// The kinds of all violations, each once, sorted.
    var kinds: [LedgerFinding.Kind] { Set(violations.map(\.kind)).sorted { $0.rawValue < $1.rawValue } }
    var notes: [LedgerFinding.Kind] { Set(all.filter { !$0.isViolation }.map(\.kind)).sorted { $0.rawValue < $1.rawValue } }
}

extension SeededGenerator {
    mutating func anyWord() -> Word {
        let letters = Array("abcXYZ019._-")
        return Word(String((0..<(1 + below(12))).map { _ in pick(letters) }))!
    }

    mutating func value(_ isFree: Bool) -> EntryValue {
        switch below(isFree ? 7 : 5) {
        case 0: .number(Int64(bitPattern: number()) * (chance(2) ? 1 : -1))
        case 1: .word(anyWord())
        case 2: .id(id())
        case 3: .digest(digest())
        case 4: .time(time())
        case 5: .text(anyText(200))
        default: .bytes(bytes(below(60)))
        }
    }

    mutating func event(_ ledger: Ledger) -> LedgerEvent {
        let isFree = ledger == .accesses
        var event = LedgerEvent(
            LedgerEvent.Kind(rawValue: UInt8(1 + below(255))), pick(LedgerEvent.Outcome.allCases),
            by: Identity(host: anyWord(), program: pick(Identity.Program.allCases)))
        if isFree, chance(2) {
            let user = Identity.User(uid: u32(), login: anyText(60))
            event.identity = Identity(
                host: anyWord(), program: .command,
                account: .init(user: user, session: chance(2) ? Identity.User(uid: u32(), login: anyText(60)) : nil))
        }
        if chance(2) { event.object = .init(anyWord(), value(isFree)) }
        event.reason = isFree ? anyText(200) : chance(2) ? anyWord().text : ""
        for _ in 0..<below(6) { event.details[anyWord()] = value(isFree) }
        return event
    }

    mutating func entry(_ ledger: Ledger) -> LedgerEntry { LedgerEntry(sequence: number(), time: time(), event: event(ledger)) }
}
