import Base
import Codec
import Journal
import Keys
import TestSupport
import Testing

/// Every change of a stored chain is found, and named (docs/JOURNAL.md, 6).
@Suite struct TamperTests {
    /// Five closed segments of six entries, and three open entries.
    static let good: (source: MemoryLedgerSource, chain: ChainID, head: LedgerHead) = {
        let ledger = try! SampleLedger()
        try! ledger.fill(segments: 5, of: 6, open: 3)
        return (try! MemoryLedgerSource(copying: ledger.source), try! ledger.chain, try! ledger.writer.head()!)
    }()
    private var good: MemoryLedgerSource { Self.good.source }
    private var chain: ChainID { Self.good.chain }
    private var objects: [String: [UInt8]] { good.objects[chain]! }

    private func verify(_ objects: [String: [UInt8]], remembered: [LedgerHead] = []) throws -> LedgerReport {
        try LedgerVerification.sample(remembered).run(MemoryLedgerSource([chain: objects]))
    }

    /// The frames of a segment, in their order: entries, and the closing if it has one.
    private func frames(_ bytes: [UInt8]) -> (header: [UInt8], frames: [[UInt8]]) {
        var list: [[UInt8]] = []
        var at = 237
        while at < bytes.count {
            let length = bytes[(at + 4)..<(at + 8)].reversed().reduce(0) { $0 << 8 | Int($1) }
            list.append(Array(bytes[at..<at + 20 + length]))
            at += 20 + length
        }
        return (Array(bytes[..<237]), list)
    }

    private func changed(_ name: String, _ change: (inout [[UInt8]]) -> Void) -> [String: [UInt8]] {
        var (header, frames) = frames(objects[name]!)
        change(&frames)
        var objects = objects
        objects[name] = header + frames.flatMap { $0 }
        return objects
    }

    @Test func theGoodChainIsWhole() throws {
        let report = try verify(objects, remembered: [Self.good.head])
        #expect(report.kinds == [] && report.notes == [.unclosedTail])
        #expect(report.heads == [Self.good.head])
    }

    /// Every bit of every object: nothing that was stored can be another byte.
    @Test func eachFlippedBitIsFound() throws {
        for (name, bytes) in objects where name == "open" || name == "0000000002" {
            for at in bytes.indices {
                var changed = objects
                changed[name]![at] ^= 1 << UInt8(at % 8)
                let report = try verify(changed, remembered: [Self.good.head])
                #expect(!report.isWhole, "\(name) at \(at)")
            }
        }
    }

    @Test func eachShorterSegmentIsFound() throws {
        let bytes = objects["0000000002"]!
        for size in bytes.indices {
            var changed = objects
            changed["0000000002"] = Array(bytes[..<size])
            #expect(try !verify(changed).isWhole, "at \(size)")
        }
        // Cut between two entries: nothing is torn, and yet it is not closed.
        let (header, frames) = frames(bytes)
        var changed = objects
        changed["0000000002"] = header + frames[..<3].flatMap { $0 }
        let report = try verify(changed)
        #expect(report.kinds == [.truncatedSegment])
        #expect(report.violations[0].segment == 2 && report.violations[0].entry == 15)
    }

    @Test(arguments: 0..<6) func aRemovedEntryIsNamed(_ number: Int) throws {
        let report = try verify(changed("0000000001") { $0.remove(at: number) })
        #expect(report.kinds == [.removedEntries])
        #expect(report.violations[0].segment == 1 && report.violations[0].entry == UInt64(6 + number) && report.violations[0].count == 1)
    }

    @Test(arguments: 0..<6) func aDoubledEntryIsNamed(_ number: Int) throws {
        let report = try verify(changed("0000000001") { $0.insert($0[number], at: number + 1) })
        #expect(report.kinds == [.duplicatedEntry])
        #expect(report.violations[0].entry == UInt64(6 + number + 1))
    }

    @Test(arguments: 0..<5) func entriesThatChangedPlacesAreNamed(_ number: Int) throws {
        let report = try verify(changed("0000000001") { $0.swapAt(number, number + 1) })
        #expect(report.kinds == [.reorderedEntries])
        #expect(report.violations[0].entry == UInt64(6 + number))
    }

    @Test(arguments: 0..<6) func aChangedEntryIsNamed(_ number: Int) throws {
        let report = try verify(changed("0000000001") { $0[number][40] ^= 1 })
        #expect(report.kinds == [.changedEntry])
        #expect(report.violations[0].entry == UInt64(6 + number))
    }

