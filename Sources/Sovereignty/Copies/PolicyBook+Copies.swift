import Base
import Scheduling

/// What a tenant asks for beyond the rules; it can raise a number, and lower none.
package struct CopyWishes: Sendable, Equatable {
    package var independent: Int?
    package var immutable: Int?

    package init(independent: Int? = nil, immutable: Int? = nil) {
        self.independent = independent
        self.immutable = immutable
    }
}

extension PolicyBook {
    /// What the profile's rules about all copies together say of them: of those that are, or of those that are planned.
    package func evaluate(
        copies: [CopyFacts], wishes: CopyWishes = CopyWishes(), profile: ProfileName, catalogue: ProviderCatalogue, on day: CalendarDay
    ) -> [RuleResult] {
        rules(of: profile).filter(\.check.isOfCopies).map { rule in
            result(of: rule, finding(rule.check, copies, wishes, catalogue, day), day, waivers: [])
        }
    }

    func finding(_ check: Check, _ copies: [CopyFacts], _ wishes: CopyWishes, _ catalogue: ProviderCatalogue, _ day: CalendarDay) -> Finding {
        let counted = copies.filter { $0.outcome.copiesCount && !$0.isDamaged }
        switch check {
        case .copiesIndependent(let count, let kilometres):
            return independent(counted, max(count, wishes.independent ?? 0), kilometres, catalogue)
        case .copiesImmutable(let count, let days):
            return atLeast(max(count, wishes.immutable ?? 0), counted, "immutable", Message.copiesImmutable) {
                $0.isImmutable(on: day, maximumProbeDays: days)
            }
        case .copiesOffline(let count): return atLeast(count, counted, "offline", Message.copiesOffline) { $0.isOffline }
        case .offlineAge(let days): return offlineAge(counted, days, day)
        default: return .notApplicable(.ruleOfOneSite)
        }
    }

    private func independent(_ copies: [CopyFacts], _ wanted: Int, _ kilometres: Int, _ catalogue: ProviderCatalogue) -> Finding {
        let independence = Independence(minimumKilometres: kilometres, catalogue: catalogue)
        let count = independence.count(copies.map(\.site))
        var facts = [Fact("copies", copies.map(\.site.id.text).joined(separator: ", ")), Fact("independent", "\(count.known)")]
        var reason = Message.copiesIndependent(count.known, wanted)
        for (index, first) in copies.enumerated() {
            for second in copies[(index + 1)...] {
                let pair = independence.between(first.site, second.site)
                facts.append(Fact("\(first.site.id)+\(second.site.id)", pair.truth == .unknown ? nil : pair.truth.rawValue))
                if pair.truth != .holds, count.known < wanted { reason = pair.reason }
            }
        }
        let truth: Truth = count.known >= wanted ? .holds : count.possible < wanted ? .fails : .unknown
        return Finding(truth, reason, facts)
    }

    private func atLeast(
        _ wanted: Int, _ copies: [CopyFacts], _ name: String, _ reason: (Int, Int) -> Message, _ truth: (CopyFacts) -> Truth
    ) -> Finding {
        let truths = copies.map { ($0.site.id, truth($0)) }
        let (known, possible) = (truths.count { $0.1 == .holds }, truths.count { $0.1 != .fails })
        let facts = truths.map { Fact("\($0.0).\(name)", $0.1 == .unknown ? nil : $0.1.rawValue) }
        return Finding(known >= wanted ? .holds : possible < wanted ? .fails : .unknown, reason(known, wanted), facts)
    }

    /// Of the offline copies, the one that was brought level last decides.
    private func offlineAge(_ copies: [CopyFacts], _ maximum: Int, _ day: CalendarDay) -> Finding {
        let offline = copies.filter { $0.isOffline == .holds }
        let facts = offline.map { Fact("\($0.site.id).level", $0.levelOn?.text) }
        guard !offline.isEmpty else { return Finding(.unknown, .offlineNone, facts) }
        guard let last = offline.compactMap(\.levelOn).max() else { return Finding(.unknown, .offlineAgeUnknown, facts) }
        let isFresh = day <= last + maximum
        return Finding(Truth(isFresh), isFresh ? .offlineFresh(last.text) : .offlineOverdue(last.text, maximum), facts, through: nil)
    }
}
