import Base
import Journal
import Keys
import TestSupport
import Testing

/// A ledger against its copy at a site, and against heads that others remember.
@Suite struct CopyTests {
    private func copy(_ source: MemoryLedgerSource, segments: Int, of chain: ChainID) -> MemoryLedgerSource {
        var copy = source
        copy.objects[chain] = source.objects[chain]!.filter { Int($0.key).map { $0 < segments } ?? false }
        return copy
    }

    @Test func aCopyThatIsBehindIsToldAsBehind() throws {
        let (source, chain, _) = TamperTests.good
        let own = try LedgerVerification.sample().run(source)
        for count in 0...5 {
            let copy = try LedgerVerification.sample().run(copy(source, segments: count, of: chain))
            #expect(copy.isWhole)
            let findings = own.compare(copy: copy)
            if count == 5 {
                #expect(findings == [])
            } else {
                #expect(findings == [LedgerFinding(.copyBehind, chain, segment: UInt32(count), count: UInt64(5 - count))])
                #expect(findings.allSatisfy { !$0.isViolation })
            }
        }
        #expect(own.compare(copy: LedgerReport()) == [LedgerFinding(.copyBehind, chain, segment: 0, count: 5)])
    }

    @Test func aLedgerThatIsBehindItsCopyIsTruncated() throws {
        let (source, chain, _) = TamperTests.good
        let copy = try LedgerVerification.sample().run(copy(source, segments: 5, of: chain))
        for count in 0..<5 {
            let own = try LedgerVerification.sample().run(self.copy(source, segments: count, of: chain))
            #expect(own.isWhole)
            let findings = own.compare(copy: copy)
            #expect(
                findings == [LedgerFinding(.truncatedChain, chain, segment: UInt32(count), entry: UInt64(count * 6), count: UInt64(30 - count * 6))])
        }
        #expect(try LedgerVerification.sample().run(MemoryLedgerSource()).compare(copy: copy).map(\.kind) == [.missingChain])
    }

    /// A site need not hold what it cannot read: signed closings in clear are enough to compare with.
    @Test func aCopyOfClosingsAloneIsVerified() throws {
        let (source, chain, _) = TamperTests.good
        var stubs = MemoryLedgerSource([chain: [:]])
        for number in 0..<5 {
            stubs.objects[chain]!["000000000\(number).stub"] = try SignedClosing(segment: source.objects[chain]!["000000000\(number)"]!).stub
        }
        let own = try LedgerVerification.sample().run(source)
        let copy = try LedgerVerification.sample(contents: .elsewhere).run(stubs)
        #expect(copy.isWhole && own.compare(copy: copy) == [])
        #expect(copy.chains[0].closedHead == own.chains[0].closedHead)
        // Elsewhere the same is a loss.
        #expect(try LedgerVerification.sample().run(stubs).kinds == [.erasedWithoutRecord])
        var changed = stubs
        changed.objects[chain]!["0000000002.stub"] = nil
        #expect(try LedgerVerification.sample(contents: .elsewhere).run(changed).kinds == [.missingSegment])
    }

    @Test func aRememberedHeadAtEachEntryIsReached() throws {
        let ledger = try SampleLedger()
        var heads: [LedgerHead] = []
        for number in 0..<25 {
            heads.append(try ledger.writer.append(SampleLedger.event(number)))
            if number % 7 == 6 { try ledger.writer.close() }
        }
        #expect(try ledger.verify(remembered: heads).kinds == [])
        for head in heads {
            #expect(try ledger.verify(remembered: [head]).kinds == [])
            let other = LedgerHead(chain: head.chain, count: head.count, hash: Digest(a: 1, b: 2, c: 3, d: 4))
            let report = try ledger.verify(remembered: [other])
            #expect(report.kinds == [.rewrittenChain])
            #expect(report.violations.count == 1 && report.violations[0].entry == head.count - 1)
        }
    }

    @Test func aHeadIsReadAsItWasWritten() throws {
        var random = SeededGenerator(1)
        for _ in 0..<200 {
            let head = LedgerHead(chain: random.id(), count: random.number(), hash: random.digest())
            var w = ByteWriter()
            head.write(to: &w)
            #expect(w.count == LedgerHead.byteCount)
            #expect(try w.bytes.decode { try LedgerHead(&$0) } == head)
            #expect(LedgerHead(head.text) == head)
        }
        for text in ["", "::", "a:1:b", "\(ShortID.zero.hex):01:\(Digest.zero.hex)", "\(ShortID.zero.hex):-1:\(Digest.zero.hex)"] {
            #expect(LedgerHead(text) == nil)
        }
    }

    @Test func rememberedHeadsOnlyGoForward() throws {
        var random = SeededGenerator(2)
        let folder = try TemporaryFolder()
        let path = folder.path + "/heads"
        var heads = try RememberedHeads(path: path)
        #expect(heads.all == [])
        let first = LedgerHead(chain: random.id(), count: 5, hash: random.digest())
        try heads.advance(to: first)
        try heads.advance(to: first)
        try heads.advance(to: LedgerHead(chain: random.id(), count: 1, hash: random.digest()))
        let later = LedgerHead(chain: first.chain, count: 6, hash: random.digest())
        try heads.advance(to: later)
        for bad in [first, LedgerHead(chain: first.chain, count: 6, hash: random.digest())] {
            #expect(try failureKind { try heads.advance(to: bad) } == .damaged)
        }
        try heads.store(path)
        #expect(try RememberedHeads(path: path) == heads)
        let bytes = heads.encoded
        for at in bytes.indices {
            var changed = bytes
            changed[at] ^= 4
            #expect(try failureKind { _ = try RememberedHeads(decoding: changed) } == .damaged)
            #expect(try failureKind { _ = try RememberedHeads(decoding: Array(bytes[..<at])) } == .damaged)
        }
    }
}
