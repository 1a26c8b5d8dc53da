import Base
import Codec
import Journal
import Keys
import Report
import Repository
import Verification

// Integrity, keys, ledgers, ends of data.
extension FactsOfTenant {
    // MARK: integrity

    /// Unknown where this machine verifies nothing of the tenant, and where nothing is known of one of its sites: a list that lacks one says less
    /// than none.
    func verifications() throws -> Recorded<[ReportFacts.Verification]> {
        let last = try history.facts(FactKind.verify, VerifyFact.self).filter { $0.tenant == tenant.name && $0.time < span.upperBound }
        let runs = try history.facts(FactKind.verifyRun, VerifyFigures.self).filter { $0.tenant == tenant.name && span.contains($0.time) }
        guard !last.isEmpty else { return .unknown }
        let found = try tenant.sites.compactMap { site in
            try verification(site, last.first { $0.subject == site }, runs.filter { $0.subject == "\(site)@\($0.time)" }.map(\.value))
        }
        return found.count == tenant.sites.count ? .known(found) : .unknown
    }

    /// Unknown where a site of the tenant has no ledger here: a list that lacks one says less than none.
    func transfers() throws -> Recorded<[ReportFacts.Transfer]> {
        let number = UInt32(period.month.filter(\.isNumber)) ?? 0
        var all: [ReportFacts.Transfer] = []
        for place in try configuration.sites(of: tenant) {
            let site = place.name
            guard let book = try workspace.transfers.ledger(place, id: workspace.siteID(site)).book() else { return .unknown }
            let past = book.cells.filter { $0.key.month.number <= number }
            for (country, cells) in Dictionary(grouping: past, by: \.key.place.country).sorted(by: { $0.key < $1.key }) {
                let month = cells.filter { $0.key.month.number == number }.map(\.value).reduce(TransferSums(), +)
                all.append(
                    ReportFacts.Transfer(
                        tenant: tenant.name, site: site, country: country, writtenBytes: month.written.bytes,
                        deletedBytes: month.deleted.bytes &+ month.gone.bytes, storedBytes: cells.map(\.value).reduce(TransferSums(), +).balance.bytes
                    ))
            }
        }
        return .known(all)
    }

    private func verification(
        _ site: String, _ last: (tenant: String, subject: String, time: Int64, value: VerifyFact)?, _ runs: [VerifyFigures]
    ) throws -> ReportFacts.Verification? {
        let period = tenant.policy.scrub.map { Int64(seconds($0)) } ?? 30 * 86_400
        var state: (coverage: Coverage, bytes: Int, damaged: Int)?
        if isCurrent, let opened = view?.opened.sites.first(where: { $0.name == site }) {
            var packs: [ListedPack] = []
            try opened.repository.listPacks { packs.append(ListedPack(key: $0, size: $1)) }
            let scrub = ScrubState(workspace.state, site: opened.repository.id)
            state = (scrub.coverage(packs, period: period, now: now.seconds), packs.reduce(0) { $0 + $1.size }, scrub.damaged.count)
        }
        guard last != nil || state != nil else { return nil }
        var fact = ReportFacts.Verification(
            tenant: tenant.name, site: site, packs: state?.coverage.packs ?? last?.value.packs ?? 0,
            packBytes: state.map { UInt64($0.bytes) } ?? last?.value.packBytes ?? 0, bytesRead: runs.reduce(0) { $0 + $1.bytesRead },
            faults: runs.reduce(0) { $0 + $1.faults }, repaired: runs.reduce(0) { $0 + $1.healed },
            outstanding: max(last?.value.damaged ?? 0, state?.damaged ?? 0), scrubDays: Int(period / 86_400))
        guard let last else { return fact }
        fact.coverage = .known(state?.coverage.share ?? last.value.coverage)
        fact.lastRead = .known(ReportMoment(seconds: last.time))
        return fact
    }

    // MARK: cryptography

    /// Suite 1 (docs/FORMAT.md, 10.1), and the keys that the tenant's descriptors name. Other limits of keys than the format's are recorded nowhere.
    func cryptography() throws -> ReportFacts.Cryptography {
        var cryptography = ReportFacts.Cryptography()
        cryptography.algorithms = .known([
            .init(use: "sealing", name: "AES-256-GCM"),
            .init(use: "wrapping", name: "HPKE (RFC 9180), X-Wing (X25519, ML-KEM-768), HKDF-SHA256, AES-256-GCM"),
            .init(use: "signing", name: "Ed25519, ML-DSA-65"), .init(use: "hashing", name: "SHA-256"),
            .init(use: "derivation", name: "HKDF-SHA256, scrypt"),
        ])
        cryptography.isPostQuantum = .known(true)
        let objects = try workspace.keys.publicObjects().filter { $0.key.hasPrefix("descriptor/") }.sorted { $0.key < $1.key }
        guard !objects.isEmpty else { return cryptography }
        let chain = try Trust(
            fingerprint: workspace.fingerprint, candidates: objects.map { .init(name: $0.key, bytes: $0.value) }
        ).chain
        cryptography.keys = .known(keys(chain))
        cryptography.rotations = .known(
            zip(chain, chain.dropFirst()).filter { $0.epochs != $1.epochs }.map {
                ReportFacts.Rotation(tenant: tenant.name, on: ReportMoment(seconds: $1.created).day, act: "rotate")
            })
        return cryptography
    }

