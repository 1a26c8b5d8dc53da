import Base
import Codec

/// Looks at one segment by itself: that its entries follow from its header, one from the other, to the hash that its closing names.
struct SegmentCheck {
    struct Result {
        /// Nil where not even the header could be read.
        var header: SegmentHeader?
        /// Nil where it has none: it is open, or cut short.
        var closing: SignedClosing?
        /// Entries that follow from the header, and the link of the last.
        var count: UInt64 = 0
        var link = Digest.zero
        var earliest: Timestamp?
        var latest: Timestamp?
        /// Where a torn tail begins, and how many bytes of it there are.
        var torn: (offset: Int, count: Int)?
        /// Where the bytes stop making sense.
        var brokenAt: Int?
        var findings: [LedgerFinding] = []

        /// The first of its kind in a segment is enough.
        mutating func add(once finding: LedgerFinding) {
            if !findings.contains(where: { $0.kind == finding.kind }) { findings.append(finding) }
        }
    }

    let chain: ChainID
    let name: String
    /// Remembered heads of the chain, by their count.
    let remembered: [UInt64: LedgerHead]
    let visit: LedgerVerification.Visitor?

    func check(_ bytes: [UInt8]) throws -> Result {
        try bytes.withUnsafeBytes { bytes in
            var result = Result()
            do { result.header = try SegmentHeader(bytes) } catch let failure as Failure {
                result.findings.append(LedgerFinding(failure.kind == .format ? .newerFormat : .damagedSegment, chain, object: name))
                return result
            }
            guard result.header!.origin.id == chain else {
                result.findings.append(LedgerFinding(.foreign, chain, object: name))
                return result
            }
            try walk(bytes, &result)
            return result
        }
    }

    private func walk(_ bytes: UnsafeRawBufferPointer, _ result: inout Result) throws {
        let header = result.header!
        var walker = FrameWalker(bytes)
        result.link = walker.link
        func finding(_ kind: LedgerFinding.Kind, _ entry: UInt64?, _ count: UInt64? = nil) -> LedgerFinding {
            LedgerFinding(kind, chain, segment: header.number, entry: entry, object: ObjectName(name) == .open ? name : nil, count: count)
        }
        while true {
            let expected = header.first &+ result.count
            let at = walker.offset
            switch walker.next() {
            case .end: return
            case .torn:
                result.torn = (at, bytes.count - at)
                return
            case .broken:
                result.brokenAt = at
                result.findings.append(finding(.damagedEntries, expected))
                try findClosing(bytes, &result)
                return
            case .closing(let body, let matches):
                do {
                    guard matches else { throw Failure(.damaged, .badChecksum) }
                    result.closing = try SignedClosing(body)
                } catch let failure as Failure {
                    result.brokenAt = at
                    result.findings.append(finding(failure.kind == .format ? .newerFormat : .damagedSegment, nil))
                    return
                }
                compare(bytes, content: at, &result)
                return
            case .entry(let body, let matches):
                let entry: LedgerEntry
                do { entry = try LedgerEntry(body) } catch let failure as Failure {
                    let isNewer = matches && failure.kind == .format
                    result.findings.append(finding(isNewer ? .newerFormat : matches ? .damagedEntries : .changedEntry, expected))
                    result.brokenAt = at
                    try findClosing(bytes, &result)
                    return
                }
                guard matches, entry.sequence == expected else {
                    result.findings.append(name(entry, expected: expected, header, bytes, from: at, matches: matches))
                    result.brokenAt = at
                    try findClosing(bytes, &result)
                    return
                }
                if entry.event.personalData(in: header.origin.ledger) != nil { result.add(once: finding(.personalData, expected)) }
                if let latest = result.latest, entry.time < latest { result.add(once: finding(.clockWentBack, expected)) }
                result.count += 1
                result.link = walker.link
                result.earliest = min(result.earliest ?? entry.time, entry.time)
                result.latest = max(result.latest ?? entry.time, entry.time)
                if let head = remembered[expected &+ 1], head.hash != walker.link {
                    result.findings.append(finding(.rewrittenChain, expected))
                }
                try visit?(entry, walker.link, EntryPlace(chain: chain, origin: header.origin, segment: header.number))
            }
        }
    }

    /// What happened where `entry`, which is at `offset`, does not follow from the one before it.
    private func name(
        _ entry: LedgerEntry, expected: UInt64, _ header: SegmentHeader, _ bytes: UnsafeRawBufferPointer, from offset: Int, matches: Bool
    ) -> LedgerFinding {
        func finding(_ kind: LedgerFinding.Kind, _ count: UInt64? = nil) -> LedgerFinding {
            LedgerFinding(kind, chain, segment: header.number, entry: expected, object: ObjectName(name) == .open ? name : nil, count: count)
        }
        if entry.sequence == expected { return finding(.changedEntry) }
        let later = sequences(bytes, from: offset)
        if entry.sequence < expected {
            // An entry that was there already: doubled if the right one comes after it, or nothing more does.
            return finding(later.dropFirst().contains(where: { $0 < expected }) && !later.contains(expected) ? .reorderedEntries : .duplicatedEntry)
        }
        return later.contains(expected) ? finding(.reorderedEntries) : finding(.removedEntries, entry.sequence - expected)
    }

    /// The sequences of the frames from `offset` on, whether they follow or not.
    private func sequences(_ bytes: UnsafeRawBufferPointer, from offset: Int) -> [UInt64] {
        var list: [UInt64] = []
        var at = offset
        while let (type, length) = SegmentFrame.header(bytes, at: at), type == .entry, at + SegmentFrame.overhead + length <= bytes.count {
            var reader = ByteReader(
                UnsafeRawBufferPointer(rebasing: bytes[(at + SegmentFrame.headerCount)..<(at + SegmentFrame.headerCount + length)]))
            if let sequence = try? reader.varint() { list.append(sequence) }
            at += SegmentFrame.overhead + length
        }
        return list
    }

    /// The closing of a segment whose entries cannot be followed: it still says what was before and after.
    private func findClosing(_ bytes: UnsafeRawBufferPointer, _ result: inout Result) throws {
        result.closing = try? SignedClosing(segment: Array(bytes))
    }

    /// That the closing is of this header and these entries.
    private func compare(_ bytes: UnsafeRawBufferPointer, content end: Int, _ result: inout Result) {
        let closing = result.closing!.closing
        let header = result.header!
        if closing.origin == header.origin, closing.number == header.number, closing.count != result.count {
            let isShort = closing.count > result.count
            let count = isShort ? closing.count - result.count : result.count - closing.count
            let entry = closing.first &+ min(closing.count, result.count)
            result.findings.append(
                LedgerFinding(isShort ? .removedEntries : .addedEntries, chain, segment: header.number, entry: entry, count: count))
            return
        }
        guard closing.origin == header.origin, closing.number == header.number, closing.first == header.first,
            closing.previous == header.previous, closing.opened == header.opened, closing.count == result.count,
            closing.hash == result.link, closing.contentCount == UInt64(end),
            closing.content == sha256(UnsafeRawBufferPointer(rebasing: bytes[..<end])), closing.earliest == result.earliest,
            closing.latest == result.latest
        else {
            result.findings.append(LedgerFinding(.rewrittenEntries, chain, segment: header.number, entry: header.first, count: result.count))
            return
        }
    }
}
