import Base
import Codec
import Keys
import Repository
import Sites

/// Makes snapshots invisible at every site: first the signed record that says which and why, then the commits. Their packs stay until
/// collection finds that nobody needs them.
package struct Forgetting {
    package struct Report: Sendable {
        package var snapshots: [ShortID] = []
        /// Commits deleted, at all sites.
        package var commits = 0
        /// Commits that a lock keeps: the record alone makes them invisible.
        package var problems: [Failure] = []
        package init() {}
    }

    private let sites: [SiteRepository]
    private let signer: SigningKey
    /// Snapshots of one record, at most.
    private static let batch = 65_536
    /// Records of others that may come between.
    private static let attempts = 8

    /// `sites`: those that answer, always in the same order, since the first decides which record comes next.
    package init(_ sites: [SiteRepository], signer: SigningKey) {
        self.sites = sites
        self.signer = signer
    }

    /// Forgets `dropped`, and finishes what an earlier run began. Throws `.refused` where the sites' records differ, or the signer has no right.
    package func run(_ dropped: [ForgetRecord.Dropped]) throws -> Report {
        guard let first = sites.first else { return Report() }
        guard first.trust.actor(signer.id, .maintain, at: Timestamp.now().seconds) != nil else {
            throw Failure(.refused, .signerWithoutRight, object: first.name)
        }
        var report = Report()
        for start in stride(from: 0, to: dropped.count, by: Self.batch) {
            try append(Array(dropped[start..<min(start + Self.batch, dropped.count)]))
        }
        report.snapshots = dropped.map(\.snapshot)
        if dropped.isEmpty { try level() }
        for site in sites { try deleteCommits(site, &report) }
        return report
    }

    /// One record more, the same at every site.
    private func append(_ dropped: [ForgetRecord.Dropped]) throws {
        for _ in 0..<Self.attempts {
            let chain = try level()
            let number = try freeNumber(after: chain.last?.record.number ?? 0)
            let record = ForgetRecord(
                number: number, previous: chain.last.map { sha256($0.bytes) } ?? .zero, created: .now(), dropped: dropped)
            let bytes = try Statement.sign(.forget, tenant: sites[0].tenant, body: record.body, by: signer)
            do {
                for site in sites { try site.site.createOrConfirm(ForgetRecord.key(number), bytes) }
                Steps.mark("forget record stored")
                return
            } catch let failure as Failure where failure.kind == .exists {
                continue  // Another one came first, or rubbish lies there: look again.
            }
        }
        throw Failure(.refused, .forgetRecordsDiffer, object: sites[0].name)
    }

    /// The first number whose name is free at every site: somebody may have put rubbish there.
    private func freeNumber(after last: UInt32) throws -> UInt32 {
        let taken = try sites.reduce(into: Set<String>()) { $0.formUnion(try $1.site.keys("forget/")) }
        var number = last + 1
        while taken.contains(ForgetRecord.key(number)) { number += 1 }
        return number
    }

    /// Makes every site's chain as long as the longest; returns it.
    @discardableResult
    private func level() throws -> [(record: ForgetRecord, bytes: [UInt8])] {
        let chains = try sites.map { try $0.forgetChain() }
        let longest = chains.max { $0.count < $1.count } ?? []
        for (site, chain) in zip(sites, chains) {
            guard zip(chain, longest).allSatisfy({ $0.bytes == $1.bytes }) else { throw Failure(.refused, .forgetRecordsDiffer, object: site.name) }
            for link in longest.dropFirst(chain.count) { try site.site.createOrConfirm(ForgetRecord.key(link.record.number), link.bytes) }
        }
        return longest
    }

    private func deleteCommits(_ site: SiteRepository, _ report: inout Report) throws {
        let forgotten = try site.forgottenSnapshots()
        for key in try site.site.keys("commits/") {
            // Never a fence: it keeps its session from ever committing.
            guard let slot = CommitKey(key: key), forgotten.names(slot.snapshot), let manifest = try site.committed(slot),
                forgotten.contains(slot.snapshot, manifest)
            else { continue }
            do {
                try site.site.delete(key)
                Steps.mark("commit forgotten")
                report.commits += 1
            } catch let failure as Failure where failure.kind == .refused { report.problems.append(failure.of("\(site.name):\(key)")) }
        }
    }
}
