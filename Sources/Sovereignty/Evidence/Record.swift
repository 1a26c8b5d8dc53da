import Base
import Scheduling

/// What people did and saw, which no program knows: written down for the report, and signed as evidence is.
package struct Record: Sendable, Equatable {
    package let id: RecordID
    /// Those that it is of; nil: of the operator, and so of each.
    package let tenants: [TenantID]?
    package let content: Content

    /// The key of the document.
    package enum Kind: String, Sendable, CaseIterable {
        case incident, offlineMedium, traceReview, drill, account, register
    }

    package enum Content: Sendable, Equatable {
        case incident(Incident)
        case offlineMedium(OfflineMedium)
        case traceReview(on: CalendarDay, reviewer: String)
        case drill(Drill)
        case account(Account)
        /// All that there was of these kinds in these days is in the register: where it has none, there was none. `records`: those that there were; it vouches for
        /// nothing where one is not there.
        case register(of: [Kind], from: CalendarDay, through: CalendarDay, records: [RecordID])
    }

    /// With what GDPR 33(3) asks for; moments in seconds since 1970.
    package struct Incident: Sendable, Equatable {
        package let openedAt: Int64
        package let summary: String
        package let isPersonalDataBreach: Bool?
        package let subjectsConcerned: Int?
        package let consequences: String?
        package let measures: String?
        package let notifiedAt: Int64?
        package let closedAt: Int64?
    }

    package struct OfflineMedium: Sendable, Equatable {
        package let site: SiteID
        package let firstUsed: CalendarDay
        package let lastWritten: CalendarDay
        package let expires: CalendarDay
        package let place: String
    }

    package struct Drill: Sendable, Equatable {
        /// The recovery kit on a bare machine, or keys out of escrow.
        package enum Subject: String, Sendable, CaseIterable { case recovery, escrow }
        package let subject: Subject
        package let on: CalendarDay
        package let isGood: Bool
        package let seconds: Int
        package let performedBy: String
    }

    package struct Account: Sendable, Equatable {
        package let since: CalendarDay
        /// Its last day; nil: it is in use.
        package let until: CalendarDay?
        package let roles: [String]
        package let isNominative: Bool
        package let hasSecondFactor: Bool
        package let incompatible: [String]
    }

    package var kind: Kind {
        switch content {
        case .incident: .incident
        case .offlineMedium: .offlineMedium
        case .traceReview: .traceReview
        case .drill: .drill
        case .account: .account
        case .register: .register
        }
    }

    /// Reads the object below the key `kind`.
    static func read(_ section: DocumentSection, _ kind: Kind) -> Record? {
        let id: RecordID? = section.requiredIdentifier("id")
        let tenants: [TenantID]? =
            kind == .incident
            ? section.required("tenants", .expectedList(of: .expectedName)) { section.identifiers("tenants") } : section.identifiers("tenants")
        let content: Content? =
            switch kind {
            case .incident: incident(section)
            case .offlineMedium: medium(section)
            case .traceReview: review(section)
            case .drill: drill(section)
            case .account: account(section)
            case .register: register(section)
            }
        guard let id, let content else { return nil }
        return Record(id: id, tenants: tenants, content: content)
    }

    private static func incident(_ section: DocumentSection) -> Content? {
        let openedAt = section.required("openedAt", .expectedMoment) { section.moment("openedAt") }
        let summary = section.requiredText("summary")
        let isBreach = section.boolean("personalDataBreach")
        let (subjects, consequences) = (section.integer("subjectsConcerned", in: 0...1_000_000_000), section.text("consequences"))
        let (measures, notifiedAt, closedAt) = (section.text("measures"), section.moment("notifiedAt"), section.moment("closedAt"))
        guard let openedAt, let summary else { return nil }
        for (key, moment) in [("notifiedAt", notifiedAt), ("closedAt", closedAt)] where moment.map({ $0 < openedAt }) ?? false {
            section.problem(key, .evidenceEndsBeforeItBegins)
        }
        return .incident(
            Incident(
                openedAt: openedAt, summary: summary, isPersonalDataBreach: isBreach, subjectsConcerned: subjects, consequences: consequences,
                measures: measures, notifiedAt: notifiedAt, closedAt: closedAt))
    }

    private static func medium(_ section: DocumentSection) -> Content? {
        let site: SiteID? = section.requiredIdentifier("site")
        let (firstUsed, lastWritten) = (section.requiredDay("firstUsed"), section.requiredDay("lastWritten"))
        let (expires, place) = (section.requiredDay("expires"), section.requiredText("place"))
        guard let site, let firstUsed, let lastWritten, let expires, let place else { return nil }
        if lastWritten < firstUsed { section.problem("lastWritten", .evidenceEndsBeforeItBegins) }
        return .offlineMedium(OfflineMedium(site: site, firstUsed: firstUsed, lastWritten: lastWritten, expires: expires, place: place))
    }

    private static func review(_ section: DocumentSection) -> Content? {
        let (on, reviewer) = (section.requiredDay("on"), section.requiredText("reviewer"))
        guard let on, let reviewer else { return nil }
        return .traceReview(on: on, reviewer: reviewer)
    }

    private static func drill(_ section: DocumentSection) -> Content? {
        let subject: Drill.Subject? = section.required("of", .expectedOne(of: Drill.Subject.allCases.map { "\"\($0.rawValue)\"" })) {
            section.choice("of")
        }
        let on = section.requiredDay("on")
        let isGood = section.required("good", .expectedBoolean) { section.boolean("good") }
        let seconds = section.required("seconds", .expectedInteger(0, 31_536_000)) { section.integer("seconds", in: 0...31_536_000) }
        let performedBy = section.requiredText("performedBy")
        guard let subject, let on, let isGood, let seconds, let performedBy else { return nil }
        return .drill(Drill(subject: subject, on: on, isGood: isGood, seconds: seconds, performedBy: performedBy))
    }

    private static func account(_ section: DocumentSection) -> Content? {
        let (since, until) = (section.requiredDay("since"), section.day("until"))
        let roles = section.required("roles", .expectedList(of: .expectedText)) { section.texts("roles") }
        let isNominative = section.required("nominative", .expectedBoolean) { section.boolean("nominative") }
        let hasSecondFactor = section.required("secondFactor", .expectedBoolean) { section.boolean("secondFactor") }
        let incompatible = section.texts("incompatible") ?? []
        guard let since, let roles, let isNominative, let hasSecondFactor else { return nil }
        if let until, until < since { section.problem("until", .evidenceEndsBeforeItBegins) }
        return .account(
            Account(
                since: since, until: until, roles: roles, isNominative: isNominative, hasSecondFactor: hasSecondFactor, incompatible: incompatible))
    }

    private static func register(_ section: DocumentSection) -> Content? {
        let kinds: [Kind]? = section.required("of", .expectedList(of: .expectedText)) { section.choices("of") }
        let (from, through) = (section.requiredDay("from"), section.requiredDay("through"))
        guard let kinds, let from, let through else { return nil }
        if through < from { section.problem("through", .evidenceEndsBeforeItBegins) }
        return .register(of: kinds, from: from, through: through, records: section.identifiers("records") ?? [])
    }
}

extension DocumentSection {
    /// Seconds since 1970 of a moment as `2026-11-30T02:00:07Z`.
    fileprivate func moment(_ key: String) -> Int64? {
        text(key, .expectedMoment) { text in
            let parts = text.split(separator: "T", omittingEmptySubsequences: false)
            guard text.utf8.count == 20, text.utf8.last == UInt8(ascii: "Z"), parts.count == 2, let day = CalendarDay(text: String(parts[0])) else {
                return nil
            }
            let clock = parts[1].dropLast().split(separator: ":", omittingEmptySubsequences: false)
            let numbers = clock.compactMap { $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64($0) : nil }
            guard clock.count == 3, numbers.count == 3, numbers[0] < 24, numbers[1] < 60, numbers[2] < 60 else { return nil }
            return Int64(day.number) * 86_400 + numbers[0] * 3_600 + numbers[1] * 60 + numbers[2]
        }
    }
}
