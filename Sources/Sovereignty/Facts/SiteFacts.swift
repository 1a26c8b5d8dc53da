/// What is stated of one site, after regulation §4. Each nil is a fact that nobody stated: it is unknown, and unknown denies.
///
/// The statement is a document like a certificate: signed by two people, or it counts as absent.
package struct SiteFacts: Sendable, Equatable {
    package let id: SiteID
    package var driver: Driver?
    /// The address as it is configured; nil for a site without one.
    package var endpoint: String?
    package var region: String?
    /// As the certificates name it.
    package var service: String?
    package var storageClasses: [String]?
    package var company: Company?
    package var ownership: Ownership?
    package var infrastructure: Infrastructure?
    package var remoteAccess: [RemoteAccess]?
    /// Laws from outside the Union that its actors are subject to; empty: stated that there are none.
    package var exposedLaws: [String]?
    package var residualRisks: [String]?
    package var mitigations: [String]?
    package var subprocessors: [Subprocessor]?
    package var technology: [Technology]?
    package var capabilities: Capabilities?
    package var media: Media?
    /// Disconnected from any information system but while it is written (ANSSI-BP-100).
    package var isOffline: Bool?
    package var evidence: [EvidenceID] = []

    /// A site of which nothing is known.
    package init(id: SiteID) { self.id = id }

    /// How the program reaches it.
    package enum Driver: String, Sendable, CaseIterable { case file, s3, remote }
    /// What the bytes lie on.
    package enum Media: String, Sendable, CaseIterable { case object, disk, tape, removable }

    /// Who runs the service, and where it is at home (SecNumCloud 19.6.a).
    package struct Company: Sendable, Equatable {
        package var entity: LegalEntity
        package var seat: Country?
        package var centralAdministration: Country?
        package var mainEstablishment: Country?

        package init(entity: LegalEntity) { self.entity = entity }
    }

    /// Whose the company is (SecNumCloud 19.6.a-b).
    package struct Ownership: Sendable, Equatable {
        package var ultimateParent: String?
        package var parentCountry: Country?
        /// Every holder from outside the Union, direct or not; empty: stated that there is none.
        package var holdings: [Holding]?
        /// Whether one of them can block a decision.
        package var hasVeto: Bool?
        /// Whether they can appoint a majority of the board.
        package var hasBoardMajority: Bool?

        package init() {}
    }

    /// The share of one holder from outside the Union.
    package struct Holding: Sendable, Equatable {
        package var holder: String
        package var country: Country?
        package var capital: Percentage?
        package var votes: Percentage?
        package var isIndirect: Bool?

        package init(holder: String) { self.holder = holder }
    }

    /// Where the machines are, and whose.
    package struct Infrastructure: Sendable, Equatable {
        /// Whose machines they are.
        package var underlyingOperator: String?
        package var datacentres: [Datacentre]?

        package init() {}
    }

    /// One building.
    package struct Datacentre: Sendable, Equatable {
        package var id: String
        package var country: Country?
        package var place: Coordinates?

        package init(id: String) { self.id = id }
    }

    /// Somebody who reaches it from afar (EXI 29).
    package struct RemoteAccess: Sendable, Equatable {
        package var country: Country?
        package var actor: String?
        package var basis: TransferBasis?

        package init() {}
    }

    /// The article of GDPR that allows access from a third country.
    package enum TransferBasis: String, Sendable, CaseIterable {
        case adequacy = "GDPR45"
        case safeguards = "GDPR46"
    }

    /// Somebody who works for the host.
    package struct Subprocessor: Sendable, Equatable {
        package var name: String
        package var role: String?
        package var seat: Country?
        package var certification: Certification?
        package var canReachData: Bool?

        package init(name: String) { self.name = name }

        /// Whether it is certified itself.
        package enum Certification: String, Sendable, CaseIterable { case yes, no, exempt }
    }

    /// A supplier of what the service is built with (19.6.c-d).
    package struct Technology: Sendable, Equatable {
        package var supplier: String
        package var country: Country?
        package var canReachData: Bool?
        package var autonomy: Autonomy?

        package init(supplier: String) { self.supplier = supplier }

        /// How the operator goes on without the supplier (19.6.d).
        package enum Autonomy: String, Sendable, CaseIterable {
            case own, twoThirdParties
            case dependent = "none"
        }
    }
}
