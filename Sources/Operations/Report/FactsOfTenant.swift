import Base
import Codec
import Report
import Repository
import Scheduling
import Sovereignty

/// What this machine knows of one tenant, as facts of a report. What is recorded nowhere stays unknown, and becomes a gap by itself.
///
/// What sites and papers say is said of now: as of an earlier day, the state of copies, of holds and of the journal is unknown.
struct FactsOfTenant {
    let workspace: Workspace
    let history: HistoryStore
    let period: ReportPeriod
    let now: Timestamp
    /// Nil where the rules or papers cannot be read.
    let dossier: Dossier?
    /// Nil where no site answers, or no key here opens anything.
    let view: TenantView?
    /// What kept facts from being found.
    private(set) var failures: [Failure] = []

    init(_ workspace: Workspace, _ history: HistoryStore, _ period: ReportPeriod, now: Timestamp) {
        (self.workspace, self.history, self.period, self.now) = (workspace, history, period, now)
        var failures: [Failure] = []
        func attempt<Value>(_ body: () throws -> Value) -> Value? {
            do { return try body() } catch {
                failures += Operations.failures(of: error)
                return nil
            }
        }
        dossier = attempt { try workspace.gate.dossier() }
        view = attempt { try TenantView(workspace, site: nil, opening: false) }
        failures += view.map { $0.opened.failures + $0.problems } ?? []
        self.failures = failures
    }

    var tenant: Configuration.Tenant { workspace.tenant }
    var configuration: Configuration { workspace.configuration }
    /// Whether the report speaks of today.
    var isCurrent: Bool { period.asOf >= ReportMoment(seconds: now.seconds).day }
    /// Backups are taken on this machine, so that its history has them.
    var writes: Bool { workspace.keys.present().contains("node") }

    /// From the month's first second (UTC) to the day as of which the report speaks, or to now.
    var span: Range<Int64> {
        let from = Int64(period.from.day.number) * 86_400
        return from..<max(from, min(Int64(period.through.day.number + 1) * 86_400, now.seconds + 1))
    }

    /// What `body` finds; unknown, and a failure that is told, where it cannot.
    mutating func find<Value>(_ body: (FactsOfTenant) throws -> Recorded<Value>) -> Recorded<Value> {
        do { return try body(self) } catch {
            tell(Operations.failures(of: error))
            return .unknown
        }
    }

    /// What `body` finds; nil, and a failure that is told, where it cannot.
    private mutating func isolated<Value>(_ body: (FactsOfTenant) throws -> Value) -> Value? {
        do { return try body(self) } catch {
            tell(Operations.failures(of: error))
            return nil
        }
    }

    /// Keeps what is to be told, each once: several parts ask the same sites.
    mutating func tell(_ new: [Failure]) {
        for failure in new where !failures.contains(where: { $0.text(.english) == failure.text(.english) }) { failures.append(failure) }
    }

    /// All of it, of this tenant alone.
    mutating func facts() throws -> ReportFacts {
        var facts = ReportFacts(period: period, made: ReportMoment(seconds: now.seconds))
        facts.product = try product()
        facts.organisation = organisation()
        // The others, so that their names can be taken out of free text.
        facts.tenants = try configuration.tenants.map { try party($0) }
        facts.sources = try sources()
        let former = isolated { try $0.formerDecisions() } ?? []
        facts.sites = try configuration.sites(of: tenant).map { site($0) } + former.map { formerSite($0.site) }
        facts.certificates = certificates()
        facts.decisions = try decisions()
        if let today = facts.decisions.value { facts.decisions = .known(today + former) }
        facts.waivers = waivers()
        facts.independence = try independence()
        facts.transfers = find { try $0.transfers() }
        facts.verifications = find { try $0.verifications() }
        facts.cryptography = find { .known(try $0.cryptography()) }
        facts.journal = find { try $0.journal() }
        facts.retention = .known(retention())
        if dossier != nil { facts.take(records().map(\.document), of: tenant.name) }
        facts.documents = documents()
        return try facts.scoped(to: tenant.name)
    }

    // MARK: who and what

    private func product() throws -> ReportFacts.Product {
        var product = ReportFacts.Product()
        product.version = .known(programVersion)
        product.binaryHash = Recorded(try Files.read("/proc/self/exe", limit: 1 << 30).map { sha256($0).hex })
        product.policyHash = Recorded(dossier?.book.hash.hex)
        product.configurationHash = Recorded(try Files.read(configuration.file).map { sha256($0).hex })
        product.nodes = .known([configuration.node.name])
        return product
    }

    private func organisation() -> ReportFacts.Organisation {
        var organisation = ReportFacts.Organisation()
        let papers = configuration.papers
        organisation.name = Recorded(papers.host?.name)
        organisation.siren = Recorded(papers.host?.siren)
        organisation.certificates = papers.hostEvidence.isEmpty ? .unknown : .known(papers.hostEvidence)
        return organisation
    }

    private func party(_ other: Configuration.Tenant) throws -> ReportFacts.Tenant {
        var party = ReportFacts.Tenant(id: other.name)
        party.name = Recorded(other.party?.name)
        party.siren = Recorded(other.party?.siren)
        guard other.name == tenant.name else { return party }
        party.kind = Recorded(ReportFacts.Tenant.Kind(rawValue: other.kind.rawValue))
        party.profile = .known(workspace.gate.profile.rawValue)
        party.contract = Recorded(contract())
        let present = workspace.keys.present()
        party.keysTogether = present.contains("node") ? .known(present.contains("restore")) : .unknown
        return party
    }

    /// The contract with the tenant stands among the operator's evidence, and its holder is the tenant.
    private func contract() -> String? {
        guard let name = tenant.party?.name, let register = dossier?.register else { return nil }
        let contracts: Set<Evidence.Kind> = [.hostingContract, .groupAgreement]
        return configuration.papers.hostEvidence.first { id in
            guard let paper = EvidenceID(id).flatMap({ register.evidence[$0] })?.document else { return false }
            return contracts.contains(paper.kind) && paper.holder.name == name
        }
    }
}
