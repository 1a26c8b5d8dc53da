import Base
import Operations

/// Since when a site answers, or does not.
package struct Reach: Codable, Sendable, Equatable {
    package var lastReached: Int64?
    package var failingSince: Int64?
    package var failure: String?
    package init() {}
}

/// What is known of the sites and sources, as runs reported it; kept in the history, so that a restart knows it too.
package struct Knowledge: Sendable {
    struct Place: Hashable, Sendable {
        let tenant: String
        let name: String
    }

    private(set) var status: [String: (time: Int64, report: StatusReport)] = [:]
    private(set) var verified: [Place: (time: Int64, fact: VerifyFact)] = [:]
    private(set) var probes: [Place: (time: Int64, fact: ProbeFact)] = [:]
    private(set) var tests: [Place: (time: Int64, test: Overview.RestoreTest)] = [:]
    private(set) var reach: [Place: Reach] = [:]
    /// When a site was first looked at by this machine.
    private(set) var firstSeen: [Place: Int64] = [:]

    init() {}

    /// What the history has.
    init(_ history: HistoryStore) throws {
        for fact in try history.facts(FactKind.status, StatusReport.self) { status[fact.tenant] = (fact.time, fact.value) }
        for fact in try history.facts(FactKind.verify, VerifyFact.self) {
            verified[Place(tenant: fact.tenant, name: fact.subject)] = (fact.time, fact.value)
        }
        for fact in try history.facts(FactKind.probe, ProbeFact.self) {
            probes[Place(tenant: fact.tenant, name: fact.subject)] = (fact.time, fact.value)
        }
        for fact in try history.facts(FactKind.restoreTest, Overview.RestoreTest.self) {
            tests[Place(tenant: fact.tenant, name: fact.subject)] = (fact.time, fact.value)
        }
        for fact in try history.facts(FactKind.reach, Reach.self) { reach[Place(tenant: fact.tenant, name: fact.subject)] = fact.value }
        for fact in try history.facts("first-seen", Int64.self) { firstSeen[Place(tenant: fact.tenant, name: fact.subject)] = fact.value }
    }

    /// Takes in a report of a look at the sites, and keeps since when each answers. Returns those whose state changed.
    mutating func observe(_ report: StatusReport, at time: Int64, _ history: HistoryStore) throws {
        status[report.tenant] = (time, report)
        for site in report.sites {
            let place = Place(tenant: report.tenant, name: site.site)
            var now = reach[place] ?? Reach()
            if site.reachable {
                (now.lastReached, now.failingSince, now.failure) = (time, nil, nil)
            } else {
                now.failingSince = now.failingSince ?? time
                now.failure = site.detail
            }
            if firstSeen[place] == nil {
                firstSeen[place] = time
                try history.note("first-seen", tenant: place.tenant, subject: place.name, at: time, time)
            }
            if now != reach[place] { try history.note(FactKind.reach, tenant: place.tenant, subject: place.name, at: time, now) }
            reach[place] = now
        }
    }

    mutating func verify(_ row: VerifyRow, at time: Int64) { verified[Place(tenant: row.tenant, name: row.site)] = (time, VerifyFact(row)) }

    mutating func probe(_ tenant: String, _ row: ProbeReport, at time: Int64) {
        var fact = ProbeFact()
        fact.isGood = row.good
        fact.bad = row.checks.filter { $0.verdict == "bad" }.map(\.check)
        probes[Place(tenant: tenant, name: row.site)] = (time, fact)
    }

    mutating func test(_ tenant: String, _ source: String, _ test: Overview.RestoreTest) {
        tests[Place(tenant: tenant, name: source)] = (test.time, test)
    }

    /// Whether the site answered when it was last looked at.
    func isReachable(_ tenant: String, _ site: String) -> Bool { reach[Place(tenant: tenant, name: site)].map { $0.failingSince == nil } ?? false }

    /// Whether the last snapshot of every source is at the site, and nothing is noted as lacking.
    func isLevel(_ tenant: String, _ site: String) -> Bool {
        guard let report = status[tenant]?.report, let row = report.sites.first(where: { $0.site == site }) else { return false }
        return row.reachable && row.lacks == 0 && report.sources.allSatisfy { $0.last == nil || $0.sites.contains(site) }
    }
}
