import Base
import Glibc

/// `hdsbackup transfers`: what this machine wrote to each site of a tenant, by country and month.
package struct TransferReport: Sendable {
    package struct Cell: Encodable, Sendable {
        package let country: String
        package let datacentres: [String]
        package let month: String
        package let written_objects: UInt64
        package let written_bytes: UInt64
        package let deleted_objects: UInt64
        package let deleted_bytes: UInt64
        /// Taken away by another machine.
        package let gone_objects: UInt64
        package let gone_bytes: UInt64
    }

    package struct Country: Encodable, Sendable {
        package let country: String
        package let objects: UInt64
        package let bytes: UInt64
    }

    package struct Row: Encodable, Sendable {
        package let tenant: String
        package let site: String
        /// Whether the tenant's configuration names the site.
        package let configured: Bool
        /// When the ledger began; nil where there is none.
        package let begun: String?
        package let rows: [Cell]
        /// What is at the site by the ledger: sums, and by country.
        package let objects: UInt64
        package let bytes: UInt64
        package let countries: [Country]
        /// Sent or deleted, of which the outcome is not known yet.
        package let unsettled: Int
        /// Notes that a crash tore.
        package let torn: UInt64
        /// Deletions of what is not in the ledger.
        package let foreign_deletions: UInt64
        /// Ledgers that were put aside, by their names in the folder.
        package let set_aside: [String]
        package let check: TransferCheck?
        package let error: FailureRow?
        package let status: Int32

        package var exitStatus: ExitStatus { ExitStatus(rawValue: status) ?? .failed }
    }

    package struct FailureRow: Encodable, Sendable {
        package let code: String
        package let message: String
        package let object: String?
    }

    /// Of the sites that the tenant has, and of those that there is a ledger of; of the one that is named alone. `checks`: lists each configured site and compares. `accepts`: what is missing
    /// is noted as gone. `problem` is told of what could not be looked at. Throws `.usage` for a site that is neither.
    package static func rows(_ workspace: Workspace, site name: String?, checks: Bool, accepts: Bool, problem: (Failure) -> Void, _ l: Language)
        throws -> [Row]
    {
        let configured = try workspace.configuration.sites(of: workspace.tenant)
        let former = try workspace.transfers.sites().filter { name in !configured.contains { $0.name == name } }
        if let name, !former.contains(name) { _ = try workspace.configuration.sites(of: workspace.tenant, named: name) }
        let chosen = (configured.map(\.name) + former).filter { name == nil || $0 == name }
        return try chosen.map { site in
            let place = configured.first { $0.name == site }
            let id = try workspace.siteID(site)
            let ledger = place.map { workspace.transfers.ledger($0, id: id) } ?? workspace.transfers.ledger(site, id: id)
            var check: TransferCheck?
            var failure: Failure?
            if checks, let place {
                do { check = try TransferCheck.run(workspace, place, ledger, accepts: accepts) } catch {
                    let found = failures(of: error)[0].of(site)
                    let isAway = workspace.isAway(place, found, as: .restore)
                    // Nothing was written where policy lets nothing go: there is nothing that could not fit.
                    let isForbidden =
                        workspace.gate.refusal(of: place) != nil && (try? ledger.book()).map { ($0?.sums ?? .init()) == .init() } == true
                    if !isAway, !isForbidden || ![.wrongPlace, .unreachable].contains(found.kind) { failure = found }
                }
            }
            var book: TransferBook?
            do { book = try ledger.book() } catch {
                let found = failures(of: error)[0]
                failure = failure ?? Failure(found.kind, found.message, object: found.object, remedy: .transfersPutAside(ledger.folder.path))
            }
            let aside = try ledger.folder.setAside()
            var status = check?.status ?? .done
            if checks, failure == nil, try !ledger.folder.damaged.isEmpty { status = status.combined(with: .damaged) }
            if let failure {
                problem(failure)
                status = status.combined(with: failure.exitStatus)
            }
            return Row(workspace.tenant.name, site, place != nil, book, aside, check, failure, status, l)
        }
    }
}

extension TransferReport.Row {
    fileprivate init(
        _ tenant: String, _ site: String, _ configured: Bool, _ book: TransferBook?, _ aside: [String], _ check: TransferCheck?, _ failure: Failure?,
        _ status: ExitStatus, _ l: Language
    ) {
        let sums = book?.sums ?? TransferSums()
        self.init(
            tenant: tenant, site: site, configured: configured, begun: book.map { Timestamp(seconds: $0.header.begun).localText },
            rows: (book?.cells ?? [:]).sorted { $0.key < $1.key }.map { TransferReport.Cell($0.key, $0.value) }, objects: sums.balance.objects,
            bytes: sums.balance.bytes,
            countries: (book?.byCountry ?? []).map {
                TransferReport.Country(country: $0.country, objects: $0.sums.balance.objects, bytes: $0.sums.balance.bytes)
            },
            unsettled: book?.open.count ?? 0, torn: book?.torn ?? 0, foreign_deletions: book?.foreignDeletions ?? 0, set_aside: aside, check: check,
            error: failure.map { TransferReport.FailureRow(code: $0.message.code, message: $0.message.text(l), object: $0.object) },
            status: status.rawValue)
    }

    /// What a person sees after the table.
    package func notes(_ l: Language) -> [String] {
        var notes: [Message] = []
        if unsettled > 0 { notes.append(.transfersUnsettled(site, unsettled)) }
        if torn > 0 { notes.append(.transfersTorn(site, l.count(torn))) }
        if foreign_deletions > 0 { notes.append(.transfersForeignDeletions(site, l.count(foreign_deletions))) }
        for name in set_aside { notes.append(.transfersSetAside(site, name)) }
        guard let check else { return notes.map { $0.text(l) } }
        if check.equal {
            notes.append(.transfersEqual(site, l.count(check.stored_objects), exact(check.stored_bytes, l)))
        } else {
            notes.append(
                .transfersUnequal(
                    site, ledger: exact(check.own_bytes &+ check.missing_bytes, l), stored: exact(check.stored_bytes, l)))
        }
        if check.missing_objects > 0 {
            notes.append(
                check.accepted
                    ? .transfersAccepted(site, l.count(check.missing_objects), exact(check.missing_bytes, l))
                    : check.others_may_delete
                        ? .transfersGone(site, l.count(check.missing_objects), exact(check.missing_bytes, l))
                        : .transfersMissing(site, l.count(check.missing_objects), exact(check.missing_bytes, l)))
        }
        if check.changed_objects > 0 { notes.append(.transfersChanged(site, l.count(check.changed_objects))) }
        if check.others_objects > 0 {
            let count = l.count(check.others_objects)
            let bytes = exact(check.others_bytes, l)
            let reason: Message =
                !check.complete ? .transfersOthersBefore : check.others_may_write ? .transfersOthersMay : .transfersOthersNobody
            notes.append(.transfersOthers(site, count, bytes, reason))
            return notes.map { $0.text(l) } + check.others.map { "  " + $0 }
        }
        return notes.map { $0.text(l) }
    }

    private func exact(_ bytes: UInt64, _ l: Language) -> String { Message.exactBytes(l.count(bytes)).text(l) }
}

extension TransferReport.Cell {
    fileprivate init(_ cell: TransferCell, _ sums: TransferSums) {
        self.init(
            country: cell.place.country, datacentres: cell.place.datacentres, month: cell.month.text, written_objects: sums.written.objects,
            written_bytes: sums.written.bytes, deleted_objects: sums.deleted.objects, deleted_bytes: sums.deleted.bytes,
            gone_objects: sums.gone.objects, gone_bytes: sums.gone.bytes)
    }
}
