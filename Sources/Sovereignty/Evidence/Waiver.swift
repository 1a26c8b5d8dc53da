import Base
import Scheduling

/// A rule set aside for one site and one tenant until a day: who allowed it, why, and how it ends (regulation §2, row 17).
package struct Waiver: Sendable, Equatable {
    package let id: WaiverID
    package let site: SiteID
    package let tenant: TenantID
    package let rules: Set<RuleID>
    package let reason: String
    package let grantedOn: CalendarDay
    /// Its last day. The day after, writes stop by themselves.
    package let until: CalendarDay
    /// They are who signs it, too.
    package let approvers: [ApproverID]
    /// How the data leaves the site.
    package let exitPlan: String

    package init(
        id: WaiverID, site: SiteID, tenant: TenantID, rules: Set<RuleID>, reason: String, grantedOn: CalendarDay, until: CalendarDay,
        approvers: [ApproverID], exitPlan: String
    ) {
        self.id = id
        self.site = site
        self.tenant = tenant
        self.rules = rules
        self.reason = reason
        self.grantedOn = grantedOn
        self.until = until
        self.approvers = approvers
        self.exitPlan = exitPlan
    }

    /// Reads the object below `waiver`.
    static func read(_ section: DocumentSection) -> Waiver? {
        let id: WaiverID? = section.requiredIdentifier("id")
        let site: SiteID? = section.requiredIdentifier("site")
        let tenant: TenantID? = section.requiredIdentifier("tenant")
        let rules: [RuleID]? = section.required("rules", .expectedList(of: .expectedName)) { section.identifiers("rules") }
        let reason = section.requiredText("reason")
        let grantedOn = section.requiredDay("grantedAt")
        let until = section.requiredDay("until")
        let approvers: [ApproverID]? = section.required("approvers", .expectedList(of: .expectedName)) { section.identifiers("approvers") }
        let exitPlan = section.requiredText("exitPlan")
        if let rules, rules.isEmpty { section.problem("rules", .configWrongValue(.expectedSomeRules)) }
        if let grantedOn, let until, until < grantedOn { section.problem("until", .evidenceEndsBeforeItBegins) }
        guard let id, let site, let tenant, let rules, let reason, let grantedOn, let until, let approvers, let exitPlan else { return nil }
        return Waiver(
            id: id, site: site, tenant: tenant, rules: Set(rules), reason: reason, grantedOn: grantedOn, until: until, approvers: approvers,
            exitPlan: exitPlan)
    }
}
