import Base

/// A company or an establishment: who holds a certificate, who runs a site.
package struct LegalEntity: Sendable, Hashable {
    package let name: String
    package let siren: SIREN?

    package init(name: String, siren: SIREN? = nil) {
        self.name = name
        self.siren = siren
    }

    /// Whether both are the same, as a certificate must mean it: by SIREN where both have one, else by the name, letter by letter.
    package func isSame(as other: LegalEntity) -> Bool {
        if let siren, let theirs = other.siren { return siren == theirs }
        return name == other.name
    }

    static func read(_ section: DocumentSection) -> LegalEntity? {
        let name = section.requiredText("name")
        let siren = section.text("siren", .expectedSIREN) { SIREN($0) }
        return name.map { LegalEntity(name: $0, siren: siren) }
    }
}

/// The nine digits by which INSEE knows a company; the last one checks the others (Luhn).
package struct SIREN: Sendable, Hashable {
    package let digits: String

    /// Nil unless `text` is nine digits that check, with or without spaces.
    package init?(_ text: String) {
        let digits = text.filter { $0 != " " }
        guard digits.utf8.count == 9, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let sum = digits.utf8.enumerated().reduce(0) { sum, digit in
            let value = Int(digit.element - 0x30) * (digit.offset % 2 == 1 ? 2 : 1)
            return sum + value / 10 + value % 10
        }
        guard sum % 10 == 0 else { return nil }
        self.digits = digits
    }
}

extension SIREN: CustomStringConvertible {
    package var description: String { digits }
}
