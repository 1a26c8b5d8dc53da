import Base
import Keys
import Replication
import Repository

extension Verifier {
    /// Whether everything is there, as far as the keys show it, and who suffers from what is not.
    func checkPresence() throws {
        guard let keys, !keys.catalogueDomains.isEmpty else {
            report.notes.append(.presenceNotChecked)
            return
        }
        var presence = Presence(site, keys: keys)
        presence.readManifests(found: { merge($0) }, unknown: { report.unchecked.append($0) })
        if presence.closed > 0 { report.notes.append(.domainNotChecked(presence.closed)) }
        let copies = PackCopies([site], try Inventory.passing(), without: Set(bad.map { "\(site.name):\($0.key)" })) { report.unchecked.append($0) }
        guard !copies.sites.isEmpty else { return }
        for domain in Set(presence.roots.map(\.domain)).sorted() {
            if isCancelled() { throw Failure(.interrupted, .interrupted) }
            do {
                var silent: Failure?
                let holdings = try PackHoldings(copies, domain: domain) { silent = $0 }
                if let silent { throw silent }
                let walker = Reachability(holdings, keys: keys, threads: options.threads)
                try check(presence, walker, keys)
                try checkSegments(domain)
            } catch { note(unchecked: error, "walk") }
        }
    }

    /// Sessions that committed and some of whose packs no segment lists: that segment is gone. Snapshots are still read
    /// from the packs' own directories, but nothing there is reused.
    private func checkSegments(_ domain: ShortID) throws {
        guard let unlisted = try site.unlisted(domain) else { return }
        let committed = Set(site.commits.map(\.key.session))
        let lost = Dictionary(grouping: unlisted.packs.filter { committed.contains($0.key.session) }, by: \.key.session)
        for (session, packs) in lost.sorted(by: { $0.key < $1.key }) {
            let object = "index/" + session.text
            if report.findings.contains(where: { $0.object.hasPrefix(object + ".") && $0.kind != .void }) { continue }
            let failure = Failure(.missing, .segmentLost(packs.count), object: "\(site.name):\(object)", remedy: .replicateRepairs)
            report.findings.append(Finding(.missing, object, site: site.name, failure))
        }
    }

    /// A manifest may have been found bad as an object before: the finding that knows the snapshot stays.
    private func merge(_ finding: Finding) {
        report.findings.removeAll { $0.object == finding.object }
        report.findings.append(finding)
    }

    private func check(_ presence: Presence, _ walker: Reachability, _ keys: KeyRing) throws {
        var progress = VerificationProgress(site: site.name)
        progress.phase = .presence
        var numbers = Dictionary(report.findings.enumerated().map { ($1.object, $0) }, uniquingKeysWith: { first, _ in first })
        var lost: [Digest: Set<Int>] = [:]
        report.blobs += try presence.walk(
            walker,
            met: { blobs in
                progress.done = blobs
                self.progress(progress)
            },
            lost: { id, failure in lost[id] = [number(of: id, failure, &numbers)] })
        for (number, finding) in report.findings.enumerated() {
            if let blob = finding.blob, try walker.holdings.packs(with: blob).count == 1 { lost[blob, default: []].insert(number) }
        }
        guard !lost.isEmpty else { return }
        let impact = Impact(walker, keys: keys, lost: lost)
        try impact.climb(packs: try site.index(walker.holdings.domain).packs)
        attribute(impact, presence.roots.filter { $0.domain == walker.holdings.domain }, canName: keys.canOpenContent)
    }

    /// The number of the finding about a lost blob: the one about its pack, made here if there is none.
    private func number(of blob: Digest, _ failure: Failure, _ numbers: inout [String: Int]) -> Int {
        let prefix = site.name + ":"
        let object = failure.object.map { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 } ?? "blob \(blob.hex)"
        if let known = numbers[object] { return known }
        report.findings.append(Finding(failure, object, site: site.name) ?? Finding(.missing, object, site: site.name, failure))
        numbers[object] = report.findings.count - 1
        return report.findings.count - 1
    }

    private func attribute(_ impact: Impact, _ roots: [Presence.Root], canName: Bool) {
        if !canName { report.notes.append(.pathsNotKnown) }
        for root in roots {
            let suffered = impact.findings(below: root.page)
            for number in suffered { report.findings[number].snapshots.append(root.snapshot) }
            guard canName, !suffered.isEmpty else { continue }
            do {
                try impact.forEachPath(below: root.page) { path, numbers in
                    for number in numbers { add(path, to: number) }
                    return suffered.contains { report.findings[$0].paths.count < options.pathLimit }
                }
            } catch { note(unchecked: error, "name paths") }
        }
    }

    /// The same path in several snapshots counts once, as long as it is listed.
    private func add(_ path: [UInt8], to number: Int) {
        if report.findings[number].paths.contains(path) { return }
        report.findings[number].pathCount += 1
        if report.findings[number].paths.count < options.pathLimit { report.findings[number].paths.append(path) }
    }
}
