import Base
import Scheduling

/// What all profiles share: how long documents last, when somebody is warned, what a waiver needs.
package struct PolicyTerms: Sendable, Equatable {
    /// Days before a last day, the longer first: 90 and 30.
    package let warnDays: [Int]
    /// The longest that a document of that kind is relied on, in months, whatever it says itself.
    package let maximumMonths: [Evidence.Kind: Int]
    package let referentials: [String: Referential]
    package let waiver: WaiverTerms
    /// 3-2-1-1-0.
    package let resilience: ResilienceTerms

    /// A version of a standard.
    package struct Referential: Sendable, Equatable {
        package let kind: Evidence.Kind
        /// From this day on a certificate after it has no effect.
        package let noEffectFrom: CalendarDay?
    }

    /// What a waiver needs to count.
    package struct WaiverTerms: Sendable, Equatable {
        package let minimumApprovers: Int
        package let maximumMonths: Int
    }

    /// Reads `common.json`. Throws `DocumentProblems`.
    package init(_ bytes: [UInt8], file: String) throws {
        self = try readDocument(bytes, file: file) { root in
            root.required("terms", .expectedTable) { root.section("terms", Self.read) ?? nil }
        }
    }

    private init(
        warnDays: [Int], maximumMonths: [Evidence.Kind: Int], referentials: [String: Referential], waiver: WaiverTerms, resilience: ResilienceTerms
    ) {
        self.warnDays = warnDays
        self.maximumMonths = maximumMonths
        self.referentials = referentials
        self.waiver = waiver
        self.resilience = resilience
    }

    private static func read(_ section: DocumentSection) -> PolicyTerms? {
        let first = section.required("warnDays", .expectedInteger(1, 1_000)) { section.integer("warnDays", in: 1...1_000) }
        let second = section.required("urgentDays", .expectedInteger(1, 1_000)) { section.integer("urgentDays", in: 1...1_000) }
        let validity = section.sections("validity") { section -> (Evidence.Kind, Int)? in
            let kind: Evidence.Kind? = section.required("kind", .expectedText) { section.choice("kind") }
            let months = section.required("months", .expectedInteger(1, 1_200)) { section.integer("months", in: 1...1_200) }
            _ = section.requiredText("source")
            guard let kind, let months else { return nil }
            return (kind, months)
        }
        let referentials = section.sections("referentials") { section -> (String, Referential)? in
            let name = section.requiredText("name")
            let kind: Evidence.Kind? = section.required("kind", .expectedText) { section.choice("kind") }
            let noEffectFrom = section.day("noEffectFrom")
            _ = section.requiredText("source")
            guard let name, let kind else { return nil }
            return (name, Referential(kind: kind, noEffectFrom: noEffectFrom))
        }
        let waiver = section.required("waiver", .expectedTable) {
            section.section("waiver") { section -> WaiverTerms? in
                let approvers = section.required("approvers", .expectedInteger(2, 10)) { section.integer("approvers", in: 2...10) }
                let months = section.required("months", .expectedInteger(1, 120)) { section.integer("months", in: 1...120) }
                guard let approvers, let months else { return nil }
                return WaiverTerms(minimumApprovers: approvers, maximumMonths: months)
            } ?? nil
        }
        let resilience = section.required("resilience", .expectedTable) { section.section("resilience", ResilienceTerms.read) ?? nil }
        guard let first, let second, let validity, let referentials, let waiver, let resilience else { return nil }
        return PolicyTerms(
            warnDays: [first, second].sorted(by: >), maximumMonths: Dictionary(validity, uniquingKeysWith: min),
            referentials: Dictionary(referentials, uniquingKeysWith: { first, _ in first }), waiver: waiver, resilience: resilience)
    }
}
