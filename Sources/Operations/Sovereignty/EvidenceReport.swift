import Base
import Codec
import Scheduling
import Sovereignty

/// One document of the register, for `evidence list` and `evidence check`.
package struct EvidenceRow: Encodable, Sendable {
    package let file: String
    /// `evidence`, `waiver`, `site`, `incident` and the other kinds of record; nil for a file that cannot be read.
    package let document: String?
    package let id: String?
    package let kind: String?
    package let holder: String?
    package let number: String?
    /// `valid`, `expired`, `notYet`, `suspended`, `withdrawn`, `absent`.
    package let state: String
    package let last_day: String?
    package let signed_by: [String]
    /// Why it counts as absent.
    package let reason: String?
    package let code: String?
    /// What is wrong in a file that cannot be read: file, line, key, what was expected.
    package let problems: [String]

    package var isGood: Bool { state == "valid" }

    package func stateText(_ l: Language) -> String {
        let message: Message =
            switch state {
            case "valid": .stateValid
            case "expired": .stateExpired
            case "notYet": .stateNotYet
            case "suspended": .stateSuspended
            case "withdrawn": .stateWithdrawn
            default: .stateAbsent
            }
        return message.text(l)
    }
}

/// The register of evidence as an operator sees it.
package struct EvidenceReport: Sendable {
    private let configuration: Configuration
    private let tenant: Configuration.Tenant?
    private let language: Language
    private let today = CalendarDay(LocalTime(Timestamp.now().seconds))

    private var papers: Configuration.Papers { configuration.papers }

    /// `tenant`: only what concerns it is shown: statements of its sites, what they and the operator name but for contracts with others, its waivers.
    package init(_ configuration: Configuration, tenant: Configuration.Tenant? = nil, language: Language) {
        self.configuration = configuration
        self.tenant = tenant
        self.language = language
    }

    /// Whether the document may be shown to who asks. Of what cannot be read nobody can tell whose it is.
    private func concerns(_ document: RegisterDocument?, _ register: EvidenceRegister) -> Bool {
        guard let tenant else { return true }
        let sites = tenant.sites.compactMap { SiteID($0) }
        switch document {
        case nil: return false
        case .site(let one): return sites.contains(one.id)
        case .waiver(let one): return one.tenant.text == tenant.name
        case .record(let one): return one.tenants?.contains { $0.text == tenant.name } ?? true
        case .evidence(let one):
            let named = sites.flatMap { register.facts(of: $0).evidence } + papers.hostEvidence.compactMap { EvidenceID($0) }
            return named.contains(one.id) && !configuration.isContract(one, ofAnotherThan: tenant)
        }
    }

    /// Every document, in the order of the file names; `days`: only those whose last day is so near, or past. Throws why the rules or the
    /// approvers cannot be read.
    package func rows(expiring days: Int? = nil) throws -> [EvidenceRow] {
        let dossier = try Dossier(papers)
        let rows = rows(dossier.register, dossier.book.terms)
        guard let days else { return rows }
        let limit = (today + days).text
        return rows.filter { row in row.last_day.map { $0 <= limit } ?? false }.sorted { ($0.last_day ?? "", $0.file) < ($1.last_day ?? "", $1.file) }
    }

    private func rows(_ register: EvidenceRegister, _ terms: PolicyTerms) -> [EvidenceRow] {
        func signers(_ endorsement: Endorsement) -> [String] { endorsement.signers.map(\.text).sorted() }
        var rows = register.evidence.values.filter { concerns(.evidence($0.document), register) }.map { admitted -> EvidenceRow in
            let one = admitted.document
            let months = terms.maximumMonths[one.kind]
            let state =
                switch one.state(on: today, maximumMonths: months) {
                case .valid: "valid"
                case .notYet: "notYet"
                case .expired: "expired"
                case .suspended: "suspended"
                case .withdrawn: "withdrawn"
                }
            return EvidenceRow(
                file: admitted.file, document: "evidence", id: one.id.text, kind: one.kind.rawValue, holder: one.holder.name, number: one.number,
                state: state, last_day: one.lastDay(maximumMonths: months)?.text, signed_by: signers(admitted.endorsement), reason: nil, code: nil,
                problems: [])
        }
        rows += register.waivers.values.filter { concerns(.waiver($0.document), register) }.map { admitted in
            let one = admitted.document
            return EvidenceRow(
                file: admitted.file, document: "waiver", id: one.id.text, kind: nil, holder: "\(one.tenant.text) → \(one.site.text)", number: nil,
                state: today > one.until ? "expired" : today < one.grantedOn ? "notYet" : "valid", last_day: one.until.text,
                signed_by: signers(admitted.endorsement), reason: nil, code: nil, problems: [])
        }
        rows += register.sites.values.filter { concerns(.site($0.document), register) }.map { admitted in
            EvidenceRow(
                file: admitted.file, document: "site", id: admitted.document.id.text, kind: nil, holder: admitted.document.company?.entity.name,
                number: nil, state: "valid", last_day: nil, signed_by: signers(admitted.endorsement), reason: nil, code: nil, problems: [])
        }
        rows += register.records.filter { concerns(.record($0.document), register) }.map { admitted in
            let one = admitted.document
            // Of a record of several tenants, one is not told the names of the others.
            let names = one.tenants?.map(\.text).filter { tenant == nil || $0 == tenant?.name }
            return EvidenceRow(
                file: admitted.file, document: one.kind.rawValue, id: one.id.text, kind: nil, holder: names?.joined(separator: ", "),
                number: nil, state: "valid", last_day: nil, signed_by: signers(admitted.endorsement), reason: nil, code: nil, problems: [])
        }
        rows += register.absent.filter { concerns($0.claimed, register) }.map { one in
            EvidenceRow(
                file: one.file, document: nil, id: nil, kind: one.claimedEvidence?.kind.rawValue, holder: nil, number: nil, state: "absent",
                last_day: nil,
                signed_by: [], reason: one.reason.text(language), code: one.reason.code, problems: one.problems.map { $0.failure.text(language) })
        }
        return rows.sorted { $0.file < $1.file }
    }

    /// Days of a length of time such as `90d`. Throws `.usage`.
    package static func days(_ text: String) throws -> Int {
        guard let length = Duration(configuration: text) else { throw Failure(.usage, .configWrongValue(.expectedDuration), object: text) }
        return Int(length.components.seconds / 86_400)
    }

    // MARK: adding

    /// Puts the document at `path` into the register with the signatures beside it; why it counts as absent all the same, nil where it counts.
    ///
    /// Throws `Failures` with everything that is wrong in it, `.refused` where a document of that name counts and this one would not, `.usage`
    /// for another name than `NAME.json`. Durable on return.
    package func add(_ path: String) throws -> (name: String, digest: Digest, lack: Message?) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard let name = parts.last.map(String.init), name.hasSuffix(".json"), !name.hasPrefix(".") else {
            throw Failure(.usage, .evidenceFileName, object: path)
        }
        let folder = path.hasPrefix("/") || parts.count > 1 ? String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) : "."
        let source = folder.isEmpty ? "/" : folder
        guard let file = try EvidenceFolder.read(source).first(where: { $0.name == name }) else {
            throw Failure(.usage, .objectMissing, object: path)
        }
        do { _ = try RegisterDocument(file.bytes, file: name) } catch let problems as DocumentProblems { throw Failures(problems.failures) }
        let approvers = try ApproversFile.read(papers.approvers)
        let others = try EvidenceFolder.read(papers.evidence)
        // As it will lie there: with the signatures that are there already.
        let old = others.first { $0.name == name }
        let kept = (old?.signatures ?? []).filter { there in !file.signatures.contains { $0.name == there.name } }
        let new = SignedFile(name: name, bytes: file.bytes, signatures: file.signatures + kept)
        let lack = self.lack(of: name, in: others.filter { $0.name != name } + [new], approvers)
        if lack != nil, let old, self.lack(of: old.name, in: others, approvers) == nil {
            throw Failure(.refused, .evidenceWouldBeLost, object: name, remedy: .evidenceSign)
        }
        try Files.makeFolder(papers.evidence, mode: 0o755)
        for signature in file.signatures { try Files.replace(papers.evidence + "/" + signature.name, signature.bytes, mode: 0o644) }
        try Files.replace(papers.evidence + "/" + name, file.bytes, mode: 0o644)
        return (name, sha256(file.bytes), lack)
    }

    private func lack(of name: String, in files: [SignedFile], _ approvers: Approvers) -> Message? {
        EvidenceRegister(files, approvers: approvers).absent.first { $0.file == name }?.reason
    }
}
