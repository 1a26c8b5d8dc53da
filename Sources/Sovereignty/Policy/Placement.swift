import Scheduling

/// What is asked of policy: may bytes of this tenant, and of this source where one is named, go to this site?
package struct Placement: Sendable, Equatable {
    package var site: SiteFacts
    package var tenant: TenantFacts
    package var host: OperatorFacts
    package var source: SourceFacts?
    /// How long the site locks what is written there; 0 where it locks nothing, nil where that is not known.
    package var lockDays: Int?
    package var endpoint: EndpointFinding

    package init(
        site: SiteFacts, tenant: TenantFacts, host: OperatorFacts, source: SourceFacts? = nil, lockDays: Int? = nil, endpoint: EndpointFinding
    ) {
        self.site = site
        self.tenant = tenant
        self.host = host
        self.source = source
        self.lockDays = lockDays
        self.endpoint = endpoint
    }

    /// Whether the establishment whose data it is runs the site. Never by silence: both have to be stated.
    var isRunByTenant: Bool {
        guard let company = site.company, let owner = tenant.entity else { return false }
        return company.entity.isSame(as: owner)
    }

    var isRunByHost: Bool { site.company.map { $0.entity.isSame(as: host.entity) } ?? false }
}
