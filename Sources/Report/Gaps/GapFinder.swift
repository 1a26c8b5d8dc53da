import Base

/// Derives the gaps from the facts; nothing else makes any, and nothing takes one away. Pure.
package struct GapFinder {
    let facts: ReportFacts
    let guarantees: GuaranteeTable
    let day: ReportDay
    private(set) var gaps: [Gap] = []

    /// The gaps of `facts`, by section, the gravest first.
    package static func gaps(in facts: ReportFacts, guarantees: GuaranteeTable) -> [Gap] {
        var finder = GapFinder(facts: facts, guarantees: guarantees)
        finder.findAll()
        return finder.sorted()
    }

    private init(facts: ReportFacts, guarantees: GuaranteeTable) {
        self.facts = facts
        self.guarantees = guarantees
        day = facts.period.asOf
    }

    private mutating func findAll() {
        findUnknown()
        findEmptyScope()
        findDocuments()
        findPolicy()
        findBackups()
        findCopies()
        findIntegrity()
        findRestores()
        findCryptography()
        findAccess()
        findJournal()
        findIncidents()
        findDisposals()
        assign()
    }

    mutating func add(
        _ wording: GapWording, _ section: Int, _ level: Gap.Level, _ clauses: [String], _ subject: String, object: String? = nil
    ) {
        gaps.append(Gap(wording, section: section, level, clauses, subject: subject, object: object))
    }

    private mutating func findEmptyScope() {
        if facts.tenants.isEmpty { add(.scopeEmpty, 2, .unknown, ["HDS EXI 11"], "") }
        if facts.sites.isEmpty { add(.scopeNoSite, 3, .unknown, ["HDS EXI 28"], "") }
        let bare = facts.tenants.filter { tenant in !facts.sources.contains { $0.tenant == tenant.id } }
        for tenant in bare { add(.scopeNoSource, 5, .major, ["SecNumCloud 12.5.a"], tenant.id) }
        if facts.tenants.isEmpty, facts.sources.isEmpty { add(.scopeNoSource, 5, .unknown, ["SecNumCloud 12.5.a"], "") }
    }

    /// One gap for each object and section that lacks facts, naming each of them.
    private mutating func findUnknown() {
        struct Group { var facts: [UnknownFact] = [] }
        var order: [String] = []
        var groups: [String: Group] = [:]
        for fact in unknownFacts(in: facts) {
            let key = "\(FactHome.of(fact.field).section):\(fact.object)"
            if groups[key] == nil { order.append(key) }
            groups[key, default: Group()].facts.append(fact)
        }
        for key in order {
            guard let group = groups[key]?.facts, let first = group.first else { continue }
            let homes = group.map { FactHome.of($0.field) }
            let labels = group.map { Message.reportFact($0.field) ?? Message("report.fact", en: $0.path, fr: $0.path) }
            gaps.append(
                Gap(
                    .unknown(labels), section: homes[0].section, .unknown, ordered(homes.flatMap(\.clauses)),
                    subject: first.subject, object: key, facts: group.map(\.path)))
        }
    }

    private func ordered(_ clauses: [String]) -> [String] {
        var seen: Set<String> = []
        return clauses.filter { seen.insert($0).inserted }
    }

    /// Gives each gap its owner and day, and finds actions that are late.
    private mutating func assign() {
        for action in facts.actions {
            guard let index = gaps.firstIndex(where: { $0.id == action.gap }) else { continue }
            gaps[index].assign(action)
            if action.due < day {
                add(.actionOverdue(action.owner, action.due.description), 14, .minor, ["ISO 27001 10.2"], gaps[index].subject, object: action.gap)
            }
        }
    }

    private func sorted() -> [Gap] {
        func rank(_ gap: Gap) -> (Int, Int, String) { (gap.section, Gap.Level.allCases.firstIndex(of: gap.level) ?? 0, gap.id) }
        return gaps.sorted { rank($0) < rank($1) }
    }
}
