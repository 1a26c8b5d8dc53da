import Base
import Journal

extension JournalEvent {
    /// Countries that one entry names, at most.
    private static let countryLimit = 12

    /// What was written to a site and deleted there since the last entry about it, and all that ever was: an entry that a crash left out is in the
    /// sums of the next. By country: the bytes that are there.
    init(_ site: String, _ new: TransferSums, _ book: TransferBook) {
        self.init(.transfer, .done, object: LedgerEvent.Object("site", .word(Word(fitting: site))))
        let all = book.sums
        if book.header.site != ShortID(.zero) { details["site-id"] = .id(book.header.site) }
        details["objects"] = .count(new.written.objects)
        details["bytes"] = .count(new.written.bytes)
        details["deleted-objects"] = .count(new.deleted.objects)
        details["deleted-bytes"] = .count(new.deleted.bytes)
        if new.gone.objects > 0 {
            details["gone-objects"] = .count(new.gone.objects)
            details["gone-bytes"] = .count(new.gone.bytes)
        }
        details["all-objects"] = .count(all.written.objects)
        details["all-bytes"] = .count(all.written.bytes)
        details["all-deleted-bytes"] = .count(all.deleted.bytes &+ all.gone.bytes)
        for (country, sums) in book.byCountry.prefix(Self.countryLimit) {
            details[Word(fitting: "stored." + country.replacing("+", with: "-"))] = .count(sums.balance.bytes)
        }
    }
}

extension TransferBook {
    /// Sums of all months, by country, in the order of their names.
    var byCountry: [(country: String, sums: TransferSums)] {
        Dictionary(cells.map { ($0.key.place.country, $0.value) }, uniquingKeysWith: +).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
