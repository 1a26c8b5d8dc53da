/// A country by the two capital letters of ISO 3166-1.
package struct Country: Sendable, Hashable {
    package let code: String

    /// Nil unless `text` is two capital letters. Whether such a country exists, and where it belongs, `Jurisdictions` knows.
    package init?(_ text: String) {
        guard text.utf8.count == 2, text.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else { return nil }
        code = text
    }
}

extension Country: CustomStringConvertible {
    package var description: String { code }
}