    /// Somebody who knows the format, and has no key: each entry follows from the one before again.
    @Test func entriesMadeAnewAreNotTheSignedOnes() throws {
        let random = MemoryLedgerSource([chain: objects])
        var entries: [LedgerEntry] = []
        _ = try LedgerVerification.sample().run(random) { entry, _, place in if place.segment == 1 { entries.append(entry) } }
        func forged(_ entries: [LedgerEntry], closing: Bool = true) throws -> [String: [UInt8]] {
            var (header, frames) = frames(objects["0000000001"]!)
            var bytes = header
            var link = sha256(Array("hdsbackup/1 journal segment".utf8) + header)
            for entry in entries {
                let body = try entry.encoded()
                link = sha256(Array("hdsbackup/1 journal entry".utf8) + link.bytes + body)
                var w = ByteWriter()
                w.raw([1, 0, 0, 0])
                w.u32(UInt32(body.count))
                w.u32(~UInt32(body.count))
                w.raw(body)
                w.raw(link.bytes.prefix(8))
                bytes += w.bytes
            }
            if closing { bytes += frames.removeLast() }
            var objects = objects
            objects["0000000001"] = bytes
            return objects
        }
        #expect(try verify(forged(entries)).kinds == [])
        for number in entries.indices {
            var changed = entries
            var event = changed[number].event
            event.reason = "autre chose"
            changed[number] = LedgerEntry(sequence: changed[number].sequence, time: changed[number].time, event: event)
            let report = try verify(forged(changed))
            #expect(report.kinds == [.rewrittenEntries])
            #expect(report.violations[0].segment == 1)
        }
        #expect(try verify(forged(entries.dropLast())).kinds == [.removedEntries])
        let more = LedgerEntry(sequence: 12, time: entries[5].time, event: entries[5].event)
        #expect(try verify(forged(entries + [more])).kinds == [.addedEntries])
        #expect(try verify(forged(entries, closing: false)).kinds == [.truncatedSegment])
        // Personal data in the other ledger, had it been signed: the reader looks as well.
        #expect(entries[0].event.personalData(in: .operations) != nil)
    }

    // MARK: Segments

    @Test(arguments: 0..<5) func aRemovedSegmentIsNamed(_ number: Int) throws {
        var objects = objects
        objects["000000000\(number)"] = nil
        let report = try verify(objects)
        #expect(report.kinds == [.missingSegment])
        #expect(report.violations == [LedgerFinding(.missingSegment, chain, segment: UInt32(number), count: 1)])
    }

    @Test func aTailThatIsGoneIsFoundByWhoRemembersIt() throws {
        for keep in 0...5 {
            var objects = objects.filter { Int($0.key) ?? 5 < keep }
            let report = try verify(objects, remembered: [Self.good.head])
            #expect(report.kinds == [.truncatedChain], "\(keep)")
            #expect(report.violations[0].entry == UInt64(keep * 6) && report.violations[0].count == UInt64(33 - keep * 6))
            // Nobody remembers it: then nothing shows. What is signed is whole.
            objects = objects.filter { $0.key != "open" }
            #expect(try verify(objects).isWhole)
        }
        // The last open entry.
        let report = try verify(changed("open") { $0.removeLast() }, remembered: [Self.good.head])
        #expect(report.kinds == [.truncatedChain])
        #expect(report.violations[0].entry == 32)
    }

    @Test func aChainThatIsGoneIsFoundByWhoRemembersIt() throws {
        let report = try LedgerVerification.sample([Self.good.head]).run(MemoryLedgerSource())
        #expect(report.kinds == [.missingChain])
    }

    @Test func segmentsUnderEachOthersNamesAreNamed() throws {
        var objects = objects
        let first = objects["0000000001"]
        objects["0000000001"] = objects["0000000003"]
        objects["0000000003"] = first
        let report = try verify(objects)
        #expect(report.kinds == [.misplacedSegment])
        #expect(Set(report.violations.map(\.segment)) == [1, 3])
    }

    @Test func aSegmentThatIsThereTwiceIsNamed() throws {
        var objects = objects
        objects["0000000001.1"] = objects["0000000001"]
        #expect(try verify(objects).kinds == [.duplicatedSegment])
        objects["0000000001.1"] = nil
        objects["0000000005"] = objects["0000000004"]
        objects["open"] = nil
        #expect(try verify(objects).kinds == [.duplicatedSegment, .misplacedSegment])
    }

