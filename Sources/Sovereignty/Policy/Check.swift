import Base
import Scheduling

/// What a rule looks at, with its limits. The files name it and give the limits; only what it does is in the program.
package enum Check: Sendable, Equatable {
    case endpointNotDenied
    case datacentresWithin(Jurisdictions.Zone)
    case remoteAccessHasBasis
    case lawsDeclared
    case lawsNone
    case seatsWithin(Jurisdictions.Zone)
    case parentWithin(Jurisdictions.Zone)
    case capitalSingle(Percentage)
    case capitalSum(Percentage)
    case capitalNoVeto
    case capitalNoBoardMajority
    /// Overdue: a warning for so many days, read-only from then on.
    case ownershipStated(graceDays: Int)
    case technologyNoReach
    case technologyAutonomy
    case certificateValid(Evidence.Kind)
    case certificateReferential(Evidence.Kind)
    case certificateScope(Evidence.Kind)
    case certificateActivities(Evidence.Kind, Set<Evidence.Activity>)
    /// All of the above but the activities, in one.
    case serviceQualified(Evidence.Kind)
    case contract([Evidence.Kind])
    case operatorCertified(Set<Evidence.Activity>)
    case operatorContract([Evidence.Kind])
    case lockWithinRetention
    case storageClassAllowed
    case lifecycleAbsent
    case bucketEncryptionOn
    case sourceAuthorised(isRequired: Bool)
    case sourceRetentionBasis
    case sourceNotice
    case copiesIndependent(Int, minimumKilometres: Int)
    case copiesImmutable(Int, maximumProbeDays: Int)
    case copiesOffline(Int)
    case offlineAge(maximumDays: Int)

    /// Whether it is about all copies of a source together, and not about one site.
    package var isOfCopies: Bool {
        switch self {
        case .copiesIndependent, .copiesImmutable, .copiesOffline, .offlineAge: true
        default: false
        }
    }

    private static let names = [
        "endpoint.notDenied", "datacentres.within", "access.hasBasis", "law.declared", "law.none", "seats.within", "parent.within",
        "capital.single", "capital.sum", "capital.noVeto", "capital.noBoardMajority", "ownership.stated", "technology.noReach",
        "technology.autonomy", "certificate.valid", "certificate.referential", "certificate.scope", "certificate.activities",
        "service.qualified", "contract", "operator.certified", "operator.contract", "lock.withinRetention", "class.allowed",
        "lifecycle.absent", "bucketEncryption.on", "source.authorised", "source.retentionBasis", "source.notice", "copies.independent",
        "copies.immutable", "copies.offline", "offline.age",
    ]

    /// Reads `check` and `parameters` of a rule.
    static func read(_ rule: DocumentSection) -> Check? {
        let name = rule.required("check", .expectedOne(of: names.map { "\"\($0)\"" })) {
            rule.text("check", .expectedOne(of: names.map { "\"\($0)\"" })) { names.contains($0) ? $0 : nil }
        }
        guard let name else {
            _ = rule.node("parameters")
            return nil
        }
        if let plain = plain(name) { return plain }
        return rule.required("parameters", .expectedTable) { rule.section("parameters") { parametrised(name, $0) } ?? nil }
    }

    private static func plain(_ name: String) -> Check? {
        switch name {
        case "endpoint.notDenied": .endpointNotDenied
        case "access.hasBasis": .remoteAccessHasBasis
        case "law.declared": .lawsDeclared
        case "law.none": .lawsNone
        case "capital.noVeto": .capitalNoVeto
        case "capital.noBoardMajority": .capitalNoBoardMajority
        case "technology.noReach": .technologyNoReach
        case "technology.autonomy": .technologyAutonomy
        case "lock.withinRetention": .lockWithinRetention
        case "class.allowed": .storageClassAllowed
        case "lifecycle.absent": .lifecycleAbsent
        case "bucketEncryption.on": .bucketEncryptionOn
        case "source.retentionBasis": .sourceRetentionBasis
        case "source.notice": .sourceNotice
        default: nil
        }
    }

    private static func parametrised(_ name: String, _ section: DocumentSection) -> Check? {
        switch name {
        case "datacentres.within": section.zone.map(Check.datacentresWithin)
        case "seats.within": section.zone.map(Check.seatsWithin)
        case "parent.within": section.zone.map(Check.parentWithin)
        case "capital.single": section.limit.map(Check.capitalSingle)
        case "capital.sum": section.limit.map(Check.capitalSum)
        case "ownership.stated": section.count("graceDays").map { .ownershipStated(graceDays: $0) }
        case "certificate.valid": section.kind.map(Check.certificateValid)
        case "certificate.referential": section.kind.map(Check.certificateReferential)
        case "certificate.scope": section.kind.map(Check.certificateScope)
        case "service.qualified": section.kind.map(Check.serviceQualified)
        case "certificate.activities": both(section.kind, section.activities).map { .certificateActivities($0, $1) }
        case "contract": section.kinds.map(Check.contract)
        case "operator.certified": section.activities.map(Check.operatorCertified)
        case "operator.contract": section.kinds.map(Check.operatorContract)
        case "source.authorised":
            section.required("required", .expectedBoolean) { section.boolean("required") }.map { .sourceAuthorised(isRequired: $0) }
        case "copies.independent":
            both(section.count("count"), section.count("minimumKilometres")).map { .copiesIndependent($0, minimumKilometres: $1) }
        case "copies.immutable": both(section.count("count"), section.count("maximumProbeDays")).map { .copiesImmutable($0, maximumProbeDays: $1) }
        case "copies.offline": section.count("count").map(Check.copiesOffline)
        case "offline.age": section.count("maximumDays").map { .offlineAge(maximumDays: $0) }
        default: nil
        }
    }
}

private func both<A, B>(_ a: A?, _ b: B?) -> (A, B)? {
    guard let a, let b else { return nil }
    return (a, b)
}

extension DocumentSection {
    fileprivate var zone: Jurisdictions.Zone? { required("zone", .expectedOne(of: ["\"EU\"", "\"EEA\""])) { choice("zone") } }
    fileprivate var limit: Percentage? { required("maximumPct", .expectedPercentage) { percentage("maximumPct") } }
    fileprivate var kind: Evidence.Kind? { required("kind", .expectedText) { choice("kind") } }
    fileprivate var kinds: [Evidence.Kind]? { required("kinds", .expectedText) { choices("kinds") } }
    fileprivate var activities: Set<Evidence.Activity>? {
        let list: [Evidence.Activity]? = required("activities", .expectedText) { choices("activities") }
        return list.map { Set($0) }
    }
    fileprivate func count(_ key: String) -> Int? { required(key, .expectedInteger(0, 100_000)) { integer(key, in: 0...100_000) } }
}
