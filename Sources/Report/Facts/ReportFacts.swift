/// Everything that a report states, as of a day: what the program knows, mapped into one model that is independent of how it is known.
///
/// It has no place for content, names of files, patients or key material. `Recorded` facts that are not there become gaps by
/// themselves. Durations are seconds, sizes are bytes, shares are 0 to 1.
package struct ReportFacts: Codable, Sendable, Equatable {
    package var period: ReportPeriod
    /// When it was put together.
    package var made: ReportMoment
    /// The only tenant that it is about; nil: the operator's own report, of all of them.
    package var tenant: String?
    package var product = Product()
    package var organisation = Organisation()
    package var tenants: [Tenant] = []
    package var sources: [Source] = []
    package var sites: [Site] = []
    package var certificates: Recorded<[Certificate]> = .unknown
    package var decisions: Recorded<[Decision]> = .unknown
    package var waivers: Recorded<[Waiver]> = .unknown
    package var policyChanges: Recorded<[PolicyChange]> = .unknown
    package var independence: Recorded<[SitePair]> = .unknown
    package var offlineMedia: Recorded<[Medium]> = .unknown
    package var transfers: Recorded<[Transfer]> = .unknown
    package var verifications: Recorded<[Verification]> = .unknown
    package var restores: Recorded<[Restore]> = .unknown
    package var recoveryDrill: Recorded<Drill> = .unknown
    package var cryptography: Recorded<Cryptography> = .unknown
    package var access: Recorded<Access> = .unknown
    package var journal: Recorded<Journal> = .unknown
    package var incidents: Recorded<[Incident]> = .unknown
    package var retention: Recorded<Retention> = .unknown
    /// What people decided to do about gaps.
    package var actions: [CorrectiveAction] = []
    /// Other documents that the report relies on.
    package var documents: [HashedDocument] = []

    package init(period: ReportPeriod, made: ReportMoment) {
        self.period = period
        self.made = made
    }

    package struct Product: Codable, Sendable, Equatable {
        package var version: Recorded<String> = .unknown
        /// SHA-256, in hexadecimal digits, as all hashes of the model.
        package var binaryHash: Recorded<String> = .unknown
        package var policyHash: Recorded<String> = .unknown
        package var configurationHash: Recorded<String> = .unknown
        /// Machines that the facts come from.
        package var nodes: Recorded<[String]> = .unknown
        package init() {}
    }

    /// Who backs up: the operator of HDS activity 6.
    package struct Organisation: Codable, Sendable, Equatable, Titled {
        package var name: Recorded<String> = .unknown
        package var siren: Recorded<String> = .unknown
        package var contact: Recorded<String> = .unknown
        /// Ids of its own certificates.
        package var certificates: Recorded<[String]> = .unknown
        /// Countries from outside the EEA with access, and laws from outside the Union that it is subject to; empty: none.
        package var remoteAccess: Recorded<[RemoteAccess]> = .unknown
        package var exposedLaws: Recorded<[String]> = .unknown
        package init() {}
        var title: String { name.value ?? "" }
    }

    package struct Tenant: Codable, Sendable, Equatable, Titled {
        package var id: String
        package var name: Recorded<String> = .unknown
        package var siren: Recorded<String> = .unknown
        package var kind: Recorded<Kind> = .unknown
        package var profile: Recorded<String> = .unknown
        /// Id of the contract with it.
        package var contract: Recorded<String> = .unknown
        package var contacts: Recorded<[Contact]> = .unknown
        /// Who does what: HDS activities by name.
        package var responsibilities: Recorded<[Responsibility]> = .unknown
        /// The write role and opening keys are on one machine.
        package var keysTogether: Recorded<Bool> = .unknown
        package init(id: String) { self.id = id }
        var title: String { id }

        package enum Kind: String, Codable, Sendable, CaseIterable { case own, ght, third }
    }

    package struct Contact: Codable, Sendable, Equatable {
        package var role: String
        package var name: String
        package var reach: String
        package init(role: String, name: String, reach: String) { (self.role, self.name, self.reach) = (role, name, reach) }
    }

    package struct Responsibility: Codable, Sendable, Equatable {
        package var activity: String
        package var actor: String
        package init(activity: String, actor: String) { (self.activity, self.actor) = (activity, actor) }
    }

    /// What somebody decided to do about a gap.
    package struct CorrectiveAction: Codable, Sendable, Equatable {
        /// The gap's id.
        package var gap: String
        package var owner: String
        package var due: ReportDay
        package var note: String
        package init(gap: String, owner: String, due: ReportDay, note: String = "") {
            (self.gap, self.owner, self.due, self.note) = (gap, owner, due, note)
        }
    }

    package struct HashedDocument: Codable, Sendable, Equatable {
        package var name: String
        package var hash: String
        package init(name: String, hash: String) { (self.name, self.hash) = (name, hash) }
    }
}
