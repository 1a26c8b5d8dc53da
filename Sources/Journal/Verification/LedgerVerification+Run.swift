import Base
import Keys

extension LedgerVerification {
    /// Verifies all chains of a ledger, and how they follow one another. Public keys are enough; nothing is changed.
    ///
    /// Throws what the source throws when it cannot be read for a passing reason, and what `visit` throws; whatever is wrong
    /// with what was read is in the report.
    package func run(_ source: any LedgerSource, visit: Visitor? = nil) throws -> LedgerReport {
        let chains = try source.chains()
        let origins = try chains.reduce(into: [ChainID: ChainOrigin]()) { $0[$1] = try Self.peek($1, in: source) }
        var report = LedgerReport()
        let successions = origins.values.compactMap(\.follows)
        for chain in order(chains, origins) {
            var verifier = ChainVerifier(
                chain, in: source, self, remembered: remembered + successions, heirs: heirs(of: chain, origins), visit: visit)
            report.chains.append(try verifier.run())
        }
        follow(origins, &report)
        let known = Set(chains)
        for chain in Set(remembered.map(\.chain)).subtracting(known).sorted() { report.findings.append(LedgerFinding(.missingChain, chain)) }
        return report
    }

    /// The origin that the first readable object of a chain gives; it is believed only as far as its hash is the chain's id.
    package static func peek(_ chain: ChainID, in source: any LedgerSource) throws -> ChainOrigin? {
        for name in try source.names(chain) {
            do {
                switch ObjectName(name) {
                case .open, .segment:
                    let origin = try source.read(chain, name, limit: objectLimit).withUnsafeBytes { try SegmentHeader($0).origin }
                    if origin.id == chain { return origin }
                case .stub:
                    let origin = try SignedClosing(stub: try source.read(chain, name, limit: objectLimit)).closing.origin
                    if origin.id == chain { return origin }
                case .erasure, .own, .unknown: continue
                }
            } catch let failure as Failure where failure.kind == .damaged || failure.kind == .format || failure.kind == .missing { continue }
        }
        return nil
    }

    /// A chain after the one that it follows; else by their ids.
    private func order(_ chains: [ChainID], _ origins: [ChainID: ChainOrigin]) -> [ChainID] {
        func depth(_ chain: ChainID) -> Int {
            var (depth, at, seen) = (0, chain, Set([chain]))
            while let before = origins[at]?.follows?.chain, seen.insert(before).inserted { (depth, at) = (depth + 1, before) }
            return depth
        }
        return chains.map { ($0, depth($0)) }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
    }

    /// The writers of the chains that follow `chain`, directly or not.
    private func heirs(of chain: ChainID, _ origins: [ChainID: ChainOrigin]) -> Set<KeyID> {
        var (writers, seen, next) = (Set<KeyID>(), Set([chain]), [chain])
        while let at = next.popLast() {
            for (id, origin) in origins where origin.follows?.chain == at && seen.insert(id).inserted {
                writers.insert(origin.writer)
                next.append(id)
            }
        }
        return writers
    }

    /// One line of chains, each ending where the next begins. (That it is the same up to there, each chain's own report says.)
    private func follow(_ origins: [ChainID: ChainOrigin], _ report: inout LedgerReport) {
        let followers = Dictionary(grouping: origins.filter { $0.value.follows != nil }) { $0.value.follows!.chain }
        for (before, chains) in followers.sorted(by: { $0.key < $1.key }) {
            if chains.count > 1 { report.findings.append(LedgerFinding(.fork, before, count: UInt64(chains.count))) }
            guard let chain = report.chains.first(where: { $0.chain == before }) else {
                report.findings.append(LedgerFinding(.missingChain, before))
                continue
            }
            let end = chains.map { $0.value.follows!.count }.max()!
            if chain.count > end {
                report.findings.append(LedgerFinding(.extendedAfterEnd, before, entry: end, count: chain.count - end))
            }
        }
        let beginnings = origins.filter { $0.value.follows == nil }.keys.sorted()
        for chain in beginnings.dropFirst() { report.findings.append(LedgerFinding(.secondBeginning, chain)) }
    }
}
