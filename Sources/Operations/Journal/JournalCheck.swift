import Base
import Glibc
import Journal
import Keys
import Repository

/// `hdsbackup journal verify`: the ledgers of a tenant on this machine, or those in a folder.
package struct JournalCheck: Sendable {
    /// One ledger's report, with what a comparison added.
    package struct Result: Sendable {
        /// Such as `operations`; the place before it where there are several.
        package let name: String
        package let report: LedgerReport
        /// Against the copy at a site.
        package var compared: [LedgerFinding] = []
        /// Findings in the copy itself.
        package var copy: [LedgerFinding] = []

        package var findings: [LedgerFinding] { report.all + compared + copy }
        package var violations: [LedgerFinding] { findings.filter(\.isViolation) }
        package var entries: UInt64 { report.chains.reduce(0) { $0 + $1.count } }
        package var unsigned: UInt64 { report.chains.reduce(0) { $0 + $1.count - min($1.count, $1.closedHead?.count ?? 0) } }

        package var exitStatus: ExitStatus {
            if violations.isEmpty { return .done }
            return violations.allSatisfy { $0.kind == .newerFormat } ? .format : .damaged
        }
    }

    /// Those of a tenant on this machine, against what this machine remembers and, where `site` names one, against its copy. What is found whole
    /// is remembered.
    package static func tenant(
        _ workspace: Workspace, site: String?, trust given: JournalTrust?, remembered: [LedgerHead]
    ) throws -> [Result] {
        let trust = try given ?? JournalTrust(workspace)
        guard !trust.keys.isEmpty else { throw Failure(.usage, .journalKeysNeeded, object: workspace.tenant.name, remedy: .journalKeysRemedy) }
        return try check(
            workspace.configuration.node.state, workspace.fingerprint.tenant, trust, memory: workspace.state.folder + "/journal-heads", remembered
        ) { result, ledger in
            if let site { try compare(&result, ledger, with: site, workspace, trust) }
        }
    }

    /// Those of what is of no tenant, which the machine's own key signs; none where there are none.
    package static func node(_ state: String) throws -> [Result] {
        var trust = JournalTrust()
        guard let own = try MachineKey.read(state: state), !(try Files.names(TenantJournal.folder(state: state).path(nil, .operations)).isEmpty)
        else {
            return []
        }
        trust.keys = [own.verifying]
        return try check(state, nil, trust, memory: state + "/journal-heads", []) { _, _ in }
    }

    private static func check(
        _ state: String, _ tenant: ShortID?, _ trust: JournalTrust, memory: String, _ remembered: [LedgerHead],
        compare: (inout Result, Ledger) throws -> Void
    ) throws -> [Result] {
        let folder = TenantJournal.folder(state: state)
        var heads = try RememberedHeads(path: memory)
        var results: [Result] = []
        for ledger in Ledger.allCases {
            let known = try Self.heads(heads.all + remembered, of: ledger, in: folder, tenant)
            var result = Result(
                name: ledger.word, report: try folder.verify(tenant, ledger, trusted: trust.keys, rights: trust.rights, remembered: known))
            try compare(&result, ledger)
            results.append(result)
        }
        if results.allSatisfy(\.violations.isEmpty) {
            for head in results.flatMap(\.report.heads) { try heads.advance(to: head) }
            try heads.store(memory)
        }
        return results
    }

    /// The heads that concern a ledger: those of its chains, and, for the operations ledger, those of chains that are in none.
    private static func heads(_ all: [LedgerHead], of ledger: Ledger, in folder: LedgerFolder, _ tenant: ShortID?) throws -> [LedgerHead] {
        let other: Ledger = ledger == .operations ? .accesses : .operations
        let own = Set(try folder.source(tenant, ledger).chains())
        let others = Set(try folder.source(tenant, other).chains())
        return all.filter { own.contains($0.chain) || (ledger == .operations && !others.contains($0.chain)) }
    }

    private static func compare(
        _ result: inout Result, _ ledger: Ledger, with name: String, _ workspace: Workspace, _ trust: JournalTrust
    ) throws {
        let site = try workspace.configuration.sites(of: workspace.tenant, named: name)[0]
        let repository = try workspace.repository(site, as: JournalCopies.access(workspace.keys))
        let tenant = workspace.fingerprint.tenant
        // Other machines of the tenant have chains there too: this machine answers for those that it has, and for those of its keys.
        let own = Set(result.report.chains.map(\.chain))
        let signers = Set(try workspace.keys.ownSigners(state: workspace.configuration.node.state))
        // What lies under the name of an own chain is looked at whatever it says of itself: it may be another's, or damaged.
        let source = try SiteLedgerSource(repository.site) { chain, origin in
            if own.contains(chain) { return true }
            guard let origin, origin.ledger == ledger, origin.tenant == tenant else { return false }
            return signers.contains(origin.writer)
        }
        var trust = trust
        trust.add(repository.trust)
        var verification = LedgerVerification(trusted: trust.keys, contents: .elsewhere, ledger: ledger, tenant: .some(tenant))
        verification.rights = trust.rights
        let copy = try verification.run(source)
        result.copy = copy.violations
        result.compared = result.report.compare(copy: copy)
    }

    // MARK: a folder

    /// Those in a folder: an export (`operations`, `accesses`), or chains. `trust`: public keys from elsewhere; nothing else is needed, no
    /// configuration and no site.
    package static func folder(_ path: String, trust: JournalTrust, remembered: [LedgerHead]) throws -> [Result] {
        let names = try Files.names(path)
        let parts = Ledger.allCases.filter { names.contains($0.word) }
        if parts.isEmpty {
            let source = FolderLedgerSource(path)
            guard try !source.chains().isEmpty else { throw Failure(.usage, .journalNoLedger, object: path) }
            return [Result(name: path, report: try verification(trust, nil, remembered).run(source))]
        }
        return try parts.map { ledger in
            let source = FolderLedgerSource(path + "/" + ledger.word)
            let own = Set(try source.chains())
            let known = remembered.filter { own.contains($0.chain) || (ledger == parts[0] && !isElsewhere($0, path, parts, ledger)) }
            return Result(name: ledger.word, report: try verification(trust, ledger, known).run(source))
        }
    }

    private static func isElsewhere(_ head: LedgerHead, _ path: String, _ parts: [Ledger], _ ledger: Ledger) -> Bool {
        parts.contains { $0 != ledger && (try? FolderLedgerSource(path + "/" + $0.word).chains().contains(head.chain)) == true }
    }

    private static func verification(_ trust: JournalTrust, _ ledger: Ledger?, _ remembered: [LedgerHead]) -> LedgerVerification {
        var verification = LedgerVerification(trusted: trust.keys, remembered: remembered, ledger: ledger)
        verification.rights = trust.rights
        return verification
    }
}

extension TenantKeys {
    /// The ids of all keys of this machine that may have signed its ledgers.
    func ownSigners(state: String) throws -> [KeyID] {
        [try node()?.signer.id, try maintain()?.signer.id, try verify()?.id, try MachineKey.read(state: state)?.id].compactMap { $0 }
    }
}