    /// The same key closed two segments of one number: a node that was cloned, or a key that was stolen.
    @Test func aForkIsNamed() throws {
        let ledger = try SampleLedger()
        try ledger.fill(segments: 1, of: 2)
        let before = try MemoryLedgerSource(copying: ledger.source)
        let chain = try ledger.chain
        try ledger.writer.append(SampleLedger.event(10))
        try ledger.writer.close()
        var objects = try MemoryLedgerSource(copying: ledger.source).objects[chain]!
        let twin = try SampleLedger()
        try twin.writer.append(SampleLedger.event(0))
        try TemporaryFolder.remove(RawName(twin.source.path))
        for (name, bytes) in before.objects[chain]! {
            try Files.makeFolder(twin.source.path + "/" + chain.hex)
            try Files.replace(twin.source.path + "/\(chain.hex)/\(name)", bytes)
        }
        try twin.another().append(SampleLedger.event(11))
        try twin.another().close()
        let other = try MemoryLedgerSource(copying: twin.source)
        objects["0000000001.1"] = other.objects[chain]!["0000000001"]
        let report = try LedgerVerification.sample().run(MemoryLedgerSource([chain: objects]))
        #expect(report.kinds == [.fork])
        #expect(report.violations[0].segment == 1)
        // Each alone is whole, and the other is what it is not.
        let own = try LedgerVerification.sample().run(try MemoryLedgerSource(copying: ledger.source))
        let its = try LedgerVerification.sample().run(other)
        #expect(own.isWhole && its.isWhole)
        #expect(own.compare(copy: its).map(\.kind) == [.copyDiffers])
        #expect(try LedgerVerification.sample(its.heads).run(try MemoryLedgerSource(copying: ledger.source)).kinds == [.rewrittenChain])
    }

    @Test func aSegmentOfAnotherChainIsForeign() throws {
        let other = try SampleLedger(tenant: ShortID([UInt8](repeating: 8, count: 16)))
        try other.fill(segments: 2, of: 2)
        let foreign = try MemoryLedgerSource(copying: other.source).objects[try other.chain]!
        var objects = objects
        objects["0000000001"] = foreign["0000000001"]
        #expect(try verify(objects).kinds == [.foreign])
        // A chain of another tenant where one's own was asked for.
        var verification = LedgerVerification.sample()
        verification.tenant = .some(ShortID([UInt8](repeating: 7, count: 16)))
        #expect(try verification.run(good).isWhole)
        #expect(try verification.run(try MemoryLedgerSource(copying: other.source)).kinds == [.foreign])
        verification.tenant = .some(nil)
        #expect(try verification.run(good).kinds == [.foreign])
        verification.tenant = nil
        verification.ledger = .operations
        #expect(try verification.run(good).kinds == [.foreign])
    }

    @Test func whatIsNoPartOfAJournalIsNamed() throws {
        for name in ["notes.txt", "0000000001.0", "000000001", "00000000001", "0000000001.256", "0000000001.stub2", "erasure-1"] {
            var objects = objects
            objects[name] = [1]
            #expect(try verify(objects).kinds == [.strangeObject], "\(name)")
        }
    }

    @Test func aNewerFormatIsNoDamage() throws {
        var objects = objects
        objects["0000000002"]![8] = 2
        let report = try verify(objects)
        #expect(report.kinds == [.newerFormat] && report.exitStatus == .format)
    }

    // MARK: Signatures

    @Test func aKeyThatIsNotTrustedIsNamed() throws {
        let report = try LedgerVerification(trusted: [TestKeys.other.verifying]).run(good)
        #expect(report.kinds == [.unknownWriter])
        #expect(try LedgerVerification(trusted: []).run(good).kinds == [.unknownWriter])
    }

    @Test func whatAKeySignedOutsideItsTimeIsVoid() throws {
        let closed = try LedgerVerification.sample().run(good).chains[0].closings.mapValues(\.closed)
        var verification = LedgerVerification.sample()
        verification.rights[TestKeys.node.id] = .init(from: closed[0]!, until: nil)
        #expect(try verification.run(good).isWhole)
        verification.rights[TestKeys.node.id] = .init(from: closed[0]!, until: closed[2]!)
        let report = try verification.run(good)
        #expect(report.kinds == [.wrongSigner] && report.violations.map(\.segment) == [3, 4])
        #expect(report.chains[0].closedHead?.count == 18)
    }

