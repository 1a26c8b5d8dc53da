import Base

/// The rule sets that a tenant chooses from.
package enum ProfileName: String, Sendable, CaseIterable {
    case none, hds, sovereign, secnumcloud
}

/// One policy file: its own rules, on top of those of the profile that it extends.
package struct Profile: Sendable, Equatable {
    package let name: ProfileName
    package let extends: ProfileName?
    package let title: Message
    package let rules: [Rule]

    /// Throws `DocumentProblems`.
    package init(_ bytes: [UInt8], file: String) throws {
        self = try readDocument(bytes, file: file) { root in
            root.required("profile", .expectedTable) { root.section("profile", Self.read) ?? nil }
        }
    }

    private init(name: ProfileName, extends: ProfileName?, title: Message, rules: [Rule]) {
        self.name = name
        self.extends = extends
        self.title = title
        self.rules = rules
    }

    private static func read(_ section: DocumentSection) -> Profile? {
        let name: ProfileName? = section.required("name", .expectedOne(of: ProfileName.allCases.map { "\"\($0.rawValue)\"" })) {
            section.choice("name")
        }
        let extends: ProfileName? = section.choice("extends")
        _ = section.requiredDay("date")
        let title = section.message("title", code: name.map { "profile.\($0.rawValue)" })
        let rules = section.required("rules", .expectedList(of: .expectedTable)) { section.sections("rules", Rule.read) }
        guard let name, let title, let rules else { return nil }
        return Profile(name: name, extends: extends, title: title, rules: rules)
    }
}
