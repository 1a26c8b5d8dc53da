import Base

/// One rule as a policy file has it: what is checked, after which clause, for whom, and what follows.
package struct Rule: Sendable, Equatable {
    package let id: RuleID
    package let check: Check
    /// The text of law or of the standard, such as `SecNumCloud 3.2, 19.6.a`.
    package let clause: String
    package let requirement: Message
    package let remedy: Message
    /// Which of the three questions it answers (§2, row 22).
    package let adjectives: Set<Adjective>
    /// The kinds of tenant that it is for.
    package let tenants: Set<TenantFacts.Kind>
    package let exemption: Set<Exemption>
    package let whenFalse: Outcome
    package let whenUnknown: Outcome
    /// Whether two people may set it aside for a time: not where the law itself gives nobody that power.
    package let isWaivable: Bool

    /// "Securely, resiliently, not subject to extra-EU law."
    package enum Adjective: String, Sendable, CaseIterable { case secured, resilient, sovereign }

    /// Who runs the site makes the rule pointless.
    package enum Exemption: String, Sendable, CaseIterable {
        /// The establishment whose data it is.
        case runByTenant
        /// The operator of this program, whom rules of its own judge.
        case runByOperator
    }

    static func read(_ section: DocumentSection) -> Rule? {
        let id: RuleID? = section.requiredIdentifier("id")
        let check = Check.read(section)
        let clause = section.requiredText("clause")
        let requirement = section.message("requirement", code: id.map { "rule.\($0).requirement" })
        let remedy = section.message("remedy", code: id.map { "rule.\($0).remedy" })
        let adjectives: [Adjective]? = section.choices("answers")
        let tenants: [TenantFacts.Kind]? = section.choices("tenants")
        let exemption: [Exemption]? = section.choices("unless")
        let whenFalse: Outcome? = section.choice("onFalse")
        let whenUnknown: Outcome? = section.choice("onUnknown")
        let isWaivable = section.required("waivable", .expectedBoolean) { section.boolean("waivable") }
        // What is unknown is never better than what is false would be.
        if let whenFalse, let whenUnknown, whenUnknown < whenFalse { section.problem("onUnknown", .policyUnknownTooMild) }
        guard let id, let check, let clause, let requirement, let remedy, let isWaivable else { return nil }
        return Rule(
            id: id, check: check, clause: clause, requirement: requirement, remedy: remedy, adjectives: Set(adjectives ?? []),
            tenants: Set(tenants ?? TenantFacts.Kind.allCases), exemption: Set(exemption ?? []), whenFalse: whenFalse ?? .deny,
            whenUnknown: whenUnknown ?? .deny, isWaivable: isWaivable)
    }
}

extension DocumentSection {
    /// A sentence in every language: `{"en": …, "fr": …}`.
    func message(_ key: String, code: String?) -> Message? {
        required(key, .expectedSentence) {
            section(key) { section -> Message? in
                let (english, french) = (section.requiredText("en"), section.requiredText("fr"))
                guard let english, let french, let code else { return nil }
                return Message(code, en: english, fr: french)
            } ?? nil
        }
    }
}