    @Test func aWrongSignatureIsNamed() throws {
        // The signature is at the end: 64 bytes before the check of the frame, which an attacker would make right.
        var (header, frames) = frames(objects["0000000002"]!)
        var last = frames.removeLast()
        last[last.count - 30] ^= 1
        let body = Array(last[12..<(last.count - 8)])
        last.replaceSubrange((last.count - 8)..., with: sha256(body).bytes.prefix(8))
        header += frames.flatMap { $0 } + last
        var objects = objects
        objects["0000000002"] = header
        let report = try verify(objects)
        #expect(report.kinds == [.badSignature] && report.violations[0].segment == 2)
        // The signer's id of another trusted key.
        last[last.count - 8 - 64 - 32] ^= 1
        last.replaceSubrange((last.count - 8)..., with: sha256(Array(last[12..<(last.count - 8)])).bytes.prefix(8))
        objects["0000000002"] = self.frames(self.objects["0000000002"]!).header + frames.flatMap { $0 } + last
        #expect(try verify(objects).kinds == [.wrongSigner])
    }

    @Test func theOperationsLedgerNeedsBothSignatures() throws {
        let ledger = try SampleLedger(.operations)
        try ledger.fill(segments: 2, of: 2)
        let chain = try ledger.chain
        let source = try MemoryLedgerSource(copying: ledger.source)
        #expect(try LedgerVerification.sample().run(source).isWhole)
        let bytes = source.objects[chain]!["0000000001"]!
        // ML-DSA's signature is the last 3309 bytes before the check, Ed25519's is before it.
        for back in [3400, 100] {
            var changed = source
            var copy = bytes
            copy[copy.count - back] ^= 1
            changed.objects[chain]!["0000000001"] = recheck(copy)
            #expect(try LedgerVerification.sample().run(changed).kinds == [.badSignature], "\(back)")
        }
    }

    /// The same bytes with the check of their last frame made right.
    private func recheck(_ bytes: [UInt8]) -> [UInt8] {
        var (header, frames) = frames(bytes)
        var last = frames.removeLast()
        last.replaceSubrange((last.count - 8)..., with: sha256(Array(last[12..<(last.count - 8)])).bytes.prefix(8))
        header += frames.flatMap { $0 } + last
        return header
    }

    // MARK: Chains that follow one another

    @Test func aChainGoesOnOnlyWhereTheNextBegan() throws {
        let ledger = try SampleLedger()
        try ledger.fill(segments: 2, of: 2, open: 1)
        let first = try ledger.chain
        try ledger.another(key: TestKeys.other).append(SampleLedger.event(9))
        let whole = try MemoryLedgerSource(copying: ledger.source)
        #expect(try LedgerVerification.sample().run(whole).isWhole)

        // The old key goes on with the old chain: somebody has it who should not.
        try TemporaryFolder.remove(RawName(ledger.source.path + "/" + whole.objects.keys.first { $0 != first }!.hex))
        try ledger.another().append(SampleLedger.event(10))
        var extended = whole
        extended.objects[first] = try MemoryLedgerSource(copying: ledger.source).objects[first]
        #expect(try LedgerVerification.sample().run(extended).kinds == [.extendedAfterEnd])

        // The old chain shortened, changed, gone.
        var shorter = whole
        shorter.objects[first]!["open"] = nil
        #expect(try LedgerVerification.sample().run(shorter).kinds == [.truncatedChain])
        var gone = whole
        gone.objects[first] = nil
        #expect(try LedgerVerification.sample().run(gone).kinds == [.missingChain])

        // A chain that follows nothing, beside it.
        var second = whole
        second.objects[chain] = objects
        #expect(try LedgerVerification.sample().run(second).kinds == [.secondBeginning])
    }

    // MARK: At random

    /// Any change to any object is found by who remembers the head, and nothing traps.
    @Test func randomChangesAreFound() throws {
        let erased = try ErasureTests.erased()
        for (source, head, rounds) in [(good, Self.good.head, 3000), (erased.source, erased.head, 2000)] {
            let chain = source.objects.keys.first!
            let names = source.objects[chain]!.keys.sorted()
            for seed in 0..<rounds {
                var random = SeededGenerator(UInt64(seed))
                var mutation = Mutation(seed: UInt64(seed))
                var changed = source
                let name = random.pick(names)
                changed.objects[chain]![name] = mutation.apply(source.objects[chain]![name]!)
                guard changed.objects[chain]! != source.objects[chain]! else { continue }
                let report = try LedgerVerification.sample([head]).run(changed)
                // The open segment's end may look torn: then the head that is remembered is not reached.
                #expect(!report.isWhole, "seed \(seed), \(name)")
            }
        }
    }
}