    private func keys(_ chain: [Descriptor]) -> [ReportFacts.Key] {
        var keys: [ReportFacts.Key] = []
        func add(_ id: String, _ role: String, _ algorithm: String, _ created: Int64) {
            guard !keys.contains(where: { $0.id == id && $0.role == role }) else { return }
            keys.append(
                ReportFacts.Key(
                    id: id, tenant: tenant.name, role: role, algorithm: algorithm, createdOn: ReportMoment(seconds: created).day))
        }
        let end = Int64(period.asOf.day.number) * 86_400
        for descriptor in chain {
            add(descriptor.authority.id.hex, "authority", "Ed25519, ML-DSA-65", descriptor.created)
            for actor in descriptor.actors where actor.until == 0 || actor.until > end {
                add(actor.key.id.hex, "\(actor.role)", "Ed25519, ML-DSA-65", actor.from)
            }
            for epoch in descriptor.epochs { add(epoch.key.id.hex, "restore", "X-Wing", descriptor.created) }
            for recipient in descriptor.recipients { add(recipient.key.id.hex, "recovery", "X-Wing", descriptor.created) }
        }
        return keys
    }

    // MARK: the journal

    /// Days that stand for "never erased", as for retention without an end.
    private static let unlimitedDays = 36_500

    /// Verified for this report. As of an earlier day, unknown: heads are those of now.
    func journal() throws -> Recorded<ReportFacts.Journal> {
        guard isCurrent else { return .unknown }
        let results = try JournalCheck.tenant(workspace, site: nil, trust: nil, remembered: [])
        var sent: [(site: String, reach: SentJournal)] = []
        for site in tenant.sites {
            if let reach = try SentJournal(path: JournalCopies.sentPath(workspace, site)) { sent.append((site, reach)) }
        }
        let chains = results.flatMap { result in
            result.report.chains.map { chain in
                var fact = ReportFacts.Chain(ledger: result.name, id: chain.chain.hex, tenant: tenant.name, entries: chain.count)
                fact.head = Recorded(chain.head?.text)
                fact.verifiedOn = .known(ReportMoment(seconds: now.seconds).day)
                fact.isWhole = .known(chain.isWhole)
                fact.retentionDays = .known(
                    result.name == Ledger.accesses.word ? Int(configuration.journal.accesses.components.seconds / 86_400) : Self.unlimitedDays)
                if let last = chain.closings.keys.max() {
                    let digits = String(last)
                    let name = String(repeating: "0", count: max(0, 10 - digits.count)) + digits
                    fact.copies = .known(sent.filter { $0.reach.covers(chain.chain, name) }.map(\.site))
                }
                return fact
            }
        }
        guard !chains.isEmpty else { return .unknown }
        var journal = ReportFacts.Journal()
        journal.chains = .known(chains)
        return .known(journal)
    }

    // MARK: ends of data

    mutating func retention() -> ReportFacts.Retention {
        var retention = ReportFacts.Retention()
        retention.holds = find { try $0.holds() }
        retention.migrations = find { try $0.migrations() }
        retention.destructions = find { try $0.destructions() }
        retention.applied = find { facts in
            try facts.runs(.retention, FactKind.retentionRun, RetentionFigures.self) { _, time, figures in
                ReportFacts.RetentionRun(
                    tenant: facts.tenant.name, at: ReportMoment(seconds: time), kept: figures.kept, forgotten: figures.forgotten)
            }
        }
        retention.collections = find { facts in
            try facts.runs(.collect, FactKind.collectRun, CollectFigures.self) { site, time, figures in
                ReportFacts.Collection(
                    tenant: facts.tenant.name, site: site, at: ReportMoment(seconds: time), condemned: figures.condemned,
                    deleted: figures.deleted, freedBytes: figures.freedBytes)
            }
        }
        return retention
    }

    /// Figures of the runs of the period. Unknown on a machine that maintains nothing, and where a run left no figures.
    private func runs<Figures: Decodable, Fact>(
        _ kind: TaskName.Kind, _ name: String, _ type: Figures.Type, _ fact: (String, Int64, Figures) -> Fact
    ) throws -> Recorded<[Fact]> {
        guard workspace.keys.present().contains("maintain"), let first = try history.firstRun(), first < span.upperBound else { return .unknown }
        let figures = try history.facts(name, type).filter { $0.tenant == tenant.name && span.contains($0.time) }
        let done = try history.runs(of: TaskName(kind, tenant.name), within: span).filter { $0.exit == .done || $0.exit == .partial }
        let times = Set(figures.map(\.time))
        guard done.count <= times.count else { return .unknown }
        return .known(
            figures.sorted { ($0.time, $0.subject) < ($1.time, $1.subject) }.map { fact(String($0.subject.prefix { $0 != "@" }), $0.time, $0.value) })
    }

    /// Those in force. As of an earlier day, unknown.
    private func holds() throws -> Recorded<[ReportFacts.Hold]> {
        guard isCurrent, let view, !view.ring.catalogueDomains.isEmpty else { return .unknown }
        return .known(
            try HoldOperation.active(view, now: now).map { hold in
                let sources = Set(view.snapshots.filter { hold.snapshots.contains($0.id) }.map(view.sourceName)).sorted()
                return ReportFacts.Hold(
                    tenant: tenant.name, source: sources.joined(separator: ", "), by: hold.person,
                    since: ReportMoment(seconds: hold.created.seconds).day, until: hold.until.map { ReportMoment(seconds: $0).day },
                    reason: hold.reason)
            })
    }
}
