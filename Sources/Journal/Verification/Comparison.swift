import Base

extension LedgerReport {
    /// What a copy elsewhere says against this ledger, and what it lacks: both were verified before, each by itself.
    ///
    /// Closings alone are compared, so that a copy whose entries are sealed is as good as one in clear. What is not closed yet is not
    /// expected at a copy.
    package func compare(copy: LedgerReport) -> [LedgerFinding] {
        var findings: [LedgerFinding] = []
        for other in copy.chains {
            guard let own = chains.first(where: { $0.chain == other.chain }) else {
                if !other.closings.isEmpty { findings.append(LedgerFinding(.missingChain, other.chain)) }
                continue
            }
            findings += own.compare(copy: other)
        }
        for own in chains where !own.closings.isEmpty && !copy.chains.contains(where: { $0.chain == own.chain }) {
            findings.append(LedgerFinding(.copyBehind, own.chain, segment: own.closings.keys.min(), count: UInt64(own.closings.count)))
        }
        return findings
    }
}

extension ChainReport {
    fileprivate func compare(copy: ChainReport) -> [LedgerFinding] {
        var findings: [LedgerFinding] = []
        let shared = Set(closings.keys).intersection(copy.closings.keys).sorted()
        if let number = shared.first(where: { closings[$0] != copy.closings[$0] }) {
            findings.append(LedgerFinding(.copyDiffers, chain, segment: number, entry: closings[number]!.first))
        }
        let (last, copyLast) = (closings.keys.max(), copy.closings.keys.max())
        if let copyLast, copyLast > last ?? 0 || last == nil {
            let from = last.map { $0 + 1 } ?? copy.closings.keys.min()!
            findings.append(
                LedgerFinding(
                    .truncatedChain, chain, segment: from, entry: closedHead?.count ?? 0, count: copy.closedHead!.count &- (closedHead?.count ?? 0)))
        } else if let last, last > copyLast ?? 0 || copyLast == nil {
            let from = copyLast.map { $0 + 1 } ?? closings.keys.min()!
            findings.append(LedgerFinding(.copyBehind, chain, segment: from, count: UInt64(closings.keys.count { $0 >= from })))
        }
        let erasedHere = erased.map(\.erasure.end).max() ?? 0
        let erasedThere = copy.erased.map(\.erasure.end).max() ?? 0
        if erasedHere > erasedThere {
            findings.append(LedgerFinding(.erasedHere, chain, segment: UInt32(erasedThere), count: erasedHere - erasedThere))
        }
        return findings
    }
}
