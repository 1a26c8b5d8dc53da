import Base
import Foundation

extension ReportFacts {
    /// What one tenant may read: its own facts, and no name of another tenant anywhere, in free text neither: there each stands as `[…]`.
    ///
    /// Throws `.usage` where there is no such tenant.
    package func scoped(to id: String) throws -> ReportFacts {
        guard tenants.contains(where: { $0.id == id }) else { throw Failure(.usage, .reportNoTenant, object: printable(Array(id.utf8))) }
        let others = tenants.filter { $0.id != id }
        let own = tenants.filter { $0.id == id }
        var facts = self
        facts.tenant = id
        facts.tenants = own
        facts.sources.removeAll { $0.tenant != id }
        facts.sites = facts.sites.compactMap { site in
            guard site.tenants.contains(id) else { return nil }
            var site = site
            site.tenants = [id]
            return site
        }
        let sites = Set(facts.sites.map(\.id))
        // Contracts of others are theirs.
        let kept = Set(own.compactMap(\.contract.value) + facts.sites.flatMap { $0.certificates.value ?? [] })
        let contracts: Set = ["contractHDS", "DPA", "ghtAgreement"]
        let operatorsOwn = Set(facts.organisation.certificates.value ?? [])
        facts.certificates.filter { kept.contains($0.id) || operatorsOwn.contains($0.id) && !contracts.contains($0.kind) }
        let known = Set(facts.certificates.value?.map(\.id) ?? [])
        if let list = facts.organisation.certificates.value, facts.certificates.value != nil {
            facts.organisation.certificates = .known(list.filter(known.contains))
        }
        facts.decisions.filter { $0.tenant == id }
        facts.waivers.filter { $0.tenant == id }
        facts.independence.filter { sites.contains($0.first) && sites.contains($0.second) }
        facts.offlineMedia.filter { sites.contains($0.site) }
        facts.transfers.filter { $0.tenant == id }
        facts.verifications.filter { $0.tenant == id }
        facts.restores.filter { $0.tenant == id }
        facts.incidents.filter { $0.tenants.contains(id) }
        facts.incidents.change { $0.tenants = [id] }
        if var cryptography = facts.cryptography.value {
            cryptography.keys.filter { $0.tenant == id }
            cryptography.rotations.filter { $0.tenant == id }
            facts.cryptography = .known(cryptography)
        }
        if var access = facts.access.value {
            access.supportGrants.filter { $0.tenant == id }
            access.consultations.filter { $0.tenant == id }
            access.accounts.filter { $0.tenant == nil || $0.tenant == id }
            facts.access = .known(access)
        }
        if var journal = facts.journal.value {
            journal.chains.filter { $0.tenant == nil || $0.tenant == id }
            facts.journal = .known(journal)
        }
        if var retention = facts.retention.value {
            retention.holds.filter { $0.tenant == id }
            retention.applied.filter { $0.tenant == id }
            retention.collections.filter { $0.tenant == id }
            retention.erasures.filter { $0.tenant == id }
            retention.restitutions.filter { $0.tenant == id }
            retention.destructions.filter { $0.tenant == id }
            retention.migrations.filter { $0.tenant == id }
            facts.retention = .known(retention)
        }
        let names = NameVeil(
            hidden: others.flatMap { [$0.id, $0.name.value, $0.siren.value, $0.siren.value.map(NameVeil.grouped)].compactMap { $0 } },
            shown: own.flatMap { [$0.id, $0.name.value, $0.siren.value].compactMap { $0 } })
        facts.actions.removeAll { names.veil($0.gap) != $0.gap }
        facts.documents.removeAll { names.veil($0.name) != $0.name }
        return try facts.rewritingText(names.veil)
    }

    /// Each text of the model, words of its vocabulary and days left out, as `change` gives it.
    func rewritingText(_ change: (String) -> String) throws -> ReportFacts {
        let tree = try JSONSerialization.jsonObject(with: Data(try ReportJSON.encode(self, isPretty: false)))
        func rewrite(_ value: Any, key: String) -> Any {
            switch value {
            case let object as [String: Any]: Dictionary(uniqueKeysWithValues: object.map { ($0.key, rewrite($0.value, key: $0.key)) })
            case let list as [Any]: list.map { rewrite($0, key: key) }
            case let text as String where !Self.vocabulary.contains(key) && ReportDay(text) == nil && ReportMoment(text) == nil: change(text)
            default: value
            }
        }
        let bytes = try JSONSerialization.data(withJSONObject: rewrite(tree, key: ""))
        return try ReportJSON.decode(ReportFacts.self, Array(bytes))
    }

    /// Keys whose values are words of the model and name nobody.
    private static let vocabulary: Set = [
        "month", "kind", "verdict", "outcome", "comparison", "check", "result", "status", "ledger", "basis", "media", "certified", "act", "country",
        "seat", "parent_country", "profile", "rules", "rule", "activities",
    ]
}

/// Takes names out of a text, as whole words and in any case; a longer name that may be shown is left alone.
struct NameVeil {
    private let names: [(characters: [Character], isHidden: Bool)]

    init(hidden: [String], shown: [String]) {
        let shown = Set(shown.map { $0.lowercased() })
        names = (shown.map { ($0, false) } + Set(hidden.map { $0.lowercased() }).subtracting(shown).map { ($0, true) })
            .map { (Array($0.0), $0.1) }.filter { !$0.0.isEmpty }.sorted { $0.0.count > $1.0.count }
    }

    private static let spaces: Set<Character> = ["\u{A0}", "\u{202F}", "\u{2009}", "\t", "\n"]

    /// A SIREN as people write it, in groups of three.
    static func grouped(_ siren: String) -> String {
        siren.enumerated().map { ($0.offset > 0 && $0.offset % 3 == 0 ? " " : "") + String($0.element) }.joined()
    }

    func veil(_ text: String) -> String {
        let original = Array(text)
        // One character for each, so that places stay the same: lower case, and one kind of space.
        let lower = original.map { Self.spaces.contains($0) ? " " : $0.lowercased().first ?? $0 }
        var out = ""
        var at = 0
        func isWord(_ index: Int) -> Bool { lower.indices.contains(index) && (lower[index].isLetter || lower[index].isNumber) }
        search: while at < lower.count {
            for name in names where lower[at...].starts(with: name.characters) {
                let end = at + name.characters.count
                guard !isWord(at - 1), !isWord(end) else { continue }
                out += name.isHidden ? "[…]" : String(original[at..<end])
                at = end
                continue search
            }
            out.append(original[at])
            at += 1
        }
        return out
    }
}
