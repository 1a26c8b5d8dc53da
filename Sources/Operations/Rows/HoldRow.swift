import Base
import Repository
import Scheduling

/// `hold list --json`.
package struct HoldRow: Codable, Sendable {
    package let tenant: String
    package let id: String
    package let snapshots: [String]
    package let reason: String
    package let person: String
    package let created: String
    package let until: String?
    package let active: Bool
    package let released: String?
    package let released_by: String?
    package let release_reason: String?
    /// That have it.
    package let sites: [String]

    package init(_ tenant: String, _ item: HoldOperation.Item) {
        self.tenant = tenant
        id = item.placed.id.hex
        snapshots = item.placed.snapshots.map(\.hex)
        reason = item.placed.reason
        person = item.placed.person
        created = item.placed.created.localText
        until = item.placed.until.map { Timestamp(seconds: $0).localText }
        active = item.isActive(.now())
        released = item.released?.created.localText
        released_by = item.released?.person
        release_reason = item.released?.reason
        sites = item.sites
    }
}

/// The end of a local day such as `2027-01-31`, in seconds since 1970; nil for anything else.
package func lastMoment(ofDay text: String) -> Int64? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, text.utf8.count == 10, let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
        (1970...9999).contains(year), (1...12).contains(month), (1...CalendarDay.length(ofMonth: month, in: year)).contains(day)
    else { return nil }
    return (CalendarDay(year: year, month: month, day: day) + 1).moment(minute: 0)
}
