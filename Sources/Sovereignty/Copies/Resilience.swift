import Base
import Scheduling

/// 3-2-1-1-0 for the copies of one snapshot, each digit by itself. Offline and immutable are two things (regulation §0, finding 4), so
/// there are six lines.
package struct Resilience: Sendable, Equatable {
    package let digits: [Digit]

    /// One number that is wanted, and what there is.
    package struct Digit: Sendable, Equatable {
        package let kind: Kind
        package let wanted: Int
        /// As far as is known, and as far as could be.
        package let known: Int
        package let possible: Int
        /// The sites that count for it, as far as is known; for `unverified`, those that spoil it.
        package let sites: [SiteID]

        package var verdict: Truth {
            if kind == .unverified { return possible <= wanted ? .holds : known > wanted ? .fails : .unknown }
            return known >= wanted ? .holds : possible < wanted ? .fails : .unknown
        }

        /// What is counted.
        package enum Kind: String, Sendable, CaseIterable {
            /// Independent of each other, the data itself being one of them.
            case copies
            case media, offSite, offline, immutable
            case unverified
        }
    }

    /// The digit of that kind.
    package subscript(kind: Digit.Kind) -> Digit? { digits.first { $0.kind == kind } }

    package var verdict: Truth { Truth.all(digits.map(\.verdict)) }

    package init(
        _ copies: [CopyFacts], production: ProductionFacts, terms: ResilienceTerms, catalogue: ProviderCatalogue, on day: CalendarDay
    ) {
        let counted = copies.filter { $0.outcome.copiesCount && !$0.isDamaged }
        let independence = Independence(minimumKilometres: terms.minimumKilometres, catalogue: catalogue)
        func digit(_ kind: Digit.Kind, _ wanted: Int, of copies: [CopyFacts], _ truth: (CopyFacts) -> Truth) -> Digit {
            let truths = copies.map { ($0.site.id, truth($0)) }
            return Digit(
                kind: kind, wanted: wanted, known: truths.count { $0.1 == .holds }, possible: truths.count { $0.1 != .fails },
                sites: truths.filter { $0.1 == .holds }.map(\.0))
        }
        let apart = independence.count(counted.map(\.site))
        let media = Set(counted.compactMap(\.site.media) + [production.media].compactMap { $0 })
        let unknownMedia = (counted.map(\.site.media) + [production.media]).count { $0 == nil }
        digits = [
            Digit(
                kind: .copies, wanted: terms.copies, known: 1 + apart.known, possible: 1 + apart.possible, sites: counted.map(\.site.id)),
            Digit(
                kind: .media, wanted: terms.media, known: media.count, possible: min(media.count + unknownMedia, SiteFacts.Media.allCases.count),
                sites: counted.filter { $0.site.media != nil }.map(\.site.id)),
            digit(.offSite, terms.offSite, of: counted) { independence.isOffSite($0.site, production) },
            digit(.offline, terms.offline, of: counted) { $0.isOffline && $0.isFresh(on: day, maximumDays: terms.maximumOfflineDays) },
            digit(.immutable, terms.immutable, of: counted) { $0.isImmutable(on: day, maximumProbeDays: terms.maximumProbeDays) },
            // Copies that do not count have no claim to be whole; damaged ones elsewhere have.
            digit(.unverified, 0, of: copies.filter(\.outcome.copiesCount)) {
                $0.isDamaged ? .holds : Truth($0.verifiedOn.map { day > $0 + terms.maximumVerifyDays } ?? true)
            },
        ]
    }
}

extension CopyFacts {
    /// BP-100 calls offline only what is disconnected from any information system.
    var isOffline: Truth { Truth(site.isOffline) }

    func isFresh(on day: CalendarDay, maximumDays: Int) -> Truth { Truth(levelOn.map { $0 <= day && day <= $0 + maximumDays }) }

    /// Locked in compliance mode on a versioned store, as a probe found not long ago: governance mode can be lifted (BAK-5).
    func isImmutable(on day: CalendarDay, maximumProbeDays: Int) -> Truth {
        let store = site.capabilities
        let mode = Truth(store?.objectLock.map { $0.contains(.compliance) })
        let probe = Truth(store?.probedOn.map { day <= $0 + maximumProbeDays && $0 <= day })
        return mode && Truth(store?.hasVersioning) && probe && Truth(isLocked)
    }
}

/// What is wanted of the copies of a snapshot.
package struct ResilienceTerms: Sendable, Equatable {
    package var copies: Int
    package var media: Int
    package var offSite: Int
    package var offline: Int
    package var immutable: Int
    package var minimumKilometres: Int
    package var maximumProbeDays: Int
    package var maximumOfflineDays: Int
    package var maximumVerifyDays: Int

    static func read(_ section: DocumentSection) -> ResilienceTerms? {
        func count(_ key: String) -> Int? { section.required(key, .expectedInteger(0, 100_000)) { section.integer(key, in: 0...100_000) } }
        let (copies, media, offSite) = (count("copies"), count("media"), count("offSite"))
        let (offline, immutable, kilometres) = (count("offline"), count("immutable"), count("minimumKilometres"))
        let (probe, age, verify) = (count("maximumProbeDays"), count("maximumOfflineDays"), count("maximumVerifyDays"))
        guard let copies, let media, let offSite, let offline, let immutable, let kilometres, let probe, let age, let verify else { return nil }
        return ResilienceTerms(
            copies: copies, media: media, offSite: offSite, offline: offline, immutable: immutable, minimumKilometres: kilometres,
            maximumProbeDays: probe, maximumOfflineDays: age, maximumVerifyDays: verify)
    }
}
