import Scheduling
import Sovereignty

// What people wrote down, as facts of a report.
extension ReportFacts {
    /// Of what is in the register of records what `tenant` may read, as it stood on the day of the report.
    ///
    /// A list without a record is known to be empty where somebody signed that the register is complete for the period; it is unknown elsewhere.
    package mutating func take(_ records: [Record], of tenant: String) {
        let own = records.filter { $0.tenants?.contains { $0.text == tenant } ?? true }
        let day = period.asOf.day
        func known<Fact>(_ kind: Record.Kind, _ facts: [Fact]) -> Recorded<[Fact]> {
            let isComplete = own.contains { record in
                guard case .register(let kinds, let from, let through, let named) = record.content else { return false }
                // Nobody can vouch for days to come, and for a record that somebody took away.
                return kinds.contains(kind) && from <= period.from.day && through >= period.through.day && through <= day
                    && named.allSatisfy { id in records.contains { $0.id == id } }
            }
            return facts.isEmpty && !isComplete ? .unknown : .known(facts)
        }
        incidents = known(.incident, own.compactMap { Incident($0, in: period) }.sorted { ($0.openedAt, $0.id) < ($1.openedAt, $1.id) })
        offlineMedia = known(.offlineMedium, own.compactMap { Medium($0, by: day) }.sorted { $0.id < $1.id })
        recoveryDrill = Recorded(Self.last(.recovery, in: own, by: day))
        if let drill = Self.last(.escrow, in: own, by: day) {
            var cryptography = cryptography.value ?? Cryptography()
            cryptography.escrowDrill = .known(drill)
            self.cryptography = .known(cryptography)
        }
        let accounts = known(.account, own.compactMap { Account($0, of: tenant, on: day) }.sorted { $0.id < $1.id })
        let review = own.compactMap { Review($0, by: day) }.max { $0.on < $1.on }
        if accounts.value != nil || review != nil {
            var access = access.value ?? Access()
            access.accounts = accounts
            access.review = Recorded(review)
            self.access = .known(access)
        }
    }

    private static func last(_ subject: Record.Drill.Subject, in records: [Record], by day: CalendarDay) -> Drill? {
        records.compactMap { record in
            guard case .drill(let drill) = record.content, drill.subject == subject, drill.on <= day else { return nil }
            return Drill(on: ReportDay(drill.on), isGood: drill.isGood, seconds: Double(drill.seconds), performedBy: drill.performedBy)
        }.max { $0.on < $1.on }
    }
}

extension ReportFacts.Incident {
    /// One that was open at some time of the period.
    fileprivate init?(_ record: Record, in period: ReportPeriod) {
        guard case .incident(let incident) = record.content else { return nil }
        let opened = ReportMoment(seconds: incident.openedAt)
        let closed = incident.closedAt.map { ReportMoment(seconds: $0) }
        guard opened.day <= period.through, closed.map({ $0.day >= period.from }) ?? true else { return nil }
        self.init(id: record.id.text, tenants: record.tenants?.map(\.text) ?? [], openedAt: opened, summary: incident.summary)
        isPersonalDataBreach = Recorded(incident.isPersonalDataBreach)
        (subjectsConcerned, consequences, measures) = (incident.subjectsConcerned, incident.consequences, incident.measures)
        (notifiedAt, closedAt) = (incident.notifiedAt.map { ReportMoment(seconds: $0) }, closed)
    }
}

extension ReportFacts.Medium {
    fileprivate init?(_ record: Record, by day: CalendarDay) {
        guard case .offlineMedium(let medium) = record.content, medium.firstUsed <= day else { return nil }
        self.init(
            id: record.id.text, site: medium.site.text, firstUsed: ReportDay(medium.firstUsed), lastWritten: ReportDay(medium.lastWritten),
            expires: ReportDay(medium.expires), place: medium.place)
    }
}

extension ReportFacts.Account {
    fileprivate init?(_ record: Record, of tenant: String, on day: CalendarDay) {
        guard case .account(let account) = record.content, account.since <= day, account.until.map({ $0 >= day }) ?? true else { return nil }
        self.init(
            id: record.id.text, tenant: record.tenants == nil ? nil : tenant, roles: account.roles, isNominative: account.isNominative,
            hasSecondFactor: account.hasSecondFactor, incompatible: account.incompatible)
    }
}

extension ReportFacts.Review {
    fileprivate init?(_ record: Record, by day: CalendarDay) {
        guard case .traceReview(let on, let reviewer) = record.content, on <= day else { return nil }
        self.init(on: ReportDay(on), reviewer: reviewer)
    }
}
