import Base
import Codec
import Scheduling

/// What may be believed: the documents that can be read and that two people signed. Everything else counts as absent, with the reason.
package struct EvidenceRegister: Sendable, Equatable {
    package private(set) var evidence: [EvidenceID: Admitted<Evidence>] = [:]
    package private(set) var waivers: [WaiverID: Admitted<Waiver>] = [:]
    package private(set) var sites: [SiteID: Admitted<SiteFacts>] = [:]
    package private(set) var records: [Admitted<Record>] = []
    /// In the order of the file names.
    package private(set) var absent: [AbsentDocument] = []
    private var absentEvidence: [EvidenceID: AbsentDocument] = [:]

    /// A document that counts.
    package struct Admitted<Document: Sendable & Equatable>: Sendable, Equatable {
        package let document: Document
        package let file: String
        /// SHA-256 of the file.
        package let hash: Digest
        package let endorsement: Endorsement
    }

    /// A document that does not count.
    package struct AbsentDocument: Sendable, Equatable {
        package let file: String
        package let reason: Message
        /// What is wrong in it, where it cannot be read.
        package let problems: [DocumentProblem]
        /// What it says to be: good for a sentence to a person, and for nothing else. Nil where it cannot be read.
        package let claimed: RegisterDocument?

        package var claimedEvidence: Evidence? { if case .evidence(let one) = claimed { one } else { nil } }
    }

    /// An empty one: every site is unknown.
    package init() {}

    /// Judges `files`, in the order of their names. Pure.
    package init(_ files: [SignedFile], approvers: Approvers) {
        var owners: [String: [Int]] = [:]
        let files = files.sorted { $0.name < $1.name }
        let readings = files.map { file in Result { try RegisterDocument(file.bytes, file: file.name) } }
        for (index, reading) in readings.enumerated() {
            if case .success(let document) = reading, Endorsement(files[index], by: approvers).isSufficient {
                owners[document.name, default: []].append(index)
            }
        }
        for (file, reading) in zip(files, readings) {
            let endorsement = Endorsement(file, by: approvers)
            switch reading {
            case .failure(let error):
                let problems = (error as? DocumentProblems)?.all ?? []
                absent.append(
                    AbsentDocument(file: file.name, reason: problems.first?.message ?? .documentUnreadable, problems: problems, claimed: nil))
            case .success(let document):
                // Two that say of themselves to be the same contradict each other: neither is believed.
                let others = owners[document.name, default: []].map { files[$0].name }.filter { $0 != file.name }
                if let lack = endorsement.lack ?? others.first.map(Message.documentTwice) ?? document.lack(endorsement) {
                    let one = AbsentDocument(file: file.name, reason: lack, problems: [], claimed: document)
                    absent.append(one)
                    if let evidence = one.claimedEvidence { absentEvidence[evidence.id] = one }
                } else {
                    admit(document, file, endorsement)
                }
            }
        }
    }

    private mutating func admit(_ document: RegisterDocument, _ file: SignedFile, _ endorsement: Endorsement) {
        let hash = sha256(file.bytes)
        switch document {
        case .evidence(let one): evidence[one.id] = Admitted(document: one, file: file.name, hash: hash, endorsement: endorsement)
        case .waiver(let one): waivers[one.id] = Admitted(document: one, file: file.name, hash: hash, endorsement: endorsement)
        case .site(let one): sites[one.id] = Admitted(document: one, file: file.name, hash: hash, endorsement: endorsement)
        case .record(let one): records.append(Admitted(document: one, file: file.name, hash: hash, endorsement: endorsement))
        }
    }

    /// What is stated of a site; of one that nobody stated anything about, nothing is known.
    package func facts(of site: SiteID) -> SiteFacts { sites[site]?.document ?? SiteFacts(id: site) }

    /// Why evidence of that name does not count, where there is a file of it.
    package func absence(of id: EvidenceID) -> AbsentDocument? { evidence[id] == nil ? absentEvidence[id] : nil }

    /// The evidence whose last day is at most `days` after `day`, what is over already included; the earliest first.
    package func expiring(within days: Int, of day: CalendarDay, _ terms: PolicyTerms) -> [(evidence: Evidence, lastDay: CalendarDay)] {
        evidence.values.map(\.document)
            .compactMap { one in one.lastDay(maximumMonths: terms.maximumMonths[one.kind]).map { (one, $0) } }
            .filter { $0.1 <= day + days }
            .sorted { ($0.1, $0.0.id) < ($1.1, $1.0.id) }
    }
}

extension RegisterDocument {
    /// Its kind and id: no two admitted documents share it.
    fileprivate var name: String {
        switch self {
        case .evidence(let one): "evidence/\(one.id)"
        case .waiver(let one): "waiver/\(one.id)"
        case .site(let one): "site/\(one.id)"
        case .record(let one): "\(one.kind.rawValue)/\(one.id)"
        }
    }

    /// A waiver is signed by those whom it names.
    fileprivate func lack(_ endorsement: Endorsement) -> Message? {
        guard case .waiver(let waiver) = self else { return nil }
        let named = Set(waiver.approvers)
        if named.count < Endorsement.required { return .waiverApproversTooFew }
        return named.isSubset(of: endorsement.signers) ? nil : .waiverApproversDidNotSign
    }
}
