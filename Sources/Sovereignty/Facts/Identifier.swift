/// A name that people give to a `Kind` of thing: 1 to 64 letters, digits, dots, hyphens and underscores.
package struct Identifier<Kind>: Sendable, Hashable, Comparable {
    package let text: String

    /// Nil for anything else.
    package init?(_ text: String) {
        let isAllowed = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || [0x2D, 0x2E, 0x5F].contains(byte)
        }
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(isAllowed) else { return nil }
        self.text = text
    }

    package static func < (l: Self, r: Self) -> Bool { l.text < r.text }
}

extension Identifier: CustomStringConvertible {
    package var description: String { text }
}

package typealias EvidenceID = Identifier<Evidence>
package typealias WaiverID = Identifier<Waiver>
package typealias RecordID = Identifier<Record>
package typealias SiteID = Identifier<SiteFacts>
package typealias ApproverID = Identifier<Approver>
package typealias RuleID = Identifier<Rule>
package typealias TenantID = Identifier<TenantFacts>
package typealias ProviderID = Identifier<Provider>

extension DocumentSection {
    func identifier<Kind>(_ key: String) -> Identifier<Kind>? { text(key, .expectedName) { Identifier($0) } }
    func requiredIdentifier<Kind>(_ key: String) -> Identifier<Kind>? { required(key, .expectedName) { identifier(key) } }
    func identifiers<Kind>(_ key: String) -> [Identifier<Kind>]? { list(key, of: .expectedName) { Identifier($0) } }
}
