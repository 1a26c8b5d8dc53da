import Base

// Keys, access, journal, incidents, ends of data.
extension GapFinder {
    /// Below that part of its limit, a key is to be rotated.
    private static let leastHeadroom = 0.1
    /// SecNumCloud 12.6.c asks for six months.
    private static let journalDays = 180
    /// Since when a chain was not verified.
    private static let verificationDays = 31
    /// GDPR 33(1).
    private static let noticeSeconds: Int64 = 72 * 3_600

    mutating func findCryptography() {
        for tenant in facts.tenants where tenant.keysTogether.value == true {
            add(.keysTogether, 9, .minor, ["BP-100 3.3"], tenant.id)
        }
        guard let cryptography = facts.cryptography.value else { return }
        for key in cryptography.keys.value ?? [] {
            if let left = key.headroom.value, left < Self.leastHeadroom {
                add(.keyNearLimit(Int(left * 100)), 9, .major, ["SecNumCloud 10.5"], key.title, object: key.id)
            }
        }
        if cryptography.isPostQuantum.value == false {
            add(.notPostQuantum, 9, .minor, ["ANSSI PQ"], facts.organisation.title, object: "cryptography")
        }
        findDrill(cryptography.escrowDrill.value, 9, "escrow", ["SecNumCloud 10.5"])
    }

    mutating func findAccess() {
        guard let access = facts.access.value else { return }
        for account in access.accounts.value ?? [] {
            if !account.isNominative { add(.accountShared, 10, .major, ["HDS EXI 23", "SecNumCloud 9.2.b"], account.id) }
            if !account.hasSecondFactor { add(.secondFactorMissing, 10, .major, ["SecNumCloud 9.6.f"], account.id) }
            if !account.incompatible.isEmpty {
                add(.rightsIncompatible(account.incompatible.joined(separator: ", ")), 10, .major, ["SecNumCloud 9.3"], account.id)
            }
        }
        if let review = access.review.value, review.on < facts.period.from {
            add(.reviewMissing, 10, .major, ["SecNumCloud 12.5.b"], facts.period.month)
        }
        for grant in access.supportGrants.value ?? [] where grant.until < day {
            add(
                .supportGrantEnded(grant.until.description), 10, .minor, ["SecNumCloud 9.7.d"], grant.tenant, object: "\(grant.tenant)@\(grant.until)"
            )
        }
    }

    mutating func findJournal() {
        guard let journal = facts.journal.value else { return }
        for chain in journal.chains.value ?? [] {
            let object = "\(chain.ledger)/\(chain.id)"
            if chain.isWhole.value == false { add(.journalBroken, 11, .major, ["SecNumCloud 12.7"], chain.title, object: object) }
            if let last = chain.verifiedOn.value, last < day.adding(days: -Self.verificationDays) {
                add(.journalNotVerified(last.description), 11, .major, ["SecNumCloud 12.7"], chain.title, object: object)
            }
            if chain.copies.value?.isEmpty == true { add(.journalNoCopy, 11, .major, ["SecNumCloud 12.7"], chain.title, object: object) }
            if let days = chain.retentionDays.value, days < Self.journalDays {
                add(.journalRetention(days), 11, .major, ["SecNumCloud 12.6.c"], chain.title, object: object)
            }
        }
        if let source = journal.timeSource.value, !source.isSynchronised {
            add(.clockLoose, 11, .major, ["SecNumCloud 12.8"], source.name)
        }
    }

    mutating func findIncidents() {
        for incident in facts.incidents.value ?? [] {
            if incident.closedAt == nil { add(.incidentOpen, 12, .minor, ["HDS EXI 19"], incident.id) }
            guard incident.isPersonalDataBreach.value == true else { continue }
            if incident.subjectsConcerned == nil || incident.consequences == nil || incident.measures == nil {
                add(.incidentIncomplete, 12, .unknown, ["GDPR 33"], incident.id)
            }
            // Until the end of the day as of which the report speaks.
            let told = incident.notifiedAt?.seconds ?? Int64(day.adding(days: 1).day.number) * 86_400
            if told - incident.openedAt.seconds > Self.noticeSeconds { add(.incidentLate, 12, .major, ["GDPR 33"], incident.id) }
        }
    }

    mutating func findDisposals() {
        guard let retention = facts.retention.value else { return }
        let lists = [retention.erasures, retention.restitutions, retention.destructions]
        for disposal in lists.flatMap({ $0.value ?? [] }) where disposal.recordHash == nil {
            add(
                .disposalUnproved(disposal.subject), 13, .major, ["HDS EXI 27", "SecNumCloud 19.4"], disposal.tenant,
                object: "\(disposal.tenant)@\(disposal.on)/\(disposal.subject)")
        }
        for migration in retention.migrations.value ?? [] where !migration.isProved {
            add(
                .migrationUnproved(migration.from, migration.to), 13, .major, ["HDS EXI 27"], migration.tenant,
                object: "\(migration.tenant)@\(migration.on)")
        }
    }
}
