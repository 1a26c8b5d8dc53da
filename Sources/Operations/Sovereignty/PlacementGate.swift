import Base
import Scheduling
import Sovereignty

/// Decides whether bytes of a tenant may go to a site: asked before anything is put anywhere. Safe from any thread.
///
/// A decision is a minute old at the most, and is made again when the day changes: a certificate that ends, or a paper that is taken away, also ends a run that
/// is under way. Reading and restoring are never asked for, but for sites over the network while the machine is isolated.
package final class PlacementGate: Sendable {
    /// Seconds for which papers, names and decisions made from them are kept: twice that is the age of a decision, at the most.
    private static let freshness = 30.0

    private let configuration: Configuration
    private let tenant: Configuration.Tenant
    private let resolver: any NameResolver
    private let today: @Sendable () -> CalendarDay
    private let isolation: Isolation
    private let known = Monitor(Known())

    private struct Known {
        var dossier: (reading: Result<Dossier, any Error>, at: Double)?
        /// By site.
        var places: [String: (place: TransferPlace, at: Double)] = [:]
        var judgements: [Name: (judgement: Judgement, at: Double)] = [:]
        /// By endpoint: names are followed once for all sources.
        var endpoints: [String: (finding: EndpointFinding, at: Double)] = [:]
        var allowsRemoval = false
    }

    private struct Name: Hashable {
        let site: String
        let source: String?
    }

    /// `resolver` and `today`: other ones in tests.
    package init(
        _ configuration: Configuration, tenant: Configuration.Tenant, resolver: (any NameResolver)? = nil,
        today: @escaping @Sendable () -> CalendarDay = { CalendarDay(LocalTime(Timestamp.now().seconds)) }
    ) {
        self.configuration = configuration
        self.tenant = tenant
        self.resolver = resolver ?? SystemResolver()
        self.today = today
        isolation = Isolation(state: configuration.node.state)
    }

    package var profile: ProfileName { tenant.policy.profile.flatMap { ProfileName(rawValue: $0.rawValue) } ?? .none }

    /// The local day on which decisions are made now.
    package var judgeDay: CalendarDay { today() }

    // MARK: what may be done

    /// Why nothing of the tenant, or of `source`, may be put at the site; nil where it may.
    package func refusal(of site: Configuration.Site, source: Configuration.Source? = nil) -> Failure? {
        if let isolated = isolation.refusal { return isolated.of(site.name) }
        return judge(site, source: source).refusal
    }

    /// Why the site may not be spoken to at all; nil where it may.
    package func contact(_ site: Configuration.Site) -> Failure? { site.folder == nil ? isolation.refusal?.of(site.name) : nil }

    /// Why nothing may be deleted; nil where it may, also at a site that data has to leave.
    package func refusalToDelete(_ site: Configuration.Site) -> Failure? { isolation.refusal?.of(site.name) }

    /// Why locks of what is there may not be renewed: what has to leave is not locked for longer. Nil where they may.
    package func refusalToLock(_ site: Configuration.Site) -> Failure? {
        if let isolated = isolation.refusal { return isolated.of(site.name) }
        let judgement = judge(site)
        // What cannot be decided takes no protection away.
        return judgement.troubles.isEmpty && !judgement.outcome.copiesCount ? judgement.refusal : nil
    }

    /// From now on, records that take away are let through everywhere: what has to leave could not be deleted otherwise, and one site that is
    /// refused would end retention at all.
    package func allowRemoval() { known.look { $0.allowsRemoval = true } }

    /// Whether the object is a record of retention, collection or a migration away, and this is a run of theirs.
    func isRemoval(_ key: String) -> Bool {
        known.look { $0.allowsRemoval }
            && (Self.removalFolders.contains { key.hasPrefix($0) } || key.hasPrefix("holds/") && key.hasSuffix(".released"))
    }

    /// Records without content; a fence is a slot that no commit can take any more.
    private static let removalFolders = ["forget/", "condemned/", "decided/", "lists/", "commits/", "index/", "migrations/"]

    // MARK: the decision

    /// What policy says of the site today, of `source` where one is named.
    package func judge(_ site: Configuration.Site, source: Configuration.Source? = nil) -> Judgement {
        let (day, now) = (today(), monotonicSeconds())
        let name = Name(site: site.name, source: source?.name)
        if let (last, at) = known.look({ $0.judgements[name] }), last.day == day, now - at < Self.freshness { return last }
        let judgement = decide(site, source, day, now)
        known.look { $0.judgements[name] = (judgement, now) }
        return judgement
    }

    /// What was decided last of each site and source, where policy was asked, in their order.
    package var decisions: [(source: String?, judgement: Judgement)] {
        let all = known.look { $0.judgements }.filter { $0.value.judgement.profile != .none }
        return all.sorted { ($0.key.site, $0.key.source ?? "") < ($1.key.site, $1.key.source ?? "") }.map { ($0.key.source, $0.value.judgement) }
    }

    /// Of a day that is not today, too.
    package func judge(_ site: Configuration.Site, source: Configuration.Source?, on day: CalendarDay) -> Judgement {
        decide(site, source, day, monotonicSeconds())
    }

    private func decide(_ site: Configuration.Site, _ source: Configuration.Source?, _ day: CalendarDay, _ now: Double) -> Judgement {
        func judgement(_ decision: Decision?, _ troubles: [Failure] = []) -> Judgement {
            Judgement(tenant: tenant.name, site: site.name, profile: profile, day: day, decision: decision, troubles: troubles)
        }
        if profile == .none { return judgement(nil) }
        do {
            let dossier = try dossier(now)
            let placement = try placement(site, source, dossier, now)
            return judgement(dossier.book.evaluate(placement, profile: profile, register: dossier.register, catalogue: dossier.catalogue, on: day))
        } catch { return judgement(nil, failures(of: error)) }
    }

    /// Throws why the rules cannot be read.
    package func dossier() throws -> Dossier { try dossier(monotonicSeconds()) }

    private func dossier(_ now: Double) throws -> Dossier {
        if let (reading, at) = known.look({ $0.dossier }), now - at < Self.freshness { return try reading.get() }
        let reading = Result { try Dossier(configuration.papers) }
        known.look { $0.dossier = (reading, now) }
        return try reading.get()
    }

    /// Where the site's machines stand by the signed statement about it, for the ledger of transfers; papers that cannot be read say nothing.
    func transferPlace(of site: Configuration.Site) -> TransferPlace {
        let now = monotonicSeconds()
        if let (place, at) = known.look({ $0.places[site.name] }), now - at < Self.freshness { return place }
        let place =
            (try? register(now)).flatMap { register in SiteID(site.name).flatMap { register.facts(of: $0).infrastructure?.datacentres } }
            .map { TransferPlace(countries: $0.map { $0.country?.code }, datacentres: $0.map(\.id)) } ?? .unknown
        known.look { $0.places[site.name] = (place, now) }
        return place
    }

    /// The papers alone where no rules are asked for.
    private func register(_ now: Double) throws -> EvidenceRegister {
        if profile != .none { return try dossier(now).register }
        return try EvidenceRegister(EvidenceFolder.read(configuration.papers.evidence), approvers: ApproversFile.read(configuration.papers.approvers))
    }

    // MARK: the facts

    /// What the rules look at for the site. Throws `.usage` for a name that the papers could not have.
    package func placement(_ site: Configuration.Site, _ source: Configuration.Source?, _ dossier: Dossier) throws -> Placement {
        try placement(site, source, dossier, monotonicSeconds())
    }

    private func placement(_ site: Configuration.Site, _ source: Configuration.Source?, _ dossier: Dossier, _ now: Double) throws -> Placement {
        guard let siteID = SiteID(site.name), let tenantID = TenantID(tenant.name) else {
            throw Failure(.usage, .configWrongValue(.expectedName), object: site.name)
        }
        let papers = configuration.papers
        let host = papers.host.map { LegalEntity($0) } ?? LegalEntity(name: "?")
        let evidence = papers.hostEvidence.compactMap { EvidenceID($0) }.filter { !isContractOfAnother($0, dossier.register) }
        return Placement(
            site: dossier.register.facts(of: siteID),
            tenant: TenantFacts(id: tenantID, kind: TenantFacts.Kind(tenant.kind), entity: tenant.party.map { LegalEntity($0) }),
            host: OperatorFacts(entity: host, evidence: evidence), source: source.map { SourceFacts($0, tenant) }, lockDays: site.lockDays,
            endpoint: endpoint(site, dossier, now))
    }

    /// A contract with another tenant decides nothing here, and is not shown among the facts.
    private func isContractOfAnother(_ id: EvidenceID, _ register: EvidenceRegister) -> Bool {
        guard let one = register.evidence[id]?.document ?? register.absence(of: id)?.claimedEvidence else { return false }
        return configuration.isContract(one, ofAnotherThan: tenant)
    }

    private func endpoint(_ site: Configuration.Site, _ dossier: Dossier, _ now: Double) -> EndpointFinding {
        let address: String
        switch site.place {
        case .file: return .noEndpoint
        case .s3(let s3): address = s3.endpoint
        case .remote(let remote): address = remote.endpoint
        }
        guard let name = EndpointName(address: address) else { return .unknown([], .endpointUnknown) }
        if let (finding, at) = known.look({ $0.endpoints[name.text] }), now - at < Self.freshness { return finding }
        let finding = EndpointGuard(dossier.book.denied + dossier.catalogue.denied).judge(name, resolver)
        known.look { $0.endpoints[name.text] = (finding, now) }
        return finding
    }
}

