import Base
import Scheduling

/// The evidence of one kind that a list of ids leads to, and what each piece is worth on the day.
struct EvidenceSearch {
    struct Candidate {
        let evidence: Evidence
        let state: Evidence.State
        let file: String

        /// Its last day; nil where it has none.
        var through: CalendarDay? { if case .valid(let through) = state { through } else { nil } }
    }

    /// The holder's.
    var candidates: [Candidate] = []
    var facts: [Fact] = []
    /// Why there is none, where there is none that is valid.
    var lack: Message

    /// Those in force, the one that lasts longest first.
    var valid: [Candidate] {
        candidates.filter { if case .valid = $0.state { true } else { false } }
            .sorted { ($0.through ?? .distant, $0.evidence.id) > ($1.through ?? .distant, $1.evidence.id) }
    }
}

extension CalendarDay {
    fileprivate static let distant = CalendarDay(number: .max)
}

extension Evidence.State {
    /// Whether its issuer took it back: no grace helps then.
    var isRefusal: Bool { self == .suspended || self == .withdrawn }

    fileprivate func reason(_ id: String) -> Message? {
        switch self {
        case .valid: nil
        case .notYet(let day): .evidenceNotYet(id, day.text)
        case .expired(let day): .evidenceExpired(id, day.text)
        case .suspended: .evidenceSuspended(id)
        case .withdrawn: .evidenceWithdrawn(id)
        }
    }

    fileprivate var text: String {
        switch self {
        case .valid(let through): "valid" + (through.map { " until \($0.text)" } ?? "")
        case .notYet(let day): "from \(day.text)"
        case .expired(let day): "expired \(day.text)"
        case .suspended: "suspended"
        case .withdrawn: "withdrawn"
        }
    }
}

extension CheckContext {
    /// What `ids` lead to of that kind whose holder is `holder`: a name alone, or somebody else's certificate, is no evidence.
    func search(_ kind: Evidence.Kind, _ ids: [EvidenceID], of holder: LegalEntity?) -> EvidenceSearch {
        guard let holder else { return EvidenceSearch(facts: [fact("operator", nil)], lack: .operatorUnknown) }
        var search = EvidenceSearch(lack: .evidenceNone(kind.rawValue, holder.name))
        var lackRank = 0
        for id in ids {
            guard let admitted = register.evidence[id] else {
                let absence = register.absence(of: id)
                if let claimed = absence?.claimedEvidence?.kind, claimed != kind { continue }
                search.facts.append(Fact(id.text, nil, origin: absence?.file))
                // A document that is there and does not count tells more than one that is not there.
                if absence != nil || lackRank == 0 { search.lack = .evidenceAbsent(id.text, absence?.reason ?? .evidenceNotThere) }
                lackRank = max(lackRank, absence == nil ? 1 : 2)
                continue
            }
            let evidence = admitted.document
            guard evidence.kind == kind else { continue }
            guard evidence.holder.isSame(as: holder) else {
                search.facts.append(Fact("\(id).holder", evidence.holder.name, origin: admitted.file))
                if lackRank < 2 { search.lack = .evidenceOfAnother(id.text, evidence.holder.name, holder.name) }
                lackRank = 2
                continue
            }
            let state = evidence.state(on: day, maximumMonths: terms.maximumMonths[kind])
            search.facts.append(Fact(id.text, state.text, origin: admitted.file))
            search.candidates.append(EvidenceSearch.Candidate(evidence: evidence, state: state, file: admitted.file))
        }
        if let reason = search.candidates.compactMap({ $0.state.reason($0.evidence.id.text) }).last { search.lack = reason }
        return search
    }
}
