import Base
import Codec
import Journal
import Keys
import Migration
import Report
import Repository
import Sovereignty

// What the journal and the records of migrations tell of the period, and the configuration of today does not.
extension FactsOfTenant {
    /// What was written down in the operations ledger of the tenant on this machine, in the period.
    private func entries(_ kinds: Set<LedgerEvent.Kind>) throws -> [LedgerEntry] {
        let trust = try JournalTrust(workspace)
        var verification = LedgerVerification(trusted: trust.keys, ledger: .operations, tenant: .some(workspace.fingerprint.tenant))
        verification.rights = trust.rights
        let folder = TenantJournal.folder(state: configuration.node.state)
        var found: [LedgerEntry] = []
        _ = try verification.run(folder.source(workspace.fingerprint.tenant, .operations)) { entry, _, _ in
            if kinds.contains(entry.event.kind), span.contains(entry.time.seconds) { found.append(entry) }
        }
        return found
    }

    // MARK: sites that were left

    /// The last decision of the period about each site that policy was asked about and that is no site of the tenant any more.
    func formerDecisions() throws -> [ReportFacts.Decision] {
        var last: [String: LedgerEntry] = [:]
        for entry in try entries([.policyDecision]) where entry.event.details["source"] == nil {
            guard let name = entry.event.object?.value.word, !tenant.sites.contains(name) else { continue }
            last[name] = entry
        }
        return last.sorted { $0.key < $1.key }.compactMap { decision($0.key, $0.value) }
    }

    private func decision(_ site: String, _ entry: LedgerEntry) -> ReportFacts.Decision? {
        let details = entry.event.details
        guard let outcome = details["outcome"]?.word.flatMap({ ReportFacts.Outcome(rawValue: $0) }), let profile = details["profile"]?.word else {
            return nil
        }
        let rules = dossier?.book.allRules ?? []
        let findings = (1...20).compactMap { Word("rule.\($0)").flatMap { details[$0]?.word } }.map { name in
            let rule = rules.first { $0.id.text == name }
            return ReportFacts.Finding(
                rule: name, clause: rule?.clause ?? "", outcome: outcome, reason: LocalText(rule?.requirement ?? Message.notKnown),
                remedy: LocalText(rule?.remedy ?? Message.notKnown))
        }
        return ReportFacts.Decision(
            tenant: tenant.name, site: site, profile: profile, on: ReportMoment(seconds: entry.time.seconds).day, outcome: outcome,
            findings: findings,
            policyHash: details["policy"]?.digest?.hex ?? "", inputsHash: details["inputs"]?.digest?.hex ?? "")
    }

    /// What the papers say of a site that is no site of the tenant any more.
    func formerSite(_ name: String) -> ReportFacts.Site {
        guard let stated = SiteID(name).flatMap({ dossier?.register.sites[$0] })?.document else {
            return ReportFacts.Site(id: name, tenants: [tenant.name])
        }
        return ReportFacts.Site(stated, tenants: [tenant.name])
    }

    // MARK: copies that were moved

    /// Migrations of the period: those with signed records, and what `evacuate` brought away, which proves no root.
    func migrations() throws -> Recorded<[ReportFacts.Migration]> {
        guard view != nil else { return .unknown }
        var found = lastRecords().map { record, _ in
            let proof = record.proof
            return ReportFacts.Migration(
                tenant: tenant.name, from: record.fromName, to: record.toName, on: ReportMoment(seconds: record.created.seconds).day,
                objects: proof?.leaves ?? 0, bytes: proof?.bytes ?? 0, rootAtSource: proof?.root.hex, rootAtTarget: proof?.root.hex)
        }
        for entry in try entries([.migration]) where entry.event.details["command"]?.word == "evacuate" && entry.event.outcome == .done {
            guard let from = entry.event.details["from"]?.word, let to = entry.event.details["to"]?.word else { continue }
            found.append(
                ReportFacts.Migration(
                    tenant: tenant.name, from: from, to: to, on: ReportMoment(seconds: entry.time.seconds).day, objects: 0, bytes: 0,
                    rootAtSource: nil, rootAtTarget: nil))
        }
        return .known(found)
    }

    /// Copies that are gone from a site, with the hash of the signed record that says so.
    func destructions() throws -> Recorded<[ReportFacts.Disposal]> {
        guard view != nil else { return .unknown }
        return .known(
            lastRecords().filter { $0.record.act == .deleted || $0.record.act == .partlyDeleted }.map { record, hash in
                let left = record.remnantCount > 0 ? " (\(Message.leftObjects(Int(clamping: record.remnantCount)).english))" : ""
                return ReportFacts.Disposal(
                    tenant: tenant.name, on: ReportMoment(seconds: record.created.seconds).day, subject: record.fromName + left, recordHash: hash)
            })
    }

    /// Of each migration away from a site the last record that was signed in the period, withdrawn ones left out, and its hash.
    private func lastRecords() -> [(record: MigrationRecord, hash: String)] {
        var last: [ShortID: (record: MigrationRecord, hash: String)] = [:]
        for site in view?.opened.sites ?? [] {
            guard let records = try? site.repository.migrations() else { continue }
            for record in records where span.contains(record.created.seconds) && record.number > last[record.migration]?.record.number ?? 0 {
                guard let bytes = try? site.site.read(record.key, limit: Statement.Kind.migration.bodyLimit + Statement.overhead) else { continue }
                last[record.migration] = (record, sha256(bytes).hex)
            }
        }
        return last.values.filter { $0.record.act != .withdrawn && $0.record.act != .leaving }.sorted {
            ($0.record.created, $0.record.migration) < ($1.record.created, $1.record.migration)
        }
    }
}

extension EntryValue {
    fileprivate var word: String? { if case .word(let word) = self { word.text } else { nil } }
    fileprivate var digest: Digest? { if case .digest(let digest) = self { digest } else { nil } }
}