extension Configuration.Site {
    /// How long new objects are locked there; 0 where nothing is.
    var lockDays: Int {
        guard case .s3(let s3) = place, s3.objectLock != nil else { return 0 }
        return s3.lockPeriod.map { Int($0.components.seconds / 86_400) } ?? 14
    }
}

extension Configuration {
    /// Whether the document is a contract of the operator with another tenant alone.
    func isContract(_ evidence: Evidence, ofAnotherThan tenant: Tenant) -> Bool {
        guard evidence.kind.isContract else { return false }
        func isParty(_ tenant: Tenant) -> Bool { tenant.party.map { LegalEntity($0).isSame(as: evidence.holder) } ?? false }
        return !isParty(tenant) && tenants.contains { $0.name != tenant.name && isParty($0) }
    }
}

extension LegalEntity {
    fileprivate init(_ party: Configuration.Party) { self.init(name: party.name, siren: party.siren.flatMap { SIREN($0) }) }
}

extension TenantFacts.Kind {
    fileprivate init(_ kind: Configuration.Tenant.Kind) {
        switch kind {
        case .own: self = .ownData
        case .ght: self = .groupMember
        case .third: self = .thirdParty
        }
    }
}

extension SourceFacts {
    fileprivate init(_ source: Configuration.Source, _ tenant: Configuration.Tenant) {
        self.init(name: source.name)
        authorisation = source.authorisation.flatMap { consent in CalendarDay(text: consent.until).map { .init(id: consent.id, until: $0) } }
        retentionBasis = source.basis
        informationNotice = source.notice
        retentionDays = Self.longest(source.keep ?? tenant.policy.keep)
    }

    /// Days that the longest rule keeps a snapshot; without rules all are kept, a century for this purpose. Nil where a rule only counts.
    static func longest(_ keep: Configuration.Keep?) -> Int? {
        guard let keep else { return 36_500 }
        let days =
            [
                keep.within.map { Int($0.components.seconds / 86_400) }, keep.hourly.map { $0 / 24 }, keep.daily, keep.weekly.map { $0 * 7 },
                keep.monthly.map { $0 * 30 }, keep.yearly.map { $0 * 365 },
            ].compactMap { $0 }.max() ?? 0
        if days > 0 { return days }
        return keep.last ?? 0 > 0 ? nil : 36_500
    }
}
