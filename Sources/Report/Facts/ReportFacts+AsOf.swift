extension ReportFacts {
    /// The same, without what came after the day as of which the report speaks.
    package func trimmed() -> ReportFacts {
        let day = period.asOf
        var facts = self
        for index in facts.sources.indices {
            facts.sources[index].restoreTests.filter { $0.at.day <= day }
            facts.sources[index].anomalies.filter { $0.at.day <= day }
        }
        facts.certificates.filter { $0.issuedOn <= day }
        facts.decisions.filter { $0.on <= day }
        facts.waivers.filter { $0.grantedOn <= day }
        facts.policyChanges.filter { $0.on <= day }
        facts.restores.filter { $0.at.day <= day }
        facts.incidents.filter { $0.openedAt.day <= day }
        facts.incidents.change { incident in
            if let closed = incident.closedAt, closed.day > day { incident.closedAt = nil }
            if let told = incident.notifiedAt, told.day > day { incident.notifiedAt = nil }
        }
        facts.offlineMedia.filter { $0.firstUsed <= day }
        if let drill = facts.recoveryDrill.value, drill.on > day { facts.recoveryDrill = .unknown }
        if var cryptography = facts.cryptography.value {
            cryptography.rotations.filter { $0.on <= day }
            cryptography.keys.filter { $0.createdOn <= day }
            if let drill = cryptography.escrowDrill.value, drill.on > day { cryptography.escrowDrill = .unknown }
            facts.cryptography = .known(cryptography)
        }
        if var access = facts.access.value {
            if let review = access.review.value, review.on > day { access.review = .unknown }
            facts.access = .known(access)
        }
        if var retention = facts.retention.value {
            retention.holds.filter { $0.since <= day }
            retention.applied.filter { $0.at.day <= day }
            retention.collections.filter { $0.at.day <= day }
            retention.erasures.filter { $0.on <= day }
            retention.restitutions.filter { $0.on <= day }
            retention.destructions.filter { $0.on <= day }
            retention.migrations.filter { $0.on <= day }
            facts.retention = .known(retention)
        }
        return facts
    }
}

extension Recorded {
    /// Keeps of a recorded list what `isKept` says; what is unknown stays unknown.
    mutating func filter<Element>(_ isKept: (Element) -> Bool) where Value == [Element] {
        if let value { self = .known(value.filter(isKept)) }
    }

    mutating func change<Element>(_ body: (inout Element) -> Void) where Value == [Element] {
        guard var list = value else { return }
        for index in list.indices { body(&list[index]) }
        self = .known(list)
    }
}
