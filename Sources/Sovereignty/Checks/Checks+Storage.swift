import Base

// How it is stored there, and why it may be.
extension CheckContext {
    func lockWithinRetention() -> Finding {
        guard let source = placement.source else { return .notApplicable(.ruleOfSource) }
        let facts = [
            Fact("site.lockDays", placement.lockDays.map(String.init)), Fact("source.retentionDays", source.retentionDays.map(String.init)),
        ]
        guard let lock = placement.lockDays else { return Finding(.unknown, .lockUnknown, facts) }
        if lock == 0 { return Finding(.holds, .lockNone, facts) }
        guard let retention = source.retentionDays else { return Finding(.unknown, .retentionUnknown, facts) }
        return Finding(Truth(lock <= retention), lock <= retention ? .lockWithin : .lockTooLong(lock, retention), facts)
    }

    private var storageTerms: Provider.StorageTerms? {
        site.company.flatMap { catalogue.provider(named: $0.entity.name) }?.storage
    }

    func storageClassAllowed() -> Finding {
        guard let allowed = storageTerms?.classes else { return .notApplicable(.noStorageTerms) }
        guard let used = site.storageClasses, !used.isEmpty else { return Finding(.unknown, .storageClassUnknown, [fact("storageClasses", nil)]) }
        let facts = [fact("storageClasses", used.joined(separator: ", ")), Fact("provider.classes", allowed.joined(separator: ", "))]
        if let wrong = used.first(where: { !allowed.contains($0) }) { return Finding(.fails, .storageClassRefused(wrong), facts) }
        return Finding(.holds, .storageClassAllowed, facts)
    }

    func lifecycleAbsent() -> Finding {
        guard let terms = storageTerms, terms.forbidsLifecycle else { return .notApplicable(.noStorageTerms) }
        let isSet = site.capabilities?.hasLifecycleRules
        return Finding(!Truth(isSet), .lifecycle(isSet.map { !$0 }), [fact("capabilities.lifecycleRules", isSet.map { "\($0)" })])
    }

    func bucketEncryptionOn() -> Finding {
        guard let terms = storageTerms, terms.requiresBucketEncryption else { return .notApplicable(.noStorageTerms) }
        let isOn = site.capabilities?.hasBucketEncryption
        return Finding(Truth(isOn), .bucketEncryption(isOn), [fact("capabilities.bucketEncryption", isOn.map { "\($0)" })])
    }

    func sourceAuthorised(isRequired: Bool) -> Finding {
        guard let source = placement.source else { return .notApplicable(.ruleOfSource) }
        guard let authorisation = source.authorisation else {
            return isRequired ? Finding(.unknown, .authorisationMissing, [Fact("source.authorisation", nil)]) : .notApplicable(.authorisationNone)
        }
        let isInForce = day <= authorisation.until
        return Finding(
            Truth(isInForce), isInForce ? .authorisationInForce(authorisation.id) : .authorisationEnded(authorisation.id, authorisation.until.text),
            [Fact("source.authorisation", authorisation.id), Fact("source.authorisation.until", authorisation.until.text)],
            through: isInForce ? authorisation.until : nil)
    }

    func sourceRetentionBasis() -> Finding {
        guard let source = placement.source else { return .notApplicable(.ruleOfSource) }
        let facts = [Fact("source.basis", source.retentionBasis)]
        return source.retentionBasis == nil ? Finding(.unknown, .retentionBasisMissing, facts) : Finding(.holds, .retentionBasisStated, facts)
    }

    func sourceNotice() -> Finding {
        guard let source = placement.source else { return .notApplicable(.ruleOfSource) }
        let facts = [Fact("source.informationNotice", source.informationNotice)]
        return source.informationNotice == nil ? Finding(.unknown, .noticeMissing, facts) : Finding(.holds, .noticeStated, facts)
    }
}
