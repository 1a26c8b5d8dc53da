import Base
import Journal
import Keys
import Repository
import Sites

/// Brings the closed segments of a tenant's ledgers to its sites: each sealed to the tenant's current epoch, with its stub in clear; and
/// takes away at the sites what was erased.
///
/// Everything is created, nothing is replaced: it may be repeated, and what a site misses comes later.
package struct JournalCopies: Sendable {
    package struct Outcome: Sendable {
        /// Objects created at sites.
        package var sent = 0
        /// Sealed segments deleted at sites.
        package var deleted = 0
        /// By site: what kept it from being level.
        package var failures: [Failure] = []
    }

    private let workspace: Workspace
    private let folder: LedgerFolder
    private let access: SiteAccess
    private var tenant: ShortID { workspace.fingerprint.tenant }

    package init(_ workspace: Workspace) throws {
        self.workspace = workspace
        folder = TenantJournal.folder(state: workspace.configuration.node.state)
        access = try Self.access(workspace.keys)
    }

    /// As whom this machine speaks to sites about the journal.
    package static func access(_ keys: TenantKeys) throws -> SiteAccess {
        let present = keys.present()
        return present.contains("maintain") ? .maintain : present.contains("node") ? .write : .restore
    }

    /// Where this machine remembers what a site has.
    static func sentPath(_ workspace: Workspace, _ site: String) -> String { workspace.state.folder + "/journal-sent-" + site }

    /// An object that a site should have.
    private struct Wanted {
        let ledger: Ledger
        let chain: ChainID
        let name: String
        /// Of a segment that is here whole: it goes sealed as well.
        let segment: UInt32?
    }

    private func wanted() throws -> [Wanted] {
        var all: [Wanted] = []
        for ledger in Ledger.allCases {
            let source = folder.source(tenant, ledger)
            for chain in try source.chains() {
                for name in try source.names(chain) {
                    if let number = Self.number(name) {
                        all.append(Wanted(ledger: ledger, chain: chain, name: name, segment: number))
                    } else if name.hasSuffix(".stub") || name.hasPrefix("erasure-") {
                        all.append(Wanted(ledger: ledger, chain: chain, name: name, segment: nil))
                    }
                }
            }
        }
        return all
    }

    private static func number(_ name: String) -> UInt32? { name.utf8.count == 10 ? UInt32(name) : nil }

    /// Brings every site level that was not, as far as this machine remembers, but for those that failed in the last quarter of an hour; `asksAll`: lists
    /// what each of them has.
    package func send(asksAll: Bool = false) throws -> Outcome {
        let wanted = try wanted()
        var outcome = Outcome()
        // A recovered machine does not know the tenant's policy: its ledgers stay here.
        guard !wanted.isEmpty, access != .restore || workspace.gate.profile != .none else { return outcome }
        // Where policy lets nothing go is told as such, by who asks for it.
        for site in try workspace.configuration.sites(of: workspace.tenant) where workspace.gate.refusal(of: site) == nil {
            let path = Self.sentPath(workspace, site.name)
            do {
                let sent = try SentJournal(path: path)
                let new = wanted.filter { sent?.covers($0.chain, $0.name) != true }
                if !asksAll, new.isEmpty || rests(site.name) { continue }
                let repository: SiteRepository
                do { repository = try workspace.repository(site, as: access) } catch let failure as Failure
                    where site.isOffline && [.wrongPlace, .unreachable].contains(failure.kind)
                {
                    continue  // It is expected to be away.
                }
                // A site that is being emptied takes nothing new.
                if let departure = try repository.departure(), departure.act != .leaving { continue }
                let present = asksAll || sent == nil ? Set(try repository.site.keys(SiteLedgerSource.root)) : nil
                try bring(present == nil ? new : wanted, present, to: repository, &outcome)
                try SentJournal(wanted.map { ($0.chain, $0.name) }).store(path)
            } catch {
                for failure in failures(of: error) {
                    outcome.failures.append(Failure(failure.kind, .journalNotSent, object: failure.object ?? site.name, remedy: failure.message))
                }
                noteFailure(site.name)
            }
        }
        return outcome
    }

    // MARK: a site that failed

    /// Seconds for which a site that failed is left alone: a command for a person does not wait for it each time.
    private static let rest: Int64 = 900

    private func failurePath(_ site: String) -> String { workspace.state.folder + "/journal-failed-" + site }

    private func rests(_ site: String) -> Bool {
        guard let bytes = try? Files.read(failurePath(site), limit: 32), let last = Int64(String(decoding: bytes, as: UTF8.self)) else {
            return false
        }
        return (0..<Self.rest).contains(Timestamp.now().seconds - last)
    }

    /// Where it cannot be noted, the site is only asked again sooner.
    private func noteFailure(_ site: String) { try? Files.replace(failurePath(site), Array(String(Timestamp.now().seconds).utf8)) }

    /// `present`: what the site has; nil where it is asked for each.
    private func bring(_ wanted: [Wanted], _ present: Set<String>?, to repository: SiteRepository, _ outcome: inout Outcome) throws {
        guard let epoch = repository.trust.descriptor.currentEpoch else { throw Failure(.key, .noOpeningKey, object: repository.name) }
        let site = repository.site
        for each in wanted {
            // The stub comes last: where it is, the segment is.
            let stub = SiteLedgerSource.key(each.chain, each.segment == nil ? each.name : each.name + ".stub")
            if let present, present.contains(stub) { continue }
            if present == nil, try isThere(stub, at: site) { continue }
            let bytes = try folder.source(tenant, each.ledger).read(each.chain, each.name, limit: LedgerVerification.objectLimit)
            guard let number = each.segment else {
                try site.createOrConfirm(stub, bytes)
                outcome.sent += 1
                continue
            }
            let signed = try SignedClosing(segment: bytes)
            let sealed = try SealedSegment(bytes, tenant: tenant, chain: each.chain, number: number, epoch: epoch.number, to: epoch.key)
            try create(sealed.encoded, SiteLedgerSource.key(each.chain, each.name), at: site)
            try site.createOrConfirm(stub, signed.stub)
            outcome.sent += 2
        }
    }

    private func isThere(_ key: String, at site: any Site) throws -> Bool {
        do { _ = try site.size(key) } catch let failure as Failure where failure.kind == .missing { return false }
        return true
    }

    /// Under the first free name: what is there may be our own that a crash left without its stub, or a stranger's; neither is in the way.
    private func create(_ bytes: [UInt8], _ key: String, at site: any Site) throws {
        for attempt in 0...255 {
            do { return try site.create(attempt == 0 ? key : "\(key).\(attempt)", bytes) } catch let failure as Failure where failure.kind == .exists
            {
                if attempt == 255 { throw failure }
            }
        }
    }

    // MARK: what is erased

    /// Deletes at the sites the sealed segments of every chain of the tenant of which a signed erasure lies there. For the maintain role; where a store
    /// still locks one, it is tried again later.
    package func eraseAtSites(_ trust: JournalTrust) throws -> Outcome {
        var outcome = Outcome()
        guard access == .maintain else { return outcome }
        for site in try workspace.configuration.sites(of: workspace.tenant) {
            do {
                let repository = try workspace.repository(site, as: .maintain)
                var trust = trust
                trust.add(repository.trust)
                let keys = try repository.site.keys(SiteLedgerSource.root)
                guard keys.contains(where: { $0.contains("/erasure-") }) else { continue }
                for ledger in Ledger.allCases {
                    for range in try erased(ledger, repository, trust) {
                        for key in keys where range.contains(key) {
                            do {
                                try repository.site.delete(key)
                                outcome.deleted += 1
                            } catch let failure as Failure where failure.kind == .refused {
                                outcome.failures.append(Failure(.partial, .journalNotErasedAtSite, object: "\(site.name):\(key)"))
                            }
                        }
                    }
                }
            } catch let failure as Failure where site.isOffline && [.wrongPlace, .unreachable].contains(failure.kind) {
                continue
            } catch { outcome.failures += failures(of: error).map { $0.of(site.name) } }
        }
        return outcome
    }

    /// Sealed segments of the tenant that signed erasures at the site say are erased: keys without an attempt's number.
    package func erasedSegments(at repository: SiteRepository) throws -> Set<String> {
        guard try repository.site.keys(SiteLedgerSource.root).contains(where: { $0.contains("/erasure-") }) else { return [] }
        var trust = try JournalTrust(workspace)
        trust.add(repository.trust)
        return Set(try Ledger.allCases.flatMap { try erased($0, repository, trust) }.flatMap(\.keys))
    }

    private struct ErasedKeys {
        let chain: ChainID
        let segments: Range<UInt32>

        /// No chain has more segments than this.
        private static let limit = 1 << 20

        var keys: [String] { segments.prefix(Self.limit).map { SiteLedgerSource.key(chain, generationText($0)) } }

        func contains(_ key: String) -> Bool {
            let folder = SiteLedgerSource.key(chain, "")
            guard key.hasPrefix(folder) else { return false }
            let name = String(key.dropFirst(folder.count))
            return SiteLedgerSource.isSealed(name) && UInt32(name.prefix(10)).map { segments.contains($0) } == true
        }
    }

    /// Of chains in which nothing is wrong: nothing is deleted on a doubtful word.
    private func erased(_ ledger: Ledger, _ repository: SiteRepository, _ trust: JournalTrust) throws -> [ErasedKeys] {
        let source = try SiteLedgerSource(repository.site) { $0?.ledger == ledger && $0?.tenant == tenant }
        var verification = LedgerVerification(trusted: trust.keys, contents: .elsewhere, ledger: ledger, tenant: .some(tenant))
        verification.rights = trust.rights
        return try verification.run(source).chains.filter(\.isWhole).flatMap { chain in
            chain.erased.map { ErasedKeys(chain: chain.chain, segments: $0.segments) }
        }
    }
}
