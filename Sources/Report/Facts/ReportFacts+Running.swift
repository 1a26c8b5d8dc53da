extension ReportFacts {
    /// What reading again found at one site for one tenant, in the period.
    /// What one machine wrote to a site in one country, by its ledger of transfers.
    package struct Transfer: Codable, Sendable, Equatable, Titled {
        package var tenant: String
        package var site: String
        /// `FR`, `DE+FR` where it is in both, `unknown`.
        package var country: String
        /// Of the period's month.
        package var writtenBytes: UInt64
        package var deletedBytes: UInt64
        /// At the end of the month, or when the report was made where that is earlier.
        package var storedBytes: UInt64
        package init(tenant: String, site: String, country: String, writtenBytes: UInt64, deletedBytes: UInt64, storedBytes: UInt64) {
            (self.tenant, self.site, self.country) = (tenant, site, country)
            (self.writtenBytes, self.deletedBytes, self.storedBytes) = (writtenBytes, deletedBytes, storedBytes)
        }
        var title: String { "\(site)/\(country)" }
    }

    package struct Verification: Codable, Sendable, Equatable, Titled {
        package var tenant: String
        package var site: String
        package var packs: Int
        package var packBytes: UInt64
        /// Part of the packs that was read whole and found good within the scrub period.
        package var coverage: Recorded<Double> = .unknown
        package var bytesRead: UInt64
        package var faults: Int
        package var repaired: Int
        /// Found damaged or missing, and not brought back.
        package var outstanding: Int
        package var scrubDays: Int
        package var lastRead: Recorded<ReportMoment> = .unknown

        package init(
            tenant: String, site: String, packs: Int, packBytes: UInt64, bytesRead: UInt64, faults: Int, repaired: Int, outstanding: Int,
            scrubDays: Int
        ) {
            (self.tenant, self.site, self.packs, self.packBytes) = (tenant, site, packs, packBytes)
            (self.bytesRead, self.faults, self.repaired) = (bytesRead, faults, repaired)
            (self.outstanding, self.scrubDays) = (outstanding, scrubDays)
        }
        var title: String { "\(tenant)/\(site)" }
    }

    /// A restore that somebody asked for.
    package struct Restore: Codable, Sendable, Equatable {
        package var tenant: String
        package var source: String
        package var snapshotAt: ReportMoment
        package var at: ReportMoment
        package var performedBy: String
        package var requestedBy: String
        package var files: UInt64
        package var bytes: UInt64
        package var isGood: Bool
        package init(
            tenant: String, source: String, snapshotAt: ReportMoment, at: ReportMoment, performedBy: String, requestedBy: String, files: UInt64,
            bytes: UInt64, isGood: Bool
        ) {
            (self.tenant, self.source, self.snapshotAt, self.at) = (tenant, source, snapshotAt, at)
            (self.performedBy, self.requestedBy) = (performedBy, requestedBy)
            (self.files, self.bytes, self.isGood) = (files, bytes, isGood)
        }
    }

    /// An exercise: the recovery kit on a bare machine, or the shares of a key.
    package struct Drill: Codable, Sendable, Equatable {
        package var on: ReportDay
        package var isGood: Bool
        package var seconds: Double
        package var performedBy: String
        package init(on: ReportDay, isGood: Bool, seconds: Double, performedBy: String) {
            (self.on, self.isGood, self.seconds, self.performedBy) = (on, isGood, seconds, performedBy)
        }
    }

    package struct Cryptography: Codable, Sendable, Equatable {
        package var algorithms: Recorded<[Algorithm]> = .unknown
        package var keys: Recorded<[Key]> = .unknown
        package var rotations: Recorded<[Rotation]> = .unknown
        /// Keys put together from their shares, or from the recovery code.
        package var escrowDrill: Recorded<Drill> = .unknown
        /// Whether keys are wrapped with a post-quantum algorithm beside the classical one.
        package var isPostQuantum: Recorded<Bool> = .unknown
        package init() {}
    }

    package struct Algorithm: Codable, Sendable, Equatable {
        package var use: String
        package var name: String
        package init(use: String, name: String) { (self.use, self.name) = (use, name) }
    }

    /// A key as it may be shown: never what it opens with.
    package struct Key: Codable, Sendable, Equatable, Titled {
        /// Hash of the public half, or of a label.
        package var id: String
        package var tenant: String
        package var role: String
        package var algorithm: String
        package var createdOn: ReportDay
        /// What is left of its limit, 0 to 1.
        package var headroom: Recorded<Double> = .unknown
        package init(id: String, tenant: String, role: String, algorithm: String, createdOn: ReportDay) {
            (self.id, self.tenant, self.role, self.algorithm, self.createdOn) = (id, tenant, role, algorithm, createdOn)
        }
        var title: String { "\(tenant) \(role) \(id.prefix(12))" }
    }

    package struct Rotation: Codable, Sendable, Equatable {
        package var tenant: String
        package var on: ReportDay
        /// `rewrap`, `rotate` or `rotate-fresh`.
        package var act: String
        package init(tenant: String, on: ReportDay, act: String) { (self.tenant, self.on, self.act) = (tenant, on, act) }
    }

    package struct Access: Codable, Sendable, Equatable {
        package var accounts: Recorded<[Account]> = .unknown
        /// Of the access traces of the period (SecNumCloud 12.5.b).
        package var review: Recorded<Review> = .unknown
        /// How often each tenant looked at its own data in the period.
        package var consultations: Recorded<[Consultations]> = .unknown
        package var supportGrants: Recorded<[SupportGrant]> = .unknown
        package init() {}
    }

    package struct Account: Codable, Sendable, Equatable, Titled {
        package var id: String
        /// Nil: of the operator.
        package var tenant: String?
        package var roles: [String]
        package var isNominative: Bool
        package var hasSecondFactor: Bool
        /// Roles that nobody may hold together.
        package var incompatible: [String]
        package init(
            id: String, tenant: String? = nil, roles: [String], isNominative: Bool, hasSecondFactor: Bool, incompatible: [String] = []
        ) {
            (self.id, self.tenant, self.roles, self.isNominative) = (id, tenant, roles, isNominative)
            (self.hasSecondFactor, self.incompatible) = (hasSecondFactor, incompatible)
        }
        var title: String { id }
    }

    package struct Review: Codable, Sendable, Equatable {
        package var on: ReportDay
        package var reviewer: String
        package init(on: ReportDay, reviewer: String) { (self.on, self.reviewer) = (on, reviewer) }
    }

    package struct Consultations: Codable, Sendable, Equatable {
        package var tenant: String
        package var count: Int
        package init(tenant: String, count: Int) { (self.tenant, self.count) = (tenant, count) }
    }

    package struct SupportGrant: Codable, Sendable, Equatable {
        package var tenant: String
        package var until: ReportDay
        package var consentBy: String
        package init(tenant: String, until: ReportDay, consentBy: String) { (self.tenant, self.until, self.consentBy) = (tenant, until, consentBy) }
    }

    package struct Journal: Codable, Sendable, Equatable {
        package var chains: Recorded<[Chain]> = .unknown
        package var timeSource: Recorded<TimeSource> = .unknown
        package init() {}
    }

    /// One chain of a ledger.
    package struct Chain: Codable, Sendable, Equatable, Titled {
        /// `operations` or `accesses`.
        package var ledger: String
        package var id: String
        /// Nil: of no tenant.
        package var tenant: String?
        package var entries: UInt64
        /// `<chain>:<count>:<hash>`, for whoever remembers it.
        package var head: Recorded<String> = .unknown
        package var verifiedOn: Recorded<ReportDay> = .unknown
        package var isWhole: Recorded<Bool> = .unknown
        package var retentionDays: Recorded<Int> = .unknown
        /// Where else it is.
        package var copies: Recorded<[String]> = .unknown
        package init(ledger: String, id: String, tenant: String?, entries: UInt64) {
            (self.ledger, self.id, self.tenant, self.entries) = (ledger, id, tenant, entries)
        }
        var title: String { "\(ledger) \(id.prefix(12))" }
    }

    package struct TimeSource: Codable, Sendable, Equatable {
        package var name: String
        package var isSynchronised: Bool
        package init(name: String, isSynchronised: Bool) { (self.name, self.isSynchronised) = (name, isSynchronised) }
    }

    /// An incident, with the fields and the timers of GDPR 33.
    package struct Incident: Codable, Sendable, Equatable, Titled {
        package var id: String
        package var tenants: [String]
        package var openedAt: ReportMoment
        package var summary: String
        package var isPersonalDataBreach: Recorded<Bool> = .unknown
        /// What GDPR 33(3) asks for beside its nature; nil: not known, which is a gap where personal data was concerned.
        package var subjectsConcerned: Int?
        package var consequences: String?
        package var measures: String?
        /// Nil: not told yet.
        package var notifiedAt: ReportMoment?
        package var closedAt: ReportMoment?
        package init(id: String, tenants: [String], openedAt: ReportMoment, summary: String) {
            (self.id, self.tenants, self.openedAt, self.summary) = (id, tenants, openedAt, summary)
        }
        var title: String { id }
    }

    package struct Retention: Codable, Sendable, Equatable {
        package var holds: Recorded<[Hold]> = .unknown
        package var applied: Recorded<[RetentionRun]> = .unknown
        package var collections: Recorded<[Collection]> = .unknown
        package var erasures: Recorded<[Disposal]> = .unknown
        package var restitutions: Recorded<[Disposal]> = .unknown
        package var destructions: Recorded<[Disposal]> = .unknown
        package var migrations: Recorded<[Migration]> = .unknown
        package init() {}
    }

    package struct Hold: Codable, Sendable, Equatable {
        package var tenant: String
        package var source: String
        package var by: String
        package var since: ReportDay
        /// Nil: until somebody releases it.
        package var until: ReportDay?
        package var reason: String
        package init(tenant: String, source: String, by: String, since: ReportDay, until: ReportDay?, reason: String) {
            (self.tenant, self.source, self.by) = (tenant, source, by)
            (self.since, self.until, self.reason) = (since, until, reason)
        }
    }

    package struct RetentionRun: Codable, Sendable, Equatable {
        package var tenant: String
        package var at: ReportMoment
        package var kept: Int
        package var forgotten: Int
        package init(tenant: String, at: ReportMoment, kept: Int, forgotten: Int) {
            (self.tenant, self.at, self.kept, self.forgotten) = (tenant, at, kept, forgotten)
        }
    }

    package struct Collection: Codable, Sendable, Equatable {
        package var tenant: String
        package var site: String
        package var at: ReportMoment
        package var condemned: Int
        package var deleted: Int
        package var freedBytes: UInt64
        package init(tenant: String, site: String, at: ReportMoment, condemned: Int, deleted: Int, freedBytes: UInt64) {
            (self.tenant, self.site, self.at) = (tenant, site, at)
            (self.condemned, self.deleted, self.freedBytes) = (condemned, deleted, freedBytes)
        }
    }

    /// An erasure, a restitution or a destruction, and the certificate of it.
    package struct Disposal: Codable, Sendable, Equatable {
        package var tenant: String
        package var on: ReportDay
        package var subject: String
        /// Of the signed record; nil: there is none, which is a gap.
        package var recordHash: String?
        package init(tenant: String, on: ReportDay, subject: String, recordHash: String?) {
            (self.tenant, self.on, self.subject, self.recordHash) = (tenant, on, subject, recordHash)
        }
    }

    package struct Migration: Codable, Sendable, Equatable {
        package var tenant: String
        package var from: String
        package var to: String
        package var on: ReportDay
        package var objects: UInt64
        package var bytes: UInt64
        /// Merkle roots of both sides; nil: not computed.
        package var rootAtSource: String?
        package var rootAtTarget: String?
        package init(
            tenant: String, from: String, to: String, on: ReportDay, objects: UInt64, bytes: UInt64, rootAtSource: String?, rootAtTarget: String?
        ) {
            (self.tenant, self.from, self.to, self.on) = (tenant, from, to, on)
            (self.objects, self.bytes) = (objects, bytes)
            (self.rootAtSource, self.rootAtTarget) = (rootAtSource, rootAtTarget)
        }
        package var isProved: Bool { rootAtSource != nil && rootAtSource == rootAtTarget }
    }
}
