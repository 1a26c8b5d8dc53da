import Base
import Scheduling

/// Which countries belong where, dated: an adequacy decision can fall overnight (§2, row 30), and taking one line away judges every
/// site anew.
package struct Jurisdictions: Sendable, Equatable {
    private let union: Set<Country>
    private let area: Set<Country>
    private let adequacy: [Country: [Span]]

    private struct Span: Sendable, Equatable {
        let from: CalendarDay?
        let until: CalendarDay?
    }

    /// Where health data may be stored depends on the text: three perimeters (§0, finding 3).
    package enum Zone: String, Sendable, CaseIterable {
        case union = "EU"
        case area = "EEA"
    }

    /// Whether a country belongs to a zone; one that does not exist belongs to none.
    package func contains(_ country: Country, _ zone: Zone) -> Bool { zone == .union ? union.contains(country) : area.contains(country) }

    /// Unknown for a country that nobody stated.
    package func contains(_ country: Country?, _ zone: Zone) -> Truth { Truth(country.map { contains($0, zone) }) }

    /// Whether a decision under article 45 of GDPR was in force for that country on that day.
    package func isAdequate(_ country: Country, on day: CalendarDay) -> Bool {
        adequacy[country, default: []].contains { span in
            (span.from.map { day >= $0 } ?? true) && (span.until.map { day <= $0 } ?? true)
        }
    }

    /// Reads `countries.json`. Throws `DocumentProblems`.
    package init(_ bytes: [UInt8], file: String) throws {
        self = try readDocument(bytes, file: file) { root in
            root.required("countries", .expectedTable) { root.section("countries", Self.read) ?? nil }
        }
    }

    private init(union: Set<Country>, area: Set<Country>, adequacy: [Country: [Span]]) {
        self.union = union
        self.area = area
        self.adequacy = adequacy
    }

    private static func read(_ section: DocumentSection) -> Jurisdictions? {
        _ = section.requiredDay("date")
        _ = section.requiredText("source")
        let expected = Message.expectedList(of: .expectedCountry)
        let union = section.required("EU", expected) { section.list("EU", of: .expectedCountry) { Country($0) } }
        let others = section.required("otherEEA", expected) { section.list("otherEEA", of: .expectedCountry) { Country($0) } }
        let adequacy = section.sections("adequacy") { section -> (Country, Span)? in
            let country = section.required("country", .expectedCountry) { section.country("country") }
            let span = Span(from: section.day("from"), until: section.day("until"))
            _ = section.requiredText("source")
            return country.map { ($0, span) }
        }
        guard let union, let others else { return nil }
        return Jurisdictions(
            union: Set(union), area: Set(union + others),
            adequacy: Dictionary((adequacy ?? []).map { ($0.0, [$0.1]) }, uniquingKeysWith: +))
    }
}
