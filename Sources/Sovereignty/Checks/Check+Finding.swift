import Base

extension Check {
    /// What the check finds at one site. Not to be asked of the checks that are about all copies together.
    func finding(_ context: CheckContext) -> Finding {
        switch self {
        case .endpointNotDenied: context.endpointNotDenied()
        case .datacentresWithin(let zone): context.datacentres(within: zone)
        case .remoteAccessHasBasis: context.remoteAccessHasBasis()
        case .lawsDeclared: context.lawsDeclared()
        case .lawsNone: context.lawsNone()
        case .seatsWithin(let zone): context.seats(within: zone)
        case .parentWithin(let zone): context.parent(within: zone)
        case .capitalSingle(let limit): context.capitalSingle(limit)
        case .capitalSum(let limit): context.capitalSum(limit)
        case .capitalNoVeto: context.noPower("ownership.veto", context.site.ownership?.hasVeto, Message.capitalVeto)
        case .capitalNoBoardMajority: context.noPower("ownership.boardMajority", context.site.ownership?.hasBoardMajority, Message.capitalBoard)
        case .ownershipStated(let days): context.ownershipStated(graceDays: days)
        case .technologyNoReach: context.technologyNoReach()
        case .technologyAutonomy: context.technologyAutonomy()
        case .certificateValid(let kind): context.certificateValid(kind)
        case .certificateReferential(let kind): context.certificateReferential(kind)
        case .certificateScope(let kind): context.certificateScope(kind)
        case .certificateActivities(let kind, let activities): context.certificateActivities(kind, activities)
        case .serviceQualified(let kind): context.certificateScope(kind)
        case .contract(let kinds): context.contract(kinds)
        case .operatorCertified(let activities): context.operatorCertified(activities)
        case .operatorContract(let kinds): context.operatorContract(kinds)
        case .lockWithinRetention: context.lockWithinRetention()
        case .storageClassAllowed: context.storageClassAllowed()
        case .lifecycleAbsent: context.lifecycleAbsent()
        case .bucketEncryptionOn: context.bucketEncryptionOn()
        case .sourceAuthorised(let isRequired): context.sourceAuthorised(isRequired: isRequired)
        case .sourceRetentionBasis: context.sourceRetentionBasis()
        case .sourceNotice: context.sourceNotice()
        case .copiesIndependent, .copiesImmutable, .copiesOffline, .offlineAge: .notApplicable(.ruleOfAllCopies)
        }
    }
}
