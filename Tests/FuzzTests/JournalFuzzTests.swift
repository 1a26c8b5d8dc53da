import Base
import Codec
import Keys
import TestSupport
import Testing

@testable import Journal

extension FuzzTests {
    private static let journalKey: SigningKey = try! SigningKey(seed: Secret([UInt8](repeating: 9, count: 32)))

    private static func entry(_ random: inout SeededGenerator) -> LedgerEntry {
        var event = LedgerEvent(
            .restore, .done, by: Identity(host: "h", program: .command, account: .init(user: .init(uid: 1, login: "l"), session: nil)))
        event.reason = random.anyText(60)
        event.object = .init("path", .bytes(random.bytes(random.below(30))))
        event.details = [
            "a": .number(Int64(bitPattern: random.number())), "b": .id(random.id()), "c": .digest(random.digest()), "d": .time(random.time()),
        ]
        return LedgerEntry(sequence: random.number(), time: random.time(), event: event)
    }

    @Test func journalEntries() throws {
        var random = SeededGenerator(1)
        let corpus = try (0..<4).map { _ in try Self.entry(&random).encoded() }
        try Fuzzer(name: "journal entry", corpus: corpus).run { input in
            let entry = try input.withUnsafeBytes { try LedgerEntry($0) }
            guard try entry.encoded() == input else { throw Fuzzer.Broken("another spelling") }
        }
    }

    /// Headers, frames and closings: whatever the bytes, a verification returns.
    @Test func journalSegments() throws {
        let folder = try TemporaryFolder()
        let writer = try LedgerWriter(folder.path, tenant: nil, .accesses, key: Self.journalKey, identity: Identity(host: "h", program: .daemon))
        var random = SeededGenerator(2)
        for _ in 0..<3 { try writer.append(Self.entry(&random).event) }
        try writer.close()
        try writer.append(Self.entry(&random).event)
        let source = try MemoryLedgerSource(copying: FolderLedgerSource(folder.path))
        let chain = try source.chains()[0]
        let verification = LedgerVerification(trusted: [Self.journalKey.verifying])
        for name in source.objects[chain]!.keys.sorted() {
            try Fuzzer(name: "journal \(name)", corpus: [source.objects[chain]![name]!]).run(share: 0.5) { input in
                var changed = source
                changed.objects[chain]![name] = input
                let report = try verification.run(changed)
                if let finding = report.violations.first { throw Failure(.damaged, finding.message) }
            }
        }
    }

    @Test func journalErasures() throws {
        var random = SeededGenerator(3)
        let corpus = try (0..<3).map { number in
            let origin = ChainOrigin(ledger: .accesses, tenant: random.id(), writer: random.digest(), created: random.time(), nonce: random.id())
            return try Erasure(
                origin: origin, number: UInt32(number), previous: random.digest(), created: random.time(), reason: .retention, cutoff: random.time(),
                retention: 5, reference: "r", first: 3, segments: [random.digest(), random.digest()]
            ).signed(by: Self.journalKey)
        }
        try Fuzzer(name: "journal erasure", corpus: corpus).run { input in
            let erasure = try SignedErasure(input)
            guard erasure.verifies(Self.journalKey.verifying) || erasure.signer != Self.journalKey.id || !corpus.contains(input) else {
                throw Fuzzer.Broken("the signature of the corpus does not verify")
            }
        }
        // Its checksum stands before all: what is behind is tried by itself.
        try Fuzzer(name: "journal erasure, summed", corpus: corpus.map { Array($0.dropLast(32)) }).run { input in
            _ = try SignedErasure(input + sha256(input).bytes)
        }
    }

    @Test func sealedSegments() throws {
        let key = try SealingKey(seed: Secret([UInt8](repeating: 9, count: 32)))
        var random = SeededGenerator(5)
        let (tenant, chain) = (random.id(), random.id())
        let sealed = try SealedSegment(random.bytes(300), tenant: tenant, chain: chain, number: 1, epoch: 1, to: key.publicKey).encoded
        try Fuzzer(name: "sealed segment", corpus: [sealed]).run(share: 0.2) { input in
            let segment = try SealedSegment(decoding: input)
            guard segment.encoded == input else { throw Fuzzer.Broken("another spelling") }
            _ = try segment.open(tenant: tenant, chain: chain, number: 1, with: key)
        }
    }

    @Test func rememberedHeads() throws {
        var random = SeededGenerator(4)
        var heads = RememberedHeads()
        for _ in 0..<3 { try heads.advance(to: LedgerHead(chain: random.id(), count: random.number(), hash: random.digest())) }
        try Fuzzer(name: "remembered heads", corpus: [Array(heads.encoded.dropLast(32))]).run { input in
            _ = try RememberedHeads(decoding: input + sha256(input).bytes)
        }
    }
}
