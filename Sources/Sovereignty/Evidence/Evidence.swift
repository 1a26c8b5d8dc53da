import Base
import Scheduling

/// A document that somebody issued about a company: a certificate, a contract, a statement; after regulation §4.
///
/// It is evidence of one legal entity, for the services and regions that it names, under one version of a referential: never of
/// a brand (§0, finding 1).
package struct Evidence: Sendable, Equatable {
    package let id: EvidenceID
    package let kind: Kind
    package let holder: LegalEntity
    package let issuer: Issuer?
    package let number: String?
    /// What it was judged by, such as `HDS-2.0`.
    package let referential: String?
    package let activities: Set<Activity>
    package let services: [String]
    package let regions: [String]
    /// Its first day.
    package let issuedOn: CalendarDay
    /// Its last day; nil where the document names none.
    package let validUntil: CalendarDay?
    package let lastSurveillance: CalendarDay?
    package let status: Status
    /// Since when it is suspended or withdrawn; nil: since ever, which is the careful reading. Ours, beside §4: a report as of an earlier day needs it.
    package let statusSince: CalendarDay?
    /// Of the document itself (a PDF, most often), byte for byte.
    package let documentHash: Digest
    package let source: String?
    package let collectedBy: String
    package let verifiedBy: String
    /// When somebody has to look at it again.
    package let reviewBy: CalendarDay?

    /// What a document is, as its file writes it.
    package enum Kind: String, Sendable, CaseIterable {
        case hds = "HDS"
        case secNumCloud = "SecNumCloud"
        case iso27001 = "ISO27001"
        case hostingContract = "contractHDS"
        case processingAgreement = "DPA"
        /// The agreement of a territorial hospital group; ours, beside §4.
        case groupAgreement = "ghtAgreement"
        case ownershipStatement
        /// The page that EXI 31 wants public.
        case transferPage = "exi31Page"
        case reversibilityPolicy

        /// What is signed with one party, and nobody else's business.
        package var isContract: Bool { self == .hostingContract || self == .processingAgreement || self == .groupAgreement }
    }

    /// The six activities of HDS by name: their numbers differ between sources (§0, finding 7).
    package enum Activity: String, Sendable, CaseIterable {
        case physicalSites, hardware, virtualInfra, appPlatform, adminOps, backup
    }

    /// What its issuer says of it now.
    package enum Status: String, Sendable, CaseIterable { case valid, suspended, withdrawn }

    /// Who issued it.
    package struct Issuer: Sendable, Equatable {
        package let name: String
        package let accreditation: String?
    }

    /// Whether `document` is the document that was registered.
    package func registers(_ hash: Digest) -> Bool { documentHash == hash }

    /// Whether it speaks of that service in that region. Unknown where one of the two is not known, or where it names none.
    package func covers(service: String?, region: String?) -> Truth {
        func names(_ list: [String], _ wanted: String?) -> Truth {
            guard let wanted, !list.isEmpty else { return .unknown }
            return Truth(list.contains(wanted))
        }
        return names(services, service) && names(regions, region)
    }
}

extension Evidence {
    /// Whether it is worth something on a day.
    package enum State: Sendable, Equatable {
        /// Through that day; nil: without an end.
        case valid(through: CalendarDay?)
        case notYet(from: CalendarDay)
        /// Its last day.
        case expired(after: CalendarDay)
        case suspended
        case withdrawn
    }

    /// The last day on which it can be relied on: the one that it names, and never later than `months` after it was issued. There is no
    /// implicit extension (§2, row 28). The last day itself still counts.
    package func lastDay(maximumMonths months: Int?) -> CalendarDay? {
        let limit = months.map { issuedOn.adding(months: $0) }
        guard let validUntil else { return limit }
        return limit.map { min($0, validUntil) } ?? validUntil
    }

    /// What it is worth on `day`; `maximumMonths` limits it, as in `lastDay`.
    package func state(on day: CalendarDay, maximumMonths: Int?) -> State {
        if status != .valid, statusSince.map({ day >= $0 }) ?? true { return status == .suspended ? .suspended : .withdrawn }
        if day < issuedOn { return .notYet(from: issuedOn) }
        let last = lastDay(maximumMonths: maximumMonths)
        if let last, day > last { return .expired(after: last) }
        return .valid(through: last)
    }
}

extension Evidence {
    /// Reads the object below `evidence`.
    static func read(_ section: DocumentSection) -> Evidence? {
        let id: EvidenceID? = section.requiredIdentifier("id")
        let kind: Kind? = section.required("kind", .expectedOne(of: Kind.allCases.map { "\"\($0.rawValue)\"" })) { section.choice("kind") }
        let holder = section.required("holder", .expectedTable) { section.section("holder", LegalEntity.read) ?? nil }
        let issuer = section.section("issuer") { section -> Issuer? in
            let name = section.requiredText("name")
            let accreditation = section.text("accreditation")
            return name.map { Issuer(name: $0, accreditation: accreditation) }
        }
        let number = section.text("number")
        let referential = section.text("referential")
        let activities: [Activity]? = section.choices("activities")
        let services = section.texts("services")
        let regions = section.texts("regions")
        let issuedOn = section.requiredDay("issuedAt")
        let validUntil = section.day("validUntil")
        let lastSurveillance = section.day("lastSurveillance")
        let status: Status? = section.required("status", .expectedOne(of: Status.allCases.map { "\"\($0.rawValue)\"" })) { section.choice("status") }
        let statusSince = section.day("statusSince")
        let hash = section.required("documentSHA256", .expectedDigest) { section.text("documentSHA256", .expectedDigest) { Digest(hex: $0) } }
        let source = section.text("sourceURL")
        let collectedBy = section.requiredText("collectedBy")
        let verifiedBy = section.requiredText("verifiedBy")
        let reviewBy = section.day("reviewBy")
        if let issuedOn, let validUntil, validUntil < issuedOn { section.problem("validUntil", .evidenceEndsBeforeItBegins) }
        if let collectedBy, collectedBy == verifiedBy { section.problem("verifiedBy", .evidenceOnePerson) }
        if kind == .hds || kind == .secNumCloud || kind == .iso27001 {
            if referential == nil { _ = section.requiredText("referential") }
            if validUntil == nil { _ = section.requiredDay("validUntil") }
        }
        guard let id, let kind, let holder, let issuedOn, let status, let hash, let collectedBy, let verifiedBy else { return nil }
        return Evidence(
            id: id, kind: kind, holder: holder, issuer: issuer ?? nil, number: number, referential: referential, activities: Set(activities ?? []),
            services: services ?? [], regions: regions ?? [], issuedOn: issuedOn, validUntil: validUntil, lastSurveillance: lastSurveillance,
            status: status, statusSince: statusSince, documentHash: hash, source: source, collectedBy: collectedBy, verifiedBy: verifiedBy,
            reviewBy: reviewBy)
    }
}
