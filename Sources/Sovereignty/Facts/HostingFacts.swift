import Scheduling

/// Whose data it is, and in which relation the operator keeps it.
package struct TenantFacts: Sendable, Equatable {
    package let id: TenantID
    package let kind: Kind
    package let entity: LegalEntity?

    package init(id: TenantID, kind: Kind, entity: LegalEntity?) {
        self.id = id
        self.kind = kind
        self.entity = entity
    }

    /// Article L.1111-8 of the public health code speaks of hosting *for others*.
    package enum Kind: String, Sendable, CaseIterable {
        /// The establishment backs up the data of its own patients.
        case ownData = "own"
        /// The support establishment of a territorial hospital group hosts a member.
        case groupMember = "ght"
        case thirdParty = "third"
    }
}

/// Who runs this program.
package struct OperatorFacts: Sendable, Equatable {
    package let entity: LegalEntity
    /// Its own certificates, and its contracts with tenants.
    package let evidence: [EvidenceID]

    package init(entity: LegalEntity, evidence: [EvidenceID] = []) {
        self.entity = entity
        self.evidence = evidence
    }
}

/// What is stated of one source: why it may be kept, how long, and who knows of it.
package struct SourceFacts: Sendable, Equatable {
    package let name: String
    package var authorisation: Authorisation?
    /// The legal basis of how long it is kept, such as `R.1112-7`.
    package var retentionBasis: String?
    /// The longest that a snapshot is meant to be kept.
    package var retentionDays: Int?
    /// Where the patients' information notice is.
    package var informationNotice: String?

    package init(name: String) { self.name = name }

    /// The consent of an authority, such as the CNIL's: limited in time and by project.
    package struct Authorisation: Sendable, Equatable {
        package let id: String
        /// Its last day.
        package let until: CalendarDay

        package init(id: String, until: CalendarDay) {
            self.id = id
            self.until = until
        }
    }
}
