import Base

// Each object was looked at by itself; here, how they follow one another.
extension ChainVerifier {
    /// Erasures follow one another, begin where the one before ended, and say nothing of what was not yet old enough.
    mutating func followErasures() {
        var (number, previous, from): (UInt32, Digest, UInt64) = (0, .zero, 0)
        for erasure in erasures.sorted(by: { $0.number < $1.number }) {
            if erasure.number != number || erasure.previous != previous || UInt64(erasure.first) != from {
                find(.brokenErasure, segment: erasure.first, object: ObjectName.erasureName(erasure.number))
            }
            let allowed = erasure.created.adding(seconds: -Int64(clamping: erasure.retention))
            if erasure.cutoff > erasure.created || (erasure.reason == .retention && erasure.cutoff > allowed) {
                find(.erasedTooEarly, segment: erasure.first, object: ObjectName.erasureName(erasure.number))
            }
            (number, previous, from) = (erasure.number &+ 1, erasure.digest, erasure.end)
            report.erased.append(ErasedRange(segments: erasure.first..<UInt32(erasure.end), erasure: erasure))
        }
    }

    /// What an erasure says of a segment.
    private func erasure(of number: UInt32) -> (Erasure, closing: Digest)? {
        for range in report.erased where range.segments.contains(number) {
            return (range.erasure, range.erasure.segments[Int(number - range.erasure.first)])
        }
        return nil
    }

    // MARK: How segments follow

    mutating func followClosings() {
        // The digest and the end of the closing before, where they are known.
        var before: (digest: Digest, end: UInt64?)? = (.zero, 0)
        // Over what is there, not over numbers: a forged number makes one hole, however wide.
        let numbers = (Set(slots.keys).union(report.erased.flatMap { Array($0.segments) })).sorted()
        var expected: UInt32 = 0
        for number in numbers {
            if number > expected {
                find(.missingSegment, segment: expected, count: UInt64(number - expected))
                before = nil
            }
            expected = number &+ 1
            before = follow(number, slots[number] ?? Slot(), before)
        }
        report.closedHead = report.closings.keys.max().flatMap { report.closings[$0]?.head }
        report.head = report.closedHead
        report.count = report.closedHead?.count ?? 0
    }

    /// Takes the closing of a number, and says what the next one must name.
    private mutating func follow(_ number: UInt32, _ slot: Slot, _ before: (digest: Digest, end: UInt64?)?) -> (digest: Digest, end: UInt64?)? {
        let erased = erasure(of: number)
        guard var chosen = slot.closings.first else {
            if !slot.isTaken { find(.missingSegment, segment: number, count: 1) }
            return erased.map { ($0.closing, nil) }
        }
        if slot.closings.count > 1 {
            find(.fork, segment: number, object: slot.names.joined(separator: " "))
            if let before, let fitting = slot.closings.first(where: { $0.closing.previous == before.digest }) { chosen = fitting }
        }
        let closing = chosen.closing
        report.closings[number] = closing
        if let before, closing.previous != before.digest || (before.end ?? closing.first) != closing.first { find(.brokenChain, segment: number) }
        judgeErasure(closing, hasContent: chosen.hasContent, erased)
        return (closing.digest, closing.end)
    }

    private mutating func judgeErasure(_ closing: Closing, hasContent: Bool, _ erased: (Erasure, closing: Digest)?) {
        guard let (erasure, digest) = erased else {
            if !hasContent, verification.contents == .required { find(.erasedWithoutRecord, segment: closing.number) }
            return
        }
        if digest != closing.digest { return find(.brokenErasure, segment: closing.number) }
        if hasContent { find(.notErased, segment: closing.number) }
        if closing.latest >= erasure.cutoff { find(.erasedTooEarly, segment: closing.number) }
    }

    mutating func followOpen() {
        guard let open, let header = open.header else { return }
        let last = report.closings.keys.max()
        let lastTaken = slots.keys.max()
        if let torn = open.torn { find(.tornTail, segment: header.number, entry: header.first &+ open.count, count: UInt64(torn.count)) }
        let expected = lastTaken.map { $0 &+ 1 } ?? UInt32(clamping: report.erased.map(\.erasure.end).max() ?? 0)
        if header.number > expected {
            find(.missingSegment, segment: expected, count: UInt64(header.number - expected))
        } else if header.number < expected {
            find(.fork, segment: header.number, object: ObjectName.openName)
        } else if let last, last &+ 1 == header.number {
            let closing = report.closings[last]!
            if header.previous != closing.digest || header.first != closing.end {
                find(.brokenChain, segment: header.number, object: ObjectName.openName)
            }
        } else if header.number == 0, header.previous != .zero || header.first != 0 {
            find(.brokenChain, segment: 0, object: ObjectName.openName)
        }
        guard open.count > 0 else {
            // A segment begins with its first entry, in one act.
            if open.findings.isEmpty { find(.truncatedSegment, segment: header.number, entry: header.first, object: ObjectName.openName) }
            return
        }
        find(.unclosedTail, segment: header.number, entry: header.first, count: open.count)
        report.count = header.first &+ open.count
        report.head = LedgerHead(chain: report.chain, count: report.count, hash: open.link)
    }

    // MARK: What others remember

    /// A head that lies inside a segment that was read was compared there.
    mutating func recall() {
        for head in remembered.values.sorted(by: { $0.count < $1.count }) where head.count > 0 {
            if head.count > report.count {
                find(.truncatedChain, entry: report.count, count: head.count - report.count)
                continue
            }
            if let open, let header = open.header, head.count > header.first { continue }
            guard let closing = report.closings.values.first(where: { $0.first < head.count && head.count <= $0.end }) else {
                find(.unverifiableHead, entry: head.count - 1)
                continue
            }
            if head.count == closing.end {
                if head.hash != closing.hash, !report.findings.contains(where: { $0.kind == .rewrittenChain && $0.entry == head.count - 1 }) {
                    find(.rewrittenChain, segment: closing.number, entry: head.count - 1)
                }
            } else if !(slots[closing.number]?.closings.contains { $0.closing == closing && $0.hasContent } ?? false) {
                find(.unverifiableHead, segment: closing.number, entry: head.count - 1)
            }
        }
    }
}
