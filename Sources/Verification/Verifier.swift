import Base
import Keys
import Replication
import Repository
import Sites

/// Verifies one site: that what is there is what was stored, and that everything a snapshot needs is there.
///
/// - Every small object's checksum and signature, and the hash of every selected pack: no key.
/// - That everything is present: the catalogue key.
/// - Every blob of the selected packs, and which paths suffer from damage: the restore key.
///
/// A failure that may pass is never reported as damage. Memory: a buffer a thread, the list of packs, and in the walk
/// some 30 bytes for each blob.
package final class Verifier {
    let site: OpenSite
    let keys: KeyRing?
    let options: VerificationOptions
    private let state: ScrubState
    let progress: @Sendable (VerificationProgress) -> Void
    let isCancelled: @Sendable () -> Bool
    var report: VerificationReport
    /// Copies that are not to be counted on.
    private(set) var bad: Set<PackKey> = []

    /// `keys`: whatever is there; nil for none. `state`: when packs were read last.
    package init(
        _ site: OpenSite, keys: KeyRing?, state: ScrubState, options: VerificationOptions = VerificationOptions(),
        progress: @escaping @Sendable (VerificationProgress) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.site = site
        self.keys = keys
        self.state = state
        self.options = options
        self.progress = progress
        self.isCancelled = isCancelled
        report = VerificationReport(site: site.name)
    }

    /// Does it all, once. Throws `.key` when blobs are to be opened and no key here does, `.interrupted` when it was
    /// cancelled: what was read is kept in the state. Whatever else fails is in the report.
    package func run() throws -> VerificationReport {
        if options.opens, keys?.canOpenContent != true { throw Failure(.key, .noOpeningKey) }
        let begun = Timestamp.now().seconds
        report.snapshots = site.commits.count
        try checkObjects()
        checkWraps()
        if let packs = listPacks() {
            try scrub(packs)
            try checkPresence()
            markHealed(packs)
            // A damaged pack that was stored again under another name is nobody's copy any more.
            let superseded = Set(report.findings.filter(\.isHealed).map(\.object))
            report.coverage = state.coverage(
                packs.filter { !superseded.contains($0.key.key) }, period: options.period, now: max(begun, Timestamp.now().seconds))
        }
        for failure in site.repository.voidObjects { noteVoid(failure) }
        return report
    }

    func note(unchecked error: any Error, _ act: String) {
        report.unchecked.append((error as? Failure ?? Failure(.failed, .system(act, "\(error)"))).of(site.name))
    }

    /// Names that are none, and what opening the site passed over.
    private func noteVoid(_ failure: Failure) {
        let object = failure.object.map { String($0.dropFirst(site.name.utf8.count + 1)) } ?? site.name
        if report.findings.contains(where: { $0.object == object }) { return }
        if let finding = Finding(failure, object, site: site.name) { report.findings.append(finding) }
    }

    // MARK: objects and packs

    private func checkObjects() throws {
        var progress = VerificationProgress(site: site.name)
        try SmallObjects(site, keys: keys).check(
            isCancelled: isCancelled,
            checked: {
                progress.done += 1
                self.progress(progress)
            },
            found: { report.findings.append($0) }, unknown: { report.unchecked.append($0) })
        report.objects = progress.done
    }

    /// Whether whoever holds a recovery code finds the keys of every epoch here.
    private func checkWraps() {
        do {
            let there = try site.site.keys("keys/")
            let descriptor = site.repository.trust.descriptor
            for epoch in descriptor.epochs {
                for recipient in descriptor.recipients {
                    let key = KeyWrap.key(epoch: epoch.number, recipient: recipient.key.id)
                    if there.contains(where: { $0.hasPrefix(key + ".") }) { continue }
                    report.findings.append(Finding(.missing, key, site: site.name, Failure(.missing, .objectMissing, object: "\(site.name):\(key)")))
                }
            }
        } catch { note(unchecked: error, "list") }
    }

    private func listPacks() -> [ListedPack]? {
        var packs: [ListedPack] = []
        do {
            try site.repository.listPacks { packs.append(ListedPack(key: $0, size: $1)) }
        } catch {
            note(unchecked: error, "list")
            return nil
        }
        report.packs = packs.count
        report.packBytes = packs.reduce(0) { $0 + $1.size }
        state.keep(only: Set(packs.map(\.key)))
        return packs
    }

    private func scrub(_ packs: [ListedPack]) throws {
        let now = Timestamp.now().seconds
        let selected = state.select(packs, options.selection, period: options.period, now: now)
        var opening: PackOpening?
        if options.opens, let keys {
            do { opening = try PackOpening(site, keys: keys, packs: selected) } catch { note(unchecked: error, "open the index") }
        }
        var start = VerificationProgress(site: site.name)
        (start.phase, start.total, start.totalBytes) = (.packs, selected.count, selected.reduce(0) { $0 + $1.size })
        let tally = ScrubTally(start, state: state, opens: opening != nil, tell: progress)
        defer {
            tally.add(to: &report)
            do { try state.save() } catch { note(unchecked: error, "save") }
        }
        try PackScrubber(site, opening: opening, threads: options.threads).scrub(selected, isCancelled: isCancelled) { tally.take($0, $1, at: now) }
        bad = tally.bad
    }

    /// A damaged pack of which another whole copy is here has been repaired: nothing can overwrite the old one.
    private func markHealed(_ packs: [ListedPack]) {
        for (number, finding) in report.findings.enumerated() {
            guard finding.kind == .damaged, let pack = finding.pack else { continue }
            report.findings[number].isHealed = packs.contains {
                $0.key.digest == pack.digest && $0.key != pack && !bad.contains($0.key) && state[$0.key]?.result == .good
            }
        }
    }
}
